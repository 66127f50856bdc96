"""Supernatant against medium: the two-sample t of R, cultures as units, several media, and what cannot be had."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from commensal.questions.culture import cultures

#: R 4.2.2: t.test(x, y, var.equal = TRUE), x supernatant, y medium: difference, interval, p.
LOGS = (2.0646283001, 1.8451880657, 2.2840685346, 1.27603145373e-05)  # x = log2(8, 9, 8.5), y = log2(2, 2.2, 1.9)
RAW = (-3.625, -5.5511504232, -1.6988495768, 0.00472398753449)  # x = 0, 1.5, 2.25, y = 4, 5, 4.5, 6
#: As many digits as R printed.
CLOSE = 1e-8


def table(grown, blank, **more) -> pd.DataFrame:
    rows = [("A", "supernatant", value) for value in grown] + [("", "medium", value) for value in blank]
    frame = pd.DataFrame(rows, columns=["genome", "material", "value"])
    return frame.assign(**{"molecule": "x", "medium": "M", "culture": "", "unit": "uM"} | more)


@pytest.mark.parametrize(
    ("grown", "blank", "expected", "unit"),
    [((8, 9, 8.5), (2, 2.2, 1.9), LOGS, "log2"), ((0, 1.5, 2.25), (4, 5, 4.5, 6), RAW, "uM")],
)
def test_it_is_the_t_test_of_r(grown, blank, expected, unit):
    one = cultures(table(grown, blank))["A", "x"]
    assert (one.effect, one.low, one.high, one.p) == pytest.approx(expected, rel=CLOSE)
    assert (one.unit, one.n) == (unit, len(grown) + len(blank))


def test_measurements_of_one_culture_are_averaged_and_count_once():
    twice = table((8, 8, 9, 9, 8.5, 8.5), (2, 2.2, 1.9))
    twice["culture"] = ["a", "a", "b", "b", "c", "c", "", "", ""]
    one = cultures(twice)["A", "x"]
    assert one.p == pytest.approx(LOGS[3], rel=CLOSE)
    assert one.n == 6


def test_the_smaller_p_of_two_media_is_doubled():
    two = pd.concat([table((8, 9, 8.5), (2, 2.2, 1.9)), table((2, 2.3, 1.8), (2, 2.2, 1.9), medium="N")])
    one = cultures(two.reset_index(drop=True))["A", "x"]
    assert one.medium == "M"
    assert one.p == pytest.approx(2 * LOGS[3], rel=CLOSE)


def test_p_are_adjusted_over_everything_in_the_table():
    two = pd.concat([table((8, 9, 8.5), (2, 2.2, 1.9)), table((2, 2.3, 1.8), (2, 2.2, 1.9), molecule="y")])
    found = cultures(two.reset_index(drop=True))
    assert found["A", "x"].p == pytest.approx(2 * LOGS[3], rel=CLOSE)


@pytest.mark.parametrize(
    ("grown", "blank", "words"),
    [
        ((8,), (2,), "too few"),
        ((8, 8), (2, 2), "do not vary"),
        ((8, 9), (), "medium alone was not measured"),
        ((math.nan,), (2, 3), "no value of the supernatant"),
    ],
)
def test_what_cannot_be_tested_has_no_p_and_says_why(grown, blank, words):
    one = cultures(table(grown, blank))["A", "x"]
    assert one.p is None
    assert words in one.text


def test_no_table_is_nothing():
    assert cultures(None) == {}
