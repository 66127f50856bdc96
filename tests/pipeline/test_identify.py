"""What each molecule of a study is: columns beside the features, findings, and no number changed by it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from commensal import check, load
from commensal.errors import StudyFileError

MOLECULES = {
    "m1": ("Niacinamide", "HMDB0001406", "2"),
    "m2": ("nicotinamide", "", "1"),
    "m3": ("fumarate/maleate", "", ""),
    "m4": ("X - 12345", "", "4"),
    "m5": ("ampicillin", "", "1"),
    "m6": ("nicotinate", "HMDB0001406", "2"),
    "m7": ("tryptophan", "", ""),
}
IDS = [f"s{i}" for i in range(6)]


def study(folder: Path, keys: str = "", kind: str = "metabolites") -> Path:
    rng = np.random.default_rng(1)
    values = rng.lognormal(3, 1, (len(MOLECULES), len(IDS)))
    (folder / "samples.tsv").write_text(
        "sample\tarm\n" + "".join(f"{one}\t{'ab'[i % 2]}\n" for i, one in enumerate(IDS))
    )
    (folder / "serum.tsv").write_text(
        "id\t" + "\t".join(IDS) + "\n" + "".join(
            "\t".join([one, *map(str, row)]) + "\n" for one, row in zip(MOLECULES, values, strict=True)
        )
    )  # fmt: skip
    (folder / "molecules.tsv").write_text(
        "id\tBIOCHEMICAL\tHMDB_ID\tMSI level\n"
        + "".join("\t".join([one, *row]) + "\n" for one, row in MOLECULES.items())
    )
    place = folder / "study.toml"
    place.write_text(
        '[study]\nname = "t"\n[tables.samples]\nfile = "samples.tsv"\n'
        f'[assays.serum]\nkind = "{kind}"\nfile = "serum.tsv"\nvalue = "intensity"\n'
        f'features = {{ file = "molecules.tsv", id = "id" }}\n{keys}\n'
        '[contrasts.arm]\ncolumn = "arm"\ncase = "b"\ncontrol = "a"\n'
        '[questions.arms]\nkind = "cohort"\ncontrast = "arm"\n'
    )
    return place


def test_usual_columns_are_taken_and_every_feature_stays(tmp_path):
    loaded = load(study(tmp_path))
    features = loaded.assays["serum"].features
    assert list(features.index) == list(MOLECULES)
    assert features["compound"].fillna("-").tolist() == [
        "nicotinamide", "nicotinamide", "-", "-", "ampicillin", "-", "L-tryptophan",
    ]  # fmt: skip
    assert features.loc["m1", "identity"] == "exact by name and HMDB"
    assert features.loc["m3", "identity"] == "ambiguous: fumarate | maleate"
    assert features.loc["m4", "identity"] == "unknown"
    assert features.loc["m6", "identity"] == "ambiguous: nicotinate | nicotinamide"
    assert features["exogenous"].dropna().to_dict() == {"m5": "drug: antibiotic"}
    assert features["identity_level"].fillna("-").tolist() == ["2", "1", "-", "4", "1", "2", "-"]


def test_findings_count_and_list(tmp_path):
    found = {one.code: one for one in check(study(tmp_path))}
    assert found["identity"].counts == {"exact": 4.0, "ambiguous": 2.0, "exogenous": 1.0}
    assert "ampicillin" in found["identity"].message
    assert "fumarate | maleate" in found["identity_open"].message
    assert "nicotinamide (m1, m2)" in found["same_compound"].message
    assert all(found[code].severity == "note" for code in ("identity", "identity_open", "same_compound"))


def test_columns_may_be_declared(tmp_path):
    loaded = load(study(tmp_path, 'identity = { name = "BIOCHEMICAL" }'))
    features = loaded.assays["serum"].features
    assert features.loc["m6", "compound"] == "nicotinate"  # its HMDB number was not to be used
    assert features["identity_level"].isna().all()


def test_a_column_that_is_not_there_is_an_error_that_names_the_near_one(tmp_path):
    with pytest.raises(StudyFileError, match="HMDB_ID"):
        load(study(tmp_path, 'identity = { hmdb = "HMDB-ID" }'))


def test_only_molecules_have_an_identity(tmp_path):
    with pytest.raises(StudyFileError, match="metabolites"):
        load(study(tmp_path, 'identity = { name = "BIOCHEMICAL" }', kind="genes"))


def test_an_unknown_key_is_refused(tmp_path):
    with pytest.raises(StudyFileError, match="inchikey"):
        load(study(tmp_path, 'identity = { inchi = "BIOCHEMICAL" }'))


def test_no_number_changes(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with_names = load(study(tmp_path / "a")).assays["serum"]
    without = load(study(tmp_path / "b", 'identity = { level = "HMDB_ID" }')).assays["serum"]
    np.testing.assert_array_equal(with_names.values, without.values)
    assert list(with_names.features.index) == list(without.features.index)


def test_a_level_that_a_reader_named_is_kept_and_a_column_named_compound_is_not_lost(tmp_path):
    place = study(tmp_path)
    table = tmp_path / "molecules.tsv"
    table.write_text(table.read_text().replace("MSI level", "identity_level").replace("BIOCHEMICAL", "compound"))
    features = load(place).assays["serum"].features
    assert features["identity_level"].fillna("-").tolist() == ["2", "1", "-", "4", "1", "2", "-"]
    assert features["compound (of the table)"].tolist() == [name for name, _, _ in MOLECULES.values()]
    assert features.loc["m2", "compound"] == "nicotinamide"
