"""``explain``: what a status, a term or a column means."""

from __future__ import annotations

from dataclasses import dataclass

from commensal.errors import UsageError, nearest


@dataclass(frozen=True, slots=True)
class Explained:
    """What a word means."""

    name: str
    kind: str  #: "status", or a group of terms such as "Claims"
    meaning: str
    see: tuple[str, ...] = ()
    page: str = ""  #: page of the guide, empty if none


def explain(word: str) -> Explained:
    """Say what a status of a row, or a word of the page, means.

    Parameters
    ----------
    word
        A status (``one_cage``), a finding (``single_donor``) or a term (``gate``, ``partial conjunction``); case, ``_``
        and ``-`` do not matter.

    Raises
    ------
    UsageError
        Nothing is known by that word; the nearest known ones are named.

    Examples
    --------
    >>> explain("one_cage").kind
    'status'
    >>> explain("Partial-Conjunction").name
    'partial conjunction'
    """
    known = explained()
    by_plain = {_plain(name): name for name in known}
    name = by_plain.get(_plain(word)) or by_plain.get(_plain(word).removesuffix("s"))
    if name is None:
        raise UsageError(
            f"no status or term {word!r} is known",
            where="explain",
            expected=nearest(word, known, 3) or "a status or a term of the page",
            mend="`commensal explain` alone lists them all",
        )
    return known[name]


def explained() -> dict[str, Explained]:
    """Return everything that can be explained, statuses first.

    Examples
    --------
    >>> {"ok", "gate", "household"} <= set(explained())
    True
    """
    from commensal.knowledge.terms import GROUPS, terms
    from commensal.tables.statuses import STATUSES, WITH_P

    statuses = {
        name: Explained(name, "status", f"{meaning}. The row {'keeps its p' if name in WITH_P else 'has no p'}.")
        for name, meaning in STATUSES.items()
    }
    ordered = sorted(terms().values(), key=lambda one: list(GROUPS).index(one.group))
    words = {one.name: Explained(one.name, GROUPS[one.group], one.meaning, one.see, one.page) for one in ordered}
    return {**statuses, **words}


def _plain(word: str) -> str:
    return word.strip().casefold().replace("_", " ").replace("-", " ")
