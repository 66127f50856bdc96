"""Roles, contrasts and halves behind `commensal.stats.reversal`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from commensal.errors import StatisticsError
from commensal.stats._arrays import Floats, Integers
from commensal.stats.moderation import moderate

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Roles:
    """Which part every one of n units has in the two contrasts; NaN: none."""

    disease: Floats  # (n,) 1 case, 0 control
    treatment: Floats  # (n,) 1 treated, 0 vehicle
    cell: Integers  # (n,) units with one code have the same part in both
    of_arm: tuple[float, float]  # the part in the disease contrast of vehicle units, and of treated ones

    @property
    def shared(self) -> Mask:
        """Units with a part in both contrasts, (n,)."""
        return np.asarray(np.isfinite(self.disease) & np.isfinite(self.treatment))


def roles(disease: Floats, treatment: Floats) -> Roles:
    """Check the two labels (n,), and find what part each arm of the treatment has in the disease contrast.

    Raises
    ------
    StatisticsError
        Labels other than 0, 1 and missing; a side without units; an arm that is only in part in the disease contrast.
    """
    for name, label in (("disease", disease), ("treatment", treatment)):
        if not np.isin(label[np.isfinite(label)], (0.0, 1.0)).all():
            raise StatisticsError(f"{name} is not 0, 1 or missing", found=sorted(set(label[np.isfinite(label)]))[:4])
        for value, side in ((1.0, "case"), (0.0, "control")):
            if not (label == value).any():
                raise StatisticsError(f"no unit is on the {side} side of the {name} contrast", found="0 units")
    parts = []
    for value, arm in ((0.0, "vehicle"), (1.0, "treated")):
        own = disease[treatment == value]
        kinds = {float(one) if np.isfinite(one) else -1.0 for one in own}
        if len(kinds) > 1:
            raise StatisticsError(
                f"only a part of the {arm} units is in the disease contrast",
                found=f"{int(np.isfinite(own).sum())} of {len(own)}",
                expected="all of an arm on one side of the disease contrast, or none",
                mend="give both contrasts the same conditions (where)",
            )
        only = kinds.pop()
        parts.append(float("nan") if only < 0 else only)
    cell = (np.nan_to_num(disease, nan=2.0) * 3 + np.nan_to_num(treatment, nan=2.0)).astype(np.int64)
    return Roles(disease, treatment, cell, (parts[0], parts[1]))


def weights(label: Floats) -> Floats:
    """Return the weights (…, n) of a difference of means, case minus control, of labels (…, n) with NaN for none."""
    case, control = label == 1, label == 0
    with np.errstate(invalid="ignore", divide="ignore"):
        made: Floats = case / case.sum(axis=-1, keepdims=True) - control / control.sum(axis=-1, keepdims=True)
    return made


def disease_of(known: Roles, treatment: Floats) -> Floats:
    """Return the disease label (P, n) that goes with arrangements (P, n) of the treatment."""
    vehicle, treated = known.of_arm
    return np.where(treatment == 0, vehicle, np.where(treatment == 1, treated, known.disease))


def alignment(gram: Floats, disease: Floats, treatment: Floats) -> Floats:
    """Return Σ(DT − b) (P,) of labels (P, n), from the products (n, n) of units summed over features.

    A sum over features of products of contrasts is a quadratic form in units: features need no second look. b is the
    shared units' variance, cell by cell; NaN where a shared cell is one unit.
    """
    d, t = weights(disease), weights(treatment)
    total: Floats = ((d @ gram) * t).sum(axis=1)
    own = np.diag(gram)
    for part in (0.0, 1.0):
        for arm in (0.0, 1.0):
            cell = ((disease == part) & (treatment == arm)).astype(float)
            size = cell.sum(axis=1)
            if not size.any():
                continue
            with np.errstate(invalid="ignore", divide="ignore"):
                mean = cell / size[:, None]
                inside = cell @ own - size * ((mean @ gram) * mean).sum(axis=1)
                taken = np.where(size > 0, inside / (size - 1) * (cell * d * t).sum(axis=1), 0.0)
            total = total - np.where(size == 1, np.nan, taken)
    return total


def alignment_error(gram: Floats, disease: Floats, treatment: Floats) -> Floats:
    """Return the jackknife standard error (P,) of `alignment`, leaving out one unit of a cell at a time."""
    counted = np.flatnonzero((np.isfinite(disease) | np.isfinite(treatment)).any(axis=0))
    left = np.zeros(disease.shape)
    for i in counted:
        keep = np.arange(disease.shape[1]) != i
        left[:, i] = alignment(gram[np.ix_(keep, keep)], disease[:, keep], treatment[:, keep])
    cells = np.nan_to_num(disease, nan=2.0) * 3 + np.nan_to_num(treatment, nan=2.0)
    variance = np.zeros(len(disease))
    for one in np.unique(cells[:, counted]):
        here = np.zeros(disease.shape, dtype=bool)
        here[:, counted] = cells[:, counted] == one
        size = np.maximum(here.sum(axis=1), 1)
        mean = np.where(here, left, 0.0).sum(axis=1) / size
        variance += (size - 1) / size * np.where(here, (left - mean[:, None]) ** 2, 0.0).sum(axis=1)
    return np.sqrt(variance)


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Variances inside arms, in a form that rearranged arms change little by little."""

    pooled: Floats  # (m,) sum of squares with the arms of the treatment taken as one, where they have one part
    df: float
    prior: float  # moderation's degrees of freedom, from the pooled sums
    centre: float

    def variance(self, lost: Floats, df: float) -> Floats:
        """Return moderated variances (…, m) once ``lost`` of the sum of squares lies between the arms."""
        own = np.maximum(self.pooled - lost, 0.0)
        if np.isinf(self.prior):
            return np.full_like(own, self.centre)
        made: Floats = (own + self.prior * self.centre) / (df + self.prior)
        return made


