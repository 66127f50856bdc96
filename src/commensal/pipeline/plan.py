"""``plan``: what a declared design could find, by drawing it many times with and without effects."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from commensal import checks, execution
from commensal.errors import UsageError, listing, nearest
from commensal.pipeline.answering import answer, steps_of
from commensal.pipeline.load import load
from commensal.questions import without_p
from commensal.simulation.design import Blueprint, Copy, Effect, blueprint, drawn
from commensal.simulation.design_assays import capped
from commensal.simulation.design_units import grown, per_subject, unit_named
from commensal.study import LoadedStudy, Study
from commensal.tables import ALL, WITH_P

#: Effects of full size, where none is given: SD of a measure, log hazard ratio, log2 of one feature in ten.
SD, LOG_HAZARD, LOG2, SHARE = 1.0, float(np.log(2)), 1.0, 0.1
#: What is called found: p of an outcome, q of a feature.
ALPHA = 0.05
#: Power that is wanted.
WANTED = 0.8
KEYS = ("question", "kind", "contrast", "specimen", "assay", "measure", "model", "term", "time", "of")


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
    workers: int = 1,
    cluster: str | None = None,
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
        The same seed gives the same figures, with any number of workers.
    workers, cluster
        As in `run`.
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
    loaded = _trimmed(load(study, data), features, permutations, seed)
    steps_of(loaded.declared)
    planted = parse_effects(loaded.declared, effects)
    scales = (0.0, *sizes)
    levels = tuple(tuple(replace(one, size=one.size * scale) for one in planted) for scale in scales)
    grid = _grid(loaded, grow)
    fitted = blueprint(loaded)
    designs = tuple(replace(fitted, loaded=grown(loaded, one, seed=seed)) for one in grid)
    tasks = list(product(range(len(grid)), range(len(scales)), range(studies)))
    crew = _crew(workers, cluster)
    rows = crew.map(
        _study, tasks, shared=_Shared(designs, levels, seed), tell=progress,
        names=[f"design {g + 1} of {len(grid)}, effects × {scales[s]:g}, study {k + 1}" for g, s, k in tasks],
    )  # fmt: skip
    frames = []
    for (g, s, k), found in zip(tasks, rows, strict=True):
        own = designs[g].loaded
        fixed = {"design": g, "grown": _words(grid[g]), "size": scales[s], "study": k, **_counts(own)}
        frames += [{**fixed, **row} for row in found]
    figures = _summary(pd.DataFrame(frames), studies)
    made = Planned(figures, tuple(_sentences(figures)), studies)
    if out is not None:
        _write(made, Path(out), {"seed": seed, "studies": studies, "effects": [_told(one) for one in planted],
                                 "sizes": list(sizes), "grow": list(grow), "features": features,
                                 "sources": _sources(fitted)})  # fmt: skip
    return made


def _crew(workers: int, cluster: str | None) -> execution.Crew:
    if workers > 1 or cluster is not None:
        raise UsageError(
            "this version plans in one process", where="--workers, --cluster", found=cluster or workers, expected="1",
            mend="leave --workers and --cluster out",
        )  # fmt: skip
    return execution.Serial()


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


def parse_effects(declared: Study, given: Sequence[str]) -> tuple[Effect, ...]:
    """Read effects as the command line has them, or the usual ones.

    Raises
    ------
    UsageError
        An unknown contrast or target, or a size that is no number.
    """
    if not given:
        made = []
        for name in declared.contrasts:
            made.append(Effect(name, None, LOG2, SHARE))
            made += [
                Effect(name, one.name, SD if one.better == "higher" else -SD) for one in declared.measures.values()
            ]
            made += [
                Effect(name, one.name, -LOG_HAZARD if one.better == "later" else LOG_HAZARD)
                for one in declared.events.values()
            ]
        return tuple(made)
    return tuple(_one_effect(declared, text) for text in given)


def _one_effect(declared: Study, text: str) -> Effect:
    left, _, right = text.partition("=")
    contrast, _, target = left.partition("/")
    outcomes = (*declared.measures, *declared.events)
    for name, known, what in ((contrast, tuple(declared.contrasts), "contrast"),
                              (target, (*declared.assays, *outcomes, ""), "assay, measure or event")):  # fmt: skip
        if name not in known:
            near = nearest(name, known)
            raise UsageError(
                f"no {what} is called {name!r}", where="--effect", found=text, expected=listing(filter(None, known)),
                mend=f"did you mean {near[0]!r}?" if near else "name one that the study file declares",
            )  # fmt: skip
    share, colon, size = right.partition(":")
    try:
        numbers = (float(share), float(size) if colon else 0.0)
        good = bool(np.isfinite(numbers).all())
    except ValueError:
        good, numbers = False, (0.0, 0.0)
    of_outcome = target in outcomes
    if not good or bool(colon) == of_outcome or (colon and not 0 < numbers[0] <= 1):
        form = "SD, or a log hazard ratio" if of_outcome else "SHARE:LOG2 with a share above 0 and up to 1"
        raise UsageError(
            "an effect that cannot be read", where="--effect", found=text, expected=f"{left}={form}",
            mend=f"for example {left}={'0.8' if of_outcome else '0.1:1'}",
        )  # fmt: skip
    return (
        Effect(contrast, target or None, numbers[0])
        if of_outcome
        else Effect(contrast, target or None, numbers[1], numbers[0])
    )


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
            rows.append(
                _unanswered(
                    step.question.name, step.question.kind, step.question.contrast, step.part, outcome.error.what
                )
            )
            continue
        made = outcome.answer
        reason = withheld.get((step.question.name, step.part or ""))
        if reason:
            made = without_p(made, reason.status, reason.note)
        rows += _counted(made.estimates, copy)
    return rows


def _unanswered(question: str, kind: str, contrast: str, part: str | None, what: str) -> dict[str, object]:
    return dict.fromkeys(KEYS) | {
        "question": question,
        "kind": kind,
        "contrast": contrast,
        "assay": part,
        "of": "nothing",
        "status": what,
    }


def _counted(rows: pd.DataFrame, copy: Copy) -> list[dict[str, object]]:
    """Count each comparison's rows: of a table's features, or the one row of an outcome or whole table."""
    out = []
    single = rows["feature"].isna() | (rows["feature"] == ALL)
    keyed = rows.assign(of=np.where(single, "row", "features"))
    for key, own in keyed.groupby(list(KEYS), dropna=False, sort=False):
        named = dict(zip(KEYS, (None if pd.isna(one) else one for one in _cells(key)), strict=True))
        tested = own[own["p"].notna()]
        if tested.empty and own["status"].isin(WITH_P).all():
            continue  # nothing that is tested: a median, a rank
        if named["of"] == "features":
            out.append(
                named | _of_features(own, tested, copy.features.get((str(named["contrast"]), str(named["assay"])), {}))
            )
            continue
        effect = copy.outcomes.get((str(named["contrast"]), str(named["measure"])), 0.0)
        hit = tested["p"] <= ALPHA
        out.append(named | {
            "planted": float(effect != 0), "tested": len(tested), "found": float(hit.any()),
            "null_hits": float(hit.sum()), "null_tests": len(tested),
            "status": None if len(tested) else own["status"].iloc[0],
            "floor": _floor(tested),
        })  # fmt: skip
    return out


def _cells(key: Hashable) -> tuple[Any, ...]:
    """Return the cells of a group's key."""
    return key if isinstance(key, tuple) else (key,)


