"""The keys of the study file: one table, derived from the declared dataclasses and a few special readers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, get_type_hints

from commensal.errors import nearest
from commensal.study.declared import (
    FAMILY_PARTS,
    IDENTITY,
    Assay,
    Condition,
    Contrast,
    Design,
    Event,
    Features,
    Load,
    Measure,
    NoneAsked,
    Onset,
    Question,
    Study,
    Table,
    Variable,
)
from commensal.study.genomes import Genomes
from commensal.study.planned import Planned
from commensal.study.prepare import Prepare, read_limit, read_normalise
from commensal.study.readers import (
    Place,
    Reader,
    code,
    from_hint,
    level,
    list_of,
    number,
    one_of,
    relative_path,
    table_of,
    text,
    whole,
    within,
    wrong_type,
)
from commensal.study.reporting import WHO, Reporting, read_arrive, read_storms


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a section: its name in the file, its attribute, its reader, and whether it must be there."""

    name: str
    attribute: str
    read: Reader
    required: bool


@dataclass(frozen=True, slots=True)
class Section:
    """One section: what it makes, its keys, and (for ``[assays.NAME]``) the attribute that takes the name."""

    make: type
    keys: Mapping[str, Key]
    named: str | None = None

    def values(self, raw: object, place: Place) -> dict[str, Any]:
        """Read a section's keys to attributes; unknown and missing keys are errors."""
        if not isinstance(raw, dict):
            raise wrong_type(raw, place, f"a table with {', '.join(self.keys)}")
        refuse_unknown(raw, self.keys, place)
        for key in self.keys.values():
            if key.required and key.name not in raw:
                raise place.at(key.name).error(
                    "the key is missing", found=f"only {', '.join(raw) or 'an empty section'}", expected=key.name
                )
        return {
            key.attribute: key.read(raw[key.name], place.at(key.name)) for key in self.keys.values() if key.name in raw
        }

    def build(self, raw: object, place: Place) -> Any:
        """Read a section to its dataclass."""
        name = {self.named: place.section.partition(".")[2]} if self.named else {}
        return self.make(**name, **self.values(raw, place))


def refuse_unknown(raw: Mapping[str, object], known: Mapping[str, object], place: Place) -> None:
    """Refuse keys that are not known, with the nearest known one."""
    for name in raw:
        if name not in known:
            near = nearest(name, known)
            raise place.at(name).error(
                f"unknown key {name!r}" if place.section else f"unknown section [{name}]",
                found=name,
                expected=f"one of {', '.join(known)}",
                mend=f"did you mean {near[0]!r}?" if near else "remove it",
            )


def _section(
    make: type,
    *,
    named: str | None = None,
    only: tuple[str, ...] = (),
    rename: Mapping[str, str] | None = None,
    **readers: Reader,
) -> Section:
    hints = get_type_hints(make)
    names = rename or {}
    keys = {}
    for item in fields(make):
        if item.name == named or (only and item.name not in only):
            continue
        required = item.default is MISSING and item.default_factory is MISSING
        name = names.get(item.name, item.name)
        keys[name] = Key(name, item.name, readers.get(item.name) or from_hint(hints[item.name]), required)
    return Section(make, keys, named)


#: A plan draws no more of anything than this.
MOST_PLANNED = 100_000
_RANGE = _section(Condition, only=("min", "max"))
_FEATURES = _section(Features, file=relative_path)
_SHARE = within(number, lambda v: v > 0, "a number above 0")
_PREPARE = _section(
    Prepare,
    limit=read_limit,
    blank_ratio=_SHARE,
    internal_standards=list_of(text, empty=False),
    normalise=read_normalise,
    max_rsd=_SHARE,
    seed=within(whole, lambda v: v >= 0, "0 or more"),
)
_COUNT = within(whole, lambda v: 1 <= v <= MOST_PLANNED, f"a whole number from 1 to {MOST_PLANNED:,}")
_LEVELS = list_of(level, empty=False)
_PRODUCERS: dict[str, Reader] = dict.fromkeys(("taxa", "molecules"), list_of(text, empty=False))
_SEVERITY: dict[str, Reader] = {"measure": text, "at": one_of(("nearest", "first", "last"))}


def _condition(value: object, place: Place) -> Condition:
    if not isinstance(value, dict):
        return Condition(levels=_LEVELS(value, place))
    condition: Condition = _RANGE.build(value, place)
    if condition.min is None and condition.max is None:
        raise place.error("empty range", found="{}", expected="{ min = …, max = … } or one of them")
    if condition.min is not None and condition.max is not None and condition.min > condition.max:
        raise place.error("min is above max", found=f"{condition.min:g} > {condition.max:g}", expected="min ≤ max")
    return condition


def _severity(value: object, place: Place) -> dict[str, str]:
    if not isinstance(value, dict):
        raise wrong_type(value, place, '{ measure = "…", at = "nearest" }')
    refuse_unknown(value, _SEVERITY, place)
    if "measure" not in value:
        raise place.error("the key is missing", found=", ".join(value) or "{}", expected="measure")
    return {"at": "nearest"} | {name: _SEVERITY[name](one, place.at(name)) for name, one in value.items()}


