"""Survival: when an event comes in each arm, against the control: rows of Estimates and the curves as points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from commensal import stats
from commensal.questions.answer import Answer
from commensal.questions.arms import Arms
from commensal.questions.competing import competes, incidence_points, incidence_rows, scored_row
from commensal.questions.hazards import cox_row, hazards_row
from commensal.questions.survival_curves import curve_points, median_rows
from commensal.questions.survival_rows import row, sizes, state
from commensal.questions.watched import Watched, watched
from commensal.study import Event, LoadedStudy, Question
from commensal.tables import estimates, points

NOT_FOLLOWED = "there is no time above 0 up to which every arm was followed"


def survival(loaded: LoadedStudy, question: Question, arms: Arms, event: Event) -> Answer:
    """Answer when an event comes: every arm against the control, in every level of the question's ``by``.

    Rows carry the event's name as ``measure`` and the arm as ``term`` and ``label`` (``LEVEL: ARM`` within a level):
    ``log_rank`` (p by rearranged labels, whole units where these lie in one arm), ``cox``, ``proportional_hazards``,
    ``rmst``, ``median`` of every arm; where others compete ``cumulative_incidence`` of each cause (``feature``) and
    ``subdistribution``; where events are intervals ``log_rank_interval``; with several arms ``log_rank_familywise``,
    ``rmst_familywise`` and ``any_arm``; with several levels the difference of restricted means between them. Points
    have the figures ``survival``, ``censored``, ``at_risk``, ``incidence`` and ``interval``.

    Parameters
    ----------
    loaded
        The study with its data.
    question
        What asks.
    arms
        Its arms, from `arms(loaded, question)`.
    event
        A declared event.

    Raises
    ------
    DesignError
        As `event_times`: nobody followed, a negative time, an event before entry.
    """
    followed = watched(loaded, replace(arms, question=question), event)
    if not len(followed):
        return Answer(estimates(), points(), followed.dropped)
    tau = horizon(followed)
    rows: list[Mapping[str, object]] = []
    drawn: list[pd.DataFrame] = []
    for level in arms.levels or (None,):
        part = followed if level is None else followed.at(level)
        rows += _level_rows(part, level, tau)
        drawn.append(curve_points(part, level))
        if competes(followed):
            drawn.append(incidence_points(part, level))
    for level in arms.levels[1:]:
        rows += _interactions(followed, arms.levels[0], level, tau)
    return Answer(estimates(rows), points(pd.concat(drawn, ignore_index=True)), followed.dropped)


def horizon(followed: Watched) -> float:
    """Return the longest time up to which the curve of every arm (and level) is known.

    A curve is known to the end of its arm's follow-up, and for good where all of the arm had the event.
    """
    arm = followed.arm
    levels = np.full(len(followed), "") if followed.arms.by is None else followed.arms.by
    ends = []
    for one in dict.fromkeys(zip(arm.tolist(), levels.tolist(), strict=True)):
        own = (arm == one[0]) & (levels == one[1])
        last = followed.time[own].max()
        if not followed.happened[own & (followed.time == last)].all():
            ends.append(float(last))
    return min(ends, default=float(followed.time.max()))


def _level_rows(part: Watched, level: str | None, tau: float) -> list[Mapping[str, object]]:
    """Return the rows of one level of ``by``."""
    rows: list[Mapping[str, object]] = []
    present = [arm for arm in part.arms.cases if (part.arm == arm).any()]
    for arm in part.arms.cases:
        if arm not in present or not (~part.arms.case).any():
            gone = f"nobody at risk in {arm if arm not in present else part.arms.control_name}"
            rows += [
                row(part, level, arm, model, status="too_few", note=gone, **sizes(part, arm))
                for model in ("log_rank", "cox", "rmst")
            ]
    if not (~part.arms.case).any():
        return [*rows, *median_rows(part, level)]
    rows += _log_ranks(part, level, present)
    for arm in present:
        pair = part.pair(arm)
        rows += [cox_row(pair, level, arm), hazards_row(pair, level, arm)]
        if part.interval:
            rows.append(_interval_row(pair, level, arm))
        if competes(pair):
            rows += incidence_rows(pair, level, arm, tau)
    rows += _restricted(part, level, present, tau)
    return [*rows, *median_rows(part, level)]


def _log_ranks(part: Watched, level: str | None, present: list[str]) -> list[Mapping[str, object]]:
    """Return each arm's log-rank test; with several arms their familywise p, and whether any differs."""
    if not present:
        return []
    rows: list[Mapping[str, object]] = []
    fit = stats.log_rank_many_to_one(
        part.time, part.happened, part.arm, part.arms.control_name, entry=part.entry, **part.options()
    )
    at = {str(arm): place for place, arm in enumerate(fit.arm.tolist())}
    moved = f"log-rank, {fit.scheme} rearranged"
    for model in ("log_rank", "log_rank_familywise") if len(present) > 1 else ("log_rank",):
        for arm in present:
            i = at[arm]
            status, note = state(fit.status[i], fit.note[i])
            how = "arrangements, all there are" if fit.exact[i] else "random arrangements"
            told = f"{fit.n_permutations[i]} {how}; smallest p {fit.smallest_p[i]:.2g}" if status == "ok" else ""
            closed = model == "log_rank_familywise"
            rows.append(
                row(
                    part,
                    level,
                    arm,
                    model,
                    effect=fit.effect[i],
                    unit="log hazard ratio",
                    test=f"{moved}; {fit.method}" if closed else moved,
                    statistic=fit.statistic[i],
                    n_permutations=int(fit.n_permutations[i]) or None,
                    p=fit.p_closed[i] if closed else fit.p[i],
                    family=f"arms of {part.event.name}" if closed else None,
                    status=status,
                    note=note or told,
                    **sizes(part, arm),
                )
            )
    if len(present) > 1:
        tested = fit.status == "ok"
        rows.append(
            row(
                part,
                level,
                "(any arm)",
                "any_arm",
                test=f"largest |z| of the log-rank, {fit.scheme} rearranged",
                statistic=float(np.abs(fit.statistic[tested]).max()) if tested.any() else None,
                p=float(fit.p_max[tested].min()) if tested.any() else None,
                status="ok" if tested.any() else state(fit.status[0], "")[0],
                note=f"smallest p {fit.smallest_p_max:.2g}" if tested.any() else "no arm could be tested",
                **sizes(part, None),
            )
        )
    return rows


