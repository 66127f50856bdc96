"""``verify``: are the files of a run, and those it read, still what they were?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from commensal import execution
from commensal.errors import StudyFileError
from commensal.pipeline.private import kept_inputs

#: What can be said of a file; the first three are changes.
STATES = ("changed", "missing", "extra", "same", "not looked at")


def verify(folder: Path | str, data: Path | str | None = None) -> pd.DataFrame:
    """Compare the files of a run, and those it read, with the hashes in its crate.

    Parameters
    ----------
    folder
        What ``run`` wrote.
    data
        Folder that the study's paths start from; without it the inputs are not looked at.

    Returns
    -------
    pandas.DataFrame
        A row per file: ``role`` (input or output), ``file``, ``state`` (one of ``STATES``), ``sha256`` as kept and
        ``now`` as found (missing where there is none).

    Raises
    ------
    UsageError
        The folder holds no crate.
    StudyFileError
        There is no such data folder.

    Examples
    --------
    >>> from commensal import verify
    >>> verify("out")                                                      # doctest: +SKIP
    """
    place = Path(folder)
    root = None if data is None else Path(data)
    if root is not None and not root.is_dir():
        raise StudyFileError(
            "no such data folder", where=f"--data {root}", mend="give the folder that holds the tables"
        )
    held = execution.read_crate(place)
    held = {**held, **_own_inputs(place)}
    rows = [*_outputs(place, held), *_inputs(place, root, held)]
    return pd.DataFrame(rows, columns=["role", "file", "state", "sha256", "now"])


def changed(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of files that are not what they were."""
    return table[table["state"].isin(STATES[:3])]


def _outputs(folder: Path, held: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str, str, str | None, str | None]]:
    kept = {name: str(entity["sha256"]) for name, entity in held.items() if entity.get("@type") == "File"}
    present = {path.relative_to(folder).as_posix(): path for path in execution.files_of(folder)}
    read = {str(entity.get("sha256")) for name, entity in held.items() if name.startswith("#input/")}
    for name in sorted({*kept, *present}):
        now = execution.sha256(present[name]) if name in present else None
        if name not in kept and now in read:
            continue  # the run was written beside its study
        state = "extra" if name not in kept else _state(kept[name], now)
        yield "output", name, state, kept.get(name), now


def _inputs(
    folder: Path, root: Path | None, held: dict[str, dict[str, Any]]
) -> Iterator[tuple[str, str, str, str | None, str | None]]:
    for name, entity in held.items():
        if not name.startswith("#input/"):
            continue
        if "sha256" not in entity:  # of a private run whose own place is not here: hashed with its key
            yield "input", str(entity["name"]), "not looked at", str(entity.get("identifier")), None
            continue
        at = entity.get("alternateName")
        base = study_copy(folder).parent if at == execution.STUDY_COPY else root
        if at is None or base is None:
            yield "input", str(at or entity["name"]), "not looked at", str(entity["sha256"]), None
            continue
        path = base / str(at)
        if not path.resolve().is_relative_to(base.resolve()):  # a crate from elsewhere names what it likes
            yield "input", str(at), "not looked at", str(entity["sha256"]), None
            continue
        now = execution.sha256(path) if path.is_file() else None
        yield "input", str(at), _state(str(entity["sha256"]), now), str(entity["sha256"]), now


def study_copy(folder: Path) -> Path:
    """Return where the copy of the study file of a run is: in its folder, or in a private run's own place."""
    apart = execution.is_private(folder)
    return (execution.own_place(folder) if apart else folder) / execution.STUDY_COPY


def _own_inputs(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the inputs of a private run as it noted them in its own place, where that is at hand."""
    noted = kept_inputs(folder) if execution.is_private(folder) else None
    return {
        f"#input/{number}": {"name": one["file"], "sha256": one["sha256"], "alternateName": one.get("path")}
        for number, one in enumerate(noted or (), 1)
    }


def _state(kept: str, now: str | None) -> str:
    if now is None:
        return "missing"
    return "same" if now == kept else "changed"
