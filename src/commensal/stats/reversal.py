"""Reversal: does a treatment move a disease's signature back, where both contrasts may share their animals?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats import _reversal as inner
from commensal.stats._arrays import TIE, Floats, numbers, same_length
from commensal.stats.permutation import Permutations

if TYPE_CHECKING:
    import pandas as pd

#: Splits of the shared units (each with its mirror) that the score is averaged over.
SPLITS = 5
#: A gene leads where both effects are beyond so many standard errors, in both halves of the shared units.
LEADS = 2.0


@dataclass(frozen=True, slots=True)
class ReversalFit:
    """How two contrasts of m features go together; missing is NaN."""

    score: float  # rank correlation of the two, no unit in both: below 0 the signature moves back
    low: float
    high: float
    share: float  # part of the signature that is moved back: 1 all of it, 0 none, below 0 it grows
    share_low: float
    share_high: float
    plain: float  # rank correlation with shared units in both, which is below 0 also when nothing is moved
    statistic: float  # alignment of the two over its standard error: below 0 moved back
    p: float  # two-sided
    n_permutations: int
    smallest_p: float
    n_shared: int  # units with a part in both contrasts
    status: str  # ok | too_few
    note: str
    disease: Floats  # (m,) effects of the disease, from one half of the shared units
    treatment: Floats  # (m,) effects of the treatment, from the other half
    disease_z: Floats  # (m,) effects over their standard errors
    treatment_z: Floats  # (m,)
    strength: Floats  # (m,) smaller of both effects over their standard errors, signed: above 0 moved back
    leading: tuple[int, ...]  # features moved back in both halves, strongest first
    following: tuple[int, ...]  # features moved on in the disease's direction in both halves

    def table(self) -> pd.DataFrame:
        """Return one row per feature."""
        import pandas as pd

        names = ("disease", "treatment", "disease_z", "treatment_z", "strength")
        frame = pd.DataFrame({name: getattr(self, name) for name in names})
        return frame.assign(leads=np.isin(np.arange(len(frame)), self.leading))


def reversal(
    y: ArrayLike,
    disease: ArrayLike,
    treatment: ArrayLike,
    *,
    permutations: Permutations,
    level: float = 0.95,
    seed: int = 1,
) -> ReversalFit:
    """Compare a disease's effects on features y (n, m) with a treatment's, label by label (n,), (n,).

    Usually the diseased animals on vehicle are in both contrasts: case of the disease, control of the treatment. Their
    noise then enters one effect with + and the other with −, and a treatment that does nothing seems to reverse. Three
    ways out are used, one for each number:

    * ``score``: Spearman's correlation of effects over their (moderated) spread, averaged over splits of the shared
      units into halves of which one serves the disease, the other the treatment. No unit is in both: 0 under the null.
    * ``share``: β of treatment = −β × disease, Σ(DT − b)/Σ(D² − e), both effects over the spread; b = Σ wᴰ wᵀ s²
      is what the shared units put into DT, e = Σ (wᴰ)² s² the noise in D², s² the variance inside a cell.
    * ``p``: of Σ(DT − b) over its jackknife standard error. Arms are rearranged among the treatment's units, and
      **both** contrasts, b and the standard error are made anew each time. Exact where the treatment does nothing; the
      standard error keeps it near its level where the treatment does something else, and lets it find a reversal
      beside that.

    Intervals by leaving out one unit at a time (jackknife inside cells), on Student's t.

    Parameters
    ----------
    y
        (n, m) complete, one row per unit that carries a label (animal, or mean of a cage), on a logarithmic scale.
    disease
        (n,) 1 diseased, 0 healthy, NaN in neither.
    treatment
        (n,) 1 treated, 0 vehicle, NaN in neither.
    permutations
        Arrangements of the treatment's labels over its own units, in their order: from
        :func:`commensal.stats.permutations` of ``treatment[isfinite(treatment)]``.
    level
        Of the intervals.
    seed
        Of the splits.

    Returns
    -------
    ReversalFit
        Status ``too_few``: p is missing where the arms have one arrangement, or a shared arm is one unit;
        then the score is missing too. Intervals are missing where a cell has fewer than 3 units (4 where it is shared).

    Raises
    ------
    StatisticsError
        Arrays that do not fit, missing values in y, a side without units, an arm that is partly in the disease
        contrast.

    References
    ----------
    Lamb et al. (2006) Science 313:1929–1935, for scoring signatures against each other; the shared group, its halves
    and the rearrangement that makes both contrasts anew are ours: docs/decisions/reversal.md.

    Examples
    --------
    Six healthy animals, six diseased on vehicle, six treated; the treatment undoes half of the disease:

    >>> from commensal import stats
    >>> rng, arm = np.random.default_rng(1), np.repeat([0, 1, 2], 6)
    >>> signature = rng.normal(size=300)
    >>> y = rng.normal(size=(18, 300)) + np.outer(np.array([0.0, 1.0, 0.5])[arm], signature)
    >>> disease, treatment = np.array([0.0, 1.0, np.nan])[arm], np.array([np.nan, 0.0, 1.0])[arm]
    >>> arranged = stats.permutations(treatment[arm > 0], n=999)
    >>> fit = stats.reversal(y, disease, treatment, permutations=arranged)
    >>> bool(fit.score < -0.2), bool(fit.share_low < 0.5 < fit.share_high), bool(fit.p < 0.01)
    (True, True, True)
    """
    if not 0 < level < 1:
        raise StatisticsError("no such confidence level", found=level, expected="a number between 0 and 1, like 0.95")
    values = numbers(y, "y", dimensions=2)
    known = inner.roles(_label(disease, "disease", values), _label(treatment, "treatment", values))
    if values.shape[1] < 3:
        raise StatisticsError("too few features to rank", found=values.shape[1], expected="at least 3")
    inside = np.isfinite(known.treatment)
    if permutations.labels.shape[1] != inside.sum():
        raise StatisticsError(
            "the arrangements are not of the treatment's units",
            found=f"{permutations.labels.shape[1]} units", expected=f"{int(inside.sum())}",
        )  # fmt: skip
    spread = inner.spread(values, known)
    lost, df = _between(known.treatment, values, spread.df)
    scale = np.sqrt(spread.variance(lost, df))
    scale = np.where(scale > 0, scale, np.inf)
    fit = _estimates(values, known, scale, level, seed)
    aligned, studentised = _aligned(values, known, spread, permutations)
    return replace(fit, **_tested(aligned, permutations, studentised=studentised))


def _label(given: ArrayLike, name: str, y: Floats) -> Floats:
    label = np.asarray(given, dtype=np.float64)
    same_length(label, name, len(y))
    return label


def _between(treatment: Floats, y: Floats, df: float) -> tuple[Floats, float]:
    """Return the sum of squares (m,) that lies between the arms of labels (n,), and what df it leaves."""
    n1, n0 = int((treatment == 1).sum()), int((treatment == 0).sum())
    difference = inner.weights(treatment) @ y
    lost: Floats = difference**2 * (n0 * n1 / (n0 + n1))
    return lost, max(df - 1, 1.0)


def _aligned(y: Floats, known: inner.Roles, spread: inner.Spread, permutations: Permutations) -> tuple[Floats, bool]:
    """Return the studentised alignment of the observed arms, then that of each arrangement; False: not studentised."""
    scale = np.sqrt(spread.variance(np.zeros(y.shape[1]), spread.df))
    ready = (y - y.mean(axis=0)) / np.where(scale > 0, scale, np.inf)
    gram = ready @ ready.T
    inside = np.isfinite(known.treatment)
    labels = permutations.labels if permutations.n_distinct > 1 else permutations.labels[:0]
    arranged = np.full((1 + len(labels), len(y)), np.nan)
    arranged[0] = known.treatment
    arranged[1:, inside] = labels
    disease = inner.disease_of(known, arranged)
    plain = inner.alignment(gram, disease, arranged)
    error = inner.alignment_error(gram, disease, arranged)
    known_error = bool(np.isfinite(error).all() and (error > 0).all())
    return (plain / error if known_error else plain), known_error


def _tested(aligned: Floats, permutations: Permutations, *, studentised: bool) -> dict[str, Any]:
    observed, null = aligned[0], aligned[1:]
    if not null.size or np.isnan(observed):
        words = "the one shared unit cannot be told from itself" if null.size else "the arms have one arrangement"
        return {"n_permutations": 0, "p": float("nan"), "smallest_p": 1.0, "status": "too_few", "note": words}
    extra, tie = 0 if permutations.exact else 1, TIE * np.abs(aligned).max()
    below, above = (int((side * null >= side * observed - tie).sum()) for side in (-1, 1))
    p = min(1.0, 2 * (min(below, above) + extra) / (len(null) + extra))
    smallest = 2 * permutations.smallest_p if permutations.exact else 2 / (len(null) + 1)
    note = "" if studentised else "too few units for a standard error: arms are compared without one"
    told = {"n_permutations": len(null), "p": p, "smallest_p": min(smallest, 1.0), "status": "ok", "note": note}
    return told | {"statistic": float(observed)}


def _estimates(y: Floats, known: inner.Roles, scale: Floats, level: float, seed: int) -> ReversalFit:
    labels = inner.halves(known, SPLITS, seed)
    score = float(np.mean(inner.scores(y, scale, labels)))
    share = _share(y, known, scale)
    low, high, share_low, share_high = _intervals(y, known, scale, labels, score, share, level)
    first, mirror = labels[0], labels[-1] if len(labels) == 1 else labels[1]
    effects = [inner.weights(one) @ y for one in (first, mirror)]
    errors = [np.sqrt((inner.weights(one) ** 2).sum(axis=1))[:, None] * scale for one in (first, mirror)]
    z = [effect / error for effect, error in zip(effects, errors, strict=True)]
    both = [np.where(one[0] * one[1] < 0, 1.0, -1.0) * np.minimum(np.abs(one[0]), np.abs(one[1])) for one in z]
    with np.errstate(invalid="ignore"):
        same = (np.sign(z[0]) == np.sign(z[1])).all(axis=0)
        strength = np.where(same, np.where(np.abs(both[0]) < np.abs(both[1]), both[0], both[1]), 0.0)
    leading, following = (_ahead(side * strength) for side in (1, -1))
    nothing = float("nan")
    plain = float(inner.scores(y, scale, np.stack([known.disease, known.treatment])[None])[0])
    return ReversalFit(
        score, low, high, share, share_low, share_high, plain, nothing, nothing, 0, nothing,
        int(known.shared.sum()), "ok", "", disease=effects[0][0], treatment=effects[0][1], disease_z=z[0][0],
        treatment_z=z[0][1], strength=strength, leading=leading, following=following,
    )  # fmt: skip


def _ahead(strength: Floats) -> tuple[int, ...]:
    beyond = np.flatnonzero(strength > LEADS)
    return tuple(int(j) for j in beyond[np.argsort(-strength[beyond], kind="stable")])


def _share(y: Floats, known: inner.Roles, scale: Floats) -> float:
    """Return the part of the signature that is moved back, the noise of shared units taken off."""
    d, t = inner.weights(np.stack([known.disease, known.treatment]))
    effect_d, effect_t = (d @ y) / scale, (t @ y) / scale
    noise = inner.cell_variances(y, known) / scale**2
    above = float((effect_d * effect_t - (d * t) @ noise).sum())
    below = float((effect_d**2 - (d * d) @ noise).sum())
    return -above / below if below > 0 else float("nan")


def _intervals(
    y: Floats, known: inner.Roles, scale: Floats, labels: Floats, score: float, share: float, level: float
) -> tuple[float, float, float, float]:
    """Return low and high of score and share, by leaving out one unit of a cell at a time."""
    from scipy.special import stdtrit

    counted = np.isfinite(known.disease) | np.isfinite(known.treatment)
    cells, sizes = np.unique(known.cell[counted], return_counts=True)
    shared = np.array([known.shared[known.cell == one].any() for one in cells])
    if (sizes < np.where(shared, 4, 3)).any():
        return (float("nan"),) * 4
    variance = np.zeros(2)
    for one, size in zip(cells, sizes, strict=True):
        left = np.array([_without(y, known, scale, labels, int(i)) for i in np.flatnonzero(known.cell == one)])
        variance += (size - 1) / size * ((left - left.mean(axis=0)) ** 2).sum(axis=0)
    reach = stdtrit(float(sizes.sum() - sizes.size), (1 + level) / 2) * np.sqrt(variance)
    ends = [(centre - own, centre + own) for centre, own in zip((score, share), reach, strict=True)]
    (low, high), (share_low, share_high) = ends
    return max(low, -1.0), min(high, 1.0), share_low, share_high


def _without(y: Floats, known: inner.Roles, scale: Floats, labels: Floats, unit: int) -> tuple[float, float]:
    keep = np.arange(len(y)) != unit
    cut = inner.Roles(known.disease[keep], known.treatment[keep], known.cell[keep], known.of_arm)
    return float(np.nanmean(inner.scores(y[keep], scale, labels[:, :, keep]))), _share(y[keep], cut, scale)


__all__: list[str] = ["ReversalFit", "reversal"]
