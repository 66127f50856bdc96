"""Capability beside a question: rows of Estimates (never a p) and the points of its matrix."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from commensal import knowledge
from commensal.errors import DesignError
from commensal.knowledge import BaseRate, Capability, Culture, Exchange
from commensal.questions.answer import Answer
from commensal.questions.culture import cultures
from commensal.study import Genome, LoadedStudy, known_genomes
from commensal.tables import estimates, points

#: Above so many genomes the base rate is taken among every second, third … of them, and only arms' genomes are drawn.
MOST = 60
#: The steps of so many molecules become points; the verdicts of all are rows.
STAGED = 40

Row = dict[str, object]


def judged(
    loaded: LoadedStudy, compounds: Iterable[str], genomes: Mapping[str, str] | None = None
) -> knowledge.Capabilities:
    """Judge the genomes of a study on some molecules: by genes, models and cultures, with their base rates.

    Parameters
    ----------
    loaded
        The study; its section ``[genomes]`` says medium, models and cultures.
    compounds
        Molecules by their preferred names; one that no shipped reaction knows is ``unknown``.
    genomes
        Arm → genome: these are always judged. Others are judged for the base rate, up to `MOST`.

    Raises
    ------
    DesignError
        The study has no genomes, or none of this name.
    """
    if not loaded.genomes:
        raise DesignError(
            "capability needs the strains' genomes",
            where="[genomes]",
            found="no such section",
            expected="files, file or reference with their annotation",
            mend='add [genomes] with files = "annotations/{genome}_kofam.gff.gz"',
        )
    known_genomes((genomes or {}).values(), loaded.genomes, "genomes")
    chosen = _chosen(loaded.genomes, set((genomes or {}).values()))
    asked = loaded.declared.genomes
    medium = asked.medium if asked is not None else ("gut",)
    wanted = list(dict.fromkeys(compounds))
    return knowledge.capabilities(
        {name: one.kos for name, one in chosen.items()},
        wanted,
        ecs={name: one.ecs for name, one in chosen.items()},
        medium=medium[0] if len(medium) == 1 and medium[0] in knowledge.media() else medium,
        named={name: one.genes for name, one in chosen.items()},
        exchanges=_exchanges(chosen, asked.growth if asked is not None else 0.5),
        cultures=_cultures(loaded),
    )


def _chosen(genomes: Mapping[str, Genome], always: set[str]) -> dict[str, Genome]:
    step = -(-len(genomes) // MOST)
    return {name: one for at, (name, one) in enumerate(genomes.items()) if at % step == 0 or name in always}


def _exchanges(genomes: Mapping[str, Genome], share: float) -> dict[tuple[str, str], Exchange]:
    return {
        (name, compound): Exchange(out, taken, growth, share, "its own medium")
        for name, one in genomes.items()
        for compound, (out, taken, growth) in one.exchanges.items()
    }


def _cultures(loaded: LoadedStudy) -> dict[tuple[str, str], Culture]:
    return cultures(loaded.culture)


def capability_rows(
    loaded: LoadedStudy,
    compounds: Iterable[str],
    genomes: Mapping[str, str] | None = None,
    identity: Mapping[str, object] | None = None,
) -> Answer:
    """Return rows and points of what the genomes can do about some molecules.

    Parameters
    ----------
    loaded
        The study with its ``[genomes]``.
    compounds
        Molecules by their preferred names.
    genomes
        Arm of the question → genome; without it every genome stands for itself.
    identity
        Columns of Estimates that every row gets: ``question``, ``kind``, ``contrast``.

    Returns
    -------
    Answer
        Estimates: model ``capability``, one row per arm and molecule: ``term`` arm, ``feature`` molecule, ``measure``
        verdict, ``effect`` score (0–1, no interval, no p), ``test`` what decided (genes, model, culture),
        ``statistic`` the share of the genomes at hand that make it anew, ``note`` reasons, what is not known, and that
        share in numbers. Points: ``figure = "capability"``; ``measure = "verdict"`` (y: score; side:
        verdict) and ``measure = "step"`` (side: present, inferred, missing, not known; x: place in the way).

    Raises
    ------
    DesignError
        The study has no genomes, or none of this name.
    """
    wanted = list(dict.fromkeys(compounds))
    found = judged(loaded, wanted, genomes)
    common = dict(identity or {})
    arms = (
        dict(genomes)
        if genomes
        else {name: name for name in loaded.genomes if (name, wanted[0]) in found.rows}
        if wanted
        else {}
    )
    rows = [
        _row(arm, found.rows[genome, compound], found.base_rates[compound], common)
        for compound in wanted
        for arm, genome in arms.items()
    ]
    drawn = list(dict.fromkeys(genome for genome, _ in found.rows))
    if len(loaded.genomes) > MOST:
        drawn = [name for name in drawn if name in set(arms.values())]
    named: dict[str, list[str]] = {}
    for arm, genome in arms.items():
        named.setdefault(genome, []).append(arm)
    staged = set([one for one in wanted if one in knowledge.known_compounds()][:STAGED])
    keep = {key: value for key, value in common.items() if key in ("question", "contrast", "assay", "specimen")}
    marks = [
        row | keep
        for compound in wanted
        if compound in knowledge.known_compounds() and compound in staged
        for row in _points(loaded.genomes, drawn, compound, found, named if genomes else {})
    ]
    return Answer(estimates(rows), points(marks))


def _row(arm: str, one: Capability, rate: BaseRate, common: Mapping[str, object]) -> Row:
    share = rate.makes / rate.genomes if rate.genomes else None  # in a note how many: n counts samples
    told = [*one.reasons, *(f"not known: {text}" for text in one.unknown), rate.text()]
    return {
        **common, "model": "capability", "term": arm, "feature": one.compound, "label": one.compound,
        "measure": one.verdict, "effect": one.score, "unit": "score", "test": one.evidence, "statistic": share,
        "status": "ok", "note": "; ".join(told),
    }  # fmt: skip


def _points(
    genomes: Mapping[str, Genome],
    drawn: Sequence[str],
    compound: str,
    found: knowledge.Capabilities,
    arms: Mapping[str, Sequence[str]],
) -> list[Row]:
    rows: list[Row] = []
    rate = found.base_rates[compound]
    steps = matrix_steps([found.rows[name, compound] for name in drawn])
    for name in drawn:
        one, genome = found.rows[name, compound], genomes[name]
        base = {
            "figure": "capability", "sample": name, "label": genome.label, "block": compound,
            "group": ", ".join(arms.get(name, ())) or None,
        }  # fmt: skip
        told = [*one.reasons, *(f"not known: {text}" for text in one.unknown), *([genome.note] if genome.note else [])]
        rows.append(
            {**base, "measure": "verdict", "feature": one.verdict, "side": one.verdict, "y": one.score, "x": 0.0,
             "n": rate.makes, "unit": f"of {rate.genomes}", "note": "; ".join(told)}
        )  # fmt: skip
        state = knowledge.carried(genome.kos, genome.ecs)
        for place, step in enumerate(steps, start=1):
            reaction, side = state[step].reaction, _side(state[step].state, genome)
            by = ", ".join(_by(gene, genome) for gene in state[step].by)
            rows.append(
                {**base, "measure": "step", "feature": step, "side": side, "x": float(place),
                 "unit": "uses it up" if step in one.consuming or _uses(reaction, compound) else reaction.role,
                 "note": f"{reaction.name}: {reaction.change}" + (f" ({by})" if by else "")}
            )  # fmt: skip
    return rows


def _by(gene: str, genome: Genome) -> str:
    names = genome.genes.get(gene, ())
    return f"{gene}: {', '.join(names[:3])}" if names else gene


def _uses(reaction: knowledge.Reaction, compound: str) -> bool:
    return compound in reaction.substrates and not reaction.reversible


def _side(state: str, genome: Genome) -> str:
    if not genome.kos and not genome.ecs:
        return "not known"
    if state == "missing":
        return "missing" if genome.kos else "not known"
    return "inferred" if state == "inferred" else "present"


def matrix_steps(ones: Sequence[Capability]) -> list[str]:
    """Order the steps that any of the genomes has on its way, then those that use the molecule up.

    Examples
    --------
    >>> whole = {"K00278", "K03517", "K00767", "K00969", "K01950"}
    >>> matrix_steps([knowledge.capability(whole | {"K08281"}, "nicotinamide")])
    ['nadB', 'nadA', 'nadC', 'nadD', 'nadE', 'nad_turnover', 'pncA']
    """
    makers = sorted(ones, key=lambda one: (len(one.missing), -one.score))
    steps: dict[str, None] = {}
    for one in makers:
        way = [*one.present, *one.missing]
        order = [step for step in knowledge.reactions() if step in way] if one.missing else way
        steps.update(dict.fromkeys(order))
    using = dict.fromkeys(step for one in ones for step in one.consuming)
    return [step for step in steps if step not in using] + list(using)
