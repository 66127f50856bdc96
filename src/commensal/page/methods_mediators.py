"""What the methods say of mediators: lines, candidates, their correction, mediation and necessity."""

from __future__ import annotations

import pandas as pd

REFERENCES = {
    "conjunction": "Benjamini Y, Heller R (2008). Screening for partial conjunction hypotheses. Biometrics 64, "
    "1215–1222. doi:10.1111/j.1541-0420.2007.00984.x",
    "selection": "Benjamini Y, Heller R, Yekutieli D (2009). Selective inference in complex research. Philosophical "
    "Transactions of the Royal Society A 367, 4255–4271. doi:10.1098/rsta.2009.0127",
    "by": "Benjamini Y, Yekutieli D (2001). The control of the false discovery rate in multiple testing under "
    "dependency. Annals of Statistics 29, 1165–1188. doi:10.1214/aos/1013699998",
    "adafilter": "Wang J, Gui L, Su WJ, Sabatti C, Owen AB (2022). Detecting multiple replicating signals using "
    "adaptive filtering procedures. Annals of Statistics 50, 1890–1909. doi:10.1214/21-AOS2139",
    "mediation": "MacKinnon DP, Lockwood CM, Hoffman JM, West SG, Sheets V (2002). A comparison of methods to test "
    "mediation and other intervening variable effects. Psychological Methods 7, 83–104. doi:10.1037/1082-989X.7.1.83",
    "product": "MacKinnon DP, Fritz MS, Williams J, Lockwood CM (2007). Distribution of the product confidence limits "
    "for the indirect effect: program PRODCLIN. Behavior Research Methods 39, 384–389. doi:10.3758/BF03193007",
    "confounding": "Imai K, Keele L, Yamamoto T (2010). Identification, inference and sensitivity analysis for causal "
    "mediation effects. Statistical Science 25, 51–71. doi:10.1214/10-STS321",
}


def mediators(rows: pd.DataFrame, used: dict[str, None]) -> list[str]:
    """Return the sentences on mediators, for what the rows hold."""
    own = rows[rows["kind"] == "mediators"]
    models = set(own["model"].dropna())
    told: list[str] = []
    if "abundance" in models:
        told.append(
            "Molecules of mediators were compared on log2 in one linear model of all arms of a contrast, one value per "
            "animal (the mean of its samples); what is constant within units is judged between them."
        )
    if "candidate" in models:
        used.update({"conjunction": None, "selection": None, "by": None})
        told.append(
            "A molecule is a candidate for a strain where it falls in every arm from which microbes were removed and "
            "rises in the strain’s arm (or the other way round), in every specimen. The p of all these lines together "
            "is the largest of their one-sided p, which is valid whatever the dependence among lines (shared controls, "
            "the same animals; Benjamini and Heller 2008); specimens of the same animals count as one line with the "
            "larger p. q is Benjamini and Hochberg’s over strains, molecules and both directions, Benjamini and "
            "Yekutieli’s stands in the note; a line that was not measured enters as p = 1. How many lines hold is said "
            "of those selected by the p of “at least one” (Benjamini et al. 2009). What a genome can make is shown "
            "beside and is in no p."
        )
    if own["note"].str.contains("AdaFilter", regex=False).any():
        used["adafilter"] = None
        told.append(
            "Where no animal serves two lines, AdaFilter’s adjusted p (Wang et al. 2022) stands beside, per strain: it "
            "ranks, and nothing is claimed by it."
        )
    if "mediation" in models:
        used.update({"mediation": None, "product": None, "confounding": None})
        told.append(
            "Mediation was asked of the candidates of the best ranks, only where the molecule was measured before the "
            "measure in the same animals; units are those that were given the strain (means of cages). The indirect "
            "effect is what the strain does to the molecule times what the molecule does to the measure in animals of "
            "the same arm; its p is the larger of the two (joint significance, MacKinnon et al. 2002), valid whichever "
            "of the two is 0, and its interval that of a product (MacKinnon et al. 2007). It rests on nothing else "
            "changing both: the note says at which correlation of the errors the effect would be 0 (Imai et al. 2010)."
        )
    if "necessity" in models:
        told.append(
            "Animals given a mutant were compared with those given its parent strain, in one model of all arms."
        )
    return told


__all__ = ["REFERENCES", "mediators"]
