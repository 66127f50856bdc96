"""mzTab-M 2: small molecules, features, samples, reliability, null; and broken files."""

from __future__ import annotations

import numpy as np
import pytest

from commensal import io
from commensal.errors import FormatError, StudyFileError, TableError
from metabolite_files import GROUPS, SAMPLES, mztab

NAN = np.nan


def of(read, contents, ids=SAMPLES, **declared):
    return read(contents, ids, name="a.mztab", kind="metabolites", **declared)


def test_small_molecules(read):
    table = of(read, mztab())
    np.testing.assert_array_equal(table.values, [[120.5, 1], [NAN, 2], [99, 0], [1e6, 4]])
    first = table.features.loc["1"]
    assert first[["label", "name", "hmdb", "chebi", "formula", "identity_level"]].tolist() == [
        "nicotinamide", "nicotinamide", "HMDB0001406", "CHEBI:17154", "C6H6N2O", "1",
    ]  # fmt: skip
    assert first[["mz", "rt_seconds"]].tolist() == ["123.0553 | 145.0372", "61.5"]
    assert table.features.loc["2", "label"] == "2"
    assert table.features.loc["2", ["name", "hmdb"]].isna().all()
    assert [item.name for item in table.dropped] == ["3 columns about samples"]


def test_features(read):
    table = of(read, mztab(), sheet="SMF")
    np.testing.assert_array_equal(table.values[0], [100, 20.5, 1])
    assert table.features["mz"].tolist() == ["123.0553", "145.0372", "200.1"]
    assert table.features["adduct_ion"].tolist()[:2] == ["[M+H]1+", "[M+Na]1+"]
    with pytest.raises(StudyFileError, match=r"no table 'SME' of values(.|\n)*SML"):
        of(read, None, sheet="SME")


@pytest.mark.parametrize("form", ["S{}", "assay[{}]", "specimen {}", "run {}.mzML", "run {}"])
def test_samples_may_be_called_by_assay_sample_or_file(read, form):
    ids = [form.format(i) for i in range(1, 5)]
    table = of(read, mztab(), ids)
    assert table.samples == tuple(ids)
    assert table.values[3, 0] == 1e6


def test_samples_of_the_file(read, tmp_path):
    of(read, mztab())
    assert io.read_table(tmp_path / "a.mztab").to_dict("list") == {
        "sample": list(SAMPLES),
        "mztab_sample": [f"specimen {i}" for i in range(1, 5)],
        "study_variable": list(GROUPS),
        "species": ["Mus musculus"] * 4,
    }


def test_alternatives_stay_alternatives(read):
    text = mztab().replace("HMDB:HMDB0001406 | CHEBI:17154", "HMDB:HMDB0000883|HMDB:HMDB0013716")
    table = of(read, text.replace("\tnicotinamide\t", "\tL-Valine|Norvaline\t"))
    assert table.features.loc["1", ["name", "hmdb"]].tolist() == ["L-Valine|Norvaline", "HMDB0000883 | HMDB0013716"]


@pytest.mark.parametrize(
    ("contents", "parts"),
    [
        (mztab("1.0.0"), ["not mzTab-M 2", "found: mzTab-version 1.0.0", "mzTab 1 is for proteomics"]),
        (mztab().replace("MTD\tmzTab-version\t2.0.0-M", ""), ["not mzTab-M 2", "no mzTab-version"]),
        (mztab().split("SML\t1")[0], ["a header and no rows"]),
        (mztab().split("SMH\t")[0], ["no values per assay", "tables none"]),
        (mztab().replace("abundance_assay", "abundance_x"), ["no values per assay", "study variables only"]),
        (mztab().split("9E5")[0].rpartition("\t")[0], ["a row has fewer cells"]),
        (mztab().replace("120.5\tnull", "120.5"), ["a row has fewer cells", "line 36"]),
        (mztab().replace("1E6", "1E6\tnull\tnull\textra"), ["a row has more cells", "line 36"]),
        (mztab().replace("120.5", "120,5"), ["a decimal comma", "line 36, column 'S1'"]),
        (mztab().replace("120.5", "<LOD"), ["found: '<LOD'"]),
        (mztab().replace("120.5", "INF"), ["a value is infinite"]),
        (mztab().replace("SML\t2", "SML\t1"), ["1 feature id occurs", "'1' (line 36, line 37)"]),
        (mztab().replace("SMH\tSML_ID", "SMH\tID"), ["no column SML_ID"]),
        (mztab().replace("SMH\t", "COM\t"), ["table SML has no single header"]),
        (mztab().replace("assay[2]\tS2", "assay[2]\tS1"), ["1 sample id occurs more than once"]),
        (mztab().replace("Arbitrary quantification unit", "log2 intensity"), ["values are logarithms"]),
    ],
)
def test_broken_files(read, contents, parts):
    with pytest.raises(TableError) as caught:
        of(read, contents, format="mztab")
    for part in parts:
        assert part in str(caught.value)


def test_ids_that_fit_nothing(read):
    with pytest.raises(TableError, match=r"no id of the samples table(.|\n)*'S1' looks like 's1'"):
        of(read, mztab(), ("s1", "s2"))


def test_mztab_1_is_named_when_its_format_is_not(read):
    with pytest.raises(FormatError, match="mzTab 1 is for proteomics"):
        of(read, mztab("1.0.0"))