def _floor(tested: pd.DataFrame) -> float:
    n = tested["n_permutations"].dropna()
    return 1 / float(n.max()) if len(n) and n.max() > 0 else np.nan


def _of_features(own: pd.DataFrame, tested: pd.DataFrame, truth: Mapping[str, float]) -> dict[str, object]:
    size = tested["feature"].astype(str).map(truth).fillna(0.0).to_numpy(float)
    hit = (tested["q"] <= ALPHA).fillna(False).to_numpy(bool)
    effect = tested["effect"].to_numpy(float)
    # a joint test has no direction
    right = np.isnan(effect) | (np.sign(effect) == np.sign(size))
    planted = own["feature"].astype(str).isin(truth)  # those without a p count as not found
    null = size == 0
    return {
        "planted": int(planted.sum()), "tested": len(tested),
        "found": float((hit & right & ~null).sum() / planted.sum()) if planted.any() else float(hit.any()),
        "null_hits": float(((tested["p"] <= ALPHA).to_numpy(bool) & null).sum()), "null_tests": int(null.sum()),
        "status": None if len(tested) else own["status"].mode().iloc[0], "floor": _floor(tested),
    }  # fmt: skip


def _counts(loaded: LoadedStudy) -> dict[str, object]:
    per = per_subject(loaded)
    from commensal.simulation.design_units import unit_columns

    units = {f"n_{name}": int(per[name].nunique()) for name in unit_columns(loaded.declared) if name in per}
    return {"n_subjects": len(per), **units}


