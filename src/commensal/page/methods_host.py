"""The methods of questions about tissue, and their references."""

from __future__ import annotations

import pandas as pd

REFERENCES = {
    "deseq2": "Love MI, Huber W, Anders S (2014). Moderated estimation of fold change and dispersion for RNA-seq "
    "data with DESeq2. Genome Biology 15, 550. doi:10.1186/s13059-014-0550-8",
    "pydeseq2": "Muzellec B, Teleńczuk M, Cabeli V, Andreux M (2023). PyDESeq2: a python package for bulk RNA-seq "
    "differential expression analysis. Bioinformatics 39, btad547. doi:10.1093/bioinformatics/btad547",
    "limma": "Smyth GK (2004). Linear models and empirical Bayes methods for assessing differential expression in "
    "microarray experiments. Statistical Applications in Genetics and Molecular Biology 3, 3. "
    "doi:10.2202/1544-6115.1027",
    "roast": "Wu D et al. (2010). ROAST: rotation gene set tests for complex microarray experiments. Bioinformatics "
    "26, 2176–2182. doi:10.1093/bioinformatics/btq401",
    "camera": "Wu D, Smyth GK (2012). Camera: a competitive gene set test accounting for inter-gene correlation. "
    "Nucleic Acids Research 40, e133. doi:10.1093/nar/gks461",
    "connectivity": "Lamb J et al. (2006). The Connectivity Map: using gene-expression signatures to connect small "
    "molecules, genes, and disease. Science 313, 1929–1935. doi:10.1126/science.1132939",
}


def tissue(rows: pd.DataFrame, used: dict[str, None]) -> list[str]:
    """Return the sentences on expression, gene sets and reversal, for what the rows hold."""
    models = set(rows["model"].dropna())
    told: list[str] = []
    if "expression" in models:
        tests = set(rows.loc[rows["model"] == "expression", "test"].dropna())
        told += _expression(tests, used)
    if "set, self-contained" in models:
        used.update({"roast": None, "camera": None})
        told.append(
            "Gene sets were tested on log2 counts per million in two ways: as a whole, by rotating residuals (Wu et "
            "al. 2010), which asks whether members change at all; and against all other genes, with the members’ "
            "correlation estimated for each set (Wu and Smyth 2012), which asks whether they change more than genes "
            "outside. The sets that ship are a selection of ours with its sources, in knowledge/gene_sets.toml of "
            "the package."
        )
    if "reversal" in models:
        used["connectivity"] = None
        told.append(
            "Whether a treatment moves a disease’s signature back was scored by the rank correlation of both "
            "contrasts over all genes with reads enough (after Lamb et al. 2006). Animals that are in both contrasts "
            "(the diseased on vehicle) make a treatment that does nothing seem to reverse: their noise enters both, "
            "with opposite signs. So the score averages over splits in which no animal serves both contrasts; the "
            "share moved back has the shared animals’ variance taken off; and p is that of the share’s numerator over "
            "its jackknife error, from rearranged arms of the treatment’s animals (whole cages where cages carry the "
            "arm) with both contrasts made anew each time. Intervals leave out one animal (or cage) at a time; with "
            "few animals they are wide rather than narrow."
        )
    return told


def _expression(tests: set[str], used: dict[str, None]) -> list[str]:
    told = []
    if "Wald" in tests:
        used.update({"deseq2": None, "pydeseq2": None})
        told.append(
            "Raw counts of genes were compared by DESeq2’s negative binomial model (Love et al. 2014) as in PyDESeq2 "
            "(Muzellec et al. 2023): size factors by median ratios, dispersions drawn towards their trend, Wald "
            "tests; genes with too few reads for independent filtering have status low_counts, those decided by one "
            "sample’s count status outlier, and neither has a p. Fold changes are not shrunken."
        )
    if "t, moderated" in tests:
        used["limma"] = None
        told.append(
            "Where samples share units (cage, litter, subject) DESeq2, which has no place for them, was not used: "
            "log2 counts per million were averaged over units that carry one label, or compared inside units in "
            "which the label varies, by least squares with moderated variances (Smyth 2004). What is taken into "
            "account is that unit; further units that the study file does not name are not."
        )
    return told
