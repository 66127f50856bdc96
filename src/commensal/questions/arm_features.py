"""Every taxon and molecule of each arm against the control, one row of values per subject, units as blocks.

Without a baseline the default model of features is used (`commensal.stats.two_part`), per arm; with one, each feature
after it is adjusted for the same feature before it (analysis of covariance), among subjects that have both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from commensal import stats
from commensal.questions.answer import Answer, joined
from commensal.questions.arms import Arms, Floats
from commensal.questions.communities import RELATIVE, Community, community, levels
from commensal.questions.comparison import Comparison
from commensal.questions.detection import is_censored, log2_limits
from commensal.questions.exogenous import without_exogenous
from commensal.questions.features import feature_rows
from commensal.questions.measured import words
from commensal.questions.scales import LOGARITHMS, Scales, scales
from commensal.questions.verdicts import few_units
from commensal.study import LoadedStudy, Question
from commensal.tables import WITH_P, estimates, points

BASELINE = "change, adjusted for baseline"


def features_of_arms(loaded: LoadedStudy, question: Question, data: Community) -> Answer:
    """Return the features of each arm and level: rows as of `feature_rows`, with the arm as term.

    Raises
    ------
    DesignError
        As `community`.
    """
    before = _before(loaded, question, data.assay.name)
    parts = []
    for level, at in levels(data.arms):
        for arm in data.arms.cases:
            pair = data.arms.pair(arm)
            kept = set(pair.subjects)
            use = at & np.array([subject in kept for subject in data.arms.subjects])
            use &= np.isin(np.arange(len(use)), data.subject)
            if not (use & data.arms.case).any() or not (use & ~data.arms.case).any():
                continue
            if before is None:
                parts.append(_two_part(data, use, arm, level))
            else:
                parts.append(_adjusted(data, before, use, arm, level))
    return joined([Answer(estimates(part), points(), data.dropped) for part in parts])


def _before(loaded: LoadedStudy, question: Question, assay: str) -> Community | None:
    """Return the samples up to the baseline: None where there is none, or no arm has any."""
    if question.baseline is None or "time" not in loaded.samples.columns:
        return None
    early = loaded.samples["time"] <= question.baseline
    if not early[list(loaded.matches[assay].matched)].any():  # other assays may have been taken earlier
        return None
    kept = replace(loaded, samples=loaded.samples[early])
    matches = {name: replace(own, matched=tuple(one for one in own.matched if early.get(one, False)))
               for name, own in loaded.matches.items()}  # fmt: skip
    return community(replace(kept, matches=matches), replace(question, baseline=None), assay)


def _pooled(data: Community, use: Any) -> Floats:
    """Return one row of values per subject of a mask: counts summed, shares and amounts averaged, logarithms too."""
    index = np.flatnonzero(use)
    out = np.full((len(index), data.values.shape[1]), np.nan)
    counts = data.assay.assay.value == "counts"
    for row, i in enumerate(index):
        own = data.values[data.subject == i]
        if len(own) == 1:
            out[row] = own[0]
            continue
        known = ~np.isnan(own)
        total = np.where(known, own, 0.0).sum(axis=0)
        n = known.sum(axis=0)
        out[row] = np.where(n > 0, total if counts else total / np.maximum(n, 1), np.nan)
    return out


def _scale(data: Community, use: Any) -> Scales:
    """Return the scales of the subjects' values: absolute where the load is known, else shares of what is there."""
    scale = scales(data.assay, _pooled(data, use))
    if not scale.relative:
        return scale
    if data.load is None:
        # The median taxon cannot be taken as unchanged when most of a community may be gone.
        return replace(scale, relative=False)
    with np.errstate(divide="ignore", invalid="ignore"):
        load = data.per_subject(np.where(data.load > 0, np.log2(data.load), np.nan))[use]
    return replace(scale, log2=_shares_log2(scale) + load[:, None], relative=False)


