"""Every taxon and every molecule, case against control: abundance where present, and presence.

The default model and why it is the default: docs/decisions/default-model.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal import stats
from commensal.questions.comparison import BETWEEN, OVERALL, WITHIN, Comparison
from commensal.questions.scales import Scales
from commensal.tables import ALL, WITH_P, estimates

#: A side with fewer present (or, for presence, a table with fewer absent) samples is not tested.
FEWEST_PER_SIDE = 3

#: Blocks with both sides that a comparison within blocks needs: the block is the unit, not the people in it.
FEWEST_BLOCKS = 3
#: A linear model of 0 and 1 is judged by permutation too below this p, in tables of up to so many samples.
DOUBTED_P, FEW_SAMPLES = 0.01, 200
#: Arrangements for that: enough for q over thousands of features.
ARRANGEMENTS = 99_999
#: Where more of the taxa than this differ from the median taxon, it can hardly be taken as unchanged.
CROWD = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class _Layout:
    """Which features can be tested, and why not. All arrays (m,)."""

    status: NDArray[np.object_]  #: "" where testable
    n: NDArray[np.int64]
    n_case: NDArray[np.int64]
    n_blocks: NDArray[np.int64]  #: blocks with a value
    n_both: NDArray[np.int64]  #: blocks with values on both sides

    def blocks_of(self, term: str) -> NDArray[np.int64]:
        """Return the blocks that speak for a term: within blocks, those with both sides."""
        return self.n_both if term == WITHIN else self.n_blocks


def fits_of_terms(
    comparison: Comparison, y: NDArray[np.float64], extra: NDArray[np.float64] | None = None
) -> dict[str, stats.Fit]:
    """Fit y (n, m) on label and covariates, with the block as random intercept, once per term.

    Parameters
    ----------
    extra
        Further covariates (n, k), such as sequencing depth.
    """
    columns = [np.ones(len(y)), comparison.label, *comparison.covariates.T]
    if extra is not None:
        columns += list(extra.T)
    x = np.column_stack(columns)
    contrast = np.eye(x.shape[1])[1]
    level = comparison.question.level
    if comparison.block is None:
        return {OVERALL: stats.linear(y, x, contrast, level=level)}
    if comparison.terms == (BETWEEN,):
        return {BETWEEN: stats.mixed(y, x, contrast, comparison.block, level=level)}
    # What covariates say between blocks must not pass for what they say within.
    split = stats.mixed_split(y, x, 1, comparison.block, also=range(2, x.shape[1]), level=level)
    return {WITHIN: _of_enough_blocks(comparison, split.within, y), BETWEEN: split.between}


def _of_enough_blocks(comparison: Comparison, fit: stats.Fit, y: NDArray[np.float64]) -> stats.Fit:
    """Take p from the features that fewer than `FEWEST_BLOCKS` blocks with both sides speak for."""
    both = blocks_with_both(comparison, np.isfinite(y))
    few = (both < FEWEST_BLOCKS) & np.isfinite(fit.p)
    if not few.any():
        return fit
    bare = {name: np.where(few, np.nan, getattr(fit, name)) for name in ("p", "low", "high")}
    why = np.array([f"both sides are in {n} of the blocks only" for n in both], dtype=object)
    return replace(fit, status=np.where(few, "too_few", fit.status), note=np.where(few, why, fit.note), **bare)


def blocks_with_both(comparison: Comparison, seen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return in how many blocks each feature was seen (n, m) on both sides, (m,)."""
    found = np.zeros(seen.shape[1], dtype=np.int64)
    if comparison.block is not None:
        for name in np.unique(comparison.block):
            inside = comparison.block == name
            found += seen[inside & comparison.case].any(axis=0) & seen[inside & ~comparison.case].any(axis=0)
    return found


def feature_rows(comparison: Comparison, scale: Scales) -> pd.DataFrame:
    """Return Estimates of all features: abundance, then presence, with q within each family."""
    parts = [_reference_and_abundance(comparison, scale)]
    if scale.present is not None:
        parts.append(_presence(comparison, scale.present, scale.depth))
    frame = estimates(pd.concat(parts, ignore_index=True))
    frame = frame.iloc[_order(frame)].reset_index(drop=True)
    return _frame_judged(with_q(frame, comparison, "features"))


def _frame_judged(frame: pd.DataFrame) -> pd.DataFrame:
    """Say on the row of each reference frame how many taxa differ from it: it assumes that most do not."""
    for at in frame.index[frame["model"] == "reference frame"]:
        own = frame[(frame["model"] == "abundance") & (frame["term"] == frame.loc[at, "term"]) & frame["p"].notna()]
        differ = int((own["q"] < 0.05).sum())
        note = f"{frame.loc[at, 'note']}; {differ} of them differ from it at q < 0.05"
        if differ > CROWD * len(own):
            note += ": many for a median that is taken not to change; absolute data would tell"
        frame.loc[at, "note"] = note
    return frame


