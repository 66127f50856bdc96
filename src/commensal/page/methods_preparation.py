"""The methods paragraph on tables of molecules: what was taken off them, and what lies below detection."""

from __future__ import annotations

from commensal.page.figures.preparation import preparation_told
from commensal.page.view import PageView

#: The test of molecules below detection, as Estimates name it.
CENSORED = "t, left-censored"
LATENT = (
    "Where a table’s values below detection are left-censored, each molecule has one model of all samples, and "
    "its effect is "
    "the log2 fold change of the amounts that would have been measured without the limit; where a side lies "
    "wholly below it, "
    "effect and bound say at least how far."
)
REFERENCES = {
    "qcrlsc": "Dunn WB, Broadhurst D, Begley P et al. (2011). Procedures for large-scale metabolic profiling "
    "of serum and plasma "
    "using gas chromatography and liquid chromatography coupled to mass spectrometry. Nature Protocols 6, 1060–1083. "
    "doi:10.1038/nprot.2011.335",
    "pqn": "Dieterle F, Ross A, Schlotterbeck G, Senn H (2006). Probabilistic quotient normalization as robust "
    "method to account "
    "for dilution of complex biological mixtures. Analytical Chemistry 78, 4281–4290. doi:10.1021/ac051632c",
    "tobin": "Tobin J (1958). Estimation of relationships for limited dependent variables. Econometrica 26, 24–36. "
    "doi:10.2307/1907382",
    "qrilc": "Lazar C, Gatto L, Ferro M, Bruley C, Burger T (2016). Accounting for the multiple natures of "
    "missing values in "
    "label-free quantitative proteomics data sets to compare imputation strategies. Journal of Proteome Research 15, "
    "1116–1125. doi:10.1021/acs.jproteome.5b00981",
}


def preparation(view: PageView, used: dict[str, None]) -> list[str]:
    """Say how each table of molecules was prepared; nothing where none was."""
    told = []
    for one in preparation_told(view.points):
        assay = view.study.assays.get(one.assay)
        plan = None if assay is None else assay.prepare
        text = f"{one.assay}: {' '.join(one.lines)}"
        if plan is not None and plan.drift == "qc_loess":
            used["qcrlsc"] = None
            text += (
                " Drift: a local line (degree 1, tricube weights) through the pooled controls of each batch, "
                "its span or a level "
                "line chosen for each feature by leaving controls out in turn (Dunn et al. 2011)."
            )
        if plan is not None and plan.normalise is not None and plan.normalise.by == "pqn":
            used["pqn"] = None
            text += " Quotients: Dieterle et al. (2006)."
        below = any("below detection" in line for line in one.lines)
        if plan is not None and below and plan.below_detection == "censored":
            used["tobin"] = None
            text += (
                " Values below detection are left-censored in a normal model of log2 (Tobin 1958), by maximum "
                "likelihood, p of the "
                "likelihood ratio turned into a t; between cages or other units, against how far these scatter."
            )
        if plan is not None and below and plan.below_detection == "qrilc":
            used["qrilc"] = None
            text += " Fill-ins: Lazar et al. (2016)."
        told.append(text)
    return told
