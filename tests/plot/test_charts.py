"""Charts hold the rows of the tables, refuse to mix comparisons, and survive names that are code."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from commensal import plot, tables
from commensal.errors import OutputError, UsageError

HOSTILE = ["<script>alert(1)</script>", "constructor", "__proto__", "datum.effect", "a\\'b\"c", "[x].y", "toString"]
ROW = {"question": "ibd", "assay": "serum", "model": "abundance", "term": "within", "unit": "log2 fold change"}


def effects(n: int = 6, **more: object) -> pd.DataFrame:
    rows = [
        ROW | {"feature": f"M{i}", "label": f"molecule {i}", "effect": (-1) ** i * (i + 1.0), "low": i - 9.0,
               "high": i + 9.0, "level": 0.9, "p": 10.0**-i if i else 0.0, "q": 0.2 if i < 3 else 0.01, "status": "ok"}
        for i in range(n)
    ]  # fmt: skip
    rows.append(ROW | {"feature": "Z", "label": "rare", "status": "too_few"})
    return tables.estimates([row | more for row in rows])


def samples(figure: str = "ordination", **more: object) -> pd.DataFrame:
    rows = [
        {"question": "ibd", "assay": "serum", "figure": figure, "sample": f"S{i}", "block": f"H{i // 2}",
         "unit": "intensity",
         "side": "case" if i % 2 else "control", "group": "CD" if i % 2 else "relative", "x": i / 10, "y": float(i)}
        for i in range(6)
    ]  # fmt: skip
    return tables.points([row | more for row in rows])


def data_of(chart: object) -> list[dict]:
    """Return all rows that a chart embeds."""
    return [row for rows in chart.to_dict()["datasets"].values() for row in rows]


def test_a_volcano_has_every_tested_feature_and_says_how_many_are_not():
    frame = effects()
    chart = plot.volcano(frame, labels=0)
    rows = {row["feature"]: row for row in data_of(chart) if "feature" in row}
    assert set(rows) == {f"M{i}" for i in range(6)}
    assert rows["M3"]["height"] == pytest.approx(3)
    assert rows["M0"]["height"] == 300  # p underflowed to 0: at the top, not at infinity
    assert rows["M4"]["found"].startswith("higher")
    assert rows["M3"]["found"].startswith("lower")
    assert rows["M1"]["found"].startswith("q ≥")
    assert "6 of 7 features have a p" in str(chart.to_dict()["title"])
    assert "log2 fold change" in str(chart.to_dict())


def test_estimates_keep_the_named_features_and_say_why_one_has_none():
    rows = [row for row in data_of(plot.estimates(effects(), features=["M2", "rare"])) if "why" in row]
    assert {row["name"] for row in rows} == {"molecule 2", "rare"}
    assert {row["why"] for row in rows} == {"", "no estimate: too few"}
    chart = plot.estimates(effects(), most=2)
    assert {row["feature"] for row in data_of(chart) if "feature" in row} == {"M0", "M5"}
    assert "90 % intervals" in str(chart.to_dict())
    with pytest.raises(UsageError, match="molecule 22"):
        plot.estimates(effects(), features=["molecule 22"])


@pytest.mark.parametrize("draw", [plot.volcano, plot.estimates])
@pytest.mark.parametrize(
    "more", [{"term": "between"}, {"assay": "csf"}, {"unit": "s"}, {"time": 3.0}, {"cohort": "two"}, {"assay": None}]
)
def test_two_comparisons_are_never_mixed(draw, more):
    both = tables.estimates(pd.concat([effects(), effects(**more)]))
    with pytest.raises(UsageError, match="holds 2 comparisons") as told:
        draw(both)
    (key,) = more
    assert key in str(told.value)


def test_a_wrong_name_is_told_with_the_right_ones_and_a_wrong_table_with_the_right_one():
    with pytest.raises(UsageError, match="serum"):
        plot.volcano(effects(), assay="serun")
    with pytest.raises(UsageError, match=r"result\.points"):
        plot.ordination(effects())
    with pytest.raises(UsageError, match=r"result\.estimates"):
        plot.volcano("out/estimates.parquet")
    with pytest.raises(UsageError, match="nothing to draw"):
        plot.volcano(tables.estimates())
    with pytest.raises(UsageError, match="screen"):
        plot.claims(tables.claims())


def test_a_label_of_two_features_gets_their_ids():
    frame = effects(2)
    frame["label"] = "same"
    names = {row["name"] for row in data_of(plot.estimates(frame)) if "feature" in row}
    assert names == {"same (M0)", "same (M1)"}


def test_an_ordination_says_its_axes_share_from_the_estimates():
    points = samples(measure="bray_curtis")
    estimates = tables.estimates([
        {"question": "ibd", "assay": assay, "model": "pcoa", "measure": "bray_curtis", "feature": f"axis {i}",
         "effect": e}
        for assay, i, e in (("serum", 1, 0.25), ("serum", 2, 0.125), ("csf", 1, 0.9))
    ])  # fmt: skip
    told = str(plot.ordination(points, estimates).to_dict())
    assert "PCo 1 (25 % of the variation)" in told
    assert "90 %" not in told
    assert {row["side"] for row in data_of(plot.ordination(points))} == {"case: CD", "control: relative"}


def test_raw_values_keep_zeros_and_missing_apart():
    points = samples("values", feature="M1", label="nam")
    points.loc[3, "y"] = None
    chart = plot.abundance(points, "nam")
    values = [row["y"] for row in data_of(chart)]
    assert values.count(None) == values.count(0.0) == 1
    assert "symlog" in str(chart.to_dict())
    below = points.assign(y=points["y"] - 3)
    assert "symlog" not in str(plot.abundance(below, "M1").to_dict())


def test_survival_has_ticks_of_its_own_event_only_and_the_time_s_unit():
    row = {"question": "rescue", "contrast": "nam", "note": "day", "side": "case"}
    points = tables.points([
        row | {"figure": figure, "measure": measure, "label": arm, "x": x, "y": y}
        for figure, measure, arm, x, y in (
            ("survival", "death", "NAM", 0.0, 1.0), ("survival", "death", "NAM", 90.0, 0.5),
            ("survival", "death", "saline", 0.0, 1.0), ("censored", "death", "NAM", 80.0, 1.0),
            ("censored", "onset", "NAM", 33.0, 1.0),
        )
    ])  # fmt: skip
    chart = plot.survival(points)
    assert 80.0 in [row["x"] for row in data_of(chart)]
    assert 33.0 not in [row["x"] for row in data_of(chart)]
    told = str(chart.to_dict())
    assert "'day'" in told
    assert "strokeDash" in told


def test_a_course_of_a_measure_has_the_means_of_its_own_question():
    def rows(question, figure, y):
        return [
            {"question": question, "figure": figure, "measure": "grip", "subject": "m1", "side": "case", "group": "abx",
             "x": float(day), "y": y, "unit": "N"}
            for day in (1, 2)
        ]  # fmt: skip

    points = tables.points([*rows("a", "trajectory", 1.0), *rows("a", "trajectory_mean", 2.0),
                            *rows("b", "trajectory", 3.0), *rows("b", "trajectory_mean", 4.0)])  # fmt: skip
    with pytest.raises(UsageError, match="question='b'"):
        plot.course(points, measure="grip")
    chart = plot.course(points, measure="grip", question="a", time="day")
    assert {row["y"] for row in data_of(chart)} == {1.0, 2.0}
    assert "grip (N)" in str(chart.to_dict())


def claims() -> pd.DataFrame:
    rows = []
    for rank, strain in enumerate(["A", "B"], start=1):
        row = {"claim": strain, "rank": rank, "strain": strain, "molecule": "NAM", "outcome": "grip", "strength": 3}
        rows.append(row | {"line": "claim", "kind": "claim", "verdict": "selected"})
        rows += [row | {"line": "strain → outcome", "kind": "interventional", "verdict": "supports", "p": 0.01},
                 row | {"line": "human level", "kind": "corroborating", "verdict": "not measured"}]  # fmt: skip
    return tables.claims(rows)


def test_claims_are_in_their_order_and_what_was_not_measured_is_not_inconclusive():
    chart = plot.claims(claims())
    told = chart.to_dict()
    domain = told["hconcat"][0]["encoding"]["y"]["scale"]["domain"]
    assert [one[:4] for one in domain] == ["1. A", "2. B"]
    shapes = told["hconcat"][0]["encoding"]["shape"]["scale"]
    assert len(set(shapes["range"])) == 4
    assert len([row for row in data_of(chart) if row["verdict"] == "not measured"]) == 2
    assert len(data_of(plot.claims(claims(), most=1))) == 2
    with pytest.raises(UsageError, match="'C'"):
        plot.claims(claims(), strain="C")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_drawn_as_text(name, tmp_path):
    frame = effects(3).assign(label=name, question=name)
    points = samples("values", feature="M1", label=name, group=name, block=name)
    shown = claims().assign(strain=name, outcome=name)
    for i, chart in enumerate((plot.volcano(frame), plot.estimates(frame), plot.abundance(points), plot.claims(shown))):
        svg = plot.save(chart, tmp_path / f"{i}.svg").read_text()
        assert "<script" not in svg
        assert svg.count("<path") + svg.count("<text") > 5


def test_charts_are_saved_as_svg_pdf_and_png_and_nothing_else(tmp_path):
    chart = plot.volcano(effects())
    starts = {"svg": b"<svg", "pdf": b"%PDF", "png": b"\x89PNG"}
    for end, start in starts.items():
        assert plot.save(chart, tmp_path / f"v.{end}").read_bytes().startswith(start)
    with pytest.raises(UsageError, match="svg"):
        plot.save(chart, tmp_path / "v.docx")
    with pytest.raises(UsageError, match="no chart"):
        plot.save("chart", tmp_path / "v.svg")
    with pytest.raises(OutputError, match="cannot be written"):
        plot.save(chart, tmp_path / "nowhere" / "v.svg")


def test_charts_can_be_joined_by_the_user():
    joined = plot.volcano(effects()) | plot.estimates(effects())
    assert len(joined.to_dict()["hconcat"]) == 2
    assert math.isfinite(len(str(joined.to_dict())))
