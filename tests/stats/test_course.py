"""The contrasts of a course: against lme4, under the rule of units, and with their statuses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commensal import stats
from commensal.errors import StatisticsError

REFERENCE = Path(__file__).parents[1] / "references" / "course"
EFFECT, ERROR, FREEDOM = 1e-8, 1e-6, 1e-4  # see the README there
CONTRASTS = ("before", "with", "difference")


def _read(name):
    return pd.read_csv(REFERENCE / name, sep=r"\s+")


@pytest.mark.parametrize(("unit", "most"), [("mouse", 18), ("cage", 8)])
@pytest.mark.parametrize("column", ["y1", "y2"])
def test_agrees_with_lme4_and_lmertest(unit, most, column):
    data, reference = pd.read_csv(REFERENCE / "data.tsv", sep="\t"), _read("contrasts.tsv")
    own = reference[(reference["unit"] == unit) & (reference["y"] == column)].set_index("contrast")
    fixed = np.column_stack([np.ones(len(data)), data["age"]])
    fit = stats.course_contrasts(
        data[[column]].to_numpy(), data["case"], data["after"] == 1, data[unit].tolist(), fixed
    )
    for at, name in enumerate(CONTRASTS):
        assert fit.effect[at, 0] == pytest.approx(own.loc[name, "effect"], abs=EFFECT)
        assert fit.se[at, 0] == pytest.approx(own.loc[name, "se"], rel=ERROR)
        assert fit.df[at, 0] == pytest.approx(min(own.loc[name, "df"], most), rel=FREEDOM)
    # the F is R's; its denominator is the smaller of the parts', never more than the units allow
    assert fit.omnibus[0] == pytest.approx(own.loc["omnibus", "statistic"], rel=1e-5)
    assert fit.omnibus_df2[0] == pytest.approx(fit.df[:, 0].min())
    assert fit.omnibus_df2[0] <= own.loc["omnibus", "df"] + 1e-3


def _mice(cages=4, mice=3, ages=6, m=1, seed=1, cage_sd=0.0):
    rng = np.random.default_rng(seed)
    mouse = np.repeat(np.arange(2 * cages * mice), ages)
    cage, age = mouse // mice, np.tile(np.arange(float(ages)), 2 * cages * mice)
    y = rng.normal(size=(len(mouse), m)) + cage_sd * rng.normal(size=(2 * cages, m))[cage]
    return y, cage >= cages, age >= ages / 2, mouse, cage, np.column_stack([np.ones(len(mouse)), age])


def test_cages_and_not_mice_are_what_varies():
    y, case, after, mouse, cage, fixed = _mice(m=4)
    by_cage = stats.course_contrasts(y, case, after, cage, fixed)
    assert (by_cage.df <= 2 * 4 - 2).all()
    assert (stats.course_contrasts(y, case, after, mouse, fixed).df.max() > 6).all()
    assert (by_cage.n_units == 8).all()


def test_shuffling_samples_and_shifting_by_a_constant_change_nothing():
    y, case, after, _, cage, fixed = _mice(m=3, cage_sd=0.5)
    order = np.random.default_rng(2).permutation(len(y))
    one = stats.course_contrasts(y, case, after, cage, fixed)
    two = stats.course_contrasts(y[order] + 7, case[order], after[order], cage[order], fixed[order])
    np.testing.assert_allclose(one.effect, two.effect, atol=1e-8)
    np.testing.assert_allclose(one.p, two.p, atol=1e-7)


def test_relative_data_do_not_see_a_shift_of_all_features():
    y, case, after, _, cage, fixed = _mice(m=30)
    moved = y + 2.0 * (case & after)[:, None]
    one = stats.course_contrasts(y, case, after, cage, fixed, relative=True)
    two = stats.course_contrasts(moved, case, after, cage, fixed, relative=True)
    np.testing.assert_allclose(one.effect, two.effect, atol=1e-6)
    assert two.frames[1].effect - one.frames[1].effect == pytest.approx(2.0, abs=1e-6)


def test_the_difference_is_the_second_contrast_less_the_first():
    y, case, after, _, cage, fixed = _mice(m=5, cage_sd=0.7)
    fit = stats.course_contrasts(y, case, after, cage, fixed)
    np.testing.assert_allclose(fit.effect[2], fit.effect[1] - fit.effect[0], atol=1e-8)


def test_one_cage_on_a_side_keeps_its_effect_and_has_no_p():
    y, case, after, _, cage, fixed = _mice(cages=3)
    kept = ~case | (cage == 3)
    fit = stats.course_contrasts(y[kept], case[kept], after[kept], cage[kept], fixed[kept])
    assert fit.status[:, 0].tolist() == ["one_cage"] * 3
    assert np.isfinite(fit.effect).all()
    assert np.isnan(fit.p).all()
    assert np.isnan(fit.omnibus_p).all()
    assert fit.omnibus_status[0] == "one_cage"


def test_without_samples_before_onset_the_other_phase_is_tested_alone():
    y, case, after, _, cage, fixed = _mice()
    kept = ~case | after
    fit = stats.course_contrasts(y[kept], case[kept], after[kept], cage[kept], fixed[kept])
    assert fit.status[:, 0].tolist()[::2] == ["not_measured", "not_measured"]
    assert np.isfinite(fit.p[1, 0])
    assert fit.omnibus_df[0] == 1
    assert fit.omnibus_p[0] == pytest.approx(fit.p[1, 0])


def test_a_feature_that_is_constant_or_absent_has_a_status_and_no_p():
    y, case, after, _, cage, fixed = _mice(m=3)
    y[:, 1] = 4.0
    y[:, 2] = np.nan
    fit = stats.course_contrasts(y, case, after, cage, fixed)
    assert np.isfinite(fit.omnibus_p).tolist() == [True, False, False]
    assert not set(fit.status[:, 1:].ravel()) & {"ok", "boundary"}


def test_one_sample_per_animal_is_a_comparison_of_animals():
    y, case, _, mouse, _, _ = _mice(ages=1)
    after = np.arange(len(y)) % 2 == 0
    fit = stats.course_contrasts(y, case, after, mouse, np.ones((len(y), 1)))
    assert np.isfinite(fit.p).all()


def test_several_draws_of_onset_widen_the_interval():
    y, case, after, _, cage, fixed = _mice(m=6, cage_sd=0.5)
    rng = np.random.default_rng(3)
    drawn = np.stack([after ^ (rng.random(len(after)) < 0.2) for _ in range(8)])
    many = stats.course_contrasts(y, case, drawn, cage, fixed)
    each = [stats.course_contrasts(y, case, one, cage, fixed) for one in drawn]
    np.testing.assert_allclose(many.effect, np.mean([one.effect for one in each], axis=0), atol=1e-8)
    assert (many.se**2 > np.mean([one.se**2 for one in each], axis=0)).all()
    assert (many.between > 0).all()


def test_rubin_by_hand():
    q, se, v = np.array([[1.0], [1.4], [0.9]]), np.full((3, 1), 0.3), np.full((3, 1), 20.0)
    fit = stats.pooled(q, se, v)
    between = q.var(ddof=1) * 4 / 3
    total = 0.09 + between
    share = between / total
    one, two = 2 / share**2, (1 - share) * 20 * 21 / 23
    assert fit.se[0] == pytest.approx(np.sqrt(total))
    assert fit.df[0] == pytest.approx(1 / (1 / one + 1 / two))
    alone = stats.pooled(q[:1], se[:1], v[:1])
    assert (alone.effect[0], alone.df[0], alone.between[0]) == (1.0, 20.0, 0.0)


def test_the_null_is_held_with_and_without_variance_between_cages():
    # the whole study is in the benchmark of null rates; this is its alarm
    for cage_sd in (0.0, 0.6):
        p = []
        for seed in range(8):
            y, case, after, _, cage, fixed = _mice(cages=3, m=100, seed=seed, cage_sd=cage_sd)
            p.append(stats.course_contrasts(y, case, after, cage, fixed).omnibus_p)
        assert np.mean(np.concatenate(p) < 0.05) < 0.075


def test_what_does_not_fit_is_refused():
    y, case, after, mouse, cage, fixed = _mice()
    with pytest.raises(StatisticsError, match="varies inside a unit"):
        stats.course_contrasts(y, mouse % 2, after, cage, fixed)
    with pytest.raises(StatisticsError, match="both sides"):
        stats.course_contrasts(y, np.ones(len(y)), after, cage, fixed)
    with pytest.raises(StatisticsError, match="after does not fit y"):
        stats.course_contrasts(y, case, after[:-1], cage, fixed)


def test_the_table_has_three_rows_per_feature():
    y, case, after, _, cage, fixed = _mice(m=2)
    table = stats.course_contrasts(y, case, after, cage, fixed).table()
    assert table["contrast"].tolist() == [*CONTRASTS] * 2
