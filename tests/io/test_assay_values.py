"""Numbers held against the declared value."""

from __future__ import annotations

import numpy as np
import pytest

from commensal.errors import StudyFileError, TableError


def table(*rows: str) -> str:
    return "id\ta\tb\tc\n" + "".join(f"S{i + 1}\t{row}\n" for i, row in enumerate(rows))


@pytest.mark.parametrize(
    ("value", "rows"),
    [
        ("counts", ["1\t2\t3", "0\t0\t0"]),
        ("counts", ["1.0000005\t2\t3", "4\t5e3\t"]),
        ("relative", ["0.2\t0.3\t0.5", "0\t0\t0"]),
        ("relative", ["0.2\t0.3\t0.495", "0.1\t0.9\tNA"]),
        ("absolute", ["0\t1e9\t2", "1\t2\t3"]),
        ("concentration", ["0\t0.1\t", "1\t2\t3"]),
        ("log2", ["-3\t0.1\t1", "1\t2\t3"]),
        ("log10", ["-3\t0.1\t1", "1\t2\t3"]),
        ("ln", ["-3\t0.1\t1", "1\t2\t3"]),
    ],
)
def test_fitting_values_pass(read, value, rows):
    assert read(table(*rows), value=value).values.shape == (2, 3)


def test_counts_come_back_whole_and_missing_stays_missing(read):
    values = read(table("1.0000005\t2\tNA"), value="counts").values
    np.testing.assert_array_equal(values, [[1, 2, np.nan]])


def test_percent_becomes_shares(read):
    values = read(table("20\t30\t50", "99.9\t0\t0"), value="relative").values
    np.testing.assert_allclose(values, [[0.2, 0.3, 0.5], [0.999, 0, 0]], rtol=1e-15)


def test_relative_values_may_fit_before_or_after_exclusion(read):
    before = read(table("20\t30\t50", "10\t80\t10"), value="relative", exclude=("c",))
    np.testing.assert_allclose(before.values, [[0.2, 0.3], [0.1, 0.8]])
    after = read(table("20\t80\t50", "20\t80\t10"), value="relative", exclude=("c",))
    np.testing.assert_allclose(after.values, [[0.2, 0.8], [0.2, 0.8]])


@pytest.mark.parametrize(
    ("value", "rows", "parts"),
    [
        ("counts", ["1\t2\t3", "1\t2.5\t0.5"],
         ["a count is not whole", "line 3, column 'b'", "2.5 for sample 'S2'", "and 1 more", "intensity"]),
        ("counts", ["0.2\t0.3\t0.5", "0.1\t0.8\t0.1"], ["a count is not whole", 'write value = "relative"']),
        ("counts", ["1\t-2\t3"], ["a value is negative", "line 2, column 'b'", "never negative"]),
        ("intensity", ["1\t2\t-0.1"], ["a value is negative", "line 2, column 'c'", 'value = "log2"']),
        ("relative", ["0.2\t0.3\t0.1", "0.1\t0.2\t0.1"],
         ["do not sum to 1 or to 100", "sums from 0.4 to 0.6", '"absolute" or "intensity"']),
        ("relative", ["0.2\t0.3\t0.5", "20\t30\t50"], ["do not sum to 1 or to 100", "sums from 1 to 100"]),
        ("relative", ["0.2\t0.3\t0.5", "0.2\t0.3\t0.3"], ["sample 'S2' sums to 0.8"]),
        ("log2", ["1\t2\t-inf"], ["a value is infinite", "line 2, column 'c'", "missing"]),
    ],
)  # fmt: skip
def test_values_that_do_not_fit(read, value, rows, parts):
    with pytest.raises(TableError) as caught:
        read(table(*rows), value=value)
    for part in parts:
        assert part in str(caught.value)


def test_tables_of_several_ranks_are_named(read):
    text = "clade_name\tS1\nk__Bacteria\t100\nk__Bacteria|p__A\t60\nk__Bacteria|p__B\t40\n"
    with pytest.raises(TableError, match=r"sums to 200(.|\n)*several ranks at once"):
        read(text.replace("clade_name", "id"), value="relative")  # MetaPhlAn's own files are read at one rank


def test_a_number_column_that_is_no_sample_is_explained(read):
    with pytest.raises(TableError, match=r"'mz' is no id of the samples table(.|\n)*features.columns"):
        read("id\tS1\tS2\tmz\nx\t1\t2\t100.5\n", value="counts")


def test_silence_about_value_is_an_error(read):
    with pytest.raises(StudyFileError, match=r"\[assays.a\](.|\n)*value = \"counts\" would fit"):
        read(table("1\t2\t3"), value=None)
