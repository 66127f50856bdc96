"""Genomes × molecules: every verdict, what models and cultures say, and how common a verdict is among the genomes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from commensal.knowledge.capability import Capability, Verdict, capability
from commensal.knowledge.reactions import layer

if TYPE_CHECKING:
    import pandas as pd

_MAKES = ("makes", "makes and consumes")


@dataclass(frozen=True, slots=True)
class Culture:
    """A supernatant against the medium that it grew in.

    Parameters
    ----------
    effect, low, high
        Difference supernatant minus medium, with its interval.
    p
        Two-sided; None where there is none, and ``note`` says why.
    unit, medium, n
        Of the difference, which medium, and how many cultures.
    note
        What else a reader must know.
    """

    effect: float
    low: float
    high: float
    p: float | None
    unit: str
    medium: str
    n: int
    note: str = ""

    @property
    def text(self) -> str:
        """The result in words."""
        told = f"{self.effect:+.3g} {self.unit} ({self.low:.3g} to {self.high:.3g}) in {self.medium}, n = {self.n}"
        return f"{told}, p = {self.p:.2g}" if self.p is not None else f"{told}; {self.note}"


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a genome-scale model can do with a molecule while it grows.

    Parameters
    ----------
    most_out, most_in
        Largest export and import (mmol per g dry weight and hour), at ``share`` of the best growth or more.
    growth, share
        Best growth (1/h), and the share of it that is kept.
    medium
        What the model was given.
    """

    most_out: float
    most_in: float
    growth: float
    share: float
    medium: str

    @property
    def text(self) -> str:
        """The result in words."""
        return (
            f"exports up to {self.most_out:.3g} and takes up to {self.most_in:.3g} mmol/gDW/h in {self.medium} "
            f"at {self.share:.0%} or more of its growth ({self.growth:.3g}/h)"
        )


