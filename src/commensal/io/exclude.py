"""Features that the study file leaves out, by id or label."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from commensal.errors import StudyFileError, listing, nearest
from commensal.study.loaded import Dropped


def matches(name: str, pattern: str) -> bool:
    """Say whether a name is the pattern itself, or fits it with ``*``, ``?`` and ``[...]``; case matters.

    Examples
    --------
    >>> matches("PGE2-d4 (IS)", "* (IS)"), matches("a [IS]", "a [IS]"), matches("Otu1", "otu1")
    (True, True, False)
    """
    return name == pattern or fnmatchcase(name, pattern)


def excluded(
    assay: str, patterns: Sequence[str], ids: Sequence[str], *labels: Sequence[str]
) -> tuple[list[bool], tuple[Dropped, ...]]:
    """Say which features stay (m,), and record the others.

    Parameters
    ----------
    assay
        Name of the assay, for messages.
    patterns
        The study file's ``exclude``.
    ids, *labels
        Names of the m features; a pattern may fit any of them.

    Raises
    ------
    StudyFileError
        A pattern that fits nothing (with the nearest names), or patterns that leave nothing.

    Examples
    --------
    >>> keep, dropped = excluded("serum", ["* (IS)"], ["glucose", "d4 (IS)"])
    >>> keep, dropped[0].name, dropped[0].reason
    ([True, False], 'd4 (IS)', "excluded by the study file: '* (IS)'")
    """
    keep = [True] * len(ids)
    dropped: dict[int, Dropped] = {}
    for pattern in patterns:
        hits = [i for i, names in enumerate(zip(ids, *labels, strict=True)) if any(matches(n, pattern) for n in names)]
        if not hits:
            known = dict.fromkeys(name for names in (ids, *labels) for name in names)
            close = nearest(pattern.replace("*", " ").strip(), list(known)[:5000], 3)
            raise StudyFileError(
                "a pattern excludes nothing",
                where=f"[assays.{assay}] exclude",
                found=repr(pattern),
                expected=f"an id or label, for example {listing(map(repr, close or list(known)[:3]))}",
                mend="correct or remove the pattern; case matters, * stands for anything",
            )
        for i in hits:
            keep[i] = False
            dropped.setdefault(
                i, Dropped("feature", f"assay {assay}", ids[i], f"excluded by the study file: {pattern!r}")
            )
    if ids and not any(keep):
        raise StudyFileError(
            "the patterns exclude every feature",
            where=f"[assays.{assay}] exclude",
            found=listing(map(repr, patterns)),
            mend="exclude less",
        )
    return keep, tuple(dropped[i] for i in sorted(dropped))
