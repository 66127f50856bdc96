"""What the methods say of questions about arms: the unit, the summary, the joint intervals, the verdicts."""

from __future__ import annotations

from commensal.page.view import PageView

REFERENCES = {
    "dunnett": "Dunnett CW (1955). A multiple comparison procedure for comparing several treatments with a control. "
    "Journal of the American Statistical Association 50, 1096–1121. doi:10.1080/01621459.1955.10501294",
    "ranks": "Al Mohamad D, Goeman JJ, van Zwet EW (2022). Simultaneous confidence intervals for ranks with "
    "application to ranking institutions. Biometrics 78, 238–247. doi:10.1111/biom.13419",
    "pseudo": "Andersen PK, Hansen MG, Klein JP (2004). Regression analysis of restricted mean survival time based on "
    "pseudo-observations. Lifetime Data Analysis 10, 335–350. doi:10.1007/s10985-004-4771-0",
}


def arms(view: PageView, used: dict[str, None]) -> list[str]:
    """Return the sentences that the rows of arms rest on."""
    rows = view.estimates
    models = set(rows["model"].dropna())
    told = []
    if "verdict" in models:
        used["dunnett"] = None
        told.append(
            "Arms were compared with their shared control on one number of each animal: of a measure its level over "
            "the times at which it was measured, set right for the times that it lacks (least squares on animal and "
            "time); of an event its part of the restricted mean time without it (pseudo-observations). Where cages, or "
            "other units, lie in one arm, their means are the observations and degrees of freedom are those of units. "
            "Intervals and p are those of the largest |t| over arms (Dunnett 1955), with Bonferroni’s correction over "
            "the primary outcomes; an outcome that is not primary has a family of its own. Equal variances are "
            "assumed, and with units of unequal size the joint distribution is an approximation."
        )
        told.append(
            "An arm helps or harms where its joint interval leaves out 0; it is equivalent where the interval lies "
            "inside the margin that the study file declares; otherwise it is inconclusive, which is not evidence of no "
            "effect."
        )
        events = rows[(rows["model"] == "verdict") & rows["measure"].isin(list(view.study.events))]
        if len(events):
            used["pseudo"] = None
    if "rank" in models:
        used["ranks"] = None
        told.append("Ranks have simultaneous intervals from all pairs of arms (Tukey–Kramer; Al Mohamad et al. 2022).")
    if "interaction" in models:
        told.append(
            "Whether a level differs in what an arm does was asked by the difference of differences: inside units that "
            "hold both levels, else between the means of units."
        )
    if "change, adjusted for baseline" in models:
        told.append(
            "Features after the baseline were adjusted for the same feature before it, subject by subject (analysis of "
            "covariance), among subjects that have both."
        )
    return told


__all__ = ["REFERENCES", "arms"]
