"""Methods of people's molecules, genes and severity: only what the estimates have."""

from __future__ import annotations

import pandas as pd

from commensal.page.words import listed, sentence

REFERENCES = {
    "spearman interval": "Bonett DG, Wright TA (2000). Sample size requirements for estimating Pearson, Kendall and "
    "Spearman correlations. Psychometrika 65, 23–28. doi:10.1007/BF02294183",
    "influence": "Belsley DA, Kuh E, Welsch RE (1980). Regression Diagnostics. Wiley. doi:10.1002/0471725153",
    "self-contained": "Goeman JJ, Bühlmann P (2007). Analyzing gene expression data in terms of gene sets: "
    "methodological issues. Bioinformatics 23, 980–987. doi:10.1093/bioinformatics/btm051",
}


def people(rows: pd.DataFrame, used: dict[str, None]) -> list[str]:
    """Return the sentences about levels, severity, pathways, carriers and producers that the estimates call for."""
    own = rows[rows["kind"] == "cohort"]
    tested = own[own["p"].notna()]
    models = set(tested["model"])
    return [
        *_levels(tested),
        *(_severity(tested, used) if {"severity", "severity, slope"} & models else []),
        *(_sets(tested, used) if "set, self-contained" in models else []),
        *_carriers(models),
        *_producers(tested, models, used),
    ]


def _levels(tested: pd.DataFrame) -> list[str]:
    own = tested[tested["model"].isin(["level", "level, log2"])]
    if own.empty:
        return []
    told = [
        "Molecules chosen beforehand are compared in the assay’s unit and as log2, each scale a family of its own; on "
        "the natural scale values below detection may lie anywhere from 0 to the limit: the interval holds for all of "
        "these, and p is the largest."
    ]
    if (own["term"] == "unmatched").any():
        told.append(
            "People of blocks with one side only are compared apart by least squares on the means of their blocks "
            "(unmatched)."
        )
    return told


def _severity(tested: pd.DataFrame, used: dict[str, None]) -> list[str]:
    used.update({"spearman interval": None, "influence": None})
    measures = tested.loc[tested["model"] == "severity", "measure"].dropna().unique()
    return [
        sentence(
            f"severity ({listed([str(one) for one in measures])}) was correlated among the cases: Spearman’s partial "
            "correlation (covariates ranked and held fixed, absence the lowest rank; t, intervals by Fisher’s z with "
            "the variance of Bonett and Wright 2000) and the slope of least squares where detected; cases of one block "
            "count once, by their mean"
        ),
        "How much one person decides was judged by leaving each out in turn (Belsley et al. 1980).",
    ]


def _sets(tested: pd.DataFrame, used: dict[str, None]) -> list[str]:
    used.update({"self-contained": None, "camera": None})
    how = tested.loc[tested["model"] == "set, self-contained", "test"].dropna().unique()
    words = {
        "permutation": "labels rearranged inside blocks where there are any",
        "rotation": "rotated residuals where labels have few arrangements",
    }
    return [
        sentence(
            "pathways and sets were tested on normal scores of each feature’s ranks, absence the lowest: as wholes "
            f"(members all one way, and in any direction) by {listed([words.get(str(one), str(one)) for one in how])} "
            "(self-contained: Goeman and Bühlmann 2007), and against all other features with the members’ correlation "
            "estimated (Wu and Smyth 2012). Their effect is the mean log2 fold change of the members where found"
        )
    ]


def _carriers(models: set[object]) -> list[str]:
    if "contribution" not in models:
        return []
    return [
        "A pathway’s change was split over the taxa that carry its genes by one least-squares model of the amounts, so "
        "that parts add up; their p is by rearranged labels where there are enough arrangements."
    ]


def _producers(tested: pd.DataFrame, models: set[object], used: dict[str, None]) -> list[str]:
    if "producer" not in models:
        return []
    used["spearman interval"] = None
    inside = (tested.loc[tested["model"] == "producer", "term"] == "within").any()
    where = ", ranks taken inside blocks, and apart between means of blocks" if inside else ""
    return [
        sentence(
            "taxa and molecules were associated across people by Spearman’s partial correlation, the sides of the "
            f"contrast and the covariates held fixed{where}; the family is all pairs asked"
        )
    ]
