"""``make comparison``: the guide's page of comparisons, written from what the repository records and nothing else.

Figures come from ``benchmarks/results/*.json`` (``make bench-NAME`` measures them anew) and from the tolerances that the
tests against R are held to. No number is typed here.
"""
# ruff: noqa: E501  sentences and rows of the page

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "comparison.md"
METHODS = ("commensal", "ANCOM-BC", "LinDA-like", "Wilcoxon", "limma on logs")
LEVEL = 0.1
#: What is compared with R, the test, the constants that it is held to and what they are of.
AGREEMENT = (
    ("mixed models, Satterthwaite", "lme4, lmerTest", "stats/test_mixed_against_lme4.py", ("EFFECT", "SE", "LOG_P")),
    ("logistic mixed models", "lme4's glmer", "stats/test_logistic_against_r.py", ("MIXED",)),
    ("scores, counts, censored values", "ordinal, lme4, survival", "stats/test_outcomes_against_r.py",
     ("EFFECT", "SE", "LOG_P")),
    ("PERMANOVA: F and R²", "vegan", "stats/test_permutation_vegan.py", ("F_TOLERANCE",)),
    ("PERMDISP", "vegan", "stats/test_permutation_vegan.py", ("DISPERSION_TOLERANCE",)),
    ("survival curves, log-rank", "survival", "stats/test_survival_against_r.py", ("CLOSE",)),
    ("tissue: moderated linear models", "limma", "questions/test_host_against_limma.py", ("CLOSE",)),
    ("tissue: negative binomial, coefficients", "PyDESeq2", "stats/test_deseq.py", ("COEFFICIENT",)),
)  # fmt: skip
WORDS = {"EFFECT": "effect, in standard errors", "SE": "standard error, relative", "LOG_P": "p, in powers of ten"}
INTRODUCTION = """# How it compares

`make comparison` writes this page from what is recorded in `benchmarks/results/` and in the tests against R; a test holds it to them.
`make bench-NAME` measures a figure anew. Seconds are of one processor ({processor}); compare ratios, not seconds.
A figure that is *frozen* was measured once, elsewhere, and is not measured again by a command.

commensal declares a study and answers its questions; the programs below fit models, compare tables or profile reads. They are compared
where they do the same thing.
"""
QIIME = """## QIIME 2: the same people through what its plugins run

`make bench-qiime` ({versions}, of Debian). Diversity is QIIME 2's own (q2-diversity-lib, q2-feature-table). q2-diversity and q2-longitudinal
are in no Debian package, so that what they call is called as they call it: `beta-group-significance` scikit-bio's `permanova`
([source]({permanova})), `linear-mixed-effects` statsmodels' `mixedlm` with a random intercept for each individual ([source]({mixedlm})). The
time that QIIME 2 itself takes to start and to keep its provenance is not counted. ANCOM (q2-composition calls scikit-bio's `ancom`,
[source]({ancom})) was not compared: `stats.ancom_bc2` is another method.
"""
#: What plugin calls what: read in these files, at these commits (of 2024).
SOURCES = {
    "permanova": "https://github.com/qiime2/q2-diversity/blob/28c61bebba89c384f671f7a589dfba3c759d6259/q2_diversity/_beta/_visualizer.py",
    "adonis": "https://github.com/qiime2/q2-diversity/blob/28c61bebba89c384f671f7a589dfba3c759d6259/q2_diversity/_beta/adonis_assets/run_adonis.R",
    "mixedlm": "https://github.com/qiime2/q2-longitudinal/blob/0d48f1ce205fc6e26d9b54613c8439ff59718528/q2_longitudinal/_utilities.py",
    "ancom": "https://github.com/qiime2/q2-composition/blob/be1ea94d39742ee11219ae116cfbd501846cebb0/q2_composition/_ancom.py",
}
DIFFERENCES = """## What is different, in words

- **lme4, lmerTest** fit one feature at a time; commensal fits all at once, to the same answers. lme4 has models that commensal does not
  have: several crossed random effects, random slopes of any kind, other families.
- **MaAsLin3** models abundance and presence of each feature, as commensal does, for any formula with random effects. commensal takes its
  blocks from a study file, splits an effect into its parts inside and between blocks, and gives a status in place of a fit that failed.
- **LinDA, ANCOM-BC**: linear models of log ratios with a correction for the composition. `stats.linda` and `stats.ancom_bc2` answer in
  commensal's own form beside its default; *LinDA-like* in the tables is `stats.linda`, not the R package.
- **HAllA** finds blocks of associated features by clustering; commensal tests pairs, with blocks and covariates, and has no clustering of them.
- **QIIME 2** takes amplicon reads to tables, which commensal reads (`.qza`) and does not make. What its plugins compute of tables is above.
- **DESeq2, limma**: commensal's tissue question rests on their models (PyDESeq2 and an implementation of its own) with cages as units.
"""


