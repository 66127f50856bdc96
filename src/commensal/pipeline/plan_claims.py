"""Claims in drawn studies: how often what is planted passes the gate, how often anything false does, line by line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from commensal import checks
from commensal.errors import listing
from commensal.evidence import CORROBORATING, INTERVENTIONAL, Family, join
from commensal.pipeline.claim_family import asked_lines, claim_family, claim_findings
from commensal.pipeline.plan_found import around
from commensal.simulation.design import Copy
from commensal.study import LoadedStudy
from commensal.tables import Finding
from commensal.tables.claims import CLAIM, NOT_MEASURED, SELECTED, SUPPORTS

#: Rows about whole claims: those planted pass the gate; any that is not planted passes it.
GATE, FALSE = "gate", "false claim"
#: Link of the gate → the question that it is from, in the words of a study file.
LINKS = {
    "strain → outcome": 'kind = "screen"',
    "strain → molecule": 'kind = "mediators" with supplements',
    "molecule → outcome": 'kind = "rescue" with gives = { "ARM" = "MOLECULE" }',
}


@dataclass(frozen=True, slots=True, eq=False)
class Argument:
    """What a design's claims are about."""

    family: Family
    findings: tuple[Finding, ...]  #: of the design; they lower what a line may say
    pinned: Mapping[tuple[str, str], Mapping[str, float]]  #: as `commensal.simulation.design.drawn` has it
    supplements: tuple[str, ...]  #: contrasts of arms that were given a strain, of ``mediators``

    @property
    def candidates(self) -> dict[str, float]:
        """Feature ids of the molecules that fall with the microbes and rise with the strains."""
        return {name: 1.0 for own in self.pinned.values() for name in own}


def argument(loaded: LoadedStudy) -> Argument | None:
    """Return what a design's claims are about; None where it can make none.

    The molecules that a ``rescue`` question gives are planted to rise with the strains and to fall with the microbes,
    so that its own claim is true wherever its effects are.
    """
    family = claim_family(loaded)
    if family is None:
        return None
    known = {one.name: one.features for one in family.molecules}
    given = {feature for name in family.given.values() for feature in known[name]}
    pinned: dict[tuple[str, str], dict[str, float]] = {}
    mediators = [one for one in loaded.declared.questions.values() if one.kind == "mediators"]
    for question in mediators:
        for contrast, sign in ((question.supplements, 1.0), (question.contrast, -1.0)):
            for assay, feature in sorted(given):
                if contrast is not None and assay in (question.assays or loaded.assays):
                    pinned.setdefault((contrast, assay), {})[feature] = sign
    findings = (*claim_findings(loaded), *checks.check(loaded))
    return Argument(family, findings, pinned, tuple(one.supplements for one in mediators if one.supplements))


def claim_counts(estimates: pd.DataFrame, argued: Argument, copy: Copy) -> list[dict[str, object]]:
    """Count the claims of one drawn study: of those about the molecules given, share past the gate and lines that hold.

    Returns
    -------
    list of dict
        A row per line and for `GATE` and `FALSE`: ``found`` (share of the claims in question) and ``measured``.
    """
    found = join(estimates, argued.family, findings=argued.findings)
    claims = found[found["line"] == CLAIM]
    true = _true(claims, argued, copy)
    selected = claims["verdict"] == SELECTED
    # what is planted, or (without effects) would be: molecules that are given help, and strains raise them
    target = (
        claims["molecule"].isin(set(argued.family.given.values()))
        & (claims["direction"] == "helps")
        & (claims["through"] == "raises")
    )
    own = target & true if true.any() else target
    rows: list[dict[str, object]] = [
        {"line": GATE, "planted": bool(true.any()), "found": float(selected[own].mean()) if own.any() else 0.0,
         "measured": float(claims.loc[own, "p"].notna().mean()) if own.any() else 0.0},
        {"line": FALSE, "planted": False, "found": float((selected & ~true).any()), "measured": 1.0},
    ]  # fmt: skip
    lines = found[found["claim"].isin(claims.loc[own, "claim"]) & (found["line"] != CLAIM)]
    for name, part in lines.groupby("line", sort=False):
        # each fact once, however many claims rest on it
        rows.append({
            "line": str(name), "planted": bool(true.any()), "found": float((part["verdict"] == SUPPORTS).mean()),
            "measured": float(((part["verdict"] != NOT_MEASURED) & part["p"].notna()).mean()),
        })  # fmt: skip
    return rows


