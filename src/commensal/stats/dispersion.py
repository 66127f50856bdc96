"""PERMDISP: do two groups scatter differently about their centroids?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats import _arrays
from commensal.stats._arrays import TIE, Floats, gower, numbers, same_length
from commensal.stats.permanova import check_fits, n_compared
from commensal.stats.permutation import Permutations, merged, permutation_p

if TYPE_CHECKING:
    import pandas as pd

#: Working memory of one chunk of arrangements, bytes.
_MEMORY = 64 * 2**20


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

    def table(self) -> pd.DataFrame:
        """Return one row."""
        import pandas as pd

        names = ("effect", "f", "df", "df2", "p", "n_permutations", "n_distinct", "exact", "status", "note")
        return pd.DataFrame({name: [getattr(self, name)] for name in names})


def permdisp(
    distance: ArrayLike, label: ArrayLike, permutations: Permutations, *, residuals: bool = False
) -> DispersionFit:
    """Compare the mean distance to the group centroid between two groups, from distances (n, n) and label (n,).

    With Gower's G, the squared distance of sample i to the centroid of its group A is
    z_i² = G_ii − 2 mean_{j∈A} G_ij + mean_{j,k∈A} G_jk: what principal coordinates give when the squares along axes
    of negative eigenvalue are taken off. A negative z_i² becomes 0, as in ``vegan::betadisper(type = "centroid")``.
    F is the one-way analysis of variance of z.

    Under each arrangement of the labels the centroids, z and F are computed anew: the test is exact where samples are
    exchangeable among what carries the label. Distances to a centroid of few samples are short, the more so the fewer
    there are; with many features, where all distances are nearly alike, that alone would tell a small side from a
    large one, and rearranged sides are short in just the same way. ``residuals=True`` rearranges, as vegan's
    ``permutest`` does, the residuals of the observed z from the group means instead; it rejects too often with few
    units, within blocks, and with sides of unequal size in many dimensions (docs/decisions/permutation.md).

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
    null = _f(permutations.labels, rest, df2) if residuals else _anew(d, permutations.labels, levels[1], df2)
    if permutations.exact:
        null[0] = observed
    p = permutation_p(null, observed, permutations)
    status, note = ("ok", "") if permutations.n_distinct > 1 else ("too_few", "the label has one arrangement only")
    counts = (permutations.n_distinct, permutations.exact)
    return DispersionFit(effect, observed, 1.0, df2, p, n_compared(permutations), z, status, note, *counts)


def _to_centroid(d: Floats, sides: list[np.ndarray[tuple[int], np.dtype[np.intp]]]) -> Floats:
    """Return the distance of each sample to its group's centroid, (n,)."""
    g, scale = _scaled_gower(d)
    z = np.zeros(d.shape[0])
    for side in sides:
        z[side] = _reach(g, np.isin(np.arange(d.shape[0]), side)[None, :])[0, side]
    return z * scale


def _scaled_gower(d: Floats) -> tuple[Floats, float]:
    scale = float(d.max(initial=0.0))
    return (gower(d / scale) if scale > 0 else np.zeros_like(d)), scale


def _reach(g: Floats, members: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> Floats:
    """Return the distance of every sample to the centroid of the members (P, n) of one side, (P, n)."""
    inside = members.astype(float)
    size = np.maximum(inside.sum(axis=1, keepdims=True), 1.0)
    to_mean = inside @ g / size
    squared = np.diagonal(g) - 2 * to_mean + np.einsum("pn,pn->p", to_mean, inside)[:, None] / size
    # What rounding leaves of a sample that sits on its centroid is not scatter.
    reach: Floats = np.sqrt(np.where(squared > 1e-14, squared, 0.0))
    return reach


def _anew(d: Floats, labels: Floats, case: float, df2: float) -> Floats:
    """Return F of each arrangement (P, n) with centroids and distances of its own."""
    g, _ = _scaled_gower(d)
    found = np.empty(len(labels))
    step = max(1, int(_MEMORY // (8 * d.shape[0] * 6)))
    for first in range(0, len(labels), step):
        members = labels[first : first + step] == case
        z = np.where(members, _reach(g, members), _reach(g, ~members))
        found[first : first + step] = _f(members.astype(float), z, df2)
    return found


def _f(labels: Floats, values: Floats, df2: float) -> Floats:
    """Return F of values (n,) or (P, n) between the two groups of each arrangement (P, n)."""
    x = labels - labels.mean(axis=1, keepdims=True)
    centred = values - values.mean(axis=-1, keepdims=True)
    total = (centred**2).sum(axis=-1)
    spread = np.einsum("ij,ij->i", x, x)
    slope = x @ centred if centred.ndim == 1 else np.einsum("ij,ij->i", x, centred)
    between = np.divide(slope**2, spread, out=np.zeros_like(spread), where=spread > 0)
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
