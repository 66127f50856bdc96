"""Measures of a declared design drawn anew: mean course, parts of units and subjects, and the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.simulation.design_assays import scores
from commensal.simulation.design_fit import BLOCK_SHARE, SUBJECT_SHARE, Floats, Integers, shares
from commensal.simulation.mouse_measures import OUTCOMES
from commensal.study import Measure

#: A course of more different times than this is a parabola, else a mean at each.
MOST_TIMES = 25
#: Values a measure needs, in all, before anything is fitted to it.
ENOUGH = 8


@dataclass(frozen=True, slots=True, eq=False)
class MeasureModel:
    """How one measure is drawn, on the scale on which it is compared (counts: natural logarithm)."""

    times: Floats  #: (t,) times of known means; one NaN where the measure has no time
    means: Floats  #: (t,)
    sd: float  #: of one value of one subject within an arm, all units together
    units: Mapping[str, float]  #: column of the unit → its share of the variance
    scale: str  #: linear, log10 (of the floor or more), count
    least: float  #: smallest value, as measured
    most: float  #: largest value, as measured
    digits: int
    source: str

    def mean(self, time: Floats) -> Floats:
        """Return the mean at times (n,); beyond the known ones the nearest."""
        if len(self.times) < 2:
            return np.full(len(time), self.means[0])
        return np.interp(np.where(np.isnan(time), self.times[0], time), self.times, self.means)


def _scale(measure: Measure) -> str:
    return "count" if measure.kind == "count" else measure.scale


def to_scale(measure: Measure, values: Floats) -> Floats:
    """Return values as they are compared."""
    kind = _scale(measure)
    if kind == "count":
        return np.log(np.maximum(values, 0) + 0.5)
    if kind == "log10":
        positive = values[values > 0]
        floor = measure.floor or (float(positive.min()) if len(positive) else 1.0)
        return np.log10(np.maximum(values, floor))
    return values


def fit_measure(
    measure: Measure, values: Floats, time: Floats, control: NDArray[np.bool_], groups: Integers,
    units: Mapping[str, Integers],
) -> MeasureModel:  # fmt: skip
    """Fit one measure by moments; shipped parameters where it has too few values.

    Parameters
    ----------
    measure
        As declared.
    values, time
        (n,) as measured; NaN is missing. A study without times has NaN times.
    control
        (n,) values on the control side, whose course is kept where there are enough.
    groups
        (n,) arms.
    units
        Column → code (n,) of the unit, outermost first.
    """
    known = np.isfinite(values)
    if int(known.sum()) < ENOUGH:
        return assumed(measure, units)
    y, at, side, arm = to_scale(measure, values[known]), time[known], control[known], groups[known]
    own = {name: one[known] for name, one in units.items()}
    times, means = _course(y[side], at[side]) if int(side.sum()) >= ENOUGH else _course(y, at)
    cells = np.asarray(
        pd.factorize(np.array([f"{a} {t}" for a, t in zip(arm, _binned(at), strict=True)], dtype=object))[0]
    )
    cells = cells.astype(np.int64)
    centred = y - pd.Series(y).groupby(cells).transform("mean").to_numpy()
    free = max(len(y) - len(np.unique(cells)), 1)
    sd = float(np.sqrt((centred**2).sum() / free))
    usual = [SUBJECT_SHARE if name == "subject" else BLOCK_SHARE for name in own]
    # the sum over parts is the variance of a value; cell means of arms with few units take some of the units' part
    part, how = shares(y[:, None], cells, list(own.values()), usual)
    outer = sum(float(one) for name, one in zip(own, part, strict=True) if name != "subject")
    inflation = 1 / max(1 - outer * _taken(cells, own), 0.3)
    raw = values[known]
    return MeasureModel(
        times=times,
        means=means,
        sd=max(sd * float(np.sqrt(inflation)), 1e-9),
        units=dict(zip(own, part.tolist(), strict=True)),
        scale=_scale(measure),
        least=0.0 if raw.min() >= 0 else -np.inf,
        most=min(
            measure.ceiling if measure.ceiling is not None else np.inf, raw.max() if measure.kind == "score" else np.inf
        ),
        digits=_digits(raw),
        source=f"fitted to its values (units: {how})",
    )


def _taken(cells: Integers, units: Mapping[str, Integers]) -> float:
    """Return the share of the outermost unit's variance that the means of cells take with them: 1 / units in a cell."""
    outer = next((one for name, one in units.items() if name != "subject"), None)
    if outer is None:
        return 0.0
    return float(np.mean([1 / len(np.unique(outer[cells == cell])) for cell in np.unique(cells)]))