def _true(claims: pd.DataFrame, argued: Argument, copy: Copy) -> pd.Series:
    """Say which claims are true: all three links were planted, in the claimed direction."""
    family = argued.family
    better = {one.name: one.better for one in family.outcomes}
    arms: dict[tuple[str, str], float] = {}
    for (contrast, outcome), size in copy.outcomes.items():
        for arm in family.cases.get(contrast, ()):
            arms.setdefault((arm, outcome), np.sign(size) * better.get(outcome, 0))
    gives = {molecule: arm for arm, molecule in family.given.items()}
    features = {one.name: one.features for one in family.molecules}
    levels: dict[tuple[str, str], float] = {}
    for contrast in argued.supplements:
        for molecule in gives:
            sizes = [copy.features.get((contrast, a), {}).get(f, 0.0) for a, f in features[molecule]]
            for arm in family.cases.get(contrast, ()):
                levels[arm, molecule] = float(np.sign(sum(sizes)))
    helps, raises = {"helps": 1.0, "harms": -1.0}, {"raises": 1.0, "lowers": -1.0}
    true = []
    for strain, molecule, outcome, direction, through in zip(
        *(claims[name] for name in ("strain", "molecule", "outcome", "direction", "through")), strict=True
    ):
        d, v = helps[direction], raises[through]
        true.append(
            arms.get((strain, outcome), 0.0) == d
            and levels.get((strain, molecule), 0.0) == v
            and arms.get((gives.get(molecule, ""), outcome), 0.0) == d * v
        )
    return pd.Series(true, index=claims.index, dtype=bool)


def claim_figures(rows: pd.DataFrame, studies: int) -> pd.DataFrame:
    """Sum up `claim_counts` over drawn studies: a row per size of the design and of the effects, and line.

    Returns
    -------
    pandas.DataFrame
        ``design``, ``grown``, ``size``, ``line``, ``kind``, ``says`` (`power`, `false rate`), ``rate`` with its 95 %
        Monte-Carlo interval ``low`` and ``high``, ``measured`` (share of the studies' claims that have this line with
        a p), ``studies``.
    """
    if rows.empty:
        return pd.DataFrame()
    out = []
    for (design, grown, size, line), own in rows.groupby(["design", "grown", "size", "line"], sort=False):
        found = np.r_[own["found"].to_numpy(float), np.zeros(max(studies - len(own), 0))]
        low, high = around(found)
        false = line == FALSE or not own["planted"].any()
        kind = "claim" if line in (GATE, FALSE) else "interventional" if line in INTERVENTIONAL else "corroborating"
        out.append({
            "design": design, "grown": grown, "size": size, "line": line, "kind": kind,
            "says": "false rate" if false else "power", "rate": float(found.mean()), "low": low, "high": high,
            "measured": float(own["measured"].sum() / studies), "studies": studies,
        })  # fmt: skip
    return pd.DataFrame(out)


def rungs(loaded: LoadedStudy) -> pd.DataFrame:
    """Return each rung of the evidence, whether this study file asks for it, and by what it would.

    Returns
    -------
    pandas.DataFrame
        ``line``, ``kind`` (`interventional`: a link of the gate; `corroborating`), ``asked``, ``needs``.
    """
    questions = loaded.declared.questions.values()
    links = {
        "strain → outcome": any(one.kind == "screen" for one in questions),
        "strain → molecule": any(one.kind == "mediators" and one.supplements for one in questions),
        "molecule → outcome": any(one.kind == "rescue" and one.gives for one in questions),
    }
    chose = [name for one in questions for name in one.chosen_by]
    asked = asked_lines(loaded, chose)
    rows = [(name, "interventional", links[name], LINKS[name]) for name in INTERVENTIONAL]
    rows += [(name, "corroborating", asked[name], _NEEDS[name]) for name in CORROBORATING]
    return pd.DataFrame(rows, columns=["line", "kind", "asked", "needs"])


_NEEDS: Mapping[str, str] = {
    "depletion": 'kind = "depletion"',
    "necessity": 'kind = "mediators" with mutants',
    "difference": 'kind = "cohort" with an assay of taxa',
    "precedence": 'kind = "course" with an assay of taxa that did not choose the strains',
    "host reversal": 'kind = "host" with reverses',
    "human genes": 'kind = "cohort" with an assay of genes',
    "human level": 'kind = "cohort" with an assay of metabolites',
    "human severity": 'kind = "cohort" with severity and an assay of metabolites',
}


def lacking(loaded: LoadedStudy, table: pd.DataFrame) -> Iterator[str]:
    """Say what keeps every claim of a design open, in sentences."""
    links = table[(table["kind"] == "interventional") & ~table["asked"]]
    if len(links):
        told = [f"{line} (needs {needs})" for line, needs in zip(links["line"], links["needs"], strict=True)]
        word = "the link" if len(told) == 1 else "the links"
        yield f"Claims: every claim stays open, as no question asks for {word} {listing(told)}."
        return
    family = claim_family(loaded)
    if family is None:
        yield "Claims: none can be made: no primary outcome, strain or molecule is shared by the questions."
    elif not family.given:
        yield "Claims: no molecule that mediators asks about is given in a rescue arm, so that every claim stays open."


__all__: Sequence[str] = ["FALSE", "GATE", "Argument", "argument", "claim_counts", "claim_figures", "lacking", "rungs"]
