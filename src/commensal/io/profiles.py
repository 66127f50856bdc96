"""What profilers of reads write has in common: rows of taxa or functions, one sample a file or all in one table."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.errors import FormatError, TableError, listing
from commensal.io.contents import Matrix, require_unique
from commensal.io.rows import Row, cut
from commensal.io.text import load_text
from commensal.study.declared import Assay
from commensal.study.loaded import Dropped

#: What tools put behind a sample's name: of the reads, and of their own output.
_ENDS = re.compile(
    r"(_R?[12](_001)?)?\.(fastq|fq|fasta|fa|fna)(\.gz)?$|\.sylsp$|[._-](metaphlan\d*|profile|profiled|mpa|sylphmpa)$"
    r"|\.(bracken|kreport|report|txt|tsv)$|_(genefamilies|pathabundance|reactions)$|_Abundance(-[A-Za-z]+)?$"
    r"|_(taxonomic_|merged_)?profile$|\.paired$"
)
#: How the record of names that were read without such ends begins.
RENAMED = "names of"
_READS = re.compile(r"(_R?[12](_001)?)$")


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """Features in rows, a column for each sample, as one file has them."""

    file: str
    samples: tuple[str, ...]  #: n names as in the file
    features: tuple[str, ...]  #: m ids
    values: NDArray[np.float64]  #: (m, n)
    lines: tuple[int, ...]  #: m lines in the file
    annotations: Mapping[str, Sequence[str]]  #: column → m texts
    quality: Mapping[str, NDArray[np.float64]]  #: reason → (n,) what belongs to no feature
    told: tuple[tuple[str, str], ...] = ()  #: (name, reason) of what was left out


def rows_of(path: Path) -> list[Row]:
    """Cut a file at its tabs; lines without contents are left out."""
    return [row for row in cut(load_text(path), "\t") if any(cell.strip() for cell in row.cells)]


def amount(cell: str, file: str, line: int, column: str) -> float:
    """Read a number of 0 or more.

    Raises
    ------
    TableError
        Anything else, with its line and column.
    """
    try:
        number = float(cell)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number >= 0):
        raise TableError(
            "a cell is no number of 0 or more", where=f"{file}, line {line}, column {column!r}", found=repr(cell[:60]),
            expected="an abundance or a count", mend="give the file as the tool wrote it",
        )  # fmt: skip
    return number


def require_width(row: Row, width: int, file: str, tool: str, *, exactly: bool = False) -> None:
    """Refuse a row with fewer cells than are needed; with more, too, where it is ``exactly`` so many.

    Raises
    ------
    FormatError
        The file was cut short, or is another's.
    """
    if len(row.cells) < width:
        raise FormatError(
            f"a row has fewer cells than {tool} writes", where=f"{file}, line {row.line}",
            found=f"{len(row.cells)} cells", expected=f"{width} cells, cut by tabs",
            mend="copy the file again if it was cut short",
        )  # fmt: skip
    if exactly and len(row.cells) > width:
        raise FormatError(
            "a row has more cells than the header", where=f"{file}, line {row.line}",
            found=f"{len(row.cells)} cells", expected=f"{width} cells, cut by tabs",
            mend="look for a tab in a name, or give the file as it was written",
        )  # fmt: skip


def sample_names(names: Sequence[str], known: Sequence[str]) -> list[str]:
    """Take off what tools put around a sample's name, where the samples table then knows it.

    Examples
    --------
    >>> sample_names(["S1_merged_profile", "reads/S2_R1.fastq.gz", "S3", "X_profile"], ["S1", "S2", "S3"])
    ['S1', 'S2', 'S3', 'X_profile']
    """
    ids = set(known)
    return [next((bare for bare in _bare(name) if bare in ids), name) for name in names]


def _bare(name: str) -> list[str]:
    bare = name.rpartition("/")[2]
    made = [name, bare]
    for _ in range(4):
        for pattern in (_ENDS, _READS):
            bare = pattern.sub("", bare)
            made.append(bare)
    return made


def matrix_of(profile: Profile, assay: Assay, sample_ids: Sequence[str], label: str | None = None) -> Matrix:
    """Make a matrix of a table of all samples.

    Raises
    ------
    TableError
        No features, or ids of features or samples that are not unique.
    """
    samples = sample_names(profile.samples, sample_ids)
    renamed = [f"{old} → {new}" for old, new in zip(profile.samples, samples, strict=True) if old != new]
    told = [*profile.told]
    if renamed:
        told.append((f"{RENAMED} {len(renamed)} samples", f"read without what the tool adds: {listing(renamed, 3)}"))
    file, lines, features = profile.file, profile.lines, profile.features
    _require_some(profile)
    require_unique(samples, lambda i: f"column {profile.samples[i]!r}", what="sample", file=file)
    require_unique(features, lambda i: f"line {lines[i]}", what="feature", file=file)
    return _made(
        file, samples, list(features), profile.values.T.copy(), profile.annotations,
        pd.DataFrame(dict(profile.quality), index=samples), told, assay,
        lambda i, k: f"{file}, line {lines[k]}, sample {samples[i]!r}", label,
    )  # fmt: skip


def join(profiles: Mapping[str, Profile], assay: Assay, label: str | None = None) -> Matrix:
    """Make a matrix of one file per sample; a feature that a file does not list is 0 in it.

    Raises
    ------
    TableError
        A file without features, or with one twice; a file of several samples.
    """
    at: dict[str, int] = {}
    notes: dict[str, dict[str, str]] = {}
    for profile in profiles.values():
        if len(profile.samples) != 1:
            raise TableError(
                "a file of one sample holds several", where=profile.file, found=listing(map(repr, profile.samples), 4),
                expected="one sample", mend="name the table of all samples with file = ..., not files = ...",
            )  # fmt: skip
        require_unique(profile.features, lambda i, p=profile: f"line {p.lines[i]}", what="feature", file=profile.file)  # type: ignore[misc]
        for k, name in enumerate(profile.features):
            if name not in at:
                at[name] = len(at)
                notes[name] = {column: cells[k] for column, cells in profile.annotations.items()}
    if not at:
        _require_some(next(iter(profiles.values())))
    values = np.zeros((len(profiles), len(at)))
    for i, profile in enumerate(profiles.values()):
        values[i, [at[name] for name in profile.features]] = profile.values[:, 0]
    reasons = list(dict.fromkeys(reason for profile in profiles.values() for reason in profile.quality))
    quality = pd.DataFrame(
        {reason: [float(one.quality[reason][0]) if reason in one.quality else 0.0 for one in profiles.values()]
         for reason in reasons},
        index=list(profiles),
    )  # fmt: skip
    columns = list(dict.fromkeys(column for each in notes.values() for column in each))
    annotations = {column: [each.get(column, "") for each in notes.values()] for column in columns}
    told = list(dict.fromkeys(note for profile in profiles.values() for note in profile.told))
    files, features = [profile.file for profile in profiles.values()], list(at)
    return _made(
        assay.files or files[0], list(profiles), features, values, annotations, quality, told, assay,
        lambda i, k: f"{files[i]}, {features[k]!r}", label,
    )  # fmt: skip


def _require_some(profile: Profile) -> None:
    if not profile.features or not profile.samples:
        raise TableError(
            "the table has no features" if profile.samples else "the table has no samples", where=profile.file,
            found=listing((reason for _, reason in profile.told), 2) or "a header and no rows",
            expected="at least one row", mend="give the whole table",
        )  # fmt: skip


def _made(
    file: str, samples: list[str], features: list[str], values: NDArray[np.float64],
    annotations: Mapping[str, Sequence[str]], quality: pd.DataFrame, told: list[tuple[str, str]], assay: Assay,
    place: object, label: str | None,
) -> Matrix:  # fmt: skip
    if assay.value == "relative" and not quality.empty and (quality.to_numpy() > 0).any():
        values = _of_the_known(values, quality.to_numpy(dtype=float).sum(axis=1))
        told.append(("relative values", "shares of what was classified; the rest is in the quality of each sample"))
    frame = pd.DataFrame(dict(annotations), index=pd.Index(features, dtype="object"), dtype=object)
    where = f"assay {assay.name}"
    dropped = tuple(
        Dropped("row" if name.startswith(RENAMED) else "part", where, name, f"{file}: {reason}")
        for name, reason in told
    )
    known = quality if len(quality.columns) else None
    return Matrix(
        file, tuple(samples), tuple(features), values, frame, place,  # type: ignore[arg-type]
        dropped, quality=known, label=label,
    )  # fmt: skip


def _of_the_known(values: NDArray[np.float64], rest: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale each sample (n, m) so that it sums to what it summed to with the rest (n,)."""
    sums = values.sum(axis=1)
    scale = np.where(sums > 0, (sums + rest) / np.where(sums > 0, sums, 1), 1)
    made: NDArray[np.float64] = values * scale[:, None]
    return made
