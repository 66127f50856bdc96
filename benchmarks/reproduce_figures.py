"""Where each figure of the documentation is from: what ``docs/reproduce.md`` is made of."""
# ruff: noqa: E501  rows of the page

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """Figures that a command makes."""

    what: str
    shown: tuple[str, ...]  #: pages below ``docs/``; README
    command: str
    data: str
    kept: tuple[str, ...] = ()  #: files of ``benchmarks/results``, without ``.json``
    time: str = ""  #: what it took here; empty where the record says it


MADE_UP = "simulated or random"
REAL = "`../shared/data`: "
#: In the order of the page. Seconds are of a run by itself on two cores that were shared; hours are orders of magnitude.
SOURCES = (
    Source("null rates and coverage of every p of `stats`", ("calibration",), "make calibration", MADE_UP, ("engine_null",), "hours"),
    Source("null rates of `cohort` on rearranged labels of real people", ("decisions/default-model",), "make calibration",
           REAL + "jacobs2016, kostic2015", ("cohort_null",), "an hour or two"),
    Source("answers, seconds and null rates beside QIIME 2", ("comparison",), "make bench-qiime", REAL + "jacobs2016, kostic2015; QIIME 2 of Debian", ("qiime",), "15 min of processor time"),
    Source("mixed models per second, beside lme4 and lmerTest", ("comparison", "decisions/mixed-model"), "make bench-engine", MADE_UP + "; R with lme4, lmerTest", ("engine",), "30 s"),
    Source("abundance and presence of a cohort, beside MaAsLin3 (frozen)", ("comparison",), "make bench-engine", MADE_UP, ("engine_default",), "10 s"),
    Source("logistic mixed models per second, beside glmer", ("comparison", "decisions/logistic"), "make bench-engine", MADE_UP + "; R with lme4", ("engine_logistic",), "30 s"),
    Source("all pairs of two tables, beside HAllA (frozen)", ("comparison", "decisions/association"), "make bench-engine", MADE_UP, ("engine_pairs",), "20 s"),
    Source("PERMANOVA, beside scikit-bio and vegan", ("comparison", "decisions/permutation"), "make bench-engine", MADE_UP + "; R with vegan", ("engine_permanova",), "1 min"),
    Source("seconds until the engine is there, and of first calls", ("decisions/streaming",), "make bench-engine", MADE_UP, ("engine_start",), "1 min"),
    Source("features that stream through", ("decisions/streaming",), "python benchmarks/engine_stream.py --full", MADE_UP, ("engine_stream",), "3 min; without `--full` 1 min"),
    Source("signals implanted into real tables: FDR, power, beside other methods", ("comparison", "decisions/default-model"), "make bench-truth",
           REAL + "jacobs2016, kostic2015, jenior2018, pd_mouse2016", ("truth",)),
    Source("ways to join the looks at a feature", ("decisions/default-model",), "python benchmarks/truth_choice.py --data DIR --sets 40", REAL + "jacobs2016, kostic2015", (), "hours; nothing is kept"),
    Source("profiles of simulated communities, beside sourmash and kraken2", ("comparison", "decisions/reads-benchmark"), "make bench-reads",
           REAL + "genomes; sourmash and kraken2 where they are", ("reads",), "hours"),
    Source("strains, functions, growth in simulated communities", ("decisions/profiling",), "python benchmarks/reads_profile.py --data DIR", REAL + "genomes", ("reads_profile",), "an hour or two"),
    Source("what a genome of a reference costs", ("reads-reference", "decisions/reference"), "make bench-reference", REAL + "genomes", ("reference",), "3 min"),
    Source("what a sample, a feature and a task cost; the model of 100,000 metagenomes", ("scale", "decisions/execution"), "make bench-scale", REAL + "genomes", ("scale",), "half an hour"),
    Source("a table of 10,000 samples and a million genes", ("large-tables", "decisions/large-tables"), "make bench-outofcore ARGS=--full", MADE_UP, ("outofcore",)),
    Source("jacobs2016 from table to page; `--help`", (), "make bench-cohort", REAL + "jacobs2016", ("cohort",), "1 min"),
    Source("the demo run again with nothing changed", ("runs-that-go-on", "decisions/results-kept"), "make bench-rerun", MADE_UP, ("rerun",), "2 min"),
    Source("runs killed at random moments", (), "make bench-crash", MADE_UP, ("crash",), "hours"),
    Source("animals: intervals, familywise error, classes of a course", ("animals-simulate",), "make bench-animals", MADE_UP, ("animals",)),
    Source("the course of a disease: null rates, classes, departures", ("decisions/course",), "make bench-course", MADE_UP, ("course",), "minutes"),
    Source("how often a screen without effects has a verdict", ("decisions/verdicts", "designs"), "make bench-verdicts", MADE_UP, ("verdicts",), "5 min"),
    Source("a treatment that does nothing: null rates, bias, coverage", ("decisions/reversal",), "make bench-reversal", MADE_UP, ("reversal",), "minutes"),
    Source("from a thousand molecules to one", ("decisions/mediators",), "make bench-molecules", MADE_UP, ("molecules",)),
    Source("names of two metabolomes against their own numbers", ("decisions/identity",), "make bench-names", REAL + "jenior2018, kostic2015", ("names",), "5 s"),
    Source("levels, severity, pathways, carriers, producers without an effect", ("decisions/people",), "make bench-people", REAL + "jacobs2016, kostic2015; simulated", ("people",), "minutes"),
    Source("claims of simulated model studies", ("als-simulate", "evidence"), "make bench-claims ARGS=--full", MADE_UP, ("claims",), "an hour; without `--full` minutes"),
    Source("`noise` of the first claim in studies without effects", ("als-simulate",), "make bench-shuffle", MADE_UP, ("shuffle_null",), "hours"),
    Source("leaks between samples that are hinted at", ("decisions/reads-in-a-study",), "make bench-leaks", MADE_UP, ("leaks",), "5 s"),
    Source("bad files through every reader", (), "make bench-hostile", MADE_UP, ("hostile",)),
    Source("every reader fuzzed by coverage", (), "make fuzz", MADE_UP + "; Atheris", ("fuzz",), "half an hour"),
    Source("odd studies through the estimators", (), "make bad-input", MADE_UP, (), "3 min; nothing is kept"),
)  # fmt: skip

