"""Metabolon's deliveries: header blocks and linked sheets, what a spreadsheet does to them, and broken ones."""

from __future__ import annotations

import datetime
import io as std
import zipfile

import numpy as np
import pytest

from commensal import io
from commensal.errors import FormatError, StudyFileError, TableError
from commensal.study.declared import Features
from metabolite_files import (
    ABOUT,
    GROUPS,
    MOLECULES,
    SAMPLES,
    VALUES,
    block_rows,
    block_text,
    block_workbook,
    linked_sheets,
    workbook,
    write,
)

NAN = np.nan
EXPECTED = np.array([[120.5, 1, 7.25], [NAN, 2, 8], [99, 3, 9], [1e6, 4, 10]])


def of(read, contents, ids=SAMPLES, **declared):
    return read(contents, ids, name="serum.xlsx", kind="metabolites", **declared)


def told(table):
    return " ; ".join(f"{item.name}: {item.reason}" for item in table.dropped)


def test_header_blocks(read):
    table = of(read, block_workbook())
    assert table.samples == SAMPLES
    assert list(table.features.index) == ["594", "32401", "46145"]
    np.testing.assert_array_equal(table.values, EXPECTED)
    first = table.features.loc["594"]
    assert first[["label", "name", "hmdb", "kegg", "pubchem", "cas"]].tolist() == [
        "nicotinamide", "nicotinamide", "HMDB0001406", "C00153", "936", "98-92-0",
    ]  # fmt: skip
    assert first[["super_pathway", "sub_pathway"]].tolist() == [
        "Cofactors and Vitamins",
        "Nicotinate and Nicotinamide Metabolism",
    ]
    assert table.features["name"].tolist()[1:] == ["trigonelline (N'-methylnicotinate)", "X - 12345"]
    assert table.features["identity_level"].tolist() == ["1", "2", "4"]
    assert table.features["hmdb"].isna().tolist() == [False, False, True]
    assert "3 columns about samples" in told(table)
    assert "SAMPLE_NAME, INJECTION, Group: not joined" in told(table)


def test_what_the_blocks_say_of_samples_is_offered(tmp_path):
    frame = io.read_table(write(tmp_path, "serum.xlsx", block_workbook()))
    assert frame["CLIENT_IDENTIFIER"].tolist() == list(SAMPLES)
    assert frame["Group"].tolist() == list(GROUPS)
    assert frame["INJECTION"].tolist() == ["2", "1", "4", "3"]


def test_an_empty_cell_is_a_molecule_not_detected(read):
    as_it_is = of(read, block_workbook())
    assert np.isnan(as_it_is.values[1, 0])
    assert "1 values missing" in told(as_it_is)
    assert 'zero = "below_detection" keeps what it says' in told(as_it_is)
    seen = of(read, None, zero="below_detection")
    np.testing.assert_array_equal(seen.values, np.nan_to_num(EXPECTED, nan=0))
    assert "read as 0, not seen" in told(seen)
    linked = of(read, workbook(linked_sheets()), zero="below_detection")
    assert linked.values[0, 1] == 0


def test_what_was_not_measured_stays_missing(read):
    values = ((None, 1, 2, 3), (None, 4, None, 5), (None,) * 4)
    table = of(read, block_workbook(values=values), zero="below_detection")
    np.testing.assert_array_equal(np.isnan(table.values), [[True] * 3, [False, False, True], [False, False, True],
                                                           [False, False, True]])  # fmt: skip
    assert table.values[2, 1] == 0
    coded = of(read, None, zero="below_detection", missing=("failed",))
    assert np.isnan(coded.values[2, 1])
    assert np.isnan(of(read, None, value="log2", zero="below_detection").values[2, 1])


@pytest.mark.parametrize("delimiter", ["\t", ";"])
def test_a_sheet_with_header_blocks_saved_as_text(read, tmp_path, delimiter):
    table = read(block_text(delimiter), SAMPLES, kind="metabolites")
    np.testing.assert_array_equal(table.values, EXPECTED)
    assert table.features["hmdb"].tolist()[:2] == ["HMDB0001406", "HMDB0000875"]
    assert table.features["identity_level"].tolist() == ["1", "2", "4"]
    assert io.read_table(tmp_path / "t.tsv")["Group"].tolist() == list(GROUPS)
    with pytest.raises(TableError, match=r"t.tsv, line 5, column 'S1'(.|\n)*'<LOD'"):
        read(block_text(delimiter).replace("120.5", "<LOD"), SAMPLES, kind="metabolites")
    with pytest.raises(FormatError, match="header blocks of Metabolon's layout are not found"):
        read(f"a{delimiter}S1\nb{delimiter}1\n", SAMPLES, kind="metabolites", format="metabolon")


