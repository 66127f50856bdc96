"""The shortlist of a course: features that differ before onset, with progression, or both; and why, in words."""

from __future__ import annotations

import numpy as np
import pandas as pd

from commensal.questions.course_facility import dependence
from commensal.questions.course_rows import SHORTLISTED, TERMS

MINUS = "−"
#: Where a correlation with severity is a reason.
LINE = 0.05


def shortlist_rows(rows: pd.DataFrame, time_unit: str, *, shared_onset: bool) -> pd.DataFrame:
    """Return one row per feature on the shortlist, the smallest q first: its class as term, its reasons as note.

    Effect and interval are those of the contrast that the class rests on (of both, the larger); time is the departure.
    """
    classes = rows[(rows["model"] == "class") & rows["term"].isin(SHORTLISTED) & (rows["status"] == "ok")]
    ranked = classes.sort_values(["q", "p"], kind="stable")
    facilities = dependence(rows)
    index = (
        rows[rows["term"].isin((*TERMS, "abundance", "prevalence"))]
        .set_index(["model", "term", "feature"])
        .sort_index()
    )
    listed = []
    for rank, (_, row) in enumerate(ranked.iterrows(), start=1):
        feature, model, name = str(row["feature"]), str(row["measure"]), str(row["term"])
        found = {term: _get(index, model, term, feature) for term in TERMS[:2]}
        parts = {term: part for term, part in found.items() if part is not None}
        lead = max(
            (part for term, part in parts.items() if name in (term, "both")),
            key=lambda one: abs(float(one["effect"])),
        )
        departed = _get(index, "departure", model, feature)
        words = [_contrast_words(part, term) for term, part in parts.items()]
        words.append(_departure_words(departed, time_unit, shared_onset=shared_onset))
        severe = rows[(rows["model"] == "severity") & (rows["feature"] == feature)]
        words += [_severity_words(severe.iloc[0])] if len(severe) else []
        leading = "before" if name == "before" else "with"
        words += [facilities[model, feature, leading]] if (model, feature, leading) in facilities else []
        kept = ("question", "kind", "contrast", "cohort", "specimen", "assay", "feature", "label", "term", "measure")
        listed.append(
            {key: row[key] for key in kept}
            | {key: lead[key] for key in ("effect", "se", "low", "high", "unit", "level", "n", "n_case", "n_control")}
            | {
                "q": row["q"],
                "model": "shortlist",
                "statistic": float(rank),
                "n_blocks": row["n_blocks"],
                "status": "ok",
            }
            | {"time": np.nan if departed is None else departed["effect"]}
            | {"note": "; ".join([str(row["note"]), *(word for word in words if word)])}
        )
    return pd.DataFrame(listed)


def _get(index: pd.DataFrame, model: str, term: str, feature: str) -> pd.Series | None:
    key = (model, term, feature)
    if key not in index.index:
        return None
    row = index.loc[[key]].iloc[0]
    return row if pd.notna(row["effect"]) or model == "departure" else None


def _number(value: float, unit: str, digits: int = 2) -> str:
    text = f"{100 * value:+.0f}" if unit == "share" else f"{value:+.{digits}g}"
    return text.replace("-", MINUS)


def _contrast_words(row: pd.Series, term: str) -> str:
    unit = str(row["unit"])
    shown = "percentage points of presence" if unit == "share" else "log2"
    name = {"before": "before onset", "with": "with progression"}[term]
    if pd.isna(row["low"]):
        return f"{name} {_number(float(row['effect']), unit)} {shown}"
    low, high = (_number(float(row[end]), unit) for end in ("low", "high"))
    return f"{name} {_number(float(row['effect']), unit)} {shown} ({low} to {high})"


def _departure_words(row: pd.Series | None, time_unit: str, *, shared_onset: bool) -> str:
    if row is None:
        return ""
    if row["status"] != "ok":
        return "when the groups part is not identified"
    if pd.isna(row["effect"]):
        return "the groups differ from the first age on"
    since = "" if shared_onset else " relative to onset"
    low = "the first age or before" if pd.isna(row["low"]) else _plain(row["low"])
    high = "the last age or later" if pd.isna(row["high"]) else _plain(row["high"])
    return f"the groups part at {time_unit} {_plain(row['effect'])}{since} ({low} to {high})"


def _plain(value: float) -> str:
    return f"{value:.3g}".replace("-", MINUS)


def _severity_words(row: pd.Series) -> str:
    if pd.isna(row["p"]):
        return "its correlation with severity could not be tested"
    r = _number(float(row["effect"]), "r")
    text = f"correlation with {row['measure']} among the diseased {r} (q = {row['q']:.2g})"
    return text if row["q"] <= LINE else f"{text}, not shown"
