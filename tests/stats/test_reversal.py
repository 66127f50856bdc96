"""Reversal: a hand-worked example, a slow twin, no bias from a shared vehicle arm, a calibrated p."""

import itertools

import numpy as np
import pytest
from scipy.stats import binom

from commensal import stats
from commensal.errors import StatisticsError

NAN = float("nan")
#: One gene's value is rounded at the 15th digit; ranks do not move by it.
EXACT = 1e-12


def labels(*sizes: int) -> tuple[np.ndarray, np.ndarray]:
    """Healthy, diseased on vehicle, treated: the two labels."""
    arm = np.repeat([0, 1, 2], sizes)
    return np.array([0.0, 1.0, NAN])[arm], np.array([NAN, 0.0, 1.0])[arm]


def fitted(y: np.ndarray, disease: np.ndarray, treatment: np.ndarray, **given: object) -> stats.ReversalFit:
    arranged = stats.permutations(treatment[np.isfinite(treatment)], n=int(given.pop("n", 9999)), **given)  # type: ignore[arg-type]
    return stats.reversal(y, disease, treatment, permutations=arranged)


def study(seed: int, n: int = 4, m: int = 200, *, back: float = 0.0, other: float = 0.0) -> tuple[np.ndarray, ...]:
    """Correlated genes, a signature of the disease, a treatment that moves ``back`` of it and ``other`` genes."""
    rng = np.random.default_rng(seed)
    disease, treatment = labels(n, n, n)
    signature = rng.normal(size=m) * (rng.random(m) < 0.4) * 1.5
    elsewhere = rng.normal(size=m) * (signature == 0)  # genes that the disease leaves alone
    noise = rng.normal(size=(3 * n, m)) * 0.7 + rng.normal(size=(3 * n, 8)) @ rng.normal(size=(8, m)) * 0.25
    ill, given = np.nan_to_num(disease, nan=1.0), np.nan_to_num(treatment)
    return noise + np.outer(ill - back * given, signature) + other * np.outer(given, elsewhere), disease, treatment


def test_hand_worked():
    # Two units per arm, ±1 about the mean in all four genes: the noise is alike in all genes and moves no rank.
    disease, treatment = labels(2, 2, 2)
    effect = np.array([3.0, 6.0, 9.0, 12.0])
    y = np.repeat([np.zeros(4), effect, np.zeros(4)], 2, axis=0) + np.tile([[1.0], [-1.0]], (3, 1))
    fit = fitted(y, disease, treatment)
    assert fit.plain == pytest.approx(-1.0, abs=EXACT)
    assert fit.score == pytest.approx(-1.0, abs=EXACT)
    # variance in each arm 2; b = −(1/4 + 1/4) 2 = −1; e = 2. Σ(DT − b) = −270 + 4, Σ(D² − e) = 270 − 8
    assert fit.share == pytest.approx(266 / 262, abs=EXACT)
    assert fit.n_shared == 2
    assert np.isnan(fit.low)  # two animals cannot be left out one by one


def aligned(y: np.ndarray, healthy: list[int], vehicle: list[int], treated: list[int]) -> float:
    """Σ(DT − b) gene by gene, as its definition reads."""
    d = y[vehicle].mean(axis=0) - y[healthy].mean(axis=0)
    t = y[treated].mean(axis=0) - y[vehicle].mean(axis=0)
    b = -y[vehicle].var(axis=0, ddof=1) / len(vehicle)
    return float((d * t - b).sum())


def studentised(y: np.ndarray, *cells: list[int]) -> float:
    """Over its jackknife standard error: one unit left out at a time, cell by cell."""
    variance = 0.0
    for at, cell in enumerate(cells):
        left = []
        for unit in cell:
            cut = [[i for i in one if i != unit] if k == at else one for k, one in enumerate(cells)]
            left.append(aligned(y, *cut))
        variance += (len(cell) - 1) / len(cell) * ((np.array(left) - np.mean(left)) ** 2).sum()
    return aligned(y, *cells) / float(np.sqrt(variance))


def test_p_is_that_of_a_slow_twin_that_makes_both_contrasts_anew():
    y, disease, treatment = study(3, n=4, m=40, back=0.6)
    fit = fitted(y, disease, treatment)
    pooled = sum(((y[c] - y[c].mean(axis=0)) ** 2).sum(axis=0) for c in ([0, 1, 2, 3], list(range(4, 12))))
    ready = y / np.sqrt(stats.moderate(pooled / 10, 10.0).variance)
    null = np.array(
        [
            studentised(ready, [0, 1, 2, 3], [i for i in range(4, 12) if i not in treated], list(treated))
            for treated in itertools.combinations(range(4, 12), 4)
        ]
    )
    observed = studentised(ready, [0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11])
    assert fit.statistic == pytest.approx(observed, rel=1e-9)
    below, above = (null <= observed + 1e-9).sum(), (null >= observed - 1e-9).sum()
    assert fit.n_permutations == 70
    assert fit.p == pytest.approx(min(1.0, 2 * min(below, above) / 70))


