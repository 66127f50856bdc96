"""Levels of molecules chosen beforehand, per specimen: in the assay's own unit and as logarithms, households first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal import stats
from commensal.questions.answer import Answer
from commensal.questions.comparison import WITHIN, Comparison
from commensal.questions.household import FIELDS, UNMATCHED, Part, parts_of
from commensal.questions.names import exogenous, named
from commensal.questions.rows import with_q
from commensal.questions.scales import LOGARITHMS, Scales
from commensal.tables import WITH_P, estimates, points

Array = NDArray[np.float64]
LEVEL, LOGS = "level", "level, log2"


def targeted_levels(comparison: Comparison, scale: Scales) -> Answer:
    """Return the levels of the molecules that the question names, per term; a molecule that is not there says so."""
    question, assay = comparison.question, comparison.assay
    if not question.targeted or assay.assay.kind != "metabolites":
        return Answer(estimates(), points())
    chosen = [(name, int(at)) for name in question.targeted for at in named(assay.features, name)]
    absent = [name for name in question.targeted if not len(named(assay.features, name))]
    frames = [_absent(comparison, absent)] if absent else []
    drawn = points()
    if chosen:
        columns = [at for _, at in chosen]
        levels = _Levels.of(comparison, scale, columns)
        parts = parts_of(comparison)
        for model in (LEVEL, LOGS):
            rows = pd.concat([_rows(part, levels, model, columns) for part in parts], ignore_index=True)
            frames.append(with_q(estimates(rows), comparison, f"targeted molecules, {model}"))
        drawn = _drawn(comparison, levels, columns, parts)
    return Answer(estimates(pd.concat(frames, ignore_index=True)), drawn)


@dataclass(frozen=True, slots=True, eq=False)
class _Levels:
    """Values of t chosen molecules in n samples."""

    natural: Array  #: (n, t) in the assay's unit; NaN missing, below the limit where ``below``
    logs: Array  #: (n, t) log2, NaN where missing or below detection
    below: NDArray[np.bool_]  #: (n, t) below detection
    limit: Array  #: (n, t) the limit of detection in the assay's unit, NaN where none is known
    unit: str
    zeros: NDArray[np.int64]  #: (t,) true zeros, which have no logarithm

    @classmethod
    def of(cls, comparison: Comparison, scale: Scales, columns: list[int]) -> _Levels:
        """Take the values of these columns, and their limits: declared, else the smallest value found."""
        assay = comparison.assay
        values, logs = comparison.values[:, columns], scale.log2[:, columns]
        kind = assay.assay.value or "intensity"
        natural = np.exp2(logs) if kind in LOGARITHMS else values
        limits = getattr(assay, "limits", None)
        row = {sample: i for i, sample in enumerate(assay.samples)}
        below = np.zeros(values.shape, dtype=bool)
        limit = np.full(values.shape, np.nan)
        if limits is not None:
            given = np.broadcast_to(np.asarray(limits, dtype=float), assay.values.shape)
            limit = given[[row[sample] for sample in comparison.samples]][:, columns]
            limit = np.exp2(limit * LOGARITHMS[kind]) if kind in LOGARITHMS else limit
            below = np.isfinite(values) & (natural < limit)
        if assay.assay.zero == "below_detection" and kind not in LOGARITHMS:
            everyone = assay.values[:, columns]
            least = np.nanmin(np.where(everyone > 0, everyone, np.nan), axis=0, initial=np.inf)
            limit = np.where(np.isnan(limit) & np.isfinite(least), least, limit)
            below |= values == 0
        zeros = ((values == 0) & ~below).sum(axis=0) if kind not in LOGARITHMS else np.zeros(len(columns), np.int64)
        unit = assay.assay.unit or ("intensity" if kind in LOGARITHMS else kind)
        return cls(natural, np.where(below, np.nan, logs), below, limit, unit, zeros)

    def filled(self, low: NDArray[np.bool_] | None) -> Array:
        """Return natural values with what is below detection at half the limit, or at 0 where ``low`` (n,)."""
        share: Array = np.full((len(self.natural), 1), 0.5)
        if low is not None:
            share = np.where(low, 0.0, 1.0)[:, None]
        return np.where(self.below, share * self.limit, self.natural)


def _rows(part: Part, levels: _Levels, model: str, columns: list[int]) -> pd.DataFrame:
    comparison = part.comparison
    values = levels.natural if model == LEVEL else levels.logs
    made = _natural(part, levels) if model == LEVEL else _logs(part, levels)
    frame = pd.DataFrame({**comparison.identity(), "model": model, "term": part.term}, index=range(len(columns)))
    features = comparison.assay.features.iloc[columns]
    frame["feature"], frame["label"] = features.index.astype(str), features["label"].astype(str).to_numpy()
    frame["unit"] = levels.unit if model == LEVEL else "log2 fold change"
    frame["level"], frame["test"] = comparison.question.level, "t"
    for name, held in made.items():
        frame[name] = held
    own = comparison.case[part.rows]
    seen = np.isfinite(values[part.rows])
    seen |= levels.below[part.rows]
    frame["n"], frame["n_case"], frame["n_control"] = seen.sum(0), seen[own].sum(0), seen[~own].sum(0)
    if comparison.block is not None:
        blocks = comparison.block[part.rows]
        frame["n_blocks"] = [len(np.unique(blocks[seen[:, j]])) for j in range(len(columns))]
    reason = exogenous(features)
    notes = []
    for j, given in enumerate(frame["note"]):
        told = [str(given or ""), _below_words(levels, part, j), f"exogenous: {reason[j]}" if reason[j] else ""]
        if part.term == UNMATCHED:
            told.insert(0, f"people of a {comparison.block_name} with one side only, each {comparison.block_name} once")
        if model == LOGS and levels.zeros[j]:
            told.append(f"{levels.zeros[j]} zeros have no logarithm and are left out")
        notes.append("; ".join(text for text in told if text) or None)
    frame["note"] = notes
    lost = ~frame["status"].isin(WITH_P)
    frame.loc[lost, "p"] = np.nan
    return frame


def _below_words(levels: _Levels, part: Part, j: int) -> str:
    below = levels.below[part.rows, j]
    case = part.comparison.case[part.rows]
    if not below.any():
        return ""
    return f"below detection: {int(below[case].sum())} case, {int(below[~case].sum())} control samples"


def _natural(part: Part, levels: _Levels) -> dict[str, Any]:
    """Compare natural values; what is below detection lies between 0 and its limit, and every such value is allowed.

    The estimate takes half the limit. The interval reaches over those with one side at 0 and the other at the limit,
    either way, and p is the largest of them: no value is made up that the result rests on.
    """
    made = part.fit(levels.filled(None))
    touched = np.asarray(levels.below[part.rows].any(axis=0))
    if not touched.any():
        return made
    case = part.comparison.case
    ends = [part.fit(levels.filled(low)) for low in (case, ~case)]
    stacked = {name: np.stack([one[name] for one in (made, *ends)]) for name in ("effect", "low", "high", "p")}
    with np.errstate(invalid="ignore"):
        crossing = touched & (np.sign(stacked["effect"]).min(axis=0) < np.sign(stacked["effect"]).max(axis=0))
    for name, chosen in (("low", np.min), ("high", np.max), ("p", np.max)):
        made[name] = np.where(touched, chosen(stacked[name], axis=0), made[name])
    for name in ("se", "statistic", "df"):
        made[name] = np.where(touched, np.nan, made[name])
    made["p"] = np.where(crossing, np.nan, made["p"])
    tested = np.isin(np.asarray(made["status"], dtype=str), WITH_P)
    made["status"] = np.where(crossing & tested, "not_identified", made["status"])
    told = "interval and p hold for every value from 0 to the limit of detection"
    lost = "its sign depends on what the values below detection are"
    said = np.where(crossing, lost, np.where(touched, told, ""))
    made["note"] = ["; ".join(filter(None, (str(a), str(b)))) for a, b in zip(made["note"], said, strict=True)]
    return made


def _logs(part: Part, levels: _Levels) -> dict[str, Any]:
    """Compare logarithms; features with values below detection by the left-censored model."""
    made = part.fit(levels.logs)
    touched = np.asarray(levels.below[part.rows].any(axis=0))
    if not touched.any():
        return made
    at = np.flatnonzero(touched)
    y = np.where(levels.below, -np.inf, levels.logs)[np.ix_(part.rows, at)]
    limit = np.log2(levels.limit)[np.ix_(part.rows, at)]
    x, contrast, units = _design(part)
    fit = stats.left_censored(y, limit, x, [contrast], units, level=part.comparison.question.level)[0]
    for name in FIELDS:
        held = np.array(made[name], dtype=object if name in ("status", "note") else float)
        held[at] = getattr(fit, name)
        made[name] = held
    made["note"] = [
        "; ".join(filter(None, (str(own), "left-censored at the limit of detection" if at else "")))
        for own, at in zip(made["note"], touched, strict=True)
    ]
    return made


def _design(part: Part) -> tuple[Array, Array, NDArray[np.str_] | None]:
    """Return columns, contrast and units of one term for a model that takes every sample by itself."""
    comparison = part.comparison
    columns = np.column_stack([comparison.label, comparison.covariates])[part.rows]
    block = None if comparison.block is None else comparison.block[part.rows]
    if part.term == WITHIN and block is not None:
        means = pd.DataFrame(columns).groupby(block).transform("mean").to_numpy()
        columns = np.column_stack([columns - means, means])
    keep = [0, *(j for j in range(1, columns.shape[1]) if np.ptp(columns[:, j]) > 1e-12)]
    x = np.column_stack([np.ones(len(columns)), columns[:, keep]])
    return x, np.eye(x.shape[1])[1], block


def _absent(comparison: Comparison, names: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame({**comparison.identity(), "feature": names, "label": names})
    frame["model"], frame["status"] = LEVEL, "not_measured"
    frame["note"] = "no feature of this assay has this compound, label or id"
    return estimates(frame)


def _drawn(comparison: Comparison, levels: _Levels, columns: list[int], parts: list[Part]) -> pd.DataFrame:
    """Return the raw values, in the assay's unit; who has nobody to be compared with in the household is said."""
    matched = np.zeros(len(comparison.samples), dtype=bool)
    matched[parts[0].rows] = True
    frames = []
    for j, column in enumerate(columns):
        frames.append(
            pd.DataFrame(
                {
                    **{key: value for key, value in comparison.identity().items() if key != "kind"},
                    "figure": "levels",
                    "feature": str(comparison.assay.features.index[column]),
                    "label": str(comparison.assay.features["label"].iloc[column]),
                    "sample": comparison.samples,
                    "subject": comparison.subjects,
                    "block": comparison.block if comparison.block is not None else [None] * len(comparison.samples),
                    "side": np.where(comparison.case, "case", "control"),
                    "group": comparison.groups,
                    "measure": np.where(matched, parts[0].term, UNMATCHED),
                    "y": np.where(levels.below[:, j], 0.0, levels.natural[:, j]),
                    "unit": levels.unit,
                    "note": ["below detection" if below else None for below in levels.below[:, j]],
                }
            )
        )
    return points(pd.concat(frames, ignore_index=True))
