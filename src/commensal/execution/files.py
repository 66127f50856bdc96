"""Files written whole or not at all, and files known by their bytes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import time

from commensal.errors import OutputError

#: What every message about a file that could not be written says is to be done.
GO_ON = "see that there is room and leave to write, then run the same command again: what is done is kept"
#: Temporary files of other machines are taken for left behind after this many seconds.
A_DAY = 86_400
_TEMPORARY = re.compile(r"\..+\.(?:(?P<host>[0-9a-f]{8})-)?(?P<pid>\d+)\.tmp")


def host_letters() -> str:
    """Return eight letters for this machine: whose temporary files are whose, without its name."""
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; when the block ends well it takes the place of ``path``.

    The bytes reach the disk before the name does, and the folder after it: what has the name is whole, also after a
    power cut.

    Raises
    ------
    OutputError
        The folder cannot be written to, or is full.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     target = Path(folder) / "a.txt"
    ...     with whole(target) as temporary:
    ...         _ = temporary.write_text("all of it")
    ...     target.read_text()
    'all of it'
    """
    temporary = path.with_name(f".{path.name}.{host_letters()}-{os.getpid()}.tmp")
    try:
        yield temporary
        settle(temporary)
        temporary.replace(path)
        settle(path.parent)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write bytes to a file, whole or not at all; as `whole`."""
    with whole(path) as temporary:
        temporary.write_bytes(content)


def settle(path: Path) -> None:
    """See a file's bytes, or a folder's names, onto the disk; a file system that cannot do it for folders may not."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:
        if not path.is_dir():
            raise
    finally:
        os.close(handle)


def unwritable(path: Path, error: OSError) -> OutputError:
    """Return the error for a file that cannot be written, with the system's reason."""
    return OutputError(
        f"{path.name} cannot be written", where=str(path.parent), found=error.strerror or error, mend=GO_ON
    )


def sweep(folder: Path) -> list[str]:
    """Remove the temporary files in a folder (not in those below it) whose writers are gone, and name them.

    A process that is killed cannot tidy up. What a living process of this machine is writing stays, and what another
    machine may be writing stays for a day.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Path(folder, ".points.parquet.99999999.tmp").touch()
    ...     Path(folder, "points.parquet").touch()
    ...     sweep(Path(folder))
    ['.points.parquet.99999999.tmp']
    """
    gone = []
    for path in sorted(folder.glob(".*.tmp")) if folder.is_dir() else []:
        parts = _TEMPORARY.fullmatch(path.name)
        if parts is None:
            continue
        with contextlib.suppress(OSError):
            if is_left(path, parts["host"], int(parts["pid"])):
                path.unlink()
                gone.append(path.name)
    return gone


def is_left(path: Path, host: str | None, pid: int) -> bool:
    """Whether who was writing something temporary is gone: of another machine that is taken for granted after a day."""
    ours = host in (None, host_letters())
    return not is_alive(pid) if ours else time() - path.stat().st_mtime > A_DAY


def is_alive(pid: int) -> bool:
    """Whether a process of this machine exists.

    Examples
    --------
    >>> is_alive(os.getpid())
    True
    """
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def sha256_or_none(path: Path) -> str | None:
    """Return the SHA-256 of a file's bytes; None where there is no such file, or it cannot be read."""
    try:
        return sha256(path)
    except OSError:
        return None


def folder(path: Path) -> Path:
    """Make a folder for output, or say why it cannot be.

    Raises
    ------
    OutputError
        The path is a file, or the folder cannot be made or written to.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            "the output folder cannot be made",
            where=str(path),
            found=error.strerror or error,
            mend="choose another folder with --out",
        ) from error
    if not os.access(path, os.W_OK):
        raise OutputError(
            "the output folder cannot be written to", where=str(path), mend="choose another folder with --out"
        )
    return path