def test_a_treatment_that_does_nothing_seems_to_reverse_only_in_the_plain_correlation():
    fits = [fitted(*study(seed)) for seed in range(150)]
    score, plain, share = (np.array([getattr(f, key) for f in fits]) for key in ("score", "plain", "share"))
    assert plain.mean() < -0.2  # the usual mistake
    assert abs(score.mean()) < 3.5 * score.std() / np.sqrt(len(fits))
    assert abs(share.mean()) < 3.5 * share.std() / np.sqrt(len(fits))
    # 70 arrangements, two-sided: p = 2/70, 4/70 …
    for level in (4 / 70, 14 / 70):
        found = int(sum(f.p <= level + 1e-9 for f in fits))
        assert binom.sf(found - 1, len(fits), level) > 0.01


def test_a_treatment_of_other_genes_is_no_reversal():
    fits = [fitted(*study(seed, n=6, other=2.0), n=199) for seed in range(80)]
    score = np.array([f.score for f in fits])
    assert abs(score.mean()) < 3.5 * score.std() / np.sqrt(len(fits))
    found = sum(f.p <= 0.05 for f in fits)
    assert binom.sf(found - 1, len(fits), 0.05) > 0.01


def test_a_reversal_is_found_beside_other_effects():
    fits = [fitted(*study(seed, n=6, back=0.6, other=1.0), n=199) for seed in range(20)]
    assert np.mean([f.p < 0.05 for f in fits]) > 0.8
    assert all(f.statistic < 0 for f in fits)


def test_what_is_moved_back_is_found_and_measured():
    fits = [fitted(*study(seed, n=6, back=0.5), n=199) for seed in range(40)]
    share = np.array([f.share for f in fits])
    assert abs(share.mean() - 0.5) < 3.5 * share.std() / np.sqrt(len(fits))
    held = sum(f.share_low < 0.5 < f.share_high for f in fits)
    assert binom.cdf(held, len(fits), 0.95) > 0.01
    assert np.mean([f.p < 0.05 for f in fits]) > 0.5
    assert all(f.strength[j] > 2 for f in fits for j in f.leading)


def test_whole_cages_change_arms():
    y, disease, treatment = study(1, n=6)
    inside = np.isfinite(treatment)
    cages = np.repeat(np.arange(6), 2)
    arranged = stats.permutations(treatment[inside], block=cages)
    fit = stats.reversal(y, disease, treatment, permutations=arranged)
    assert fit.n_permutations == 20
    assert fit.smallest_p == pytest.approx(0.1)


def test_without_shared_units_the_score_is_the_plain_correlation():
    y, _, _ = study(2, n=4)
    y = np.vstack([y, y[:4] + np.random.default_rng(9).normal(size=(4, y.shape[1]))])
    disease = np.array([0.0] * 4 + [1.0] * 4 + [NAN] * 8)
    treatment = np.array([NAN] * 8 + [1.0] * 4 + [0.0] * 4)
    fit = fitted(y, disease, treatment)
    assert fit.n_shared == 0
    assert fit.score == pytest.approx(fit.plain, abs=1e-6)


def test_order_and_scale_do_not_matter():
    y, disease, treatment = study(4, n=4, back=0.5)
    one, other = fitted(y, disease, treatment), fitted(3.0 * y + 5.0, disease, treatment)
    assert other.p == one.p
    assert other.share == pytest.approx(one.share)
    back = np.random.default_rng(1).permutation(y.shape[1])
    assert fitted(y[:, back], disease, treatment).share == pytest.approx(one.share)


@pytest.mark.parametrize(
    ("disease", "treatment", "words"),
    [
        ([0, 0, 1, 1, NAN, NAN], [NAN, NAN, 0, 0, 2, 1], "not 0, 1"),
        ([0, 0, 1, 1, NAN, NAN], [NAN, NAN, 0, 0, NAN, NAN], "no unit is on the case side"),
        ([0, 0, 1, NAN, NAN, NAN], [NAN, NAN, 0, 0, 1, 1], "only a part"),
    ],
)
def test_labels_that_do_not_fit_are_refused(disease, treatment, words):
    y = np.random.default_rng(1).normal(size=(6, 20))
    treatment = np.array(treatment, dtype=float)
    arranged = stats.permutations(np.array([0.0, 1.0, 0.0, 1.0]))
    with pytest.raises(StatisticsError, match=words):
        stats.reversal(y, np.array(disease, dtype=float), treatment, permutations=arranged)


def test_one_animal_in_each_arm_has_an_effect_and_no_interval():
    y = np.random.default_rng(1).normal(size=(4, 30))
    fit = fitted(y, np.array([0.0, 0.0, 1.0, NAN]), np.array([NAN, NAN, 0.0, 1.0]))
    assert fit.status == "too_few"  # the one shared animal has no variance of its own
    assert np.isnan([fit.p, fit.score, fit.low]).all()
    assert np.isfinite(fit.plain)
    assert fit.table().shape == (30, 6)
