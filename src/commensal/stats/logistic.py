"""Logistic regression of presence, for many features at once: maximum likelihood, and Firth's penalised likelihood."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from commensal.stats._frames import framed
from commensal.stats._logistic_design import BinaryDesign, checked_binary, faults
from commensal.stats._logistic_fit import Problem, evaluate, search
from commensal.stats._logistic_result import LogisticFit, answer, find_separated, joined_parts
from commensal.stats.fits import Array

#: Working memory of one chunk of features, bytes.
MEMORY = 64 * 2**20


@framed
def logistic(y: ArrayLike, x: ArrayLike, contrast: ArrayLike, *, level: float = 0.95) -> LogisticFit:
    """Logistic regression of each column of y (n, m) on x (n, k), contrast (k,), by maximum likelihood.

    log(π / (1 − π)) = Xβ for π = P(y = 1); each feature is fitted to the samples in which it is present. For presence
    in studies of less than hundreds of samples prefer `firth`, which has more power and keeps its size.

    Parameters
    ----------
    y : (n, m)
        0 or 1; NaN is missing.
    x : (n, k)
        Columns of the model, with an intercept column if one is wanted; complete.
    contrast : (k,)
        Weights of the coefficients: the effect is c'β, a log odds ratio per unit of the contrast.
    level
        Of the confidence interval.

    Returns
    -------
    LogisticFit, m features
        p is Wald's, of effect / se against the normal distribution, and the interval effect ± z se agrees with it:
        null rates were at or below the nominal ones wherever they were looked at (far below in small samples). The
        likelihood ratio's stands beside it as `p_lrt`: it was up to 1.4 × too often below 0.05, and up to 3 × below
        0.001, with 20 samples per arm and three covariates (docs/decisions/logistic.md).

        Status with p: ``ok``. Statuses without: ``too_few`` (fewer than 2 samples; a two-valued contrast of which one
        side has no sample; no more samples than columns), ``constant`` (all 0 or all 1), ``rank_deficient`` (the note
        gives the redundant columns; the effect is kept where it is estimable), ``separated`` (the columns tell the
        outcomes apart, all or some of them, and no finite estimate exists: see `firth`), ``not_converged``.

    Raises
    ------
    StatisticsError
        Arrays that do not fit together; y other than 0, 1 and NaN; missing or infinite values in x.

    See Also
    --------
    firth : Finite also where outcomes separate. In R: ``glm(family = binomial)``.

    References
    ----------
    Albert and Anderson 1984, Biometrika 71:1 (separation).

    Examples
    --------
    Present in 2 of 8 controls and 6 of 8 cases, an odds ratio of 9:

    >>> import numpy as np
    >>> x = np.column_stack([np.ones(16), np.repeat([0, 1], 8)])
    >>> y = np.array([[1] * 2 + [0] * 6 + [1] * 6 + [0] * 2]).T
    >>> fit = logistic(y, x, [0, 1])
    >>> print(fit.effect[0].round(4), fit.se[0].round(4), fit.p[0].round(4), fit.p_lrt[0].round(4), fit.status[0])
    2.1972 1.1547 0.0571 0.0408 ok
    """
    with np.errstate(all="ignore"):
        return _fitted(checked_binary(y, x, contrast, None, level), level, firth=False)


@framed
def firth(y: ArrayLike, x: ArrayLike, contrast: ArrayLike, *, level: float = 0.95) -> LogisticFit:
    """Firth's logistic regression of each column of y (n, m) on x (n, k), contrast (k,).

    The log-likelihood is penalised, l*(β) = l(β) + ½ log|I(β)|, I the Fisher information: the estimate is finite also
    where the columns separate the outcomes, and its bias is smaller.

    Parameters
    ----------
    y, x, contrast, level
        As for `logistic`.

    Returns
    -------
    LogisticFit, m features
        p is that of the penalised likelihood ratio 2 (l*(β̂) − max l*(β | c'β = 0)) against χ² with 1 degree of
        freedom, the penalty being that of the whole model in both; low and high end the profile penalised-likelihood
        interval, the values that this test does not reject. Of the tests here it alone has power in small samples
        and null rates at the nominal level (at most 1.1 × it without covariates, where few values of y occur; at or
        below it with covariates: docs/decisions/logistic.md). `loglik` is without the penalty.

        Statuses as for `logistic`; ``separated`` does not occur.

    Raises
    ------
    StatisticsError
        As `logistic`.

    See Also
    --------
    logistic : Maximum likelihood. In R: ``logistf::logistf``.

    References
    ----------
    Firth 1993, Biometrika 80:27; Heinze and Schemper 2002, Statistics in Medicine 21:2409.

    Examples
    --------
    Present in all of 5 cases and none of 5 controls. A table of 2 × 2 gets half a sample in each cell, 5.5² / 0.5²:

    >>> import numpy as np
    >>> x = np.column_stack([np.ones(10), np.repeat([0, 1], 5)])
    >>> fit = firth(np.repeat([[0], [1]], 5, axis=0), x, [0, 1])
    >>> print(fit.effect[0].round(4), np.log(5.5**2 / 0.5**2).round(4), fit.p[0].round(4), fit.status[0])
    4.7958 4.7958 0.0018 ok
    """
    with np.errstate(all="ignore"):
        return _fitted(checked_binary(y, x, contrast, None, level), level, firth=True)


def _fitted(design: BinaryDesign, level: float, *, firth: bool) -> LogisticFit:
    n, m = design.y.shape
    step = max(1, MEMORY // (8 * 12 * n))
    starts = range(0, max(m, 1), step)
    return joined_parts([_chunk(design, design.y[:, at : at + step], level, firth=firth) for at in starts])


def _chunk(design: BinaryDesign, y: Array, level: float, *, firth: bool) -> LogisticFit:
    known = faults(design, y)
    problem = problem_of(design, y, known.kept, firth=firth)
    found = search(problem, np.zeros(known.kept.shape), known.kept)
    if not firth:
        find_separated(problem, found, known.status, known.note)
    else:
        lost = (known.status == "ok") & ~found.settled
        known.status[lost], known.note[lost] = "not_converged", "the penalised likelihood has no settled optimum"
    fit = answer(design, problem, found, known, level, profile=firth)
    if firth:
        plain = evaluate(replace(problem, firth=False), found.beta, known.kept)
        fit = replace(fit, loglik=np.where(fit.status == "ok", plain.loglik, np.nan))
    return fit


def problem_of(design: BinaryDesign, y: Array, kept: np.ndarray, *, firth: bool) -> Problem:
    """Responses and weights of a chunk, missing as 0."""
    present = ~np.isnan(y)
    return Problem(np.where(present, y, 0.0), present.astype(float), design.z, kept, firth)
