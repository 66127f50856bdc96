"""Simulated outcomes of mice over time: latencies with a ceiling, forces, weights, scores and counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from commensal.simulation.animal_plan import LAST, START, Group, Plan
from commensal.simulation.mice import ONSET_MEAN, ONSET_SD, Mice, shared_scores

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One measure: its scale, its spread, and what the disease takes from it."""

    name: str
    kind: Literal["latency", "level", "weight", "score", "count"]
    better: Literal["higher", "lower"]
    unit: str
    level: float  #: of a healthy animal at the start, on the latent scale
    between: float  #: SD between animals, cages included, latent
    within: float  #: SD of an animal's measurements around its own course, latent
    drift: float  #: SD between animals, cages included, of what an animal gains from the first to the last age, latent
    loss: float  #: lost per day from onset on, latent
    growth: float = 0.0  #: gained per day by everybody, latent
    male: float = 0.0  #: how far males differ, latent
    ceiling: float | None = None
    margin: float | None = None  #: a smaller difference does not matter, in the unit
    digits: int = 0

    @property
    def sd(self) -> float:
        """Standard deviation of one measurement of one animal at the first age, latent: a unit of planted effects."""
        chance = np.pi / np.sqrt(3) if self.kind == "score" else 0.0  # of a standard logistic variable
        return float(np.sqrt(self.between**2 + self.within**2 + chance**2))

    @property
    def sign(self) -> float:
        """The direction that is better."""
        return 1.0 if self.better == "higher" else -1.0


#: A study has the first few of these. Latent scales: the unit itself; log odds of a score; log of a count's mean.
OUTCOMES = (
    Outcome("rotarod", "latency", "higher", "s", 270, 25, 20, 20, 2.5, ceiling=300, margin=20),
    Outcome("score", "score", "lower", "points", -2.5, 0.8, 0.0, 0.6, 0.08, margin=0.5),
    Outcome("weight", "weight", "higher", "g", 21, 1.3, 0.6, 1.0, 0.07, growth=0.03, male=4.0, margin=1.0, digits=1),
    Outcome("missteps", "count", "lower", "missteps", 1.2, 0.3, 0.2, 0.25, 0.02, margin=1.0),
    Outcome("grip", "level", "higher", "N", 1.2, 0.09, 0.08, 0.08, 0.01, margin=0.1, digits=3),
    Outcome("stride", "level", "higher", "cm", 6.5, 0.4, 0.35, 0.35, 0.03, margin=0.4, digits=2),
)
#: A score of k or more has the log odds of the latent value minus the k-th of these: 0 to 4 points.
CUTS = (0.0, 1.5, 3.0, 4.5)
#: Largest log mean of a count.
MOST = 4.5


@dataclass(frozen=True, slots=True)
class Measurements:
    """What was measured; each array has one entry per animal and age at which it was there (r)."""

    animal: NDArray[np.int64]
    age: Array
    values: dict[str, Array]  #: measure → (r,)


def measurements(rng: np.random.Generator, plan: Plan, mice: Mice) -> Measurements:
    r"""Draw every measure of every animal at every age until it leaves.

    With :math:`s` and :math:`s'` normal scores of an animal (part of them its cage's), the latent course is

    .. math::

        \eta_i(t) = \mu + \gamma\,(t - 40) + \sigma_b s_i - \lambda\,(t - o_i)_+
        + (\delta_g \sigma + \sigma_d s'_i)\,\frac{(t - 40)_+}{90} + \varepsilon_{it},

    :math:`o_i` the onset, :math:`\delta_g` the group's effect in standard deviations :math:`\sigma` of a measurement.
    A latency is :math:`\eta` cut at 0 and at its ceiling; a score of :math:`k` or more has log odds
    :math:`\eta - c_k`; a count is Poisson with mean :math:`e^\eta`. Losses and effects go the way that is worse and
    better for the measure.
    """
    ages = plan.ages
    ramp = np.clip((ages - START) / (LAST - START), 0, None)
    past = np.nan_to_num(np.clip(ages[None, :] - mice.onset[:, None], 0, None))
    shift = np.array([plan.groups[at].measures for at in mice.group])
    there = ages[None, :] < mice.exit[:, None]
    animal, time = np.nonzero(there)
    values = {}
    for outcome in OUTCOMES[: plan.measures]:
        level, drift = shared_scores(rng, plan, mice.cage, mice.litter, 2).T[:, :, None]
        latent = outcome.level + outcome.growth * (ages - START) + outcome.between * level
        latent = latent + outcome.drift * drift * ramp
        latent = latent + outcome.male * ~mice.female[:, None] - outcome.sign * outcome.loss * past
        latent = latent + outcome.sign * outcome.sd * shift[:, None] * ramp
        latent = latent + outcome.within * rng.normal(size=latent.shape)
        values[outcome.name] = _observed(rng, outcome, latent)[animal, time]
    return Measurements(animal.astype(np.int64), ages[time], values)


