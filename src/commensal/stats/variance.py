"""Whether groups differ: the likelihood-ratio test of a random intercept, for many features at once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

import numpy as np
from numpy.typing import ArrayLike

from commensal.stats._design import checked
from commensal.stats._frames import framed
from commensal.stats._inference import Solved
from commensal.stats._moments import Moments
from commensal.stats._solved import random_intercept
from commensal.stats.fits import Counts, Mask, VarianceTest, joined


@framed
def variance_test(
    y: ArrayLike,
    x: ArrayLike,
    groups: Iterable[Hashable],
    *,
    method: str = "REML",
    weights: ArrayLike | None = None,
) -> VarianceTest:
    """Test whether the group variance is 0 in the mixed model of each column of y (n, m) on x (n, k), groups (n,).

    Parameters
    ----------
    y, x, groups, method, weights
        As for `mixed`.

    Returns
    -------
    VarianceTest, m features
        The statistic is 2 (ℓ(σ²_group) − ℓ(0)), ℓ the largest (restricted) log-likelihood. As a variance cannot be
        negative, half of its null distribution lies at 0 and half is χ² with 1 degree of freedom:
        p = P(χ²₁ > statistic) / 2, and 1 where the variance is 0. This is the limit for many groups; with few groups
        more than half lies at 0, and p is too large rather than too small.
        Statuses without p: ``too_few`` (fewer than 2 residual degrees of freedom, or none inside groups, a single
        group, groups of one sample, no more groups than columns that are constant within them), ``constant``,
        ``not_converged``.

    Raises
    ------
    StatisticsError
        As `mixed`.

    References
    ----------
    Stram and Lee 1994, Biometrics 50:1171; Crainiceanu and Ruppert 2004, J. R. Stat. Soc. B 66:165, for few groups.
    In R: ``lmerTest::ranova`` without the halving.

    Examples
    --------
    >>> import numpy as np
    >>> y = np.array([[1.0, 1.2, 5.1, 5.3, 2.9, 3.3, 8.0, 7.8]]).T
    >>> test = variance_test(y, np.ones((8, 1)), [1, 1, 2, 2, 3, 3, 4, 4])
    >>> print(test.statistic[0].round(2), test.p[0].round(5), test.share[0].round(3))
    18.82 1e-05 0.996
    """
    with np.errstate(all="ignore"):
        k = np.asarray(x).shape[1] if np.ndim(x) == 2 else 1
        # The columns matter as a space only; which contrast stands for them does not.
        design = checked(y, x, np.ones(k), groups, 0.95, weights=weights, method=method)
        parts = list(random_intercept(design))
        tests = [_test(moments, solved) for _, moments, solved in parts]
    return joined(tests, [some for some, _, _ in parts])


def _test(moments: Moments, solved: Solved) -> VarianceTest:
    from scipy.special import chdtrc

    assert solved.ratio is not None
    assert solved.gain is not None
    m = len(moments.n)
    status, note = np.full(m, "ok", object), solved.note.copy()
    open_ = np.ones(m, bool)

    def give(where: Mask, name: str, words: str | None = None) -> None:
        chosen = where & open_
        status[chosen] = name
        open_[chosen] = False
        if words is not None:
            note[chosen] = words

    groups: Counts = moments.n_groups - (moments.rank - moments.within_rank)
    give(moments.n < 2, "too_few", "present in fewer than 2 samples")
    give(moments.flat, "constant", "y does not vary")
    give(moments.n - moments.rank < 2, "too_few", "fewer than 2 residual degrees of freedom")
    give(moments.n_groups == moments.n, "too_few", "every group has one sample")
    give(moments.n_groups <= 1, "too_few", "a single group")
    give(solved.perfect, "constant")
    give(moments.spare < 1, "too_few", "no residual degrees of freedom within groups")
    give(groups < 1, "too_few", "no more groups than columns that are constant within groups")
    give(solved.unsettled, "not_converged")
    give(solved.boundary, "boundary")
    told = np.isin(status, ["ok", "boundary"])
    statistic = np.where(solved.boundary, 0.0, np.maximum(solved.gain, 0.0))
    p = np.where(solved.boundary, 1.0, np.maximum(chdtrc(1, statistic) / 2, np.finfo(float).tiny))
    residual = solved.variance * moments.y_scale**2
    return VarianceTest(
        statistic=np.where(told, statistic, np.nan),
        p=np.where(told, p, np.nan),
        var_group=np.where(told, solved.ratio * residual, np.nan),
        var_residual=np.where(told, residual, np.nan),
        share=np.where(told, solved.ratio / (1 + solved.ratio), np.nan),
        status=status,
        n=moments.n,
        n_groups=moments.n_groups,
        note=note,
    )