def with_q(frame: pd.DataFrame, comparison: Comparison, what: str) -> pd.DataFrame:
    """Add Benjamini-Hochberg q and the family's name, one family per value of the question's ``family`` columns."""
    frame = frame.copy()
    keys = list(comparison.question.family)
    for _, group in frame.groupby(keys, sort=False, dropna=False):
        rows = group.index
        named = [str(value) for value in group.iloc[0][keys] if not pd.isna(value)]
        frame.loc[rows, "family"] = " / ".join([*named, what])
        p = frame.loc[rows, "p"].to_numpy(dtype=float)
        frame.loc[rows, "q"] = stats.bh(p, family=what)
    frame.loc[frame["p"].isna(), "family"] = pd.NA
    return frame


def _reference_and_abundance(comparison: Comparison, scale: Scales) -> pd.DataFrame:
    y = scale.log2
    layout = _abundance_layout(comparison, y, scale.present)
    tested = layout.status == ""
    frames = []
    for term, fit in fits_of_terms(comparison, y[:, tested]).items():
        shift = stats.reference_frame(fit) if scale.relative else None
        note = None
        if shift is not None and np.isfinite(shift.effect):
            fit = stats.against(fit, shift, level=comparison.question.level)  # noqa: PLW2901
            frames.append(_reference_row(comparison, term, shift))
            note = "measured from the median taxon"
        frames.append(_frame(comparison, "abundance", term, fit, layout, "log2 fold change", note))
    return pd.concat(frames, ignore_index=True)


def _presence(comparison: Comparison, present: NDArray[np.float64], depth: NDArray[np.float64] | None) -> pd.DataFrame:
    layout = _presence_layout(comparison, present)
    tested = layout.status == ""
    extra = None
    if depth is not None:
        logs = np.log2(np.maximum(depth, 1))
        if np.ptp(logs) > 0:
            extra = (logs - logs.mean())[:, None]
    frames = []
    for term, fit in fits_of_terms(comparison, present[:, tested], extra).items():
        frame = _frame(comparison, "prevalence", term, fit, layout, "share", None)
        judge = _separated_blocks if term == BETWEEN else _permuted
        frames.append(judge(comparison, present, frame, extra))
    return pd.concat(frames, ignore_index=True)


def _permuted(
    comparison: Comparison, present: NDArray[np.float64], frame: pd.DataFrame, extra: NDArray[np.float64] | None
) -> pd.DataFrame:
    """Judge presence by rearranged labels too, where a linear model of 0 and 1 is in doubt: its p is then the larger.

    In small studies the tail of t is too thin for 0 and 1, and a perfect separation leaves no residual at all. The
    arrangements keep blocks, covariates and depth in place.
    """
    at = np.flatnonzero((frame["p"] < DOUBTED_P) | (frame["status"] == "constant"))
    if len(comparison.samples) > FEW_SAMPLES:
        return frame
    frame["test"] = frame["test"] + " and permutation"
    if not at.size:
        return frame
    fixed = [*comparison.covariates.T, *(() if extra is None else extra.T)]
    if comparison.block is not None:
        fixed += [(comparison.block == name).astype(float) for name in np.unique(comparison.block)[1:]]
    scheme = None if comparison.block is None else "within blocks"
    seed = comparison.question.seed
    arranged = stats.permutations(comparison.label, block=comparison.block, scheme=scheme, n=ARRANGEMENTS, seed=seed)
    beside = np.column_stack(fixed) if fixed else None
    p = stats.label_p(present[:, at], arranged, comparison.label, fixed=beside)
    perfect = (frame["status"].iloc[at] == "constant").to_numpy() & np.isfinite(p)
    frame.loc[at[perfect], "status"] = "ok"
    frame.loc[at[perfect], "note"] = "in every sample of one side and in none of the other, but for covariates"
    frame.loc[at, "p"] = np.fmax(frame["p"].iloc[at].to_numpy(dtype=float), p)
    frame.loc[at, "n_permutations"] = len(arranged.labels)
    return frame


def _separated_blocks(
    comparison: Comparison,
    present: NDArray[np.float64],
    frame: pd.DataFrame,
    extra: NDArray[np.float64] | None,  # noqa: ARG001  one signature with `_permuted`
) -> pd.DataFrame:
    """Give features that are in every sample of one side and in none of the other the p of their arrangement.

    Among all arrangements of whole blocks only this one and, where both sides have as many, its mirror image are as
    extreme. A covariate cannot be adjusted for in this way: then there is no p, and the status says so.
    """
    seen, label = np.isfinite(present), comparison.label[:, None]
    alike: NDArray[np.bool_] = np.all(~seen | (present == label), axis=0)
    opposite: NDArray[np.bool_] = np.all(~seen | (present == 1 - label), axis=0)
    unjudged = (frame["status"] == "constant").to_numpy(dtype=bool)
    for at in np.flatnonzero(unjudged & (alike | opposite)).tolist():
        frame.loc[at, "effect"] = 1.0 if alike[at] else -1.0
        frame.loc[at, "status"] = "separated"
        frame.loc[at, "note"] = "in every sample of one side and in none of the other"
        p = _exact_p(comparison, seen[:, at])
        if np.isfinite(p):
            frame.loc[at, "p"], frame.loc[at, "status"] = p, "ok"
            frame.loc[at, "test"] = "exact, arrangements of the label"
    return frame


