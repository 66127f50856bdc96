"""Nothing that a step can read is missing from its key: each single thing, changed, gives another key."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commensal import execution, simulation
from commensal.pipeline.answering import steps_of
from commensal.pipeline.load import load
from commensal.pipeline.step_keys import narrowed, parts_of
from commensal.study import LoadedStudy
from commensal.study.declared import NoneAsked

#: One of each kind, and one part of measures and events.
STEPS = ("screen: measures and events", "mediators", "host", "patients: people_csf", "course")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    sizes = {"strains": 1, "doses": 1, "molecules": 20, "taxa": 20, "genes": 60, "times": 3, "measures": 1}
    return load(simulation.als(tmp_path_factory.mktemp("als"), seed=1, small=True, **sizes))


def trimmed(cut: LoadedStudy) -> LoadedStudy:
    """Return a cut study with three rows of everything: a key is of what there is, whatever sense it makes."""
    frames = {name: getattr(cut, name) for name in ("samples", "subjects", "phenotypes", "events")}
    assays = {
        name: replace(table, samples=table.samples[:3], features=table.features.head(3), values=table.values[:3, :3])
        for name, table in cut.assays.items()
    }
    genomes = dict(list(cut.genomes.items())[:2])
    return replace(cut, assays=assays, genomes=genomes, **{name: one.head(3) for name, one in frames.items()
                                                           if one is not None})  # fmt: skip


def some(items: list) -> list:
    """Return all of a few things, the first and the last of many."""
    return items if len(items) < 4 else [items[0], items[-1]]


def others(thing: object) -> Iterator[tuple[str, object]]:  # noqa: PLR0912  a branch for each kind of thing
    """Yield the thing with one thing in it changed, for each thing in it, and where that is."""
    if is_dataclass(thing):
        for one in fields(thing):
            for where, other in others(getattr(thing, one.name)):
                made = copy.copy(thing)
                object.__setattr__(made, one.name, other)
                yield f".{one.name}{where}", made
    elif isinstance(thing, Mapping):
        for key, value in some(list(thing.items())):
            for where, other in others(value):
                yield f"[{key}]{where}", {**thing, key: other}
        yield "[-1]", dict(list(thing.items())[:-1]) if thing else {"new": "new"}
    elif isinstance(thing, tuple):
        for at, value in some(list(enumerate(thing))):
            for where, other in others(value):
                yield f"[{at}]{where}", type(thing)((*thing[:at], other, *thing[at + 1 :]))
        yield "[-1]", type(thing)(thing[:-1]) if thing else ("new",)
        if not thing:
            yield " of another type", () if isinstance(thing, NoneAsked) else NoneAsked()
    elif isinstance(thing, pd.DataFrame):
        yield "[-1]", thing.iloc[:-1]
        yield " index", thing.set_axis([*thing.index[:-1], "another"], axis=0) if len(thing) else thing.assign(new=1)
        for at, name in enumerate(thing.columns):
            yield f"[{name}] name", thing.set_axis([*thing.columns[:at], "new", *thing.columns[at + 1 :]], axis=1)
            yield f"[{name}]", thing.assign(**{str(name): _another(thing[name])})
    elif isinstance(thing, np.ndarray):
        made = thing.copy()
        made.flat[-1] = 7.5 if np.isnan(made.flat[-1]) else made.flat[-1] + 1e-9
        yield "[-1, -1]", made
    elif isinstance(thing, pd.Series):
        yield "[-1]", _another(thing)
    else:
        yield "", _leaf(thing)


def _another(column: pd.Series) -> pd.Series:
    """Return a column with its last value changed."""
    made = column.astype(object)
    last = made.iloc[-1]
    made.iloc[-1] = pd.NA if isinstance(last, str) else "new" if pd.isna(last) else _leaf(last)
    try:
        return made.astype(column.dtype)
    except (TypeError, ValueError):
        return made


def _leaf(thing: object) -> object:  # noqa: PLR0911  a line for each kind of thing
    if isinstance(thing, bool | np.bool_):
        return not thing
    if isinstance(thing, int | np.integer):
        return int(thing) + 1
    if isinstance(thing, float):
        return 0.5 if np.isnan(thing) else thing + 1
    if isinstance(thing, str):
        return thing + "x"
    if isinstance(thing, Path):
        return thing.with_name("other.toml")
    if isinstance(thing, frozenset):
        return thing | {"new"}
    assert thing is None, type(thing)
    return "new"


@pytest.mark.parametrize("name", STEPS)
def test_whatever_single_thing_changes_in_what_a_step_reads_changes_its_key(small, name):
    step = next(one for one in steps_of(small.declared) if one.name.startswith(name))
    cut = trimmed(narrowed(small, step))
    key = parts_of(cut, step).key
    # What a step could read in two places: the other one is in the key (an assay's table, the step's own question).
    twice = (".declared.assays", f".declared.questions[{step.question.name}]", ".declared.questions[-1]")
    blank = (".raw", ".unused_subjects", ".unlisted_subjects", ".dropped", ".preparation", ".root", ".as_read")
    assert not any(getattr(cut, one[1:]) for one in blank)  # no step is given them
    absent = tuple(f".{one}" for one in ("phenotypes", "events", "culture") if getattr(cut, one) is None)
    changed = [
        (where, other) for where, other in others(cut) if not where.startswith((*twice, *blank)) and where not in absent
    ]
    assert len(changed) > 100
    assert [where for where, other in changed if parts_of(other, step).key == key] == []
    own = [(where, other) for where, other in others(step) if not where.startswith(".question.path")]
    assert [where for where, other in own if parts_of(cut, other).key == key] == []


def test_to_ask_none_is_not_to_ask_all():
    assert execution.digest(NoneAsked()) != execution.digest(())


def test_the_order_of_levels_is_part_of_a_column():
    one = pd.Series(pd.Categorical(["a", "b"], categories=["a", "b"]))
    assert execution.column_digest(one) == execution.column_digest(one.copy())
    assert execution.column_digest(one) != execution.column_digest(one.cat.set_categories(["b", "a"]))