@pytest.mark.parametrize("corner", ["Group HMDB_ID", "Group\nHMDB", "  Group      HMDB"])
def test_the_cell_where_both_headers_meet(read, corner):
    table = of(read, block_workbook(corner=corner))
    assert table.features["hmdb"].tolist()[:2] == ["HMDB0001406", "HMDB0000875"]
    assert "Group" in told(table)


def test_an_injection_order_that_looks_like_ids_is_none(read):
    ids = ("1", "2", "3", "4")
    about = {"INJECTION": (2, 1, 4, 3), "CLIENT_IDENTIFIER": ids}
    table = of(read, block_workbook(about=about), ids)
    assert table.samples == ids
    np.testing.assert_array_equal(table.values, EXPECTED)


def test_two_rows_of_ids_that_differ_are_refused(read):
    about = {"one": ("1", "2", "3", "4"), "other": ("2", "1", "4", "3")}
    with pytest.raises(TableError, match=r"two rows of the header hold ids(.|\n)*'one' and 'other'"):
        of(read, block_workbook(about=about), ("1", "2", "3", "4"))


def test_the_study_file_chooses_sheet_and_ids(read):
    table = of(read, block_workbook(), sheet="ScaledImpData", features=Features(id="BIOCHEMICAL"))
    assert not np.isnan(table.values).any()
    assert table.features.index[0] == "nicotinamide"
    assert table.features["COMP_ID"].tolist() == ["594", "32401", "46145"]
    assert "filled in what was below detection" in told(table)
    labelled = of(read, None, features=Features(label="PLATFORM"))
    assert labelled.features["label"].iloc[2] == "LC/MS Neg"
    with pytest.raises(StudyFileError, match=r"no sheet 'OrigScal'(.|\n)*perhaps 'OrigScale'"):
        of(read, None, sheet="OrigScal")


def test_sheet_is_for_files_that_have_some(read):
    with pytest.raises(StudyFileError, match=r"t.tsv has no sheets(.|\n)*workbook, mwtab, mztab"):
        read("id\tS1\tS2\na\t1\t2\n", sheet="OrigScale")


def test_several_sheets_and_none_named(read):
    two = workbook({"plasma": block_rows(), "urine": block_rows()})
    with pytest.raises(FormatError, match=r"several sheets(.|\n)*'plasma', 'urine'(.|\n)*sheet = \"plasma\""):
        of(read, two)
    assert of(read, None, sheet="urine").values.shape == (4, 3)


@pytest.mark.parametrize("data", ["Peak Area Data", "Batch-normalized Data"])
def test_linked_sheets(read, data):
    sheet = None if data == "Peak Area Data" else data
    table = of(read, workbook(linked_sheets(data)), sheet=sheet)
    assert table.samples == ("S2", "S1", "S3", "S4")  # in the file's order, by the sheet of samples
    assert list(table.features.index) == ["35", "180", "999"]
    np.testing.assert_array_equal(table.values[1], [1, 120.5, 7.25])
    assert np.isnan(table.values[0, 1])
    first = table.features.loc["180"]
    assert first[["label", "hmdb", "kegg", "pubchem", "inchikey"]].tolist() == [
        "nicotinamide", "HMDB0001406", "C00153", "936", "DFPAKSUCGFBDDF-UHFFFAOYSA-N",
    ]  # fmt: skip
    assert table.features["identity_level"].tolist() == ["2", "1", "4"]


def test_linked_sheets_with_the_laboratorys_names(read, tmp_path):
    table = of(read, workbook(linked_sheets()), ("LAB-1", "LAB-2", "LAB-3", "LAB-4"))
    assert table.samples[0] == "LAB-2"
    frame = io.read_table(tmp_path / "serum.xlsx")
    assert frame["CLIENT_SAMPLE_ID"].tolist() == list(SAMPLES)