def main() -> int:
    """Write the page, or with ``--check`` say whether it is what would be written."""
    text = page()
    if "--check" in sys.argv[1:]:
        same = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text
        print(f"comparison: {'as recorded' if same else 'not what is recorded: run make comparison'}")
        return 0 if same else 1
    PAGE.write_text(text, encoding="utf-8", newline="\n")
    print(f"comparison: {PAGE.relative_to(ROOT)}")
    return 0


def page() -> str:
    """Return the page."""
    parts = [
        INTRODUCTION.format(processor=results("engine")["processor"]),
        "## The same answers\n\nThe largest difference that the tests allow, on the data sets in `tests/references/`:\n",
        table(("what", "beside", "differs by less than"), agreement()),
        "## Speed\n",
        table(("task", "commensal", "peer", "times faster"), speed()),
        truth(),
        qiime(),
        reads(),
        DIFFERENCES,
    ]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def results(name: str) -> dict[str, Any]:
    """Return the kept figures of one benchmark."""
    return dict(json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text()))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def agreement() -> list[list[str]]:
    """Read the tolerances from the tests that are held to them."""
    told = []
    for what, beside, test, names in AGREEMENT:
        known = constants(ROOT / "tests" / test)
        values = [known[name] for name in names]
        whole = isinstance(values[0], tuple)  # one constant for effect, standard error and p
        pairs = zip(WORDS, values[0], strict=True) if whole else zip(names, values, strict=True)
        words = [f"{value:g}" + (f" ({WORDS[name]})" if name in WORDS else "") for name, value in pairs]
        told.append([what, beside, "; ".join(words)])
    return told


def constants(path: Path) -> dict[str, Any]:
    """Return the constants that a module assigns, read without running it."""
    found: dict[str, Any] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.Assign):
            continue
        try:
            value = ast.literal_eval(node.value)
        except ValueError:
            continue
        for target in node.targets:
            if isinstance(target, ast.Name):
                found[target.id] = value
            elif isinstance(target, ast.Tuple):
                found |= {
                    one.id: each for one, each in zip(target.elts, value, strict=True) if isinstance(one, ast.Name)
                }
    return found


def speed() -> list[list[str]]:
    """Return rows of speed: what, ours, theirs, how many times."""
    engine, default, logistic = results("engine"), results("engine_default"), results("engine_logistic")
    pairs, permanova = results("engine_pairs"), results("engine_permanova")
    size = f"{engine['samples']:,} samples, {engine['subjects']} subjects, {engine['columns']} columns"
    own = f"{engine['features_per_second']['shared']:,} features/s"
    rows = [
        [
            f"mixed model of a feature ({size})",
            own,
            f"{name}: {seconds * 1000:.0f} ms a feature",
            f"{engine['times_faster'][name]:,}",
        ]
        for name, seconds in engine["seconds_per_feature_in_r"].items()
    ]
    size = f"{default['samples']:,} samples, {default['species']} species, {default['terms']} terms"
    rows.append([f"abundance and presence with a random intercept ({size})", f"{default['seconds']:.2f} s",
                 f"MaAsLin3: {default['maaslin3_seconds_frozen']:,.0f} s, frozen", f"{default['times_faster']:,}"])  # fmt: skip
    rows.append(["logistic mixed model of a feature", f"{logistic['features_per_second']:.0f} features/s",
                 f"glmer: {logistic['glmer_seconds']} s a feature", f"{logistic['times_glmer']:.0f}"])  # fmt: skip
    permuted = f"PERMANOVA, {permanova['permutations']:,} permutations, {permanova['samples']:,} samples"
    rows.append([permuted, f"{permanova['seconds']} s", f"scikit-bio: {permanova['scikit_bio_seconds']} s",
                 f"{permanova['times_scikit_bio']:.0f}"])  # fmt: skip
    few = permanova["vegan_permutations_run"]
    rows.append([permuted, f"{permanova['seconds']} s",
                 f"vegan: {permanova['vegan_seconds_extrapolated']:.0f} s (from {few} permutations)",
                 f"{permanova['times_vegan']:.0f}"])  # fmt: skip
    first = pairs["rows"][0]
    rows.append([f"all pairs of two tables ({first['pairs']:,} pairs, n = {first['n']})", f"{first['seconds'] * 1000:.0f} ms",
                 f"HAllA's pairwise stage: {pairs['halla_seconds']} s, frozen", f"{pairs['times_halla']:,}"])  # fmt: skip
    return rows


