"""The linear model, for many features at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from commensal.stats._design import checked
from commensal.stats._frames import framed
from commensal.stats._solved import fits_of, least_squares
from commensal.stats.fits import Fit


@framed
def linear(
    y: ArrayLike, x: ArrayLike, contrast: ArrayLike, *, level: float = 0.95, weights: ArrayLike | None = None
) -> Fit:
    """Least squares of each column of y (n, m) on x (n, k), contrast (k,).

    Each feature is fitted to the samples in which it is present.

    Parameters
    ----------
    y : (n, m)
        Responses; NaN is missing.
    x : (n, k)
        Columns of the model, with an intercept column if one is wanted; complete.
    contrast : (k,)
        Weights of the coefficients: the effect is c'β, in units of y per unit of the contrast.
    level
        Of the confidence interval.
    weights : (n,) or (n, m), optional
        Observation weights w > 0: the variance of a sample is σ² / w.

    Returns
    -------
    Fit, m features
        With β = (X'X)⁻¹X'y and s² = RSS / (n − rank), se² = s² c'(X'X)⁻¹c, t = c'β / se, and p the chance of a
        larger |t| under Student's t with n − rank degrees of freedom. `n_groups` is n, `var_group` is NaN.
        Statuses without p: ``too_few`` (fewer than 2 residual degrees of freedom, or a two-valued contrast of which
        one side has no sample), ``constant`` (y, or what is left of it, does not vary), ``rank_deficient`` (the note
        gives the redundant columns; the effect is kept where it is estimable).

    Raises
    ------
    StatisticsError
        Arrays that do not fit together; infinite values in y; missing or infinite values in x.

    See Also
    --------
    mixed : With a random intercept per group. In R: ``lm``.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.column_stack([np.ones(6), [0, 0, 0, 1, 1, 1]])
    >>> fit = linear(np.array([[1.0, 2, 3, 3, 4, 5]]).T, x, [0, 1])
    >>> print(fit.effect[0].round(3), fit.se[0].round(3), fit.df[0], fit.p[0].round(4), fit.status[0])
    2.0 0.816 4.0 0.0705 ok
    """
    with np.errstate(all="ignore"):
        design = checked(y, x, contrast, None, level, weights=weights)
        return fits_of(design, least_squares(design), level)[0]
