"""Every taxon and every molecule, case against control: abundance where present, and presence.

The default model and why it is the default: docs/decisions/default-model.md.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal import stats
from commensal.questions.comparison import BETWEEN, OVERALL, WITHIN, Comparison
from commensal.questions.presence import presence_rows
from commensal.questions.rows import FEWEST_PER_SIDE, Layout, feature_frame, layout_of, with_q
from commensal.questions.scales import Scales
from commensal.questions.terms import fits_of_terms
from commensal.tables import ALL, estimates

#: Where more of the taxa than this differ from the median taxon, it can hardly be taken as unchanged.
CROWD = 0.25


def feature_rows(comparison: Comparison, scale: Scales) -> pd.DataFrame:
    """Return Estimates of all features: abundance, then presence, with q within each family."""
    parts = [_reference_and_abundance(comparison, scale)]
    if scale.present is not None:
        parts.append(presence_rows(comparison, scale.present, scale.depth))
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
        frames.append(feature_frame(comparison, "abundance", term, fit, layout, "log2 fold change", note))
    return pd.concat(frames, ignore_index=True)


def _abundance_layout(comparison: Comparison, y: NDArray[np.float64], present: NDArray[np.float64] | None) -> Layout:
    seen = np.isfinite(y)
    n, m = seen.shape
    layout = layout_of(comparison, seen)
    need = comparison.question.min_prevalence * n
    status = np.full(m, "", dtype=object)
    status[np.minimum(layout.n_case, layout.n - layout.n_case) < FEWEST_PER_SIDE] = "too_few"
    status[layout.n < need] = "below_prevalence"
    if present is not None:
        status[np.nansum(present, axis=0) == 0] = "all_zero"
        status[~np.isfinite(present).any(axis=0)] = "not_measured"
    return replace(layout, status=status)


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