def _shares_log2(scale: Scales) -> Floats:
    """Return log2 of shares, whatever the table has."""
    total = np.nansum(scale.amounts, axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = scale.amounts / np.where(total > 0, total, np.nan)
        return np.asarray(np.where(share > 0, np.log2(share), np.nan))


def _two_part(data: Community, use: Any, arm: str, level: str | None) -> pd.DataFrame:
    own = data.arms.take(use)
    scale = _scale(data, use)
    comparison = Comparison(
        question=own.question,
        contrast=own.contrast,
        assay=data.assay,
        cohort=own.cohort,
        specimen=data.specimen,
        samples=own.subjects,
        subjects=own.subjects,
        groups=tuple(map(str, own.arm)),
        values=scale.shown,
        case=own.case,
        block=np.asarray(own.unit, dtype=np.str_) if own.blocks else None,
        block_name=own.unit_name if own.blocks else None,
        covariates=own.covariates,
        covariate_names=own.covariate_names,
        dropped=(),
    )
    frame = feature_rows(comparison, scale, _limits(data, use))
    frame = frame[frame["model"] != "reference frame"]
    return _named(
        _one_unit(frame, own), own, arm, level, words([few_units(own, arm) or "", _relative_note(data) or ""])
    )


def _limits(data: Community, use: Any) -> Floats | None:
    """Return log2 limits of detection per subject of a mask, the mean of its samples'; None: no censored model."""
    if not is_censored(data.assay):
        return None
    own = log2_limits(data.assay, data.samples)
    return np.stack([own[data.subject == i].mean(axis=0) for i in np.flatnonzero(use)])


def _relative_note(data: Community) -> str | None:
    value = data.assay.assay.value
    relative = data.assay.assay.kind == "taxa" and value in ("counts", "relative") and data.load is None
    return RELATIVE if relative else None


def _one_unit(frame: pd.DataFrame, own: Arms) -> pd.DataFrame:
    """Take p away where the arm or the control is one unit."""
    if not own.blocks or min(own.units(own.control_name), len(set(own.unit[own.case]))) > 1:
        return frame
    frame = frame.copy()
    frame.loc[frame["status"].isin(WITH_P), "status"] = "one_cage"
    frame[["p", "q", "low", "high"]] = np.nan
    frame["family"] = pd.NA
    return frame


def _named(frame: pd.DataFrame, own: Arms, arm: str, level: str | None, note: str | None) -> pd.DataFrame:
    """Let the rows speak of an arm: its name as term, in the family too."""
    frame = frame.copy()
    term = own.term(arm, level)
    several = len(set(frame["term"])) > 1
    named = [term if not several else f"{term} ({old})" for old in frame["term"]]
    frame["family"] = [
        family if pd.isna(family) else str(family).replace(f" / {old} / ", f" / {new} / ")
        for family, old, new in zip(frame["family"], frame["term"], named, strict=True)
    ]
    frame["term"] = named
    if note:
        told = frame["model"] != "joint"
        frame.loc[told, "note"] = [note if pd.isna(old) else f"{note}; {old}" for old in frame.loc[told, "note"]]
    return estimates(frame)


def _adjusted(data: Community, before: Community, use: Any, arm: str, level: str | None) -> pd.DataFrame:
    """Compare each feature after the baseline, adjusted for itself before, between the arm and the control."""
    there = use & np.isin(np.arange(len(use)), before.subject)
    own, features = data.arms.take(there).pair(arm), data.assay.features
    after, early = (_logs(each, there) for each in (data, before))
    shared = {**data.shared(), "term": own.term(arm, level), "model": BASELINE, "unit": _unit(data)}
    rows = []
    for j, row in enumerate(_each_feature(own, after, early)):
        label = str(features["label"].iloc[j])
        rows.append({**shared, "feature": str(features.index[j]), "label": label, **row})
    frame = without_exogenous(estimates(rows), features)
    family = f"{data.arms.question.name} / {data.assay.name} / {own.term(arm, level)} / features"
    frame["q"] = stats.bh(frame["p"].to_numpy(dtype=float), family=family)
    frame["family"] = frame["family"].where(frame["q"].isna(), family)
    return frame


def _each_feature(own: Arms, after: Floats, early: Floats) -> Iterator[dict[str, Any]]:
    for j in range(after.shape[1]):
        known = ~np.isnan(after[:, j]) & ~np.isnan(early[:, j])
        part = own.take(known)
        n_case = int(part.case.sum())
        row: dict[str, Any] = {"n": int(known.sum()), "n_case": n_case, "n_control": int(known.sum()) - n_case}
        row["n_blocks"] = len(set(part.unit)) if own.blocks else None
        if n_case < 2 or n_case > known.sum() - 2:
            yield row | {"status": "too_few", "note": "fewer than two subjects of a side have it before and after"}
            continue
        if not np.ptp(after[known, j]) > 0:
            yield row | {"status": "constant"}
            continue
        fit = stats.arm_contrasts(
            after[known, j],
            np.where(part.case, "case", "control").astype(object),
            "control",
            unit=part.unit if own.blocks else None,
            covariates=np.column_stack([early[known, j], part.covariates]),
            strata=part.batch,
            level=own.question.level,
        )
        row |= {
            "status": str(fit.status[0]),
            "test": "t",
            "note": few_units(part, part.cases[0]),
            "effect": _finite(fit.effect[0]),
        }
        if fit.status[0] == "ok":
            row |= {name: float(getattr(fit, name)[0]) for name in ("se", "low", "high", "statistic", "df", "p")}
        yield row


def _logs(data: Community, use: Any) -> Floats:
    """Return what is compared per subject and feature: the table's logarithms, else log2; NaN where absent."""
    values = _pooled(data, use)
    value = data.assay.assay.value
    if value in LOGARITHMS:
        return values
    return scales(data.assay, values).log2


def _unit(data: Community) -> str:
    value = data.assay.assay.value
    return data.assay.assay.unit or str(value) if value in LOGARITHMS else "log2 fold change"


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


__all__ = ["features_of_arms"]
