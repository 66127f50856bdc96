"""``plan``: what a declared design could find, by drawing it many times with and without effects."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from commensal import checks, execution, page
from commensal.errors import UsageError
from commensal.pipeline.answering import answer, borne, steps_of
from commensal.pipeline.plan_claims import Argument, argument, claim_counts, claim_figures, lacking, rungs
from commensal.pipeline.plan_curve import curves, needs, with_sizes
from commensal.pipeline.plan_effects import effect_words, parse_effects, planted_words
from commensal.pipeline.plan_found import counted, summary, unanswered
from commensal.pipeline.plan_grid import LADDER, Size, sizes_of
from commensal.pipeline.plan_read import read_design, trimmed
from commensal.questions import joined
from commensal.simulation.design import Blueprint, Effect, blueprint, drawn


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """What a design could find."""

    figures: pd.DataFrame  #: a row per comparison, size of the design and size of the effects
    needed: pd.DataFrame  #: a row per comparison and size of the effects: how many units 80 % power needs
    claims: pd.DataFrame  #: a row per size and line of evidence: how often planted claims pass, and false ones
    rungs: pd.DataFrame  #: which lines of evidence the study file asks for
    sentences: tuple[str, ...]
    studies: int

    def table(self) -> pd.DataFrame:
        """Return the figures."""
        return self.figures


@dataclass(frozen=True, slots=True, eq=False)
class _Shared:
    designs: tuple[Blueprint, ...]
    arguments: tuple[Argument | None, ...]
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
    workers: int = 1,
    cluster: str | None = None,
    memory: str | None = None,
    progress: execution.Tell | None = None,
) -> Planned:
    """Draw a declared design many times, ask its questions each time, and say how often they find what was planted.

    Parameters
    ----------
    study, data
        As in `load`.
    out
        Folder for ``plan.html``, ``plan.parquet``, ``needed.parquet``, ``plan.json`` and ``figures/``; nothing is
        written without it.
    studies
        Studies per size of the design and of the effects.
    effects
        ``CONTRAST=SHARE:LOG2``, ``CONTRAST/ASSAY=SHARE:LOG2``, ``CONTRAST/MEASURE=SD`` or ``CONTRAST/EVENT=LOGHR``; by
        default one feature in ten by 1 log2, 1 SD and a hazard ratio of 2 in every contrast, for the better (where
        microbes are removed: for the worse).
    sizes
        Each is multiplied by these; 0, nothing planted, is always drawn as well.
    grow
        ``UNIT=N,N,…``: sizes of the design; several units are combined. Without it the design is drawn half as large,
        as declared, and 1.5 and 2 times as large.
    features
        At most so many features of each table, drawn at random; 0: all.
    permutations
        At most so many permutations of a test.
    seed
        The same seed gives the same figures.
    workers, cluster, memory
        Who draws the studies, as in `commensal.run`; the figures are the same whoever does.
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
    design = read_design(study, data)
    loaded = trimmed(design.loaded, features, permutations, seed)
    steps_of(loaded.declared)
    planted = parse_effects(loaded.declared, effects)
    scales = (0.0, *sizes)
    levels = tuple(tuple(replace(one, size=one.size * scale) for one in planted) for scale in scales)
    grid, declared = sizes_of(loaded, grow, seed)
    fitted = blueprint(loaded, assumed=design.planned)
    designs = tuple(replace(fitted, loaded=one.loaded) for one in grid)
    # what the linter says of a design is asked of a drawn one: a planned design has no values yet
    null = [drawn(one, (), np.random.SeedSequence(seed, spawn_key=(g,))) for g, one in enumerate(designs)]
    shared = _Shared(designs, tuple(argument(one.loaded) for one in null), levels, seed)
    tasks = list(product(range(len(grid)), range(len(scales)), range(studies)))
    names = [f"design {g + 1} of {len(grid)}, effects × {scales[s]:g}, study {k + 1}" for g, s, k in tasks]
    with execution.crew_of(workers, cluster, memory) as crew:
        made = crew.map(_study, tasks, shared=shared, names=names, tell=progress)
    figures, argued = _summed(grid, scales, tasks, made, studies)
    points = curves(figures, grid[-1].along)
    wanted, asked = needs(points, declared=declared), rungs(loaded)
    wanted["planted"] = planted_words(loaded.declared, planted, wanted)
    settings = {"seed": seed, "studies": studies, "effects": [effect_words(one) for one in planted],
                "sizes": list(sizes), "grow": list(grow) or [f"× {one:g}" for one in LADDER], "features": features,
                "permutations": permutations, "sources": _sources(fitted)}  # fmt: skip
    view = page.PlanView(
        loaded.declared, points, wanted, argued, asked, (*lacking(loaded, asked), *design.told), settings
    )
    planned = Planned(figures, wanted, argued, asked, page.plan_sentences(view), studies)
    if out is not None:
        _write(planned, view, Path(out), settings)
    return planned


