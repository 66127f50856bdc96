"""What two tables say about themselves: ids, types, subjects, households, and who could be compared with whom."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.errors import listing
from commensal.study.declared import DEFAULT_MISSING, AssayKind, Value

MOST_LEVELS = 12
_SEX = r"sex|gender"
_SUBJECT = r"subjects?|person|patient|participant|individual|host|donor_?subject|animal|mouse|rat|infant|child"
_HOUSEHOLD = r"house_?hold|home|family|famil|fam|couple|pair|twin_?pair|pedigree_?id"
_CAGE = r"cage|isolator|litter|pen|tank"
_TAXA_FILE = r"microb|bacteri|species|genus|genera|taxa|otu|asv|16s|metaphlan"
#: Of the laboratory, not of people.
_MACHINE = r"batch|plate|run|lane|day|box|kit|operator"
_LABEL = r"batch|plate|run|lane|class|group|site|centre|center|visit|type|status|genotype"
_DISEASE = r"group|disease|diagnos|status|condition|case|cohort|phenotype|treat|arm|genotype|abx|antibiotic"
_CONTROL = (
    r"control|controls|ctrl|ctl|healthy|healthy \w+|hc|normal|unaffected|placebo|untreated|vehicle|water|sham|mock"
    r"|none|no|n|no[ _-]\w+|false|negative|neg|non[ _-]?\w+|wild[ _-]?type|wt"
    r"|relative|spouse|household|household[ _-]member|family[ _-]member"
)

ColumnKind = Literal["number", "boolean", "category", "text", "constant"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table of samples, and what it seems to be."""

    name: str
    values: tuple[str | None, ...]  #: one per row; None = missing
    levels: Mapping[str, int]  #: level → how often, the most frequent first
    kind: ColumnKind

    @property
    def missing(self) -> int:
        """How many rows have no value."""
        return sum(value is None for value in self.values)

    @property
    def unique(self) -> bool:
        """True where every row has a value of its own."""
        return not self.missing and len(self.levels) == len(self.values)

    @property
    def padded(self) -> bool:
        """True where a level begins or ends with a blank, which a study file that names the column refuses."""
        return any(level != level.strip() for level in self.levels)

    def says(self, words: str) -> bool:
        """Whether one of these words, or a short form with ``id``, is part of the column's name."""
        # CamelCase and separators cut a name into words: FamilyID, family_id, Family.ID.
        name = re.sub(r"([a-z])([A-Z])", r"\1_\2", self.name)
        return re.search(rf"(?:^|[^A-Za-z])(?:{words})(?:[^A-Za-z]|$)", name, re.IGNORECASE) is not None

    def summary(self, most: int = 6) -> str:
        """Levels with their counts."""
        text = listing((f"{level} {count}" for level, count in self.levels.items()), most)
        return f"{text}; {self.missing} missing" if self.missing else text


def columns_of(frame: pd.DataFrame, declared: Mapping[str, str] | None = None) -> dict[str, Column]:
    """Read a frame of strings as columns; ``declared`` are types that the file itself states (QIIME 2).

    Examples
    --------
    >>> columns = columns_of(pd.DataFrame({"Age": ["31", "NA", "40", "35"], "Sex": ["F", "M", "F", "F"]}))
    >>> columns["Age"].kind, columns["Age"].missing, dict(columns["Sex"].levels)
    ('number', 1, {'F': 3, 'M': 1})
    """
    found = {}
    for name in map(str, frame.columns):
        cells = frame[name].tolist()
        values = tuple(None if _missing(cell) else str(cell) for cell in cells)
        levels = dict(sorted(Counter(v for v in values if v is not None).items(), key=lambda item: (-item[1], item[0])))
        column = Column(name, values, levels, "text")
        found[name] = Column(name, values, levels, _kind(column, (declared or {}).get(name)))
    return found


def _missing(cell: Any) -> bool:
    return cell is None or pd.isna(cell) or not str(cell).strip() or str(cell) in DEFAULT_MISSING


def _kind(column: Column, declared: str | None) -> ColumnKind:
    levels = column.levels
    if len(levels) < 2:
        return "constant"
    if {level.lower() for level in levels} in ({"true", "false"}, {"yes", "no"}):
        return "boolean" if {level.lower() for level in levels} == {"true", "false"} else "category"
    numeric = declared != "categorical" and all(_is_number(level) for level in levels)
    few = len(levels) <= MOST_LEVELS
    if numeric and not (few and (column.says(f"{_CAGE}|{_LABEL}|{_HOUSEHOLD}|{_SUBJECT}") or len(levels) == 2)):
        return "number"
    return "category" if few else "text"


def _is_number(text: str) -> bool:
    # 007 is a label.
    form = r"[+-]?(?!0\d)(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
    return re.fullmatch(form, text.strip()) is not None


