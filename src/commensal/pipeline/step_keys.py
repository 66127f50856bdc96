"""What a step depends on: it is given that and nothing else, and its key is the hash of it.

A step sees a study cut down to what its question names: the columns, assays, contrasts and measures of the declaration,
and whatever those name in turn. What is not in the cut cannot change the answer, because the step cannot read it.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from commensal import execution
from commensal.study import Design, LoadedStudy, Question, Study, Table
from commensal.study.declared import NoneAsked

if TYPE_CHECKING:
    import pandas as pd

    from commensal.pipeline.answering import Step

#: The rooms whose source makes an answer.
ROOMS = ("questions", "stats", "study", "tables", "knowledge", "errors", "pipeline.step_keys", "pipeline.kept_answers")
#: The libraries whose numbers are in it.
LIBRARIES = (
    "numpy", "scipy", "numba", "llvmlite", "pandas", "pyarrow", "scikit-bio", "lifelines", "firthmodels", "pydeseq2",
)  # fmt: skip
#: Columns that questions read by their own names, whatever is declared.
FIXED = (
    "sample", "subject", "specimen", "role", "time", "entry", "event", "measure", "value", "earliest", "latest",
    "cohort",
)  # fmt: skip
#: Keys of a question that name columns, contrasts and other questions.
_COLUMNS = ("block", "covariates", "by", "dose", "concurrent", "washout", "facility")
_CONTRASTS = ("contrast", "reverses", "supplements")
#: Kinds that read one table at a time, and only the one that they are asked of.
_ONE_TABLE = ("depletion", "screen", "rescue", "course", "host")
#: Kinds that read neither all measures nor events.
_NO_OUTCOMES = ("cohort", "host")


@dataclass(frozen=True, slots=True)
class Parts:
    """What a step's key is made of: name in words → (hash, the value in words where the study file says it)."""

    parts: Mapping[str, tuple[str, str | None]]

    @property
    def key(self) -> str:
        """The hash of all parts."""
        return execution.digest({name: summed for name, (summed, _) in self.parts.items()})

    def plain(self) -> dict[str, list[str | None]]:
        """Return the parts as plain data; no value of a person is in them, only hashes of columns."""
        return {name: list(one) for name, one in self.parts.items()}


def narrowed(loaded: LoadedStudy, step: Step) -> LoadedStudy:
    """Return the study with what a step may read, and nothing else."""
    question, declared = step.question, loaded.declared
    asked = [question, *(declared.questions[name] for name in question.chosen_by if name in declared.questions)]
    names = {str(getattr(one, key)) for one in asked for key in _CONTRASTS if getattr(one, key)}
    names |= {name for one in asked for name in one.controls.values()}
    contrasts = {name: one for name, one in declared.contrasts.items() if name in names}
    measures = _measures(loaded, question)
    columns = _columns(loaded, asked, contrasts.values(), measures.values(), step.part)
    assays = _assays(loaded, step)
    outcomes = question.kind not in _NO_OUTCOMES
    return replace(
        loaded,
        declared=replace(
            declared,
            path=type(declared.path)(declared.path.name),
            title="",
            design=Design(primary=declared.design.primary if outcomes else None),
            tables={name: _unread(table) for name, table in declared.tables.items()},
            variables={name: one for name, one in declared.variables.items() if name in columns},
            events=declared.events if outcomes else {},
            onset=declared.onset if outcomes else None,
            assays={name: one for name, one in declared.assays.items() if name in assays},
            load=_loads(loaded, step.part),
            measures=measures,
            contrasts=contrasts,
            questions={one.name: one for one in asked},
            reads={},
            **_defaults(declared),
        ),
        samples=_cut(loaded.samples, columns),
        subjects=_cut(loaded.subjects, columns),
        phenotypes=None if loaded.phenotypes is None else _cut(loaded.phenotypes, columns),
        events=None if loaded.events is None or not outcomes else _cut(loaded.events, columns),
        assays={name: one for name, one in loaded.assays.items() if name in assays},
        matches={name: one for name, one in loaded.matches.items() if name in assays},
        raw={},
        unused_subjects=(),
        unlisted_subjects=(),
        dropped=(),
        sets={file: one for file, one in loaded.sets.items() if file in question.sets},
        preparation={},
        root=None,
        as_read="",
    )


def parts_of(cut: LoadedStudy, step: Step, memory: dict[Any, str] | None = None) -> Parts:
    """Return what the key of a step is made of, from the study as `narrowed` cut it for the step.

    ``memory`` holds hashes of columns and tables between steps, so that each is taken once.
    """
    memory = {} if memory is None else memory
    found: dict[str, tuple[str, str | None]] = {}
    for name, summed, words in _named(cut, step, memory):
        if name in found:  # the later one would hide the earlier one's changes
            raise ValueError(f"two parts of a key are called {name!r}")
        found[name] = (summed, words)
    return Parts(found | _made_with())


def _named(cut: LoadedStudy, step: Step, memory: dict[Any, str]) -> Iterator[tuple[str, str, str | None]]:
    """Yield each part of a key: its name, its hash, and its value in words where the study file says it."""
    yield "part", execution.digest(step.part), step.part
    for one in fields(Question):
        value = getattr(step.question, one.name)
        yield one.name, execution.digest(value), _words(value)
    for name, value in _declared(cut, step):
        yield name, execution.digest(value), None
    for name, frame in (("samples", cut.samples), ("subjects", cut.subjects), ("phenotypes", cut.phenotypes),
                        ("events", cut.events)):  # fmt: skip
        yield f"whether there are {name}", execution.digest(frame is not None), None
        if frame is not None:
            yield from ((label, summed, None) for label, summed in _columns_of(name, frame, memory))
    for name, table in cut.assays.items():
        yield f"assay {name}", _remembered(memory, table, ("assay", name)), None
    for name, match in cut.matches.items():
        yield f"ids of assay {name}", execution.digest(match), None
    yield "order of assays", execution.digest((tuple(cut.assays), tuple(cut.matches))), None
    yield "gene sets", _remembered(memory, cut.sets, ("sets", step.question.sets)), None
    for name, thing in (("contents of genomes", cut.genomes), ("cultures", cut.culture)):
        yield name, _remembered(memory, thing, name), None


