"""One run at a time in a folder: a lock that ends with the process that holds it."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from commensal.errors import OutputError
from commensal.execution.files import is_alive, unwritable

try:
    import fcntl
except ImportError:  # not POSIX: a file that is there says that a run is
    _SYSTEM_LOCKS = False
else:
    _SYSTEM_LOCKS = True

#: The folder beside a run's results for what runs keep for the next one.
KEPT = ".commensal"
_LOCK, _MARK = "lock", "running"
#: What file systems without locks answer.
_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})
_held: set[Path] = set()
_guard = Lock()


@contextmanager
def locked(folder: Path, kept: Path | None = None) -> Iterator[Path]:
    """Hold ``folder`` for this process alone while the block runs; give the folder of what is kept in it.

    The lock is the system's (POSIX): it ends with the process, however that ends, and is seen from other machines
    where the file system passes locks on. Where it has none, a file ``running`` stands for it; that of a dead process
    of this machine is taken over, that of another machine is not: only its owner can know. ``kept`` is another place
    for what is kept than the folder's own.

    Raises
    ------
    OutputError
        Another run holds the folder (its process, machine and beginning are named), or the lock cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as out, locked(Path(out)) as kept:
    ...     kept.name
    '.commensal'
    """
    kept = folder / KEPT if kept is None else kept
    try:
        kept.mkdir(parents=True, exist_ok=True)
        place = kept.resolve()
    except OSError as error:
        raise unwritable(kept, error) from error
    with _guard:
        if place in _held:
            raise _busy(folder, _told())
        _held.add(place)
    try:
        with _by_system(folder, kept):
            yield kept
    finally:
        with _guard:
            _held.discard(place)


@contextmanager
def _by_system(folder: Path, kept: Path) -> Iterator[None]:
    path = kept / _LOCK
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
    except OSError as error:
        raise unwritable(path, error) from error
    try:
        if not _taken(folder, handle):
            with _by_mark(folder, kept / _MARK):
                yield
            return
        with contextlib.suppress(OSError):  # a full disk: the lock holds, only its holder's name is not written
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps(_told()).encode(), 0)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def _taken(folder: Path, handle: int) -> bool:
    """Take the lock; False where the file system has none."""
    if not _SYSTEM_LOCKS:
        return False
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN):
            raise _busy(folder, _read(os.pread(handle, 4096, 0))) from error
        if error.errno in _NO_LOCKS:
            return False
        raise unwritable(folder / KEPT / _LOCK, error) from error
    return True


@contextmanager
def _by_mark(folder: Path, mark: Path) -> Iterator[None]:
    """Hold a folder by a file that only one process can make."""
    for attempt in (1, 2):
        try:
            handle = os.open(mark, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
            break
        except FileExistsError as error:
            found = _read(mark.read_bytes() if mark.is_file() else b"")
            here = found.get("host") == platform.node()
            if attempt == 1 and here and not is_alive(int(str(found.get("pid", 0)))):
                mark.unlink(missing_ok=True)
                continue
            raise _busy(folder, found, mark) from error
        except OSError as error:
            raise unwritable(mark, error) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(json.dumps(_told()).encode())
        yield
    finally:
        mark.unlink(missing_ok=True)


def _told() -> dict[str, object]:
    return {"pid": os.getpid(), "host": platform.node(), "since": datetime.now(UTC).isoformat(timespec="seconds")}


def _read(content: bytes) -> dict[str, object]:
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _busy(folder: Path, holder: Mapping[str, object], mark: Path | None = None) -> OutputError:
    told = ", ".join(f"{word} {holder[key]}" for key, word in _WORDS.items() if key in holder)
    wait = "wait until it is done, end it, or choose another folder with --out"
    return OutputError(
        "another run is writing to this folder",
        where=str(folder),
        found=told or "a process that has not said which it is",
        expected="one run at a time in a folder",
        mend=wait if mark is None else f"{wait}; if that process is gone, remove {mark}",
    )


_WORDS = {"pid": "process", "host": "on", "since": "since"}
