"""PERMDISP: do two groups scatter differently about their centroids?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats import _arrays
from commensal.stats._arrays import TIE, Floats, gower, numbers, same_length
from commensal.stats.permanova import check_fits, n_compared
from commensal.stats.permutation import Permutations, merged, permutation_p


@dataclass(frozen=True, slots=True)
class DispersionFit:
    """Scatter of two groups; missing numbers are NaN."""

    effect: float  # mean distance to centroid, case − control
    f: float
    df: float  # 1
    df2: float  # n − 2
    p: float
    n_permutations: int
    distances: Floats  # (n,) distance of each sample to its group's centroid
    status: str  # ok | too_few | constant
    note: str
    n_distinct: float
    exact: bool


def permdisp(
    distance: ArrayLike, label: ArrayLike, permutations: Permutations, *, residuals: bool = False
) -> DispersionFit:
    """Compare the mean distance to the group centroid between two groups, from distances (n, n) and label (n,).

    With Gower's G, the squared distance of sample i to the centroid of its group A is
    z_i² = G_ii − 2 mean_{j∈A} G_ij + mean_{j,k∈A} G_jk: what principal coordinates give when the squares along axes
    of negative eigenvalue are taken off. A negative z_i² becomes 0, as in ``vegan::betadisper(type = "centroid")``.
    F is the one-way analysis of variance of z.

    Labels are rearranged over the fixed z by whichever scheme ``permutations`` has, and F computed anew: the test is
    exact where the z are exchangeable among what carries the label. ``residuals=True`` rearranges, as vegan's
    ``permutest`` does, the residuals of z from the group means instead, the observed F counting as itself. The two
    agree where samples are permuted freely. Within blocks and with whole blocks residuals reject too often, since
    those of a group add up to 0 over few units: with two times four cages 13–14 % at the 5 % level, where rearranging
    z itself rejects 4–6 % (docs/decisions/permutation.md).

    Parameters
    ----------
    distance
        (n, n) symmetric, zero diagonal.
    label
        (n,) two values; the larger is the case.
    permutations
        Arrangements of this label, from :func:`commensal.stats.permutations`.
    residuals
        Rearrange residuals, as vegan does; for comparison with it.

    Returns
    -------
    DispersionFit
        Status ``too_few``: a side has fewer than two samples (its scatter is 0 by construction) or the label has one
        arrangement; ``constant``: samples of a group are equally far from its centroid, F is undefined.

    Raises
    ------
    StatisticsError
        Arrays that do not fit together, missing values, a label with more than two values.

    References
    ----------
    Anderson (2006) Biometrics 62:245–253.

    Examples
    --------
    >>> import numpy as np
    >>> from commensal import stats
    >>> at = np.array([0.0, 1.0, 2.0, 10.0, 20.0, 30.0])
    >>> label = [0, 0, 0, 1, 1, 1]
    >>> fit = stats.permdisp(np.abs(at[:, None] - at), label, stats.permutations(label))
    >>> fit.distances.round(6).tolist(), round(fit.effect, 6)
    ([1.0, 0.0, 1.0, 10.0, 0.0, 10.0], 6.0)
    """
    d = _arrays.distances(distance)
    x = merged(same_length(numbers(label, "the label", dimensions=1), "the label", d.shape[0]))
    check_fits(permutations, x)
    levels = np.unique(x)
    if levels.size > 2:
        raise StatisticsError("a dispersion test compares two groups", found=f"{levels.size} labels", expected=2)
    sides = [np.flatnonzero(x == level) for level in levels]
    df2 = float(x.size - 2)
    z = _to_centroid(d, sides)
    fit = _Parts(z, df2, permutations)
    if len(sides) < 2:
        return fit.without("too_few", "all samples are on one side", float("nan"))
    effect = float(z[sides[1]].mean() - z[sides[0]].mean())
    if min(side.size for side in sides) < 2:
        return fit.without("too_few", "a side has one sample, whose scatter cannot be seen", effect)
    rest = z - np.where(x == levels[1], z[sides[1]].mean(), z[sides[0]].mean())
    if rest @ rest <= TIE**2 * float(z @ z):
        return fit.without("constant", "samples are equally far from their centroids: F is undefined", effect)
    observed = float(_f(x[None, :], z, df2)[0])
    null = _f(permutations.labels, rest if residuals else z, df2)
    if permutations.exact:
        null[0] = observed
    p = permutation_p(null, observed, permutations)
    status, note = ("ok", "") if permutations.n_distinct > 1 else ("too_few", "the label has one arrangement only")
    counts = (permutations.n_distinct, permutations.exact)
    return DispersionFit(effect, observed, 1.0, df2, p, n_compared(permutations), z, status, note, *counts)


def _to_centroid(d: Floats, sides: list[np.ndarray[tuple[int], np.dtype[np.intp]]]) -> Floats:
    """Return the distance of each sample to its group's centroid, (n,)."""
    scale = d.max(initial=0.0)
    g = gower(d / scale) if scale > 0 else np.zeros_like(d)
    z = np.zeros(d.shape[0])
    for side in sides:
        own = g[np.ix_(side, side)]
        squared = np.diagonal(own) - 2 * own.mean(axis=1) + own.mean()
        # What rounding leaves of a sample that sits on its centroid is not scatter.
        z[side] = np.sqrt(np.where(squared > 1e-14, squared, 0.0))
    z *= scale
    return z


def _f(labels: Floats, values: Floats, df2: float) -> Floats:
    """Return F of values (n,) between the two groups of each arrangement (P, n)."""
    x = labels - labels.mean(axis=1, keepdims=True)
    centred = values - values.mean()
    total = float(centred @ centred)
    spread = np.einsum("ij,ij->i", x, x)
    between = np.divide((x @ centred) ** 2, spread, out=np.zeros_like(spread), where=spread > 0)
    within = np.maximum(total - between, 0.0)
    f: Floats = np.divide(between, within / df2, out=np.full_like(within, np.inf), where=within > 0)
    return f


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a result without a test is made of."""

    z: Floats
    df2: float
    permutations: Permutations

    def without(self, status: str, note: str, effect: float) -> DispersionFit:
        """Return the fit without F and p."""
        nan = float("nan")
        counts = (self.permutations.n_distinct, self.permutations.exact)
        return DispersionFit(effect, nan, 1.0, self.df2, nan, 0, self.z, status, note, *counts)
