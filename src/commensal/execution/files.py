"""Files written whole or not at all, and files known by their bytes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from commensal.errors import OutputError


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; when the block ends well it takes the place of ``path``.

    Raises
    ------
    OutputError
        The folder cannot be written to.

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
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        with temporary.open("rb") as handle:
            os.fsync(handle.fileno())
        temporary.replace(path)
    except OSError as error:
        raise OutputError(
            f"{path.name} cannot be written",
            where=str(path.parent),
            found=error.strerror or error,
            mend="choose a folder with --out that can be written to and has room",
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


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
