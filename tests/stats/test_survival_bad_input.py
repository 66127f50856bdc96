"""Generated degenerate studies: an answer, a named status or a clear error, never a traceback or a silent NaN."""

from __future__ import annotations

import numpy as np
import pytest

from commensal import stats
from commensal.errors import StatisticsError

CASES = 300


def generated(seed):
    """Return a study that may lack anything: events, a group, cages, times that differ, a finite value."""
    rng = np.random.default_rng([seed, 11])
    n = int(rng.integers(0, 10))
    time = rng.integers(0, int(rng.integers(1, 8)), n) * rng.choice([1.0, 1e-6, 1e6])
    event = rng.random(n) < rng.choice([0.0, 0.3, 0.7, 1.0])
    group = rng.integers(0, int(rng.integers(1, 5)), n)
    cage = rng.integers(0, int(rng.integers(1, 6)), n) + (10 * group if rng.random() < 0.6 else 0)
    strata = rng.integers(0, int(rng.integers(1, 4)), n)
    x = rng.choice([0.0, 1.0, -1.0, 3.7], (n, int(rng.integers(1, 4))))
    change = np.where(rng.random(n) < 0.3, np.nan, rng.integers(-3, 1, n))
    odd = rng.random()
    if n and odd < 0.05:
        time[0] = rng.choice([np.nan, np.inf, -1.0])
    if n and 0.05 < odd < 0.08:
        x[0, 0] = np.nan
    entry = time - rng.integers(0, 3, n) if rng.random() < 0.2 else None
    return time, event, group, cage, strata, x, change, entry


def answers(seed):
    """Yield a function for each statistic of one study."""
    time, event, group, cage, strata, x, change, entry = generated(seed)
    caged, layered = (cage if seed % 2 else None), (strata if seed % 3 == 0 else None)
    contrast = np.eye(x.shape[1])[0]
    yield lambda: stats.log_rank(time, event, group, strata=layered, entry=entry)
    yield lambda: stats.log_rank_many_to_one(time, event, group, 0, cage=caged, strata=layered, entry=entry, n=40)
    for firth in (False, True):
        yield lambda firth=firth: stats.cox(
            time, event, x, contrast, cluster=caged, strata=layered, entry=entry, firth=firth
        )
    yield lambda: stats.kaplan_meier(time, event, group, entry=entry)
    yield lambda: stats.rmst_difference(time, event, group, float(np.median(time)) if time.size else 1.0, cage=caged)
    yield lambda: stats.cafs_test(time, event, change, group, cage=caged, strata=layered, n=40)
    yield lambda: stats.win_ratio(time, event, group, change=change, cage=caged, strata=layered, n=40)
    yield lambda: stats.cluster_cox_size(group, cage, n_studies=20)


def check(run):
    try:
        fit = run()
    except StatisticsError:
        return
    status = np.atleast_1d(np.asarray(fit.status, dtype=object))
    if isinstance(fit, stats.KaplanMeierFit):
        assert np.isfinite(fit.survival).all()
        assert ((fit.status != "ok") | np.isfinite(fit.median)).all()
        return
    p = np.atleast_1d(fit.size if isinstance(fit, stats.CoxSize) else fit.p)
    assert (np.isfinite(p) == (status == "ok")).all(), fit
    assert ((p[status == "ok"] >= 0) & (p[status == "ok"] <= 1)).all()
    assert all(note or one == "ok" for one, note in zip(status, np.atleast_1d(fit.note), strict=True))
    fit.table()


@pytest.mark.parametrize("part", range(3))
def test_every_study_gets_an_answer_a_status_or_an_error(part):
    for seed in range(part * CASES // 3, (part + 1) * CASES // 3):
        for run in answers(seed):
            check(run)


@pytest.mark.parametrize("level", [0, 1, -3, 95, float("nan")])
def test_a_level_is_a_share(level):
    time, event, group = [1, 2, 3, 4], [1, 1, 1, 1], [0, 1, 0, 1]
    for run in (
        lambda: stats.log_rank(time, event, group, level=level),
        lambda: stats.cox(time, event, np.array(group)[:, None], [1], level=level),
        lambda: stats.kaplan_meier(time, event, level=level),
        lambda: stats.rmst_difference(time, event, group, 2, level=level),
        lambda: stats.cafs_test(time, event, time, group, level=level),
        lambda: stats.win_ratio(time, event, group, level=level),
    ):
        with pytest.raises(StatisticsError, match="between 0 and 1"):
            run()
