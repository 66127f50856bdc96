"""Simulated RNA of a tissue: counts of genes, a signature of disease, and what a treatment takes back of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commensal.simulation.animal_plan import INFUSED, TOP_DOSE, Plan
from commensal.simulation.mice import Mice

Array = NDArray[np.float64]

#: Share of genes in the disease's signature, and of these the share that the treatment takes back.
SIGNATURE, TAKEN_BACK = 0.12, 0.6
#: Animals of a group whose tissue is taken.
TISSUES = 6
#: Reads of a sample, lowest and highest; spread of the genes' means, natural log; how much cages differ, log2.
SHALLOW, DEEP, GENE_SD, CAGE_SD = 2e5, 6e5, 1.6, 0.15
SET_SIZE = 25


@dataclass(frozen=True, slots=True)
class Tissue:
    """Counts of r animals in m genes, and the truth about each gene (m,)."""

    genes: tuple[str, ...]
    animal: NDArray[np.int64]  #: (r,)
    age: Array  #: (r,) at the end point, days
    counts: NDArray[np.int64]  #: (r, m)
    log2_fold: Array  #: diseased minus healthy, untreated
    taken_back: Array  #: treated minus vehicle at the top dose
    sets: dict[str, tuple[str, ...]]  #: name → genes


def tissue(rng: np.random.Generator, plan: Plan, mice: Mice) -> Tissue:
    r"""Draw negative binomial counts of the untreated and infused groups' tissue at their end point.

    The log2 mean of gene :math:`g` is :math:`\mu_g + u_{cg} + f_g D - \rho f_g b_g D x`, with :math:`u` the cage's
    part, :math:`D` 1 in disease, :math:`b` 1 for the genes that the treatment takes back, :math:`x` the dose as a
    share of the highest, and :math:`\rho` the option ``reversal``. Dispersion falls with the mean, as in real tissue:
    :math:`0.03 + 2 / \mu`.
    """
    m = plan.genes
    genes = tuple(f"Gene{number:05d}" for number in range(1, m + 1))
    mean = rng.normal(0, GENE_SD, size=m)
    order = rng.permutation(m)
    size = max(10, round(SIGNATURE * m))
    signature = order[:size]
    fold, back = np.zeros(m), np.zeros(m)
    fold[signature] = plan.gene_effect * np.where(np.arange(size) % 2, 1.0, -1.0) * rng.uniform(0.6, 1.4, size=size)
    # Alternate directions stay balanced among those taken back, which are the first of the signature.
    taken = signature[: round(TAKEN_BACK * size)]
    back[taken] = -plan.reversal * fold[taken]
    animal = _whose(plan, mice)
    ill = np.array([plan.groups[at].diseased for at in mice.group])[animal]
    given = [one.dose if one.gives == INFUSED else 0.0 for one in plan.groups]
    dose = np.array([given[at] for at in mice.group])[animal] / TOP_DOSE
    of_cage = rng.normal(0, CAGE_SD, size=(int(mice.cage.max()) + 1, m))[mice.cage[animal]]
    log2 = of_cage + np.outer(ill, fold) + np.outer(ill * dose, back)
    share = np.exp(mean) * np.exp2(log2)
    depth = np.exp(rng.uniform(np.log(SHALLOW), np.log(DEEP), size=animal.size)) * m / 1000
    expected = depth[:, None] * share / np.exp(mean).sum()
    dispersion = 0.03 + 2 / np.maximum(depth.mean() * np.exp(mean) / np.exp(mean).sum(), 1)
    counts = rng.poisson(expected * rng.gamma(1 / dispersion, dispersion, size=expected.shape))
    age = np.round(mice.exit[animal])
    return Tissue(genes, animal, age, counts.astype(np.int64), fold, back, _sets(genes, fold, back, order))


def _whose(plan: Plan, mice: Mice) -> NDArray[np.int64]:
    """Animals whose tissue is taken: the first of each group that reached an end point, one of each cage in turn."""
    chosen: list[int] = []
    for at, group in enumerate(plan.groups):
        if group.part not in ("untreated", "infusion"):
            continue
        ended = (mice.exit < mice.found_dead) & (mice.exit < mice.removed)
        chosen += np.flatnonzero((mice.group == at) & ended)[:TISSUES].tolist()
    return np.array(chosen, dtype=np.int64)


def _sets(genes: tuple[str, ...], fold: Array, back: Array, order: NDArray[np.int64]) -> dict[str, tuple[str, ...]]:
    """Choose sets of genes: of the signature by direction, of what is taken back, and of genes that nothing changes."""
    chosen = {
        "rises_in_disease": np.flatnonzero(fold > 0),
        "falls_in_disease": np.flatnonzero(fold < 0),
        "falls_again_when_infused": np.flatnonzero(back < 0),
    }
    rest = order[fold[order] == 0]
    for number in range(min(8, rest.size // SET_SIZE)):
        chosen[f"unchanged_{number + 1}"] = np.sort(rest[number * SET_SIZE : (number + 1) * SET_SIZE])
    return {name: tuple(genes[at] for at in own[:200]) for name, own in chosen.items() if own.size}
