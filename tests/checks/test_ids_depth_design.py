"""Ids, specimens, depth, [design], and the order and joining of findings."""

from __future__ import annotations

import pandas as pd
import pytest

from commensal.checks import check

HALF = ["case"] * 12 + ["control"] * 12


def test_ids_that_almost_match_are_shown_and_not_matched(lint):
    ids = [f"S{i:03d}" for i in range(22)] + ["s_022", "other"]
    found = lint({"label": HALF}, ids=ids)
    assert found["data_without_samples"].severity == "warning"
    assert found["data_without_samples"].counts == {"data_without_samples": 2, "matched": 22, "look_alikes": 1}
    assert "'s_022' is not 'S022'" in found["data_without_samples"].message
    assert found["samples_without_data"].severity == "warning"
    assert found["smallest_p"].counts["samples"] == 22


def test_samples_that_were_not_measured_are_a_note(lint):
    found = lint({"label": HALF}, ids=[f"S{i:03d}" for i in range(20)])
    assert found["samples_without_data"].severity == "note"


def test_specimens(lint):
    specimen = ["stool"] * 20 + ["saliva"] * 4
    more = '[assays.saliva]\nkind = "taxa"\nfile = "x.tsv"\nvalue = "counts"\nspecimen = "saliva"'
    assert lint({"label": HALF, "specimen": specimen}, more=more)["specimens_mixed"].counts["specimens"] == 2


def test_strangers_among_phenotypes(lint):
    scores = pd.DataFrame({"subject": ["P_001", "P002", "P003"], "score": ["1", "2", "3"]})
    scores.attrs["file"] = "scores.tsv"
    found = lint(
        {"label": HALF, "subject": [f"P{i:03d}" for i in range(1, 25)]},
        frames={"phenotypes": scores},
        more='[tables.phenotypes]\nfile = "scores.tsv"',
    )
    finding = found["rows_without_subject"]
    assert finding.counts == {"strangers": 1, "matched": 2, "look_alikes": 1}
    assert "'P_001' is not 'P001'" in finding.message


def test_empty_and_shallow_samples(lint):
    found = lint({"label": HALF}, depths=[0, 400, *[10_000] * 22])
    assert "S000" in found["empty_samples"].message
    assert found["shallow_samples"].counts["samples"] == 1
    assert found["shallow_samples"].counts["least"] == 400
    assert "S001 (400)" in found["shallow_samples"].message


def test_depth_that_goes_with_the_label(lint):
    found = lint({"label": HALF}, depths=[30_000] * 12 + [10_000] * 12)
    assert found["depth_differs"].counts == {"depth_case": 30_000, "depth_control": 10_000}
    assert "depth_differs" not in lint({"label": HALF}, depths=[15_000] * 12 + [10_000] * 12)


def test_silence_in_the_design(lint, builder):
    loaded = builder({"label": HALF, "cage": list("abcdefghijklmnopqrstuvwx")})
    bare = type(loaded.declared.design)()
    import dataclasses

    silent = dataclasses.replace(loaded, declared=dataclasses.replace(loaded.declared, design=bare))
    codes = {f.code: f.severity for f in check(silent) if f.where == "[design]"}
    assert set(codes) == {
        "undeclared_randomisation",
        "undeclared_blinding",
        "undeclared_exclusions",
        "undeclared_primary",
    }
    assert set(codes.values()) == {"note"}
    people = builder({"label": HALF})
    silent = dataclasses.replace(people, declared=dataclasses.replace(people.declared, design=bare))
    codes = {f.code for f in check(silent) if f.where == "[design]"}
    assert codes == {"undeclared_exclusions", "undeclared_primary"}


def test_an_empty_side_is_an_error_with_both_counts(lint):
    found = lint({"label": HALF, "time": [1] * 12 + [2] * 12}, where="where = { time = { max = 1 } }")
    assert found["comparison_refused"].severity == "error"
    assert "12 case and 0 control" in found["comparison_refused"].message


def test_errors_come_first_and_repeats_are_told_once(builder):
    loaded = builder(
        {"label": HALF, "cage": ["a", "b", "c", "d"] * 3 + ["e", "f", "g", "h"] * 3},
        more='[questions.again]\nkind = "cohort"\ncontrast = "c"\nblock = ["cage"]',
    )
    found = check(loaded)
    rank = [("error", "warning", "note").index(finding.severity) for finding in found]
    assert rank == sorted(rank)
    assert len({(f.code, f.where, f.message) for f in found}) == len(found)


def test_findings_are_plain_data(builder):
    import json

    for finding in check(builder({"label": HALF, "donor": ["a"] * 12 + ["b"] * 12})):
        assert json.loads(json.dumps(finding.to_dict()))["mend"]
        assert all(type(count) is float for count in finding.counts.values())


@pytest.mark.parametrize("column", ["percentage", "stage", "grandfather", "packaging", "runtime_notes"])
def test_names_are_read_by_words_not_letters(lint, column):
    found = lint({"label": HALF, column: [f"v{i // 4}" for i in range(24)]})
    assert not [f for f in found.values() if f.severity != "note"]


@pytest.mark.parametrize("seed", range(25))
def test_no_table_of_odd_columns_stops_the_linter(builder, seed):
    """Missing labels, single levels, counters, numbers as units: findings, never a traceback."""
    import numpy as np

    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 30))
    pools = [
        [None],
        ["1"],
        ["1", "2", "3"],
        ["a", None],
        [f"u{i}" for i in range(n)],
        ["1.5", "2", None],
        ["true", "false"],
    ]
    names = ["cage", "donor", "batch", "household", "sex", "age", "country", "day", "diet", "subject"]
    table: dict[str, list[object]] = {"label": ["case", "control", *rng.choice(["case", "control", "other"], n - 2)]}
    for name in names:
        pool = pools[4] if name == "subject" else pools[int(rng.integers(len(pools)))]
        table[name] = [pool[int(i)] for i in rng.integers(len(pool), size=n)]
    found = check(
        builder(
            table,
            kind=str(rng.choice(["cohort", "depletion"])),
            question=str(rng.choice(["", 'block = ["cage"]', 'block = ["household"]'])),
            depths=rng.integers(0, 50, n).astype(float),
        )
    )
    assert all(finding.message and finding.mend for finding in found)


def test_the_rarer_findings_about_ids_and_covariates(lint):
    people = [f"P{i:03d}" for i in range(24)]
    subjects = pd.DataFrame({"subject": [*people[1:], "P100"], "age": ["50"] * 24})
    subjects.attrs["file"] = "subjects.tsv"
    found = lint(
        {"label": HALF, "subject": people, "specimen": ["stool"] * 23 + ["saliva"]},
        frames={"subjects": subjects},
        more='[tables.subjects]\nfile = "subjects.tsv"',
        question='covariates = ["age"]',
    )
    assert {"subjects_unused", "subjects_unlisted", "covariate_constant"} <= set(found)
