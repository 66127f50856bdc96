"""One label's t in every feature, for many arrangements of the label at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commensal.errors import StatisticsError
from commensal.stats._arrays import Floats, Integers, numbers, same_length
from commensal.stats.permanova import check_fits
from commensal.stats.permutation import Permutations, merged

#: A label of which the fixed columns leave less than this share is explained by them.
_EXPLAINED = 1e-10
#: A feature of which the fixed columns leave less than this share does not vary.
_FLAT = 1e-12
#: Numbers held at once by a chunk of permutations (32 MB).
CHUNK = 4_000_000


@dataclass(frozen=True, slots=True)
class Labelled:
    """Features with the fixed columns taken off, in their own samples.

    ``y`` (n, m) has unit length, 0 where missing; ``masks`` (n, q) and ``bases`` (rank, n, q) belong to the q patterns
    of missing samples, ``pattern`` (m,) says which is whose.
    """

    label: Floats
    y: Floats
    masks: Floats
    bases: Floats
    pattern: Integers
    effect: Floats  # (m,)
    statistic: Floats  # (m,) t
    df: Floats  # (m,)
    n: Integers  # (m,)
    status: NDArray[np.object_]
    note: NDArray[np.object_]

    def scores(self, labels: Floats) -> Floats:
        """Return the signed scores (P, m) of arrangements (P, n): Wallace's normal equivalents of t.

        c √(−ν log(1 − r²)) with r the partial correlation and c = (8ν + 1)/(8ν + 3): an increasing function of t
        that puts features of different ν on one scale and stays finite.
        """
        x = labels - labels.mean(axis=1, keepdims=True)
        square = x**2 @ self.masks
        rest = square.copy()
        for basis in self.bases:
            rest -= (x @ basis) ** 2
        usable = rest > _EXPLAINED * square
        scale = np.divide(1.0, np.sqrt(np.where(usable, rest, 1.0)), out=np.zeros_like(rest), where=usable)
        r = (x @ self.y) * scale[:, self.pattern]
        return normal_scores(r, self.df)


def normal_scores(r: Floats, df: Floats) -> Floats:
    """Return Wallace's normal equivalent of t = r √(ν/(1 − r²)), with the sign of r."""
    size = np.minimum(r**2, 1 - 1e-15)
    nu = np.maximum(df, 1.0)
    scores: Floats = np.copysign((8 * nu + 1) / (8 * nu + 3) * np.sqrt(-nu * np.log1p(-size)), r)
    return scores


def labelled(y: ArrayLike, label: ArrayLike, fixed: ArrayLike | None, arranged: Permutations) -> Labelled:
    """Check the arguments, take the fixed columns off every feature, and fit the observed label."""
    values, present, unit = _features(y)
    n, m = values.shape
    x = merged(same_length(numbers(label, "the label", dimensions=1), "the label", n))
    check_fits(arranged, x)
    columns = np.ones((n, 1))
    if fixed is not None:
        given = same_length(numbers(fixed, "the fixed columns", dimensions=2), "the fixed columns", n)
        given = given / np.maximum(np.abs(given).max(axis=0, initial=0.0), np.finfo(float).tiny)
        columns = np.hstack([columns, given - given.mean(axis=0)])
    masks, pattern = np.unique(present, axis=1, return_inverse=True)
    pattern = pattern.reshape(-1)
    kept = masks.astype(np.float64)
    bases, rank = _bases(columns, kept)
    rest, flat = _residuals(values, bases, pattern)
    length = np.linalg.norm(rest, axis=0)
    one = rest / np.where(length > 0, length, 1.0)
    size = present.sum(axis=0)
    df = (size - rank[pattern] - 1).astype(np.float64)
    centred = x - x.mean()
    left = np.array([_left(centred, kept[:, q], bases[:, :, q]) for q in range(kept.shape[1])]).reshape(-1, 2)
    stays, spread = left[pattern, 0], left[pattern, 1]
    status, note = np.full(m, "ok", dtype=object), np.full(m, "", dtype=object)

    def give(where: NDArray[np.bool_], name: str, words: str) -> None:
        chosen = where & (status == "ok")
        status[chosen], note[chosen] = name, words

    give(size < 2, "too_few", "present in fewer than 2 samples")
    give(flat, "constant", "the feature does not vary beside the fixed columns")
    give(spread <= _FLAT * max(float(centred @ centred), 1e-300), "too_few", "the label is one where it is present")
    give(stays <= _EXPLAINED * spread, "rank_deficient", "the fixed columns explain the label")
    give(df < 1, "too_few", "no residual degree of freedom is left")
    give(np.full(m, arranged.n_distinct <= 1), "too_few", "the label has one arrangement only")
    known = (status == "ok") | (note == "the label has one arrangement only")
    safe = np.where(stays > 0, stays, 1.0)
    along = centred @ rest
    r2 = np.minimum(along**2 / np.where(known, safe * length**2, 1.0), 1.0)
    with np.errstate(divide="ignore"):
        t = np.sign(along) * np.sqrt(r2 * np.maximum(df, 1) / (1 - r2))
    effect, statistic = np.where(known, along / safe * unit, np.nan), np.where(known, t, np.nan)
    return Labelled(x, one, kept, bases, pattern, effect, statistic, df, size, status, note)


