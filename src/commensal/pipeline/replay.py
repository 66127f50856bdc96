"""``replay``: run again what a crate says was run, and compare."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from commensal import execution
from commensal.errors import TableError, UsageError
from commensal.pipeline.results import Result
from commensal.pipeline.run import Progress, run
from commensal.pipeline.verify import changed, study_copy, verify

#: The tables that a replay must give again, byte for byte.
TABLES = ("estimates.parquet", "points.parquet", "claims.parquet")


@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """A run done again, and how it compares with the first."""

    result: Result
    compared: dict[str, bool]  #: each table of the first run: are its bytes the same?
    versions: dict[str, tuple[str, str | None]]  #: each package of another version now: (then, now)

    @property
    def identical(self) -> bool:
        """Every table has the same bytes."""
        return all(self.compared.values())

    def table(self) -> pd.DataFrame:
        """Return a row per table: ``file`` and whether it is ``identical``."""
        return pd.DataFrame(list(self.compared.items()), columns=["file", "identical"])


def replay(
    folder: Path | str,
    out: Path | str,
    data: Path | str,
    *,
    anyway: bool = False,
    progress: Progress | None = None,
) -> Replay:
    """Run a study again from its crate: the kept study file, the same options, into another folder.

    Parameters
    ----------
    folder
        What ``run`` wrote.
    out
        Another folder, for the new run.
    data
        Folder that the study's paths start from; a crate does not keep it, as paths tell of people and machines.
    anyway
        Run although inputs are not what they were.
    progress
        As in `run`.

    Returns
    -------
    Replay
        The new result, and whether each table of the first run has the same bytes.

    Raises
    ------
    UsageError
        The folder holds no crate, or `out` is the folder itself.
    TableError
        An input is not what it was, and `anyway` is not set.
    CommensalError
        As in `run`.

    Examples
    --------
    >>> from commensal import replay
    >>> replay("out", "again", "study").identical                          # doctest: +SKIP
    """
    first, second = Path(folder), Path(out)
    if first.resolve() == second.resolve():
        raise UsageError(
            "a replay would write over the run that it repeats", where=f"--out {out}", mend="name another folder"
        )
    held = execution.read_crate(first)
    if not study_copy(first).is_file():
        raise UsageError(
            "the copy of the study file is not there",
            where=str(study_copy(first)),
            expected="the file that `commensal run` kept; a private run keeps it beside its folder, not in it",
            mend="replay where the run was made, or run the study file again",
        )
    looked_at = verify(first, data)
    inputs = changed(looked_at[looked_at["role"] == "input"])
    if len(inputs) and not anyway:
        raise TableError(
            "inputs are not what they were",
            where=str(data),
            found=[f"{row.file}: {row.state}" for row in inputs.itertuples()],
            expected="the bytes that the crate names",
            mend="give the folder of the first run's data with --data, or --anyway to run on these",
        )
    result = run(study_copy(first), second, data, progress=progress, **_options(held))
    kept = {name: str(held[name]["sha256"]) for name in TABLES if name in held}
    compared = {
        name: (second / name).is_file() and execution.sha256(second / name) == was for name, was in kept.items()
    }
    return Replay(result, compared, _other_versions(held))


def _options(held: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the options of the first run; one that this version does not know is refused.

    Raises
    ------
    UsageError
        The crate names an option that is not known here.
    """
    found = {str(e["name"]): json.loads(e["value"]) for n, e in held.items() if n.startswith("#option/")}
    if unknown := sorted(set(found) - {"only", "shuffle", "private"}):
        raise UsageError("the crate has options that this version does not know", where=execution.CRATE, found=unknown)
    return {"private": False} | found


def _other_versions(held: dict[str, dict[str, Any]]) -> dict[str, tuple[str, str | None]]:
    then = {str(e["name"]): str(e["softwareVersion"]) for n, e in held.items() if n.startswith("#software/")}
    now = execution.versions()
    return {name: (was, now.get(name)) for name, was in then.items() if now.get(name) != was}
