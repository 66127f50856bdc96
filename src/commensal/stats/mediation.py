"""Mediation: does a treatment act on an outcome through a mediator that was measured before it?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commensal.errors import StatisticsError
from commensal.stats._arrays import Floats, Integers, with_gaps
from commensal.stats._arrays import numbers as complete
from commensal.stats._frames import framed
from commensal.stats._product import product_interval
from commensal.stats.fits import Texts, columns_of, fill_names, tabulated, unnamed
from commensal.stats.hierarchical import refuse_level

if TYPE_CHECKING:
    import pandas as pd

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class MediationFit:
    """A treatment, m mediators and an outcome; missing is NaN, and `status` says why.

    Attributes
    ----------
    first, first_se, first_p : (m,)
        What the treatment does to the mediator (a), two-sided p.
    second, second_se, second_p : (m,)
        What a unit of the mediator does to the outcome at the same treatment (b).
    effect, low, high : (m,)
        The indirect effect a b, with its interval.
    p : (m,)
        The larger of the two p.
    direct, total : (m,)
        What is left of the treatment's effect at the same mediator, and all of it; total = direct + a b.
    rho : (m,)
        Correlation between the errors of mediator and outcome at which the indirect effect would be 0.
    df : (m,)
        Degrees of freedom of b; a has one more.
    n : (m,)
        Rows with mediator and outcome.
    status : (m,)
        ``ok``, ``too_few``, ``constant`` or ``rank_deficient``.
    """

    first: Floats
    first_se: Floats
    first_p: Floats
    second: Floats
    second_se: Floats
    second_p: Floats
    effect: Floats
    low: Floats
    high: Floats
    p: Floats
    direct: Floats
    total: Floats
    rho: Floats
    df: Floats
    n: Integers
    status: Texts
    features: Texts = field(default_factory=unnamed)

    def __post_init__(self) -> None:
        """Give every mediator a place for its name."""
        fill_names(self, self.effect.shape)

    def __len__(self) -> int:
        """Return the number of mediators."""
        return len(self.effect)

    def table(self, features: Sequence[str] | None = None) -> pd.DataFrame:
        """Return one row per mediator."""
        return tabulated(columns_of(self), features)


@framed
def mediation(
    mediator: ArrayLike, outcome: ArrayLike, x: ArrayLike, treatment: ArrayLike, *, level: float = 0.95
) -> MediationFit:
    """Test the indirect effect through mediator (n, m) on outcome (n,), on x (n, k), treatment a contrast (k,).

    Rows are the units that the treatment was given to, such as means of cages: M = X α + e₁, Y = X γ + b M + e₂, both
    by least squares, a = c'α, and the indirect effect a b.

    **Null.** "a = 0 or b = 0" is composite. p is the larger of the p of a and b (joint significance): b's test is exact
    given X and M, and a's given X, so that its level holds whichever of the two is 0; where both are, it is far below.
    The interval is that of the distribution of the product of two independent t, not of a normal distribution (Sobel).

    **What it rests on.** That nothing changes both mediator and outcome at the same treatment. It cannot be tested;
    `rho` says how strong it would have to be: as the correlation of e₁ and e₂ at which a b is 0, which is the partial
    correlation of mediator and outcome at the same treatment (Imai et al. 2010, theorem 4, at ACME = 0).

    Parameters
    ----------
    mediator : (n, m)
        Measured before the outcome in the same units; NaN is missing.
    outcome : (n,)
        NaN is missing.
    x : (n, k)
        Columns of both models, with an intercept column if one is wanted; complete.
    treatment : (k,)
        Contrast of the columns, such as an arm's indicator.
    level
        Of the interval.

    Raises
    ------
    StatisticsError
        Arrays that do not fit together, or hold what they must not.

    References
    ----------
    MacKinnon, Lockwood, Hoffman, West & Sheets (2002) Psychol Methods 7:83–104; MacKinnon, Fritz, Williams & Lockwood
    (2007) Behav Res Methods 39:384–389; Imai, Keele & Yamamoto (2010) Stat Sci 25:51–71.

    Examples
    --------
    Two arms of six cages:

    >>> import numpy as np
    >>> x = np.column_stack([np.ones(12), np.repeat([0.0, 1.0], 6)])
    >>> m = np.array([1.0, 2, 1, 3, 2, 2, 4, 5, 3, 4, 6, 5])
    >>> y = np.array([11.0, 13, 10, 14, 12, 13, 15, 18, 13, 16, 19, 17])
    >>> fit = mediation(m[:, None], y, x, [0, 1])
    >>> print(fit.effect.round(2), fit.low.round(2), fit.high.round(2), fit.p.round(4), fit.rho.round(2))
    [5.17] [2.75] [7.86] [0.0005] [0.96]
    """
    refuse_level(level)
    m = with_gaps(mediator, "mediator", dimensions=2)
    y = with_gaps(outcome, "outcome", dimensions=1)
    columns = complete(x, "x", dimensions=2)
    c = complete(treatment, "treatment", dimensions=1)
    if not len(m) == len(y) == len(columns) or columns.shape[1] != len(c):
        raise StatisticsError(
            "mediator, outcome, x and treatment do not fit",
            found=f"mediator {m.shape}, outcome {y.shape}, x {columns.shape}, treatment {c.shape}",
            expected="mediator (n, m), outcome (n,), x (n, k), treatment (k,)",
        )
    known = ~np.isnan(m) & ~np.isnan(y)[:, None]
    names = [name for name in MediationFit.__dataclass_fields__ if name not in ("n", "status", "features")]
    out = {name: np.full(m.shape[1], np.nan) for name in names}
    status = np.full(m.shape[1], "too_few", object)
    patterns, which = np.unique(known.T, axis=0, return_inverse=True)
    for number, rows in enumerate(patterns):
        at = np.flatnonzero(which.ravel() == number)
        found, told = _complete(m[np.ix_(rows, at)], y[rows], columns[rows], c, level)
        status[at] = told
        for name, values in found.items():
            out[name][at] = values
    return MediationFit(**out, n=known.sum(axis=0).astype(np.int64), status=status)


def _complete(m: Floats, y: Floats, x: Floats, c: Floats, level: float) -> tuple[dict[str, Floats], Texts]:
    """Fit mediators that share their rows; none of them is missing."""
    from scipy.special import stdtr

    n, (k, wide) = len(y), (x.shape[1], m.shape[1])
    status = np.full(wide, "ok", object)
    df_b = n - k - 1
    if df_b < 1:
        return {}, np.full(wide, "too_few", object)
    if np.linalg.matrix_rank(x) < k:
        return {}, np.full(wide, "rank_deficient", object)
    q, r = np.linalg.qr(x)
    weight = np.linalg.solve(r.T, c)  # c'(X'X)⁻¹c = |weight|²
    own, rest = m - q @ (q.T @ m), y - q @ (q.T @ y)
    a = weight @ (q.T @ m)
    total = float(weight @ (q.T @ y))
    sum_m, sum_y = (own**2).sum(axis=0), float((rest**2).sum())
    scale = np.maximum((m**2).sum(axis=0), 1e-300)
    flat = (sum_m <= 1e-20 * scale) | (sum_y <= 1e-20 * max(float((y**2).sum()), 1e-300))
    status[flat] = "constant"
    with np.errstate(divide="ignore", invalid="ignore"):
        se_a = np.sqrt(sum_m / (df_b + 1) * (weight @ weight))
        b = (own.T @ rest) / sum_m
        left = np.maximum(sum_y - b**2 * sum_m, 0.0)
        se_b = np.sqrt(left / df_b / sum_m)
        p_a, p_b = 2 * stdtr(df_b + 1, -np.abs(a / se_a)), 2 * stdtr(df_b, -np.abs(b / se_b))
        rho = (own.T @ rest) / np.sqrt(sum_m * sum_y)
    flat |= ~(se_b > 0)
    status[flat] = "constant"
    good = np.flatnonzero(~flat)
    low, high = np.full((2, wide), np.nan)
    degrees = np.full(len(good), float(df_b))
    low[good], high[good] = product_interval(a[good], se_a[good], degrees + 1, b[good], se_b[good], degrees, level)
    found = {
        "first": a, "first_se": se_a, "first_p": p_a, "second": b, "second_se": se_b, "second_p": p_b, "effect": a * b,
        "low": low, "high": high, "p": np.maximum(p_a, p_b), "direct": total - a * b, "total": np.full(wide, total),
        "rho": rho, "df": np.full(wide, float(df_b)),
    }  # fmt: skip
    for values in found.values():
        values[flat] = np.nan
    return found, status
