"""Several files of one folder that take their places together, or not at all."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from commensal.errors import OutputError
from commensal.execution.files import folder as made_folder
from commensal.execution.files import host_letters, is_left, settle, unwritable, write_whole

#: While this file is in a folder, its files are of two runs: it is there for the moments in which they change places.
MIXED = "INCOMPLETE.txt"
_SAID = (
    "The files of this folder were being replaced when it stopped: some are of the run before, some of the last one.\n"
    "Run the same command again; this file then goes.\n"
)
_LEFT = re.compile(r"\.new\.(?P<host>[0-9a-f]{8})-(?P<pid>\d+)\.tmp")


@contextmanager
def together(folder: Path, stale: Sequence[str] = ()) -> Iterator[Path]:
    """Give a folder to write in; when the block ends well, what is in it takes its place in ``folder``.

    Until then nothing in ``folder`` changes: a full disk, an error or a signal leaves it as it was. Files are on the
    disk before the first takes its place. A process that is killed between the first and the last leaves a file
    `MIXED` that says so, which the next one removes.

    Parameters
    ----------
    folder
        Made where it does not exist.
    stale
        Patterns of files of earlier runs that go where this one has none of their name.

    Raises
    ------
    OutputError
        The folder cannot be written to, or is full.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     folder = Path(place) / "out"
    ...     with together(folder) as new:
    ...         _ = (new / "a.txt").write_text("all of it")
    ...         before = [path.name for path in folder.glob("*.txt")]
    ...     before, [path.name for path in folder.iterdir()]
    ([], ['a.txt'])
    """
    made_folder(folder)
    _tidy(folder)
    new = folder / f".new.{host_letters()}-{os.getpid()}.tmp"
    try:
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir()
        yield new
        _placed(new, folder, stale)
    except OutputError as error:  # of a file in it: the user knows the folder
        where = (error.where or "").replace(str(new), str(folder))
        told = {"found": error.found, "expected": error.expected, "mend": error.mend}
        raise OutputError(error.what, where=where, **told) from error
    except OSError as error:
        raise unwritable(folder, error) from error
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _placed(new: Path, folder: Path, stale: Sequence[str]) -> None:
    files = sorted(path.relative_to(new) for path in new.rglob("*") if path.is_file())
    gone = {path.relative_to(folder) for pattern in stale for path in folder.glob(pattern)} - set(files)
    for name in files:
        settle(new / name)
    mixed = folder / MIXED
    if gone or any((folder / name).exists() for name in files):
        write_whole(mixed, _SAID.encode())
    for name in sorted(gone):
        (folder / name).unlink(missing_ok=True)
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (new / name).replace(folder / name)
    for place in {folder, *((folder / name).parent for name in files)}:
        settle(place)
    mixed.unlink(missing_ok=True)


def _tidy(folder: Path) -> None:
    """Remove what processes that are gone had begun to write."""
    for path in folder.glob(".new.*.tmp"):
        parts = _LEFT.fullmatch(path.name)
        with contextlib.suppress(OSError):
            if parts and is_left(path, parts["host"], int(parts["pid"])):
                shutil.rmtree(path)


__all__ = ["MIXED", "together"]
