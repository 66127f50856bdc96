"""Empirical-Bayes moderation of residual variances: what many features say about the variance of one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commensal.errors import StatisticsError
from commensal.stats.fits import Fit

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
#: A variance below this share of the median one is set to it before logarithms are taken, as limma does.
_OFFSET = 1e-5


@dataclass(frozen=True, slots=True)
class Moderation:
    """Variances of m features drawn towards a common one."""

    prior_df: float  # d0, inf where variances differ no more than their degrees of freedom allow
    prior_variance: float  # s0²
    variance: Floats  # (m,) moderated; NaN where there is none and no prior
    df: Floats  # (m,) d + d0, at most the sum of all d

    def table(self) -> pd.DataFrame:
        """Return one row per feature."""
        import pandas as pd

        frame = pd.DataFrame({"variance": self.variance, "df": self.df})
        return frame.assign(prior_variance=self.prior_variance, prior_df=self.prior_df)


def moderate(variance: ArrayLike, df: ArrayLike) -> Moderation:
    """Squeeze residual variances (m,) with degrees of freedom (m,) towards a common value.

    With s_i² ~ σ_i² χ²_{d_i}/d_i and 1/σ_i² ~ χ²_{d0}/(d0 s0²), s_i² ~ s0² F(d_i, d0). Moments of
    e_i = log s_i² − ψ(d_i/2) + log(d_i/2) give d0 from ψ'(d0/2) = var(e) − mean ψ'(d_i/2), and
    s0² = exp(mean(e) + ψ(d0/2) − log(d0/2)); where the right side is not positive, d0 = ∞ and s0² is the mean
    variance. The moderated variance is (d_i s_i² + d0 s0²)/(d_i + d0). Equals ``limma::squeezeVar`` without trend.

    Parameters
    ----------
    variance
        (m,) residual variances; NaN where a feature has none.
    df
        (m,) or one number: their degrees of freedom. Features with 0 of them get the prior variance.

    Returns
    -------
    Moderation
        With fewer than two usable features d0 is 0 and nothing is changed.

    Raises
    ------
    StatisticsError
        Negative or infinite variances, negative or missing degrees of freedom, arrays that do not fit.

    References
    ----------
    Smyth (2004) Stat. Appl. Genet. Mol. Biol. 3:3, section 6.2.

    Examples
    --------
    >>> made = moderate([0.2, 1.0, 5.0, 0.9, 1.1], [4, 4, 4, 4, 4])
    >>> round(made.prior_df, 2), made.variance.round(2).tolist()
    (3.95, [0.59, 1.0, 3.01, 0.95, 1.05])
    """
    s2, d = _arrays(variance, df)
    usable = np.isfinite(s2) & (d > 1e-15)
    prior_df, prior_variance = _prior(s2[usable], d[usable])
    total = float(d[usable].sum())
    own = np.where(d > 0, s2, 0.0)
    if np.isinf(prior_df):
        squeezed = np.full(s2.size, prior_variance)
    elif prior_df == 0:
        squeezed = np.where(d > 0, s2, np.nan)
    else:
        squeezed = (d * own + prior_df * prior_variance) / (d + prior_df)
    known = np.isfinite(s2) | (d == 0)
    return Moderation(
        prior_df,
        prior_variance,
        np.where(known, squeezed, np.nan),
        np.where(known, np.minimum(d + prior_df, total), np.nan),
    )


def moderated(fit: Fit, *, level: float = 0.95) -> Fit:
    """Moderate the residual variances of a linear fit (m features), with its se, df, p and intervals.

    For small samples: with few residual degrees of freedom a feature's own variance is a poor guide, and by chance
    tiny ones make the largest t. Variances come from :func:`moderate` over the features that have a p; then
    se² = se² · moderated/own, t = effect/se on the moderated df (Smyth 2004). Effects do not change. Equals limma's
    ``eBayes(lmFit(…))`` without trend.

    Parameters
    ----------
    fit
        From :func:`commensal.stats.linear`; features may differ in df (missing samples).
    level
        Of the confidence interval.

    Returns
    -------
    Fit
        ``var_residual`` is the moderated variance, ``df`` the moderated one; ``df_satterthwaite`` keeps the residual
        df. Features without a p stay as they were. The note says so where fewer than two features could be used.

    Raises
    ------
    StatisticsError
        A mixed model's fit (its variances are two, and t's df are not residual ones), a level outside 0 and 1.

    Examples
    --------
    >>> from commensal import stats
    >>> rng = np.random.default_rng(1)
    >>> x = np.column_stack([np.ones(6), [0, 0, 0, 1, 1, 1]])
    >>> fit = stats.linear(rng.normal(size=(6, 50)), x, [0, 1])
    >>> made = stats.moderated(fit)
    >>> bool(made.df[0] > fit.df[0]), bool((made.effect == fit.effect).all())
    (True, True)
    """
    from scipy.special import stdtr, stdtrit

    if not 0 < level < 1:
        raise StatisticsError("no such confidence level", found=level, expected="a number between 0 and 1, like 0.95")
    if np.isfinite(fit.var_group).any():
        raise StatisticsError(
            "only fits of the linear model can be moderated",
            found="a fit with a variance between groups",
            expected="a fit of stats.linear",
            mend="average the samples of a group first, or keep the mixed model's own p",
        )
    held = np.isfinite(fit.var_residual) & (fit.var_residual > 0)
    told = np.isfinite(fit.p) & held
    note = fit.note.copy()
    note[np.isfinite(fit.p) & ~held & (note == "")] = "the variance over- or underflows: not moderated"
    if np.count_nonzero(told) < 2:
        words = "fewer than two features: nothing to moderate with"
        note[told & (note == "")] = words
        return replace(fit, note=note)
    made = moderate(fit.var_residual[told], fit.df[told])
    se, df, statistic, p, variance = (a.copy() for a in (fit.se, fit.df, fit.statistic, fit.p, fit.var_residual))
    se[told] = fit.se[told] * np.sqrt(made.variance / fit.var_residual[told])
    df[told], variance[told] = made.df, made.variance
    statistic[told] = fit.effect[told] / se[told]
    p[told] = np.clip(2 * stdtr(df[told], -np.abs(statistic[told])), np.finfo(float).tiny, 1.0)
    reach = np.full(p.size, np.nan)
    reach[told] = stdtrit(df[told], (1 + level) / 2) * se[told]
    return replace(
        fit,
        note=note,
        se=se,
        df=df,
        statistic=statistic,
        p=p,
        var_residual=variance,
        low=np.where(told, fit.effect - reach, fit.low),
        high=np.where(told, fit.effect + reach, fit.high),
    )


def _arrays(variance: ArrayLike, df: ArrayLike) -> tuple[Floats, Floats]:
    try:
        s2, d = np.array(variance, dtype=np.float64), np.asarray(df, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise StatisticsError("variances and df must be numbers", found=error, expected="numbers") from error
    if s2.ndim != 1 or d.shape not in ((), s2.shape):
        raise StatisticsError(
            "variances and df do not fit",
            found=f"shapes {s2.shape} and {d.shape}",
            expected="(m,) and (m,) or one number",
        )
    d = np.broadcast_to(d, s2.shape).copy()
    if np.isnan(d).any() or (d < 0).any():
        raise StatisticsError("degrees of freedom must be known and at least 0", found=f"first {d[~(d >= 0)][0]}")
    if np.isinf(s2).any() or (s2 < 0).any():
        raise StatisticsError(
            "variances must be finite and at least 0", found=f"{int((np.isinf(s2) | (s2 < 0)).sum())} that are not"
        )
    return s2, d


def _prior(s2: Floats, d: Floats) -> tuple[float, float]:
    """Return d0 and s0² by the moments of log variances."""
    from scipy.special import digamma, polygamma

    if s2.size < 2:
        return 0.0, float(s2[0]) if s2.size else float("nan")
    middle = float(np.median(s2))
    # Where most variances are 0 there is no scale to offset by: limma takes 1.
    x = np.maximum(s2, _OFFSET * (middle or 1.0))
    e = np.log(x) - digamma(d / 2) + np.log(d / 2)
    spread = float(np.var(e, ddof=1) - polygamma(1, d / 2).mean())
    if not spread > 0:
        return float("inf"), float(x.mean())
    half = trigamma_inverse(spread)
    return 2 * half, float(np.exp(e.mean() + digamma(half) - np.log(half)))


def trigamma_inverse(value: float) -> float:
    """Return y with ψ'(y) = value > 0, by Newton's method on 1/ψ', which is convex and nearly straight."""
    from scipy.special import polygamma

    if value > 1e7:
        return float(1 / np.sqrt(value))
    if value < 1e-6:
        return 1 / value
    y = 0.5 + 1 / value
    for _ in range(50):
        now = float(polygamma(1, y))
        step = now * (1 - now / value) / float(polygamma(2, y))
        y += step
        if -step / y < 1e-13:
            break
    return y
