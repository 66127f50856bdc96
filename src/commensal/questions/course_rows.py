"""Rows of Estimates of one course: contrasts, omnibus tests, differences at times, departures, classes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal import stats
from commensal.questions.course_design import Course
from commensal.questions.course_looks import AtTimes, Look
from commensal.tables import ALL, WITH_P

Array = NDArray[np.float64]
#: Terms of the contrasts, in the order of `stats.CourseFit`.
TERMS = ("before", "with", "difference")
OMNIBUS, AT_TIME = "any time", "at time"
SHORTLISTED = ("before", "with", "both")


def contrast_rows(course: Course, look: Look, classes: stats.CourseClasses, at: int) -> list[pd.DataFrame]:
    """Return the three contrasts and the omnibus test of every feature in one look."""
    fit, frames = look.fit, []
    for place, term in enumerate(TERMS):
        frame = _features(course, look.model, term)
        for column in ("effect", "se", "df", "statistic", "p", "low", "high"):
            frame[column] = look.spread(getattr(fit, column)[place])
        frame["status"], frame["note"] = _told(look, fit.status[place], fit.note[place])
        frame["unit"], frame["test"] = look.unit, "t, Satterthwaite"
        # corrected only where the class was read from this look
        frame["q"] = np.where(classes.look == at, classes.adjusted[place], np.nan)
        frame["family"] = f"{_family(course, term)}, selected features, hierarchical"
        frame.loc[frame["q"].isna(), "family"] = pd.NA
        frames.append(_sized(frame, look, place))
    frame = _features(course, look.model, OMNIBUS)
    frame["statistic"], frame["df"] = look.spread(fit.omnibus), look.spread(fit.omnibus_df)
    frame["df2"], frame["p"] = look.spread(fit.omnibus_df2), look.spread(fit.omnibus_p)
    frame["status"], frame["note"] = _told(look, fit.omnibus_status, np.full(len(fit), "", object))
    frame["test"] = "F, Satterthwaite"
    return [_sized(frame, look, None), *frames]


def time_rows(course: Course, look: Look, times: AtTimes) -> list[pd.DataFrame]:
    """Return the difference at each time, without a test of its own: what the heat map is drawn from."""
    frames = []
    for at, fit in enumerate(times.fits):
        frame = _features(course, look.model, AT_TIME)
        frame["time"] = times.time[at]
        for column in ("effect", "se", "low", "high"):
            frame[column] = look.spread(getattr(fit, column))
        frame["unit"] = look.unit
        frame["status"], frame["note"] = _told(look, fit.status, fit.note)
        frame["n_case"], frame["n_control"] = int(times.n_case[at]), int(times.n_control[at])
        frame["n"] = frame["n_case"] + frame["n_control"]
        frame = frame[look.tested]
        frames.append(frame)
    return frames


def design_row(course: Course, made: tuple[Look, ...], time_unit: str) -> pd.DataFrame:
    """Return one row that says in words what the course rests on: units, ages, onset, margins."""
    onset, margins = course.onset, {look.model: look.margin for look in made}
    told = [f"the unit is the {course.unit_name}"]
    if course.strata_name is not None:
        told.append(f"sides are compared within each {course.strata_name}")
    told.append("each age is a level of its own" if course.ages_are_levels else "age is a curve of third degree")
    if onset.shared:
        told.append(f"onset is at {onset.onset:g} for all")
    else:
        ill = len(set(course.subjects[course.case]))
        known = f"onset is each subject's own, an interval in {onset.n_intervals} of {ill}"
        if onset.widest is not None:
            known += f" (the widest {onset.widest[1]:g} to {onset.widest[2]:g}, {onset.widest[0]})"
        told.append(known)
        if onset.n_intervals:
            told.append(f"{len(onset.relative)} draws of the onsets, joined by Rubin's rules")
        if onset.unseen:
            told.append(f"onset had not come when last seen in {len(onset.unseen)}")
        if onset.unmatched:
            told.append(f"at risk at no onset, so that the nearest stands in: {', '.join(onset.unmatched)}")
    shown = [f"{margins['abundance']:g} log2"]
    if "prevalence" in margins:
        shown.append(f"{100 * margins['prevalence']:g} percentage points of presence")
    told.append(f"margin {' and '.join(shown)}" + ("" if course.question.margin else ", not declared: the default"))
    ill_before = int((course.case & (onset.middle < 0)).sum())
    told.append(f"{ill_before} samples of the diseased before onset, {int(course.case.sum()) - ill_before} after it")
    row = {
        **course.identity(),
        "feature": ALL,
        "model": "course",
        "term": "design",
        "measure": course.unit_name,
        "time": onset.onset if onset.shared else 0.0,
        "unit": time_unit,
        "n": len(course.samples),
        "n_case": int(course.case.sum()),
        "n_control": int((~course.case).sum()),
        "n_blocks": len(np.unique(course.unit)),
        "status": "ok",
        "note": "; ".join(told),
    }
    return pd.DataFrame([row])


def frame_rows(course: Course, look: Look) -> list[pd.DataFrame]:
    """Return the reference frames that the contrasts of a look are measured from."""
    rows = [
        {
            **course.identity(),
            "feature": ALL,
            "model": "reference frame",
            "term": term,
            "effect": frame.effect,
            "se": frame.se,
            "unit": look.unit,
            "n": len(course.samples),
            "status": "ok",
            "note": f"median coefficient of {frame.n} features, taken not to change and taken off every one",
        }
        for term, frame in zip(TERMS, look.fit.frames, strict=False)
        if np.isfinite(frame.effect)
    ]
    return [pd.DataFrame(rows)] if rows else []


def departure_rows(
    course: Course, look: Look, chosen: NDArray[np.bool_], fit: stats.DepartureFit | None, why: str, unit: str
) -> pd.DataFrame:
    """Return when the groups part, of the features of a look that were selected, (m,) `chosen`."""
    frame = _features(course, "departure", look.model)[chosen]
    if fit is None:
        frame["status"], frame["note"] = "not_identified", why
    else:
        frame["effect"], frame["low"], frame["high"] = fit.time, fit.low, fit.high
        frame["time"], frame["statistic"] = fit.time, fit.statistic
        frame["status"], frame["note"] = fit.status, [note or None for note in fit.note]
        frame["test"] = "profile likelihood"
    frame["unit"] = unit
    return _sized(frame, look, None, chosen)


def class_rows(course: Course, classes: stats.CourseClasses, made: tuple[Look, ...]) -> pd.DataFrame:
    """Return one row per feature: its class as term, p and q of the feature as a whole, the reason as note."""
    frame = _features(course, "class", "")
    frame["term"], frame["measure"] = classes.name, [made[at].model if at >= 0 else None for at in classes.look]
    frame["p"], frame["q"], frame["test"] = classes.omnibus_p, classes.omnibus_q, "smallest omnibus p × looks"
    frame["family"] = _family(course, "any time")
    frame.loc[frame["p"].isna(), "family"] = pd.NA
    states = np.array([look.status for look in made])
    own = [np.array(look.spread(np.zeros(len(look.fit))), dtype=object) for look in made]
    for values, look in zip(own, made, strict=True):
        values[look.tested] = look.fit.omnibus_status
    first = np.where(states[0] == "", own[0], states[0])
    if len(made) > 1:
        second = np.where(states[1] == "", own[1], states[1])
        first = np.where(second == "always_present", first, np.where(states[0] == "", first, second))
    frame["status"] = np.where(np.isfinite(classes.omnibus_p), "ok", first)
    frame["note"] = classes.reason
    frame["n"], frame["n_case"] = len(course.samples), int(course.case.sum())
    frame["n_control"] = frame["n"] - frame["n_case"]
    frame["n_blocks"] = len(np.unique(course.unit))
    return frame


def _features(course: Course, model: str, term: str) -> pd.DataFrame:
    features = course.assay.features
    frame = pd.DataFrame({**course.identity(), "feature": features.index.astype(str), "model": model, "term": term})
    frame["label"], frame["level"] = features["label"].astype(str).to_numpy(), course.question.level
    return frame


def _family(course: Course, term: str) -> str:
    known = {**course.identity(), "term": term}
    named = [str(known[key]) for key in course.question.family if known.get(key) is not None]
    return " / ".join([*named, "features, course"])


def _told(
    look: Look, status: NDArray[np.object_], note: NDArray[np.object_]
) -> tuple[NDArray[np.object_], list[str | None]]:
    """Return statuses and notes (m,): those of the fit where it was made."""
    every = look.status.copy()
    every[look.tested] = status
    notes = np.full(len(every), "", object)
    notes[look.tested] = note
    return every, [text or None for text in notes]


def _sized(frame: pd.DataFrame, look: Look, place: int | None, chosen: NDArray[np.bool_] | None = None) -> pd.DataFrame:
    """Add counts of samples, and of units in the phase (or at all)."""
    fit, m = look.fit, len(look.tested)
    units = fit.n_units if place is None else (fit.case_units + fit.control_units)[min(place, 1)]
    for column, values in (("n", fit.n), ("n_case", fit.n_case), ("n_blocks", units)):
        full = np.zeros(m, dtype=np.int64)
        full[look.tested] = values
        frame[column] = full if chosen is None else full[chosen]
    frame["n_control"] = frame["n"] - frame["n_case"]
    if "p" in frame:
        frame.loc[~frame["status"].isin(WITH_P), "p"] = np.nan
    return frame