#: Pages that a command writes, whole or in part.
GENERATED = (
    ("calibration", "make calibration", "written whole"),
    ("comparison", "make comparison", "written whole, from records and from the tolerances of the tests"),
    ("scale", "make bench-scale", "its tables, between two marks"),
    ("reproduce", "make reproduce", "this page"),
    ("notebooks/*", "make docs", "every output below a cell, run anew each time"),
    ("images/*", "make picture", "the picture of the README, from the page of the demo"),
)  # fmt: skip

#: Targets of ``make`` that run several of the others.
SEVERAL = ("bench",)

#: Figures without a command that makes the page's number, by page.
BY_HAND = (
    ("comparison", "MaAsLin3's and HAllA's figures are frozen: measured once, elsewhere. What commensal is beside them is measured anew."),
    ("real-studies", "What `examples/tau_microglia` shows (1,150 genes at 2 months …) is read from the `estimates.parquet` and page that its command writes; nothing keeps it (two minutes)."),
    ("plan", "The sentence quoted under *What it says* is of one run of `commensal plan`; other studies and seeds say other numbers."),
    ("reads-reference", "Hours and gigabytes of UHGG, MGBC and GTDB are multiplied from the cost of a genome; the collections were not built."),
    ("scale", "Hours, price and traffic are a model's, from what was measured; nothing was run on 100 nodes."),
    ("statistics, formats, how-it-works, glossary", "They show definitions and limits of the code, and no measurement."),
    ("decisions/association, multiplicity, sets, moderation, permutation, logistic, mixed-model, survival, tissue",
     "Agreement with R, and rates with a script named beside them: scripts and values are in `tests/references/`, or in the test that is named. R is needed to make the values again."),
    ("decisions/association (ranks in blocks), mediators (intervals of a product), preparation (drift), simulated-reads, survival (sandwich, restricted means, incidences), page (milliseconds in a browser)",
     "Measured once, for the decision; no script is kept. What came of it is in the page of null rates where it has a p."),
    ("decisions/*", "Seconds are of the day of the decision: where a record in `benchmarks/results/` differs, the record is newer."),
)  # fmt: skip