def _observed(rng: np.random.Generator, outcome: Outcome, latent: Array) -> Array:
    if outcome.kind == "score":
        chance = rng.logistic(size=latent.shape)
        return np.asarray(sum((latent + chance > cut).astype(float) for cut in CUTS), dtype=np.float64)
    if outcome.kind == "count":
        return _poisson(rng.random(size=latent.shape), np.exp(np.minimum(latent, MOST)))
    shown = np.clip(latent, 0, outcome.ceiling)
    return np.asarray(np.round(shown, outcome.digits), dtype=np.float64)


def _poisson(chance: Array, mean: Array) -> Array:
    """Poisson quantiles: a draw per number of chance, so that a mean that differs moves no other animal's draw."""
    count, term = np.zeros_like(mean), np.exp(-mean)
    below = term.copy()
    for k in range(1, 2 * int(np.exp(MOST))):
        more = chance > below
        if not more.any():
            break
        count += more
        term = term * mean / k
        below += term
    return count


def planted(outcome: Outcome, group: Group) -> float:
    """Return the group's planted change of a measure at the last age, on the latent scale, in the measure's direction.

    Examples
    --------
    >>> helped = Group("SOD1", "a strain", "strain", measures=1.0)
    >>> round(planted(OUTCOMES[0], helped), 1), round(planted(OUTCOMES[1], helped), 1)
    (32.0, -2.0)
    """
    return outcome.sign * outcome.sd * group.measures


def expected(outcome: Outcome, shift: float, age: float, diseased: bool = True) -> float:
    """Return the mean of what is read of a measure at an age, over all animals of a group as if none had died.

    Ceilings, floors and cuts are in it, so that a difference of two such means is what a comparison of the values as
    they stand estimates. Integrated over onset, animals and measurements by Gauss and Hermite's rule; half are males.

    Parameters
    ----------
    outcome
        The measure.
    shift
        Planted change at this age, on the latent scale.
    age
        Days.
    diseased
        Whether these animals carry the disease.

    Examples
    --------
    A latency whose ceiling is 300 s, of animals that could stay for 270 s on average:

    >>> round(expected(OUTCOMES[0], 0.0, 40.0), 1)
    267.0
    """
    node, weight = np.polynomial.hermite_e.hermegauss(80)
    weight = weight / weight.sum()
    drift = outcome.drift * max(0.0, (age - START) / (LAST - START))
    spread = float(np.sqrt(outcome.between**2 + outcome.within**2 + drift**2))
    past = np.clip(age - ONSET_MEAN - ONSET_SD * node, 0, None) if diseased else np.zeros_like(node)
    start = outcome.level + outcome.growth * (age - START) + outcome.male / 2 + shift
    # Males differ in weight alone, which is read as it is: their half enters by the mean.
    latent = start - outcome.sign * outcome.loss * past[:, None] + spread * node[None, :]
    if outcome.kind == "score":
        seen = sum(1 / (1 + np.exp(cut - latent)) for cut in CUTS)
    elif outcome.kind == "count":
        seen = np.exp(np.minimum(latent, MOST))
    else:
        seen = np.clip(latent, 0, outcome.ceiling)
    return float(weight @ seen @ weight)
