"""The raw values behind rows of the Estimates: what was measured in each animal or person, as points.

Asked for the rows that claims rest on, after the questions were answered: every row would be as large as the tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from commensal.errors import DesignError
from commensal.questions.arms import arms
from commensal.questions.cohort_severity import severity_points
from commensal.questions.communities import community
from commensal.questions.comparison import compare
from commensal.questions.course_design import course_design
from commensal.questions.course_looks import axis
from commensal.questions.measured import measured
from commensal.questions.mediator_rows import NECESSITY
from commensal.questions.scales import scales
from commensal.questions.severity import SEVERITY
from commensal.questions.trajectories import trajectory_points
from commensal.study import AssayTable, LoadedStudy, Question
from commensal.tables import ALL, points

#: What these points are called: ``y`` the value in ``unit``, ``x`` its time; missing ``y`` (``note``): not detected.
RAW, RAW_SEVERITY = "raw", "raw_severity"
NOT_DETECTED = "not detected"


def raw_values(loaded: LoadedStudy, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the values that rows of the Estimates were made of, as points.

    Measures and events of arms, and what host tissue does, are in the points of their questions already.

    Parameters
    ----------
    loaded
        The study.
    rows
        Rows of the Estimates, of any question.

    Returns
    -------
    pandas.DataFrame
        Points: ``figure`` is ``raw`` (a feature's value in every sample of the comparison), ``raw_severity`` (x: the
        measure of severity) or ``trajectory`` (a measure of mutants). A comparison that cannot be made has none.
    """
    frames: list[pd.DataFrame] = []
    kept = rows[rows["question"].isin(loaded.declared.questions)]
    for (name, contrast, assay), own in kept.groupby(["question", "contrast", "assay"], sort=False, dropna=False):
        asked = replace(loaded.declared.questions[str(name)], contrast=str(contrast))
        try:
            frames += _of(loaded, asked, str(assay) if isinstance(assay, str) else None, own)
        except DesignError:
            continue  # the question has told why; its rows are there without points
    filled = [frame for frame in frames if len(frame)]
    return points(pd.concat(filled, ignore_index=True)) if filled else points()


def _of(loaded: LoadedStudy, question: Question, assay: str | None, rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    if assay is None:
        necessary = (
            rows[rows["model"] == NECESSITY]["measure"].dropna().unique() if question.kind == "mediators" else ()
        )
        for name in necessary:
            yield trajectory_points(measured(loaded, arms(loaded, question), loaded.declared.measures[str(name)]))
    elif question.kind == "mediators":
        yield _molecules(loaded, question, assay, _features(rows))
    elif question.kind == "cohort":
        yield _people(loaded, loaded.declared.questions[question.name], assay, rows)
    elif question.kind == "course":
        yield _course(loaded, question, assay, _features(rows))


def _features(rows: pd.DataFrame) -> list[str]:
    return [str(one) for one in rows["feature"].dropna().unique() if one != ALL]


def _columns(table: AssayTable, features: list[str]) -> list[tuple[str, str, int]]:
    """Return id, label and column of those features that the table has."""
    place = {str(name): j for j, name in enumerate(table.features.index)}
    labels = table.features["label"].astype(str).to_numpy()
    return [(name, str(labels[place[name]]), place[name]) for name in features if name in place]


def _long(table: AssayTable, values: np.ndarray, features: list[str], shared: dict[str, object]) -> pd.DataFrame:
    """Return the values (r, m) of some features as shown to a reader, one row each; what is missing has no row."""
    scale = scales(table, values)
    frames = []
    for name, label, j in _columns(table, features):
        y = scale.shown[:, j]
        absent = (y == 0) if scale.present is not None else np.zeros(len(y), dtype=bool)
        frame = pd.DataFrame(shared)
        frame["figure"], frame["feature"], frame["label"], frame["unit"] = RAW, name, label, scale.unit
        frame["y"] = np.where(absent, np.nan, y)
        frame["note"] = [NOT_DETECTED if one else None for one in absent]
        frames.append(frame[absent | np.isfinite(y)])
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _molecules(loaded: LoadedStudy, question: Question, assay: str, features: list[str]) -> pd.DataFrame:
    data = community(loaded, question, assay)
    who, at = data.arms, data.subject
    named = np.array(who.subjects, dtype=object)
    shared = {key: value for key, value in data.shared().items() if key not in ("kind", "level")}
    timed = "time" in loaded.samples.columns
    return _long(
        data.assay, data.values, features,
        {
            **shared, "sample": list(data.samples), "subject": named[at], "group": who.arm_or_control[at],
            "block": who.unit[at] if who.blocks else [None] * len(at),
            "side": np.where(who.case[at], "case", "control"), "x": data.time if timed else np.nan,
        },
    )  # fmt: skip


def _people(loaded: LoadedStudy, question: Question, assay: str, rows: pd.DataFrame) -> pd.DataFrame:
    comparison = compare(loaded, question, assay)
    severe = rows["model"].fillna("").str.startswith(SEVERITY).to_numpy(bool)
    shared = {key: value for key, value in comparison.identity().items() if key != "kind"}
    n = len(comparison.samples)
    made = [
        _long(
            comparison.assay, comparison.values, _features(rows[~severe]),
            {
                **shared, "sample": list(comparison.samples), "subject": list(comparison.subjects),
                "group": list(comparison.groups), "side": np.where(comparison.case, "case", "control"),
                "block": [None] * n if comparison.block is None else comparison.block.astype(object),
            },
        )
    ]  # fmt: skip
    if severe.any():
        drawn = severity_points(loaded, comparison, _features(rows[severe]))
        made.append(drawn[drawn["figure"] == SEVERITY].assign(figure=RAW_SEVERITY))
    full = [one for one in made if len(one)]
    return pd.concat(full, ignore_index=True) if full else pd.DataFrame()


def _course(loaded: LoadedStudy, question: Question, assay: str, features: list[str]) -> pd.DataFrame:
    design = course_design(loaded, question, assay)
    shared = {key: value for key, value in design.identity().items() if key != "kind"}
    return _long(
        design.assay, design.values, features,
        {
            **shared, "sample": list(design.samples), "subject": list(design.subjects), "group": list(design.groups),
            "block": list(design.unit), "side": np.where(design.case, "case", "control"), "x": axis(design),
        },
    )  # fmt: skip


__all__ = ["RAW", "RAW_SEVERITY", "raw_values"]