def spread(y: Floats, known: Roles) -> Spread:
    """Return the spread of y (n, m): nothing of it depends on which unit of the treatment is in which arm."""
    code = np.where(np.isfinite(known.treatment), -1, known.cell)
    squares, df = _inside(y, code)
    made = moderate(squares / max(df, 1), float(df))
    return Spread(squares, float(df), made.prior_df, made.prior_variance)


def _inside(y: Floats, code: Integers) -> tuple[Floats, int]:
    squares, df = np.zeros(y.shape[1]), 0
    for one in np.unique(code):
        own = y[code == one]
        squares += ((own - own.mean(axis=0)) ** 2).sum(axis=0)
        df += len(own) - 1
    return squares, df


def cell_variances(y: Floats, known: Roles) -> Floats:
    """Return each unit's variance (n, m): that inside its cell, or where a cell is one unit that of all cells."""
    squares, df = _inside(y, known.cell)
    made = np.empty_like(y)
    for one in np.unique(known.cell):
        here = known.cell == one
        made[here] = y[here].var(axis=0, ddof=1) if here.sum() > 1 else squares / max(df, 1)
    return made


def ranked(values: NDArray[np.floating[Any]]) -> Floats:
    """Return centred ranks of unit length along the last axis; ties by their order."""
    order = np.argsort(values, axis=-1)
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, np.broadcast_to(np.arange(values.shape[-1], dtype=float), values.shape), axis=-1)
    m = values.shape[-1]
    made: Floats = (ranks - (m - 1) / 2) / np.sqrt(m * (m * m - 1.0) / 12)
    return made


def halves(known: Roles, n: int, seed: int) -> Floats:
    """Return (2 n, 2, n_units) labels of the two contrasts in which no unit is on both: each split and its mirror."""
    rng = np.random.default_rng(seed)
    made = []
    shared = known.shared
    for _ in range(n if shared.any() else 1):
        first = np.zeros(shared.size, dtype=bool)
        for one in np.unique(known.cell[shared]):
            own = rng.permutation(np.flatnonzero(shared & (known.cell == one)))
            first[own[: len(own) // 2 + (len(own) % 2) * int(rng.integers(2))]] = True
        for into in (first, shared & ~first):
            disease = np.where(shared & ~into, np.nan, known.disease)
            treatment = np.where(shared & into, np.nan, known.treatment)
            made.append(np.stack([disease, treatment]))
    return np.array(made)


def scores(y: Floats, scale: Floats, labels: Floats) -> Floats:
    """Return Spearman's correlation (s,) of the two contrasts of labels (s, 2, n), each over ``scale`` (m,)."""
    found = np.full(len(labels), np.nan)
    ready = (y / scale).astype(np.float32)
    for at, (disease, treatment) in enumerate(labels):
        pair = weights(np.stack([disease, treatment]))
        if np.isfinite(pair).all():
            d, t = ranked(pair.astype(np.float32) @ ready)
            found[at] = d @ t
    return found
