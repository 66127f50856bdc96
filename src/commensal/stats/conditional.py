"""Conditional logistic regression of matched pairs and households, for many features at once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import listing
from commensal.stats._frames import framed
from commensal.stats._logistic_conditional import (
    Strata,
    batches,
    conditional_point,
    conditional_search,
    telling,
)
from commensal.stats._logistic_design import BinaryDesign, checked_binary, kept_columns
from commensal.stats._logistic_fit import Found, along_profile
from commensal.stats._logistic_result import LogisticFit, joined_parts, two_sided
from commensal.stats._logistic_separation import separates
from commensal.stats.fits import Array, Counts, Mask, Texts

#: Features of one chunk.
CHUNK = 512


@framed
def conditional_logistic(
    y: ArrayLike, x: ArrayLike, contrast: ArrayLike, strata: Iterable[Hashable], *, level: float = 0.95
) -> LogisticFit:
    """Conditional logistic regression of y (n, m) on x (n, k) within strata (n,): matched pairs, households.

    log(π / (1 − π)) = α_stratum + Xβ, given how many 1s each stratum has, so that the α drop out: whatever members of
    a stratum share is held constant. The likelihood is exact (a recursion over the stratum's samples, no
    approximation), L = Π_strata exp(Σ y_i x_i'β) / Σ_{S: |S| = Σ y_i} exp(Σ_{i ∈ S} x_i'β).

    Parameters
    ----------
    y : (n, m)
        0 or 1; NaN is missing.
    x : (n, k)
        Columns of the model, complete. Columns that are constant within strata, as an intercept, have no part in it.
    contrast : (k,)
        Weights of the coefficients: the effect is c'β, a log odds ratio within strata per unit of the contrast.
    strata : (n,)
        The stratum of each row: any hashable labels, none missing.
    level
        Of the confidence interval.

    Returns
    -------
    LogisticFit, m features
        p is Wald's, of effect / se against the normal distribution, with the interval effect ± z se: its null rates
        are at or below the nominal ones for matched pairs whatever their number; those of the likelihood ratio's,
        `p_lrt`, up to twice the nominal rate (docs/decisions/logistic.md). A stratum counts where it holds both
        outcomes; `n`, `n_positive` and `n_strata` are of those.

        Status with p: ``ok``. Statuses without: ``too_few`` (no stratum has both outcomes, or in none of these the
        contrast varies), ``constant`` (all 0 or all 1), ``rank_deficient`` (a contrast that is constant within
        strata; columns that make up one another there, which the note gives), ``separated`` (no finite estimate
        exists, as when all discordant pairs point one way), ``not_converged``.

    Raises
    ------
    StatisticsError
        As `logistic`; missing strata.

    Notes
    -----
    In R: ``survival::clogit(method = "exact")``.

    References
    ----------
    Breslow and Day 1980, Statistical Methods in Cancer Research 1, chapter 7; Gail, Lubin and Rubinstein 1981,
    Biometrika 68:703.

    Examples
    --------
    Twenty pairs, of which 9 differ one way and 3 the other: the estimate is log(9 / 3), its variance 1/9 + 1/3.

    >>> import numpy as np
    >>> case = np.tile([1, 0], 20)
    >>> present = np.array([1, 0] * 9 + [0, 1] * 3 + [1, 1] * 5 + [0, 0] * 3)
    >>> fit = conditional_logistic(present[:, None], case[:, None], [1], np.repeat(np.arange(20), 2))
    >>> print(fit.effect[0].round(4), np.log(3).round(4), fit.se[0].round(4), fit.n_strata[0], fit.status[0])
    1.0986 1.0986 0.6667 12 ok
    """
    with np.errstate(all="ignore"):
        design = checked_binary(y, x, contrast, strata, level)
        starts = range(0, max(design.y.shape[1], 1), CHUNK)
        return joined_parts([_chunk(design, design.y[:, at : at + CHUNK], level) for at in starts])


def _chunk(design: BinaryDesign, y: Array, level: float) -> LogisticFit:
    from scipy.special import ndtri

    m, k = y.shape[1], design.z.shape[1]
    sizes, ones, speak = telling(y, design.codes)
    parts = list(batches(y, design.z, design.codes))
    status, note = np.full(m, "ok", object), np.full(m, "", object)
    kept = _statuses(design, y, speak, status, note)
    found = conditional_search(parts, np.zeros((k, m)), kept)
    _tell_separated(design, y, speak, kept, found, status, note)
    told = status == "ok"
    shown = (told | (status == "rank_deficient")) & kept[0] & found.settled
    lead = found.at.inverse[:, 0, 0]
    effect = np.where(shown, found.beta[0], np.nan)
    se = np.where(shown & (lead > 0), np.sqrt(np.where(lead > 0, lead, 1.0)), np.nan)
    lost = told & ~np.isfinite(effect * se)
    status[lost], note[lost] = "not_converged", "the conditional likelihood has no settled optimum"
    root = _likelihood_root(parts, found, kept, status == "ok")
    ok = status == "ok"
    reach = float(ndtri((1 + level) / 2)) * se * abs(design.scale)
    wald = np.where(ok, effect / se, np.nan)
    effect = effect * design.scale
    return LogisticFit(
        effect=effect,
        se=se * abs(design.scale),
        statistic=wald * np.sign(design.scale),
        p=two_sided(wald),
        p_wald=two_sided(wald),
        p_lrt=two_sided(root),
        low=np.where(ok, effect - reach, np.nan),
        high=np.where(ok, effect + reach, np.nan),
        status=status,
        n=(sizes * speak).sum(axis=0).astype(np.int64),
        n_positive=(ones * speak).sum(axis=0).astype(np.int64),
        n_strata=speak.sum(axis=0).astype(np.int64),
        loglik=np.where(ok, found.at.loglik, np.nan),
        note=note,
    )


def _statuses(design: BinaryDesign, y: Array, speak: Mask, status: Texts, note: Texts) -> Mask:
    """Give the statuses that are known before a fit, in place; return which columns of z count, (k, m)."""
    present = ~np.isnan(y)
    n, ones = present.sum(axis=0), np.where(present, y, 0.0).sum(axis=0)

    def give(where: Mask, name: str, words: str) -> None:
        chosen = where & (status == "ok")
        status[chosen], note[chosen] = name, words

    give(n < 2, "too_few", "present in fewer than 2 samples")
    give(np.asarray(ones == 0), "constant", "all 0")
    give(np.asarray(ones == n), "constant", "all 1")
    give(np.asarray(~speak.any(axis=0)), "too_few", "no stratum has both outcomes")
    used = present & speak[design.codes]
    by_x, size = _inner_gram(design.x, used, design.codes)
    by_z, size_z = _inner_gram(design.z, used, design.codes)
    silent = np.diagonal(by_x, axis1=1, axis2=2) <= 1e-12 * np.maximum(size, np.finfo(float).tiny)
    silent_lead = by_z[:, 0, 0] <= 1e-12 * np.maximum(size_z[:, 0], np.finfo(float).tiny)
    never = np.ptp(design.label) == 0 or _constant_within(design.label, design.codes)
    if never:
        give(silent_lead, "rank_deficient", "the contrast does not vary within strata")
    give(silent_lead, "too_few", "the contrast varies in no stratum with both outcomes")
    speaks = ~silent[:, :, None] & ~silent[:, None, :]
    lost = ~kept_columns(np.where(speaks, by_x, 0.0), design.order) & ~silent
    give(np.asarray(lost.any(axis=1)), "rank_deficient", "")
    for i in np.flatnonzero((status == "rank_deficient") & lost.any(axis=1)):
        note[i] = f"columns that the others make up within strata: {listing(np.flatnonzero(lost[i]).tolist())}"
    loud = np.diagonal(by_z, axis1=1, axis2=2) > 1e-12 * np.maximum(size_z, np.finfo(float).tiny)
    by_z = np.where(loud[:, :, None] & loud[:, None, :], by_z, 0.0)
    return np.ascontiguousarray(kept_columns(by_z, [*range(1, design.z.shape[1]), 0]).T)


def _constant_within(label: Array, codes: Counts) -> bool:
    first = np.zeros(int(codes.max()) + 1)
    first[codes[::-1]] = label[::-1]
    return bool(np.all(np.abs(label - first[codes]) <= 1e-12 * np.abs(label).max()))


def _inner_gram(x: Array, used: Mask, codes: Counts) -> tuple[Array, Array]:
    """Second moments of the columns inside strata, (m, k, k), and their sums of squares, (m, k), over used rows."""
    from scipy.sparse import csr_array

    n, k = x.shape
    mask = used.astype(float)
    sums = csr_array((np.ones(n), (codes, np.arange(n))), shape=(int(codes.max()) + 1, n))
    count = np.maximum(sums @ mask, 1.0)
    gaps = [mask * (x[:, [j]] - ((sums @ (mask * x[:, [j]])) / count)[codes]) for j in range(k)]
    gram = np.empty((used.shape[1], k, k))
    for i in range(k):
        for j in range(i + 1):
            gram[:, i, j] = gram[:, j, i] = np.einsum("nm,nm->m", gaps[i], gaps[j])
    return gram, (mask.T @ x**2)


def _tell_separated(
    design: BinaryDesign, y: Array, speak: Mask, kept: Mask, found: Found, status: Texts, note: Texts
) -> None:
    """Tell features whose likelihood rises for ever from those that did not settle, in place."""
    far = np.abs(found.beta).sum(axis=0) > 12
    for i in np.flatnonzero((status == "ok") & (~found.settled | far)):
        rows = np.flatnonzero(~np.isnan(y[:, i]) & speak[design.codes, i])
        strata = (design.codes[rows][:, None] == np.unique(design.codes[rows])).astype(float)
        columns = design.z[rows] * kept[:, i] / (4.0 * design.z.shape[1])
        if separates(np.column_stack([columns, strata]), y[rows, i]) is not None:
            status[i], note[i] = "separated", "the columns separate the outcomes within strata: no finite estimate"
        elif not found.settled[i]:
            status[i], note[i] = "not_converged", "the conditional likelihood has no settled optimum"


def _likelihood_root(parts: list[Strata], found: Found, kept: Mask, ok: Mask) -> Array:
    """Signed root of the likelihood ratio of the contrast, (m,); NaN where there is none."""
    free = kept & ok
    free[0] = False
    some = np.flatnonzero(ok)
    root = np.full(len(ok), np.nan)
    if not len(some):
        return root
    place = np.full(len(ok), -1)
    place[some] = np.arange(len(some))
    inside = []
    for part in parts:
        here = ok[part.feature]
        if here.any():
            inside.append(
                replace(
                    part,
                    feature=place[part.feature[here]],
                    x=part.x[:, :, here],
                    y=part.y[:, here],
                    there=part.there[:, here],
                    ones=part.ones[here],
                )
            )
    start = along_profile(found.beta[:, some], found.at.inverse[some], np.zeros(len(some)))
    held = conditional_search(inside, start, free[:, some])
    best = conditional_point(inside, found.beta[:, some], kept[:, some]).loglik
    drop = np.maximum(2 * (best - held.at.loglik), 0.0)
    root[some] = np.where(held.settled, np.sqrt(drop) * np.sign(found.beta[0, some]), np.nan)
    return root
