"""Points without single people: counts in bins and means with intervals in their place, or nothing.

What a figure shows of single people is known by its kind. A kind that is not known here is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.study import LoadedStudy
from commensal.tables import points

Floats = NDArray[np.float64]

#: Nothing is shown of fewer people than this, and counts are rounded to it.
LEAST = 5
#: Kinds that tell of features, genomes and effects: they stay.
OF_NOBODY = frozenset({"triangulation", "reversal", "capability", "pathway", "producers", "contaminants"})
#: Kinds with a value per person: their y is counted in bins, and their mean is given.
VALUES = frozenset({"values", "diversity", "levels", "raw", "engraftment", "growth", "quality", "counting"})
#: Kinds with a value per person and time, or per person and severity: means by bins of x.
ALONG = frozenset({"course", "trajectory", "severity", "raw_severity", "raw_course"})
#: Kinds that are means or sums already, of so many as ``n`` says: without those of few.
MEANS = frozenset({"trajectory_mean"})
#: Curves of events: read at round times between which enough people left.
CURVES = frozenset({"survival", "incidence", "at_risk"})
#: What a run's private points are called: counts in bins, and means with their intervals.
DENSITY, MEAN = "density", "mean"

_CELL = ["question", "contrast", "cohort", "specimen", "assay", "figure", "measure", "feature", "label", "side",
         "group", "unit"]  # fmt: skip
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_BINS = 12


def private_points(found: pd.DataFrame, loaded: LoadedStudy, level: float = 0.95) -> pd.DataFrame:
    """Return what can be shown of points without showing single people.

    Parameters
    ----------
    found
        Points of a run.
    loaded
        The study: whose samples are whose.
    level
        Confidence level of the means' intervals.

    Returns
    -------
    pandas.DataFrame
        Points: those of features and effects as they were; ``density`` (``n`` people with values from ``low`` to
        ``high``, y their share; ``block`` is ``and below`` or ``and above`` where a bin is open), ``mean`` (y with its
        interval, x the middle of a bin of time or severity, ``n`` people; of curves of events the share at a round
        time); ``note`` is the kind of points that they stand for.

    Notes
    -----
    A person counts once in a cell: several values are averaged. The mean's interval is Student's t over people. Bins
    are laid on a grid of round numbers between the fifth and the ninety-fifth hundredth, then joined from the left
    until each holds `LEAST` people of its group, so that none is empty by suppression; the outer ones are open.
    """
    if found.empty:
        return found
    kinds = found["figure"].astype(str)
    frames = [found[kinds.isin(OF_NOBODY)], _of_many(found[kinds.isin(MEANS)]), *_curves(found[kinds.isin(CURVES)])]
    prepared = found[(kinds == "preparation") & (found["measure"] != "run").fillna(True).to_numpy(bool)]
    frames.append(prepared)
    personal = found[kinds.isin(VALUES | ALONG)]
    if len(personal):
        frames.append(points([*_rows(personal.assign(_who=_people(personal, loaded)), level)]))
    kept = points([{str(key): cell for key, cell in row.items()} for one in frames for row in one.to_dict("records")])
    nobody = kept["figure"].isin(["capability"]).to_numpy(bool)  # its ``sample`` is a genome
    return points(kept.assign(sample=kept["sample"].where(nobody), subject=kept["subject"].where(nobody)))


def _people(frame: pd.DataFrame, loaded: LoadedStudy) -> pd.Series[Any]:
    """Say whose each point is (n,); without a subject, the sample is somebody of its own."""
    owner = loaded.samples["subject"].astype("string").to_dict()
    samples = frame["sample"].map(lambda one: owner.get(one, one), na_action="ignore").astype("string")
    return frame["subject"].astype("string").fillna(samples).fillna("")


def _rows(frame: pd.DataFrame, level: float) -> Iterator[dict[str, object]]:
    shared = [name for name in _CELL if name not in ("side", "group")]
    for keys, own in frame.groupby(shared, sort=False, dropna=False):
        base: dict[str, object] = {name: _known(one) for name, one in zip(shared, keys, strict=True)}
        kind = str(base.pop("figure"))
        timed = kind in ALONG or (kind == "raw" and own["x"].notna().any())
        grid = _grid(own["x"]) if timed else _grid(own["y"])
        for (side, group), cell in own.groupby(["side", "group"], sort=False, dropna=False):
            row = {**base, "note": kind, "side": _known(side), "group": _known(group)}
            yield from _along(cell, row, grid, level) if timed else _spread(cell, row, grid, level)


def _known(one: Any) -> object:
    return None if pd.isna(one) else one


def _spread(cell: pd.DataFrame, row: dict[str, object], grid: Floats, level: float) -> Iterator[dict[str, object]]:
    """Yield one group's counts in bins, and its mean."""
    values = _per_person(cell)
    if len(values) < LEAST:
        return
    yield {**row, "figure": MEAN, **_mean(values, level)}
    cuts = _joined(values, np.arange(len(values)).astype(object), grid)
    if not len(cuts):
        return
    width = float(np.median(np.diff(grid))) if len(grid) > 1 else 1.0
    edges = np.concatenate([[cuts[0] - width], cuts, [cuts[-1] + width]])  # the outer bins are open, and drawn so wide
    counts = _rounded(np.bincount(np.searchsorted(cuts, values, side="right"), minlength=len(cuts) + 1))
    for at, count in enumerate(counts.tolist()):
        end = "and below" if at == 0 else "and above" if at == len(cuts) else None
        bounds = {"low": float(edges[at]), "high": float(edges[at + 1])}
        yield {**row, "figure": DENSITY, "y": count / counts.sum(), "n": count, "block": end, **bounds}


