"""Curves of every arm as points, and their medians as rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal import stats
from commensal.questions.arms import Texts
from commensal.questions.survival_rows import point_columns, row, state
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
    for arm in in_order(part, fit.groups):
        own = fit.group == arm
        shared = point_columns(part, level, str(arm))
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
    if part.interval:
        frames += _interval_frames(part, level)
    return pd.concat(frames, ignore_index=True)


def between(part: Watched) -> stats.IntervalCurves:
    """Return every arm's curve that takes events as the intervals they are known in."""
    earliest, latest = (
        np.where(part.happened, one, end) for one, end in ((part.earliest, part.time), (part.latest, np.inf))
    )
    return stats.interval_curves(earliest, latest, part.arm, entry=part.entry)


def _interval_frames(part: Watched, level: str | None) -> list[pd.DataFrame]:
    """Return that curve's corners: where each of its intervals begins and ends."""
    fit = between(part)
    frames = []
    for arm in in_order(part, fit.groups):
        own = (fit.group == arm) & np.isfinite(fit.right)
        before = np.append(1.0, fit.survival[own])[:-1]
        corners = {
            "x": np.column_stack([fit.left[own], fit.right[own]]).ravel(),
            "y": np.column_stack([before, fit.survival[own]]).ravel(),
        }
        shared = point_columns(part, level, str(arm))
        frames.append(pd.DataFrame(corners).assign(figure="interval", unit="share without the event", **shared))
    return frames


def in_order(part: Watched, groups: Texts) -> list[str]:
    """Return arms in their declared order, the control first."""
    present = set(groups.tolist())
    return [arm for arm in (part.arms.control_name, *part.arms.cases) if arm in present]


def _there(part: Watched) -> NDArray[np.bool_]:
    """Say who is under observation from the start (n,)."""
    return np.ones(len(part), dtype=bool) if part.entry is None else part.entry < 0


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
    held = between(part) if part.interval else None
    for arm in in_order(part, fit.groups):
        i = fit.groups.tolist().index(arm)
        status, note = state(fit.status[i], fit.note[i])
        if held is not None and np.isfinite(held.median_right[i]):
            known = f"half had it after {held.median_left[i]:g} and by {held.median_right[i]:g} (Turnbull)"
            note = "; ".join(filter(None, (note, known)))
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
