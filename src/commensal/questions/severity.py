"""How severe a sample's disease is, and what every question does with it: values in time, ranks, means of units."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.questions.scales import Scales
from commensal.study import LoadedStudy, Measure

Array = NDArray[np.float64]
SEVERITY = "severity"


def severity_of(loaded: LoadedStudy, measure: Measure, subjects: Sequence[str], time: Array, *, at: str) -> Array:
    """Return the measure of each sample's subject (n,): the nearest in time, its first or its last value.

    Nearest both ways: a sample to which no value is nearest has none, so that no value counts twice.
    """
    return severity_at(loaded, measure, subjects, time, at=at)[0]


def severity_at(
    loaded: LoadedStudy, measure: Measure, subjects: Sequence[str], time: Array, *, at: str
) -> tuple[Array, Array]:
    """Return the measure of each sample's subject (n,), and how far in time it lies from the sample (n,).

    A subject with several values and a sample whose time is not known has none: which is nearest cannot be said.
    """
    held = _long(loaded, measure.column or measure.name)
    found, apart = np.full(len(subjects), np.nan), np.full(len(subjects), np.nan)
    by_subject = {str(key): rows for key, rows in held.groupby("subject")}
    people = np.asarray(subjects, dtype=object)
    for who in dict.fromkeys(subjects):
        rows = by_subject.get(str(who))
        if rows is None:
            continue
        own = np.flatnonzero(people == who)
        when, values = rows["time"].to_numpy(float), rows["value"].to_numpy(float)
        if np.isnan(when).all() or (len(values) == 1 and np.isnan(time[own]).all()):
            chosen, told = own, np.zeros(len(own), dtype=np.intp)
        elif at == "nearest":
            gaps = np.abs(time[own][:, None] - np.where(np.isnan(when), np.inf, when))
            gaps = np.where(np.isnan(gaps), np.inf, gaps)
            mine = gaps.argmin(axis=1)
            both = (gaps.argmin(axis=0)[mine] == np.arange(len(own))) & np.isfinite(gaps[np.arange(len(own)), mine])
            chosen, told = own[both], mine[both]
        else:
            one = int(np.nanargmin(when) if at == "first" else np.nanargmax(when))
            chosen, told = own, np.full(len(own), one, dtype=np.intp)
        found[chosen] = values[told]
        apart[chosen] = np.abs(time[chosen] - when[told])
    return found, apart


def _long(loaded: LoadedStudy, name: str) -> pd.DataFrame:
    """Return subject, time and value of one measure, from the phenotypes or else from the samples."""
    for frame in (loaded.phenotypes, loaded.samples):
        if frame is None:
            continue
        if name in frame.columns:
            own = frame[["subject"]].copy()
            own["value"] = pd.to_numeric(frame[name], errors="coerce")
        elif {"measure", "value"} <= set(frame.columns):
            frame = frame[frame["measure"] == name]  # noqa: PLW2901
            own = frame[["subject"]].copy()
            own["value"] = pd.to_numeric(frame["value"], errors="coerce")
        else:
            continue
        own["time"] = pd.to_numeric(frame["time"], errors="coerce") if "time" in frame.columns else np.nan
        own = own.dropna(subset=["value"])
        if len(own):
            return own.astype({"value": float, "time": float})
    return pd.DataFrame({"subject": [], "time": [], "value": []})


def ranked_lowest(scale: Scales) -> Array:
    """Return log2 abundance (n, m) with absence below everything, for ranks."""
    y = scale.log2.copy()
    if scale.present is not None:
        lowest = np.nanmin(y, initial=0.0) - 1
        y[(scale.present == 0) & ~np.isfinite(y)] = lowest
    return y


def unit_means(y: Array, values: Array, unit: NDArray[np.object_]) -> tuple[Array, Array, int]:
    """Return means over units of y (n, m), NaN being missing, and of values (n,) or (n, k); and how many units."""
    names, codes = np.unique(unit.astype(str), return_inverse=True)
    seen = np.isfinite(y)
    total, count = np.zeros((len(names), y.shape[1])), np.zeros((len(names), y.shape[1]))
    np.add.at(total, codes, np.where(seen, y, 0.0))
    np.add.at(count, codes, seen)
    severity = np.array([values[codes == at].mean(axis=0) for at in range(len(names))]).reshape(
        len(names), *values.shape[1:]
    )
    return np.where(count > 0, total / np.maximum(count, 1), np.nan), severity, len(names)
