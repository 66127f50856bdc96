"""The references of a run as BibTeX, read from the sentences that the page prints, so that they cannot differ."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

#: Authors (year). Title. Journal volume(number), pages. doi:…
_ARTICLE = re.compile(
    r"(?P<authors>.+?) \((?P<year>\d{4})\)\. (?P<title>.+)\. (?P<journal>[^.]+?) (?P<volume>\d+)"
    r"(?:\((?P<number>\d+)\))?"
    r"(?:, (?P<pages>[\w–]+))?\.(?: doi:(?P<doi>\S+))?"
)
_BOOK = re.compile(
    r"(?P<authors>.+?) \((?P<year>\d{4})\)\. (?P<title>.+)\. (?P<publisher>[^.]+)\.(?: doi:(?P<doi>\S+))?"
)
_SITE = re.compile(r"(?P<authors>[^.]+)\. (?P<title>.+)\. (?P<url>https?://\S+)")
#: What BibTeX takes for a command.
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
}
#: Words of titles whose capitals stay: names, and what has a capital inside.
_KEPT = re.compile(r"\b(?=\w*[A-Z])[\w.-]*\w\b")


def bibtex(references: Iterable[str]) -> str:
    r"""Return references as a BibTeX file, one entry each, in their order.

    Parameters
    ----------
    references
        As `methods` returns them: ``Authors (year). Title. Journal volume, pages. doi:…``.

    Returns
    -------
    str
        Keys are the first author's surname and the year, with a letter where two are alike.

    Raises
    ------
    ValueError
        A reference that is in none of the three forms: an article, a book, a site.

    Examples
    --------
    >>> print(bibtex(["Shannon CE (1948). A theory. Bell System Technical Journal 27, 379–423. doi:10.1002/x"]))
    @article{shannon1948,
      author = {Shannon, C. E.},
      title = {A theory},
      journal = {Bell System Technical Journal},
      year = {1948},
      volume = {27},
      pages = {379--423},
      doi = {10.1002/x},
    }
    """
    entries: list[tuple[str, str, dict[str, str]]] = [_entry(one) for one in references]
    used: dict[str, int] = {}
    told = []
    for kind, stem, fields in entries:
        used[stem] = used.get(stem, 0) + 1
        key = stem + ("" if used[stem] == 1 else chr(ord("a") + used[stem] - 1))
        lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
        told.append("\n".join([f"@{kind}{{{key},", *lines, "}"]))
    return "\n\n".join(told)


def _entry(reference: str) -> tuple[str, str, dict[str, str]]:
    for kind, pattern in (("article", _ARTICLE), ("book", _BOOK), ("misc", _SITE)):
        found = pattern.fullmatch(reference)
        if found:
            parts = {name: value or "" for name, value in found.groupdict().items()}
            return kind, _stem(parts), _fields(kind, parts)
    raise ValueError(f"not a reference in a known form: {reference!r}")


def _stem(parts: dict[str, str]) -> str:
    first = parts["authors"].removesuffix(" et al.").split(",")[0]
    surname = first.rsplit(" ", 1)[0] if "year" in parts else parts["title"].partition(":")[0]
    plain = unicodedata.normalize("NFKD", surname).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z]", "", plain.lower()) + parts.get("year", "")


def _fields(kind: str, parts: dict[str, str]) -> dict[str, str]:
    authors = _authors(parts["authors"]) if kind != "misc" else "{" + _safe(parts["authors"]) + "}"
    return {
        "author": authors,
        "title": _title(_safe(parts["title"])),
        "journal": _safe(parts.get("journal", "")),
        "publisher": _safe(parts.get("publisher", "")),
        "year": parts.get("year", ""),
        "volume": parts.get("volume", ""),
        "number": parts.get("number", ""),
        "pages": parts.get("pages", "").replace("–", "--"),
        "doi": parts.get("doi", ""),
        "url": parts.get("url", ""),
    }


def _title(text: str) -> str:
    """Keep the capitals of names, but of the first word only those inside it."""
    first, space, rest = text.partition(" ")
    inside = _KEPT.sub(r"{\g<0>}", first) if re.search(r"[A-Z]", first[1:]) else first
    return inside + space + _KEPT.sub(r"{\g<0>}", rest)


def _authors(text: str) -> str:
    """Turn ``van Zwet EW, Goeman JJ`` into ``van Zwet, E. W. and Goeman, J. J.``."""
    others = text.endswith(" et al.")
    named = []
    for one in text.removesuffix(" et al.").split(", "):
        surname, _, initials = one.rpartition(" ")
        named.append(f"{_safe(surname)}, " + " ".join(f"{letter}." for letter in initials))
    return " and ".join([*named, *(["others"] if others else [])])


def _safe(text: str) -> str:
    return "".join(_SPECIAL.get(letter, letter) for letter in text)
