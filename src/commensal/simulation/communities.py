"""Simulated gut communities: species, their counts in stool, their tree, and what was planted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commensal.simulation.names import DEPLETED, ENRICHED, VANISHING, species_names
from commensal.simulation.people import People

#: Standard deviations on the natural-log scale: of species means, of households, of people.
SPECIES_SD, HOUSEHOLD_SD, PERSON_SD = 1.6, 0.8, 0.9
#: Share of the latent carriage variance that a household shares, and of species with a household effect.
SHARED_CARRIAGE, SHARED_SPECIES = 0.35, 0.5
SHALLOWEST, DEEPEST = 8_000, 80_000


@dataclass(frozen=True, slots=True)
class Communities:
    """Counts of n people in m species, and the truth about each species (m,)."""

    names: tuple[str, ...]
    families: tuple[str, ...]
    phyla: tuple[str, ...]
    counts: NDArray[np.int64]  #: (n, m)
    log2_fold: NDArray[np.float64]  #: planted change of absolute abundance where present, patients against others
    presence: NDArray[np.float64]  #: planted change of the share of people who carry the species
    newick: str


def communities(
    rng: np.random.Generator,
    people: People,
    *,
    species: int,
    changed: int,
    abundance_effect: float,
    prevalence_effect: float,
    richness_effect: float,
) -> Communities:
    """Draw counts: carriage (latent normal) × log-normal abundance, read by a multinomial of varying depth.

    Parameters
    ----------
    rng
        The only source of chance; as many draws are made whatever the effects are.
    people
        Who is sampled.
    species
        Number of species m.
    changed
        Number of species with a planted change of abundance: the first half falls, the rest rises.
    abundance_effect
        Size of that change, log2.
    prevalence_effect
        Share of its carriers that one species loses among patients.
    richness_effect
        Share of their carriers that the rarer third of the species loses among patients.
    """
    from scipy.special import ndtr, ndtri  # late: every verb would wait for it

    listed = species_names(species)
    names = tuple(row[0] for row in listed)
    mean = _species_means(rng, names)
    prevalence = ndtr(1.1 + 0.75 * mean)
    fold, lost = _planted(names, mean, changed, abundance_effect, prevalence_effect, richness_effect)

    n, m, block = people.n, species, people.block
    carriage = np.sqrt(SHARED_CARRIAGE) * rng.normal(size=(block.max() + 1, m))[block]
    carriage = carriage + np.sqrt(1 - SHARED_CARRIAGE) * rng.normal(size=(n, m))
    share = prevalence * (1 - lost * people.patient[:, None])
    present = carriage < ndtri(share)

    household = rng.normal(size=(block.max() + 1, m))[block] * HOUSEHOLD_SD * (rng.random(m) < SHARED_SPECIES)
    diet = rng.normal(0, 0.25, size=m) * ((people.fibre - people.fibre.mean()) / people.fibre.std())[:, None]
    log_abundance = mean + household + diet + rng.normal(0, PERSON_SD, size=(n, m))
    log_abundance = log_abundance + np.log(2) * fold * people.patient[:, None]
    amount = np.exp(log_abundance) * present
    depth = np.exp(rng.uniform(np.log(SHALLOWEST), np.log(DEEPEST), size=n)).astype(np.int64)
    counts = np.stack([rng.multinomial(depth[i], amount[i] / amount[i].sum()) for i in range(n)])
    return Communities(
        names=names,
        families=tuple(row[1] for row in listed),
        phyla=tuple(row[2] for row in listed),
        counts=counts.astype(np.int64),
        log2_fold=fold,
        presence=-prevalence * lost,
        newick=newick(rng, listed),
    )


def _species_means(rng: np.random.Generator, names: tuple[str, ...]) -> NDArray[np.float64]:
    """Log mean abundance of each species: log-normal ranks, species that can be planted among the common ones."""
    mean = np.sort(rng.normal(0, SPECIES_SD, size=len(names)))[::-1]
    order = rng.permutation(len(names))
    common = np.arange(2, 2 + len(DEPLETED) + len(ENRICHED))
    planted = dict(zip((*DEPLETED, *ENRICHED), rng.permutation(common), strict=True))
    planted[VANISHING] = max(common[-1] + 1, int(0.3 * len(names)))
    rest = iter([int(i) for i in order if i not in set(planted.values())])
    return np.array([mean[planted[name]] if name in planted else mean[next(rest)] for name in names])


def _planted(
    names: tuple[str, ...],
    mean: NDArray[np.float64],
    changed: int,
    abundance_effect: float,
    prevalence_effect: float,
    richness_effect: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Log2 fold change (m,) and share of carriers lost (m,) of each species."""
    down, up = DEPLETED[: (changed + 1) // 2], ENRICHED[: changed // 2]
    fold = np.array([abundance_effect * ((name in up) - (name in down)) for name in names], dtype=float)
    rare = mean <= np.quantile(mean, 1 / 3)
    lost = np.where(rare, richness_effect, 0.0)
    lost[names.index(VANISHING)] = prevalence_effect
    return fold, lost


def newick(rng: np.random.Generator, listed: list[tuple[str, str, str]]) -> str:
    """Return a Newick tree with the families as clades within phyla; tips are species."""
    phyla: dict[str, dict[str, list[str]]] = {}
    for species, family, phylum in listed:
        phyla.setdefault(phylum, {}).setdefault(family, []).append(species)

    def length(low: float, high: float) -> str:
        return f"{rng.uniform(low, high):.4f}"

    clades = []
    for families in phyla.values():
        branches = []
        for tips in families.values():
            leaves = ",".join(f"'{tip}':{length(0.05, 0.25)}" for tip in tips)
            branches.append(f"({leaves}):{length(0.1, 0.3)}")
        clades.append(f"({','.join(branches)}):{length(0.2, 0.5)}")
    # A rooted tree has two branches at its base.
    while len(clades) > 2:
        last, before = clades.pop(), clades.pop()
        clades.append(f"({before},{last}):{length(0.02, 0.1)}")
    return f"({','.join(clades)});"
