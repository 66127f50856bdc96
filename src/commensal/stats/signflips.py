"""Paired differences, tested by flipping their signs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commensal.errors import StatisticsError
from commensal.stats._arrays import Floats, Integers, numbers
from commensal.stats._frames import framed
from commensal.stats._maxima import StepDown
from commensal.stats.fits import fill_names, tabulated, unnamed
from commensal.stats.permutation import as_float, codes_of

if TYPE_CHECKING:
    import pandas as pd

#: Numbers held at once by a chunk of sign vectors (32 MB).
_CHUNK = 4_000_000


@dataclass(frozen=True, slots=True)
class SignFlipFit:
    """What flipping signs says about m features; missing numbers are NaN."""

    effect: Floats  # (m,) mean difference over pairs
    statistic: Floats  # (m,) t of the units' sums
    p: Floats  # (m,) of each feature alone, two-sided
    p_adjusted: Floats  # (m,) familywise over the m features
    smallest_p: Floats  # (m,) that this feature's differences can reach
    n: Integers  # (m,) pairs in which the feature is present
    n_units: Integers  # (m,) units whose sum is not 0
    status: NDArray[np.object_]  # (m,) ok | too_few | constant
    n_permutations: int
    n_distinct: float  # 2 to the number of units
    exact: bool
    features: NDArray[np.object_] = field(default_factory=unnamed)  # (m,) names, None without

    def __post_init__(self) -> None:
        """Give every feature a place for its name."""
        fill_names(self, self.effect.shape)

    def table(self, features: Sequence[str] | None = None) -> pd.DataFrame:
        """Return one row per feature, indexed by names given, or those of the columns."""
        names = ("effect", "statistic", "p", "p_adjusted", "smallest_p", "n", "n_units", "status", "features")
        return tabulated({name: getattr(self, name) for name in names}, features)


@framed
def sign_flips(differences: ArrayLike, *, block: ArrayLike | None = None, n: int = 9999, seed: int = 1) -> SignFlipFit:
    """Test whether paired differences (pairs, m) are symmetric about 0, by flipping the signs of whole pairs.

    Under the null that the two members of a pair are exchangeable each pair's differences are as likely with the
    opposite sign, in all features together. With S the sum over units and Q the sum of their squares, which no flip
    changes, p counts |S|/√Q, an increasing function of |t|; adjusted p are step-down maxima over the features.

    Parameters
    ----------
    differences
        (pairs, m) or (pairs,) case − control; NaN is a pair in which a feature is missing.
    block
        (pairs,) litter, household, centre …: pairs that are not independent flip together, and their sum is the unit.
    n
        Random sign vectors when 2 to the number of units is more than that; otherwise all are enumerated.
    seed
        Seed of the random sign vectors; vector i depends on the seed and i only.

    Returns
    -------
    SignFlipFit
        Status ``too_few``: fewer than two units have the feature; ``constant``: all differences are 0. With u units of
        non-zero sum the smallest p of a feature is 2/2^u: five pairs cannot reach 0.05.

    Raises
    ------
    StatisticsError
        Infinite values, blocks that do not fit.

    References
    ----------
    Fisher (1935) The design of experiments, 21; Westfall & Young (1993).

    Examples
    --------
    Five pairs that all rose: 2 of 32 sign vectors are as extreme.

    >>> fit = sign_flips([1.0, 2.0, 0.5, 3.0, 1.5])
    >>> fit.effect.tolist(), fit.p.tolist(), fit.exact, fit.n_distinct
    ([1.6], [0.0625], True, 32.0)
    """
    if n < 1:
        raise StatisticsError("no permutations were asked for", found=f"n = {n}", expected="at least 1")
    values, present = _differences(differences)
    # Each feature in units of its largest difference: squares neither overflow nor vanish.
    largest = np.abs(values).max(axis=0, initial=0.0)
    values = values / np.where(largest > 0, largest, 1.0)
    pairs, m = values.shape
    units = np.arange(pairs) if block is None else codes_of(block, "block", pairs)
    count = int(units.max()) + 1
    sums, there = np.zeros((count, m)), np.zeros((count, m))
    np.add.at(sums, units, values)
    np.add.at(there, units, present)
    square = (sums**2).sum(axis=0)
    # What rounding leaves of differences within a unit that cancel is not a difference.
    moving = (np.abs(sums) > 1e-12).sum(axis=0)
    held = (there > 0).sum(axis=0)
    status = np.full(m, "ok", dtype=object)
    status[moving == 0] = "constant"
    status[held < 2] = "too_few"
    tested = np.flatnonzero(status == "ok")
    exact = 2**count <= n
    p, adjusted = np.full(m, np.nan), np.full(m, np.nan)
    total = 2**count if exact else n
    if tested.size:
        unit = sums[:, tested] / np.sqrt(square[tested])
        counts = StepDown(np.abs(unit.sum(axis=0)))
        rng = np.random.default_rng(seed)
        step = max(1, _CHUNK // max(tested.size, count))
        for start in range(0, total, step):
            stop = min(start + step, total)
            signs = _enumerated(start, stop, count) if exact else 2.0 * rng.integers(0, 2, (stop - start, count)) - 1
            counts.add(np.abs(signs @ unit))
        p[tested], adjusted[tested] = counts.p(exact=exact)
    here = present.sum(axis=0)
    ok = status == "ok"
    floor = np.maximum(2.0 ** (1 - moving.astype(float)), 0.0 if exact else 1 / (1 + n))
    return SignFlipFit(
        effect=np.divide(values.sum(axis=0) * largest, here, out=np.full(m, np.nan), where=here > 0),
        statistic=np.where(ok, _t(sums.sum(axis=0), square, held), np.nan),
        p=p,
        p_adjusted=adjusted,
        smallest_p=np.where(ok, floor, np.nan),
        n=here,
        n_units=moving,
        status=status,
        n_permutations=total if tested.size else 0,
        n_distinct=as_float(2**count),
        exact=exact,
    )


def _differences(given: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    try:
        values = np.array(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise StatisticsError("the differences do not hold numbers", found=error, expected="numbers") from error
    if values.ndim == 1:
        values = values[:, None]
    present = ~np.isnan(values)
    values[~present] = 0.0
    numbers(values, "the differences", dimensions=2)
    if values.shape[0] == 0:
        raise StatisticsError("there are no pairs", found="0 rows", expected="at least 2")
    return values, present


def _enumerated(start: int, stop: int, count: int) -> Floats:
    """Return sign vectors start … stop − 1 of all 2^count, bit j of the number being unit j's sign; 0 is observed."""
    bits = (np.arange(start, stop)[:, None] >> np.arange(count)) & 1
    return np.asarray(1.0 - 2.0 * bits, dtype=np.float64)


def _t(total: Floats, square: Floats, units: Integers) -> Floats:
    """Return t of the mean of the units' sums; infinite where they are all equal."""
    u = np.maximum(units, 2).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = total / np.sqrt(u) / np.sqrt(np.maximum(square - total**2 / u, 0.0) / (u - 1))
    return np.asarray(t, dtype=np.float64)
