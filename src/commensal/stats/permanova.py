"""PERMANOVA of one label, after what is held fixed, for all permutations at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats._arrays import Floats, distances, gower, numbers, same_length
from commensal.stats.permutation import Permutations, merged, permutation_p

if TYPE_CHECKING:
    import pandas as pd

#: A label whose remainder after the fixed columns is below this share of its variation is explained by them.
_EXPLAINED = 1e-10
#: Numbers held at once by a chunk of permutations (32 MB).
_CHUNK = 4_000_000


@dataclass(frozen=True, slots=True)
class PermanovaFit:
    """What PERMANOVA says about one label; missing numbers are NaN."""

    r2: float  # share of the total sum of squared distances
    f: float  # pseudo-F
    df: float  # 1
    df2: float  # n − rank of the whole model
    p: float
    n_permutations: int  # arrangements compared, all of them when exact
    n_distinct: float
    exact: bool
    status: str  # ok | too_few | rank_deficient | constant
    note: str

    def table(self) -> pd.DataFrame:
        """Return one row."""
        import pandas as pd

        names = ("r2", "f", "df", "df2", "p", "n_permutations", "n_distinct", "exact", "status", "note")
        return pd.DataFrame({name: [getattr(self, name)] for name in names})


def permanova(
    distance: ArrayLike, label: ArrayLike, *, fixed: ArrayLike | None = None, permutations: Permutations
) -> PermanovaFit:
    """Partition squared distances (n, n) by one label (n,), after fixed columns (n, k).

    With Gower's G = −½ C d² C (C centres), Z the intercept and the fixed columns, and r = x − Z(Z'Z)⁻Z'x what they
    leave of the label x: SS_x = r'Gr / r'r, SS_res = tr(G) − SS_Z − SS_x, F = SS_x / (SS_res / (n − rank)) and
    R² = SS_x / tr(G): the total is taken about the mean, also when there are fixed columns. This is the marginal
    test; F equals ``vegan::adonis2`` with the label as last term. Negative eigenvalues of G are kept as they are.

    The label alone is permuted: fixed columns stay with their samples. The test is exact where the label is
    exchangeable given them, as it is within blocks whose indicator columns are fixed. Because SS_Z does not move, F
    is an increasing function of SS_x and p is counted on SS_x. An arrangement that the fixed columns explain wholly
    counts as SS_x = 0.

    Parameters
    ----------
    distance
        (n, n) symmetric, zero diagonal; need not be Euclidean.
    label
        (n,) one column: two groups coded by any two numbers, or a numeric label. A label of more levels needs more
        columns and is not covered.
    fixed
        (n, k) covariates and block indicator columns, without missing values; the intercept is implied.
    permutations
        Arrangements of this label, from :func:`commensal.stats.permutations`.

    Returns
    -------
    PermanovaFit
        Status ``too_few``: the label has one arrangement only, or no residual degree of freedom is left;
        ``rank_deficient``: the fixed columns explain the label; ``constant``: all distances are 0.

    Raises
    ------
    StatisticsError
        Arrays that do not fit together, missing values, distances that are not symmetric.

    References
    ----------
    Anderson (2001) Austral Ecology 26:32–46; McArdle & Anderson (2001) Ecology 82:290–297.

    Examples
    --------
    Four points on a line, two by two: SS between 4, within 1, so F = 4 / (1/2) = 8.

    >>> import numpy as np
    >>> from commensal import stats
    >>> at = np.array([0.0, 1.0, 2.0, 3.0])
    >>> fit = stats.permanova(np.abs(at[:, None] - at), [0, 0, 1, 1], permutations=stats.permutations([0, 0, 1, 1]))
    >>> round(fit.f, 6), round(fit.r2, 6), round(fit.p, 6), fit.n_distinct
    (8.0, 0.8, 0.333333, 6.0)
    """
    d = distances(distance)
    n = d.shape[0]
    x = merged(same_length(numbers(label, "the label", dimensions=1), "the label", n))
    check_fits(permutations, x)
    basis = fixed_basis(fixed, n)
    df2 = float(n - basis.shape[1] - 1)
    scale = d.max(initial=0.0)
    if scale == 0:
        return _without(permutations, df2, "constant", "all distances are 0")
    # Distances in units of the largest one: squares neither overflow nor vanish, and F and R² do not see it.
    g = gower(d / scale)
    if np.ptp(x) == 0:
        return _without(permutations, df2, "too_few", "all samples are on one side")
    rest = x - basis @ (basis.T @ x)
    if rest @ rest <= _EXPLAINED * float(np.sum((x - x.mean()) ** 2)):
        return _without(permutations, df2, "rank_deficient", "the fixed columns explain the label")
    if df2 < 1:
        return _without(permutations, df2, "too_few", "no residual degree of freedom is left")
    total = float(np.trace(g))
    observed = float(_explained(x[None, :], g, basis)[0])
    residual = total - float(np.sum((basis.T @ g) * basis.T)) - observed
    status, note = "ok", ""
    if abs(residual) <= _EXPLAINED * total:
        f, note = float("nan"), "no variation is left beside the label: F is infinite"
    else:
        f = observed / (residual / df2)
    p = permutation_p(_explained(permutations.labels, g, basis), observed, permutations, scale=total)
    if permutations.n_distinct <= 1:
        status, note = "too_few", "the label has one arrangement only"
    counts = (n_compared(permutations), permutations.n_distinct, permutations.exact)
    return PermanovaFit(observed / total, f, 1.0, df2, p, *counts, status, note)


def check_fits(arranged: Permutations, label: Floats) -> None:
    """Refuse permutations of another label."""
    rows = arranged.labels
    known = np.isin(rows[0], label).all() and (not arranged.exact or np.array_equal(rows[0], label))
    if rows.shape[1] != label.size or not known:
        raise StatisticsError(
            "these permutations belong to another label",
            found=f"arrangements of {rows.shape[1]} samples",
            expected=f"arrangements of this label of {label.size} samples",
            mend="make them by permutations(label, …) with the same label",
        )


def _explained(labels: Floats, g: Floats, basis: Floats) -> Floats:
    """Return SS_x = r'Gr / r'r for each arrangement (P, n), in chunks that fit in memory."""
    sums = np.zeros(labels.shape[0])
    step = max(1, _CHUNK // labels.shape[1])
    for start in range(0, labels.shape[0], step):
        x = labels[start : start + step]
        # Taking off a constant first keeps labels far from 0 (years, doses) from losing digits.
        x = x - x.mean(axis=1, keepdims=True)
        spread = np.einsum("ij,ij->i", x, x)
        r = x - (x @ basis) @ basis.T
        size = np.einsum("ij,ij->i", r, r)
        explained = np.einsum("ij,ij->i", r @ g, r)
        usable = size > _EXPLAINED * spread
        sums[start : start + step] = np.divide(explained, size, out=np.zeros_like(size), where=usable)
    return sums


def fixed_basis(fixed: ArrayLike | None, n: int) -> Floats:
    """Return an orthonormal basis (n, rank) of the intercept and the fixed columns."""
    ones = np.full((n, 1), 1 / np.sqrt(n))
    if fixed is None:
        return ones
    given = same_length(numbers(fixed, "the fixed columns", dimensions=2), "the fixed columns", n)
    given = given / np.maximum(np.abs(given).max(axis=0, initial=0.0), np.finfo(np.float64).tiny)
    centred = given - given.mean(axis=0)
    length = np.linalg.norm(centred, axis=0)
    # A column that is constant up to rounding adds nothing to the intercept.
    varies = length > 1e-12 * np.linalg.norm(given, axis=0)
    u, s, _ = np.linalg.svd(centred[:, varies] / length[varies], full_matrices=False)
    rank = int(np.count_nonzero(s > 1e-9 * s.max(initial=0.0)))
    return np.hstack([ones, u[:, :rank]])


def n_compared(arranged: Permutations) -> int:
    """Return how many arrangements a p rests on: 0 where there is no p."""
    return int(arranged.labels.shape[0]) if arranged.n_distinct > 1 else 0


def _without(arranged: Permutations, df2: float, status: str, note: str) -> PermanovaFit:
    nan = float("nan")
    return PermanovaFit(nan, nan, 1.0, df2, nan, 0, arranged.n_distinct, arranged.exact, status, note)
