"""How much one person decides: estimates with each sample left out in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commensal.errors import StatisticsError
from commensal.stats._arrays import Floats, Integers, numbers, with_gaps
from commensal.stats._frames import framed
from commensal.stats.association import METHODS, associate
from commensal.stats.fits import Texts, columns_of, fill_names, tabulated, unnamed

if TYPE_CHECKING:
    import pandas as pd

#: A leverage this near to 1 means that the estimate cannot be had without the sample.
_WHOLE = 1 - 1e-9


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Estimates of m features with each sample left out in turn; missing is NaN.

    Attributes
    ----------
    full : (m,)
        The estimate with all samples.
    least, most : (m,)
        The smallest and the largest of the estimates without one sample.
    shift : (m,)
        The estimate without the most influential sample, less that with all.
    at : (m,)
        Row of that sample, −1 where there is no estimate.
    n : (m,)
        Samples with a value.
    status : (m,)
        ``ok``, or ``too_few``: no estimate is left when some sample is out.
    """

    full: Floats
    least: Floats
    most: Floats
    shift: Floats
    at: Integers
    n: Integers
    status: Texts
    features: Texts = field(default_factory=unnamed)

    def __post_init__(self) -> None:
        """Give every feature a place for its name."""
        fill_names(self, self.full.shape)

    def __len__(self) -> int:
        """Return the number of features."""
        return len(self.full)

    def table(self, features: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a DataFrame with one row per feature and one column per field."""
        return tabulated(columns_of(self), features)


@framed
def left_out_slopes(y: ArrayLike, x: ArrayLike, contrast: ArrayLike) -> LeftOut:
    """Fit y (n, m) on x (n, k) by least squares without each sample in turn, and return what a contrast (k,) becomes.

    Without sample i the contrast is c'b − c'(X'X)⁻¹xᵢ eᵢ / (1 − hᵢ), with b of all samples, the residual eᵢ and the
    leverage hᵢ: no fit is made anew.

    Parameters
    ----------
    y : (n, m)
        NaN is missing: a feature is fitted to the samples that have it.
    x : (n, k)
        Columns of the model with the intercept.
    contrast : (k,)
        What is estimated.

    Raises
    ------
    StatisticsError
        Arrays that do not fit together, or that hold no numbers.

    References
    ----------
    Belsley, Kuh & Welsch (1980) Regression Diagnostics, 2.1. In R: ``dfbeta(lm(y ~ x))``.

    Examples
    --------
    The last point bends the line from 1 to 2:

    >>> fit = left_out_slopes([[0.0], [1], [2], [3], [9]], [[1.0, i] for i in range(5)], [0, 1])
    >>> fit.full.round(6).tolist(), fit.least.round(6).tolist(), fit.at.tolist()
    ([2.0], [1.0], [4])
    """
    values, columns = with_gaps(y, "y", dimensions=2), numbers(x, "x", dimensions=2)
    c = numbers(contrast, "the contrast", dimensions=1)
    if not values.size or len(values) != len(columns) or c.size != columns.shape[1]:
        raise StatisticsError(
            "y, x and contrast do not fit",
            found=f"y {values.shape}, x {columns.shape}, contrast {c.shape}",
            expected="y (n, m), x (n, k), contrast (k,)",
        )
    seen = ~np.isnan(values)
    each = np.full(values.shape, np.nan)
    full = np.full(values.shape[1], np.nan)
    patterns, which = np.unique(seen, axis=1, return_inverse=True)
    for number in range(patterns.shape[1]):
        rows, places = np.flatnonzero(patterns[:, number]), np.flatnonzero(which.ravel() == number)
        without, whole = _slopes(values[np.ix_(rows, places)], columns[rows], c)
        full[places] = whole
        each[np.ix_(rows, places)] = without
    return _gathered(full, each, seen)


def _slopes(y: Floats, x: Floats, c: Floats) -> tuple[Floats, Floats]:
    """Return the contrast without each sample (n, m), and with all (m,)."""
    nothing = np.full(y.shape, np.nan), np.full(y.shape[1], np.nan)
    if x.shape[0] <= x.shape[1]:
        return nothing
    scale = np.abs(x).max(axis=0)
    u, s, v = np.linalg.svd(x / np.where(scale > 0, scale, 1.0), full_matrices=False)
    if not s.size or s[-1] <= 1e-10 * s[0]:
        return nothing
    toward = u @ ((v @ (c / np.where(scale > 0, scale, 1.0))) / s)  # (n,): X (X'X)⁻¹ c
    residual = y - u @ (u.T @ y)
    leverage = (u**2).sum(axis=1)
    told = leverage < _WHOLE
    full = toward @ y
    share = np.where(told, toward / np.where(told, 1 - leverage, 1.0), np.nan)
    return full - share[:, None] * residual, full


@framed
def left_out_correlations(
    y: ArrayLike, x: ArrayLike, *, method: str = "spearman", covariates: ArrayLike | None = None
) -> LeftOut:
    """Correlate each column of y (n, m) with one x (n,) without each sample in turn, ranks taken anew.

    Parameters
    ----------
    y : (n, m)
        NaN is missing.
    x : (n,)
        What the features may follow, for example severity.
    method
        ``"spearman"`` or ``"pearson"``, as in `associate`.
    covariates : (n, k), optional
        Held fixed: the correlation is the partial one.

    Raises
    ------
    StatisticsError
        As `associate`.

    Examples
    --------
    >>> fit = left_out_correlations([[1.0], [2], [3], [4], [0]], [1.0, 2, 3, 4, 5])
    >>> bool(abs(fit.full[0]) < 1e-12), fit.most.round(6).tolist(), fit.at.tolist()
    (True, [1.0], [4])
    """
    if method not in METHODS:
        raise StatisticsError("no such correlation", found=repr(method), expected=", ".join(METHODS))
    values, toward = with_gaps(y, "y", dimensions=2), numbers(x, "x", dimensions=1)
    fixed = None if covariates is None else numbers(covariates, "covariates", dimensions=2)
    n = len(values)
    if toward.size != n or (fixed is not None and len(fixed) != n) or n < 1 or not values.shape[1]:
        raise StatisticsError("y, x and covariates do not fit", found=f"y {values.shape}, x {toward.shape}")
    seen = ~np.isnan(values)
    full = associate(values, toward[:, None], method=method, covariates=fixed).r[:, 0]
    each = np.full(values.shape, np.nan)
    for i in range(n if n > 1 else 0):
        rest = np.delete(np.arange(n), i)
        held = None if fixed is None else fixed[rest]
        found = associate(values[rest], toward[rest, None], method=method, covariates=held).r[:, 0]
        each[i] = np.where(seen[i], found, np.nan)
    return _gathered(full, each, seen)


def _gathered(full: Floats, each: Floats, seen: NDArray[np.bool_]) -> LeftOut:
    """Return what leaving out each sample (n, m) does; a sample without a value leaves nothing out."""
    lost = (np.isnan(each) & seen).any(axis=0) | np.isnan(full) | ~seen.any(axis=0)
    inside = seen & ~lost
    shift = np.where(inside, each - full, 0.0)
    at = np.abs(shift).argmax(axis=0)
    return LeftOut(
        full=full,
        least=np.where(lost, np.nan, np.where(inside, each, np.inf).min(axis=0)),
        most=np.where(lost, np.nan, np.where(inside, each, -np.inf).max(axis=0)),
        shift=np.where(lost, np.nan, shift[at, np.arange(full.size)]),
        at=np.where(lost, -1, at).astype(np.int64),
        n=seen.sum(axis=0).astype(np.int64),
        status=np.where(lost, "too_few", "ok").astype(object),
    )
