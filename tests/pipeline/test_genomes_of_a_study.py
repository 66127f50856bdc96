"""``[genomes]``: read from tables, tools' files and references; rows and points; errors that say what to do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from commensal import check, load
from commensal.errors import CommensalError, DesignError, FormatError, StudyFileError, TableError
from commensal.page import PageView, write
from commensal.page.figures import capability as drawn
from commensal.page.figures.capability import STATES, VERDICTS
from commensal.page.figures.drawn import DARK_COLOURS
from commensal.pipeline.load import input_files
from commensal.questions.capability_rows import capability_rows
from commensal.reads.reference_folder import write_manifest
from commensal.reads.reference_tables import save, table

STUDY = """
[study]
name = "tiny"
[tables.samples]
file = "samples.tsv"
[assays.serum]
kind = "metabolites"
file = "serum.tsv"
value = "intensity"
[contrasts.c]
column = "arm"
case = "A"
control = "V"
[questions.q]
kind = "screen"
contrast = "c"
[genomes]
"""
DE_NOVO = ("K00278", "K03517", "K00767", "K00969", "K01950")
KOFAM = "##gff-version 3\n" + "".join(
    f"c1\tkofam\tkofam\t{10 * i + 1}\t{10 * i + 9}\t.\t+\t.\t"
    f"Name=x [EC:1.1.1.{i}];GeneID=g{i};KO={ko};F_score={mark};evalue=1e-9\n"
    for i, (ko, mark) in enumerate([*((ko, "*") for ko in DE_NOVO), ("K12410", "")], start=1)
)
BELOW = KOFAM.replace("F_score=*", "F_score=")
BARE = "##gff-version 3\nc\tx\tCDS\t1\t9\t.\t+\t0\tID=g1\n"
CULTURE = "genome\tmolecule\tmaterial\tvalue\n"
WITH_CULTURE = 'file = "g.tsv"\nculture = "c.tsv"\n'
EGGNOG = "#query\tEC\tKEGG_ko\ng1\t3.5.1.19\tko:K08281\ng2\t4.1.99.1\t-\n"
PROKKA = "locus_tag\tftype\tlength_bp\tgene\tEC_number\tCOG\tproduct\nP_1\tCDS\t300\ttnaA\t4.1.99.1\t\ttryptophanase\n"
TABLE = (
    "genome\tgene\tko\tec\n"
    + "".join(f"A\ta{i}\t{ko}\t\n" for i, ko in enumerate(DE_NOVO))
    + "B\tb1\tK08281\t\nC\tc1\t\t\n"
)


@pytest.fixture
def made(tmp_path):
    """A study folder to which a [genomes] section and files are added."""

    def make(section: str, **files: str) -> Path:
        samples = "".join(f"S{i}\tM{i}\t{'A' if i % 2 else 'V'}\n" for i in range(6))
        (tmp_path / "samples.tsv").write_text("sample\tsubject\tarm\n" + samples)
        (tmp_path / "serum.tsv").write_text("sample\tnicotinamide\n" + "".join(f"S{i}\t{i + 1}\n" for i in range(6)))
        (tmp_path / "study.toml").write_text(STUDY + section)
        for name, text in files.items():
            place = tmp_path / name.replace("__", "/")
            place.parent.mkdir(exist_ok=True)
            place.write_text(text)
        return tmp_path / "study.toml"

    return make


def test_one_file_per_genome_whatever_tool_wrote_it(made):
    files = {"ann__A.gff": KOFAM}
    study = made('files = "ann/{genome}.gff"\nlabels = { A = "Alpha one" }\n', **files)
    loaded = load(study)
    one = loaded.genomes["A"]
    assert one.kos == set(DE_NOVO)  # K12410 is below the threshold
    assert one.label == "Alpha one"
    assert one.genes["K03517"] == ("g2",)
    assert not one.ecs  # those genes have KO numbers
    assert "1 hits below" in one.note
    assert Path("ann/A.gff") in [path.relative_to(study.parent) for path in input_files(loaded.declared, study.parent)]


def test_eggnog_and_prokka(made):
    loaded = load(made('files = "ann/{genome}.tsv"\n', **{"ann__A.tsv": EGGNOG, "ann__P.tsv": PROKKA}))
    assert (loaded.genomes["A"].kos, loaded.genomes["A"].ecs) == ({"K08281"}, {"4.1.99.1"})
    assert loaded.genomes["P"].ecs == {"4.1.99.1"}
    rows = capability_rows(loaded, ["indole"]).estimates.set_index("term")
    assert rows.loc["P", "measure"] == "makes"
    assert rows.loc["P", "effect"] == 0.7
    assert "EC numbers alone" in rows.loc["P", "note"]


def test_a_plain_table_with_a_genome_that_is_not_annotated(made):
    study = made('file = "genomes.tsv"\n', **{"genomes.tsv": TABLE})
    loaded = load(study)
    assert {name: len(one.kos) for name, one in loaded.genomes.items()} == {"A": 5, "B": 1, "C": 0}
    answer = capability_rows(
        loaded, ["nicotinamide", "indole", "caffeine"], {"strain 1": "A", "strain 2": "C"},
        {"question": "q", "kind": "mediators", "contrast": "c"},
    )  # fmt: skip
    rows = answer.estimates.set_index(["feature", "term"])
    assert rows.loc[("nicotinamide", "strain 1"), "measure"] == "makes"
    assert rows.loc[("nicotinamide", "strain 2"), "measure"] == "unknown"
    assert rows.loc[("nicotinamide", "strain 1"), "statistic"] == 0.5  # of the two that are annotated
    assert rows["p"].isna().all()
    assert rows["q"].isna().all()
    assert set(rows["model"]) == {"capability"}
    steps = answer.points[(answer.points["measure"] == "step") & (answer.points["block"] == "nicotinamide")]
    sides = {name: set(own["side"]) for name, own in steps.groupby("sample")}
    assert sides["C"] == {"not known"}
    assert sides["A"] == {"present", "inferred", "missing"}
    assert not (answer.points["block"] == "caffeine").any()


def test_a_reference_folder(made):
    study = made('reference = "REF"\n')
    folder = study.parent / "REF"
    folder.mkdir()
    names = {"A": "Alpha one", "B": None}
    save("genomes", table("genomes", [{"genome": key, "name": name} for key, name in names.items()]), folder)
    hits = [{"genome": "A", "gene": f"a{i}", "namespace": "KO", "id": ko} for i, ko in enumerate(DE_NOVO)]
    hits += [
        {"genome": "A", "gene": "a0", "namespace": "EC", "id": "1.4.3.16"},
        {"genome": "A", "gene": "a9", "namespace": "EC", "id": "4.1.99.1"},
        {"genome": "A", "gene": "a9", "namespace": "PF", "id": "PF00001"},
    ]
    save("functions", table("functions", hits), folder)
    write_manifest(folder, {})
    found = load(study).genomes
    assert found["A"].kos == set(DE_NOVO)
    assert found["A"].ecs == {"4.1.99.1"}  # a0 has a KO number, which says more
    assert [one.label for one in found.values()] == ["Alpha one", "B"]
    assert "unknown, not unable" in found["B"].note
    save("functions", table("functions", []), folder)
    write_manifest(folder, {})
    with pytest.raises(TableError, match="no genome of the reference has a KO"):
        load(study)


def test_the_figure_says_everything_in_words_and_in_its_table(made):
    loaded = load(made('file = "genomes.tsv"\n', **{"genomes.tsv": TABLE}))
    (figure,) = drawn(capability_rows(loaded, ["nicotinamide", "indole"]).points, "q")
    assert figure.alt.startswith("Nicotinamide: makes in A; consumes in B; unknown in C.")
    assert [panel.spec["title"]["text"] for panel in figure.panels] == [
        "Genomes × molecules",
        "nicotinamide: 1 of 2 genomes make it anew",
    ]
    assert {row["state"] for row in figure.rows} >= {"makes", "consumes", "unknown", "missing", "inferred", "not known"}
    assert any("K03517: a1" in str(row["note"]) for row in figure.rows)
    colours = {colour for states in (VERDICTS, STATES) for colour, *_ in states.values()}
    assert not colours & set(DARK_COLOURS)  # a cell is its own ground: on a dark page two would become alike
    assert drawn(loaded.samples.assign(figure="values", measure=None)) == []


def test_cultures_decide(made):
    culture = "genome\tmolecule\tmaterial\tvalue\tunit\n" + "".join(
        f"{genome}\tNicotinamide\t{material}\t{value}\tuM\n"
        for genome, material, values in (
            ("A", "supernatant", (1.0, 1.1, 0.9)), ("B", "supernatant", (8, 9, 8.5)), ("", "medium", (2, 2.2, 1.9)),
        )
        for value in values
    )  # fmt: skip
    loaded = load(made('file = "g.tsv"\nculture = "c.tsv"\n', **{"g.tsv": TABLE, "c.tsv": culture}))
    rows = capability_rows(loaded, ["nicotinamide"]).estimates.set_index("term")
    assert dict(rows["measure"]) == {"A": "consumes", "B": "releases", "C": "unknown"}
    assert dict(rows["test"]) == {"A": "culture", "B": "culture", "C": "genes"}
    assert "by genes alone: consumes" in rows.loc["B", "note"]


def test_the_linter_says_when_annotation_is_absent_thin_or_weak(made):
    ec_only = TABLE + "D\td1\t\t4.1.99.1\n"
    found = {one.code: one for one in check(made('file = "g.tsv"\n', **{"g.tsv": ec_only}))}
    assert "C" in found["genome_without_annotation"].message
    assert "A (5)" in found["thin_annotation"].message
    assert "D" in found["ec_numbers_only"].message


@pytest.mark.parametrize(
    ("section", "files", "error", "words"),
    [
        ("", {}, StudyFileError, "said in one way"),
        ('file = "g.tsv"\nreference = "REF"\n', {"g.tsv": TABLE}, StudyFileError, "said in one way"),
        ('files = "ann/A.gff"\n', {}, StudyFileError, "no {genome} in the pattern"),
        ('file = "../g.tsv"\n', {}, StudyFileError, "leaves the folder"),
        ('file = "no.tsv"\n', {}, TableError, "no file 'no.tsv'"),
        ('files = "ann/{genome}.gff"\n', {}, TableError, "no file of annotations"),
        ('files = "ann/{genome}.tsv"\n', {"ann__A.tsv": ""}, FormatError, "empty"),
        ('files = "ann/{genome}.tsv"\n', {"ann__A.tsv": "sample\tvalue\nS1\t3\n"}, FormatError, "no known kind"),
        ('files = "ann/{genome}.gff"\n', {"ann__A.gff": BELOW}, TableError, "below the tool's threshold"),
        ('files = "ann/{genome}.gff"\n', {"ann__A.gff": BARE}, TableError, "no KO and no EC"),
        ('file = "g.tsv"\n', {"g.tsv": "genome\tgene\nA\ta\n"}, TableError, "not the columns"),
        ('file = "g.tsv"\n', {"g.tsv": "strain\tko\nA\tK00278\n"}, TableError, "not the columns"),
        ('file = "g.tsv"\n', {"g.tsv": "genome\tko\nA\tnadA\n"}, TableError, "no KO and no EC"),
        ('file = "g.tsv"\n', {"g.tsv": "genome\tko\n\tK00278\n"}, TableError, "without a genome"),
        ('file = "g.tsv"\nlabels = { AA = "x" }\n', {"g.tsv": TABLE}, TableError, "no genome 'AA'"),
        ('file = "g.tsv"\nmedium = "guts"\n', {"g.tsv": TABLE}, StudyFileError, "did you mean 'gut'"),
        ('reference = "REF"\n', {"g.tsv": TABLE}, FormatError, "no reference"),
        (WITH_CULTURE, {"g.tsv": TABLE, "c.tsv": "genome\tvalue\nA\t1\n"}, TableError, "not the columns"),
        (WITH_CULTURE, {"g.tsv": TABLE, "c.tsv": CULTURE + "A\tx\tbroth\t1\n"}, TableError, "material is unknown"),
        (WITH_CULTURE, {"g.tsv": TABLE, "c.tsv": CULTURE + "Z\tx\tsupernatant\t1\n"}, TableError, "no genome 'Z'"),
        (WITH_CULTURE, {"g.tsv": TABLE, "c.tsv": CULTURE + "A\tx\tsupernatant\tlow\n"}, TableError, "no number"),
        ('file = "g.tsv"\nmodels = "m/{genome}.xml"\n', {"g.tsv": TABLE}, TableError, "no model is there"),
    ],
)  # fmt: skip
def test_errors_say_what_was_found_and_what_to_do(made, section, files, error, words):
    with pytest.raises(error, match=words) as raised:
        load(made(section, **files))
    assert raised.value.where or raised.value.found
    assert "Traceback" not in str(raised.value)


def test_a_genome_that_is_not_there_and_a_study_without_genomes(made):
    loaded = load(made('file = "g.tsv"\n', **{"g.tsv": TABLE}))
    with pytest.raises(DesignError, match="no genome 'YL44'"):
        capability_rows(loaded, ["nicotinamide"], {"arm": "YL44"})
    bare = made("", **{})
    bare.write_text(STUDY.replace("[genomes]\n", ""))
    with pytest.raises(DesignError, match="needs the strains' genomes"):
        capability_rows(load(bare), ["nicotinamide"])


def test_models_without_cobra_are_asked_for_by_name(made, monkeypatch):
    monkeypatch.setitem(sys.modules, "cobra", None)
    with pytest.raises(CommensalError, match="needs cobra") as raised:
        load(made('file = "g.tsv"\nmodels = "m/{genome}.xml"\n', **{"g.tsv": TABLE, "m__A.xml": "<sbml/>"}))
    assert "commensal[models]" in str(raised.value)


def test_the_page_says_how_it_was_judged_and_draws_it(made, tmp_path):
    loaded = load(made('file = "g.tsv"\nmedium = ["gut", "levodopa"]\n', **{"g.tsv": TABLE}))
    answer = capability_rows(
        loaded, ["nicotinamide", "dopamine"], {"A": "A"}, {"question": "q", "kind": "mediators", "contrast": "c"}
    )
    view = PageView(loaded.declared, answer.estimates, answer.points)
    text = write(view, tmp_path / "out").read_text(encoding="utf-8")
    assert "from gut and levodopa and what every growing cell has" in text
    assert "enters no p" in text
    assert "Handorf" in text
    assert "What the genomes can do" in text


@pytest.mark.real
def test_the_real_annotations_are_a_study(made, data, monkeypatch):
    monkeypatch.setenv("COMMENSAL_ALLOW_OUTSIDE", str(data))
    study = made('files = "ann/{genome}_kofam.gff.gz"\n')
    folder = study.parent / "ann"
    folder.symlink_to(data / "genomes" / "annotations", target_is_directory=True)
    loaded = load(study)
    assert len(loaded.genomes) == 12
    rows = capability_rows(loaded, ["nicotinamide"], {"AM": "akkermansia_muciniphila_YL44"}).estimates
    assert rows["measure"].tolist() == ["makes"]
    assert "6 of the 12 genomes at hand" in rows["note"].iloc[0]
    assert "K03517: I5Q85_05350" in rows["note"].iloc[0]
