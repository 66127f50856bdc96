"""From a path in the study file to a file that exists."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

from commensal.errors import StudyFileError, TableError, listing, nearest


def locate(root: Path, text: str, key: str) -> Path:
    """Return the file that the study file names, under ``root``.

    Symbolic links are followed, also out of ``root``: large tables often live elsewhere, and a link is put there by
    whoever owns the folder, never by the study file.

    Raises
    ------
    StudyFileError
        An absolute path, or one with ``..``.
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
            mend="put the file there (a symbolic link will do), or pass --data",
        )
    path = root / text
    require_file(path, key)
    return path


def require_file(path: Path, key: str | None = None) -> None:
    """Refuse a path that is no file, naming the nearest file names beside it."""
    if path.is_file():
        return
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
