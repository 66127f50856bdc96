"""Can this genome make, release or use up a molecule? A verdict with its genes, its reasons and what is not known."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from commensal.knowledge.reactions import Reaction, known_compounds, layer, medium_compounds
from commensal.knowledge.scope import WEIGHTS, Carried, carried, route

if TYPE_CHECKING:
    import pandas as pd

Verdict = Literal["makes", "releases", "consumes", "makes and consumes", "cannot", "unknown"]
Evidence = Literal["genes", "model", "culture"]
VERDICTS: tuple[str, ...] = ("makes", "makes and consumes", "releases", "consumes", "cannot", "unknown")
#: States of a step that rest on a gene of this genome.
BY_GENE = ("genes", "weak", "ec")
#: Below so many KO numbers a genome's annotation is hardly whole, and what is missing says little.
FEW = 200


@dataclass(frozen=True, slots=True)
class Capability:
    """What a genome can do about one molecule.

    Parameters
    ----------
    compound, medium
        The molecule, and what the cell is given.
    verdict
        ``makes`` (anew, all steps there), ``releases`` (sets free or converts what it was given ready-made),
        ``consumes``, ``makes and consumes``, ``cannot`` or ``unknown``.
    score
        0–1: the mean weight of the steps to the molecule (1 by KO, 0.7 by EC or a gene that says little, 0.5 inferred,
        0 missing); halved where a step is missing or the molecule is only released, and again where it is used up.
    present, missing
        Steps of the best way to it: id → name.
    genes
        KO (or EC) numbers that the verdict rests on.
    reasons, unknown
        Sentences: why, and what is not known.
    evidence
        What decided: ``genes``, ``model`` or ``culture``.
    consuming
        Steps that use it up: id → name.
    """

    compound: str
    verdict: Verdict
    score: float
    present: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    genes: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    evidence: Evidence = "genes"
    medium: str = "gut"
    consuming: Mapping[str, str] = field(default_factory=dict)

    def table(self) -> pd.DataFrame:
        """One row per step: ``step``, ``name``, ``state`` (present, missing or consuming)."""
        import pandas as pd

        parts = (("present", self.present), ("missing", self.missing), ("consuming", self.consuming))
        rows = [(step, name, state) for state, steps in parts for step, name in steps.items()]
        return pd.DataFrame(rows, columns=["step", "name", "state"])


def capability(
    kos: Collection[str],
    compound: str,
    *,
    ecs: Collection[str] = (),
    medium: str | Collection[str] = "gut",
    named: Mapping[str, Sequence[str]] | None = None,
) -> Capability:
    """Judge whether a genome can make, release or use up a molecule.

    The best way to the molecule from what the medium gives is the one that misses the fewest steps; the molecule
    itself, and molecules of the same pool (nicotinate for nicotinamide), are first taken out of the medium, so that
    ``makes`` means anew. What the genome can is annotation, not activity.

    Parameters
    ----------
    kos, ecs
        KO numbers of the genome, and EC numbers of genes that have none. EC numbers alone are weaker: what is missing
        then says nothing.
    compound
        The molecule, by the name that the shipped reactions use; of another one nothing is known.
    medium
        A medium that ships (``gut``, ``minimal``), or a list of molecules and names of media.
    named
        KO or EC number → names of the genes that carry it, for the sentences.

    Raises
    ------
    UsageError
        No medium of this name ships.

    Examples
    --------
    >>> whole = {"K00278", "K03517", "K00767", "K00969", "K01950"}
    >>> capability(whole, "nicotinamide").verdict, capability(whole | {"K08281"}, "nicotinamide").verdict
    ('makes', 'makes and consumes')
    >>> capability({"K00763", "K00969", "K01950", "K12410"}, "nicotinamide").verdict
    'releases'
    """
    called = medium if isinstance(medium, str) else "own list"
    given = medium_compounds(medium)
    if not kos and not ecs:
        return _nothing(compound, called, "the genome has no annotation: not the same as unable")
    if compound not in known_compounds():
        return _nothing(compound, called, "no reaction that ships makes or uses it")
    state = carried(kos, ecs)
    ways = _Ways.of(state, compound, given)
    using = [one for one in state.values() if _uses(one, compound)]
    verdict = _verdict(ways, bool(using), bool(kos))
    told = _Told(state, named or {})
    way = ways.best
    return Capability(
        compound,
        verdict,
        _score(ways, bool(using)),
        {step: state[step].reaction.name for step in way if state[step].state != "missing"},
        {step: state[step].reaction.name for step in way if state[step].state == "missing"},
        tuple(dict.fromkeys(gene for one in (*(state[step] for step in way), *using) for gene in one.by)),
        (*told.reasons(ways, using), *_annotated(kos, ecs)),
        told.unknown(ways, compound, kos),
        medium=called,
        consuming={one.reaction.id: one.reaction.name for one in using},
    )


def _nothing(compound: str, medium: str, why: str) -> Capability:
    return Capability(compound, "unknown", 0.0, unknown=(why,), medium=medium)


@dataclass(frozen=True, slots=True)
class _Ways:
    """The best ways to a molecule: anew, and from ready-made members of its pool; empty where there is none."""

    anew: tuple[Carried, ...]
    kept: tuple[Carried, ...]

    @staticmethod
    def of(state: Mapping[str, Carried], compound: str, given: Sequence[str]) -> _Ways:
        pool = {compound}.union(*(members for members in layer().pools.values() if compound in members))
        seeds = {*given, *layer().cell}
        anew = _steps(state, seeds - pool, compound)
        kept = _steps(state, seeds - {compound}, compound) if seeds & pool else ()
        held = layer().coenzymes & pool - {compound}
        if held and not (_whole(kept) and kept[-1].state in BY_GENE):
            # every growing cell has them, though the steps to them are not all found
            kept = _steps(state, seeds | held, compound) or kept
        return _Ways(anew, kept)

    @property
    def makes(self) -> bool:
        return _whole(self.anew) and any(one.state in BY_GENE for one in self.anew)

    @property
    def releases(self) -> bool:
        return _whole(self.kept) and self.kept[-1].state in BY_GENE

    @property
    def best(self) -> tuple[str, ...]:
        way = self.kept if (self.releases and not self.makes) or not self.anew else self.anew
        return tuple(one.reaction.id for one in way)


def _steps(state: Mapping[str, Carried], seeds: Collection[str], compound: str) -> tuple[Carried, ...]:
    return tuple(state[step] for step in route(state, set(seeds) - {compound}, compound))


def _whole(way: Sequence[Carried]) -> bool:
    return bool(way) and all(one.state != "missing" for one in way)


def _uses(one: Carried, compound: str) -> bool:
    """Say whether a gene of this genome uses the molecule up, one way only."""
    reaction = one.reaction
    if one.state not in BY_GENE or reaction.reversible or reaction.role == "transport":
        return False
    return compound in reaction.substrates


def _verdict(ways: _Ways, uses: bool, by_ko: bool) -> Verdict:
    if ways.makes:
        return "makes and consumes" if uses else "makes"
    if uses:
        return "consumes"
    if ways.releases:
        return "releases"
    # all of it inferred, no way known, or EC numbers alone: what is missing says nothing
    if not (ways.anew or ways.kept) or _whole(ways.anew) or _whole(ways.kept) or not by_ko:
        return "unknown"
    return "cannot"


def _mean(way: Sequence[Carried]) -> float:
    return sum(WEIGHTS[one.state] for one in way) / len(way) if way else 0.0


def _score(ways: _Ways, uses: bool) -> float:
    anew = _mean(ways.anew) * (1.0 if ways.makes else 0.5)
    kept = 0.5 * _mean(ways.kept) if ways.releases else 0.0
    return round(max(anew, kept) * (0.5 if uses else 1.0), 4)


def _annotated(kos: Collection[str], ecs: Collection[str]) -> tuple[str, ...]:
    if not kos:
        return (f"by {len(ecs)} EC numbers alone, which is weaker than KO numbers",)
    return (f"the genome has only {len(kos)} KO numbers: its annotation is hardly whole",) if len(kos) < FEW else ()


@dataclass(frozen=True, slots=True)
class _Told:
    """Sentences about steps, with the names of the genes where they are known."""

    state: Mapping[str, Carried]
    named: Mapping[str, Sequence[str]]

    def step(self, one: Carried) -> str:
        """Name a step with what carries it, or with what would."""
        if one.state in BY_GENE:
            return f"{one.reaction.name} ({' + '.join(self._gene(gene) for gene in one.by)})"
        if one.state == "inferred":
            return f"{one.reaction.name} (inferred)"
        return f"{one.reaction.name} ({_wanted(one.reaction)}{self._part(one)})"

    def _gene(self, gene: str) -> str:
        names = list(self.named.get(gene, ()))
        return f"{gene}: {', '.join(names[:3])}" if names else gene

    def _part(self, one: Carried) -> str:
        return f"; {', '.join(one.part)} is there, which is not a whole enzyme" if one.part else ""

    def reasons(self, ways: _Ways, using: Sequence[Carried]) -> tuple[str, ...]:
        """Say why."""
        told = []
        if ways.makes:
            told.append(f"makes it anew: {'; '.join(self.step(one) for one in ways.anew)}")
        elif _whole(ways.anew):
            told.append("every step to it is inferred: no gene tells")
        elif ways.anew:
            gone = [one for one in ways.anew if one.state == "missing"]
            told.append(
                f"{len(gone)} of {len(ways.anew)} steps to make it anew are missing: "
                f"{'; '.join(self.step(one) for one in gone)}"
            )
        if not ways.anew and ways.kept and not _whole(ways.kept):
            gone = [one for one in ways.kept if one.state == "missing"]
            told.append(f"what would set it free is missing: {'; '.join(self.step(one) for one in gone)}")
        if ways.releases and not ways.makes:
            told.append(f"comes of what it is given ready-made: {'; '.join(self.step(one) for one in ways.kept)}")
        told += [f"uses it up: {self.step(one)}" for one in using]
        return tuple(told)

    def unknown(self, ways: _Ways, compound: str, kos: Collection[str]) -> tuple[str, ...]:
        """Say what is not known: inferred and weak steps, other ways, how it leaves the cell."""
        told = []
        shown = ways.kept if ways.releases and not ways.makes else ways.anew
        for one in shown:
            if one.state == "inferred":
                instead = self._instead(one.reaction)
                told.append(f"{one.reaction.name} is inferred: {one.reaction.note}{instead}")
            elif one.state == "weak":
                told.append(f"{one.reaction.name}: {one.reaction.note}")
        if not ways.anew and not ways.kept:
            told.append("how it could be made is not among the reactions that ship, or not from this medium")
        back = [one for one in self.state.values() if one.state in BY_GENE and one.reaction.reversible]
        back = [one for one in back if compound in (*one.reaction.substrates, *one.reaction.products)]
        told += [f"{one.reaction.name} runs both ways: which one is not known" for one in back]
        told.append(_leaves(compound, kos))
        return tuple(dict.fromkeys(told))

    def _instead(self, reaction: Reaction) -> str:
        """Name the genes that would have shown an inferred step, and that are not there."""
        others = [
            one
            for one in self.state.values()
            if one.state == "missing"
            and set(one.reaction.products) & set(reaction.products)
            and set(one.reaction.substrates) & set(reaction.substrates)
        ]
        wanted = [f"{one.reaction.id} ({_wanted(one.reaction)})" for one in others]
        own = [_wanted(reaction)] if reaction.alternatives else []
        return f"; no hit for {', '.join([*own, *wanted])}" if own or wanted else ""


def _wanted(reaction: Reaction) -> str:
    return " or ".join(" + ".join(wanted) for wanted in reaction.alternatives) or "no gene known"


def _leaves(compound: str, kos: Collection[str]) -> str:
    """Say how a molecule leaves the cell."""
    own = [one for one in layer().transport if one.compound == compound and one.direction != "in"]
    there = [one for one in own if any(set(wanted) <= set(kos) for wanted in one.alternatives)]
    if there:
        return f"leaves the cell by {there[0].name}, which the genome carries; that it does is not known"
    if compound in layer().diffusing:
        return "leaves the cell by diffusion, if at all: no exporter is known, and none is needed"
    if own:
        return f"how it leaves the cell is not known: no hit for {own[0].name}"
    return "how it leaves the cell is not known: no gene of an exporter is known here"
