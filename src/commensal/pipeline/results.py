"""``read_results``: what a run returned, read from the folder that it wrote."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from commensal import execution
from commensal.errors import OutputError, UsageError, listing
from commensal.pipeline.claims import CLAIMS
from commensal.pipeline.going_on import PAGE
from commensal.pipeline.showing_results import result_html, result_text
from commensal.tables import (
    CLAIM_COLUMNS,
    ESTIMATE_COLUMNS,
    POINT_COLUMNS,
    Finding,
    Findings,
    claims,
    estimates_of,
    read_claims,
    read_points,
)

#: What a run said besides its tables: headlines, findings, and how many estimates it returned.
SAID = "findings.json"
FORMAT = 1
ESTIMATES, POINTS = "estimates.parquet", "points.parquet"
_COLUMNS = {ESTIMATES: ESTIMATE_COLUMNS, POINTS: POINT_COLUMNS, CLAIMS: CLAIM_COLUMNS}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Result:
    """What a run wrote, and its tables."""

    folder: Path
    report: Path
    estimates: pd.DataFrame
    points: pd.DataFrame
    claims: pd.DataFrame
    findings: Findings  #: a tuple of findings; ``findings.table()`` is a data frame
    headlines: tuple[str, ...]

    @property
    def failed(self) -> tuple[Finding, ...]:
        """The comparisons that could not be made."""
        return tuple(finding for finding in self.findings if finding.code == "not_answered")

    def __post_init__(self) -> None:
        object.__setattr__(self, "findings", Findings(self.findings))

    def __repr__(self) -> str:
        return result_text(self)

    def _repr_html_(self) -> str:
        return result_html(self)


def read_results(folder: Path | str) -> Result:
    """Return what `run` returned, from the folder that it wrote; nothing is computed.

    Every file that is read is compared with its hash in the run's crate first. The folder is enough: a copy of it, or
    one of a private run whose own place is elsewhere, says the same.

    Parameters
    ----------
    folder
        What ``run`` wrote.

    Returns
    -------
    Result
        Bit for bit as `run` returned it. Of tables larger than memory its estimates have what the run held in memory;
        all are in ``estimates.parquet``.

    Raises
    ------
    UsageError
        The folder is no run's, or that of a run that was stopped.
    OutputError
        A file is missing, is not what the run wrote, cannot be read, or is of another version of commensal.

    Examples
    --------
    >>> import tempfile
    >>> from commensal import read_results, run, simulation
    >>> with tempfile.TemporaryDirectory() as folder:                      # doctest: +SKIP
    ...     first = run(simulation.cohort(Path(folder) / "study"), Path(folder) / "out")
    ...     again = read_results(Path(folder) / "out")
    ...     again.estimates.equals(first.estimates)
    True
    """
    place = Path(folder)
    if not place.is_dir():
        raise UsageError(
            "there is no such folder",
            where=str(folder),
            expected="a folder that `commensal run` wrote",
            mend="give the folder that followed --out",
        )
    held = execution.read_crate(place)
    version = str(held.get("#commensal", {}).get("softwareVersion", "unknown"))
    names = [SAID, PAGE, ESTIMATES, POINTS, *([CLAIMS] if CLAIMS in held or (place / CLAIMS).exists() else [])]
    for name in names:
        _require_as_written(place / name, held.get(name), version)
        if name in _COLUMNS:
            _require_columns(place / name, _COLUMNS[name], version)
    return results_in(place)


def results_in(folder: Path) -> Result:
    """Return what a run returned, from a folder whose files are known to be as it wrote them."""
    said = _said(folder / SAID)
    there = folder / CLAIMS
    return Result(
        folder,
        folder / PAGE,
        estimates_of(folder / ESTIMATES, said["estimates"]),
        read_points(folder / POINTS),
        read_claims(there) if there.is_file() else claims(),
        said["findings"],
        said["headlines"],
    )


def write_said(folder: Path, headlines: Sequence[str], findings: Iterable[Finding], estimates: int) -> None:
    """Write what a run said besides its tables.

    Parameters
    ----------
    folder
        Where the tables are written.
    headlines, findings
        As in `Result`.
    estimates
        Rows of the estimates that the run held in memory: the first ones of the file.
    """
    told = [
        {**one.to_dict(), "counts": {name: _plain(value) for name, value in one.counts.items()}} for one in findings
    ]
    made = {"format": FORMAT, "estimates": estimates, "headlines": list(headlines), "findings": told}
    text = json.dumps(made, ensure_ascii=True, indent=1, allow_nan=False)
    execution.write_whole(folder / SAID, (text + "\n").encode())


def _plain(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _said(path: Path) -> dict[str, Any]:
    """Return what `write_said` wrote.

    Raises
    ------
    OutputError
        The file is not of this form.
    """
    try:
        made = json.loads(path.read_bytes())
        if made["format"] != FORMAT:
            raise ValueError(f"format {made['format']}, not {FORMAT}")
        found = Findings(
            Finding(**{**one, "counts": {name: math.nan if n is None else n for name, n in one["counts"].items()}})
            for one in made["findings"]
        )
        return {"findings": found, "headlines": tuple(made["headlines"]), "estimates": int(made["estimates"])}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise OutputError(
            f"{path.name} cannot be read as what a run said",
            where=str(path.parent),
            found=f"{type(error).__name__}: {error}",
            expected=f"what this version of commensal writes (format {FORMAT})",
            mend="read the folder with the version that wrote it, or run the study again",
        ) from error


def _require_as_written(path: Path, entity: Mapping[str, Any] | None, version: str) -> None:
    """Refuse a file that the run did not write, or that is no longer what it wrote.

    Raises
    ------
    OutputError
        The file is missing, was put there later, or has other bytes.
    """
    here, now = str(path.parent), execution.sha256_or_none(path)
    if entity is None:
        raise OutputError(
            f"{path.name} is not among the files that the run wrote",
            where=here,
            found=f"a run of commensal {version}{', and such a file beside it' if now else ''}",
            expected=f"{path.name}, named in {execution.CRATE}",
            mend="run the study again with this version: what an earlier run kept is taken up",
        )
    if now != entity.get("sha256"):
        raise OutputError(
            f"{path.name} is not what the run wrote",
            where=here,
            found="no such file, or one that cannot be read" if now is None else f"SHA-256 {now}",
            expected=f"SHA-256 {entity.get('sha256')}, as {execution.CRATE} says",
            mend="copy the whole folder again, or run the study again: it makes anew what is not as it was",
        )


def _require_columns(path: Path, columns: Mapping[str, str], version: str) -> None:
    """Refuse a table with other columns than this version's.

    Raises
    ------
    OutputError
        The file is no Parquet, or its columns differ.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        names = list(pq.read_schema(path).names)
    except (OSError, pa.ArrowException) as error:
        raise OutputError(
            f"{path.name} cannot be read", where=str(path.parent), found=error, mend="run the study again"
        ) from error
    if names != list(columns):
        more, fewer = [n for n in names if n not in columns], [n for n in columns if n not in names]
        parts = [f"has {listing(more)}" if more else "", f"lacks {listing(fewer)}" if fewer else ""]
        raise OutputError(
            f"{path.name} has other columns than this version of commensal writes",
            where=str(path.parent),
            found=f"commensal {version} wrote it; it {' and '.join(filter(None, parts)) or 'has another order'}",
            expected=listing(columns, most=len(columns)),
            mend=f"read it with commensal {version}, or run the study again with this version",
        )


__all__ = ["Result", "read_results", "results_in", "write_said"]
