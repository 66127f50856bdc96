"""Simulated genes of a community: which species carry which, and how many copies a person's community has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commensal.knowledge import pathways
from commensal.simulation.communities import Communities
from commensal.simulation.names import DEPLETED

#: The pathway whose genes are carried by the species that can fall, and by few others.
SUPPRESSED = "nad_de_novo"
#: Share of the species that carry a step of another pathway, and of the others that carry the pathway above.
CARRIED, ELSEWHERE = 0.3, 0.08
#: Genes that belong to no pathway here, carried by most species.
OTHERS = 80
#: Log standard deviation of a gene's copies in a person, beyond what the species say.
NOISE = 0.15


@dataclass(frozen=True, slots=True)
class Genes:
    """Copies per genome of k genes in n people, whole and split by species."""

    ids: tuple[str, ...]  #: KO numbers
    names: tuple[str, ...]
    whole: NDArray[np.float64]  #: (n, k)
    split: tuple[tuple[str, str], ...]  #: (gene, species) of the genes of NAD's pathways
    parts: NDArray[np.float64]  #: (n, len(split)); the parts of a gene sum to the gene


def genes(rng: np.random.Generator, stool: Communities, *, routes: Sequence[str] = (SUPPRESSED,)) -> Genes:
    """Draw who carries what; the copies follow from the community, so a gene falls because its carriers do.

    Parameters
    ----------
    rng
        The only source of chance; as many draws are made whatever the effects are.
    stool
        The community whose genes they are.
    routes
        Pathways whose genes the species carry that can fall, and few others.
    """
    steps = {step.id: (step, pathway) for pathway in pathways().values() for step in pathway.steps}
    listed = {ko: step.name for step, _ in steps.values() for ko in step.alternatives[0]}
    own = {ko for route in routes for step in pathways()[route].steps for ko in step.alternatives[0]}
    nad = [ko for step, pathway in steps.values() if pathway.family == "NAD" for ko in step.alternatives[0]]
    others = [f"K{number:05d}" for number in range(2860, 2860 + OTHERS)]
    ids = (*listed, *(ko for ko in others if ko not in listed))
    names = tuple(listed.get(ko, "ribosomal or another common protein") for ko in ids)
    falls = np.isin(stool.names, DEPLETED)
    carried = np.zeros((len(stool.names), len(ids)))
    # a species that carries a route carries all of it
    route = falls | (rng.random(len(stool.names)) < ELSEWHERE)
    for j, ko in enumerate(ids):
        random = rng.random(len(stool.names))
        share = CARRIED if ko in listed else 0.9
        carried[:, j] = route if ko in own else random < share
    copies = carried * rng.choice([1.0, 2.0], p=[0.85, 0.15], size=carried.shape)
    share = stool.counts / stool.counts.sum(axis=1, keepdims=True)
    noise = np.exp(NOISE * rng.normal(size=(len(share), len(ids))))
    whole = (share @ copies) * noise
    place = {ko: j for j, ko in enumerate(ids)}
    split, parts = [], []
    for ko in dict.fromkeys(nad):
        for s in np.flatnonzero(copies[:, place[ko]]):
            split.append((ko, stool.names[s]))
            parts.append(share[:, s] * copies[s, place[ko]] * noise[:, place[ko]])
    return Genes(ids, names, whole, tuple(split), np.column_stack(parts))
