"""Everything that vegan has too, against vegan: a stored table of 20 samples, and two real studies where present.

The values stand in tests/references/vegan/*_reference.tsv, made by reference.R there (see its README).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commensal import stats

HERE = Path(__file__).parents[1] / "references" / "vegan"
#: Agreement asked of F and R² (relative).
F_TOLERANCE = 1e-8
#: vegan drops axes with |eigenvalue| < 1.5e-8 before it measures distances to centroids; we drop none.
DISPERSION_TOLERANCE = 1e-6
#: vegan's lchoose and our gammaln lose about 1e-9 at 400,000 reads.
RAREFY_TOLERANCE = 1e-8
PERMUTATIONS = 9999
#: Arrangements of anew.R on which its Monte-Carlo p rest.
FEWER = 1999


@dataclass(frozen=True)
class Reference:
    table: pd.DataFrame

    def one(self, quantity: str) -> float:
        (value,) = self.table.loc[self.table.quantity == quantity, "value"]
        return float(value)

    def many(self, quantity: str) -> np.ndarray:
        return self.table.loc[self.table.quantity == quantity, "value"].to_numpy(float)

    def square(self, quantity: str, n: int) -> np.ndarray:
        rows = self.table[self.table.quantity == quantity]
        matrix = np.zeros((n, n))
        for index, value in zip(rows["index"], rows.value, strict=True):
            i, j = map(int, index.split())
            matrix[i, j] = matrix[j, i] = value
        return matrix


def reference(name: str) -> Reference:
    return Reference(
        pd.read_csv(HERE / f"{name}_reference.tsv", sep="\t", dtype={"index": str}, float_precision="round_trip")
    )


def anew(name: str) -> dict[str, float]:
    """p of dispersion with betadisper run again on every arrangement: anew.R."""
    table = pd.read_csv(HERE / f"{name}_anew.tsv", sep="\t", float_precision="round_trip")
    return dict(zip(table.quantity, table.value, strict=True))


@dataclass(frozen=True)
class Cohort:
    counts: np.ndarray
    label: np.ndarray
    block: np.ndarray
    distance: np.ndarray


def cohort(data: Path, name: str, control: str, block: str) -> Cohort:
    counts = pd.read_csv(data / name / "genera.counts.tsv.gz", sep="\t", index_col=0)
    meta = pd.read_csv(data / name / "metadata.tsv.gz", sep="\t", dtype=str, index_col="Sample").loc[counts.index]
    table = counts.to_numpy(float)
    label = (meta["Study.Group"] != control).to_numpy(float)
    shares = table / table.sum(axis=1, keepdims=True)
    return Cohort(table, label, meta[block].to_numpy(str), stats.bray_curtis(shares))


@pytest.fixture(scope="module")
def jacobs(data):
    return cohort(data, "jacobs2016", "Normal", "Family_ID"), reference("jacobs2016")


@pytest.fixture(scope="module")
def kostic(data):
    return cohort(data, "kostic2015", "control", "Subject"), reference("kostic2015")


@pytest.fixture(scope="module")
def small():
    table = pd.read_csv(HERE / "small.tsv", sep="\t")
    return table, table.iloc[:, 5:].to_numpy(float), reference("small")


def indicators(block):
    return (np.asarray(block)[:, None] == np.unique(block)).astype(float)


def near(p, theirs, draws=PERMUTATIONS):
    """Within four standard errors of the difference of two Monte-Carlo p."""
    middle = (p + theirs) / 2
    return abs(p - theirs) <= 4 * np.sqrt(2 * middle * (1 - middle) / draws) + 1 / draws


def compare(fit, r, name):
    assert fit.f == pytest.approx(r.one(f"{name}.F"), rel=F_TOLERANCE)
    assert fit.r2 == pytest.approx(r.one(f"{name}.R2"), rel=F_TOLERANCE)
    assert fit.df2 == r.one(f"{name}.df2")
    assert near(fit.p, r.one(f"{name}.p"))
    assert fit.status == "ok"


def test_diversity_and_distances_of_the_stored_table(small):
    table, counts, r = small
    shares = counts / counts.sum(axis=1, keepdims=True)
    lowest = counts.sum(axis=1).min()
    assert stats.rarefied_richness(counts, lowest) == pytest.approx(r.many("rarefy.60"), rel=RAREFY_TOLERANCE)
    assert stats.rarefied_richness(counts, 10) == pytest.approx(r.many("rarefy.10"), rel=RAREFY_TOLERANCE)
    for values in (counts, shares):
        assert stats.shannon(values) == pytest.approx(r.many("shannon"), rel=1e-12)
    n = len(table)
    assert stats.bray_curtis(shares) == pytest.approx(r.square("bray", n), abs=1e-12)
    assert stats.euclidean(shares) == pytest.approx(r.square("euclidean", n), abs=1e-12)
    assert stats.aitchison(counts) == pytest.approx(r.square("aitchison.counts", n), rel=1e-12)
    assert stats.aitchison(shares) == pytest.approx(r.square("aitchison.shares", n), rel=1e-12)


def test_permanova_of_the_stored_table(small):
    table, _, r = small
    d = r.square("bray", len(table))
    label, block = table.label.to_numpy(), table.block.to_numpy()
    free, within = stats.permutations(label), stats.permutations(label, block=block)
    age = table.age.to_numpy()
    compare(stats.permanova(d, label, permutations=free), r, "free")
    compare(stats.permanova(d, age, permutations=stats.permutations(age)), r, "numeric")
    compare(stats.permanova(d, label, permutations=within), r, "within")
    compare(stats.permanova(d, label, fixed=indicators(block), permutations=within), r, "after_block")
    with_age = stats.permanova(d, label, fixed=age[:, None], permutations=free)
    assert with_age.f == pytest.approx(r.one("covariate.F"), rel=F_TOLERANCE)
    assert with_age.r2 == pytest.approx(r.one("covariate.R2"), rel=F_TOLERANCE)
    # vegan permutes age along with the label; with a covariate that hardly matters here the p are near, not equal
    assert with_age.p == pytest.approx(r.one("covariate.p"), abs=0.05)


def test_enumerated_p_equal_vegans_f_over_every_arrangement(small):
    table, _, r = small
    d = r.square("bray", len(table))
    label, arm, block = (table[column].to_numpy() for column in ("label", "arm", "block"))
    within = stats.permutations(label, block=block)
    fit = stats.permanova(d, label, fixed=indicators(block), permutations=within)
    assert (fit.exact, fit.n_distinct) == (True, r.one("after_block.exact.n"))
    assert fit.p == pytest.approx(r.one("after_block.exact.p"), rel=1e-12)
    whole = stats.permutations(arm, block=block)
    fit = stats.permanova(d, arm, permutations=whole)
    assert fit.f == pytest.approx(r.one("whole.F"), rel=F_TOLERANCE)
    assert fit.n_distinct == r.one("whole.exact.n") == 10
    assert fit.p == pytest.approx(r.one("whole.exact.p"), rel=1e-12)
    scatter = stats.permdisp(d, label, within)
    assert scatter.p == pytest.approx(anew("small")["within.exact.p"], rel=1e-12)
    scatter = stats.permdisp(d, arm, whole)
    assert scatter.f == pytest.approx(r.one("betadisper.whole.F"), rel=DISPERSION_TOLERANCE)
    assert scatter.p == pytest.approx(anew("small")["whole.exact.p"], rel=1e-12)


def test_dispersion_of_the_stored_table(small):
    table, _, r = small
    d = r.square("bray", len(table))
    label, block = table.label.to_numpy(), table.block.to_numpy()
    free, within = stats.permutations(label), stats.permutations(label, block=block)
    fit = stats.permdisp(d, label, free)
    assert fit.distances == pytest.approx(r.many("betadisper"), rel=DISPERSION_TOLERANCE)
    assert fit.f == pytest.approx(r.one("betadisper.F"), rel=DISPERSION_TOLERANCE)
    assert fit.effect == pytest.approx(r.one("betadisper.effect"), rel=DISPERSION_TOLERANCE)
    assert near(fit.p, anew("small")["free.p"], FEWER)
    assert near(stats.permdisp(d, label, free, residuals=True).p, r.one("betadisper.free.p"))
    assert near(stats.permdisp(d, label, within, residuals=True).p, r.one("betadisper.within.p"))


def test_ordination_and_false_discovery_rate_of_the_stored_table(small):
    table, _, r = small
    result = stats.pcoa(r.square("bray", len(table)))
    for axis in (0, 1):
        theirs = r.many(f"pcoa.{axis + 1}")
        sign = np.sign(theirs @ result.coordinates[:, axis])
        assert result.coordinates[:, axis] == pytest.approx(sign * theirs, abs=1e-9)
    assert result.share == pytest.approx(r.many("pcoa.share"), rel=1e-9)
    p = [0.01, 0.04, 0.03, 0.8, 0.03, 1e-6, np.nan, 0.5, 0.049]
    assert stats.bh(p, family="the p of reference.R") == pytest.approx(r.many("bh"), rel=1e-12, nan_ok=True)


def real_diversity(study, r):
    depth = stats.even_depth(study.counts.sum(axis=1))
    assert depth == r.one("depth")
    richness = stats.rarefied_richness(study.counts, depth)
    assert richness == pytest.approx(r.many("rarefy"), rel=RAREFY_TOLERANCE, nan_ok=True)
    assert stats.shannon(study.counts) == pytest.approx(r.many("shannon"), rel=1e-12)
    assert study.distance.sum() / 2 == pytest.approx(r.one("bray.sum"), rel=1e-12)
    assert stats.aitchison(study.counts).sum() / 2 == pytest.approx(r.one("aitchison.sum"), rel=1e-12)


@pytest.mark.real
def test_jacobs2016_families(jacobs):
    study, r = jacobs
    real_diversity(study, r)
    free = stats.permutations(study.label)
    within = stats.permutations(study.label, block=study.block)
    assert within.scheme == "within blocks"
    compare(stats.permanova(study.distance, study.label, permutations=free), r, "free")
    compare(stats.permanova(study.distance, study.label, permutations=within), r, "within")
    fit = stats.permanova(study.distance, study.label, fixed=indicators(study.block), permutations=within)
    compare(fit, r, "after_block")
    scatter = stats.permdisp(study.distance, study.label, within)
    assert scatter.distances == pytest.approx(r.many("betadisper"), rel=DISPERSION_TOLERANCE)
    assert scatter.f == pytest.approx(r.one("betadisper.F"), rel=DISPERSION_TOLERANCE)
    assert scatter.effect == pytest.approx(r.one("betadisper.effect"), rel=DISPERSION_TOLERANCE)
    assert near(scatter.p, anew("jacobs2016")["within.p"], FEWER)
    for arranged, name in ((free, "free"), (within, "within")):
        p = stats.permdisp(study.distance, study.label, arranged, residuals=True).p
        assert near(p, r.one(f"betadisper.{name}.p"))


@pytest.mark.real
def test_kostic2015_whole_infants(kostic):
    study, r = kostic
    real_diversity(study, r)
    compare(stats.permanova(study.distance, study.label, permutations=stats.permutations(study.label)), r, "free")
    whole = stats.permutations(study.label, block=study.block)
    assert whole.scheme == "whole blocks"
    assert whole.n_distinct == r.one("whole.n_distinct")
    fit = stats.permanova(study.distance, study.label, permutations=whole)
    assert fit.f == pytest.approx(r.one("free.F"), rel=F_TOLERANCE)
    assert near(fit.p, r.one("whole.p"))
    assert fit.p > 3 * r.one("free.p")  # 103 samples are not 103 infants
    scatter = stats.permdisp(study.distance, study.label, whole)
    assert scatter.distances == pytest.approx(r.many("betadisper"), rel=DISPERSION_TOLERANCE)
    assert scatter.f == pytest.approx(r.one("betadisper.F"), rel=DISPERSION_TOLERANCE)
    assert near(scatter.p, anew("kostic2015")["whole.p"], FEWER)
    with_infant = stats.permanova(study.distance, study.label, fixed=indicators(study.block), permutations=whole)
    assert with_infant.status == "rank_deficient"