@dataclass(frozen=True, slots=True)
class BaseRate:
    """How many of the genomes at hand have each verdict on a molecule; those without annotation are left aside."""

    compound: str
    genomes: int
    counts: Mapping[str, int]

    @property
    def makes(self) -> int:
        """How many make it anew."""
        return sum(self.counts.get(verdict, 0) for verdict in _MAKES)

    def text(self) -> str:
        """Say it in a sentence.

        Examples
        --------
        >>> BaseRate("NAD", 12, {"makes": 5, "makes and consumes": 1, "cannot": 6}).text()
        '6 of the 12 genomes at hand make NAD anew: that a genome can proves little by itself'
        """
        told = f"{self.makes} of the {self.genomes} genomes at hand make {self.compound} anew"
        if self.genomes > 1 and self.makes * 4 >= self.genomes:
            return f"{told}: that a genome can proves little by itself"
        return told


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Verdicts of several genomes on several molecules.

    Parameters
    ----------
    rows
        (genome, molecule) → its capability.
    base_rates
        Molecule → how common each verdict is.
    """

    rows: Mapping[tuple[str, str], Capability]
    base_rates: Mapping[str, BaseRate]

    def table(self) -> pd.DataFrame:
        """One row per genome and molecule.

        Columns ``genome``, ``compound``, ``verdict``, ``score``, ``evidence``, ``present``, ``missing``, ``consuming``
        (ids of steps, joined by blanks), ``genes``, ``reasons``, ``unknown``, ``makes`` (how many genomes make it
        anew), ``genomes`` (how many are annotated) and ``base_rate`` (their share).
        """
        import pandas as pd

        rows = []
        for (genome, compound), one in self.rows.items():
            rate = self.base_rates[compound]
            rows.append(
                {
                    "genome": genome,
                    "compound": compound,
                    "verdict": one.verdict,
                    "score": one.score,
                    "evidence": one.evidence,
                    "present": " ".join(one.present),
                    "missing": " ".join(one.missing),
                    "consuming": " ".join(one.consuming),
                    "genes": " ".join(one.genes),
                    "reasons": "; ".join(one.reasons),
                    "unknown": "; ".join(one.unknown),
                    "makes": rate.makes,
                    "genomes": rate.genomes,
                    "base_rate": rate.makes / rate.genomes if rate.genomes else float("nan"),
                }
            )
        return pd.DataFrame(rows)


def capabilities(
    genomes: Mapping[str, Collection[str]],
    compounds: Sequence[str],
    *,
    ecs: Mapping[str, Collection[str]] | None = None,
    medium: str | Collection[str] = "gut",
    named: Mapping[str, Mapping[str, Sequence[str]]] | None = None,
    exchanges: Mapping[tuple[str, str], Exchange] | None = None,
    cultures: Mapping[tuple[str, str], Culture] | None = None,
) -> Capabilities:
    """Judge every genome on every molecule, and say how common each verdict is among them.

    What a culture shows is preferred to what a model says, and that to the genes; the genes' own verdict stays among
    the reasons.

    Parameters
    ----------
    genomes
        Genome → its KO numbers.
    compounds
        Molecules.
    ecs
        Genome → its EC numbers.
    medium
        As in `capability`.
    named
        Genome → KO number → names of its genes.
    exchanges, cultures
        (genome, molecule) → what its model, and its culture, show.

    Raises
    ------
    UsageError
        No medium of this name ships.

    Examples
    --------
    >>> judged = capabilities({"a": {"K01667"}, "b": {"K00001"}, "c": set()}, ["indole"])
    >>> judged.table()[["genome", "verdict", "makes", "genomes"]].to_numpy().tolist()
    [['a', 'makes', 1, 2], ['b', 'cannot', 1, 2], ['c', 'unknown', 1, 2]]
    """
    rows: dict[tuple[str, str], Capability] = {}
    rates = {}
    for compound in dict.fromkeys(compounds):
        counts: dict[str, int] = {}
        for genome, kos in genomes.items():
            own = (ecs or {}).get(genome, ())
            one = capability(kos, compound, ecs=own, medium=medium, named=(named or {}).get(genome))
            if kos or own:
                counts[one.verdict] = counts.get(one.verdict, 0) + 1
            one = with_exchange(one, (exchanges or {}).get((genome, compound)))
            rows[genome, compound] = with_culture(one, (cultures or {}).get((genome, compound)))
        rates[compound] = BaseRate(compound, sum(counts.values()), counts)
    return Capabilities(rows, rates)


def with_exchange(one: Capability, exchange: Exchange | None, *, least: float = 1e-6) -> Capability:
    """Let a genome-scale model decide: exported, taken up, both or neither.

    Parameters
    ----------
    one
        The verdict so far.
    exchange
        What the model can do; None changes nothing.
    least
        Fluxes up to it (mmol/gDW/h) are zero: the solver's tolerance.

    Examples
    --------
    >>> from commensal.knowledge import capability
    >>> with_exchange(capability({"K00001"}, "indole"), Exchange(2.0, 0.0, 0.9, 0.5, "its own medium")).verdict
    'makes'
    """
    if exchange is None:
        return one
    out, taken = exchange.most_out > least, exchange.most_in > least
    # what a cell exports and is not given it has made, but for parts that it was given ready-made
    pooled = any(one.compound in members for members in layer().pools.values())
    verdict: Verdict
    if out and pooled and one.verdict not in _MAKES:
        verdict = "releases"
    elif out:
        verdict = "makes and consumes" if taken else "makes"
    else:
        verdict = "consumes" if taken else "cannot"
    return _decided(one, verdict, "model", f"its model {exchange.text}")


def with_culture(one: Capability, culture: Culture | None, *, alpha: float = 0.05) -> Capability:
    """Let a culture decide where it shows a difference; where it shows none, it stands beside.

    Parameters
    ----------
    one
        The verdict so far.
    culture
        Supernatant against medium; None changes nothing.
    alpha
        A p up to it, and an interval that leaves out 0, is a difference.

    Examples
    --------
    >>> from commensal.knowledge import capability
    >>> rise = Culture(1.5, 0.9, 2.1, 0.003, "log2", "YCFA", 3)
    >>> with_culture(capability({"K08281"}, "nicotinamide"), rise).verdict
    'releases'
    """
    if culture is None:
        return one
    shown = culture.p is not None and culture.p <= alpha and (culture.low > 0 or culture.high < 0)
    if not shown:
        told = f"in culture no change is shown: {culture.text}"
        return replace(one, reasons=(*one.reasons, told))
    if culture.effect > 0:
        return _decided(
            one, "makes" if one.verdict in _MAKES else "releases", "culture", f"rises in culture: {culture.text}"
        )
    return _decided(one, "consumes", "culture", f"falls in culture: {culture.text}")


def _decided(one: Capability, verdict: Verdict, evidence: str, reason: str) -> Capability:
    """Give a verdict that something better than the genes decides; keep what was said before."""
    score = {"makes": 1.0, "makes and consumes": 0.5, "releases": 1.0 if evidence == "culture" else 0.75}.get(
        verdict, 0.0
    )
    before = f"by {one.evidence} alone: {one.verdict}"
    kept = one.reasons if verdict == one.verdict else (before, *one.reasons)
    return replace(one, verdict=verdict, score=score, evidence=evidence, reasons=(reason, *kept))  # type: ignore[arg-type]
