"""A claim as a chain, microbe → gene → molecule → tissue → outcome: what its nodes say; the script draws it.

Which lines stand where: the three links are arcs over the nodes they join; the other lines stand under the node that
they speak of. The gene's node is what the genome carries: beside the claim, in no p.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from commensal.page.words import many, missing

#: Node → the lines that stand under it.
UNDER = {
    "microbe": ("depletion", "difference", "precedence"),
    "gene": ("necessity", "human genes"),
    "molecule": ("human level",),
    "tissue": ("host reversal",),
    "outcome": ("human severity",),
}
#: Line → the nodes that its arc joins.
ARCS = {
    "strain → outcome": ("microbe", "outcome"),
    "strain → molecule": ("microbe", "molecule"),
    "molecule → outcome": ("molecule", "outcome"),
}
#: State of a step → its mark.
STEPS = {"present": "✓", "inferred": "~", "missing": "–", "not known": "?"}
#: What stands in the gene's node where nothing was asked of the genome.
NO_GENOME = "genome not asked"


def genes(strain: str, molecule: str, estimates: pd.DataFrame, points: pd.DataFrame) -> dict[str, Any]:
    """Return what a strain's genome can do about a molecule: a verdict in words, its steps, and the row it is from.

    Parameters
    ----------
    strain, molecule
        As the claim names them.
    estimates
        Rows of model ``capability``, by their place in the Estimates.
    points
        Points of the figure ``capability``.
    """
    same = estimates["feature"].fillna("").str.casefold() == molecule.casefold()
    own = estimates[(estimates["term"] == strain) & same]
    if own.empty:
        return {"verdict": NO_GENOME, "steps": [], "state": "not measured", "note": "", "row": None}
    row = own.iloc[0]
    steps = _steps(strain, molecule, points)
    verdict = str(row["measure"])
    carried = sum(state in ("present", "inferred") for _, state, _ in steps)
    told = f"{verdict}: {carried} of {many(len(steps), 'step')} carried" if steps else verdict
    makes = verdict.startswith(("makes", "releases"))
    return {
        "verdict": told,
        "steps": [[name, STEPS.get(state, "?"), state, note] for name, state, note in steps],
        "state": "carried" if makes else "absent" if verdict in ("cannot", "consumes") else "not measured",
        "note": "" if missing(row["note"]) else str(row["note"]),
        "row": int(str(own.index[0])),
    }


def _steps(strain: str, molecule: str, points: pd.DataFrame) -> list[tuple[str, str, str]]:
    if points.empty:
        return []
    same = points["block"].fillna("").str.casefold() == molecule.casefold()
    own = points[same & (points["measure"] == "step")]
    group = own["group"].fillna("").astype(str)
    exact = own[group == strain]
    if exact.empty:  # one genome may stand for several arms
        exact = own[[strain in one.split(", ") for one in group]]
    return [
        (str(one["feature"]), str(one["side"]), "" if missing(one["note"]) else str(one["note"]))
        for _, one in exact.iterrows()
    ]