def _producers(value: object, place: Place) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise wrong_type(value, place, '{ taxa = "…", molecules = ["…"] }')
    refuse_unknown(value, _PRODUCERS, place)
    for name in _PRODUCERS:
        if name not in value:
            raise place.error("the key is missing", found=", ".join(value) or "{}", expected=name)
    return {name: _PRODUCERS[name](one, place.at(name)) for name, one in value.items()}


def _all_or_none(value: object, place: Place) -> tuple[str, ...]:
    return tuple(list_of(text)(value, place)) or NoneAsked()


def _pattern(value: object, place: Place) -> str:
    path = relative_path(value, place)
    if "{sample}" not in path:
        raise place.error("no {sample} in the pattern", found=repr(path), expected='"reads/{sample}_{mate}.fastq.gz"')
    return path


def _genome_pattern(value: object, place: Place) -> str:
    path = relative_path(value, place)
    if "{genome}" not in path:
        raise place.error("no {genome} in the pattern", found=repr(path), expected='"kofam/{genome}.gff.gz"')
    return path


#: Section → its keys. The documentation's tables are held to this by a test.
SECTIONS: dict[str, Section] = {
    "study": _section(Study, only=("name", "title", "time_unit", "private")),
    "design": _section(Design),
    "tables": _section(
        Table,
        named="name",
        only=("files", "columns", "constants", "missing", "format", "cohort", "time_unit"),
        rename={"files": "file"},
        files=list_of(relative_path, empty=False),
        constants=table_of(level),
        missing=list_of(code),
    ),
    "variables": _section(
        Variable,
        named="name",
        map=table_of(level),
        reference=level,
        levels=_LEVELS,
        nested_in=list_of(text, empty=False),
        missing=list_of(code),
    ),
    "events": _section(Event, named="name", margin=_SHARE, expected=_SHARE),
    "onset": _section(
        Onset,
        rename={"columns": "column"},
        columns=within(list_of(text, empty=False), lambda c: len(c) <= 2, "a column, or two: earliest and latest"),
    ),
    "assays": _section(
        Assay,
        named="name",
        file=relative_path,
        tree=relative_path,
        reference=relative_path,
        files=_pattern,
        tx2gene=relative_path,
        features=_FEATURES.build,
        identity=table_of(text, key=one_of(IDENTITY)),
        prepare=_PREPARE.build,
        expected=_COUNT,
        missing=list_of(code),
    ),
    "load": _section(Load, named="specimen"),
    "measures": _section(
        Measure,
        named="name",
        margin=within(number, lambda v: v > 0, "a number above 0"),
        floor=within(number, lambda v: v > 0, "a number above 0"),
    ),
    "contrasts": _section(Contrast, named="name", case=_LEVELS, control=_LEVELS, where=table_of(_condition)),
    "questions": _section(
        Question,
        named="name",
        assays=_all_or_none,
        severity=_severity,
        measures=_all_or_none,
        events=_all_or_none,
        strains=table_of(level),
        gives=table_of(text),
        chosen_by=list_of(text, empty=False),
        genomes=table_of(level),
        mutants=table_of(level),
        margin=within(number, lambda v: v > 0, "a number above 0"),
        sets=list_of(relative_path, empty=False),
        targeted=list_of(text, empty=False),
        controls=table_of(text),
        producers=_producers,
        family=list_of(one_of(FAMILY_PARTS), empty=False),
        min_prevalence=within(number, lambda v: 0 <= v < 1, "a share: 0 or more, below 1"),
        permutations=within(whole, lambda v: v >= 99, "99 or more"),
        level=within(number, lambda v: 0.5 < v < 1, "a confidence level between 0.5 and 1, such as 0.95"),
        seed=within(whole, lambda v: v >= 0, "0 or more"),
    ),
    "genomes": _section(
        Genomes,
        file=relative_path,
        files=_genome_pattern,
        reference=relative_path,
        medium=list_of(text, empty=False),
        culture=relative_path,
        models=_genome_pattern,
        growth=within(number, lambda v: 0 < v <= 1, "a share above 0, up to 1"),
    ),
    "reporting": _section(
        Reporting, subjects=list_of(one_of(WHO), empty=False), storms=read_storms, arrive=read_arrive
    ),
    "planned": _section(
        Planned,
        named="name",
        columns=table_of(level),
        animals=_COUNT,
        cages=_COUNT,
        people=_COUNT,
        households=_COUNT,
        followed=_SHARE,
    ),
}

#: Inline tables of the file and their keys.
INLINE: dict[str, tuple[str, ...]] = {
    "assays.features": tuple(_FEATURES.keys),
    "assays.identity": IDENTITY,
    "assays.prepare": tuple(_PREPARE.keys),
    "contrasts.where": tuple(_RANGE.keys),
    "questions.severity": tuple(_SEVERITY),
    "questions.producers": tuple(_PRODUCERS),
}