def _binned(time: Floats) -> Floats:
    if len(np.unique(time[~np.isnan(time)])) <= MOST_TIMES:
        return np.nan_to_num(time, nan=-1.0)
    cuts = np.nanquantile(time, np.linspace(0, 1, 7)[1:-1])
    return np.searchsorted(cuts, np.nan_to_num(time)).astype(np.float64)


def _course(y: Floats, time: Floats) -> tuple[Floats, Floats]:
    known = ~np.isnan(time)
    if not known.all() or len(np.unique(time)) < 2:
        return np.array([np.nan]), np.array([float(np.mean(y))])
    times = np.unique(time)
    if len(times) <= MOST_TIMES:
        return times, np.array([float(y[time == one].mean()) for one in times])
    grid = np.linspace(times[0], times[-1], 9)
    return np.asarray(grid, dtype=np.float64), np.asarray(np.polyval(np.polyfit(time, y, 2), grid), dtype=np.float64)


def _digits(values: Floats) -> int:
    for digits in range(4):
        if np.allclose(values, np.round(values, digits), atol=1e-9):
            return digits
    return 4


def assumed(measure: Measure, units: Mapping[str, Integers]) -> MeasureModel:
    """Return shipped parameters for a measure that nobody has taken yet: those of the animals that are simulated.

    A measure of the same name, else of the same kind; a latency is scaled to its ceiling. A score has mean 10 and SD 3.
    """
    named = {one.name: one for one in OUTCOMES}
    like = named.get(measure.name) or next((one for one in OUTCOMES if one.kind == measure.kind), OUTCOMES[-2])
    level, sd, digits, told = like.level, float(np.hypot(like.between, like.within)), like.digits, like.name
    if measure.kind == "score":
        level, sd, digits, told = 10.0, 3.0, 0, "a score of mean 10 and SD 3"
    elif measure.kind == "latency":
        ratio = (measure.ceiling or 300.0) / 300.0
        level, sd = 200.0 * ratio, 32.0 * ratio
    elif measure.scale == "log10":
        level, sd, told = 6.0, 0.6, "6 ± 0.6 log10"
    part = {name: SUBJECT_SHARE if name == "subject" else BLOCK_SHARE for name in units}
    return MeasureModel(
        times=np.array([np.nan]), means=np.array([level]), sd=sd, units=part, scale=_scale(measure), least=0.0,
        most=measure.ceiling if measure.ceiling is not None else np.inf, digits=digits,
        source=f"shipped parameters ({told})",
    )  # fmt: skip


def draw_measure(
    rng: np.random.Generator, model: MeasureModel, time: Floats, units: Mapping[str, Integers], shift: Floats
) -> Floats:
    """Draw values (n,) as they are measured; ``shift`` (n,) is planted, in standard deviations.

    Parameters
    ----------
    rng
        The only source of chance.
    model
        How it is drawn.
    time
        (n,) NaN where the measure has no time.
    units
        Column → code (n,) of the unit.
    shift
        (n,) in units of the model's SD.
    """
    n = len(time)
    blocks, left = scores(rng, n, 1, units, model.units)
    noise = np.sqrt(left) * rng.normal(size=n)
    y = model.mean(time) + model.sd * (blocks[:, 0] + noise + shift)
    if model.scale == "log10":
        return np.asarray(10**y)
    if model.scale == "count":
        return np.asarray(np.maximum(np.round(np.exp(y) - 0.5), 0))
    return np.asarray(np.round(np.clip(y, model.least, model.most), model.digits))