def subject_column(columns: Mapping[str, Column], sample: str) -> tuple[str | None, str | None]:
    """Return the column that names subjects, and a sentence about one that seems to but cannot.

    A subject has one sex and lives in one home: where these differ within a label, the label is reused.
    """
    refused = None
    for column in columns.values():
        if column.name == sample or not column.says(_SUBJECT) or column.missing or len(column.levels) < 3:
            continue
        other = next(
            (c for c in columns.values() if c.says(f"{_SEX}|{_CAGE}|{_HOUSEHOLD}") and _varies(c, column)), None
        )
        if other is None:
            return column.name, refused
        refused = f"{column.name} was not taken as the subject: {other.name} differs within its labels"
    return None, refused


def _varies(inner: Column, outer: Column) -> bool:
    seen: dict[str | None, str] = {}
    return any(v is not None and seen.setdefault(o, v) != v for v, o in zip(inner.values, outer.values, strict=True))


def block_column(columns: Mapping[str, Column], taken: Sequence[str | None]) -> str | None:
    """Return the column of the unit that people (or animals) share, if one is named so."""
    for words in (_HOUSEHOLD, _CAGE):
        for column in columns.values():
            repeated = 1 < len(column.levels) < len(column.values) - column.missing
            if column.name not in taken and column.says(words) and repeated and column.kind != "boolean":
                return column.name
    return None


def reused_label(block: Column, label: Column) -> bool:
    """Whether cage labels look reused across the arms: short numbers that stand on several sides."""
    return (
        block.says(_CAGE) and all(re.fullmatch(r"\d{1,2}", level) for level in block.levels) and _varies(label, block)
    )


def candidates(columns: Mapping[str, Column], taken: Sequence[str | None]) -> list[Column]:
    """Return the columns that could say who is compared with whom, the likeliest first."""
    usable = [
        column
        for column in columns.values()
        if column.name not in taken
        and column.kind in ("category", "boolean")
        and 2 <= len(column.levels) <= MOST_LEVELS
        and sorted(column.levels.values())[-2] > 1  # one sample is no group
        and not column.says(f"{_SEX}|{_SUBJECT}|{_HOUSEHOLD}|{_CAGE}")
    ]
    return sorted(
        usable,
        key=lambda column: (
            not column.says(_DISEASE),
            column.says(_MACHINE),
            not control_levels(column),
            len(column.levels),
        ),
    )


def control_levels(column: Column) -> list[str]:
    """Return the levels whose name says control, healthy, placebo and the like."""
    return [level for level in column.levels if re.fullmatch(_CONTROL, level.strip(), re.IGNORECASE)]


@dataclass(frozen=True, slots=True)
class Measured:
    """What a table of measurements seems to hold, and why."""

    kind: AssayKind
    value: Value
    why_kind: str
    why_value: str
    zeros: bool  #: whether there are zeros, or gaps that are read as such
    exclude: tuple[str, ...] = ()  #: features of the other ranks, where the table holds several ranks at once
    why_exclude: str = ""


#: Formats of profilers of reads, and what their features are.
PROFILES: dict[str, AssayKind] = {
    "metaphlan": "taxa", "sylphtax": "taxa", "sylph": "taxa", "motus": "taxa", "kraken": "taxa", "bracken": "taxa",
    "humann": "genes",
}  # fmt: skip
#: Formats of metabolomics; ``molecules`` is a workbook whose features have identifiers of compounds.
MOLECULES = ("mwtab", "mztab", "metaboanalyst", "msdial", "xcms", "metabolon", "molecules")
#: Those of them in which a missing value is a molecule that was not seen.
UNSEEN = ("xcms", "metabolon", "molecules")


def measured(values: NDArray[np.float64], features: Iterable[str], file: str, form: str) -> Measured:
    """Guess what a table (n, m) holds: kind from the features' names, value from the numbers.

    Parameters
    ----------
    values
        Samples in rows; NaN = missing.
    features
        Names of the features.
    file, form
        Name of the file, and of its format.

    Examples
    --------
    >>> guess = measured(np.array([[3.0, 0.0], [5.0, 1.0]]), ["d__Bacteria;g__A", "d__Bacteria;g__B"], "t.tsv", "wide")
    >>> guess.kind, guess.value
    ('taxa', 'counts')
    """
    finite = values[np.isfinite(values)]
    names = list(features)
    if form in PROFILES:
        return _profile(values, finite, form)
    lineages = sum(re.search(r"(^|[;|])\s*[dkpcofgs]__", name) is not None for name in names) > len(names) / 2
    if form in ("mothur", "qiime2", "phyloseq"):
        taxa = "the file's format is one for sequencing"
    elif lineages:
        taxa = "features are named by lineages"
    else:
        taxa = "by the file's name" if re.search(_TAXA_FILE, file, re.IGNORECASE) else ""
    if lineages and (one := _one_rank(values, names)) is not None:
        rank, total, others = one
        whole = "100" if total == 100 else "1"
        return Measured(
            "taxa",
            "relative",
            taxa,
            f"the {rank} alone sum to {whole} in every sample",
            bool((finite == 0).any()),
            others,
            f"guessed: the table holds several ranks, the same reads again and again; the {rank} are kept",
        )
    value, why = _value(values, finite, bool(taxa))
    if taxa:
        kind: AssayKind = "taxa"
        why_kind = taxa
    elif form in MOLECULES:
        kind, why_kind = "metabolites", "the file's format is one for molecules"
        if value in ("counts", "relative"):
            value, why = "intensity", "what instruments give; peak areas may be whole numbers"
    elif value in ("counts", "relative"):
        kind, why_kind = "taxa", f"the values are {value}"
    else:
        kind, why_kind = "metabolites", f"the values are {value}"
    unseen = form in UNSEEN and bool(np.isnan(values).any())
    return Measured(kind, value, why_kind, why, unseen or bool((finite == 0).any()))


