"""Classes: by differences of contrasts and a margin, never by one test that was significant and one that was not."""

from __future__ import annotations

import numpy as np
import pytest

from commensal import stats
from commensal.errors import StatisticsError


def classes(rows, margin=1.0, **options):
    """Class features given as (omnibus p, three p, three effects, half width)."""
    omnibus = np.array([[row[0] for row in rows]])
    p = np.array([[row[1] for row in rows]]).transpose(0, 2, 1)
    effect = np.array([[row[2] for row in rows]], dtype=float).transpose(0, 2, 1)
    half = np.array([row[3] for row in rows])
    return stats.course_classes(omnibus, p, effect, effect - half, effect + half, [margin], family="test", **options)


def test_only_before_needs_the_difference_of_the_contrasts():
    sure = (1e-4, (1e-4, 0.6, 1e-3), (-3, -0.2, 2.8), 1.0)
    difference_not_shown = (1e-4, (1e-4, 0.2, 0.2), (-3, -0.9, 2.1), 3.0)
    fit = classes([sure, difference_not_shown])
    assert fit.name.tolist() == ["before", "undetermined"]
    assert "open" in fit.reason[1]


def test_only_with_is_its_mirror_and_both_needs_both():
    fit = classes(
        [
            (1e-4, (0.6, 1e-4, 1e-3), (0.1, 3, 2.9), 1.0),
            (1e-4, (1e-4, 1e-4, 0.7), (3, 3, 0), 1.0),
            (1e-4, (1e-4, 1e-4, 1e-5), (3, -3, -6), 1.0),
        ]
    )
    assert fit.name.tolist() == ["with", "both", "both"]
    assert "opposite" in fit.reason[2]


def test_a_quiet_phase_whose_estimate_exceeds_the_margin_is_not_quiet():
    row = (1e-4, (1e-4, 0.08, 1e-3), (-4, -1.5, 2.5), 2.0)
    assert classes([row]).name.tolist() == ["undetermined"]
    assert classes([row], margin=2.0).name.tolist() == ["before"]


def test_neither_is_an_interval_inside_the_margin_and_never_a_large_p():
    narrow, wide = (0.9, (0.8, 0.9, 0.9), (0.1, 0, -0.1), 0.5), (0.9, (0.8, 0.9, 0.9), (0.1, 0, -0.1), 2.0)
    assert classes([narrow, wide]).name.tolist() == ["neither", "undetermined"]


def test_a_small_difference_that_is_sure_is_still_inside_the_margin():
    assert classes([(1e-9, (1e-9, 1e-9, 0.9), (0.3, 0.3, 0), 0.1)]).name.tolist() == ["neither"]


def test_features_that_were_not_selected_have_no_contrasts_tested():
    rows = [(0.04, (0.001, 0.5, 0.001), (3, 0, -3), 0.9), *[(0.9, (0.9, 0.9, 0.9), (0, 0, 0), 3.0)] * 19]
    fit = classes(rows)
    assert not fit.selected.any()
    assert np.isnan(fit.adjusted).all()
    assert fit.name[0] == "undetermined"


def test_adjusted_p_pay_for_the_selection():
    rows = [(1e-6, (0.02, 0.5, 0.02), (3, 0, -3), 0.9), *[(0.9, (0.9, 0.9, 0.9), (0, 0, 0), 3.0)] * 3]
    fit = classes(rows)
    assert fit.adjusted[0, 0] == pytest.approx(0.08)
    assert fit.name[0] == "undetermined"


def test_two_looks_cost_twice_and_the_smaller_is_read():
    omnibus = [[0.001], [0.2]]
    p = [[[0.001], [0.9], [0.001]], [[0.1], [0.9], [0.2]]]
    effect = np.array([[[-3.0], [0], [3]], [[0.1], [0], [0]]])
    fit = stats.course_classes(omnibus, p, effect, effect - 0.9, effect + 0.9, [1.0, 0.2], family="two")
    assert fit.look.tolist() == [0]
    assert fit.omnibus_p[0] == pytest.approx(0.002)
    assert fit.adjusted[0, 0] == pytest.approx(0.002)
    assert fit.name[0] == "before"
    # neither asks it of both looks: the presence's interval is wider than its margin
    still, half = effect * 0, effect * 0 + 0.9
    quiet = stats.course_classes([[0.9], [0.9]], half, still, still - half, still + half, [1.0, 0.2], family="two")
    assert quiet.name[0] == "undetermined"


def test_a_missing_look_costs_nothing_and_nothing_tested_has_no_p():
    omnibus = [[0.001, np.nan], [np.nan, np.nan]]
    p = np.full((2, 3, 2), np.nan)
    p[0, :, 0] = 0.001, 0.9, 0.001
    effect = np.zeros((2, 3, 2))
    effect[0, :, 0] = -3, 0, 3
    fit = stats.course_classes(omnibus, p, effect, effect - 0.9, effect + 0.9, [1.0, 0.2], family="gaps")
    assert fit.omnibus_p[0] == pytest.approx(0.001)
    assert np.isnan(fit.omnibus_p[1])
    assert fit.look.tolist() == [0, -1]
    assert fit.reason[1] == "no contrast could be tested"


def test_of_the_classes_that_are_not_undetermined_nearly_all_are_right():
    # two cage levels; the full study is beside the null rates
    rng = np.random.default_rng(8)
    right = decided = 0
    for _ in range(4):
        mouse = np.repeat(np.arange(36), 8)
        cage, age = mouse // 3, np.tile(np.arange(8.0), 36)
        case, after = cage >= 6, age >= 4
        truth = rng.choice(["neither", "before", "with", "both"], 80, p=[0.7, 0.1, 0.1, 0.1])
        y = rng.normal(size=(288, 80)) + 0.4 * rng.normal(size=(12, 80))[cage] + 0.4 * rng.normal(size=(36, 80))[mouse]
        here = {"before": ~after, "with": after, "both": after | ~after, "neither": after & ~after}
        y += 2.0 * np.column_stack([case & here[name] for name in truth])
        fit = stats.course_contrasts(y, case, after, cage, np.column_stack([np.ones(288), age]))
        cubes = (getattr(fit, name)[None] for name in ("p", "effect", "low", "high"))
        named = stats.course_classes(fit.omnibus_p[None], *cubes, [1.0], family="planted").name
        told = named != "undetermined"
        decided += told.sum()
        right += (named == truth)[told].sum()
    assert decided > 120
    assert right / decided >= 0.95


def test_shapes_margins_and_levels_are_checked():
    cube = np.zeros((1, 3, 2))
    with pytest.raises(StatisticsError, match="do not fit"):
        stats.course_classes([[0.1]], cube, cube, cube, cube, [1.0], family="x")
    with pytest.raises(StatisticsError, match="margin"):
        stats.course_classes([[0.1, 0.2]], cube, cube, cube, cube, [0.0], family="x")
    assert (
        len(stats.course_classes(np.zeros((1, 0)), np.zeros((1, 3, 0)), *[np.zeros((1, 3, 0))] * 3, [1.0], family="x"))
        == 0
    )
