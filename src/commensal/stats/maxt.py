"""Feature-wise permutation tests of one label, with familywise error by Westfall and Young's step-down maxima."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commensal.stats._arrays import Floats, Integers
from commensal.stats._frames import framed
from commensal.stats._labelled import CHUNK, labelled
from commensal.stats._maxima import StepDown
from commensal.stats.fits import fill_names, tabulated, unnamed
from commensal.stats.permutation import Permutations

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class MaxTFit:
    """What rearranging one label says about m features; missing numbers are NaN."""

    effect: Floats  # (m,) coefficient of the label, units of y per unit of the label
    statistic: Floats  # (m,) t
    df: Floats  # (m,)
    p: Floats  # (m,) of each feature alone
    p_adjusted: Floats  # (m,) familywise over the m features
    n: Integers  # (m,) samples in which the feature is present
    status: NDArray[np.object_]  # (m,) ok | too_few | constant | rank_deficient
    note: NDArray[np.object_]  # (m,)
    n_permutations: int
    n_distinct: float
    exact: bool
    scheme: str
    features: NDArray[np.object_] = field(default_factory=unnamed)  # (m,) names, None without

    def __post_init__(self) -> None:
        """Give every feature a place for its name."""
        fill_names(self, self.effect.shape)

    def table(self, features: Sequence[str] | None = None) -> pd.DataFrame:
        """Return one row per feature, indexed by names given, or those of the columns."""
        names = ("effect", "statistic", "df", "p", "p_adjusted", "n", "status", "note", "features")
        return tabulated({name: getattr(self, name) for name in names}, features)


@framed
def max_t(y: ArrayLike, label: ArrayLike, *, fixed: ArrayLike | None = None, permutations: Permutations) -> MaxTFit:
    """Test one label (n,) in every column of y (n, m), after fixed columns (n, k), by rearranging the label.

    Each feature is fitted by least squares on an intercept, the fixed columns and the label, in the samples where it
    is present. The label is rearranged, fixed columns and features stay, and t is computed anew; p is two-sided.
    Adjusted p hold the familywise error strongly where the joint distribution of features does not depend on which
    of them change (Westfall & Young 1993, step-down maxT), and use the dependence among features: with correlated
    features they are smaller than Bonferroni's or Holm's. As features with missing samples have their own degrees
    of freedom, maxima are taken over normal equivalents of t (Wallace 1959); without missing samples these order
    arrangements as |t| does.

    Parameters
    ----------
    y
        (n, m) features; NaN is missing. An arrangement that puts one label on all samples of a feature counts as t = 0.
    label
        (n,) two groups coded by any two numbers, or a numeric label.
    fixed
        (n, k) covariates and block indicator columns, complete; the intercept is implied.
    permutations
        Arrangements of this label, from :func:`commensal.stats.permutations`.

    Returns
    -------
    MaxTFit
        A feature whose status is not ``ok`` has no p and is not part of the family.

    Raises
    ------
    StatisticsError
        Arrays that do not fit together, infinite values, permutations of another label.

    References
    ----------
    Westfall & Young (1993) Resampling-based multiple testing; Wallace (1959) Ann. Math. Stat. 30:1121–1130.

    Examples
    --------
    Three against three: 20 arrangements, of which the observed one and its mirror image are extreme in feature 0.

    >>> import numpy as np
    >>> from commensal import stats
    >>> y = np.array([[1.0, 2, 3, 7, 8, 9], [2, 1, 4, 3, 2, 5]]).T
    >>> label = [0, 0, 0, 1, 1, 1]
    >>> fit = stats.max_t(y, label, permutations=stats.permutations(label))
    >>> fit.effect.round(6).tolist(), fit.p.tolist(), fit.p_adjusted.tolist()
    ([6.0, 1.0], [0.1, 0.6], [0.1, 0.6])
    """
    made = labelled(y, label, fixed, permutations)
    m = made.status.size
    tested = np.flatnonzero(made.status == "ok")
    p, adjusted = np.full(m, np.nan), np.full(m, np.nan)
    if tested.size:
        counts = StepDown(np.abs(made.scores(made.label[None, :])[0, tested]))
        step = max(1, CHUNK // max(m, made.label.size))
        for start in range(0, permutations.labels.shape[0], step):
            scores = made.scores(permutations.labels[start : start + step])
            counts.add(np.abs(scores[:, tested]))
        p[tested], adjusted[tested] = counts.p(exact=permutations.exact)
    return MaxTFit(
        effect=made.effect,
        statistic=made.statistic,
        df=np.where(np.isnan(made.effect), np.nan, made.df),
        p=p,
        p_adjusted=adjusted,
        n=made.n,
        status=made.status,
        note=made.note,
        n_permutations=permutations.labels.shape[0] if tested.size else 0,
        n_distinct=permutations.n_distinct,
        exact=permutations.exact,
        scheme=permutations.scheme,
    )