def _interval_row(pair: Watched, level: str | None, arm: str) -> Mapping[str, object]:
    """Return the log-rank test that takes events as the intervals they are known in."""
    fit = stats.interval_log_rank(
        np.where(pair.happened, pair.earliest, pair.time),
        np.where(pair.happened, pair.latest, np.inf),
        pair.arm,
        control=pair.arms.control_name,
        entry=pair.entry,
        **pair.options(),
    )
    return scored_row(pair, level, arm, "log_rank_interval", fit, "log hazard ratio", "log-rank of intervals")


def _restricted(part: Watched, level: str | None, present: list[str], tau: float) -> list[Mapping[str, object]]:
    """Return the differences of restricted means; with several arms jointly bounded ones too."""
    rows: list[Mapping[str, object]] = []
    fits = {}
    for arm in present:
        fit = rmst(part.pair(arm), tau)
        if isinstance(fit, str):
            rows.append(row(part, level, arm, "rmst", time=tau, status="too_few", note=fit, **sizes(part, arm)))
            continue
        fits[arm] = fit
        rows.append(restricted_row(part, level, arm, fit))
    good = [arm for arm, fit in fits.items() if fit.status == "ok"]
    if len(present) > 1 and good and part.arms.batch is None:
        rows += _jointly(part, level, {arm: fits[arm] for arm in good}, tau)
    return rows


