"""The methods paragraph of events: only what occurs in the estimates, with what it rests on."""

from __future__ import annotations

import pandas as pd

from commensal.page.words import sentence

REFERENCES = {
    "kaplan_meier": "Kaplan EL, Meier P (1958). Nonparametric estimation from incomplete observations. Journal of the "
    "American Statistical Association 53, 457–481. doi:10.1080/01621459.1958.10501452",
    "log_rank": "Peto R, Peto J (1972). Asymptotically efficient rank invariant test procedures. Journal of the Royal "
    "Statistical Society A 135, 185–207. doi:10.2307/2344317",
    "closed": "Marcus R, Peritz E, Gabriel KR (1976). On closed testing procedures with special reference to ordered "
    "analysis of variance. Biometrika 63, 655–660. doi:10.1093/biomet/63.3.655",
    "cox": "Lin DY, Wei LJ (1989). The robust inference for the Cox proportional hazards model. Journal of the "
    "American "
    "Statistical Association 84, 1074–1078. doi:10.1080/01621459.1989.10478874",
    "firth": "Heinze G, Schemper M (2001). A solution to the problem of monotone likelihood in Cox regression. "
    "Biometrics 57, 114–119. doi:10.1111/j.0006-341X.2001.00114.x",
    "hazards": "Grambsch PM, Therneau TM (1994). Proportional hazards tests and diagnostics based on weighted "
    "residuals. "
    "Biometrika 81, 515–526. doi:10.1093/biomet/81.3.515",
    "rmst": "Royston P, Parmar MKB (2013). Restricted mean survival time: an alternative to the hazard ratio. "
    "BMC Medical "
    "Research Methodology 13, 152. doi:10.1186/1471-2288-13-152",
    "incidence": "Aalen OO, Johansen S (1978). An empirical transition matrix for non-homogeneous Markov chains "
    "based on "
    "censored observations. Scandinavian Journal of Statistics 5, 141–150.",
    "subdistribution": "Fine JP, Gray RJ (1999). A proportional hazards model for the subdistribution of a competing "
    "risk. Journal of the American Statistical Association 94, 496–509. doi:10.1080/01621459.1999.10474144",
    "interval": "Sun J (1996). A non-parametric test for interval-censored failure time data with application to AIDS "
    "studies. Statistics in Medicine 15, 1387–1395.",
    "cafs": "Berry JD et al. (2013). The Combined Assessment of Function and Survival (CAFS): a new endpoint for ALS "
    "clinical trials. Amyotrophic Lateral Sclerosis and Frontotemporal Degeneration 14, 162–168. "
    "doi:10.3109/21678421.2012.762930",
    "win_ratio": "Pocock SJ, Ariti CA, Collier TJ, Wang D (2012). The win ratio: a new approach to the analysis of "
    "composite endpoints in clinical trials. European Heart Journal 33, 176–182. doi:10.1093/eurheartj/ehr352",
}
#: Model → what is said of it, and the references it rests on.
SAID: dict[str, tuple[str, tuple[str, ...]]] = {
    "median": (
        "survival of each arm is Kaplan and Meier’s (1958), with log-log intervals; where units lie in one arm each, "
        "variances are sums over units, with Student’s t",
        ("kaplan_meier",),
    ),
    "log_rank": (
        "arms were compared with the control by the log-rank test, p from rearranged labels: whole units where these "
        "lie in one arm, inside units else; the smallest p that the design can give stands beside each",
        ("log_rank",),
    ),
    "log_rank_familywise": ("over arms these p were adjusted by closed testing (Marcus et al. 1976)", ("closed",)),
    "cox": (
        "hazard ratios are Cox’s, over units by the sandwich of Lin and Wei (1989) with Student’s t, and "
        "without p where "
        "this test, simulated in the same layout, would reject more than 6 of 100 true nulls at 5 %",
        ("cox",),
    ),
    "proportional_hazards": (
        "whether a hazard ratio changes with time was asked by the score test of its product with 1 − Kaplan–Meier "
        "(Grambsch and Therneau 1994)",
        ("hazards",),
    ),
    "rmst": (
        "restricted means are compared up to the longest time to which all arms were followed, by Student’s t with "
        "Welch’s degrees of freedom over units (Royston and Parmar 2013)",
        ("rmst",),
    ),
    "cumulative_incidence": (
        "where events compete, the incidence of each is Aalen and Johansen’s (1978)",
        ("incidence",),
    ),
    "subdistribution": (
        "the incidence of the event was tested over the whole follow-up by the score of Fine and Gray (1999) under "
        "rearranged labels",
        ("subdistribution",),
    ),
    "log_rank_interval": (
        "events known as intervals were tested by Sun’s log-rank (1996) under rearranged labels; hazard ratios and "
        "restricted means are of the time at which they were first seen",
        ("interval",),
    ),
    "cafs": (
        "function and survival were combined by comparing animals in pairs, survival first, then the change of the "
        "measure per unit of time (Berry et al. 2013; win ratio: Pocock et al. 2012)",
        ("cafs", "win_ratio"),
    ),
}


def events(rows: pd.DataFrame, used: dict[str, None]) -> list[str]:
    """Say how events were analysed; empty where no question asked for one."""
    present = set(rows["model"].dropna())
    if "log_rank" not in present:
        return []
    told = []
    for model, (text, references) in SAID.items():
        if model in present:
            told.append(sentence(text))
            used.update(dict.fromkeys(references))
    penalised = rows.loc[rows["model"] == "cox", "test"].fillna("").str.contains("Firth")
    if penalised.any():
        told.append("With few events, or none on one side, Firth’s penalty was added (Heinze and Schemper 2001).")
        used["firth"] = None
    return told
