"""Molecules that nobody's body or microbes make, such as the antibiotics given: shown, and in no family."""

from __future__ import annotations

import numpy as np
import pandas as pd

STATUS = "exogenous"
#: Column of a table's features with the reason, missing where there is none.
COLUMN = "exogenous"


def exogenous(features: pd.DataFrame) -> dict[str, str]:
    """Return feature → why it is exogenous, of those that are."""
    if COLUMN not in features.columns:
        return {}
    column = features[COLUMN].dropna().astype(str)
    return {str(name): reason for name, reason in column.items() if reason.strip()}


def without_exogenous(frame: pd.DataFrame, features: pd.DataFrame) -> pd.DataFrame:
    """Take p from rows of exogenous features: effect and interval stay, status and note say why.

    That a drug is found where it was given is no finding, and it must not use up a family's errors.
    """
    reasons = exogenous(features)
    if not reasons:
        return frame
    frame = frame.copy()
    at = frame["feature"].astype(str).isin(list(reasons)) & frame["p"].notna()
    why = frame.loc[at, "feature"].astype(str).map(reasons)
    frame.loc[at, "p"] = np.nan
    frame.loc[at, "status"] = STATUS
    old = frame.loc[at, "note"]
    frame.loc[at, "note"] = [one if pd.isna(was) else f"{one}; {was}" for one, was in zip(why, old, strict=True)]
    return frame