def _words(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{name} = {n}" for name, n in sizes.items()) or "as declared"


def _summary(rows: pd.DataFrame, studies: int) -> pd.DataFrame:
    """Return power, false rate and reach of each comparison, with their Monte-Carlo intervals."""
    from scipy.stats import beta

    out = []
    counts = [name for name in rows.columns if name.startswith("n_")]
    by = ["design", "grown", *counts, "size", *KEYS]
    for key, own in rows.groupby(by, dropna=False, sort=False):
        named = dict(zip(by, (None if pd.isna(one) else one for one in _cells(key)), strict=True))
        null = named["size"] == 0
        # a comparison that could not be made in a study found nothing in it
        found = (
            np.r_[own["found"].fillna(0.0).to_numpy(float), np.zeros(max(studies - len(own), 0))]
            if "found" in own
            else np.zeros(studies)
        )
        planted = bool((own["planted"].fillna(0) > 0).any())
        rate = float(found.mean())
        if np.isin(found, (0, 1)).all():
            hits = int(found.sum())
            low = float(beta.ppf(0.025, hits, len(found) - hits + 1)) if hits else 0.0
            high = float(beta.ppf(0.975, hits + 1, len(found) - hits)) if hits < len(found) else 1.0
        else:
            error = 1.96 * float(found.std(ddof=1)) / np.sqrt(len(found))
            low, high = max(rate - error, 0.0), min(rate + error, 1.0)
        reach = float((own["tested"].fillna(0) > 0).sum() / studies)
        tests = float(own["null_tests"].fillna(0).sum())
        says = "false rate" if null else "power" if planted else "not planted"
        out.append(named | {
            "says": says, "rate": rate, "low": low, "high": high, "reach": reach,
            "null_p": float(own["null_hits"].fillna(0).sum() / tests) if null and tests else np.nan,
            "floor": float(own["floor"].min()) if own["floor"].notna().any() else np.nan,
            "status": own["status"].dropna().mode().iloc[0] if own["status"].notna().any() else None,
            "studies": studies,
        })  # fmt: skip
    return pd.DataFrame(out)


#: The row of each comparison that a sentence is about.
HEADLINES = ("verdict", "joint", "abundance", "log_rank", "candidate", "reversal")


def headlines(figures: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that a summary shows: verdicts of outcomes, features as a whole, what cannot be reached."""
    return figures[figures["model"].isin(HEADLINES) | (figures["of"] == "nothing")]


def _sentences(figures: pd.DataFrame) -> Iterable[str]:
    """Say of each headline comparison what the design can find, and how large it must be."""
    shown = headlines(figures)
    for key, own in shown.groupby(
        ["question", "contrast", "assay", "measure", "model", "term"], dropna=False, sort=False
    ):
        name = ", ".join(str(one) for one in _cells(key) if not pd.isna(one))
        if (own["reach"] == 0).all():
            yield f"{name}: cannot be reached: {str(own['status'].iloc[0]).replace('_', ' ')}."
            continue
        for size, rows in own[own["says"] == "power"].groupby("size"):
            good = rows[rows["rate"] >= WANTED].sort_values("n_subjects")
            best = rows.sort_values("rate", ascending=False, kind="stable").iloc[0]
            if len(good):
                first = good.iloc[0]
                yield f"{name}: effects × {size:g} are found: {_power(first)}."
            else:
                yield f"{name}: effects × {size:g} are missed too often: at best {_power(best)}."


def _power(row: pd.Series) -> str:
    around = f"{row['low']:.2f} to {row['high']:.2f}"
    return f"power {row['rate']:.2f} ({around}) with {row['n_subjects']} subjects ({row['grown']})"


def _sources(fitted: Blueprint) -> dict[str, str]:
    measures = {name: one.source for name, one in fitted.measures.items()}
    return {name: one.source for name, one in fitted.assays.items()} | measures


def _told(one: Effect) -> str:
    where = one.contrast + (f"/{one.target}" if one.target else "")
    return f"{where}={one.size:g}" if one.share == 1.0 else f"{where}={one.share:g}:{one.size:g}"


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


__all__ = ["Planned", "headlines", "parse_effects", "plan"]
