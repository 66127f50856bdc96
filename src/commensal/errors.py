"""What can go wrong: one tree, each message with what was found, what was expected and how to mend it."""

from __future__ import annotations

import json
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


#: Characters of one line of a message: what a file holds is shown, never poured out.
_LONGEST = 1200


def printable(text: str, longest: int | None = None) -> str:
    r"""Make text from files safe for a terminal: control and direction characters are written out, the rest stands.

    Line feeds and tabs stay. With ``longest``, what is longer is cut in its middle.

    Examples
    --------
    >>> printable("gene \x1b[31m\u202eexe")
    'gene \\u001b[31m\\u202eexe'
    """
    if longest is not None and len(text) > longest:
        text = f"{text[: longest * 3 // 4]} … {text[-longest // 4 :]}"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t\u00a0" else _written_out(c) for c in text)


def _written_out(character: str) -> str:
    return f"\\u{ord(character):04x}" if ord(character) < 1 << 16 else json.dumps(character)[1:-1]  # as JSON writes it


class CommensalError(Exception):
    """Anything that commensal refuses.

    Parameters
    ----------
    what
        The fault in one sentence.
    where
        File, line or key, for example ``"study.toml, [contrasts.ibd] case"``.
    found, expected, mend
        What stood there, what could have stood there, what to do.

    Examples
    --------
    >>> print(DesignError("the control side is empty", where="[contrasts.ibd]", found="0 samples",
    ...                   expected="at least 1", mend="check the level's spelling"))
    [contrasts.ibd]: the control side is empty
      found: 0 samples
      expected: at least 1
      mend: check the level's spelling
    """

    exit_code = 1

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        found: object = None,
        expected: object = None,
        mend: str | None = None,
    ) -> None:
        self.what, self.where, self.mend = what, where, mend
        self.found = None if found is None else str(found)
        self.expected = None if expected is None else str(expected)
        super().__init__(str(self))

    def __str__(self) -> str:
        lines = [printable(f"{self.where}: {self.what}" if self.where else self.what, _LONGEST)]
        for name in ("found", "expected", "mend"):
            text = getattr(self, name)
            if text is not None:
                lines.append(f"  {name}: {printable(text, _LONGEST)}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.what, self.where, self.found, self.expected, self.mend)


def _rebuild(
    kind: type[CommensalError],
    what: str,
    where: str | None,
    found: str | None,
    expected: str | None,
    mend: str | None,
) -> CommensalError:
    return kind(what, where=where, found=found, expected=expected, mend=mend)


class StudyFileError(CommensalError):
    """The study file cannot be read as declared: a key, a type, a reference to something undeclared."""


class TableError(CommensalError):
    """A table's contents break its declaration: ids, columns, types, values."""


class FormatError(TableError):
    """A file is not in the format that it should be in, or is damaged."""


class DesignError(CommensalError):
    """The declared comparison cannot be made with these samples."""


class StatisticsError(CommensalError):
    """A statistical function was given arrays that do not fit together."""


class OutputError(CommensalError):
    """The output folder or file cannot be written or read."""


class ExecutionError(CommensalError):
    """The workers or the cluster cannot do the work: none answers, one dies again and again, versions differ."""


class UsageError(CommensalError):
    """The command line was used in a way that it does not know."""

    exit_code = 2


def nearest(word: str, known: Iterable[str], n: int = 1) -> list[str]:
    """Return the up to ``n`` known words nearest to ``word`` (case aside), best first.

    Examples
    --------
    >>> nearest("refernce", ["reference", "map", "type"])
    ['reference']
    """
    names = list(known)
    lowered = {name.lower(): name for name in names}
    return [lowered[hit] for hit in get_close_matches(word.lower(), list(lowered), n=n, cutoff=0.5)]


def listing(items: Iterable[object], most: int = 8) -> str:
    """Write items as a short readable list that says how many it leaves out.

    Examples
    --------
    >>> listing(range(12), most=3)
    '0, 1, 2 and 9 more'
    """
    texts = [str(item) for item in items]
    if len(texts) <= most:
        return ", ".join(texts)
    return f"{', '.join(texts[:most])} and {len(texts) - most} more"