def _profile(values: NDArray[np.float64], finite: NDArray[np.float64], form: str) -> Measured:
    """Say what a profiler's table holds: its reader has left one rank, and kept apart what belongs to no feature."""
    zeros = bool((finite == 0).any())
    kind, why = PROFILES[form], f"the file's format is {form}'s"
    if finite.size and (finite == np.round(finite)).all() and finite.max() > 100:
        return Measured(kind, "counts", why, "all values are whole numbers", zeros)
    if np.nansum(values, axis=1).max(initial=0) <= 100 * (1 + _OFF):
        return Measured(kind, "relative", why, "no sample sums to more than 100", zeros)
    return Measured(kind, "absolute", why, "samples sum to more than 100, and not in whole numbers", zeros)


def profile_name(form: str, features: Iterable[str]) -> str:
    """Name what a profiler of clades found: ``species`` where its table is of species, else ``taxa``; else nothing.

    Examples
    --------
    >>> profile_name("metaphlan", ["k__Bacteria|s__A"]), profile_name("metaphlan", ["k__Bacteria"])
    ('species', 'taxa')
    >>> profile_name("wide", ["s__A"])
    ''
    """
    if PROFILES.get(form) != "taxa":
        return ""
    return "species" if {_rank(name) for name in features} == {"s"} else "taxa"


_RANKS = {"s": "species", "g": "genera", "f": "families", "o": "orders", "c": "classes", "p": "phyla"}
#: How far a sum of shares may lie from its total, as the reader has it.
_OFF = 0.01


def _one_rank(values: NDArray[np.float64], names: Sequence[str]) -> tuple[str, float, tuple[str, ...]] | None:
    """Find the lowest rank whose shares sum to a whole, in a table that holds several, and what is not of it.

    Rows that are no lineage (UNCLASSIFIED) stay: they are part of the whole at every rank.
    """
    ranks = [_rank(name) for name in names]
    known = {name for name, rank in zip(names, ranks, strict=True) if rank}
    parents = {re.sub(r"[|;][^|;]*$", "", name) for name in known}
    if len(parents & known) < 2:  # no feature is a part of another
        return None
    for rank, word in _RANKS.items():
        keep = np.array([own in (rank, "") for own in ranks])
        if rank not in ranks:
            continue
        sums = np.nansum(values[:, keep], axis=1)
        sums = sums[sums > 0]
        for total in (100.0, 1.0):
            if sums.size and (np.abs(sums / total - 1) <= _OFF).all():
                return word, total, _others(names, ranks, rank)
    return None


def _rank(name: str) -> str:
    """Return the letter of a lineage's last rank, or nothing where it is no lineage."""
    found = re.fullmatch(r"\s*([dkpcofgst])__.*", re.split(r"[|;]", name)[-1])
    return found[1] if found else ""


def _others(names: Sequence[str], ranks: Sequence[str], rank: str) -> tuple[str, ...]:
    """Patterns for all other ranks: strains by one, what lies above by name, for no pattern counts the ranks."""
    named = [name for name, own in zip(names, ranks, strict=True) if own not in (rank, "t", "")]
    cut = (re.search(r"[|;] ?(?=t__[^|;]*$)", name) for name, own in zip(names, ranks, strict=True) if own == "t")
    return (*named, *sorted({f"*{found[0]}t__*" for found in cut if found}))


def _value(values: NDArray[np.float64], finite: NDArray[np.float64], taxa: bool) -> tuple[Value, str]:
    if not finite.size:
        return "intensity", "there are no numbers"
    if finite.min() < 0:
        return "log2", "there are negative values, which only logarithms have"
    # Peak areas can be whole numbers too: counts have no gaps, and either zeros or names of taxa.
    if np.all(finite == np.rint(finite)) and finite.size == values.size and (taxa or (finite == 0).any()):
        return "counts", "whole numbers without gaps"
    sums = np.nansum(values, axis=1)
    sums = sums[sums != 0]
    if sums.size and any(np.allclose(sums, total, rtol=0.01) for total in (1.0, 100.0)):
        return "relative", "every sample sums to the same 1 or 100"
    return "intensity", "neither whole numbers nor shares"
