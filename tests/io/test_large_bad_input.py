"""Tables read in blocks: what is wrong with one is said with its place, before anything is stored of it."""

from __future__ import annotations

import gzip
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

from commensal.errors import CommensalError, FormatError, TableError
from commensal.io import read_large
from commensal.study import parse_study

SAMPLES = [f"S{i}" for i in range(6)]
HEADER = "gene\t" + "\t".join(SAMPLES) + "\n"
ROWS = [f"G{j}\t" + "\t".join(str((i * j) % 7) for i in range(6)) + "\n" for j in range(400)]


@pytest.fixture(autouse=True)
def small_limit(monkeypatch):
    monkeypatch.setenv("COMMENSAL_TABLE_LIMIT", "1000")


def _read(folder: Path, name: str, value: str = "counts"):
    (folder / "study.toml").write_text(
        '[study]\nname = "s"\n[tables.samples]\nfile = "samples.tsv"\n'
        f'[assays.genes]\nkind = "genes"\nfile = "{name}"\nvalue = "{value}"\n'
        '[contrasts.arm]\ncolumn = "arm"\ncase = "a"\ncontrol = "b"\n'
        '[questions.q]\nkind = "cohort"\ncontrast = "arm"\n'
    )
    declared = parse_study((folder / "study.toml").read_text(), folder / "study.toml")
    told: list[str] = []
    return read_large(
        declared.assays["genes"], folder, SAMPLES, folder / "store", lambda _d, _t, said: told.append(said)
    )


def _text(folder: Path, text: str | bytes, name: str = "g.tsv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_table_that_is_right_is_stored_with_its_cells_and_unescaped_names(tmp_path):
    rows = ["'=cmd" + ROWS[0][2:], *ROWS[1:]]
    _text(tmp_path, "\ufeff" + HEADER + "".join(rows))
    table = _read(tmp_path, "g.tsv")
    assert table.stored.shape == (6, 400)
    assert table.stored.features.index[0] == "=cmd"
    expected = np.array([[(i * j) % 7 for j in range(400)] for i in range(6)], float)
    np.testing.assert_array_equal(np.hstack(list(table.stored.blocks(np.arange(6)))), expected)
    np.testing.assert_array_equal(table.stored.totals, expected.sum(axis=1))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("G9\t1\t2\t3\t4\t5\n", "line 202.*6 cells"),
        ("G9\t1\t2\t3\t4\t5\t6\t7\n", "line 202.*8 cells"),
        ("G9\t1\t2\tx\t4\t5\t6\n", "line 202, column 'S2'.*'x'"),
        ("G9\t1\t2\tTrue\t4\t5\t6\n", "line 202, column 'S2'.*True"),
        ("G9\t1\t2\t-3\t4\t5\t6\n", "-3"),
        ("G9\t1\t2\tinf\t4\t5\t6\n", "inf"),
        ("G9\t1\t2\x00\t3\t4\t5\t6\n", "NUL"),
        ("G1\t1\t2\t3\t4\t5\t6\n", "G1"),
        ("", None),
        ("\n\n", None),
    ],
)
def test_a_line_that_is_wrong_is_named(tmp_path, row, said):
    _text(tmp_path, HEADER + "".join([*ROWS[:200], row, *ROWS[200:]]))
    if said is None:
        assert _read(tmp_path, "g.tsv").stored.shape == (6, 400)
    else:
        with pytest.raises((TableError, FormatError), match=f"(?s){said}"):
            _read(tmp_path, "g.tsv")


def test_text_in_another_encoding_is_refused(tmp_path):
    _text(tmp_path, (HEADER + "".join(ROWS)).encode() + "µ\t1\t2\t3\t4\t5\t6\n".encode("latin-1"))
    with pytest.raises(FormatError, match=r"damaged|UTF-8"):
        _read(tmp_path, "g.tsv")


def test_a_gzip_that_is_cut_short_is_refused(tmp_path):
    whole = gzip.compress((HEADER + "".join(ROWS * 20)).encode())
    _text(tmp_path, whole[:-200], "g.tsv.gz")
    with pytest.raises(FormatError, match="cut short"):
        _read(tmp_path, "g.tsv.gz")


def test_a_gzip_that_unpacks_to_very_much_and_an_endless_line_are_past_limits(tmp_path, monkeypatch):
    monkeypatch.setenv("COMMENSAL_LIMIT_UNPACKED_FREE", "2000")
    monkeypatch.setenv("COMMENSAL_LIMIT_RATIO", "2")
    _text(tmp_path, gzip.compress((HEADER + "".join(ROWS * 9)).encode()), "g.tsv.gz")
    with pytest.raises(FormatError, match="COMMENSAL_LIMIT_RATIO"):
        _read(tmp_path, "g.tsv.gz")
    monkeypatch.setenv("COMMENSAL_LIMIT_LINE", "100")
    _text(tmp_path, HEADER + "".join(ROWS) + "G" * 200)
    with pytest.raises(FormatError, match=r"(?s)line 402.*COMMENSAL_LIMIT_LINE"):
        _read(tmp_path, "g.tsv")


def _biom(path: Path, change: dict[str, object]) -> None:
    m = 400
    parts: dict[str, object] = {
        "observation/ids": [f"G{j}" for j in range(m)],
        "sample/ids": SAMPLES,
        "observation/matrix/indptr": np.arange(m + 1),
        "observation/matrix/indices": np.arange(m) % 6,
        "observation/matrix/data": np.ones(m),
        **change,
    }
    with h5py.File(path, "w") as file:
        for name, value in parts.items():
            file[name] = value


@pytest.mark.parametrize(
    "change",
    [
        {"observation/matrix/indices": np.full(400, 6)},
        {"observation/matrix/indices": np.full(400, -1)},
        {"observation/matrix/indptr": np.r_[0, np.arange(400)[::-1]]},
        {"observation/matrix/indptr": np.full(401, 10**12)},
        {"observation/metadata/taxonomy": ["a"]},
        {"observation/ids": ["G0"] * 400},
    ],
)
def test_a_biom_that_does_not_fit_itself_is_refused(tmp_path, change):
    _biom(tmp_path / "g.biom", change)
    with pytest.raises((FormatError, TableError)):
        _read(tmp_path, "g.biom")


def test_a_biom_whose_cells_are_in_another_file_is_left_to_the_reader_that_refuses_it(tmp_path):
    _biom(tmp_path / "g.biom", {})
    with h5py.File(tmp_path / "g.biom", "r+") as file:
        del file["observation/matrix/data"]
        file["observation/matrix/data"] = h5py.ExternalLink("elsewhere.h5", "/data")
    assert _read(tmp_path, "g.biom") is None
    assert not (tmp_path / "store").exists()


def test_a_parquet_with_text_for_numbers_is_refused(tmp_path):
    frame = pd.DataFrame({"gene": [f"G{j}" for j in range(400)], **{name: ["1"] * 400 for name in SAMPLES}})
    frame.to_parquet(tmp_path / "g.parquet")
    with pytest.raises(CommensalError, match="S0"):
        _read(tmp_path, "g.parquet")


def test_shares_that_do_not_sum_to_one_are_refused(tmp_path):
    _text(tmp_path, HEADER + "".join(ROWS))
    with pytest.raises(TableError, match="sum to 1"):
        _read(tmp_path, "g.tsv", value="relative")
