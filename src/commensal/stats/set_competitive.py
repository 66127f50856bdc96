"""Competitive set tests: do a set's members rank above the other features, given that members go together?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats._arrays import Floats
from commensal.stats._frames import framed
from commensal.stats._sets import SetFit, assembled, effects_of, hill, members_of
from commensal.stats.moderation import moderate


@framed
def set_competitive(
    y: ArrayLike,
    x: ArrayLike,
    contrast: ArrayLike,
    sets: Mapping[str, ArrayLike],
    *,
    correlation: float | None = None,
    negative: bool = False,
) -> SetFit:
    """Compare members' effects of a contrast (k,) of x (n, k) on y (n, m) with those of all other features.

    As limma's camera: normal scores z of moderated t; δ the difference of mean z between a set's s members and the
    others, its variance v (VIF/s + 1/(m − s)) with VIF = 1 + (s − 1) ρ, v the pooled variance of z, and t on
    min(d, m − 2) degrees of freedom (m − 2 with a given ρ). The correlation ρ among members is estimated from their
    standardised residuals. Ignoring it makes any set of correlated members look special.

    Parameters
    ----------
    y
        (n, m) features; those with a missing value or without variation are left out, and sets say so.
    x, contrast
        (n, k) columns of the model with the intercept, and the contrast (k,).
    sets
        Name to feature numbers (from 0), or to a mask (m,).
    correlation
        None estimates ρ for each set (``inter.gene.cor = NA`` in limma). A number is used for all sets: 0.01 is
        limma's default, more powerful and too liberal where members are correlated more.
    negative
        Let an estimated ρ be below 0, instead of taking a VIF of 1 there.

    Returns
    -------
    SetFit
        ``statistic`` is t, ``p_mixed`` missing. Status ``too_few``: no member, or no other feature;
        ``constant``: scores do not vary, or a negative correlation leaves no variance.

    Raises
    ------
    StatisticsError
        Arrays that do not fit together, fewer than three features, a contrast that x cannot tell, a correlation that
        is not between −1 and 1.

    References
    ----------
    Wu & Smyth (2012) Nucleic Acids Res. 40:e133.

    Examples
    --------
    >>> from commensal import stats
    >>> rng, label = np.random.default_rng(1), np.repeat([0.0, 1.0], 10)
    >>> y = rng.normal(size=(20, 60))
    >>> y[:, :12] += 1.2 * label[:, None]
    >>> fit = stats.set_competitive(y, np.column_stack([np.ones(20), label]), [0, 1], {"first": list(range(12))})
    >>> fit.direction[0], bool(fit.p[0] < 0.01)
    ('up', True)
    """
    from scipy.special import stdtr

    if correlation is not None and not -1 < correlation < 1:
        raise StatisticsError("no such correlation", found=correlation, expected="a number between −1 and 1, or None")
    effects = effects_of(y, x, contrast)
    usable, d = effects.usable, effects.residual.shape[0]
    total = int(usable.sum())
    if total < 3:
        raise StatisticsError("too few features to compare a set with others", found=total, expected="at least 3")
    s2 = (effects.residual[:, usable] ** 2).sum(axis=0) / d
    prior = moderate(s2, d)
    scores = np.zeros(usable.size)
    scores[usable] = hill(effects.along[usable] / np.sqrt(prior.variance), min(d + prior.prior_df, float(total * d)))
    standard = np.zeros_like(effects.residual)
    standard[:, usable] = effects.residual[:, usable] / np.sqrt(s2)
    members = members_of(sets, usable)
    t, rho = _against_others(scores, usable, standard, members.inside, correlation, negative=negative)
    status, note = members.said()
    alone = np.array([inside.size == total for inside in members.inside], dtype=bool)
    status[alone], note[alone] = "too_few", "there is no other feature to compare with"
    level = (status == "ok") & np.isnan(t)
    status[level], note[level] = "constant", "scores have no variance to compare with"
    df = float(total - 2) if correlation is not None else float(min(d, total - 2))
    up, down = stdtr(df, -t), stdtr(df, t)
    return assembled(
        members,
        scores,
        np.stack([up, down, 2 * np.minimum(up, down), np.full(t.size, np.nan)]),
        statistic=t,
        direction=t,
        correlation=rho,
        said=(status, note),
        n_permutations=0,
        method="competitive, " + ("estimated correlation" if correlation is None else f"correlation {correlation:g}"),
    )


def _against_others(
    scores: Floats,
    usable: np.ndarray[tuple[int], np.dtype[np.bool_]],
    standard: Floats,
    sets: tuple[np.ndarray[tuple[int], np.dtype[np.int64]], ...],
    correlation: float | None,
    *,
    negative: bool,
) -> tuple[Floats, Floats]:
    """Return t and the correlation of each set; NaN where members or others are missing."""
    total = int(usable.sum())
    mean, variance = float(scores[usable].mean()), float(scores[usable].var(ddof=1))
    t, rho = np.full(len(sets), np.nan), np.full(len(sets), np.nan)
    for i, inside in enumerate(sets):
        size, rest = inside.size, total - inside.size
        if size == 0 or rest == 0:
            continue
        inflation = 1.0
        if correlation is not None:
            rho[i], inflation = correlation, 1 + (size - 1) * correlation
        elif size > 1:
            inflation = size * float(np.mean(standard[:, inside].mean(axis=1) ** 2))
            rho[i] = (inflation - 1) / (size - 1)
        inflation = inflation if negative else max(1.0, inflation)
        delta = total / rest * (float(scores[inside].mean()) - mean)
        pooled = ((total - 1) * variance - delta**2 * size * rest / total) / (total - 2)
        below = pooled * (inflation / size + 1 / rest)
        t[i] = delta / np.sqrt(below) if below > 0 else np.nan
    return t, rho
