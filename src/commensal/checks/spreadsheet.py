"""Names of genes that a spreadsheet has turned into dates or numbers; they are told, never guessed back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from commensal.checks.words import singular
from commensal.errors import listing
from commensal.study import LoadedStudy
from commensal.tables import Finding

#: Assays whose features are called by symbols and ids of genes.
_GENES = ("transcripts", "genes")
#: Months as spreadsheets of several languages shorten them, and the stem of the genes that become them.
_MONTHS = {
    1: ("jan", "janv", "gen", "ene"),
    2: ("feb", "févr", "fév"),
    3: ("mar", "mrz", "mär", "märz", "mars"),
    4: ("apr", "avr", "abr"),
    5: ("may", "mai", "mag"),
    6: ("jun", "juin", "giu"),
    7: ("jul", "juil", "lug"),
    8: ("aug", "août", "ago"),
    9: ("sep", "sept", "set"),
    10: ("oct", "okt", "ott", "out"),
    11: ("nov",),
    12: ("dec", "dez", "déc", "dic"),
}
_NUMBER = {word: month for month, names in _MONTHS.items() for word in names}
#: Families of genes called like a month: as they were, as they have been called since 2020, and their last number.
_RENAMED = {3: ("MARCH", "MARCHF", 11), 9: ("SEPT", "SEPTIN", 14), 12: ("DEC", "DELEC", 1)}
_STARTS = {word[:3] for word in _NUMBER}
_WORD = "|".join(sorted(_NUMBER, key=len, reverse=True))
_DAY_MONTH = re.compile(rf"(\d{{1,2}})\.?[-/. ]({_WORD})\.?([-/. ](\d\d|\d{{4}}))?", re.IGNORECASE)
_MONTH_DAY = re.compile(rf"({_WORD})\.?[-/. ](\d{{1,2}})", re.IGNORECASE)
_ISO = re.compile(r"(?:19|20)\d\d-(\d\d)-(\d\d)(?:[ T]00:00(?::00)?)?")
_SLASHED = re.compile(r"\d{1,2}/\d{1,2}/(\d\d|\d{4})")
#: 2310009E13 → 2.31E+19: an id of digits, E and digits.
_POWER = re.compile(r"\d([.,]\d+)?E\+\d{2,3}", re.IGNORECASE)
_SERIAL = re.compile(r"\d{5}")
#: Days of 2000 to 2039, counted as spreadsheets do.
_EPOCH, _FIRST, _LAST = date(1899, 12, 30), 36526, 51134
_LETTER = re.compile(r"[^\W\d]")


def mangled(names: Iterable[str]) -> dict[str, str]:
    """Find names that are a spreadsheet's date or rounded number, and say what each may have been.

    Parameters
    ----------
    names
        Of one column: ids, or symbols. Five digits are taken for a date only where most names have letters, and only
        for days that such genes become: they are ids elsewhere.

    Returns
    -------
    dict
        Name → what it may have been, or nothing where that is lost.

    Examples
    --------
    >>> mangled(["Actb", "2-Sep", "44256", "2.31E+13", "Sod1"])
    {'2-Sep': 'SEPT2 (now SEPTIN2)', '2.31E+13': '', '44256': 'MARCH1 (now MARCHF1)'}
    >>> mangled(["44256", "11287"]), mangled(["SEPTIN2", "DEC1"])
    ({}, {})
    """
    listed = [str(name).strip() for name in names]
    found: dict[str, str] = {}
    serials: dict[str, str] = {}
    for name in listed:
        if not name[:1].isdigit() and name[:3].lower() not in _STARTS:
            continue  # of a million symbols nearly all
        was = _date(name)
        if was is None and _POWER.fullmatch(name):
            was = ""
        if was is not None:
            found[name] = was
        elif _SERIAL.fullmatch(name) and _FIRST <= int(name) <= _LAST:
            day = _EPOCH + timedelta(days=int(name))
            if gene := _gene(day.month, day.day):  # a number that is no such day is likely an id
                serials[name] = gene
    if serials:
        lettered = [bool(_LETTER.search(name)) for name in listed if name not in found]
        if 2 * sum(lettered) > len(lettered):
            found |= serials
    return found


def _date(name: str) -> str | None:
    """Return what a date may have been (nothing where unknown), or None where the name is no date."""
    if found := _DAY_MONTH.fullmatch(name):
        day, month = int(found[1]), _NUMBER[found[2].lower()]
    elif found := _MONTH_DAY.fullmatch(name):
        day, month = int(found[2]), _NUMBER[found[1].lower()]
    elif found := _ISO.fullmatch(name):
        day, month = int(found[2]), int(found[1])
    else:
        return "" if _SLASHED.fullmatch(name) else None  # which of the two is the month is not known
    return _gene(month, day) if 1 <= day <= 31 and 1 <= month <= 12 else None


def _gene(month: int, day: int) -> str:
    if month not in _RENAMED:
        return ""
    old, new, last = _RENAMED[month]
    return f"{old}{day} (now {new}{day})" if day <= last else ""


def spreadsheet_names(loaded: LoadedStudy) -> Iterator[Finding]:
    """Names of genes that have become dates or numbers on their way through a spreadsheet."""
    for name, table in loaded.assays.items():
        if table.assay.kind not in _GENES:
            continue
        ids = [str(feature) for feature in table.features.index]
        found = mangled(ids)
        if "label" in table.features.columns:
            labels = [str(label) for label in table.features["label"].dropna()]
            found |= {} if labels == ids else mangled(labels)
        if not found:
            continue
        shown = [f"{wrong!r}, perhaps {was}" if was else repr(wrong) for wrong, was in found.items()]
        yield Finding(
            "spreadsheet_names",
            "warning",
            f"assay {name}",
            f"dates or numbers, as a spreadsheet makes them of names of genes: {singular(len(found), 'name')} of "
            f"{len(ids):,} ({listing(shown, 6)}). They match no gene set, and two genes may have become one name.",
            "take the names from the table before it went through a spreadsheet (there, import the column as text), or "
            "write ids such as ENSG… in their place",
            assay=name,
            counts={"names": float(len(found)), "features": float(len(ids))},
        )


__all__ = ["mangled", "spreadsheet_names"]