def _summed(
    grid: Sequence[Size], scales: Sequence[float], tasks: Sequence[tuple[int, int, int]], made: Sequence[_Counts],
    studies: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Return the figures of all comparisons and of the claims."""
    rows, lines = [], []
    for (g, s, k), found in zip(tasks, made, strict=True):
        fixed = {"design": g, "grown": grid[g].words, "size": scales[s], "study": k}
        rows += [{**fixed, **row} for row in found.rows]
        lines += [{**fixed, **row} for row in found.claims]
    figures = with_sizes(summary(pd.DataFrame(rows), studies), [one.loaded for one in grid])
    return figures, claim_figures(pd.DataFrame(lines), studies)


@dataclass(frozen=True, slots=True)
class _Counts:
    """What one drawn study found."""

    rows: list[dict[str, object]]
    claims: list[dict[str, object]]


def _study(shared: _Shared, task: tuple[int, int, int]) -> _Counts:
    """Draw one study, ask its questions, and count what they and its claims find."""
    g, s, k = task
    argued = shared.arguments[g]
    pinned = argued.pinned if argued else None
    # the same draws whatever is planted: curves of several sizes are compared on the same studies
    seed = np.random.SeedSequence(shared.seed, spawn_key=(g, k))
    copy = drawn(shared.designs[g], shared.effects[s], seed, pinned=pinned)
    candidates = argued.candidates if argued and copy.features else None
    loaded, rows, answers = copy.loaded, [], []
    withheld = checks.withheld(loaded)
    for step in steps_of(loaded.declared):
        outcome = answer(loaded, step)
        if outcome.answer is None:
            assert outcome.error is not None
            asked = step.question
            rows.append(unanswered(asked.name, asked.kind, asked.contrast, step.part, outcome.error.what))
            continue
        answers.append(borne(outcome.answer, step, withheld))
        rows += counted(answers[-1].estimates, copy, candidates)
    claims = claim_counts(joined(answers).estimates, argued, copy) if argued and answers else []
    return _Counts(rows, claims)


def _sources(fitted: Blueprint) -> dict[str, str]:
    measures = {name: one.source for name, one in fitted.measures.items()}
    return {name: one.source for name, one in fitted.assays.items()} | measures


def _write(made: Planned, view: page.PlanView, folder: Path, settings: Mapping[str, object]) -> None:
    with execution.together(folder, stale=("figures/plan-[0-9][0-9]-*.svg", "figures/plan-[0-9][0-9]-*.pdf")) as new:
        _put(made, view, new, settings)


def _put(made: Planned, view: page.PlanView, folder: Path, settings: Mapping[str, object]) -> None:
    for name, frame in (("plan.parquet", made.figures), ("needed.parquet", made.needed)):
        frame.to_parquet(folder / name, index=False)
    tables = {"figures": made.figures, "needed": made.needed, "claims": made.claims, "rungs": made.rungs}
    rows = {name: json.loads(frame.to_json(orient="records")) for name, frame in tables.items()}
    text = json.dumps({"settings": settings, "sentences": made.sentences, **rows}, indent=1, ensure_ascii=False)
    (folder / "plan.json").write_text(text + "\n", encoding="utf-8")
    page.write_plan(view, folder)


__all__ = ["Planned", "plan"]
