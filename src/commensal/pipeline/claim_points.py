"""The raw values that the first claims rest on: asked of the questions once the claims are known."""

from __future__ import annotations

import pandas as pd

from commensal.questions import raw_values
from commensal.study import LoadedStudy
from commensal.tables import CLAIM
from commensal.tables.claims import SELECTED

#: Raw values stand behind the lines of so many claims by rank, and of so many that were selected.
WITH_VALUES = 100


def claim_points(loaded: LoadedStudy, estimates: pd.DataFrame, claims: pd.DataFrame) -> pd.DataFrame:
    """Return the values behind the rows that the first claims rest on, as points.

    Parameters
    ----------
    loaded
        The study.
    estimates
        The Estimates that the lines name by their place.
    claims
        Claims and their lines.
    """
    own = claims[claims["line"] == CLAIM]
    first = pd.concat([own.head(WITH_VALUES), own[own["verdict"] == SELECTED].head(WITH_VALUES)])["claim"]
    lines = claims[claims["claim"].isin(first) & claims["estimate"].notna()]
    rows = sorted(set(lines["estimate"].astype(int)))
    return raw_values(loaded, estimates.reset_index(drop=True).iloc[rows])
