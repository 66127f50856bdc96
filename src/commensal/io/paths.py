"""From a path in the study file to a file that exists."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath, PureWindowsPath

from commensal.errors import StudyFileError, TableError, listing, nearest

#: The environment variable with folders that symbolic links may lead to.
OUTSIDE = "COMMENSAL_ALLOW_OUTSIDE"


def locate(root: Path, text: str, key: str) -> Path:
    """Return the file that the study file names, under ``root``.

    Symbolic links are resolved, and one that leads out of ``root`` is refused unless `OUTSIDE` allows where it leads: a
    folder may have come from somebody else, links and all.

    Raises
    ------
    StudyFileError
        An absolute path, one with ``..``, or a link that leads out of the folder.
    TableError
        No such file (the nearest names in its folder are given), or a folder.

    Examples
    --------
    >>> locate(Path("."), "../secret.tsv", "[assays.taxa] file")
    Traceback (most recent call last):
    commensal.errors.StudyFileError: [assays.taxa] file: the path leaves the folder of the study
      found: '../secret.tsv'
      ...
    """
    parts = {*PurePosixPath(text).parts, *PureWindowsPath(text).parts}
    if not text or PurePosixPath(text).is_absolute() or PureWindowsPath(text).anchor or ".." in parts:
        raise StudyFileError(
            "the path leaves the folder of the study" if text else "the path is empty",
            where=key,
            found=repr(text),
            expected="a path relative to the study file (or to --data DIR), without '..'",
            mend="put the file there, or pass --data",
        )
    path = root / text
    require_file(path, key)
    require_inside(root, path, key)
    return path


def require_inside(root: Path, path: Path, key: str | None = None) -> None:
    """Refuse a file that a symbolic link leads to out of ``root``, unless its folder is allowed.

    `OUTSIDE` in the environment lists folders that links may lead to, with ``:`` between them (``;`` on Windows).

    Raises
    ------
    StudyFileError
        The file is elsewhere.
    """
    real = path.resolve()
    allowed = [Path(part).resolve() for part in os.environ.get(OUTSIDE, "").split(os.pathsep) if part]
    if any(real.is_relative_to(folder) for folder in (root.resolve(), *allowed)):
        return
    raise StudyFileError(
        f"a symbolic link leads out of the folder: {path.name}",
        where=key,
        found=str(real),
        expected=f"a file below {root.resolve()}",
        mend=f"if the link is yours, allow where it leads: {OUTSIDE}={real.parent}; or copy the file, or pass --data",
    )


def require_file(path: Path, key: str | None = None) -> None:
    """Refuse a path that is no file, naming the nearest file names beside it."""
    if path.is_file():
        return
    if path.exists() and not path.is_dir():
        raise TableError(
            f"{path.name} is a pipe or a device", where=key, expected="a file", mend="write its contents to a file"
        )
    if path.is_dir():
        raise TableError(
            f"{path.name} is a folder", where=key, expected="a file", mend="name the file inside the folder"
        )
    folder = path.parent
    if not folder.is_dir():
        raise TableError(
            f"there is no folder {str(folder)!r}", where=key, found=str(path), mend="check the path, or pass --data"
        )
    beside = sorted(p.name for p in folder.iterdir() if p.is_file())
    close = nearest(path.name, beside, 3)
    raise TableError(
        f"there is no file {path.name!r} in {str(folder)!r}",
        where=key,
        found=f"{len(beside)} files there" + (f": {listing(beside, 5)}" if beside and not close else ""),
        expected=f"perhaps {listing(map(repr, close))}" if close else None,
        mend="correct the file name, or pass --data with the folder that holds it",
    )
