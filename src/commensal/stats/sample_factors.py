"""How much of everything is in a sample: probabilistic quotients, and internal standards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats._arrays import flags, with_gaps
from commensal.stats.fits import Array, Counts, Texts

if TYPE_CHECKING:
    import pandas as pd

#: Features that a sample shares with the reference, below which its factor is not told.
FEWEST = 5


@dataclass(frozen=True, slots=True)
class SampleFactors:
    """What to divide each of n samples by; their geometric mean is 1.

    Attributes
    ----------
    factor : (n,)
        NaN where it cannot be told.
    n : (n,)
        Features it rests on.
    status : (n,)
        ``ok``, or ``too_few``.
    """

    factor: Array
    n: Counts
    status: Texts

    def table(self) -> pd.DataFrame:
        """Return a DataFrame with one row per sample."""
        import pandas as pd

        return pd.DataFrame({"factor": self.factor, "n": self.n, "status": self.status})


def probabilistic_quotients(amounts: ArrayLike, among: ArrayLike | None = None) -> SampleFactors:
    """Return how concentrated each sample is: the median over m features of amounts (n, m) over a reference.

    Parameters
    ----------
    amounts : (n, m)
        Intensities or concentrations; what is not above 0 is not used.
    among : (n,) booleans, optional
        Samples whose median per feature is the reference, such as the pooled controls. None: all.

    Returns
    -------
    SampleFactors
        factor_i = median_j a_ij / r_j, r_j the median of feature j among the reference samples that have it.

    Raises
    ------
    StatisticsError
        Arrays that do not fit together; no sample in the reference.

    References
    ----------
    Dieterle et al. 2006, Analytical Chemistry 78:4281.

    Examples
    --------
    Urine twice as dilute, whatever single molecules do:

    >>> import numpy as np
    >>> a = np.array([[8.0, 4, 2, 6, 10, 12], [4, 2, 1, 3, 5, 60]])
    >>> probabilistic_quotients(a).factor.round(3).tolist()
    [1.414, 0.707]
    """
    values = with_gaps(amounts, "amounts", dimensions=2)
    chosen = np.ones(len(values), bool) if among is None else flags(among, "among", len(values))
    if not chosen.any():
        raise StatisticsError(
            "no reference for quotients", found=f"{int(chosen.sum())} of {len(values)} samples", expected="some"
        )
    logs = _logs(values)
    reference = _median(logs[chosen], 0)
    ratio = logs - reference
    n = (~np.isnan(ratio)).sum(axis=1).astype(np.int64)
    return _factors(_median(ratio, 1), n, FEWEST)


def standard_factors(standards: ArrayLike) -> SampleFactors:
    """Return the geometric mean of internal standards (n, s) in each sample, each over its own median.

    Parameters
    ----------
    standards : (n, s)
        Intensities of what was added in the same amount to every sample; what is not above 0 is not used.

    Returns
    -------
    SampleFactors
        To divide by; NaN where a sample has none of them.

    Raises
    ------
    StatisticsError
        No standard at all.

    Examples
    --------
    >>> import numpy as np
    >>> standard_factors(np.array([[10.0, 200], [20, 400]])).factor.round(3).tolist()
    [0.707, 1.414]
    """
    values = with_gaps(standards, "standards", dimensions=2)
    if not values.shape[1]:
        raise StatisticsError("no internal standard", expected="at least one", mend="correct their names")
    logs = _logs(values)
    ratio = logs - _median(logs, 0)
    known = ~np.isnan(ratio)
    n = known.sum(axis=1).astype(np.int64)
    mean = np.where(n > 0, np.where(known, ratio, 0.0).sum(axis=1) / np.maximum(n, 1), np.nan)
    return _factors(mean, n, 1)


def _logs(values: Array) -> Array:
    with np.errstate(all="ignore"):
        return np.asarray(np.where(values > 0, np.log(values), np.nan))


def _median(values: Array, axis: int) -> Array:
    out = np.full(values.shape[1 - axis], np.nan)
    known = (~np.isnan(values)).any(axis=axis)
    taken = values[:, known] if axis == 0 else values[known]
    out[known] = np.nanmedian(taken, axis=axis)
    return out


def _factors(logs: Array, n: Counts, fewest: int) -> SampleFactors:
    logs = np.where(n >= fewest, logs, np.nan)
    known = ~np.isnan(logs)
    centre = logs[known].mean() if known.any() else 0.0
    return SampleFactors(np.exp(logs - centre), n, np.where(known, "ok", "too_few").astype(object))
