"""``course``: what differs as the disease runs, and what before it shows? Diseased against healthy over age."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal import stats
from commensal.questions.answer import Answer
from commensal.questions.course_design import Course, course_design
from commensal.questions.course_facility import facility_rows
from commensal.questions.course_looks import Look, at_times, axis, looks
from commensal.questions.course_rows import (
    SHORTLISTED,
    class_rows,
    contrast_rows,
    departure_rows,
    design_row,
    frame_rows,
    time_rows,
)
from commensal.questions.course_severity import severity_rows
from commensal.questions.scales import Scales, scales
from commensal.questions.shortlist import shortlist_rows
from commensal.stats.reference_frame import FEWEST
from commensal.study import LoadedStudy, Question
from commensal.tables import estimates, points

Array = NDArray[np.float64]
#: Features whose trajectories are drawn, per assay.
TOP = 12


def course(loaded: LoadedStudy, question: Question, assay: str) -> Answer:
    """Answer a course question for one assay.

    Raises
    ------
    DesignError
        The comparison cannot be made with these samples.
    """
    design = course_design(loaded, question, assay)
    scale = scales(design.assay, design.values)
    made = looks(design, scale)
    classes = classed(design, made)
    departed = [_departures(design, look, classes, at, loaded) for at, look in enumerate(made)]
    names = design.assay.features.index.to_numpy(dtype=np.str_)
    classes = parted_before(classes, names, departed, design.onset.onset if design.onset.shared else 0.0)
    frames: list[pd.DataFrame] = [design_row(design, made, _time_unit(loaded)), class_rows(design, classes, made)]
    for at, look in enumerate(made):
        frames += [*frame_rows(design, look), *contrast_rows(design, look, classes, at)]
        if look.tested.any():
            frames += time_rows(design, look, at_times(design, look))
        frames.append(departed[at])
        frames += facility_rows(design, look)
    frames.append(severity_rows(loaded, design, scale))
    rows = _stacked(frames)
    listed = shortlist_rows(rows, _time_unit(loaded), shared_onset=design.onset.shared)
    rows = _stacked([listed, rows])
    return Answer(rows, trajectories(design, scale, rows), design.dropped)


def _time_unit(loaded: LoadedStudy) -> str:
    return loaded.declared.time_unit or "time"


def _stacked(frames: list[pd.DataFrame]) -> pd.DataFrame:
    return estimates(pd.concat([frame for frame in frames if len(frame)], ignore_index=True))


def classed(design: Course, made: tuple[Look, ...]) -> stats.CourseClasses:
    """Class every feature by its looks."""
    spread = {
        name: np.stack([look.spread(getattr(look.fit, name)) for look in made])
        for name in ("p", "effect", "low", "high")
    }
    return stats.course_classes(
        np.stack([look.spread(look.fit.omnibus_p) for look in made]),
        spread["p"],
        spread["effect"],
        spread["low"],
        spread["high"],
        [look.margin for look in made],
        family="features, course",
        level=design.question.level,
    )


def parted_before(
    classes: stats.CourseClasses, features: NDArray[np.str_], departed: list[pd.DataFrame], onset: float
) -> stats.CourseClasses:
    """Take the class `with` from features whose departure lies before onset, its whole interval.

    A slow departure may leave the mean difference before onset inside the margin. That the groups part with
    progression only is then not what these data say, and by how much they differ before is not shown either.
    """
    early: set[str] = set()
    for rows in departed:
        if "effect" in rows:  # it is not where no departure could be looked for
            told = rows[rows["status"] == "ok"]
            early |= set(told.loc[(told["high"] < onset) | told["effect"].isna(), "feature"])
    slow = (classes.name == "with") & np.isin(features.astype(str), sorted(early))
    reason = "differs with progression, and the groups part before onset: by how much they differ there is not shown"
    return replace(
        classes,
        name=np.where(slow, "undetermined", classes.name).astype(object),
        reason=np.where(slow, reason, classes.reason).astype(object),
    )


def _departures(design: Course, look: Look, classes: stats.CourseClasses, at: int, loaded: LoadedStudy) -> pd.DataFrame:
    """Estimate when the groups part, for the features of this look that differ at some time."""
    unit, chosen = _time_unit(loaded), classes.selected & (classes.look == at)
    if not chosen.any():
        return departure_rows(design, look, chosen, None, "", unit)
    time = axis(design)
    if len(np.unique(time[design.case])) < 3:
        why = "fewer than three times: when the groups part cannot be told"
        return departure_rows(design, look, chosen, None, why, unit)
    fit = stats.departure(
        _from_the_others(look, classes)[:, chosen],
        design.case.astype(float),
        time,
        design.unit.tolist(),
        look.fixed,
        level=design.question.level,
    )
    return departure_rows(design, look, chosen, fit, "", unit)


def _from_the_others(look: Look, classes: stats.CourseClasses) -> Array:
    """Return relative log2 abundances (n, m) measured, in each sample, from the features that were not selected.

    A frame per phase would put a step at onset into every feature; the median of the others moves as they do.
    """
    others = look.tested & ~classes.selected
    if not look.relative or others.sum() < FEWEST:
        return look.y
    level = look.y[:, others] - np.nanmean(look.y[:, others], axis=0)
    known = np.isfinite(level).any(axis=1)
    shift = np.zeros(len(level))
    shift[known] = np.nanmedian(level[known], axis=1)
    return look.y - shift[:, None]


def trajectories(design: Course, scale: Scales, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the raw values over time (points) of the shortlist, the smallest q first."""
    own = rows[(rows["model"] == "class") & rows["term"].isin(SHORTLISTED)]
    ranked = own.sort_values(["q", "p"], kind="stable").head(TOP)
    column = {str(name): index for index, name in enumerate(design.assay.features.index)}
    frames = []
    for feature, label in zip(ranked["feature"], ranked["label"], strict=True):
        frames.append(
            pd.DataFrame(
                {
                    **{key: value for key, value in design.identity().items() if key != "kind"},
                    "figure": "course",
                    "feature": feature,
                    "label": label,
                    "sample": design.samples,
                    "subject": design.subjects,
                    "block": design.unit,
                    "side": np.where(design.case, "case", "control"),
                    "group": design.groups,
                    "x": axis(design),
                    "y": scale.shown[:, column[str(feature)]],
                    "unit": scale.unit,
                }
            )
        )
    return points(pd.concat(frames, ignore_index=True)) if frames else points()
