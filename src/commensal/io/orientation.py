"""Which way a table lies, from the exact ids of the samples table. Look-alikes are shown, never matched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from commensal.errors import TableError, listing, nearest

Orientation = Literal["samples_in_rows", "samples_in_columns"]


def orient(
    file: str,
    rows: Sequence[str],
    columns: Sequence[str],
    sample_ids: Sequence[str],
    declared: Orientation | None = None,
) -> Orientation:
    """Say whether the samples lie in the rows or in the columns of a table.

    The side on which exact sample ids are found wins. When both sides hold some, the lesser must hold less than half as
    many as the greater; else the table is refused until the study file says ``orientation``.

    Parameters
    ----------
    file
        Name of the file, for messages.
    rows, columns
        The table's row names and column names.
    sample_ids
        The ids of the samples table.
    declared
        The study file's ``orientation``, which wins.

    Raises
    ------
    TableError
        No id on either side (or on the declared one), or ids on both sides.

    Examples
    --------
    >>> orient("t.tsv", ["S1", "S2"], ["Otu1", "Otu2"], ["S1", "S2", "S3"])
    'samples_in_rows'
    """
    known = set(sample_ids)
    in_rows, in_columns = len(known.intersection(rows)), len(known.intersection(columns))
    if declared is not None:
        if not (in_rows if declared == "samples_in_rows" else in_columns):
            raise no_overlap(file, rows if declared == "samples_in_rows" else columns, sample_ids)
        return declared
    if not in_rows and not in_columns:
        raise no_overlap(file, [*rows, *columns], sample_ids, rows=rows, columns=columns)
    if 2 * min(in_rows, in_columns) >= max(in_rows, in_columns):
        both = sorted(known.intersection(rows))[:3], sorted(known.intersection(columns))[:3]
        raise TableError(
            "sample ids stand both in the row names and in the header: the table could lie either way",
            where=file,
            found=f"{in_rows} ids in rows ({listing(map(repr, both[0]))}), "
            f"{in_columns} in columns ({listing(map(repr, both[1]))})",
            expected="samples on one side",
            mend='say it in the study file: orientation = "samples_in_rows" or "samples_in_columns"',
        )
    return "samples_in_rows" if in_rows > in_columns else "samples_in_columns"


def no_overlap(
    file: str,
    names: Sequence[str],
    sample_ids: Sequence[str],
    *,
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
) -> TableError:
    """Build the error of a table that shares no id with the samples table, with look-alikes as a hint."""
    seen = (
        f"names such as {_three(names)}"
        if rows is None or columns is None
        else f"row names such as {_three(rows)}; column names such as {_three(columns)}"
    )
    hints = []
    some = list(dict.fromkeys(names))[:2000]
    for sample in sample_ids[:3]:
        if (close := nearest(sample, some)) and close[0] != sample:
            hints.append(f"{close[0]!r} looks like {sample!r}")
    mend = "make the ids equal in both files: they are matched exactly, letter by letter"
    if added := _around(sample_ids, some):
        mend = f"{added}: take it off there, or write it here; ids are matched exactly, letter by letter"
    elif hints:
        mend += f" ({listing(hints)}; look-alikes are never matched)"
    return TableError(
        "no id of the samples table occurs in this file",
        where=file,
        found=seen,
        expected=f"sample ids such as {_three(sample_ids)}" if sample_ids else "the samples table, which has no ids",
        mend=mend,
    )


def _around(samples: Sequence[str], names: Sequence[str]) -> str:
    """Say what one side has around each id of the other, where one pair of texts explains half of them, and three.

    Examples
    --------
    >>> _around(["S1", "S2", "S3"], ["run_S1.bam", "run_S2.bam", "run_S3.bam", "taxon"])
    "this file has 'run_' before and '.bam' behind each of 3 ids"
    """
    for bare, full, whose in ((samples, names, "this file has"), (names, samples, "the samples table has")):
        pairs: dict[tuple[str, str], int] = {}
        for one in dict.fromkeys(bare[:20]):
            for other in full:
                at = other.find(one) if len(one) > 1 and one != other else -1
                if at >= 0:
                    key = (other[:at], other[at + len(one) :])
                    pairs[key] = pairs.get(key, 0) + 1
        for before, after in sorted(pairs, key=lambda key: -pairs[key])[:1]:
            hits = set(full).intersection(f"{before}{one}{after}" for one in bare)
            if len(hits) >= max(3, min(len(samples), len(names)) / 2):
                parts = [f"{before!r} before" if before else "", f"{after!r} behind" if after else ""]
                return f"{whose} {' and '.join(filter(None, parts))} each of {len(hits)} ids"
    return ""


def _three(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names[:3]) or "none"