def truth() -> str:
    """Return the section on implanted signals: where commensal finds more, and where it finds less."""
    kept = results("truth")
    cells = [one for one in kept["cells"] if one["level"] == LEVEL]
    names = list(dict.fromkeys(one["cell"] for one in cells))
    found = {(one["cell"], one["method"]): one for one in cells}
    power = {one["method"]: one["power"] for one in kept["mean_power"] if one["level"] == LEVEL}
    rows = []
    for method in METHODS:
        own = [found[name, method] for name in names if (name, method) in found]
        broken = sum(one["rejected"] for one in own)
        rows.append(
            [method, f"{power[method]:.2f}", f"{broken} of {len(own)}", f"{max(one['fdr'] for one in own):.2f}"]
        )
    less = sorted((one for one in kept["behind"] if one["level"] == LEVEL), key=lambda one: -one["behind"])[:8]
    behind = [
        [one["cell"], f"{one['power']:.2f}", f"{one['best']}: {one['best_power']:.2f}"]
        for one in less
        if one["behind"] > 0
    ]
    frozen = [
        [one["cell"], *(f"{one[key]:.2f}" for key in ("fdr", "power", "maaslin3_fdr", "maaslin3_power"))]
        for one in kept["maaslin3_frozen"]
    ]
    head = f"""## Truth: signals implanted into real tables

{kept["sets"]} data sets for each of {len(names)} cells (table, kind of signal, fold, n); at q < {LEVEL:g}. A cell's false discovery rate is
*too large* where a one-sided test over its data sets says so at 1 %, Holm over the cells of all methods.
"""
    return "\n".join([
        head,
        table(("method", "mean power over its cells", "cells with too large a rate", "largest rate of a cell"), rows),
        "Where commensal finds least beside the best other method whose rate holds:\n",
        table(("cell", "commensal's power", "the best other"), behind),
        "MaAsLin3's figures are frozen and of another, larger table: they are no comparison on the same data.\n",
        table(("cell", "rate", "power", "MaAsLin3's rate", "MaAsLin3's power"), frozen),
    ])  # fmt: skip


