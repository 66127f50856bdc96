"""Does a feature follow severity among the diseased? Partial rank correlations within subjects, or between units."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal import stats
from commensal.questions.course_design import Course
from commensal.questions.scales import Scales
from commensal.study import LoadedStudy, Measure
from commensal.tables import STATUSES

Array = NDArray[np.float64]
SEVERITY = "severity"


def severity_rows(loaded: LoadedStudy, course: Course, scale: Scales) -> pd.DataFrame:
    """Return one row per feature: Spearman's partial correlation with the severity measure among the diseased.

    Where severity changes within subjects, inside subjects and beside age; else between units, over their means.
    """
    declared = course.question.severity
    if declared is None:
        return pd.DataFrame()
    measure = loaded.declared.measures[declared["measure"]]
    values = severity_of(loaded, measure, course.subjects.tolist(), course.time, at=declared["at"])
    here = course.case & np.isfinite(values)
    frame = pd.DataFrame({**course.identity(), "feature": course.assay.features.index.astype(str), "model": SEVERITY})
    frame["label"], frame["measure"] = course.assay.features["label"].astype(str).to_numpy(), measure.name
    frame["unit"], frame["level"], frame["test"] = "Spearman's r", course.question.level, "t"
    y = _ranked_lowest(scale)
    y[:, np.isfinite(y).sum(axis=0) == 0] = np.nan
    people = course.subjects
    inside = pd.Series(values[here]).groupby(people[here]).nunique().gt(1).any() if here.any() else False
    if here.sum() < 3:
        frame["status"], frame["note"] = "not_measured", f"{int(here.sum())} samples of the diseased have a severity"
        return frame
    if inside:
        rows = np.flatnonzero(here)
        found = stats.associate(
            y[rows], values[rows][:, None], covariates=course.time[rows][:, None], block=people[rows]
        )
        frame["term"], n_blocks = "within", len(set(people[rows]))
        note = "within subjects, age held fixed"
    else:
        y, values, n = _means(y[here], values[here], course.unit[here])
        found = stats.associate(y, values[:, None])
        frame["term"], n_blocks = "between", n
        note = f"between means of each {course.unit_name}"
    low, high = found.interval(course.question.level)
    frame["effect"], frame["low"], frame["high"] = found.r[:, 0], low[:, 0], high[:, 0]
    frame["df"], frame["p"], frame["q"] = found.df[:, 0], found.p[:, 0], found.q[:, 0]
    frame["n"], frame["n_blocks"] = found.n[:, 0], n_blocks
    frame["status"], frame["note"] = found.status()[:, 0], note
    frame.loc[frame["p"].isna() & ~frame["status"].isin(set(STATUSES) - {"ok"}), "status"] = "constant"
    frame["family"] = f"{course.question.name} / {course.contrast.name} / {course.assay.name} / features, severity"
    frame.loc[frame["p"].isna(), "family"] = pd.NA
    return frame


def severity_of(loaded: LoadedStudy, measure: Measure, subjects: Sequence[str], time: Array, *, at: str) -> Array:
    """Return the measure of each sample's subject (n,): the nearest in time, its first or its last value.

    Nearest both ways: a sample to which no value is nearest has none, so that no value counts twice.
    """
    name = measure.column or measure.name
    held = _long(loaded, name)
    found = np.full(len(subjects), np.nan)
    by_subject = {str(key): rows for key, rows in held.groupby("subject")}
    people = np.asarray(subjects, dtype=object)
    for who in dict.fromkeys(subjects):
        rows = by_subject.get(str(who))
        if rows is None:
            continue
        own = np.flatnonzero(people == who)
        when, values = rows["time"].to_numpy(float), rows["value"].to_numpy(float)
        if np.isnan(when).all():
            found[own] = values[0]
        elif at == "nearest":
            apart = np.abs(time[own][:, None] - np.where(np.isnan(when), np.inf, when))
            mine = apart.argmin(axis=1)
            both = apart.argmin(axis=0)[mine] == np.arange(len(own))
            found[own[both]] = values[mine[both]]
        else:
            found[own] = values[int(np.nanargmin(when) if at == "first" else np.nanargmax(when))]
    return found


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


def _ranked_lowest(scale: Scales) -> Array:
    """Return log2 abundance (n, m) with absence below everything, for ranks."""
    y = scale.log2.copy()
    if scale.present is not None:
        lowest = np.nanmin(y, initial=0.0) - 1
        y[(scale.present == 0) & ~np.isfinite(y)] = lowest
    return y


def _means(y: Array, values: Array, unit: NDArray[np.object_]) -> tuple[Array, Array, int]:
    names, codes = np.unique(unit.astype(str), return_inverse=True)
    seen = np.isfinite(y)
    total, count = np.zeros((len(names), y.shape[1])), np.zeros((len(names), y.shape[1]))
    np.add.at(total, codes, np.where(seen, y, 0.0))
    np.add.at(count, codes, seen)
    severity = np.array([values[codes == at].mean() for at in range(len(names))])
    return np.where(count > 0, total / np.maximum(count, 1), np.nan), severity, len(names)
