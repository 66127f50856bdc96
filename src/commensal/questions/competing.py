"""Events that compete: the incidence of the event beside those after which it can no longer happen."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from commensal import stats
from commensal.questions.survival_curves import in_order
from commensal.questions.survival_rows import point_columns, row, sizes, state
from commensal.questions.watched import Watched


def competes(part: Watched) -> bool:
    """Say whether anybody had a competing event."""
    return bool(((part.cause != "") & ~part.happened).any())


def incidence_rows(pair: Watched, level: str | None, arm: str, tau: float) -> list[Mapping[str, object]]:
    """Return the difference of incidences at tau of each cause, and the test of the event's over the follow-up."""
    if not tau > 0:
        return []
    came = pair.cause != ""
    rows = []
    causes = [pair.event.name, *sorted(set(pair.cause[came].tolist()) - {pair.event.name})]
    for cause in causes:
        if not (pair.cause == cause).any():
            continue
        fit = stats.incidence_difference(
            pair.time,
            came,
            pair.cause,
            pair.arm,
            tau,
            cause,
            control=pair.arms.control_name,
            cage=pair.unit,
            entry=pair.entry,
            level=pair.arms.question.level,
        )
        status, note = state(fit.status, fit.note)
        shares = f"{cause}: {fit.incidence[1]:.3g} against {fit.incidence[0]:.3g} by {tau:g} {pair.time_unit}"
        values = {name: getattr(fit, name) for name in ("effect", "se", "low", "high", "statistic", "df", "p")}
        rows.append(
            row(
                pair,
                level,
                arm,
                "cumulative_incidence",
                feature=cause,
                time=tau,
                unit="share",
                test="t, Welch, Aalen–Johansen",
                status=status,
                note="; ".join(filter(None, (note, shares))),
                **values,
                **sizes(pair, arm),
            )
        )
    if pair.entry is None and pair.happened.any():
        rows.append(_tested(pair, level, arm))
    return rows


def _tested(pair: Watched, level: str | None, arm: str) -> Mapping[str, object]:
    came = pair.cause != ""
    fit = stats.incidence_test(
        pair.time,
        came,
        pair.cause,
        pair.arm,
        pair.event.name,
        control=pair.arms.control_name,
        **pair.options(),
    )
    return scored_row(
        pair, level, arm, "subdistribution", fit, "log subdistribution hazard ratio", "Fine and Gray's score"
    )


def scored_row(
    pair: Watched, level: str | None, arm: str, model: str, fit: stats.ScoreTestFit, unit: str, test: str
) -> Mapping[str, object]:
    """Return the row of a test by scores."""
    status, note = state(fit.status, fit.note)
    how = "arrangements, all there are" if fit.exact else "random arrangements"
    told = f"{fit.n_permutations} {how}; smallest p {fit.smallest_p:.2g}" if status == "ok" else note
    return row(
        pair,
        level,
        arm,
        model,
        effect=fit.effect,
        unit=unit,
        test=f"{test}, {fit.scheme} rearranged",
        statistic=fit.statistic,
        n_permutations=fit.n_permutations or None,
        p=fit.p,
        status=status,
        note=told,
        **sizes(pair, arm),
    )


def incidence_points(part: Watched, level: str | None) -> pd.DataFrame:
    """Return the steps of every arm's incidence of every cause: figure ``incidence``, feature the cause."""
    came = part.cause != ""
    if not came.any():
        return pd.DataFrame()
    fit = stats.cumulative_incidence(
        part.time,
        came,
        part.cause,
        part.arm,
        entry=part.entry,
        cage=part.unit if part.whole else None,
        level=part.arms.question.level,
    )
    frames = []
    for arm in in_order(part, fit.groups):
        for cause in fit.causes.tolist():
            own = (fit.group == arm) & (fit.cause == cause)
            names = {"x": "time", "y": "incidence", "low": "low", "high": "high", "n": "n_risk"}
            steps = pd.DataFrame({name: getattr(fit, of)[own] for name, of in names.items()})
            first = {"x": 0.0, "y": 0.0, "n": int(fit.n[fit.groups.tolist().index(arm)])}
            steps = pd.concat([pd.DataFrame([first | {"low": np.nan, "high": np.nan}]), steps], ignore_index=True)
            shared = point_columns(part, level, str(arm))
            frames.append(steps.assign(figure="incidence", feature=cause, unit="share with the event", **shared))
    return pd.concat(frames, ignore_index=True)


__all__ = ["competes", "incidence_points", "incidence_rows", "scored_row"]
