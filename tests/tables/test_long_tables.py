"""Estimates and points: the schema of the contract, nulls, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from commensal.errors import OutputError
from commensal.tables import (
    ESTIMATE_COLUMNS,
    STATUSES,
    estimates,
    points,
    read_estimates,
    read_points,
    write_estimates,
    write_points,
)

CONTRACT = """
question kind contrast cohort specimen assay measure feature label model term time effect unit se
low high level test statistic df df2 n_permutations p q family n n_case n_control n_blocks status note
"""


def test_columns_are_those_of_the_contract_in_order():
    assert list(ESTIMATE_COLUMNS) == CONTRACT.split()
    assert list(estimates().columns) == CONTRACT.split()


def test_types_are_text_numbers_and_counts():
    frame = estimates([{"question": "a", "effect": 1, "n": 3, "status": "ok"}])
    assert str(frame["question"].dtype) == "string"
    assert frame["effect"].dtype == np.float64
    assert str(frame["n_case"].dtype) == "Int64"


def test_missing_is_null_in_the_file_never_nan(tmp_path):
    path = tmp_path / "e.parquet"
    write_estimates(estimates([{"feature": "x", "p": np.nan, "n": None, "status": "too_few"}]), path)
    table = pq.read_table(path)
    assert table["p"].null_count == 1
    assert table["n"].null_count == 1
    assert table["effect"].null_count == 1
    assert read_estimates(path)["p"].isna().all()


def test_round_trip_keeps_everything(tmp_path):
    frame = estimates([{"feature": "x", "p": 0.5, "n": 3, "status": "ok"}, {"feature": "y", "status": "all_zero"}])
    write_estimates(frame, tmp_path / "e.parquet")
    pd.testing.assert_frame_equal(read_estimates(tmp_path / "e.parquet"), frame)
    drawn = points([{"figure": "values", "y": 0.0, "sample": "s"}])
    write_points(drawn, tmp_path / "p.parquet")
    pd.testing.assert_frame_equal(read_points(tmp_path / "p.parquet"), drawn)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"efect": 1.0}, "'efect'"),
        ({"status": "fine"}, "fine"),
        ({"p": 1.2, "status": "ok"}, "outside"),
        ({"p": 0.2, "status": "too_few"}, "none"),
        ({"effect": np.inf, "status": "ok"}, "infinite"),
        ({"effect": "big", "status": "ok"}, "effect"),
    ],
)
def test_rows_that_break_the_contract_are_refused(row, words):
    with pytest.raises(OutputError, match=words):
        estimates([row])


def test_every_status_has_a_meaning():
    assert {"ok", "boundary", "too_few", "rank_deficient", "one_cage", "below_prevalence", "too_shallow"} <= set(
        STATUSES
    )
    assert all(meaning and not meaning.endswith(".") for meaning in STATUSES.values())


def test_a_damaged_file_is_one_clear_error(tmp_path):
    (tmp_path / "e.parquet").write_bytes(b"not parquet")
    with pytest.raises(OutputError, match=r"e\.parquet cannot be read"):
        read_estimates(tmp_path / "e.parquet")


def test_a_path_may_be_text(tmp_path):
    path = tmp_path / "estimates.parquet"
    write_estimates(estimates([{"question": "q", "status": "ok"}]), path)
    pd.testing.assert_frame_equal(read_estimates(str(path)), read_estimates(path))
    with pytest.raises(OutputError, match=r"none\.parquet cannot be read"):
        read_estimates(str(tmp_path / "none.parquet"))
