"""Does a feature follow severity among the diseased? Partial rank correlations within subjects, or between units."""

from __future__ import annotations

import numpy as np
import pandas as pd

from commensal import stats
from commensal.questions.course_design import Course
from commensal.questions.scales import Scales
from commensal.questions.severity import SEVERITY, ranked_lowest, severity_of, unit_means
from commensal.study import LoadedStudy
from commensal.tables import STATUSES


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
    y = ranked_lowest(scale)
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
        y, values, n = unit_means(y[here], values[here], course.unit[here])
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