def _features(y: ArrayLike) -> tuple[Floats, NDArray[np.bool_], Floats]:
    try:
        values = np.array(y, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise StatisticsError("y does not hold numbers", found=error, expected="numbers") from error
    if values.ndim != 2:
        raise StatisticsError("y has the wrong number of dimensions", found=f"shape {values.shape}", expected="(n, m)")
    present = ~np.isnan(values)
    values[~present] = 0.0
    numbers(values, "y", dimensions=2)
    # Each feature in units of its largest value: squares neither overflow nor vanish.
    largest = np.abs(values).max(axis=0, initial=0.0)
    unit = np.where(largest > 0, largest, 1.0)
    values /= unit
    values -= values.sum(axis=0) / np.maximum(present.sum(axis=0), 1)
    values[~present] = 0.0
    return values, present, unit


def _bases(columns: Floats, masks: Floats) -> tuple[Floats, Integers]:
    """Return an orthonormal basis of the columns in the samples of each pattern, (k, n, q), and its rank (q,)."""
    n, k = columns.shape
    bases, rank = np.zeros((k, n, masks.shape[1])), np.zeros(masks.shape[1], dtype=np.int64)
    for q, mask in enumerate(masks.T):
        inside = mask > 0
        own = columns[inside].copy()
        own[:, 1:] -= own[:, 1:].mean(axis=0) if inside.any() else 0.0
        length = np.linalg.norm(own, axis=0)
        own = own[:, length > 1e-12 * np.linalg.norm(columns, axis=0)]
        u, s, _ = np.linalg.svd(own / np.linalg.norm(own, axis=0), full_matrices=False)
        rank[q] = np.count_nonzero(s > 1e-9 * s.max(initial=0.0))
        bases[: rank[q], inside, q] = u[:, : rank[q]].T
    return bases[: max(1, rank.max(initial=0))], rank


def _residuals(values: Floats, bases: Floats, pattern: Integers) -> tuple[Floats, NDArray[np.bool_]]:
    """Return what the bases leave of each feature, and whether that is nothing."""
    rest = np.empty_like(values)
    members = np.split(np.argsort(pattern, kind="stable"), np.cumsum(np.bincount(pattern))[:-1]) if pattern.size else []
    for q, inside in enumerate(members):
        basis = bases[:, :, q]
        rest[:, inside] = values[:, inside] - basis.T @ (basis @ values[:, inside])
        rest[:, inside] -= basis.T @ (basis @ rest[:, inside])
    return rest, (rest**2).sum(axis=0) <= _FLAT * (values**2).sum(axis=0)


def _left(x: Floats, mask: Floats, basis: Floats) -> tuple[float, float]:
    """Return what the basis leaves of the label's sum of squares in these samples, and that about its mean."""
    inside = x * mask
    rest = inside - basis.T @ (basis @ inside)
    own = x[mask > 0]
    return float(rest @ rest), float(np.sum((own - own.mean()) ** 2)) if own.size else 0.0