def test_linked_sheets_with_a_molecule_that_is_not_described(read):
    made = linked_sheets()
    made["Chemical Annotation"].pop()
    table = of(read, workbook(made))
    assert "1 molecules are not on the sheet of annotations: '999'" in told(table)
    made["Chemical Annotation"] = [["CHEM_ID"], [7]]
    with pytest.raises(TableError, match="names none of the molecules"):
        of(read, workbook(made))


def test_logarithms_declared_as_something_else(read):
    with pytest.raises(TableError, match=r"values are logarithms(.|\n)*'Log Transformed Data', and value"):
        of(read, workbook(linked_sheets("Log Transformed Data")), sheet="Log Transformed Data")
    assert of(read, None, sheet="Log Transformed Data", value="ln").values.shape == (4, 3)


def test_plain_sheet(read, tmp_path):
    table = of(read, workbook({"Sheet1": [["molecule", "S1", "S2"], ["nicotinamide", 3, None], ["diol", 4, 5.5]]}))
    np.testing.assert_array_equal(table.values, [[3, 4], [NAN, 5.5]])
    frame = io.read_table(
        write(tmp_path, "people.xlsx", workbook({"Sheet1": [["sample", "age"], ["001", 41], ["S2", None]]}))
    )
    assert frame.to_dict("list") == {"sample": ["001", "S2"], "age": ["41", ""]}


def test_merged_cells_of_headers_are_filled(read, tmp_path):
    rows = block_rows(about=ABOUT | {"ARM": ("abx", None, "ctrl", None)})
    book = workbook({"OrigScale": rows}, {"OrigScale": ["K4:L4", "M4:N4", "C6:C7"]})
    table = of(read, book)
    assert io.read_table(tmp_path / "serum.xlsx")["ARM"].tolist() == list(GROUPS)
    assert table.features["super_pathway"].tolist()[:2] == ["Cofactors and Vitamins"] * 2


def test_merged_cells_among_values_are_refused(read):
    book = workbook({"OrigScale": block_rows()}, {"OrigScale": ["K5:L5"]})
    with pytest.raises(FormatError, match=r"sheet 'OrigScale': cells are merged among the values(.|\n)*rows 5 to 5"):
        of(read, book)


def test_dates_that_a_spreadsheet_made_are_told(read):
    one = list(MOLECULES[0])
    one[6] = datetime.datetime(5550, 12, 9)  # a CAS number, once
    two = list(MOLECULES[1])
    two[1] = datetime.datetime(2024, 3, 1)
    table = of(read, block_workbook(molecules=(one, two, MOLECULES[2])))
    assert "1 date in CAS" in told(table)
    assert "'5550-12-09' (row 5); left empty" in told(table)
    assert "'2024-03-01' (row 6); kept as they are" in told(table)
    assert table.features["cas"].isna().all()


def test_a_date_for_a_value_is_an_error(read):
    values = ((datetime.datetime(2024, 1, 2), 2, 3, 4), *VALUES[1:])
    with pytest.raises(TableError, match=r"row 5, column 'S1': a cell is neither(.|\n)*'2024-01-02'"):
        of(read, block_workbook(values=values))


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        ("<LOD", ["sheet 'OrigScale', row 5, column 'S1'", "found: '<LOD'"]),
        ("#N/A", ["row 5, column 'S1'", "found: '#N/A'"]),
        ("1,5", ["a decimal comma", "found: '1,5'"]),
        (-3, ["a value is negative", "row 5, column 'S1'"]),
        ("=SUM(A1:A2)", ["a cell holds a formula", "cell K5", "'=SUM(A1:A2)'", "paste the cells as values"]),
        (True, ["found: 'TRUE'"]),
    ],
)
def test_cells_that_are_no_values(read, value, parts):
    with pytest.raises(TableError) as caught:
        of(read, block_workbook(values=((value, 2, 3, 4), *VALUES[1:])))
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "ids", "parts"),
    [
        ({}, ("s1", "s2"), ["no id of the samples table", "'S1' looks like 's1'"]),
        ({"about": ABOUT | {"CLIENT_IDENTIFIER": ("S1", "S1", "S3", "S4")}}, SAMPLES, ["'S1' (column 11, column 12)"]),
        (
            {"molecules": (MOLECULES[0], MOLECULES[0], MOLECULES[2])},
            SAMPLES,
            ["'594' (row 5, row 6)", "features = { id"],
        ),
        ({"about": ABOUT | {"CLIENT_IDENTIFIER": ("S1", "S2", None, "S4")}}, SAMPLES, ["a sample has no id"]),
    ],
)
def test_ids_that_do_not_fit(read, changes, ids, parts):
    with pytest.raises(TableError) as caught:
        of(read, block_workbook(**changes), ids)
    for part in parts:
        assert part in str(caught.value)


