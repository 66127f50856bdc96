"""Curves of every arm as points, and their medians as rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal import stats
from commensal.questions.survival_rows import row, state
from commensal.questions.watched import Watched

#: How many times the table of numbers at risk has, about.
TICKS = 6


def curves(part: Watched) -> stats.KaplanMeierFit:
    """Return the curve of every arm."""
    return stats.kaplan_meier(
        part.time,
        part.happened,
        part.arm,
        entry=part.entry,
        cage=part.unit if part.whole else None,
        level=part.arms.question.level,
    )


def curve_points(part: Watched, level: str | None) -> pd.DataFrame:
    """Return the steps of every arm's curve, where subjects were censored, and how many are at risk."""
    if not len(part):
        return pd.DataFrame()
    fit = curves(part)
    frames = []
    marks = ticks(float(part.time.max()))
    at_risk = fit.at_risk(marks)
    for arm in fit.groups.tolist():
        own = fit.group == arm
        shared = _shared(part, level, str(arm))
        # a step before the first time, so that the curve starts at 1 with everybody who was there
        present = int(np.count_nonzero((part.arm == arm) & _there(part)))
        first = {"x": 0.0, "y": 1.0, "low": np.nan, "high": np.nan, "n": present}
        columns = {"x": "time", "y": "survival", "low": "low", "high": "high", "n": "n_risk"}
        steps = pd.DataFrame({name: getattr(fit, of)[own] for name, of in columns.items()})
        steps = pd.concat([pd.DataFrame([first]), steps], ignore_index=True)
        frames.append(steps.assign(figure="survival", unit="share without the event", **shared))
        lost = own & (fit.n_censored > 0)
        if lost.any():
            seen = {"x": fit.time[lost], "y": fit.survival[lost], "n": fit.n_censored[lost]}
            frames.append(pd.DataFrame(seen).assign(figure="censored", unit="share without the event", **shared))
        risk = at_risk[at_risk["group"] == arm]
        told = {"x": risk["time"], "y": risk["survival"], "n": risk["n_risk"]}
        frames.append(pd.DataFrame(told).assign(figure="at_risk", unit="share without the event", **shared))
    return pd.concat(frames, ignore_index=True)


def _there(part: Watched) -> NDArray[np.bool_]:
    """Say who is under observation from the start (n,)."""
    return np.ones(len(part), dtype=bool) if part.entry is None else part.entry < 0


def _shared(part: Watched, level: str | None, arm: str) -> dict[str, Any]:
    named = {key: value for key, value in part.arms.identity().items() if key != "kind"}
    side = "control" if arm == part.arms.control_name else "case"
    return {
        **named,
        "measure": part.event.name,
        "label": part.arms.term(arm, level),
        "side": side,
        "group": arm,
        "note": part.time_unit,
    }


def ticks(last: float) -> NDArray[np.float64]:
    """Return about six round times from 0 on, none beyond the last.

    Examples
    --------
    >>> ticks(134.0).tolist()
    [0.0, 20.0, 40.0, 60.0, 80.0, 100.0, 120.0]
    """
    if not last > 0:
        return np.zeros(1)
    rough = last / TICKS
    size = 10.0 ** np.floor(np.log10(rough))
    step = next(one * size for one in (1.0, 2.0, 5.0, 10.0) if one * size >= rough * 0.75)
    marks: NDArray[np.float64] = np.arange(0.0, last * (1 + 1e-9), step)
    return marks


def median_rows(part: Watched, level: str | None) -> list[Mapping[str, object]]:
    """Return every arm's median, the control's first."""
    if not len(part):
        return []
    fit = curves(part)
    rows = []
    names = [part.arms.control_name, *part.arms.cases]
    for i in sorted(range(fit.groups.size), key=lambda i: names.index(str(fit.groups[i]))):
        arm = str(fit.groups[i])
        status, note = state(fit.status[i], fit.note[i])
        case = arm != part.arms.control_name
        counts: dict[str, Any] = {"n": int(fit.n[i]), ("n_case" if case else "n_control"): int(fit.n[i])}
        if part.unit is not None:
            counts["n_blocks"] = len(set(part.unit[part.arm == arm].tolist()))
        rows.append(
            row(
                part,
                level,
                arm,
                "median",
                effect=fit.median[i],
                unit=part.time_unit,
                low=fit.median_low[i],
                high=fit.median_high[i],
                test="Kaplan–Meier, log-log" + (", variance over units" if part.whole else ""),
                status=status,
                note="; ".join(filter(None, (f"{fit.events[i]} of {fit.n[i]} had the event", note))),
                **counts,
            )
        )
    return rows


__all__ = ["curve_points", "curves", "median_rows", "ticks"]