def qiime() -> str:
    """Return the section on what QIIME 2's plugins run, on the same people."""
    kept = results("qiime")
    people, infants, mixed = kept["jacobs2016"], kept["kostic2015"], kept["mixed"]
    alike = kept["diversity"]
    same = [
        ["Shannon, observed features, Faith's PD, Bray–Curtis", f"{max(alike[one] for one in ('shannon', 'observed', 'faith_pd', 'bray_curtis')):.0e}"],
        ["unweighted, weighted UniFrac (QIIME 2 has 32 bits)", f"{max(alike[one] for one in ('unweighted_unifrac', 'weighted_unifrac')):.0e}"],
        ["expected richness beside the mean of 20 rarefied tables", f"{alike['richness_in_errors']:.1f} Monte-Carlo errors"],
        ["PERMANOVA's F", f"{max(one['relative_difference_of_f'] for one in (people, infants)):.0e}"],
        [f"PERMANOVA's p without blocks, {kept['permutations']:,} permutations",
         f"{max(one['p_difference_in_errors'] for one in (people, infants)):.1f} Monte-Carlo errors"],
        ["mixed model: effects, in standard errors", f"{mixed['effect_in_se']['largest']:.0e}"],
        ["mixed model: standard errors of generalised least squares", f"{mixed['relative_se']['largest']:.0e}"],
        ["mixed model: standard errors as statsmodels shows them (of the whole Hessian)",
         f"{mixed['relative_se_as_shown']['largest']:.0e}"],
    ]  # fmt: skip
    null = [
        [what, *(_rate(one["null"][who]) for who in ("commensal", "QIIME 2"))]
        for what, one in (
            (
                f"PERMANOVA, {people['samples']} people of {people['blocks']} households; labels move within households",
                people,
            ),
            (
                f"PERMANOVA, {infants['samples']} samples of {infants['blocks']} infants; infants keep their samples",
                infants,
            ),
            (
                f"mixed model, {mixed['samples']} samples of {mixed['infants']} infants; infants keep their samples",
                mixed,
            ),
        )
    ]
    speed = [
        [f"PERMANOVA, {kept['permutations']:,} permutations, {infants['samples']} samples",
         f"{infants['seconds']} s", f"{infants['qiime_seconds']} s", f"{infants['times_faster']:g}"],
        [f"mixed models of {mixed['features']} responses", f"{mixed['seconds']} s", f"{mixed['qiime_seconds']} s",
         f"{mixed['times_faster']:,}"],
    ]  # fmt: skip
    told = mixed["qiime_fits"]
    return "\n".join([
        QIIME.format(versions=", ".join(f"{name} {number}" for name, number in kept["peers"].items()), **SOURCES),
        table(("the same, on real people", "largest difference (relative, where no unit is named)"), same),
        f"The shares of {kept['shuffles']} shuffles with p ≤ 0.05. A shuffle rearranges the labels as the design allows, so that 0.05 is right, less is "
        f"power lost, and more is false. PERMANOVA has {kept['permutations_of_shuffles']} permutations here. **Bold**: too large by more than chance "
        "(one-sided p < 0.01 over the shuffles):\n",
        table(("without an effect", "commensal", "what QIIME 2 runs"), null),
        f"Standard error of a rate of 0.05 over them: {(0.05 * 0.95 / kept['shuffles']) ** 0.5:.3f}; of the mixed model's, which are over ten responses, less. "
        "`beta-group-significance` moves labels freely, whoever lives together and whoever gave several samples (`adonis` takes a formula, in which a household may be a "
        "covariate, and no strata: [source](" + SOURCES["adonis"] + ")); `linear-mixed-effects` has a random intercept for one kind of unit, which may be the household or "
        "the person, and slopes in it where they are asked for, and a normal p in place of one with degrees of freedom. Of its "
        f"{mixed['features']} fits {told.get('warned', 0)} ended with a warning of statsmodels; differences are over the other {mixed['compared']} that are "
        "inside the parameter space on both sides.\n",
        table(("task", "commensal", "what QIIME 2 runs", "times faster"), speed),
        "These are other versions of the libraries than the newest, and other tasks for the machine: statsmodels "
        "is given one response at a time by formula, as the plugin does it, commensal all at once, in code compiled before the clock starts. Beside "
        "lme4 and the scikit-bio that ships with commensal it is timed above.\n",
    ])  # fmt: skip


def _rate(null: Mapping[str, float]) -> str:
    """Write a null rate, bold where it is too large by more than chance."""
    told = f"{null['rate']:.3f}"
    return f"**{told}**" if null["p_too_large"] < 0.01 else told


def reads() -> str:
    """Return the section on profiles of simulated reads."""
    kept = results("reads")
    rows = []
    for community in dict.fromkeys(one["community"] for one in kept["communities"]):
        for program in dict.fromkeys(one["program"] for one in kept["communities"]):
            own = [one for one in kept["communities"] if (one["community"], one["program"]) == (community, program)]
            mean = {key: sum(one[key] for one in own) / len(own) for key in ("f1", "l1")} if own else {}
            if own:
                rows.append(
                    [community.replace("_", " "), program, f"{mean['f1']:.3f}", f"{mean['l1']:.3f}", str(len(own))]
                )
    peers = ", ".join(f"{name} {number}" for name, number in kept["peers"].items())
    told = f"## Reads\n\nSimulated communities of real genomes, the same reference for all ({peers}); commensal's species come from sylph.\n"
    return told + "\n" + table(("community", "program", "F1 of species", "L1 of abundances", "communities"), rows)


if __name__ == "__main__":
    sys.exit(main())
