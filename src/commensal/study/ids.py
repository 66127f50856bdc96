"""Ids: checked, matched exactly, and pointed out where two almost match."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from commensal.errors import TableError, listing
from commensal.study.cells import Origin


def lookalikes(left: Iterable[str], right: Iterable[str]) -> list[tuple[str, str]]:
    """Pair ids that differ only in case, blanks and punctuation. For messages; never used to match.

    Parameters
    ----------
    left, right
        Ids of two sides. Ids that are equal on both sides are not looked at.

    Returns
    -------
    list of (left id, right id)
        In the order of ``left``; an id with several look-alikes is paired with the first.

    Examples
    --------
    >>> lookalikes(["conv_C1M1", "S2"], ["ConvC1M1", "S2"])
    [('conv_C1M1', 'ConvC1M1')]
    """
    ours, theirs = list(left), list(right)
    shared = set(ours) & set(theirs)
    plain: dict[str, str] = {}
    for name in theirs:
        if name not in shared:
            plain.setdefault(_plain(name), name)
    pairs = ((name, plain.get(_plain(name))) for name in ours if name not in shared)
    return [(name, hit) for name, hit in pairs if hit is not None]


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def check_ids(
    values: Sequence[str],
    origin: Origin,
    what: str,
    *,
    missing: Collection[str] = (),
    unique: bool = True,
) -> None:
    """Refuse empty ids, ids with blanks around them, and (unless told otherwise) ids that occur twice.

    A blank before or after an id cannot be seen and would silently undo an exact match, so it is an error here and
    not trimmed: trimming one file's ids and not another's is a fuzzy match.

    Parameters
    ----------
    values
        The id of each row.
    origin
        Where the rows are.
    what
        ``sample`` or ``subject``.
    missing
        Codes that are no id.
    unique
        Whether each id may occur once only.

    Raises
    ------
    TableError
        Names the ids and their lines.
    """
    file = origin.file
    empty = [row for row, value in enumerate(values) if not value.strip() or value in missing]
    if empty:
        raise TableError(
            f"{what} id missing",
            where=f"{file}, {origin.lines(empty)}",
            found=f"{len(empty)} cell{'s' * (len(empty) > 1)} without a value: "
            + listing(sorted({repr(values[row]) for row in empty})),
            expected=f"a {what} id in every row",
            mend="fill in the ids, or remove the rows",
        )
    blank = [row for row, value in enumerate(values) if value != value.strip()]
    if blank:
        raise TableError(
            f"blanks before or after a {what} id",
            where=f"{file}, {origin.lines(blank)}",
            found=listing(repr(values[row]) for row in blank),
            expected="ids without blanks around them: ids are matched exactly",
            mend="remove the blanks in the file",
        )
    if unique:
        _refuse_repeats(values, origin, what)


def _refuse_repeats(values: Sequence[str], origin: Origin, what: str) -> None:
    rows: dict[str, list[int]] = {}
    for row, value in enumerate(values):
        rows.setdefault(value, []).append(row)
    twice = {name: hits for name, hits in rows.items() if len(hits) > 1}
    if twice:
        raise TableError(
            f"the same {what} id twice",
            where=origin.file,
            found=listing(f"{name} ({origin.lines(hits)})" for name, hits in twice.items()),
            expected=f"each {what} id once",
            mend="remove or rename the repeated rows"
            + (", or name the right column as columns = { sample = … }" if what == "sample" else ""),
        )


def nothing_in_common(
    where: str,
    left: Sequence[str],
    left_name: str,
    right: Sequence[str],
    right_name: str,
    note: str = "",
    mend: str = "",
) -> TableError:
    """Return the error for a join that matches nothing, with ids of both sides and a look-alike if there is one."""
    near = lookalikes(left, right)
    hint = f"{near[0][0]!r} looks like {near[0][1]!r}, but ids are matched exactly: write them alike" if near else None
    return TableError(
        f"no id of {left_name} is in {right_name}{note}",
        where=where,
        found=f"{left_name}: {listing(left, 3)}; {right_name}: {listing(right, 3)}",
        expected="the same ids in both",
        mend=hint or mend or "name the id column in `columns`, or correct the ids",
    )
