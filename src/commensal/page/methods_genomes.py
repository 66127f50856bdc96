"""The methods paragraph on what genomes can do: how it was judged, by what, in which medium."""

from __future__ import annotations

import pandas as pd

from commensal.page.view import PageView
from commensal.page.words import listed, sentence

REFERENCES = {
    "scope": "Handorf T, Ebenhöh O, Heinrich R (2005). Expanding metabolic networks: scopes of compounds, robustness, "
    "and evolution. Journal of Molecular Evolution 61, 498–512. doi:10.1007/s00239-005-0027-1",
    "fva": "Mahadevan R, Schilling CH (2003). The effects of alternate optimal solutions in constraint-based "
    "genome-scale metabolic models. Metabolic Engineering 5, 264–276. doi:10.1016/j.ymben.2003.09.002",
}


def genomes(view: PageView, rows: pd.DataFrame, used: dict[str, None]) -> list[str]:
    """Say how capability was judged; nothing where no row tells it."""
    own = rows[rows["model"] == "capability"]
    asked = view.study.genomes
    if own.empty or asked is None:
        return []
    used["scope"] = None
    told = [
        sentence(
            "what the strains’ genomes can do about a molecule was judged by their annotation: the way that misses the "
            "fewest steps was searched among the reactions that ship with commensal, from "
            f"{listed(list(asked.medium))} and what every growing cell has, by scope expansion (Handorf et al. 2005)"
        ),
        "It stands beside the estimates and enters no p.",
    ]
    if (own["test"] == "model").any():
        used["fva"] = None
        told.append(
            sentence(
                "genome-scale models were asked by flux variability for the largest export at "
                f"{asked.growth:.0%} or more of their best growth (Mahadevan and Schilling 2003)"
            )
        )
    if asked.culture is not None:
        told.append(
            "Supernatants were compared with their media by a two-sample t, cultures as units, p adjusted over all "
            "that were measured; a culture that shows a difference was preferred to models and genes."
        )
    return told