def _exact_p(comparison: Comparison, rows: NDArray[np.bool_]) -> float:
    """Return the p of a perfect separation of blocks; NaN where the arrangements of the label do not answer."""
    if comparison.terms != (BETWEEN,) or comparison.covariate_names or comparison.block is None:
        return float("nan")
    label, block = comparison.label[rows], comparison.block[rows]
    if min(len(np.unique(block[label == side])) for side in (0, 1)) < 2:
        return float("nan")
    return stats.separated_p(label, block, "whole blocks")


def _abundance_layout(comparison: Comparison, y: NDArray[np.float64], present: NDArray[np.float64] | None) -> _Layout:
    seen = np.isfinite(y)
    n, m = seen.shape
    layout = _layout(comparison, seen)
    need = comparison.question.min_prevalence * n
    status = np.full(m, "", dtype=object)
    status[np.minimum(layout.n_case, layout.n - layout.n_case) < FEWEST_PER_SIDE] = "too_few"
    status[layout.n < need] = "below_prevalence"
    if present is not None:
        status[np.nansum(present, axis=0) == 0] = "all_zero"
        status[~np.isfinite(present).any(axis=0)] = "not_measured"
    return replace(layout, status=status)


def _presence_layout(comparison: Comparison, present: NDArray[np.float64]) -> _Layout:
    layout = _layout(comparison, np.isfinite(present))
    found = np.nansum(present, axis=0)
    need = np.maximum(comparison.question.min_prevalence * layout.n, FEWEST_PER_SIDE)
    status = np.full(len(found), "", dtype=object)
    status[layout.n - found < need] = "always_present"
    status[found < need] = "below_prevalence"
    status[np.minimum(layout.n_case, layout.n - layout.n_case) < FEWEST_PER_SIDE] = "too_few"
    status[found == 0] = "all_zero"
    status[layout.n == 0] = "not_measured"
    return replace(layout, status=status)


def _layout(comparison: Comparison, seen: NDArray[np.bool_]) -> _Layout:
    n_blocks = np.zeros(seen.shape[1], dtype=np.int64)
    if comparison.block is not None:
        for name in np.unique(comparison.block):
            n_blocks += seen[comparison.block == name].any(axis=0)
    return _Layout(
        status=np.full(seen.shape[1], "", dtype=object),
        n=seen.sum(axis=0),
        n_case=seen[comparison.case].sum(axis=0),
        n_blocks=n_blocks,
        n_both=blocks_with_both(comparison, seen),
    )


def _frame(
    comparison: Comparison,
    model: str,
    term: str,
    fit: stats.Fit,
    layout: _Layout,
    unit: str,
    note: str | None,
) -> pd.DataFrame:
    features = comparison.assay.features
    tested = layout.status == ""
    frame = pd.DataFrame({**comparison.identity(), "feature": features.index.astype(str), "model": model})
    frame["label"] = features["label"].astype(str).to_numpy()
    frame["term"], frame["unit"], frame["level"] = term, unit, comparison.question.level
    frame["test"] = "t" if comparison.block is None else "t, Satterthwaite"
    for column in ("effect", "se", "low", "high", "statistic", "df", "p"):
        values = np.full(len(frame), np.nan)
        values[tested] = getattr(fit, column)
        frame[column] = values
    status = layout.status.copy()
    status[tested] = fit.status
    notes = np.full(len(frame), None, dtype=object)
    own = np.asarray(fit.note, dtype=object)
    notes[tested] = [text or note for text in own]
    frame["status"], frame["note"] = status, notes
    frame["n"], frame["n_case"], frame["n_control"] = layout.n, layout.n_case, layout.n - layout.n_case
    if comparison.block is not None:
        frame["n_blocks"] = layout.blocks_of(term)
    frame.loc[~frame["status"].isin(WITH_P), ["p"]] = np.nan
    return frame


def _reference_row(comparison: Comparison, term: str, frame: stats.ReferenceFrame) -> pd.DataFrame:
    row = {
        **comparison.identity(),
        **comparison.counts(),
        "feature": ALL,
        "model": "reference frame",
        "term": term,
        "effect": frame.effect,
        "se": frame.se,
        "unit": "log2 fold change",
        "status": "ok",
        "note": f"median coefficient of {frame.n} taxa, taken not to change and taken off every taxon",
    }
    return pd.DataFrame([row])


def _order(frame: pd.DataFrame) -> NDArray[np.intp]:
    """First the term to read first; in it the reference frame, abundance, presence; features in the table's order."""
    terms = {term: rank for rank, term in enumerate((WITHIN, OVERALL, BETWEEN))}
    models = {"reference frame": 0, "abundance": 1, "prevalence": 2}
    return np.lexsort((frame["model"].map(models), frame["term"].map(terms)))
