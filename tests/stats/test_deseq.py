"""The batched fits against pydeseq2's own, gene by gene; size factors and logarithms by hand."""

import warnings

import numpy as np
import pandas as pd
import pytest

from commensal.stats._counts import enough_reads, log_cpm, size_factors
from commensal.stats._deseq import deseq

pytest.importorskip("pydeseq2")
#: Coefficients: both stop when the deviance moves by less than 1e-8 of itself.
COEFFICIENT = 1e-5
#: Log dispersions where both find the same optimum: L-BFGS-B stops at a gradient of 1e-5.
DISPERSION = 5e-3
#: A likelihood is as high as pydeseq2's, to rounding.
AS_GOOD = 1e-6


def counts(n: int = 12, m: int = 300, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    mean, size = np.exp(rng.normal(4, 1.5, m)), rng.uniform(0.6, 1.5, n)
    dispersion = 0.08 + 1 / mean
    fold = np.where((np.arange(n) % 2 == 1)[:, None] & (np.arange(m) < 60), 2.5, 1.0)
    made = rng.negative_binomial(1 / dispersion, 1 / (1 + size[:, None] * mean * fold * dispersion))
    return made[:, made.sum(axis=0) > 0]


def design(n: int = 12, *, batch: bool = True) -> np.ndarray:
    columns = [np.ones(n), (np.arange(n) % 2 == 1) * 1.0]
    return np.column_stack([*columns, (np.arange(n) % 4 < 2) * 1.0] if batch else columns)


@pytest.fixture(scope="module")
def inferences():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pydeseq2.default_inference import DefaultInference

        from commensal.stats._deseq_inference import Batched

        yield Batched(), DefaultInference(n_cpus=1)


@pytest.mark.filterwarnings("ignore")
def test_coefficients_leverages_and_tests_are_pydeseq2s(inferences):
    ours, theirs = inferences
    y, x, size = counts(), design(), np.random.default_rng(2).uniform(0.7, 1.4, 12)
    disp = np.full(y.shape[1], 0.1)
    a, b = (one.irls(y, size, x, disp, 0.5, 1e-8) for one in (ours, theirs))
    for mine, other in zip(a[:3], b[:3], strict=True):
        np.testing.assert_allclose(mine, other, rtol=COEFFICIENT, atol=COEFFICIENT)
    c = np.array([0.0, 1.0, 0.0])
    tests = [one.wald_test(x, disp, b[0], b[1], 1e-6 * np.eye(3), c, np.array(0.0)) for one in (ours, theirs)]
    for mine, other in zip(*tests, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-9)
    np.testing.assert_allclose(*(one.lin_reg_mu(y, size, x, 0.5) for one in (ours, theirs)), rtol=1e-8)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("prior", [None, 0.5])
def test_dispersions_are_pydeseq2s_or_more_likely(inferences, prior):
    from pydeseq2.utils import nb_nll

    ours, theirs = inferences
    y, x = counts(), design()
    mu = np.maximum(y.mean(axis=0) * np.ones((12, 1)), 0.5)
    start = np.full(y.shape[1], 0.2)
    given = {"prior_disp_var": prior, "prior_reg": prior is not None}
    a, b = (one.alpha_mle(y, x, mu, start, 1e-8, 12.0, **given)[0] for one in (ours, theirs))

    def loss(j: int, alpha: float) -> float:
        weight = mu[:, j] / (1 + mu[:, j] * alpha)
        told = nb_nll(y[:, j], mu[:, j], alpha) + 0.5 * np.linalg.slogdet((x.T * weight) @ x)[1]
        return float(told + (np.log(alpha / start[j]) ** 2 / (2 * prior) if prior else 0.0))

    off = np.array([loss(j, a[j]) - loss(j, b[j]) for j in range(len(a))])
    assert off.max() < AS_GOOD
    same = np.abs(off) < AS_GOOD
    assert same.mean() > 0.9
    interior = same & (a > 1e-6) & (b > 1e-6)
    assert np.abs(np.log(a[interior] / b[interior])).max() < DISPERSION


@pytest.mark.filterwarnings("ignore")
def test_a_whole_analysis_agrees_with_pydeseq2(inferences):
    from pydeseq2.dds import DeseqDataSet
    from pydeseq2.ds import DeseqStats

    y, x = counts(m=800), design()
    names = [f"s{i}" for i in range(12)]
    data = DeseqDataSet(
        counts=pd.DataFrame(y, index=names), metadata=pd.DataFrame({"s": names}, index=names),
        design=pd.DataFrame(x, index=names), quiet=True, inference=inferences[1],
    )  # fmt: skip
    data.deseq2()
    theirs = DeseqStats(data, contrast=np.array([0.0, 1.0, 0.0]), quiet=True, inference=inferences[1])
    theirs.summary()
    fit = deseq(y.astype(float), x, np.array([0.0, 1.0, 0.0]))
    table = theirs.results_df
    np.testing.assert_allclose(fit.mean, table["baseMean"], rtol=1e-9)
    # the trend of dispersions is fitted to them: the few genes whose optimum pydeseq2 misses move it a little
    off = np.abs(fit.effect - table["log2FoldChange"]) / table["lfcSE"]
    assert np.nanmedian(off) < 1e-3
    assert np.nanmax(off) < 0.05
    known = (fit.status == "ok") & table["padj"].notna().to_numpy()
    assert known.sum() > 400
    drift = np.abs(np.log10(fit.p[known]) - np.log10(table["pvalue"].to_numpy()[known]))
    assert np.median(drift) < 0.01
    found, other = fit.p[known] < 1e-3, table["pvalue"].to_numpy()[known] < 1e-3
    assert (found == other).mean() > 0.99


def test_every_gene_has_a_p_or_a_status():
    y = counts().astype(float)
    y[:, 0] = 0
    y[:, 1] = [0] * 11 + [100000]
    fit = deseq(y, design(batch=False), np.array([0.0, 1.0]))
    assert fit.status[0] == "all_zero"
    assert fit.status[1] in {"outlier", "low_counts"}
    assert (np.isfinite(fit.p) == (fit.status == "ok")).all()
    assert not (fit.p == 1).any()
    assert np.isfinite(fit.low[fit.status == "ok"]).all()


@pytest.mark.parametrize(("n", "word"), [(2, "too_few"), (3, "ok")])
def test_without_a_residual_degree_of_freedom_nothing_is_tested(n, word):
    fit = deseq(counts(n)[:, :50].astype(float), design(n, batch=False), np.array([0.0, 1.0]))
    assert word in set(fit.status)
    assert np.isfinite(fit.p).any() == (word == "ok")


def test_a_design_that_cannot_tell_its_columns_apart_has_no_p():
    x = np.column_stack([np.ones(12), design()[:, 1], design()[:, 1]])
    fit = deseq(counts().astype(float), x, np.array([0.0, 1.0, 0.0]))
    assert set(fit.status) == {"rank_deficient"}


def test_size_factors_by_hand():
    # ratios to the geometric means (2, 4): 1/2 and 2; a gene with a zero has no part
    factors, way = size_factors(np.array([[1.0, 2.0, 0.0], [4.0, 8.0, 90.0]]))
    np.testing.assert_allclose(factors, [0.5, 2.0])
    assert "2 genes" in way
    without, way = size_factors(np.array([[0.0, 8.0, 2.0], [4.0, 0.0, 2.0], [4.0, 8.0, 0.0]]))
    assert np.isfinite(without).all()
    assert "no gene" in way
    np.testing.assert_allclose(np.exp(np.log(without).mean()), 1.0)


def test_depth_alone_changes_no_logarithm():
    y = np.random.default_rng(1).poisson(200, (1, 50)) * np.ones((2, 1))
    y[1] *= 3
    factors, _ = size_factors(y)
    logs = log_cpm(y, factors)
    np.testing.assert_allclose(logs[0], logs[1], atol=1e-9)
    assert enough_reads(y, factors, np.array([True, False])).all()
