"""Rows of the Estimates read as facts: of which strain, molecule or outcome, which way, and how surely."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.tables import WITH_P

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

#: Stands for "any" in an index of strains, molecules or outcomes.
ANY = -1


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """Rows that one part of a line rests on; arrays are (k,)."""

    strain: Integers  #: index into the family's strains, or `ANY`
    molecule: Integers
    outcome: Integers
    row: Integers  #: row of the Estimates
    up: Floats  #: one-sided p for "the effect, turned by its sign, is above 0"; NaN where there is none
    sign: Integers  #: 1, or −1 where a smaller effect is better


def facts(
    rows: pd.DataFrame,
    *,
    strain: Integers | None = None,
    molecule: Integers | None = None,
    outcome: Integers | None = None,
    sign: Integers | None = None,
) -> Facts:
    """Return the facts that rows (k) of the Estimates hold; their index is the row number.

    Parameters
    ----------
    rows
        Rows of the Estimates, with their index kept.
    strain, molecule, outcome
        (k,) what each row speaks of; None: of any.
    sign
        (k,) 1 or −1: what a larger effect means; None: 1.
    """
    k = len(rows)
    anything = np.full(k, ANY, dtype=np.int64)
    turned = np.ones(k, dtype=np.int64) if sign is None else sign
    upward = one_sided(rows)
    return Facts(
        strain=anything if strain is None else strain,
        molecule=anything if molecule is None else molecule,
        outcome=anything if outcome is None else outcome,
        row=rows.index.to_numpy(np.int64),
        up=np.where(turned > 0, upward, 1 - upward),
        sign=turned,
    )


def one_sided(rows: pd.DataFrame) -> Floats:
    """Return p (k,) for "the effect is above 0": of t where a row has it, else half of its two-sided p.

    A p that is joint over several comparisons is not used where the row has its own t: what is claimed is corrected
    over claims.

    Examples
    --------
    >>> from commensal.tables import estimates
    >>> one = {"effect": 1.0, "statistic": 2.0, "df": 10.0, "test": "joint t", "p": 0.2, "status": "ok"}
    >>> two = {"effect": -1.0, "p": 0.04, "test": "rank sum, permutation", "status": "ok"}
    >>> one_sided(estimates([one, two, {"effect": 1.0, "status": "one_cage"}])).round(4).tolist()
    [0.0367, 0.98, nan]
    """
    from scipy.special import stdtr

    effect, p = rows["effect"].to_numpy(float), rows["p"].to_numpy(float)
    statistic, df = rows["statistic"].to_numpy(float), rows["df"].to_numpy(float)
    halved = np.where(effect > 0, p / 2, np.where(effect < 0, 1 - p / 2, 0.5))
    is_t = rows["test"].fillna("").str.match(r"(joint )?t\b").to_numpy(bool) & np.isfinite(statistic) & (df > 0)
    tail = stdtr(np.where(is_t, df, 1.0), np.where(is_t, -statistic, 0.0))
    held = rows["test"].fillna("").str.contains("permutation").to_numpy(bool)
    found = np.where(is_t & ~held, tail, halved)
    known = rows["status"].isin(WITH_P).to_numpy(bool) & np.isfinite(effect) & (is_t | np.isfinite(p))
    return np.asarray(np.where(known, found, np.nan), dtype=np.float64)


def places(values: pd.Series, names: tuple[str, ...]) -> Integers:
    """Return where each value (k,) stands among the names; `ANY` − 1 where it does not."""
    where = {name: i for i, name in enumerate(names)}
    return np.array([where.get(str(value), ANY - 1) for value in values], dtype=np.int64)
