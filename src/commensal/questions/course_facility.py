"""The course in each facility: what is shared, and what depends on the vivarium."""

from __future__ import annotations

import numpy as np
import pandas as pd

from commensal import stats
from commensal.questions.course_design import Course
from commensal.questions.course_looks import Look
from commensal.questions.course_rows import TERMS
from commensal.tables import WITH_P

#: Where a facility's line is drawn: q of a feature's contrast being shared, or depending on the facility.
LINE = 0.05


def facility_rows(course: Course, look: Look) -> list[pd.DataFrame]:
    """Return, per feature and contrast, its estimate in each facility, whether it is shared, and whether it differs."""
    if course.facility is None or not look.tested.any():
        return []
    places = sorted(set(course.facility.astype(str)))
    fits: dict[str, stats.CourseFit] = {}
    why: dict[str, str] = {}
    for place in places:
        here = course.facility == place
        if course.case[here].all() or not course.case[here].any():
            why[place] = "one side only in this facility"
            continue
        fits[place] = stats.course_contrasts(
            look.y[here][:, look.tested],
            course.case[here],
            course.onset.after[:, here],
            course.unit[here].tolist(),
            look.fixed[here],
            relative=look.relative,
            level=course.question.level,
        )
    frames = [_place(course, look, place, fit, at) for place, fit in fits.items() for at in range(2)]
    frames += [_missing(course, look, place, reason, at) for place, reason in why.items() for at in range(2)]
    if len(places) < 2 or len(fits) < 2:
        return frames
    for at in range(2):
        kept = [np.stack([getattr(fit, name)[at] for fit in fits.values()]) for name in ("effect", "se", "df")]
        frames += _joined(course, look, stats.shared_effects(*kept), at, list(fits))
    return frames


def _base(course: Course, look: Look, term: str) -> pd.DataFrame:
    features = course.assay.features[look.tested]
    frame = pd.DataFrame({**course.identity(), "feature": features.index.astype(str), "model": look.model})
    frame["label"], frame["level"] = features["label"].astype(str).to_numpy(), course.question.level
    frame["term"], frame["unit"] = term, look.unit
    return frame


def _place(course: Course, look: Look, place: str, fit: stats.CourseFit, at: int) -> pd.DataFrame:
    frame = _base(course, look, f"{TERMS[at]}, in {place}")
    for column in ("effect", "se", "df", "statistic", "p", "low", "high", "status"):
        frame[column] = getattr(fit, column)[at]
    frame["note"], frame["test"] = [text or None for text in fit.note[at]], "t, Satterthwaite"
    frame["n"], frame["n_case"], frame["n_control"] = fit.n, fit.n_case, fit.n - fit.n_case
    frame["n_blocks"] = fit.case_units[at] + fit.control_units[at]
    frame.loc[~frame["status"].isin(WITH_P), "p"] = np.nan
    return frame


def _missing(course: Course, look: Look, place: str, reason: str, at: int) -> pd.DataFrame:
    frame = _base(course, look, f"{TERMS[at]}, in {place}")
    frame["status"], frame["note"] = "not_measured", reason
    return frame


def _joined(course: Course, look: Look, fit: stats.SharedFit, at: int, places: list[str]) -> list[pd.DataFrame]:
    shared = _base(course, look, f"{TERMS[at]}, in all facilities")
    shared["p"], shared["test"] = fit.shared_p, "partial conjunction"
    shared["note"] = [
        f"{word} in all of {', '.join(places)}" for word in np.where(fit.direction > 0, "higher", "lower")
    ]
    differs = _base(course, look, f"{TERMS[at]}, facility × group")
    differs["p"], differs["test"], differs["statistic"] = fit.differs_p, "F, Welch", fit.spread
    differs["df"], differs["df2"], differs["effect"] = fit.spread_df, fit.spread_df2, fit.largest
    differs["note"] = "effect: the largest difference between two facilities"
    for frame, word in ((shared, "shared"), (differs, "facility × group")):
        tested = frame["p"].notna()
        frame["status"] = np.where(tested, "ok", "not_measured")
        frame.loc[~tested, "note"] = "not estimated in every facility"
        frame["q"] = stats.bh(frame["p"].to_numpy(float), family=word)
        frame["family"] = (
            f"{course.question.name} / {course.contrast.name} / {course.assay.name} / {TERMS[at]} / {word}"
        )
        frame.loc[~tested, "family"] = pd.NA
    return [shared, differs]


def dependence(rows: pd.DataFrame) -> dict[tuple[str, str, str], str]:
    """Say in words what is shared and what depends on the facility: (model, feature, contrast) → words."""
    told: dict[tuple[str, str, str], str] = {}
    for term in TERMS[:2]:
        both = rows[rows["term"].isin([f"{term}, in all facilities", f"{term}, facility × group"])]
        for (model, feature), own in both.groupby(["model", "feature"], sort=False):
            q = {str(row["term"]).split(", ", 1)[1]: row["q"] for _, row in own.iterrows()}
            shared, differs = q.get("in all facilities", np.nan) <= LINE, q.get("facility × group", np.nan) <= LINE
            words = {
                (True, False): "the same direction in all facilities",
                (True, True): "the same direction in all facilities, not the same size",
                (False, True): "depends on the facility",
                (False, False): "whether it is shared between facilities is open",
            }
            told[str(model), str(feature), term] = words[bool(shared), bool(differs)]
    return told