def restricted_row(part: Watched, level: str | None, arm: str, fit: stats.RmstFit) -> Mapping[str, object]:
    """Return the row of one difference of restricted means."""
    status, note = state(fit.status, fit.note)
    means = f"mean up to {fit.tau:g} {part.time_unit}: {fit.rmst[1]:.4g} against {fit.rmst[0]:.4g}"
    return row(
        part,
        level,
        arm,
        "rmst",
        time=fit.tau,
        effect=fit.effect,
        unit=part.time_unit,
        se=fit.se,
        low=fit.low,
        high=fit.high,
        test="t, Welch" + (f" over units ({part.unit_name})" if part.unit is not None else ""),
        statistic=fit.statistic,
        df=fit.df,
        p=fit.p,
        status=status,
        note="; ".join(filter(None, (note, means if np.isfinite(fit.rmst).all() else ""))),
        **sizes(part, arm),
    )


def rmst(pair: Watched, tau: float) -> stats.RmstFit | str:
    """Compare restricted means of two arms, or say why not."""
    if not tau > 0:
        return NOT_FOLLOWED
    level = pair.arms.question.level
    return stats.rmst_difference(
        pair.time,
        pair.happened,
        pair.arm,
        tau,
        control=pair.arms.control_name,
        cage=pair.unit,
        entry=pair.entry,
        level=level,
    )


def _jointly(
    part: Watched, level: str | None, fits: Mapping[str, stats.RmstFit], tau: float
) -> list[Mapping[str, object]]:
    """Return the differences bounded together: independent arms that share one control.

    Degrees of freedom are rounded down, so that arms share the few integrals that there are.
    """
    shared = next(iter(fits.values())).rmst_se[0] ** 2
    covariance = np.full((len(fits), len(fits)), shared)
    np.fill_diagonal(covariance, [fit.se**2 for fit in fits.values()])
    effects, df = [fit.effect for fit in fits.values()], [max(np.floor(fit.df), 1.0) for fit in fits.values()]
    joint = stats.many_to_one(effects, covariance, df, level=part.arms.question.level, names=list(fits))
    rows = []
    for i, arm in enumerate(fits):
        rows.append(
            row(
                part,
                level,
                arm,
                "rmst_familywise",
                time=tau,
                effect=joint.effect[i],
                unit=part.time_unit,
                se=joint.se[i],
                low=joint.low[i],
                high=joint.high[i],
                test="joint t over arms",
                statistic=joint.statistic[i],
                df=joint.df[i],
                p=joint.p[i],
                family=f"arms of {part.event.name}",
                status="ok" if joint.status[i] == "ok" else "constant",
                note=joint.approximation,
                **sizes(part, arm),
            )
        )
    return rows


def _interactions(followed: Watched, first: str, second: str, tau: float) -> list[Mapping[str, object]]:
    """Return per arm the difference of differences of restricted means, second level − first."""
    rows: list[Mapping[str, object]] = []
    assert followed.arms.by is not None
    two = followed.take(np.isin(followed.arms.by.astype(str), (first, second)))
    for arm in followed.arms.cases:
        pair = two.pair(arm)
        by = pair.arms.by
        assert by is not None
        term = f"{second} against {first}: {arm}"
        cells = {(str(one), bool(case)) for one, case in zip(by, pair.arms.case, strict=True)}
        shown: dict[str, Any] = {"time": tau, "unit": followed.time_unit, "test": "t, Welch", **sizes(two, arm)}
        if len(cells) < 4 or not tau > 0:
            note = "an arm is empty at one of the levels" if tau > 0 else NOT_FOLLOWED
            rows.append(row(pair, None, arm, "rmst", term=term, status="too_few", note=note, **shown))
            continue
        fit = stats.rmst_interaction(
            pair.time,
            pair.happened,
            pair.arm,
            by,
            tau,
            control=pair.arms.control_name,
            reference=first,
            cage=pair.unit,
            entry=pair.entry,
            level=pair.arms.question.level,
        )
        status, note = state(fit.status, fit.note)
        values = {name: getattr(fit, name) for name in ("effect", "se", "low", "high", "statistic", "df", "p")}
        told = note or f"difference {fit.differences[1]:.4g} in {second}, {fit.differences[0]:.4g} in {first}"
        rows.append(row(pair, None, arm, "rmst", term=term, status=status, note=told, **values, **shown))
    return rows


__all__ = ["horizon", "restricted_row", "rmst", "survival"]
