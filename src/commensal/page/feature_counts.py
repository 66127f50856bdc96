"""How many features a model tested and found: counted from its rows, or told by rows where not all are held."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from commensal.page.view import Group
from commensal.page.words import missing
from commensal.tables import ALL, COUNTED

#: Where a sentence says "differs": the declared false discovery rate (q), or the error rate where there is no q.
LINE = 0.05


@dataclass(frozen=True, slots=True)
class FoundFeatures:
    """How many features one model tested and found, and the row of the strongest."""

    model: str
    table: int
    tested: int
    found: int
    higher: int
    top: pd.Series | None


def found_features(group: Group, term: str, model: str) -> FoundFeatures:
    """Count the rows of one model and pick the one with the smallest q, then p."""
    own = group.pick(term=term, model=model)
    return _found(group, term, model, own[own["feature"] != ALL])


def differing(group: Group, term: str, rows: pd.DataFrame) -> FoundFeatures:
    """Count the features that differ by any of these rows, of one model or of several."""
    models = rows["model"].unique()
    return _found(group, term, str(models[0]) if len(models) == 1 else "", rows)


def features_in(group: Group, rows: pd.DataFrame) -> int:
    """Return how many features the table has that these rows, one or more for each, are of."""
    told = group.pick(model=COUNTED, measure="table")["effect"]
    return int(rows["feature"].nunique() if told.empty else told.max())


def _found(group: Group, term: str, model: str, rows: pd.DataFrame) -> FoundFeatures:
    tested = rows[rows["p"].notna()]
    hits = tested[tested["q"] < LINE]
    ranked = tested.sort_values(["q", "p"], kind="stable", na_position="last")
    counts = {
        "table": rows["feature"].nunique(),
        "tested": tested["feature"].nunique(),
        "found": hits["feature"].nunique(),
        "higher": int((hits["effect"] > 0).sum()),
    }
    told = group.pick(model=COUNTED, term=term, label=model)
    for name, value in zip(told["measure"], told["effect"], strict=True):
        if name in counts and not missing(value):
            counts[name] = int(value)
    return FoundFeatures(model=model, **counts, top=None if ranked.empty else ranked.iloc[0])


__all__ = ["LINE", "FoundFeatures", "differing", "features_in", "found_features"]
