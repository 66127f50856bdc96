"""What a genome can reach: reactions it carries, what they make of a medium, the shortest way to a molecule."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from commensal.knowledge.reactions import Reaction, layer, medium_compounds

if TYPE_CHECKING:
    import pandas as pd

State = Literal["genes", "weak", "ec", "inferred", "missing"]
#: How much a step counts by what says that it is there.
WEIGHTS: dict[str, float] = {"genes": 1.0, "weak": 0.7, "ec": 0.7, "inferred": 0.5, "missing": 0.0}
#: What a step costs in the search for the way with the fewest steps missing, then the fewest inferred, then the fewest.
_COSTS: dict[str, float] = {"genes": 1.0, "weak": 50.0, "ec": 50.0, "inferred": 2_000.0, "missing": 1_000_000.0}


@dataclass(frozen=True, slots=True)
class Carried:
    """Whether a genome carries a reaction, and by what.

    Parameters
    ----------
    reaction
        The reaction.
    state
        ``genes`` (KO numbers of a whole enzyme), ``weak`` (likewise, but the gene says little), ``ec`` (EC numbers
        only), ``inferred`` (no gene is asked for) or ``missing``.
    by
        The KO or EC numbers that carry it.
    part
        Where it is missing: subunits that are there while others are not.
    """

    reaction: Reaction
    state: State
    by: tuple[str, ...] = ()
    part: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """What can be made of a medium.

    Parameters
    ----------
    medium
        The molecules given.
    compounds
        Molecule → round in which it is reached: 0 for what is given or taken for granted in every cell.
    reactions
        Ids of the reactions that could run, in the order in which they could.
    """

    medium: tuple[str, ...]
    compounds: Mapping[str, int]
    reactions: tuple[str, ...]

    def table(self) -> pd.DataFrame:
        """One row per molecule reached: ``compound``, ``round``."""
        import pandas as pd

        return pd.DataFrame({"compound": list(self.compounds), "round": list(self.compounds.values())})


def carried(kos: Collection[str], ecs: Collection[str] = ()) -> Mapping[str, Carried]:
    """Say of every shipped reaction whether KO and EC numbers carry it.

    Examples
    --------
    >>> carried({"K00278"})["nadB"].state, carried((), {"1.4.3.16"})["nadB"].state
    ('genes', 'ec')
    """
    return _carried(frozenset(kos), frozenset(ecs))


@lru_cache(maxsize=256)
def _carried(kos: frozenset[str], ecs: frozenset[str]) -> Mapping[str, Carried]:
    return {name: _one(reaction, kos, ecs) for name, reaction in layer().reactions.items()}


def _one(reaction: Reaction, kos: frozenset[str], ecs: frozenset[str]) -> Carried:
    for wanted in reaction.alternatives:
        if kos.issuperset(wanted):
            return Carried(reaction, "weak" if reaction.weak else "genes", wanted)
    for wanted in reaction.ecs:
        if ecs.issuperset(wanted) and not any("-" in number for number in wanted):
            return Carried(reaction, "ec", wanted)
    if reaction.inferred:
        return Carried(reaction, "inferred")
    part = {ko for wanted in reaction.alternatives for ko in wanted if ko in kos}
    return Carried(reaction, "missing", (), tuple(sorted(part)))


def scope(
    kos: Collection[str],
    *,
    ecs: Collection[str] = (),
    medium: str | Collection[str] = "gut",
    without: str | None = None,
) -> Scope:
    """Expand what a genome can make of a medium, round by round, until nothing new comes.

    A reaction runs once all of its main substrates are there; cofactors, and what every growing cell has, are taken
    for granted. A reversible reaction runs both ways.

    Parameters
    ----------
    kos, ecs
        KO and EC numbers of the genome.
    medium
        A medium that ships (``gut``, ``minimal``), or a list of molecules and names of media.
    without
        A molecule taken out of what is given, to ask whether it can be made.

    Raises
    ------
    UsageError
        No medium of this name ships.

    References
    ----------
    Handorf, Ebenhöh, Heinrich (2005), doi:10.1007/s00239-005-0027-1

    Examples
    --------
    >>> reached = scope({"K00278", "K03517", "K00767"}, medium="minimal")
    >>> reached.compounds["nicotinate mononucleotide"], "NAD" in reached.compounds
    (3, False)
    """
    given = tuple(name for name in medium_compounds(medium) if name != without)
    seeds = [name for name in (*given, *layer().cell) if name != without]
    edges = [(reaction.id, use, make) for reaction, use, make in directed(carried(kos, ecs).values())]
    reached = dict.fromkeys(seeds, 0)
    ran: dict[str, None] = {}
    step, waiting = 0, edges
    while True:
        step += 1
        ready = [edge for edge in waiting if all(name in reached for name in edge[1])]
        if not ready:
            return Scope(given, reached, tuple(ran))
        waiting = [edge for edge in waiting if edge not in ready]
        for name, _, make in ready:
            ran.setdefault(name)
            for compound in make:
                reached.setdefault(compound, step)


def directed(
    ones: Collection[Carried], *, missing: bool = False
) -> list[tuple[Reaction, tuple[str, ...], tuple[str, ...]]]:
    """Return (reaction, what it uses, what it makes) for each way that reactions can run."""
    ways = []
    for one in ones:
        if one.state == "missing" and not missing:
            continue
        ways.append((one.reaction, one.reaction.substrates, one.reaction.products))
        if one.reaction.reversible:
            ways.append((one.reaction, one.reaction.products, one.reaction.substrates))
    return ways


def route(state: Mapping[str, Carried], seeds: Collection[str], target: str) -> tuple[str, ...]:
    """Return the way from what is given to a molecule that misses the fewest steps, in the order of its steps.

    Knuth's generalisation of Dijkstra's search to reactions with several substrates; a molecule needed twice is
    counted twice in the search (and once in the way).

    Returns
    -------
    tuple of str
        Ids of reactions; empty where no reaction that ships leads there.

    References
    ----------
    Knuth (1977), doi:10.1016/0020-0190(77)90002-3
    """
    ways = directed(state.values(), missing=True)
    waits = [set(use) for _, use, _ in ways]
    users: dict[str, list[int]] = {}
    for at, (_, use, _) in enumerate(ways):
        for name in use:
            users.setdefault(name, []).append(at)
    best: dict[str, tuple[float, int]] = {}
    heap: list[tuple[float, str, int]] = [(0.0, name, -1) for name in sorted(set(seeds))]
    heapq.heapify(heap)
    while heap:
        cost, name, by = heapq.heappop(heap)
        if name in best:
            continue
        best[name] = (cost, by)
        if name == target:
            break
        for at in users.get(name, ()):
            waits[at].discard(name)
            if not waits[at]:
                reaction, use, make = ways[at]
                total = _COSTS[state[reaction.id].state] + sum(best[one][0] for one in set(use))
                for product in make:
                    if product not in best:
                        heapq.heappush(heap, (total, product, at))
    return _traced(ways, best, target) if target in best else ()


def _traced(
    ways: list[tuple[Reaction, tuple[str, ...], tuple[str, ...]]], best: Mapping[str, tuple[float, int]], target: str
) -> tuple[str, ...]:
    """Follow a molecule back to what is given; earlier steps first."""
    done: set[str] = set()
    order: dict[str, None] = {}

    def visit(name: str) -> None:
        by = best[name][1]
        if name in done or by < 0:
            return
        done.add(name)
        reaction, use, _ = ways[by]
        for one in use:
            visit(one)
        order.setdefault(reaction.id)

    visit(target)
    return tuple(order)
