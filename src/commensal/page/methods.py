"""The methods paragraph: only what occurs in the estimates, with what it rests on."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from commensal.page import (
    methods_arms,
    methods_course,
    methods_events,
    methods_genomes,
    methods_host,
    methods_mediators,
    methods_people,
    methods_preparation,
    methods_reads,
)
from commensal.page.view import FEATURE_WORDS, PEOPLE, PageView
from commensal.page.words import count, listed, many, measure_word, missing, number, plural, sentence

REFERENCES = {
    "mixed": "Bates D, Mächler M, Bolker B, Walker S (2015). Fitting linear mixed-effects models using lme4. "
    "Journal of Statistical Software 67(1). doi:10.18637/jss.v067.i01",
    "satterthwaite": "Kuznetsova A, Brockhoff PB, Christensen RHB (2017). lmerTest package: tests in linear mixed "
    "effects models. Journal of Statistical Software 82(13). doi:10.18637/jss.v082.i13",
    "bh": "Benjamini Y, Hochberg Y (1995). Controlling the false discovery rate. Journal of the Royal Statistical "
    "Society B 57, 289–300. doi:10.1111/j.2517-6161.1995.tb02031.x",
    "permanova": "Anderson MJ (2001). A new method for non-parametric multivariate analysis of variance. Austral "
    "Ecology 26, 32–46. doi:10.1111/j.1442-9993.2001.01070.pp.x",
    "permdisp": "Anderson MJ (2006). Distance-based tests for homogeneity of multivariate dispersions. Biometrics 62, "
    "245–253. doi:10.1111/j.1541-0420.2005.00440.x",
    "richness": "Hurlbert SH (1971). The nonconcept of species diversity: a critique and alternative parameters. "
    "Ecology 52, 577–586. doi:10.2307/1934145",
    "shannon": "Shannon CE (1948). A mathematical theory of communication. Bell System Technical Journal 27, 379–423. "
    "doi:10.1002/j.1538-7305.1948.tb01338.x",
    "faith_pd": "Faith DP (1992). Conservation evaluation and phylogenetic diversity. Biological Conservation 61, "
    "1–10. doi:10.1016/0006-3207(92)91201-3",
    "unifrac": "Lozupone C, Knight R (2005). UniFrac: a new phylogenetic method for comparing microbial communities. "
    "Applied and Environmental Microbiology 71, 8228–8235. doi:10.1128/AEM.71.12.8228-8235.2005",
    "weighted_unifrac": "Lozupone CA, Hamady M, Kelley ST, Knight R (2007). Quantitative and qualitative β diversity "
    "measures lead to different insights. Applied and Environmental Microbiology 73, 1576–1585. "
    "doi:10.1128/AEM.01996-06",
    "aitchison": "Aitchison J (1986). The Statistical Analysis of Compositional Data. Chapman and Hall. "
    "doi:10.1007/978-94-009-4109-0",
    "bray_curtis": "Bray JR, Curtis JT (1957). An ordination of the upland forest communities of southern Wisconsin. "
    "Ecological Monographs 27, 325–349. doi:10.2307/1942268",
    "pcoa": "Gower JC (1966). Some distance properties of latent root and vector methods used in multivariate "
    "analysis. Biometrika 53, 325–338. doi:10.1093/biomet/53.3-4.325",
    "numpy": "Harris CR et al. (2020). Array programming with NumPy. Nature 585, 357–362. "
    "doi:10.1038/s41586-020-2649-2",
    "scipy": "Virtanen P et al. (2020). SciPy 1.0: fundamental algorithms for scientific computing in Python. Nature "
    "Methods 17, 261–272. doi:10.1038/s41592-019-0686-2",
    "scikit-bio": "The scikit-bio development team. scikit-bio: a bioinformatics library for data scientists, students "
    "and developers. https://scikit.bio",
    **methods_reads.REFERENCES,
    **methods_preparation.REFERENCES,
    **methods_course.REFERENCES,
    **methods_events.REFERENCES,
    **methods_host.REFERENCES,
    **methods_arms.REFERENCES,
    **methods_mediators.REFERENCES,
    **methods_genomes.REFERENCES,
    **methods_people.REFERENCES,
}


OMNIBUS = {"permanova": "PERMANOVA", "permdisp": "PERMDISP"}


def methods(view: PageView) -> tuple[list[str], list[str]]:
    """Return the paragraphs of the methods and the references that they rest on.

    Examples
    --------
    >>> from pathlib import Path
    >>> from commensal.study import Study
    >>> from commensal.tables import estimates, points
    >>> methods(PageView(Study(Path("study.toml"), "empty"), estimates(), points()))
    (['No model was fitted.'], [])
    """
    rows = view.estimates
    used: dict[str, None] = {}
    reads = [*methods_reads.reads(view, used), *methods_preparation.preparation(view, used)]
    if rows.empty:
        return [*([" ".join(reads)] if reads else []), "No model was fitted."], [REFERENCES[key] for key in used]
    course, rows = methods_course.course(rows, used), rows[rows["kind"] != "course"]
    if (rows["test"] == methods_preparation.CENSORED).any():
        reads.append(methods_preparation.LATENT)
    parts = [
        reads,
        course,
        methods_arms.arms(view, used),
        _diversity(rows, used) + _composition(rows, used),
        _features(view, rows[rows["kind"] != "mediators"]) + _frame(view, rows, used) + _presence(view, rows),
        methods_host.tissue(rows[rows["kind"] == "host"], used),
        methods_people.people(rows, used),
        _models(view, rows[(rows["kind"] != "host") & ~rows["model"].isin(PEOPLE)], used)
        + _split(rows[rows["kind"] != "host"]),
        _families(view.estimates, used),
        methods_events.events(rows, used),
        methods_mediators.mediators(rows, used),
        methods_genomes.genomes(view, rows, used),
    ]
    told = [" ".join(part) for part in parts if part]
    packages = view.provenance.get("packages")
    versions = dict(packages) if isinstance(packages, Mapping) else {}
    named = [f"{name} {versions[name]}" for name in ("numpy", "scipy", "scikit-bio") if name in versions]
    if named:
        told.append(sentence(f"computed with commensal {view.provenance.get('version', '')}, {listed(named)}"))
        used.update(dict.fromkeys(name for name in ("numpy", "scipy", "scikit-bio") if name in versions))
    return told, [REFERENCES[key] for key in used]


def _diversity(rows: pd.DataFrame, used: dict[str, None]) -> list[str]:
    measures = set(rows["measure"].dropna())
    words = {
        "richness": "richness is the number of features expected at an even depth (rarefaction by expectation, "
        "without random draws; Hurlbert 1971), the largest depth that keeps 95 % of the samples",
        "shannon": "Shannon diversity (Shannon 1948) is in nats",
        "faith_pd": "Faith’s phylogenetic diversity is the summed length of the tree’s branches that a sample "
        "holds (Faith 1992)",
    }
    kept = [measure for measure in words if measure in measures]
    used.update(dict.fromkeys(kept))
    return [sentence("; ".join(words[measure] for measure in kept))] if kept else []


def _composition(rows: pd.DataFrame, used: dict[str, None]) -> list[str]:
    told = []
    tested = rows[rows["model"].isin(["permanova", "permdisp"])]
    distances = list(tested["measure"].dropna().unique())
    if "permanova" in set(tested["model"]):
        used["permanova"] = None
        told.append(
            sentence(
                "composition was compared by PERMANOVA (Anderson 2001) on "
                f"{listed([measure_word(m) for m in distances])} distances; its effect R² is the share of the "
                "variation that goes with the contrast" + _permutations(tested)
            )
        )
    if "permdisp" in set(tested["model"]):
        used["permdisp"] = None
        told.append(
            "PERMDISP (Anderson 2006), under the same permutations, asks whether one side is more spread out than the "
            "other, which PERMANOVA cannot tell from a shift. It ignores covariates, and takes the centroids of the "
            "sides anew under each arrangement of the labels."
        )
    between = set(tested.loc[tested["term"] == "between", "model"])
    if between:
        named = [name for model, name in OMNIBUS.items() if model in between]
        verb = "compare" if len(named) > 1 else "compares"
        told.append(f"Between blocks, {listed(named)} {verb} the centroids of blocks, one row per block.")
    for measure, key in (
        ("bray_curtis", "bray_curtis"),
        ("aitchison", "aitchison"),
        ("unweighted_unifrac", "unifrac"),
        ("weighted_unifrac", "weighted_unifrac"),
    ):
        if measure in distances:
            used[key] = None
    if (rows["model"] == "pcoa").any():
        used["pcoa"] = None
        told.append("Ordinations are principal coordinates of these distances.")
    return told


def _permutations(tested: pd.DataFrame) -> str:
    """Say how labels were permuted and distances prepared, as the counts and notes of the rows have it."""
    shown = tested[(tested["model"] == "permanova") & tested["n_permutations"].notna()]
    schemes: dict[str, None] = {}
    prepared: dict[str, None] = {}
    for _, row in shown.iterrows():
        parts = [] if missing(row["note"]) else str(row["note"]).split("; ")
        arranged = [part for part in parts if "arrangements" in part]
        schemes[f"{count(row['n_permutations'])} permutations" + (f" ({arranged[0]})" if arranged else "")] = None
        others = [part for part in parts if part not in arranged]
        if others:
            prepared[f"{measure_word(row['measure'])} distances of {row['assay']}: {'; '.join(others)}"] = None
    told = "; p from " + listed(list(schemes)[:6]) if schemes else ""
    return told + "".join(f". {text}" for text in prepared)


def _features(view: PageView, rows: pd.DataFrame) -> list[str]:
    models = set(rows.loc[rows["test"] != methods_preparation.CENSORED, "model"].dropna())
    told = []
    if "abundance" in models:
        told.append(
            "Each feature was asked two questions, so that zeros need no made-up value: its abundance (log2) among the "
            "samples where it is present, and whether it is present, as 0 or 1, so that its effect is a difference in "
            "the share of samples."
            if "prevalence" in models
            else "Each feature’s abundance (log2) was compared among the samples where it is present."
        )
        if "joint" in models:
            told.append(
                "One joint test per feature says whether it differs at all: the Cauchy combination of abundance, "
                "presence, the two in one direction, ranks of all samples with absence the lowest, and logarithms with "
                "absence at half of what could be seen. Its q is over the features of a term; abundance and presence, "
                "which say how, have a family of their own."
            )
    elif "prevalence" in models:
        told.append("Each feature’s presence was compared as the share of samples where it is present.")
    if models & {"abundance", "prevalence"}:
        least = {q.min_prevalence for q in view.study.questions.values()}
        shares = listed([f"{number(100 * share)} %" for share in sorted(least)], "or")
        told.append(
            sentence(
                f"a feature that is present in fewer than {shares} of the samples is not tested; it stays in the table"
            )
        )
    return told


def _frame(view: PageView, rows: pd.DataFrame, used: dict[str, None]) -> list[str]:
    """Say what relative abundances are measured from, what that assumes, and the way out where it fails."""
    frames = rows[(rows["model"] == "reference frame") & rows["effect"].notna()]
    if frames.empty:
        return []
    used["aitchison"] = None
    taken = [
        f"{number(row['effect'], 2)} in {row['assay']}" + ("" if row["term"] == "overall" else f", {row['term']}")
        for _, row in frames.iterrows()
    ]
    kinds = [view.study.assays[name].kind for name in frames["assay"].unique() if name in view.study.assays]
    words = list(dict.fromkeys(FEATURE_WORDS.get(kind, "feature") for kind in kinds)) or ["feature"]
    one = listed(words, "or")
    return [
        sentence(
            "relative abundances have no zero point of their own: the median log2 fold change over the features is "
            f"the reference frame and was taken off every one ({'; '.join(list(dict.fromkeys(taken))[:6])})"
        ),
        f"So the median {one} is taken not to change, and higher or lower means against it: a {one} that is higher "
        "here need not have risen. The assumption fails where most of a community changes, as in a collapse under "
        "antibiotics; the way out is absolute data (by qPCR, cell counts or a spike-in; value = absolute in the study "
        "file), which are not measured from the median.",
    ]


def _presence(view: PageView, rows: pd.DataFrame) -> list[str]:
    """Say what the model of presence has besides the others, and tests other than t, where rows say so."""
    own = rows[(rows["model"] == "prevalence") & rows["p"].notna()]
    test = own["test"].fillna("")
    told = []
    counted = [name for name in own["assay"].dropna().unique() if _is_counts(view, str(name))]
    if counted:
        told.append(sentence(f"log2 of the number of reads is a covariate of presence in {listed(counted)}"))
    if (test.str.startswith("t") & test.str.contains("permutation")).any():
        told.append(
            "Where a row’s test says permutation besides t and it has a number of permutations, its p is the larger of "
            "two: that of the linear model, and that of permuted labels, restricted to the arrangements that blocks "
            "allow."
        )
    if test.str.startswith("exact").any():
        told.append(
            "A feature in every sample of one side and in none of the other has the p of that arrangement of labels "
            "among all of them (test exact)."
        )
    return told


def _is_counts(view: PageView, assay: str) -> bool:
    declared = view.study.assays.get(assay)
    return declared is not None and declared.value == "counts"


def _models(view: PageView, rows: pd.DataFrame, used: dict[str, None]) -> list[str]:
    fitted = rows[rows["test"].fillna("").str.startswith("t") & rows["p"].notna()]
    told = []
    mixed = fitted["n_blocks"].fillna(0) > 0
    if mixed.any():
        used.update({"mixed": None, "satterthwaite": None})
        told.append(
            "Effects are from linear mixed models with the block as random intercept, fitted by restricted maximum "
            "likelihood (REML, as in lme4: Bates et al. 2015), with t tests on Satterthwaite’s degrees of freedom "
            "(Kuznetsova et al. 2017); a block variance of 0 is an ordinary result (status boundary)."
        )
    if (~mixed).any():
        without = "Without a block, effects" if mixed.any() else "Effects"
        told.append(f"{without} are from linear models (ordinary least squares), with t tests.")
    return [*told, *_covariates(view, rows)]


def _covariates(view: PageView, rows: pd.DataFrame) -> list[str]:
    """Name the covariates of each question that was answered, as declared."""
    tested = rows.loc[rows["p"].notna(), "question"].dropna().unique()
    answered = [view.study.questions[name] for name in tested if name in view.study.questions]
    named = [
        f"of question {question.name}: " + (listed(list(question.covariates)) if question.covariates else "none")
        for question in answered
    ]
    return [sentence(f"covariates, as declared, {'; '.join(named)}")] if named else []


def _split(rows: pd.DataFrame) -> list[str]:
    """Say what within and between are, where the label varies inside blocks."""
    if not ((rows["term"] == "within") & rows["p"].notna()).any():
        return []
    return [
        "Where the contrast varies inside blocks, its comparison within blocks is apart from that of block means, and "
        "covariates are split into the same two parts. Rows within blocks count as blocks those that have both "
        "sides. Rows between blocks are effects per share of cases in a block, 0 to 1, from blocks of controls only "
        "to blocks of cases only; as this extends a straight line to its ends, it may lie outside what a value can be "
        "(a difference in presence beyond 100 percentage points)."
    ]


def _families(rows: pd.DataFrame, used: dict[str, None]) -> list[str]:
    families = rows.loc[rows["q"].notna(), "family"].dropna()
    if families.empty:
        return []
    used["bh"] = None
    counts = families.value_counts(sort=False).sort_values(ascending=False, kind="stable")
    named = [f"{name} ({many(n, 'test')})" for name, n in counts.items()]
    more = f" and {count(len(named) - 6)} other {plural('family', len(named) - 6)}" if len(named) > 6 else ""
    return [
        "The false discovery rate q is that of Benjamini and Hochberg (1995) within a family of tests; the families "
        f"are: {'; '.join(named[:6])}{more}."
    ]