def _along(cell: pd.DataFrame, row: dict[str, object], grid: Floats, level: float) -> Iterator[dict[str, object]]:
    """Yield one group's means by bins of time or severity."""
    known = cell[cell["x"].notna() & cell["y"].notna()]
    if known["_who"].nunique() < LEAST or not len(grid):
        return
    x, who = known["x"].to_numpy(float), known["_who"].to_numpy(object)
    cuts = _joined(x, who, grid)
    width = float(np.median(np.diff(grid))) if len(grid) > 1 else 0.0
    edges = np.concatenate([[cuts[0] - width], cuts, [cuts[-1] + width]]) if len(cuts) else np.repeat(grid.mean(), 2)
    bins = np.searchsorted(cuts, x, side="right")
    for at in range(len(cuts) + 1):
        values = _per_person(known[bins == at])
        if len(values) >= LEAST:  # fewer where somebody has values in several bins
            middle = float(edges[at] + edges[at + 1]) / 2
            end = "and below" if at == 0 else "and above" if at == len(cuts) else None
            yield {**row, "figure": MEAN, "x": middle, "block": end, **_mean(values, level)}


def _per_person(cell: pd.DataFrame) -> Floats:
    known = cell[cell["y"].notna()]
    return known.groupby("_who", sort=True)["y"].mean().to_numpy(float)


def _mean(values: Floats, level: float) -> dict[str, object]:
    from scipy.stats import t

    middle, n = float(values.mean()), len(values)
    half = float(t.ppf((1 + level) / 2, n - 1) * values.std(ddof=1) / np.sqrt(n))
    return {"y": middle, "low": middle - half, "high": middle + half, "n": int(_rounded(np.array([n]))[0])}


def _rounded(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Round counts to multiples of `LEAST`, so that they tell of nobody when taken from one another."""
    return (np.floor(counts / LEAST + 0.5) * LEAST).astype(np.int64)


def _grid(values: pd.Series[Any]) -> Floats:
    """Return round numbers between the fifth and ninety-fifth hundredth of values, about `_BINS` of them."""
    known = values.dropna().to_numpy(float)
    known = known[np.isfinite(known)]
    if not known.size:
        return np.empty(0)
    low, high = (float(one) for one in np.quantile(known, (0.05, 0.95)))
    if not high > low:
        return np.empty(0)
    raw = (high - low) / _BINS
    power = 10.0 ** np.floor(np.log10(raw))
    step = next(one * power for one in _STEPS if one * power >= raw * (1 - 1e-9))
    first, last = np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9)
    made: Floats = np.round(np.arange(first, last + 1) * step, max(0, 2 - int(np.floor(np.log10(step)))))
    return made


def _joined(values: Floats, who: NDArray[np.object_], grid: Floats) -> Floats:
    """Return the cuts of the grid between which, below the first and above the last, `LEAST` people or more lie."""
    cuts: list[float] = []
    before = -np.inf
    for cut in grid.tolist():
        inside, above = (values >= before) & (values < cut), values >= cut
        if len(set(who[inside])) >= LEAST and len(set(who[above])) >= LEAST:
            cuts.append(cut)
            before = cut
    return np.asarray(cuts)


def _of_many(frame: pd.DataFrame) -> pd.DataFrame:
    few = frame["n"].fillna(0) < LEAST
    return frame[~few].assign(n=lambda kept: _rounded(kept["n"].to_numpy(np.int64)))


def _curves(frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield every curve at round times: after each, at least `LEAST` more people have left than at the one before."""
    apart = [name for name in _CELL if name not in ("figure", "unit")]
    for _, own in frame.groupby(apart, sort=False, dropna=False):
        for kind in ("survival", "incidence"):
            steps = own[own["figure"] == kind].sort_values("x", kind="stable")
            if len(steps):
                yield _read_off(steps)


def _read_off(steps: pd.DataFrame) -> pd.DataFrame:
    times, at_risk = steps["x"].to_numpy(float), steps["n"].fillna(0).to_numpy(float)
    grid = _grid(steps["x"])
    chosen: list[int] = []
    marks: list[float] = []
    before = np.inf
    for mark in [0.0, *grid[grid > 0].tolist()]:
        place = int(np.searchsorted(times, mark, side="right")) - 1
        if place < 0:
            continue
        left = at_risk[place + 1] if place + 1 < len(steps) else 0.0
        left = at_risk[place] if mark == 0 else left
        if left >= LEAST and before - left >= LEAST:
            chosen.append(place)
            marks.append(mark)
            before = left
    read = steps.iloc[chosen].assign(x=marks)
    counts = _rounded(read["n"].fillna(0).to_numpy(np.int64))
    return read.assign(n=counts, note=read["figure"], figure=MEAN, block=None)


def left_out(found: pd.DataFrame) -> Sequence[str]:
    """Name the kinds of points that have no form without single people."""
    known = OF_NOBODY | VALUES | ALONG | MEANS | CURVES | {"preparation"}
    return sorted(set(found["figure"].dropna().astype(str)) - known)


__all__ = ["DENSITY", "LEAST", "MEAN", "left_out", "private_points"]