def test_a_wrong_sheet_and_a_transposed_one(read):
    with pytest.raises(TableError, match=r"sheet 'Explanation'"):
        of(read, block_workbook(), sheet="Explanation")
    turned = [list(row) for row in zip(*block_rows(), strict=True)]
    with pytest.raises(TableError, match=r"lies the other way(.|\n)*4 ids of the samples table(.|\n)*'S1'"):
        of(read, workbook({"OrigScale": turned}))


def test_blank_rows_and_columns_at_the_edges(read):
    rows = [[], *([None, *row] for row in block_rows()), [None, " "]]
    np.testing.assert_array_equal(of(read, workbook({"OrigScale": rows})).values, EXPECTED)
    for first in ("molecule", None):  # pandas writes no name above its row names
        plain = workbook({"Sheet1": [[], [first, "S1"], ["a", 1], ["b", 2], []]})
        table = of(read, plain, ("S1",))
        assert table.values.tolist() == [[1, 2]]
        assert list(table.features.index) == ["a", "b"]


def test_a_footnote_is_no_molecule(read):
    note = (None, "* not confirmed with a standard", *[None] * 8)
    table = of(read, block_workbook(molecules=(*MOLECULES, note), values=(*VALUES, (None,) * 4)))
    assert table.values.shape == (4, 3)
    assert "row 8: " in told(table)
    assert "'* not confirmed with a standard'" in told(table)


def test_damaged_workbooks(read):
    whole = block_workbook()
    for size in (10, 200, len(whole) // 2, len(whole) - 30):
        with pytest.raises(FormatError, match=r"serum.xlsx: the workbook is damaged or cut short"):
            of(read, whole[:size])
    empty = workbook({"Sheet1": []})
    with pytest.raises(FormatError, match="sheet 'Sheet1': the sheet is empty"):
        of(read, empty)
    with pytest.raises(FormatError, match="a header and no rows"):
        of(read, workbook({"Sheet1": [["id", "S1"]]}))


def rebuilt(change) -> bytes:
    """Write a workbook anew, its sheet's XML changed."""
    out = std.BytesIO()
    old = zipfile.ZipFile(std.BytesIO(workbook({"OrigScale": block_rows()})))
    with old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            data = old.read(member)
            new.writestr(member, change(data) if member.filename.startswith("xl/worksheets/") else data)
    return out.getvalue()


def test_zip_bombs_and_entities_are_refused_before_they_unpack(read, monkeypatch):
    bomb = rebuilt(lambda data: data.replace(b"</worksheet>", b" " * (20 << 20) + b"</worksheet>"))
    assert len(bomb) < 100_000
    with pytest.raises(FormatError, match="unpacks to more than is allowed"):
        of(read, bomb)
    entities = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    with pytest.raises(FormatError, match=r"sheet1.xml: a part of the workbook(.|\n)*document type"):
        of(read, rebuilt(lambda data: entities + data))
    area = b'</sheetData><mergeCells><mergeCell ref="A1:XFD9"/></mergeCells>'
    with pytest.raises(FormatError, match="merged among the values"):  # a range beyond the sheet is cut to it
        of(read, rebuilt(lambda data: data.replace(b"</sheetData>", area)))
    monkeypatch.setenv("COMMENSAL_LIMIT_SHEET_CELLS", "20")
    with pytest.raises(FormatError, match="more cells than are read"):
        of(read, block_workbook())


def test_a_size_that_the_sheet_states_wrongly_is_not_believed(read):
    lie = rebuilt(lambda data: data.replace(b'<dimension ref="A1:N7"', b'<dimension ref="A1:XFD1048576"'))
    np.testing.assert_array_equal(of(read, lie).values, EXPECTED)
