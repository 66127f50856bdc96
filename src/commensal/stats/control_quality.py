"""How well each molecule was measured, by pooled quality controls and blanks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats._arrays import flags, with_gaps
from commensal.stats._frames import framed
from commensal.stats.fits import Array, Counts, Mask, Texts, columns_of, fill_names, tabulated, unnamed

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class ControlQuality:
    """How well m features were measured; missing is NaN.

    Attributes
    ----------
    rsd : (m,)
        Standard deviation over mean of the quality controls; with fewer than 3 of them missing.
    d_ratio : (m,)
        Standard deviation of the quality controls over that of the samples: 0 all biology, 1 all noise.
    blank_ratio : (m,)
        Median of the samples over the mean of the blanks; infinite where the blanks have nothing.
    n_controls, n_blanks : (m,)
        Controls with a value above 0, and blanks.
    """

    rsd: Array
    d_ratio: Array
    blank_ratio: Array
    n_controls: Counts
    n_blanks: Counts
    features: Texts = field(default_factory=unnamed)

    def __post_init__(self) -> None:
        """Give every feature a place for its name."""
        fill_names(self, self.rsd.shape)

    def __len__(self) -> int:
        """Return the number of features."""
        return len(self.rsd)

    def table(self, features: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a DataFrame with one row per feature and one column per field."""
        return tabulated(columns_of(self), features)


@framed
def control_quality(amounts: ArrayLike, control: ArrayLike, blank: ArrayLike | None = None) -> ControlQuality:
    """Judge each feature of amounts (n, m) by its quality controls (n,) and blanks (n,).

    Parameters
    ----------
    amounts : (n, m)
        Intensities or concentrations; NaN is missing, what is not above 0 is not detected.
    control : (n,) booleans
        Pooled quality controls.
    blank : (n,) booleans, optional
        Extraction blanks. The others are samples.

    Returns
    -------
    ControlQuality
        rsd = s / mean over controls in which the feature was detected, d_ratio of standard deviations of logarithms.

    Raises
    ------
    StatisticsError
        Arrays that do not fit together; a sample that is control and blank.

    References
    ----------
    Broadhurst et al. 2018, Metabolomics 14:72.

    Examples
    --------
    >>> import numpy as np
    >>> a = np.array([[9.0], [10], [11], [20], [5], [40], [1]])
    >>> fit = control_quality(a, [1, 1, 1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 1])
    >>> print(fit.rsd[0], fit.d_ratio[0].round(3), fit.blank_ratio[0])
    0.1 0.095 20.0
    """
    values = with_gaps(amounts, "amounts", dimensions=2)
    is_control = flags(control, "control", len(values))
    is_blank = np.zeros(len(values), bool) if blank is None else flags(blank, "blank", len(values))
    if (is_control & is_blank).any():
        raise StatisticsError("a sample is a quality control and a blank", expected="one role")
    seen = np.where(values > 0, values, np.nan)
    controls, samples, blanks = seen[is_control], seen[~is_control & ~is_blank], values[is_blank]
    n = (~np.isnan(controls)).sum(axis=0).astype(np.int64)
    with np.errstate(all="ignore"):
        mean, sd = _moments(controls)
        _, own = _moments(np.log(controls))
        _, other = _moments(np.log(samples))
        floor, _ = _moments(blanks)
        ratio = _median(samples) / floor
        share = np.where(other > 0, own / other, np.nan)
    enough = n >= 3
    return ControlQuality(
        rsd=np.where(enough, sd / np.where(enough, mean, 1.0), np.nan),
        d_ratio=np.where(enough, share, np.nan),
        blank_ratio=np.where(is_blank.any(), np.where(floor > 0, ratio, np.inf), np.nan),
        n_controls=n,
        n_blanks=(~np.isnan(blanks)).sum(axis=0).astype(np.int64),
    )


def _moments(values: Array) -> tuple[Array, Array]:
    known: Mask = ~np.isnan(values)
    n = known.sum(axis=0)
    mean = np.where(known, values, 0.0).sum(axis=0) / n
    square = np.where(known, (values - mean) ** 2, 0.0).sum(axis=0)
    return np.where(n > 0, mean, np.nan), np.where(n > 1, np.sqrt(square / (n - 1)), np.nan)


def _median(values: Array) -> Array:
    out = np.full(values.shape[1], np.nan)
    known = (~np.isnan(values)).any(axis=0)
    out[known] = np.nanmedian(values[:, known], axis=0)
    return out
