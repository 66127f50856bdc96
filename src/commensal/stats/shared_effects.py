"""The same contrast in several places: in which direction it holds in all, and whether it depends on the place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commensal.errors import StatisticsError
from commensal.stats._arrays import Floats, with_gaps
from commensal.stats.fits import columns_of, fill_names, tabulated, unnamed
from commensal.stats.partial_conjunction import partial_conjunction

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class SharedFit:
    """One contrast (m,) over places; missing is NaN.

    Attributes
    ----------
    shared_p : (m,)
        p of "the contrast is not of one sign in all places".
    direction : (m,)
        1 or −1, the sign that `shared_p` speaks of.
    spread, spread_df, spread_df2, differs_p : (m,)
        Test that the contrast differs between places: F, its degrees of freedom and p.
    largest : (m,)
        The largest difference between two places.
    n_places : (m,)
        Places with an estimate.
    """

    shared_p: Floats
    direction: Floats
    spread: Floats
    spread_df: Floats
    spread_df2: Floats
    differs_p: Floats
    largest: Floats
    n_places: NDArray[np.int64]
    features: NDArray[np.object_] = field(default_factory=unnamed)

    def __post_init__(self) -> None:
        """Give every feature a place for its name."""
        fill_names(self, self.shared_p.shape)

    def __len__(self) -> int:
        """Return the number of features."""
        return len(self.shared_p)

    def table(self) -> pd.DataFrame:
        """Return one row per feature."""
        return tabulated(columns_of(self), None)


def shared_effects(effect: ArrayLike, se: ArrayLike, df: ArrayLike) -> SharedFit:
    """Join one contrast of m features estimated in f places that share no unit, (f, m).

    Shared: one-sided p of each direction in each place, the largest (partial conjunction with r = f), and twice the
    smaller of the two directions. It needs every place: one without an estimate leaves `shared_p` missing.
    Differs: Q = Σ (θ − θ̄)² / se², θ̄ weighted by 1 / se², as F = Q / (f − 1) on f − 1 and the degrees of freedom of
    Welch's test (1951): 1 / Σ (1 − w)² / df × (f² − 1) / 3, Q divided by 1 + 2 (f − 2) / (f² − 1) Σ (1 − w)² / df with
    w the weight's share. Two places make it Welch's t test.

    Parameters
    ----------
    effect, se, df
        (f, m) estimates, standard errors and degrees of freedom.

    Raises
    ------
    StatisticsError
        Shapes that differ, or fewer than two places.

    References
    ----------
    Benjamini & Heller (2008) Biometrics 64:1215; Welch (1951) Biometrika 38:330.

    Examples
    --------
    >>> fit = shared_effects([[2.0, 2.0], [2.2, -1.8]], [[0.4, 0.4], [0.5, 0.5]], [[10, 10], [8, 8]])
    >>> fit.shared_p.round(4).tolist(), fit.differs_p.round(4).tolist()
    ([0.0023, 1.0], [0.7588, 0.0])
    """
    from scipy.special import fdtrc, stdtr

    q, s, v = (with_gaps(one, name, dimensions=2) for one, name in ((effect, "effect"), (se, "se"), (df, "df")))
    if q.shape != s.shape or q.shape != v.shape or len(q) < 2:
        raise StatisticsError(
            "the places do not fit", found=f"shapes {q.shape}, {s.shape}, {v.shape}", expected="(f, m), f of 2 or more"
        )
    known = np.isfinite(q) & np.isfinite(s) & np.isfinite(v)
    f = known.sum(axis=0)
    every = f == len(q)
    with np.errstate(all="ignore"):
        t = np.where(known, q / s, 0.0)
        sides = [np.where(known, stdtr(v, sign * t), 1.0) for sign in (-1.0, 1.0)]
        up, down = (partial_conjunction(side.T, len(q)) for side in sides)
        shared = np.where(every, np.minimum(2 * np.minimum(up, down), 1.0), np.nan)
        weight = np.where(known, 1 / s**2, 0.0)
        total = weight.sum(axis=0)
        mean = np.where(known, weight * q, 0.0).sum(axis=0) / total
        raw = np.where(known, weight * (q - mean) ** 2, 0.0).sum(axis=0)
        lost = np.where(known, (1 - weight / total) ** 2 / v, 0.0).sum(axis=0)
        spread = raw / (f - 1) / (1 + 2 * (f - 2) / (f**2 - 1) * lost)
        second = (f**2 - 1) / (3 * lost)
        several = f >= 2
        differs = np.where(several, fdtrc(f - 1, second, spread), np.nan)
        largest = np.where(known, q, -np.inf).max(axis=0) - np.where(known, q, np.inf).min(axis=0)
    gone = [np.where(several, values, np.nan) for values in (spread, f - 1.0, second, largest)]
    direction = np.where(every, np.where(up <= down, 1.0, -1.0), np.nan)
    return SharedFit(shared, direction, gone[0], gone[1], gone[2], differs, gone[3], f.astype(np.int64))
