"""``plan``: what a declared design could find, by drawing it many times with and without effects."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from commensal import checks, execution
from commensal.errors import UsageError, listing
from commensal.pipeline.answering import answer, borne, steps_of
from commensal.pipeline.load import load_with_reads, place
from commensal.pipeline.plan_effects import effect_words, parse_effects
from commensal.pipeline.plan_found import counted, sentences, summary, unanswered
from commensal.simulation.design import Blueprint, Effect, blueprint, drawn
from commensal.simulation.design_assays import capped
from commensal.simulation.design_units import grown, per_subject, unit_columns, unit_named
from commensal.study import READ_PARTS, LoadedStudy, part_name, read_study, without_assays


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """What a design could find."""

    figures: pd.DataFrame  #: a row per comparison, size of the design and size of the effects
    sentences: tuple[str, ...]
    studies: int

    def table(self) -> pd.DataFrame:
        """Return the figures."""
        return self.figures


@dataclass(frozen=True, slots=True, eq=False)
class _Shared:
    designs: tuple[Blueprint, ...]
    effects: tuple[tuple[Effect, ...], ...]
    seed: int


def plan(
    study: Path | str,
    data: Path | str | None = None,
    *,
    out: Path | str | None = None,
    studies: int = 100,
    effects: Sequence[str] = (),
    sizes: Sequence[float] = (0.5, 1.0),
    grow: Sequence[str] = (),
    features: int = 100,
    permutations: int = 999,
    seed: int = 1,
    progress: execution.Tell | None = None,
) -> Planned:
    """Draw a declared design many times, ask its questions each time, and say how often they find what was planted.

    Parameters
    ----------
    study, data
        As in `load`.
    out
        Folder for ``plan.parquet`` and ``plan.json``; nothing is written without it.
    studies
        Studies per size of the design and of the effects.
    effects
        ``CONTRAST=SHARE:LOG2``, ``CONTRAST/ASSAY=SHARE:LOG2``, ``CONTRAST/MEASURE=SD`` or ``CONTRAST/EVENT=LOGHR``; by
        default one feature in ten by 1 log2, 1 SD and a hazard ratio of 2 in every contrast, for the better.
    sizes
        Each is multiplied by these; 0, nothing planted, is always drawn as well.
    grow
        ``UNIT=N,N,…``: sizes of the design; several units are combined.
    features
        At most so many features of each table, drawn at random; 0: all.
    permutations
        At most so many permutations of a test.
    seed
        The same seed gives the same figures.
    progress
        Called before each study: (done, of how many, what).

    Returns
    -------
    Planned

    Raises
    ------
    UsageError
        An option that does not fit the study.
    CommensalError
        The study cannot be read.
    """
    if studies < 2 or any(size <= 0 for size in sizes) or permutations < 99:
        raise UsageError(
            "a plan needs studies and sizes", where="--studies, --sizes, --permutations",
            found=f"{studies} studies, sizes {list(sizes)}, {permutations} permutations",
            expected="2 studies or more, sizes above 0, 99 permutations or more",
        )  # fmt: skip
    whole, unseen = _without_reads(study, data)
    loaded = _trimmed(whole, features, permutations, seed)
    steps_of(loaded.declared)
    planted = parse_effects(loaded.declared, effects)
    scales = (0.0, *sizes)
    levels = tuple(tuple(replace(one, size=one.size * scale) for one in planted) for scale in scales)
    grid = _grid(loaded, grow)
    fitted = blueprint(loaded)
    designs = tuple(replace(fitted, loaded=grown(loaded, one, seed=seed)) for one in grid)
    tasks = list(product(range(len(grid)), range(len(scales)), range(studies)))
    rows = execution.Serial().map(
        _study, tasks, shared=_Shared(designs, levels, seed), tell=progress,
        names=[f"design {g + 1} of {len(grid)}, effects × {scales[s]:g}, study {k + 1}" for g, s, k in tasks],
    )  # fmt: skip
    frames = []
    for (g, s, k), found in zip(tasks, rows, strict=True):
        own = designs[g].loaded
        fixed = {"design": g, "grown": _words(grid[g]), "size": scales[s], "study": k, **_counts(own)}
        frames += [{**fixed, **row} for row in found]
    figures = summary(pd.DataFrame(frames), studies)
    made = Planned(figures, (*sentences(figures), *unseen), studies)
    if out is not None:
        _write(made, Path(out), {"seed": seed, "studies": studies, "effects": [effect_words(one) for one in planted],
                                 "sizes": list(sizes), "grow": list(grow), "features": features,
                                 "sources": _sources(fitted)})  # fmt: skip
    return made


def _without_reads(study: Path | str, data: Path | str | None) -> tuple[LoadedStudy, list[str]]:
    """Read a study without its assays of reads: before they are profiled nothing is known of their features."""
    where = place(study, data)
    declared = read_study(where.study)
    names = [part_name(name, part) for name in declared.reads for part in READ_PARTS]
    tables = replace(without_assays(declared, names), reads={})
    left = f"{listing(declared.reads)}: not planned, as reads that are not profiled have no table to draw from."
    return load_with_reads(tables, where.root, None)[0], [left] if declared.reads else []


def _trimmed(loaded: LoadedStudy, features: int, permutations: int, seed: int) -> LoadedStudy:
    """Keep so many features and permutations."""
    asked = loaded.declared.questions.values()
    keep = [name for one in asked for name in (*one.targeted, *one.gives.values(), *one.strains.values())]
    questions = {
        name: replace(one, permutations=min(one.permutations, permutations))
        for name, one in loaded.declared.questions.items()
    }
    assays = {name: capped(table, features, keep, seed) for name, table in loaded.assays.items()}
    return replace(loaded, assays=assays, declared=replace(loaded.declared, questions=questions))


def _grid(loaded: LoadedStudy, grow: Sequence[str]) -> list[dict[str, int]]:
    axes = []
    for text in grow:
        word, _, numbers = text.partition("=")
        try:
            counts = [int(one) for one in numbers.split(",")]
        except ValueError:
            counts = []
        if not counts or min(counts) < 1:
            raise UsageError(
                "a size that is no whole number", where="--grow", found=text, expected="UNIT=N,N,…", mend="cage=3,4,6"
            )
        axes.append([(unit_named(loaded, word.strip()), one) for one in counts])
    return [dict(one) for one in product(*axes)] if axes else [{}]


def _study(shared: _Shared, task: tuple[int, int, int]) -> list[dict[str, object]]:
    """Draw one study and count what its questions find."""
    g, s, k = task
    # the same draws whatever is planted: curves of several sizes are compared on the same studies
    copy = drawn(shared.designs[g], shared.effects[s], np.random.SeedSequence(shared.seed, spawn_key=(g, k)))
    loaded, rows = copy.loaded, []
    withheld = checks.withheld(loaded)
    for step in steps_of(loaded.declared):
        outcome = answer(loaded, step)
        if outcome.answer is None:
            assert outcome.error is not None
            asked = step.question
            rows.append(unanswered(asked.name, asked.kind, asked.contrast, step.part, outcome.error.what))
            continue
        rows += counted(borne(outcome.answer, step, withheld).estimates, copy)
    return rows


def _counts(loaded: LoadedStudy) -> dict[str, object]:
    per = per_subject(loaded)
    units = {f"n_{name}": int(per[name].nunique()) for name in unit_columns(loaded.declared) if name in per}
    return {"n_subjects": len(per), **units}


def _words(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{name} = {n}" for name, n in sizes.items()) or "as declared"


def _sources(fitted: Blueprint) -> dict[str, str]:
    measures = {name: one.source for name, one in fitted.measures.items()}
    return {name: one.source for name, one in fitted.assays.items()} | measures


def _write(made: Planned, folder: Path, settings: Mapping[str, object]) -> None:
    execution.folder(folder)
    with execution.whole(folder / "plan.parquet") as path:
        made.figures.to_parquet(path, index=False)
    rows = json.loads(made.figures.to_json(orient="records"))
    with execution.whole(folder / "plan.json") as path:
        text = json.dumps(
            {"settings": settings, "sentences": made.sentences, "figures": rows}, indent=1, ensure_ascii=False
        )
        path.write_text(text + "\n", encoding="utf-8")


__all__ = ["Planned", "plan"]
