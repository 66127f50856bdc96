"""A study whose ids of people are tokens: what comes of it cannot name anyone, because it never knew a name.

A token keeps the place of its id among the sorted ids, so that nothing that sorts by id gives another number. Tokens
leave in exchange for pseudonyms, which keep no order. A token also tells whether its id only counts, as cages 1 to 4 of
every arm do: what stands for several units must be seen as such.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from commensal import execution
from commensal.checks.units import is_counter
from commensal.study import AssayTable, Condition, Dropped, LoadedStudy, Match, Study

#: Samples and their subjects share their ids where nobody gave subjects; these columns are always ids of people.
PERSON = "subject"
ALWAYS = ("subject", "sample", "household")
#: Units of several animals, or of a place: a sentence about them is of nobody, and stays with pseudonyms in it.
UNITS = frozenset({"cage", "isolator", "litter", "room", "facility", "vivarium", "batch", "site", "centre", "center"})
#: What is dropped and is somebody.
SOMEBODY = ("sample", "subject", "row")
#: What is dropped and is of features alone, with the name of a file in its reason.
PART = "part"
#: What looks like the name of a file, which may be that of a sample, in a reason.
_FILE = re.compile(r"[\w-]\.[A-Za-z]|[/\\]")
_TOKEN = re.compile(r"id~\d{8}~\d{3}[~#%]")


@dataclass(frozen=True, slots=True)
class Names:
    """Which token stands for which id, and what is written in its place."""

    key: bytes = field(repr=False)
    tokens: Mapping[str, Mapping[str, str]] = field(repr=False)  #: kind → id → token
    written: Mapping[str, str] = field(repr=False)  #: token → pseudonym

    def token(self, kind: str, name: object) -> Any:
        """Return the token of an id; what is missing stays so."""
        return name if pd.isna(name) else self.tokens[kind].get(str(name), name)  # type: ignore[call-overload]

    def any_token(self, name: str) -> str:
        """Return the token of an id of whatever kind; one that is not known gets a pseudonym at once."""
        for one in self.tokens.values():
            if name in one:
                return one[name]
        return execution.pseudonym(self.key, "name", name)

    def shown(self, text: str) -> str:
        """Return a text with pseudonyms for tokens."""
        return _TOKEN.sub(lambda found: self.written.get(found[0], "someone"), text)

    def named(self, text: str) -> list[str]:
        """Return the pseudonyms of the people that a text with tokens names, each once; not those of `UNITS`."""
        all_ = dict.fromkeys(self.written.get(found[0], "someone") for found in _TOKEN.finditer(text))
        return [one for one in all_ if one.rpartition("-")[0] not in UNITS]

    def reason(self, text: str) -> str:
        """Return the reason why somebody was left out, written before ids became tokens; none that names a file."""
        inside = any(len(name) > 2 and name in text for one in self.tokens.values() for name in one)
        return "left out when its files were read" if inside or _FILE.search(text) else self.without_ids(text)

    def part(self, text: str) -> str:
        """Return the reason why a part of a table was left out, without the name of its file before it."""
        file, _, rest = text.partition(": ")
        return self.reason(rest if rest and _FILE.search(file) else text)

    def without_ids(self, text: str) -> str:
        """Return a text that was written before ids became tokens, with tokens for whatever is an id in it."""
        known = {name: token for one in reversed(list(self.tokens.values())) for name, token in one.items() if name}
        if not known:
            return text
        longest = sorted(known, key=len, reverse=True)
        pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)")
        return pattern.sub(lambda found: known[found[0]], text)


def id_columns(declared: Study) -> tuple[str, ...]:
    """Name the columns whose labels are ids: of people, and of the units that they live and are kept in.

    A column that a question compares, adjusts for or selects by is a label of the study, not an id.
    """
    labels = {one.column for one in declared.contrasts.values()}
    found = [*ALWAYS]
    for question in declared.questions.values():
        labels |= {*question.covariates, *(getattr(question, key) or "" for key in ("by", "dose", "facility"))}
        found += question.block
    found += [name for name, variable in declared.variables.items() if variable.nested_in]
    return tuple(name for name in dict.fromkeys(found) if name in ALWAYS or name not in labels)


def hidden(loaded: LoadedStudy, key: bytes) -> tuple[LoadedStudy, Names]:
    """Return the study with tokens for ids, and what they stand for.

    Parameters
    ----------
    loaded
        The study as read.
    key
        Of the pseudonyms, as in `execution.key_of`.
    """
    columns = id_columns(loaded.declared)
    names = _names(loaded, columns, key)

    def people(ids: Iterable[object]) -> tuple[str, ...]:
        return tuple(names.token(PERSON, one) for one in ids)

    def gone(items: Iterable[Dropped]) -> tuple[Dropped, ...]:
        return tuple(map(told, items))

    def told(one: Dropped) -> Dropped:
        if one.what in SOMEBODY:
            return replace(one, name=names.any_token(one.name), reason=names.reason(one.reason))
        return replace(one, reason=names.part(one.reason)) if one.what == PART else one

    def assay(table: AssayTable) -> AssayTable:
        quality = None if table.quality is None else _indexed(table.quality, names)
        return replace(table, samples=people(table.samples), dropped=gone(table.dropped), quality=quality)

    def match(one: Match) -> Match:
        sides = (one.matched, one.samples_without_data, one.data_without_samples)
        return Match(one.assay, *map(people, sides))

    def frame(one: pd.DataFrame | None, *, indexed: bool = False) -> Any:
        if one is None:
            return None
        made = _indexed(one, names) if indexed else one.copy()
        for name in (name for name in columns if name in made.columns):
            made[name] = _column(made[name], names, _kind(name))
        return made

    raw = {
        name: _series(_column(labels, names, _kind(name)) if name in columns else labels, names)
        for name, labels in loaded.raw.items()
    }
    prepared = {name: replace(one, samples=people(one.samples)) for name, one in loaded.preparation.items()}
    made = replace(
        loaded,
        declared=_declared(loaded.declared, columns, lambda name, label: names.token(_kind(name), label)),
        samples=frame(loaded.samples, indexed=True),
        subjects=frame(loaded.subjects, indexed=True),
        phenotypes=frame(loaded.phenotypes),
        events=frame(loaded.events),
        assays={name: assay(table) for name, table in loaded.assays.items()},
        matches={name: match(one) for name, one in loaded.matches.items()},
        raw=raw,
        unused_subjects=people(loaded.unused_subjects),
        unlisted_subjects=people(loaded.unlisted_subjects),
        dropped=gone(loaded.dropped),
        preparation=prepared,
    )
    return made, names


def shown_study(declared: Study, names: Names) -> Study:
    """Return a declaration with pseudonyms for tokens, for the page."""
    return _declared(declared, id_columns(declared), lambda _name, label: names.shown(label))


def _kind(column: str) -> str:
    return PERSON if column in ("sample", "subject") else column


def _names(loaded: LoadedStudy, columns: tuple[str, ...], key: bytes) -> Names:
    """Give every id its token: by kind, in the order of the sorted ids."""
    ids: dict[str, set[str]] = {_kind(name): set() for name in columns}
    somebody = ids[PERSON]
    samples = {str(one) for one in loaded.samples.index}
    for table in loaded.assays.values():
        samples |= set(table.samples) | {one.name for one in table.dropped if one.what in SOMEBODY}
        samples |= set() if table.quality is None else {str(one) for one in table.quality.index}
    for match in loaded.matches.values():
        samples |= {*match.matched, *match.samples_without_data, *match.data_without_samples}
    for prepared in loaded.preparation.values():
        samples |= set(prepared.samples)
    somebody |= samples | {one.name for one in loaded.dropped if one.what in SOMEBODY}
    somebody |= {str(one) for one in loaded.subjects.index} | {*loaded.unused_subjects, *loaded.unlisted_subjects}
    for frame in (loaded.samples, loaded.subjects, loaded.phenotypes, loaded.events):
        for name in columns if frame is not None else ():
            if frame is not None and name in frame.columns:
                ids[_kind(name)] |= {str(one) for one in frame[name].dropna()}
    for name, labels in loaded.raw.items():
        if name in columns:
            ids[_kind(name)] |= {str(one) for one in labels.dropna()}
    tokens: dict[str, dict[str, str]] = {}
    written: dict[str, str] = {}
    places = {name: place for place, name in enumerate(sorted(set().union(*ids.values())))}
    for at, (kind, own) in enumerate(ids.items()):  # kinds share one order: a person without a household stands for one
        tokens[kind] = {name: f"id~{places[name]:08d}~{at:03d}{_mark(name)}" for name in sorted(own)}
        for name, token in tokens[kind].items():
            said = "sample" if kind == PERSON and name in samples else kind
            written[token] = execution.pseudonym(key, said, name)
    return Names(key, tokens, written)


def _mark(name: str) -> str:
    """Return how the token of an id ends: by whether it only counts."""
    return "#" if is_counter(name, bare=True) else "%" if is_counter(name) else "~"


def _column(column: pd.Series[Any], names: Names, kind: str) -> pd.Series[Any]:
    made = [names.token(kind, one) for one in column]
    return pd.Series(made, index=column.index, name=column.name, dtype=column.dtype if _is_text(column) else "string")


def _is_text(column: pd.Series[Any]) -> bool:
    return column.dtype == object or str(column.dtype).startswith("string")


def _indexed(frame: pd.DataFrame, names: Names) -> pd.DataFrame:
    made = frame.copy()
    made.index = pd.Index([names.token(PERSON, one) for one in frame.index], name=frame.index.name, dtype=object)
    return made


def _series(labels: pd.Series[Any], names: Names) -> pd.Series[Any]:
    made = labels.copy()
    made.index = pd.Index([names.token(PERSON, one) for one in labels.index], name=labels.index.name, dtype=object)
    return made


def _declared(declared: Study, columns: tuple[str, ...], to: Any) -> Study:
    """Write labels of id columns otherwise, where contrasts select by them and variables list them."""

    def condition(name: str, one: Condition) -> Condition:
        return replace(one, levels=tuple(to(name, level) for level in one.levels)) if name in columns else one

    contrasts = {
        name: replace(one, where={column: condition(column, held) for column, held in one.where.items()})
        for name, one in declared.contrasts.items()
    }
    variables = {
        name: replace(
            one,
            map={},
            levels=tuple(to(name, level) for level in one.levels),
            reference=None if one.reference is None else to(name, one.reference),
        )
        if name in columns
        else one
        for name, one in declared.variables.items()
    }
    return replace(declared, contrasts=contrasts, variables=variables)