@cache
def _made_with() -> dict[str, tuple[str, str | None]]:
    """Return the code and the libraries that make an answer."""
    versions = execution.versions(LIBRARIES)
    found: dict[str, tuple[str, str | None]] = {
        f"code of {room}": (execution.source_digest(f"commensal.{room}"), None) for room in ROOMS
    }
    found |= {f"library {name}": (execution.digest(text), text) for name, text in versions.items()}
    found["Python and processor"] = (execution.digest(execution.python()), platform.python_version())
    return found


def _columns(
    loaded: LoadedStudy, asked: Iterable[Question], contrasts: Iterable[Any], measures: Iterable[Any], part: str | None
) -> set[str]:
    """Name the columns that questions read: those that they name, and what nests, loads and times these."""
    declared = loaded.declared
    names = set(FIXED)
    for question in asked:
        for key in _COLUMNS:
            value = getattr(question, key)
            names |= {value} if isinstance(value, str) else set(value or ())
    for contrast in contrasts:
        names |= {contrast.column, *contrast.where}
    names |= {measure.column or measure.name for measure in measures}
    names |= {load.column for load in _loads(loaded, part).values()}
    names |= {event.column for event in declared.events.values() if event.column}
    names |= set(declared.onset.columns) if declared.onset else set()
    while True:
        around = {outer for name in names if name in declared.variables for outer in declared.variables[name].nested_in}
        if around <= names:
            return names
        names |= around


def _measures(loaded: LoadedStudy, question: Question) -> dict[str, Any]:
    declared = loaded.declared.measures
    wanted = {*(question.measures or ()), (question.severity or {}).get("measure")}
    if question.kind not in _NO_OUTCOMES and not question.measures:
        return dict(declared)
    return {name: one for name, one in declared.items() if name in wanted}


def _assays(loaded: LoadedStudy, step: Step) -> set[str]:
    if step.part is not None and step.question.kind in _ONE_TABLE:
        return {step.part}
    named = {name for names in step.question.producers.values() for name in names}
    own = {step.part} if step.part is not None else set()
    return own | named | set(step.question.assays or loaded.assays)


def _loads(loaded: LoadedStudy, part: str | None) -> dict[str, Any]:
    declared = loaded.declared.assays.get(part) if part is not None else None
    specimen = None if declared is None else declared.specimen
    loads = loaded.declared.load
    return {name: one for name, one in loads.items() if specimen is None or one.specimen == specimen}


def _unread(table: Table) -> Table:
    """Return a declared table without where it is read from: what was read is in the key."""
    return replace(table, files=(), columns={}, constants={}, format=None)


def _defaults(declared: Study) -> dict[str, Any]:
    """Return sections that say how a study is reported, as if they were not there: no step reads them."""
    return {name: type(getattr(declared, name))() for name in ("reporting",) if hasattr(declared, name)}


def _cut(frame: pd.DataFrame, names: set[str]) -> pd.DataFrame:
    return frame[[name for name in frame.columns if name in names]]


def _declared(cut: LoadedStudy, step: Step) -> Iterator[tuple[str, object]]:
    """Yield what the study file says besides the question, thing by thing, under the names that a user knows."""
    declared = cut.declared
    shown = ("variables", "measures", "contrasts", "events", "load")
    for section in shown:
        for name, one in getattr(declared, section).items():
            yield f"[{section}.{name}]", one
        yield f"order of [{section}]", tuple(getattr(declared, section))
    others = {one.name: getattr(declared, one.name) for one in fields(declared) if one.name not in (*shown, "assays")}
    names = {
        "questions": "other questions",
        "design": "[design] primary",
        "onset": "[onset]",
        "path": "name of the study file",
        "name": "[study] name",
        "genomes": "[genomes]",
    }
    others["questions"] = {name: one for name, one in declared.questions.items() if name != step.question.name}
    for key, value in others.items():
        yield names.get(key, key), value


def _columns_of(table: str, frame: pd.DataFrame, memory: dict[Any, str]) -> Iterator[tuple[str, str]]:
    index = frame.index
    yield f"order of columns of {table}", execution.digest(tuple(map(str, frame.columns)))
    if (table, None) not in memory:
        memory[table, None] = execution.digest(tuple(map(str, index)))
    yield f"rows of {table}", memory[table, None]
    for at, name in enumerate(frame.columns):
        key = (table, str(name))
        if key not in memory:
            memory[key] = execution.column_digest(frame.iloc[:, at])
        yield f"column {name} of {table}", memory[key]


def _remembered(memory: dict[Any, str], thing: object, key: object) -> str:
    if key not in memory:
        memory[key] = execution.digest(thing)
    return memory[key]


def _words(value: object) -> str:
    """Write a setting of the study file as a reader would."""
    if isinstance(value, NoneAsked):
        return "none at all"
    if value is None or value in ((), {}):
        return "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {_words(one)}" for key, one in value.items())
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


__all__ = ["Parts", "narrowed", "parts_of"]
