"""Several contrasts of one model, each by its t or all at once by F, for many features at once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import fields

import numpy as np
from numpy.typing import ArrayLike

from commensal.stats._design import checked
from commensal.stats._frames import framed
from commensal.stats._joint import f_tests
from commensal.stats._solved import fits_of, least_squares, random_intercept
from commensal.stats.fits import ContrastsFit, Fit, FTest


@framed
def linear_contrasts(
    y: ArrayLike, x: ArrayLike, contrasts: ArrayLike, *, level: float = 0.95, weights: ArrayLike | None = None
) -> ContrastsFit:
    """Least squares of each column of y (n, m) on x (n, k), contrasts (c, k): `linear`, fitted once for all contrasts.

    Parameters
    ----------
    y, x, level, weights
        As for `linear`.
    contrasts : (c, k)
        One contrast per row.

    Returns
    -------
    ContrastsFit
        Fields (c, m), as `linear` gives them for each contrast. Nothing is corrected for their number.

    Raises
    ------
    StatisticsError
        As `linear`.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.repeat(np.eye(3), 3, axis=0)  # three arms
    >>> y = np.array([[1.0, 2, 3, 3, 4, 5, 7, 8, 9]]).T
    >>> fit = linear_contrasts(y, x, [[-1, 1, 0], [-1, 0, 1]])
    >>> print(fit.effect[:, 0].round(3), fit.p[:, 0].round(4))
    [2. 6.] [0.0498 0.0003]
    """
    with np.errstate(all="ignore"):
        design = checked(y, x, contrasts, None, level, weights=weights, several=True)
        return _stacked(fits_of(design, least_squares(design), level))


@framed
def mixed_contrasts(
    y: ArrayLike,
    x: ArrayLike,
    contrasts: ArrayLike,
    groups: Iterable[Hashable],
    *,
    level: float = 0.95,
    method: str = "REML",
    weights: ArrayLike | None = None,
) -> ContrastsFit:
    """Mixed model of each column of y (n, m) on x (n, k) with a random intercept per group (n,), contrasts (c, k).

    Parameters
    ----------
    y, x, groups, level, method, weights
        As for `mixed`.
    contrasts : (c, k)
        One contrast per row.

    Returns
    -------
    ContrastsFit
        Fields (c, m), as `mixed` gives them for each contrast, each with its own degrees of freedom and cap. Nothing
        is corrected for their number.

    Raises
    ------
    StatisticsError
        As `mixed`.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.column_stack([np.ones(8), np.repeat([0, 1], 4), np.tile([0, 1], 4)])
    >>> y = np.array([[1.0, 2, 3, 4.1, 5, 6, 8, 9.3]]).T
    >>> fit = mixed_contrasts(y, x, [[0, 1, 0], [0, 0, 1]], ["a", "a", "b", "b", "c", "c", "d", "d"])
    >>> print(fit.effect[:, 0].round(3), fit.df[:, 0].round(1))
    [4.55 1.1 ] [2. 3.]
    """
    with np.errstate(all="ignore"):
        design = checked(y, x, contrasts, groups, level, weights=weights, method=method, several=True)
        return _stacked(fits_of(design, random_intercept(design), level))


@framed
def linear_f(y: ArrayLike, x: ArrayLike, hypothesis: ArrayLike, *, weights: ArrayLike | None = None) -> FTest:
    """F test of Hβ = 0 in least squares of each column of y (n, m) on x (n, k), hypothesis H (r, k).

    Parameters
    ----------
    y, x, weights
        As for `linear`.
    hypothesis : (r, k)
        One contrast per row; rows may repeat each other.

    Returns
    -------
    FTest, m features
        F = (Hβ)'(H Cov(β) H')⁺(Hβ) / rank against F(rank, n − rank of x). Statuses as of `linear`; a hypothesis of
        which one row has no p has none.

    Raises
    ------
    StatisticsError
        As `linear`.

    Examples
    --------
    The analysis of variance of three arms:

    >>> import numpy as np
    >>> x = np.repeat(np.eye(3), 3, axis=0)
    >>> y = np.array([[1.0, 2, 3, 3, 4, 5, 7, 8, 9]]).T
    >>> test = linear_f(y, x, [[-1, 1, 0], [-1, 0, 1]])
    >>> print(test.statistic[0].round(6), test.df[0], test.df2[0], test.p[0].round(5))
    28.0 2.0 6.0 0.00091
    """
    with np.errstate(all="ignore"):
        design = checked(y, x, hypothesis, None, 0.95, weights=weights, several=True)
        return f_tests(design, least_squares(design))


@framed
def mixed_f(
    y: ArrayLike,
    x: ArrayLike,
    hypothesis: ArrayLike,
    groups: Iterable[Hashable],
    *,
    method: str = "REML",
    weights: ArrayLike | None = None,
) -> FTest:
    """F test of Hβ = 0 in the mixed model of y (n, m) on x (n, k), groups (n,), hypothesis H (r, k).

    Parameters
    ----------
    y, x, groups, method, weights
        As for `mixed`.
    hypothesis : (r, k)
        One contrast per row; rows may repeat each other.

    Returns
    -------
    FTest, m features
        F = (Hβ)'(H Cov(β) H')⁺(Hβ) / rank. H Cov(β) H' = P diag(d) P' cuts F into independent t², each with
        Satterthwaite's degrees of freedom ν; with E = Σ ν / (ν − 2), df2 = 2E / (E − rank) (Fai and Cornelius 1996).
        Where one row weighs only columns that are constant within groups, df2 is at most groups present − rank of such
        columns; `df_satterthwaite` is not capped. Statuses as of `mixed`; a hypothesis of which one row has no p has
        none.

    Raises
    ------
    StatisticsError
        As `mixed`.

    References
    ----------
    Fai and Cornelius 1996, J. Stat. Comput. Simul. 54:363. In R: ``lmerTest::contestMD``.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.column_stack([np.ones(8), np.repeat([0, 1], 4), np.tile([0, 1], 4)])
    >>> y = np.array([[1.0, 2, 3, 4.1, 5, 6, 8, 9.3]]).T
    >>> test = mixed_f(y, x, [[0, 1, 0], [0, 0, 1]], ["a", "a", "b", "b", "c", "c", "d", "d"])
    >>> print(test.df[0], test.df2[0].round(2), test.status[0])
    2.0 2.0 ok
    """
    with np.errstate(all="ignore"):
        design = checked(y, x, hypothesis, groups, 0.95, weights=weights, method=method, several=True)
        return f_tests(design, random_intercept(design))


def _stacked(fits: list[Fit]) -> ContrastsFit:
    return ContrastsFit(
        **{field.name: np.stack([getattr(fit, field.name) for fit in fits]) for field in fields(ContrastsFit)}
    )
