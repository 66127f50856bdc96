"""Units: which columns name what varies independently (cages, donors, households), and their true identity."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from commensal.checks.words import ARM, CROWD, UNITS, UnitFamily, has_part, unit_word
from commensal.study import JOINT, LoadedStudy

#: Labels that only count: those of cages restart in every arm. Of ids that a private run hides, the last letter tells.
_COUNTER = re.compile(r"(?:cage|c|#)?[\s_-]?(?:\d{1,2}|[A-Za-z])|id~\d{8}~\d{3}[#%]", re.IGNORECASE)
_BARE = re.compile(r"\d{1,2}|id~\d{8}~\d{3}#")


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """A column whose labels name units that hold several samples."""

    column: str
    one: str  #: ``cage``
    many: str  #: ``cages``
    family: UnitFamily
    labels: pd.Series  #: full identity per sample of the study (missing = ``<NA>``)
    raw: pd.Series  #: the labels as the file has them
    declared: tuple[str, ...] = ()  #: ``nested_in``
    inferred: tuple[str, ...] = ()  #: columns by which reused labels must be told apart, beyond the declared ones
    arms: tuple[str, ...] = ()  #: columns in whose levels the raw labels recur
    most: int = 0  #: subjects under the fullest raw label


def is_counter(label: str, *, bare: bool = False) -> bool:
    """Whether a label only counts (``3``, ``cage 3``, ``B``); with ``bare``, whether it is a number of two digits.

    Examples
    --------
    >>> is_counter("cage 3"), is_counter("cage 3", bare=True), is_counter("3", bare=True), is_counter("PKC-17")
    (True, False, True, False)
    """
    return (_BARE if bare else _COUNTER).fullmatch(label) is not None


def text(series: pd.Series) -> pd.Series:
    """Labels of a column as strings, missing ones kept missing; whole numbers without ``.0``.

    Examples
    --------
    >>> text(pd.Series([1.0, 2.5, None])).tolist()
    ['1', '2.5', <NA>]
    """
    if pd.api.types.is_bool_dtype(series):
        return series.map({True: "true", False: "false"}).astype("string")
    if pd.api.types.is_float_dtype(series):
        words = [pd.NA if pd.isna(x) else f"{x:.12g}" for x in series]
        return pd.Series(words, index=series.index, dtype="string")
    return series.astype("string")


def quoted(names: tuple[str, ...]) -> str:
    """Write names as a study file has them.

    Examples
    --------
    >>> print(quoted(("abx", "infection")))
    "abx", "infection"
    """
    return ", ".join(f'"{name}"' for name in names)


def varies(values: pd.Series, within: pd.Series) -> pd.Series:
    """Say for each group whether its values differ (missing ones aside).

    Examples
    --------
    >>> varies(pd.Series(["F", "F", "M"]), pd.Series(["a", "b", "b"])).to_dict()
    {'a': False, 'b': True}
    """
    return values.groupby(within).nunique().gt(1)


def find_units(loaded: LoadedStudy) -> tuple[Unit, ...]:
    """Return the unit columns of a study: declared blocks, nested variables, and columns with a known name."""
    declared = loaded.declared
    blocks = {name for question in declared.questions.values() for name in question.block}
    found = []
    for column in loaded.samples.columns:
        if column in ("subject", "specimen", "role"):
            continue
        variable = declared.variables.get(column)
        nested = variable.nested_in if variable else ()
        word = unit_word(column)
        if not nested and word is None and column not in blocks:
            continue
        if variable and variable.type == "number" and not nested and column not in blocks:
            continue
        one, many, family = UNITS[word] if word else (column, f"labels of {column}", "declared")
        found.append(_unit(loaded, column, (one, many, family), nested))
    return tuple(found)


def _unit(loaded: LoadedStudy, column: str, words: tuple[str, str, UnitFamily], nested: tuple[str, ...]) -> Unit:
    one, many, family = words
    raw = text(loaded.raw[column] if column in loaded.raw else loaded.samples[column])
    labels = text(loaded.samples[column])
    inferred: tuple[str, ...] = ()
    if family == "housing" and one in CROWD:
        inferred = _inferred(loaded, raw, labels, CROWD[one])
        for name in inferred:
            labels = _joined(text(loaded.samples[name]), labels)
    arms = nested + inferred
    recurs = bool(arms) and bool(varies(labels, raw).any())
    most = int(loaded.samples["subject"].groupby(raw).nunique().max()) if raw.notna().any() else 0
    return Unit(column, one, many, family, labels, raw, nested, inferred, arms if recurs else (), most)


def _joined(outer: pd.Series, inner: pd.Series) -> pd.Series:
    return (outer + JOINT + inner).astype("string")


def _inferred(loaded: LoadedStudy, raw: pd.Series, labels: pd.Series, crowd: int) -> tuple[str, ...]:
    """Columns of arms that split labels which cannot be one unit: bare counters that hold too many animals."""
    if not all(is_counter(label) for label in raw.dropna()):
        return ()
    found: list[str] = []
    subject = loaded.samples["subject"]
    for name in arm_columns(loaded):
        arm = text(loaded.samples[name])
        # Per label: animals (too many to be one cage?) and arms (does this column tell them apart?).
        crowded = subject.groupby(labels).nunique() > crowd
        split = varies(arm, labels)
        if bool((crowded & split).any()):
            found.append(name)
            labels = _joined(arm, labels)
    return tuple(found)


def arm_columns(loaded: LoadedStudy) -> tuple[str, ...]:
    """Columns that say what was done to a subject: of contrasts, of their conditions, and by name."""
    declared, samples = loaded.declared, loaded.samples
    names: dict[str, None] = {}
    for contrast in declared.contrasts.values():
        names.setdefault(contrast.column)
    for contrast in declared.contrasts.values():
        for name, condition in contrast.where.items():
            if condition.levels:
                names.setdefault(name)
    for name in samples.columns:
        if has_part(name, ARM):
            names.setdefault(name)
    kept = []
    for name in names:
        if name not in samples.columns or name in ("subject", "specimen", "role") or unit_word(name):
            continue
        if pd.api.types.is_float_dtype(samples[name]) or not 2 <= text(samples[name]).nunique() <= 20:
            continue
        if bool(varies(text(samples[name]), samples["subject"]).any()):
            continue  # what changes within a subject (time, treatment phase) is no arm
        kept.append(name)
    return tuple(kept)
