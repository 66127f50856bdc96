"""Function and survival together: who lived longer, then who kept more of a measure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from commensal import stats
from commensal.questions.answer import Answer
from commensal.questions.arms import Arms, Floats
from commensal.questions.measured import measured
from commensal.questions.survival_rows import row, sizes, state
from commensal.questions.watched import Watched, watched
from commensal.study import Event, LoadedStudy, Measure, Question
from commensal.tables import estimates, points


def function_and_survival(
    loaded: LoadedStudy, question: Question, arms: Arms, event: Event, measure: Measure
) -> Answer:
    """Compare arms with the control by survival first and a measure second: who is dead has no measure to miss.

    Rows have ``EVENT + MEASURE`` as ``measure``: ``cafs`` (difference of mean ranks, case − control: above 0 where
    cases fare better), ``win_ratio`` (log) and ``net_benefit``; p by rearranged labels. A subject's function is its
    change per unit of time from baseline (else its first value) to its last value, counted so that more is better.

    Raises
    ------
    DesignError
        As `watched` and `measured`.
    """
    followed = watched(loaded, replace(arms, question=question), event)
    change = _change(loaded, arms, measure, followed)
    rows: list[Mapping[str, object]] = []
    for level in arms.levels or (None,):
        chosen = np.ones(len(followed), dtype=bool)
        if level is not None:
            assert followed.arms.by is not None
            chosen = followed.arms.by == level
        part, own = followed.take(chosen), change[chosen]
        for arm in arms.cases:
            rows += _rows(part, own, level, arm, measure)
    return Answer(estimates(rows), points(), followed.dropped)


def _change(loaded: LoadedStudy, arms: Arms, measure: Measure, followed: Watched) -> Floats:
    """Return each followed subject's change per unit of time, more is better (n,); NaN where there is none."""
    table = measured(loaded, arms, measure)
    times, values = table.course
    place = {subject: i for i, subject in enumerate(followed.arms.subjects)}
    change = np.full(len(followed), np.nan)
    sign = 1.0 if measure.better == "higher" else -1.0
    if not table.timed:
        return change
    for subject, own in zip(table.arms.subjects, values, strict=True):
        known = np.flatnonzero(~np.isnan(own))
        if known.size > 1 and subject in place:
            first, last = known[0], known[-1]
            change[place[subject]] = sign * (own[last] - own[first]) / (times[last] - times[first])
    return change


def _rows(part: Watched, change: Floats, level: str | None, arm: str, measure: Measure) -> list[Mapping[str, object]]:
    kept = set(part.arms.pair(arm).subjects)
    chosen = np.array([one in kept for one in part.arms.subjects], dtype=bool)
    pair, own = part.take(chosen), change[chosen]
    named = f"{part.event.name} + {measure.name}"
    if len(set(pair.arm.tolist())) < 2:
        told = {"status": "too_few", "note": "an arm is empty", **sizes(part, arm)}
        return [dict(row(part, level, arm, model, **told)) | {"measure": named} for model in ("cafs", "net_benefit")]
    options = {"control": pair.arms.control_name, "level": pair.arms.question.level, **pair.options()}
    ranks = stats.cafs_test(pair.time, pair.happened, own, pair.arm, **options)
    wins = stats.win_ratio(pair.time, pair.happened, pair.arm, change=own, **options)
    functional = f"{measure.name}: change per {pair.time_unit} from baseline to the last value"
    unknown = int(np.isnan(own).sum())
    gaps = f"{unknown} without a change of it (survival alone)" if unknown else ""
    entered = "late entry is not taken into account" if pair.entry is not None else ""
    how = f"{ranks.n_permutations} {'arrangements, all there are' if ranks.exact else 'random arrangements'}; "
    how += f"smallest p {ranks.smallest_p:.2g}" if np.isfinite(ranks.smallest_p) else "no p"
    decided = f"{wins.wins} pairs won, {wins.losses} lost, {wins.ties} tied; survival decides {wins.by_survival:.0%}"
    scheme = f"{ranks.scheme} rearranged"
    status, note = state(ranks.status, ranks.note)
    tail = [note, how if status == "ok" else "", functional, gaps, entered]
    first = row(
        pair,
        level,
        arm,
        "cafs",
        effect=ranks.effect,
        unit="mean rank",
        se=ranks.se,
        low=ranks.low,
        high=ranks.high,
        df=ranks.df,
        test=f"difference of mean ranks, {scheme}",
        n_permutations=ranks.n_permutations or None,
        p=ranks.p,
        status=status,
        note="; ".join(filter(None, tail)),
        **sizes(pair, arm),
    )
    status, note = state(wins.status, wins.note)
    tail = [note, decided, functional, gaps, entered]
    benefit = row(
        pair,
        level,
        arm,
        "net_benefit",
        effect=wins.net_benefit,
        unit="share of pairs",
        se=wins.net_benefit_se,
        low=wins.net_benefit_low,
        high=wins.net_benefit_high,
        df=wins.df,
        test=f"pairs, {scheme}",
        n_permutations=wins.n_permutations or None,
        p=wins.p,
        status=status,
        note="; ".join(filter(None, tail)),
        **sizes(pair, arm),
    )
    bounded = bool(np.isfinite(wins.effect))
    ratio = row(
        pair,
        level,
        arm,
        "win_ratio",
        effect=wins.effect,
        unit="log win ratio",
        se=wins.se,
        low=wins.low,
        high=wins.high,
        df=wins.df,
        test=f"pairs, {scheme}",
        n_permutations=wins.n_permutations or None,
        p=wins.p if bounded else None,
        status=status if bounded or status != "ok" else "separated",
        note="; ".join(filter(None, tail)),
        **sizes(pair, arm),
    )
    return [dict(one) | {"measure": named} for one in (first, benefit, ratio)]


__all__ = ["function_and_survival"]
