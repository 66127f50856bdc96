"""The methods of a course: what was compared, how classes were told, what a departure is."""

from __future__ import annotations

import pandas as pd

from commensal.page.words import missing, sentence

REFERENCES = {
    "rubin": "Barnard J, Rubin DB (1999). Small-sample degrees of freedom with multiple imputation. Biometrika 86, "
    "948–955. doi:10.1093/biomet/86.4.948",
    "turnbull": "Turnbull BW (1976). The empirical distribution function with arbitrarily grouped, censored and "
    "truncated data. Journal of the Royal Statistical Society B 38, 290–295. doi:10.1111/j.2517-6161.1976.tb01597.x",
    "hierarchical": "Benjamini Y, Bogomolov M (2014). Selective inference on multiple families of hypotheses. Journal "
    "of the Royal Statistical Society B 76, 297–318. doi:10.1111/rssb.12028",
    "closed": "Marcus R, Peritz E, Gabriel KR (1976). On closed testing procedures with special reference to ordered "
    "analysis of variance. Biometrika 63, 655–660. doi:10.1093/biomet/63.3.655",
    "hinge": "Feder PI (1975). On asymptotic distribution theory in segmented regression problems. Annals of "
    "Statistics 3, 49–83. doi:10.1214/aos/1176342999",
    "index": "Lubin JH, Gail MH (1984). Biased selection of controls for case-control analyses of cohort studies. "
    "Biometrics 40, 63–75. doi:10.2307/2530744",
    "welch": "Welch BL (1951). On the comparison of several mean values: an alternative approach. Biometrika 38, "
    "330–336. doi:10.1093/biomet/38.3-4.330",
}


def course(rows: pd.DataFrame, used: dict[str, None]) -> list[str]:
    """Return the sentences on courses, of the rows whose kind is that; keys of references go into `used`."""
    own = rows[rows["kind"] == "course"]
    if own.empty:
        return []
    used.update(dict.fromkeys(("mixed", "satterthwaite", "bh", "hierarchical", "closed")))
    told = [
        "For the course of the disease each feature was compared between the sides before onset and with progression "
        "(at or after onset) in one linear mixed model: age, the two contrasts, and random effects of the unit and of "
        "each unit’s phase (REML, Bates et al. 2015), with Satterthwaite’s degrees of freedom (Kuznetsova et al. "
        "2017) that are never more than the units allow. The unit is the outermost one in which the side is constant."
    ]
    told += _scales(own)
    told += _design(own)
    told += _onset(own, used)
    told.append(
        "An omnibus F test of both contrasts comes first, by Benjamini and Hochberg over features (two looks at a "
        "feature, abundance and presence: the smaller p, doubled); the contrasts of a feature are tested only where it "
        "was selected, at a level that pays for the selection (Benjamini and Bogomolov 2014), by the closed procedure "
        "(Marcus et al. 1976). Only before, or only with progression, needs the difference of the two contrasts; "
        "neither needs both intervals inside the margin; anything else is undetermined."
    )
    if (own["model"] == "departure").any():
        used["hinge"] = None
        told.append(
            "The time at which the sides part is a parameter: no difference until then, and a ramp (a hinge, where it "
            "goes on growing) after it, with a random intercept and slope of each unit; its interval is by profile "
            "likelihood (Feder 1975), and it is not identified where the profile does not close or a difference that "
            "is free over time fits better. Relative abundances are measured for it, in each sample, from the median "
            "of the features that were not selected."
        )
    if own["term"].fillna("").str.contains("facility × group").any():
        used["welch"] = None
        told.append(
            "Facilities were analysed apart: a contrast is shared where it has one direction in every facility "
            "(partial conjunction), and depends on the facility by Welch’s test (1951)."
        )
    if (own["model"] == "severity").any():
        told.append(
            "Correlation with severity is Spearman’s, among the diseased, each value of severity with the sample "
            "nearest to it; within subjects, where severity changes in them, with age held fixed."
        )
    return told


def _scales(own: pd.DataFrame) -> list[str]:
    models = set(own["model"].dropna())
    told = []
    if "prevalence" in models:
        told.append(
            "Abundance (log2) is compared where a feature is present, and presence as 0 or 1 apart, so that zeros need "
            "no made-up value."
        )
    if "reference frame" in models:
        told.append(
            "Relative abundances have no zero point of their own: each contrast is measured from its median over the "
            "features, which is taken not to change; higher or lower means against it."
        )
    return told


def _design(own: pd.DataFrame) -> list[str]:
    notes = own[own["model"] == "course"].drop_duplicates(["question", "note"])
    return [
        sentence(f"in question {row['question']}, {row['assay']}: {row['note']}")
        for _, row in notes.iterrows()
        if not missing(row["note"])
    ]


def _onset(own: pd.DataFrame, used: dict[str, None]) -> list[str]:
    notes = own.loc[own["model"] == "course", "note"].fillna("")
    told = []
    if notes.str.contains("each subject's own").any():
        used["index"] = None
        told.append(
            "Each diseased subject was aligned to its own onset; healthy subjects got index ages by matching them to "
            "onsets at which they were under observation (risk-set matching; Lubin and Gail 1984)."
        )
    if notes.str.contains("draws of the onsets").any():
        used.update(dict.fromkeys(("turnbull", "rubin")))
        told.append(
            "Onsets known as intervals were drawn from their non-parametric maximum-likelihood distribution (Turnbull "
            "1976) inside each interval, several times, and the answers joined by Rubin’s rules (Barnard and Rubin "
            "1999)."
        )
    return told
