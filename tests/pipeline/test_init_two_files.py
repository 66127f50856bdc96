"""``init --samples --table``: what is found in two files, what is written, and what is refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from commensal.cli.app import app
from commensal.errors import FormatError, OutputError, TableError, UsageError
from commensal.pipeline import check, init, load
from commensal.pipeline.templates import toml
from commensal.study import Study, read_study


def tsv(path: Path, rows: list[list[object]], mark: str = "\t") -> Path:
    path.write_text("".join(mark.join(map(str, row)) + "\n" for row in rows), encoding="utf-8")
    return path


def people(n: int = 12) -> list[list[object]]:
    """Header and n people: household of two, patient and control, age, sex."""
    rows: list[list[object]] = [["id", "group", "household", "sex", "age"]]
    for i in range(n):
        rows.append([f"S{i + 1}", ["patient", "control"][i % 2], f"H{i // 2}", "FM"[i // 2 % 2], 40 + i])
    return rows


def counts(n: int = 12, taxa: int = 6) -> list[list[object]]:
    rng = np.random.default_rng(1)
    rows: list[list[object]] = [["sample", *(f"g__Taxon{j}" for j in range(taxa))]]
    return rows + [[f"S{i + 1}", *rng.poisson(3 * np.arange(taxa)).tolist()] for i in range(n)]


def begin(folder: Path, meta: list[list[object]], table: list[list[object]], **options: object) -> Path:
    source = folder / "source"
    source.mkdir(parents=True)
    return init(
        folder / "study", samples=tsv(source / "meta.tsv", meta), table=tsv(source / "table.tsv", table), **options
    )


def only_assay(study: Study) -> object:
    (assay,) = study.assays.values()
    return assay


def test_two_files_become_a_study_that_loads(tmp_path: Path) -> None:
    path = begin(tmp_path, people(), counts())
    study = read_study(path)
    assert study.tables["samples"].columns == {"sample": "id"}
    assay = only_assay(study)
    assert (assay.kind, assay.value, assay.file) == ("taxa", "counts", "table.tsv")
    (contrast,) = study.contrasts.values()
    assert (contrast.column, contrast.case, contrast.control) == ("group", ("patient",), ("control",))
    assert study.variables["group"].reference == "control"
    assert study.variables["age"].type == "number"
    assert study.questions["main"].block == ("household",)
    loaded = load(path)
    assert len(loaded.samples) == 12
    assert [f for f in check(path) if f.severity == "error"] == []


def test_what_was_guessed_is_said(tmp_path: Path) -> None:
    text = begin(tmp_path, people(), counts()).read_text(encoding="utf-8")
    for line in ("kind =", "value =", "block =", "[contrasts."):
        after = text[text.index(line) :].split("\n")
        assert any("guessed" in row for row in after[:2]), line
    assert "12 of 12 rows" in text


def test_a_guessed_comparison_and_names_read_otherwise_are_said_on_the_screen_and_in_the_file(tmp_path: Path) -> None:
    meta = tsv(tmp_path / "meta.tsv", people())
    rows: list[list[object]] = [["clade_name", *(f"S{i + 1}_merged_profile" for i in range(12))]]
    rows += [[name, *[100] * 12] for name in ("k__A", "k__A|s__B")]
    table = tsv(tmp_path / "merged_abundance_table.tsv", rows)
    words = ["init", str(tmp_path / "study"), "--samples", str(meta), "--table", str(table)]
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    assert (
        "compared: group, patient against control: the only two-level column with a level named like a control; "
        "--column chooses another"
    ) in done.output
    assert "merged_abundance_table.tsv: names of 12 samples read without what the tool adds: S1_merged" in done.output
    text = (tmp_path / "study" / "study.toml").read_text()
    assert "# guessed: the only two-level column with a level named like a control; change it if wrong" in text
    assert "# names of 12 samples read without what the tool adds: S1_merged_profile → S1" in text
    said = CliRunner().invoke(app, [*words[:1], str(tmp_path / "said"), *words[2:], "--column", "group", "--control",
                                    "control"], catch_exceptions=False)  # fmt: skip
    assert "compared:" not in said.output


@pytest.mark.parametrize(
    ("header", "features", "name"),
    [
        ("clade_name", ["k__A", "k__A|s__B"], "species"),
        ("clade_name", ["k__A", "k__A|s__B", "k__A|s__B|t__SGB1"], "taxa"),
        ("# Gene Family", ["UniRef90_A", "UniRef90_B"], "genes"),
        ("# Pathway", ["PWY-1", "PWY-2"], "pathways"),
        ("sample", ["a", "b"], "merged_abundance_table"),
    ],
)
def test_an_assay_of_a_profiler_is_named_by_what_it_holds(tmp_path: Path, header, features, name) -> None:
    meta = tsv(tmp_path / "meta.tsv", people())
    rows = [[header, *(f"S{i + 1}" for i in range(12))], *([one, *[50] * 12] for one in features)]
    table = tsv(tmp_path / "merged_abundance_table.tsv", rows)
    assert list(read_study(init(tmp_path / "study", samples=meta, table=table)).assays) == [name]


def test_samples_in_columns_and_csv_and_gz(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    meta = tsv(source / "meta.csv", people(), ",")
    turned = list(map(list, zip(*counts(), strict=True)))
    table = source / "table.tsv.gz"
    table.write_bytes(gzip.compress("".join("\t".join(map(str, r)) + "\n" for r in turned).encode()))
    path = init(tmp_path / "study", samples=meta, table=table)
    assert sorted(p.name for p in path.parent.iterdir()) == ["meta.csv", "study.toml", "table.tsv.gz"]
    assert load(path).assays["table"].values.shape == (12, 6)


def test_files_that_lie_in_the_folder_are_used_there(tmp_path: Path) -> None:
    meta, table = tsv(tmp_path / "meta.tsv", people()), tsv(tmp_path / "table.tsv", counts())
    before = meta.read_bytes(), table.read_bytes()
    path = init(tmp_path, samples=meta, table=table)
    assert (meta.read_bytes(), table.read_bytes()) == before
    assert len(load(path).samples) == 12


def test_two_files_of_one_name(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    meta, table = tsv(tmp_path / "a" / "data.tsv", people()), tsv(tmp_path / "b" / "data.tsv", counts())
    path = init(tmp_path / "study", samples=meta, table=table)
    assert (path.parent / "data.tsv").read_bytes() == meta.read_bytes()
    assert (path.parent / "table-data.tsv").read_bytes() == table.read_bytes()
    assert len(load(path).samples) == 12


def test_another_file_of_that_name_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "meta.tsv").write_text("mine")
    with pytest.raises(OutputError, match=r"meta\.tsv"):
        begin(tmp_path, people(), counts())
    assert (tmp_path / "study" / "meta.tsv").read_text() == "mine"
    assert not (tmp_path / "study" / "study.toml").exists()


@pytest.mark.parametrize(
    ("values", "kind", "value"),
    [
        ([[1, 0, 5], [2, 3, 4]], "taxa", "counts"),
        ([[0.2, 0.3, 0.5], [0.1, 0.9, 0]], "taxa", "relative"),
        ([[20, 30.5, 49.5], [10, 90, 0]], "taxa", "relative"),
        ([[2000.5, 0, 17.25], [1, 2.5, 9]], "metabolites", "intensity"),
        ([[480071, 10151, 28934], [497464, 2730, 10555]], "metabolites", "intensity"),
        ([[-1.5, 0.3, 2], [0.1, 0.9, -0.2]], "metabolites", "log2"),
    ],
)
def test_value_and_kind(tmp_path: Path, values: list[list[float]], kind: str, value: str) -> None:
    table: list[list[object]] = [["sample", "a", "b", "c"]]
    table += [[f"S{i + 1}", *values[i % 2]] for i in range(12)]
    path = begin(tmp_path, people(), table)
    assay = only_assay(read_study(path))
    assert (assay.kind, assay.value) == (kind, value)
    load(path)


def test_a_name_that_says_microbes_makes_taxa_of_intensities(tmp_path: Path) -> None:
    meta = tsv(tmp_path / "meta.tsv", people())
    rows = [["sample", "Akkermansia", "Blautia"], *([f"S{i + 1}", 10.5 + i, 3.25] for i in range(12))]
    table = tsv(tmp_path / "microbes.tsv", rows)
    assay = only_assay(read_study(init(tmp_path / "study", samples=meta, table=table)))
    assert (assay.kind, assay.value) == ("taxa", "intensity")


def metaphlan(total: float, *, strains: bool) -> list[list[object]]:
    """MetaPhlAn's merged table for 12 samples: every rank of five species, with what is in none of them."""
    rng = np.random.default_rng(3)
    lineages = [
        f"k__Bacteria|p__P{i // 3}|c__C{i // 3}|o__O{i // 3}|f__F{i // 2}|g__G{i // 2}|s__G{i // 2}_s{i}"
        for i in range(5)
    ]
    shares = total * rng.dirichlet(np.ones(6), size=12).round(9)
    rows: dict[str, np.ndarray] = {"UNCLASSIFIED": total - shares[:, :5].sum(axis=1)}
    for i, lineage in enumerate(lineages):
        parts = lineage.split("|") + [f"t__SGB{i}"] * strains
        for end in range(1, len(parts) + 1):
            name = "|".join(parts[:end])
            rows[name] = rows.get(name, 0) + shares[:, i]
    table: list[list[object]] = [["clade_name", *(f"S{i + 1}" for i in range(12))]]
    return table + [[name, *(f"{value:.9g}" for value in values)] for name, values in rows.items()]


@pytest.mark.parametrize("total", [1.0, 100.0])
@pytest.mark.parametrize("strains", [False, True])
def test_of_a_table_with_all_ranks_the_species_are_kept(tmp_path: Path, total: float, strains: bool) -> None:
    path = begin(tmp_path, people(), metaphlan(total, strains=strains))
    assay = only_assay(read_study(path))
    assert (assay.kind, assay.value) == ("taxa", "relative")
    (name,) = read_study(path).assays
    read = load(path).assays[name]
    # the reader keeps the deepest rank, and what is in none of its features as the quality of a sample
    assert [feature.split("|")[-1][:3] for feature in read.features.index] == ["t__" if strains else "s__"] * 5
    np.testing.assert_allclose(read.values.sum(axis=1), 1, rtol=1e-6)
    assert read.quality is not None
    assert (read.quality.to_numpy() > 0).any()
    assert "the file's format is metaphlan's" in path.read_text(encoding="utf-8")
    assert [f for f in check(path) if f.severity == "error"] == []


def test_lineages_of_one_rank_exclude_nothing(tmp_path: Path) -> None:
    head, unclassified, *rows = metaphlan(100.0, strains=False)
    table = [head, unclassified, *(row for row in rows if "|s__" in str(row[0]))]
    assay = only_assay(read_study(begin(tmp_path, people(), table)))
    assert (assay.kind, assay.value, tuple(assay.exclude)) == ("taxa", "relative", ())


def test_repeated_subjects_group_nothing_and_codes_of_groups_may_be_numbers(tmp_path: Path) -> None:
    head, *rows = people()
    meta = [[*head, "severity", "subject"], *([*row, i % 4, f"P{i // 3}"] for i, row in enumerate(rows))]
    for row in meta[1:]:
        row[2] = row[3] = "one"  # a subject has one home and one sex
    with pytest.raises(UsageError, match=r"severity holds numbers(?s:.*)give --case and --control"):
        begin(tmp_path / "a", meta, counts(), column="severity")
    with pytest.raises(UsageError, match="subject names subjects"):
        begin(tmp_path / "b", meta, counts(), column="subject")
    path = begin(tmp_path / "c", meta, counts(), column="severity", case=["3"], control=["0"])
    (contrast,) = read_study(path).contrasts.values()
    assert (contrast.case, contrast.control) == (("3",), ("0",))


def test_annotations_inside_the_table_are_declared_also_those_that_are_numbers(tmp_path: Path) -> None:
    table: list[list[object]] = [["NAME", "PUBCHEM", "PATHWAY", *(f"S{i + 1}" for i in range(12))]]
    table += [[f"m{j}", 1000 + j, "lipid", *(10.5 * (i + j + 1) for i in range(12))] for j in range(4)]
    path = begin(tmp_path, people(), table)
    assert only_assay(read_study(path)).features.columns == ("PUBCHEM", "PATHWAY")
    loaded = load(path)
    assert loaded.assays["table"].values.shape == (12, 4)
    assert not loaded.matches["table"].data_without_samples


def test_repeated_subject_is_declared_and_a_guessed_household_gives_way(tmp_path: Path) -> None:
    meta = [[*row, f"P{(i + 1) // 2}"] if i else [*row, "person"] for i, row in enumerate(people())]
    for i in range(1, 13):
        meta[i][1], meta[i][3] = ["patient", "control"][(i - 1) // 2 % 2], "F"
    path = begin(tmp_path, meta, counts())
    study = read_study(path)
    assert study.tables["samples"].columns == {"sample": "id", "subject": "person"}
    assert study.questions["main"].block == ()
    assert "keep one sample per subject" in path.read_text(encoding="utf-8")
    assert [f for f in check(path) if f.severity == "error"] == []


def test_reused_mouse_numbers_are_no_subject_and_reused_cage_numbers_are_nested(tmp_path: Path) -> None:
    meta: list[list[object]] = [["name", "cage", "mouse", "arm"]]
    for i in range(12):
        meta.append([f"S{i + 1}", i % 6 // 2 + 1, i % 2 + 1 + i // 4, ["abx", "water"][i // 6]])
    path = begin(tmp_path, meta, counts())
    study = read_study(path)
    assert "subject" not in study.tables["samples"].columns
    assert study.variables["cage"].nested_in == ("arm",)
    assert study.questions["main"].block == ("cage",)
    assert "mouse was not taken as the subject" in path.read_text(encoding="utf-8")
    assert load(path).samples["cage"].nunique() == 6


def test_columns_that_bear_our_names_by_accident(tmp_path: Path) -> None:
    meta = [[*row, "swab", "nurse"] if i else [*row, "sample", "role"] for i, row in enumerate(people())]
    study = read_study(begin(tmp_path, meta, counts()))
    assert study.tables["samples"].columns == {"sample": "id", "sample_in_file": "sample", "role_in_file": "role"}


NASTY = 'quo"ted \\ back é 漢 \u2028 #'


def test_any_text_survives_the_round_trip(tmp_path: Path) -> None:
    meta = people()
    meta[0][1] = NASTY
    for row in meta[1:]:
        row[1] = {"patient": "ill [x]='1'", "control": 'we"ll\\'}[str(row[1])]
    path = begin(tmp_path, meta, counts(), column=NASTY, case=["ill [x]='1'"], control=['we"ll\\'])
    (contrast,) = read_study(path).contrasts.values()
    assert (contrast.column, contrast.case, contrast.control) == (NASTY, ("ill [x]='1'",), ('we"ll\\',))
    assert load(path).samples[NASTY].nunique() == 2


@pytest.mark.parametrize("text", ["", "plain", NASTY, "\x00\x1f\x7f\x85", "tab\tnew\nline\r", "𝔘 emoji 🦠"])
def test_toml_text_reads_back(text: str) -> None:
    import tomllib

    written = f"{toml.key(text)} = {toml.string(text)}  {toml.comment(text)}\n"
    assert tomllib.loads(written) == {text: text}


def test_given_levels_and_block_win(tmp_path: Path) -> None:
    meta = people()
    for i, row in enumerate(meta[1:]):
        row[1] = ["CD", "none", "UC", "none"][i % 4]
    path = begin(tmp_path, meta, counts(), column="group", case=["CD", "UC"], control=["none"], block="household")
    study = read_study(path)
    (contrast,) = study.contrasts.values()
    assert (contrast.case, contrast.control) == (("CD", "UC"), ("none",))
    assert study.variables["group"].reference == "none"
    assert study.questions["main"].block == ("household",)


def test_of_two_levels_one_side_is_enough(tmp_path: Path) -> None:
    meta = people()
    for row in meta[1:]:
        row[1] = {"patient": "A", "control": "B"}[str(row[1])]
    (contrast,) = read_study(begin(tmp_path, meta, counts(), column="group", control=["A"])).contrasts.values()
    assert (contrast.case, contrast.control) == (("B",), ("A",))


def test_without_a_comparison_the_candidates_and_the_next_command_are_told(tmp_path: Path) -> None:
    meta = people()
    for i, row in enumerate(meta[1:]):
        row[1] = ["mild case", "severe", "well"][i % 3]
    with pytest.raises(UsageError) as caught:
        begin(tmp_path, meta, counts())
    text = str(caught.value)
    assert "group: mild case 4, severe 4, well 4" in text
    assert "sex:" not in text
    assert "--column group --case severe --case well --control 'mild case'" in text
    assert f"--samples {tmp_path / 'source' / 'meta.tsv'}" in text
    assert not (tmp_path / "study").exists()


def test_two_levels_without_one_that_says_control_are_not_guessed(tmp_path: Path) -> None:
    meta = people()
    for row in meta[1:]:
        row[1] = {"patient": "A", "control": "B"}[str(row[1])]
    with pytest.raises(UsageError, match="say who is compared"):
        begin(tmp_path, meta, counts())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"column": "gruop", "case": ["patient"]}, "expected: group"),
        ({"column": "group", "case": ["pateint"]}, "expected: patient"),
        ({"column": "group", "case": ["patient"], "control": ["patient"]}, "both sides"),
        ({"column": "age", "case": ["40"]}, "holds numbers, not groups"),
        ({"column": "age"}, "expected: .*for example group"),
        ({"column": "age", "case": ["40"], "control": ["41"]}, "a value of its own in every row"),
        ({"column": "id"}, "names samples"),
        ({"column": "sex", "case": ["F", "M"]}, "--control is needed"),
        ({"column": "group"}, "never guessed"),
        ({"case": ["patient"]}, "--column as well"),
        ({"column": "group", "case": ["patient"], "block": "huosehold"}, "expected: household"),
        ({"column": "group", "case": ["patient"], "block": "group"}, "the block is the column"),
    ],
)
def test_bad_columns_and_levels(tmp_path: Path, options: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        begin(tmp_path, people(), counts(), **options)
    assert not (tmp_path / "study").exists()


def test_no_id_in_common(tmp_path: Path) -> None:
    table = [[str(cell).replace("S", "s_") for cell in row] for row in counts()]
    with pytest.raises(TableError, match="holds the sample ids of") as caught:
        begin(tmp_path, people(), table)
    assert "id (S1, S10, S11" in str(caught.value)
    assert "s_1" in str(caught.value)


def test_a_table_that_is_wrong_in_itself_is_told_so(tmp_path: Path) -> None:
    table = counts()
    table[0][2] = table[0][1]
    with pytest.raises(TableError, match="occurs more than once") as caught:
        begin(tmp_path, people(), table)
    assert "g__Taxon0" in str(caught.value)


def test_ids_that_repeat(tmp_path: Path) -> None:
    meta = people()
    meta[12][0] = "S1"
    with pytest.raises(TableError, match="but not one for every row"):
        begin(tmp_path, meta, counts())


def test_two_different_columns_that_fit_equally_well(tmp_path: Path) -> None:
    meta = [[*row, f"S{13 - i}"] if i else [*row, "other"] for i, row in enumerate(people())]
    with pytest.raises(UsageError, match="several columns could hold the sample ids") as caught:
        begin(tmp_path, meta, counts())
    assert "id (12 ids" in str(caught.value)
    assert "other (12 ids" in str(caught.value)


def test_the_column_with_more_ids_wins(tmp_path: Path) -> None:
    meta = [[*row, f"S{i + 5}"] if i else [*row, "other"] for i, row in enumerate(people())]
    assert read_study(begin(tmp_path, meta, counts())).tables["samples"].columns == {"sample": "id"}


def test_files_that_are_not_there_or_empty(tmp_path: Path) -> None:
    meta, table = tsv(tmp_path / "meta.tsv", people()), tsv(tmp_path / "table.tsv", counts())
    for option, name, files in (
        ("--samples", "mta.tsv", {"samples": tmp_path / "mta.tsv", "table": table}),
        ("--table", "tabel.tsv", {"samples": meta, "table": tmp_path / "tabel.tsv"}),
        ("--table", "nowhere", {"samples": meta, "table": tmp_path / "nowhere" / "table.tsv"}),
    ):
        with pytest.raises(TableError, match=rf"{option}: there is no .*{name}") as caught:
            init(tmp_path / "study", **files)
        assert f"correct the path after {option}" in str(caught.value)
        assert "--data" not in str(caught.value)
    with pytest.raises(TableError, match="is a folder"):
        init(tmp_path / "study", samples=meta, table=tmp_path)
    (tmp_path / "empty.tsv").write_text("")
    with pytest.raises(FormatError, match="empty"):
        init(tmp_path / "study", samples=meta, table=tmp_path / "empty.tsv")
    assert not (tmp_path / "study").exists()


@pytest.mark.real
@pytest.mark.parametrize(
    ("folder", "meta", "table", "options", "expected"),
    [
        (
            "jacobs2016",
            "metadata.tsv.gz",
            "genera.counts.tsv.gz",
            {"column": "Study.Group", "case": ["CD", "UC"], "control": ["Normal"], "block": "Family_ID"},
            {
                "kind": "taxa",
                "value": "counts",
                "block": ("Family_ID",),
                "columns": {"sample": "Sample", "subject": "Subject"},
            },
        ),
        (
            "jacobs2016",
            "metadata.tsv.gz",
            "mtb.tsv.gz",
            {"column": "Study.Group", "case": ["CD", "UC"], "control": ["Normal"]},
            {"kind": "metabolites", "value": "intensity", "block": ("Family_ID",), "zero": "below_detection"},
        ),
        (
            "kostic2015",
            "metadata.tsv.gz",
            "mtb.tsv.gz",
            {"column": "Study.Group", "control": ["control"]},
            {"kind": "metabolites", "value": "intensity", "block": (), "exclude": ("* (IS)",)},
        ),
        (
            "pd_mouse2016",
            "metadata.tsv",
            "dada2_table.qza",
            {"column": "donor_status", "case": ["PD"], "control": ["Healthy"]},
            {"kind": "taxa", "value": "counts", "columns": {"sample": "sample_name", "subject": "mouse_id"}},
        ),
        (
            "jenior2018",
            "metadata.tsv",
            "otus.shared.gz",
            {"column": "abx", "case": ["cefoperazone"], "control": ["none"]},
            {"kind": "taxa", "value": "counts", "block": ("cage",), "columns": {"sample": "name"}},
        ),
        (
            "jenior2018",
            "metadata.tsv",
            "scaled_intensities.tsv.gz",
            {"column": "abx", "case": ["cefoperazone"], "control": ["none"]},
            {
                "kind": "metabolites",
                "value": "intensity",
                "inside": ("SUPER_PATHWAY", "SUB_PATHWAY", "PUBCHEM", "KEGG"),
            },
        ),
    ],
)
def test_real_files(
    tmp_path: Path,
    data: Path,
    folder: str,
    meta: str,
    table: str,
    options: dict[str, object],
    expected: dict[str, object],
) -> None:
    path = init(tmp_path / "study", samples=data / folder / meta, table=data / folder / table, **options)
    study = read_study(path)
    assay = only_assay(study)
    found = {
        "kind": assay.kind,
        "value": assay.value,
        "zero": assay.zero,
        "exclude": assay.exclude,
        "inside": assay.features.columns,
        "block": study.questions["main"].block,
        "columns": study.tables["samples"].columns,
    }
    assert {key: found[key] for key in expected} == expected
    loaded = load(path)
    (match,) = loaded.matches.values()
    assert len(match.matched) > 20


def molecules(n: int = 12, name: str = "sample") -> list[list[object]]:
    rng = np.random.default_rng(2)
    rows: list[list[object]] = [[name, *(f"molecule {j}" for j in range(5))]]
    return rows + [[f"S{i + 1}", *rng.lognormal(8, 1, 5).round(2).tolist()] for i in range(n)]


def test_several_tables_become_an_assay_each(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "other").mkdir(parents=True)
    meta, taxa = tsv(source / "meta.tsv", people()), tsv(source / "stool.tsv", counts())
    serum, again = tsv(source / "serum.csv", molecules(), ","), tsv(source / "other" / "stool.tsv", molecules(8))
    path = init(tmp_path / "study", samples=meta, table=[taxa, serum, again])
    study = load(path)
    assert {name: len(match.matched) for name, match in study.matches.items()} == {
        "stool": 12,
        "serum": 12,
        "table-stool": 8,
    }
    assert study.assays["serum"].values.tolist() == [[float(v) for v in row[1:]] for row in molecules()[1:]]
    assert study.declared.assays["stool"].kind == "taxa"
    assert study.declared.questions["main"].assays == ()  # all of them
    text = path.read_text(encoding="utf-8")
    assert "12 of 12 rows and of 12 samples in serum.csv match; 5 features." in text
    assert "8 of 12 rows and of 8 samples in table-stool.tsv match" in text
    assert [f for f in check(path) if f.severity == "error"] == []


def test_tables_whose_ids_stand_in_two_columns_are_refused_with_the_way_out(tmp_path: Path) -> None:
    rows = [[*row, "serum_id" if i == 0 else f"B{i}"] for i, row in enumerate(people())]
    other = [["sample", *molecules()[0][1:]], *([f"B{i}", *row[1:]] for i, row in enumerate(molecules()) if i)]
    meta, taxa, serum = (
        tsv(tmp_path / name, table) for name, table in (("m.tsv", rows), ("a.tsv", counts()), ("b.tsv", other))
    )
    with pytest.raises(UsageError, match="a row for each specimen") as told:
        init(tmp_path / "study", samples=meta, table=[taxa, serum])
    assert "a.tsv: id; b.tsv: serum_id" in str(told.value)
    assert not (tmp_path / "study").exists()


def test_a_table_given_twice_or_none_is_refused(tmp_path: Path) -> None:
    meta, taxa = tsv(tmp_path / "m.tsv", people()), tsv(tmp_path / "a.tsv", counts())
    with pytest.raises(UsageError, match="twice"):
        init(tmp_path / "study", samples=meta, table=[taxa, taxa])
    with pytest.raises(UsageError, match="a table is needed"):
        init(tmp_path / "study", samples=meta, table=[])


def test_the_command_to_run_next_names_every_table(tmp_path: Path) -> None:
    rows = [[*row[:1], ["ill", "other"][i % 2] if i else "group", *row[2:]] for i, row in enumerate(people())]
    meta, taxa = tsv(tmp_path / "m.tsv", rows), tsv(tmp_path / "a.tsv", counts())
    serum = tsv(tmp_path / "b.tsv", molecules())
    with pytest.raises(UsageError) as told:
        init(tmp_path / "study", samples=meta, table=[taxa, serum])
    assert f"--table {taxa} --table {serum}" in str(told.value)


def test_ids_with_something_around_each_are_said_and_not_matched(tmp_path):
    table = counts()
    for row in table[1:]:
        row[0] = f"run7_{row[0]}.bam"
    with pytest.raises(TableError, match=r"this file has 'run7_' before and '\.bam' behind each of 12 ids") as refused:
        begin(tmp_path, people(), table, column="group", case=("patient",), control=("control",))
    assert "matched exactly" in refused.value.mend


def workbook(path: Path) -> Path:
    """A Metabolon workbook whose samples have two names each."""
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "OrigScale"
    ids, clients = [f"WC-{i}" for i in range(12)], [f"t.{i}" for i in range(12)]
    groups = ["Control", "Patient"] * 6
    for name, cells in (("SAMPLE_NAME", ids), ("CLIENT_IDENTIFIER", clients), ("RUN_DAY", [1, 1, 2] * 4),
                        ("Disease", groups)):  # fmt: skip
        sheet.append([None, None, name, *cells])
    sheet.append(["BIOCHEMICAL", "SUPER_PATHWAY", "KEGG", *[None] * 12])
    rng = np.random.default_rng(3)
    for j in range(6):
        sheet.append([f"molecule {j}", "Lipid", None, *rng.lognormal(10, 1, 12).tolist()])
    book.save(path)
    return path


def test_two_names_of_the_same_samples_are_no_doubt(tmp_path):
    book = workbook(tmp_path / "m.xlsx")
    study = init(tmp_path / "s", samples=book, table=book, column="Disease", case=("Patient",), control=("Control",))
    assert 'sample = "CLIENT_IDENTIFIER"' in study.read_text()
    assert len(load(study).samples) == 12


def test_two_names_that_give_a_row_different_values_are_refused(tmp_path):
    rows, table = people(), counts()
    rows[0].append("other")
    for row, name in zip(rows[1:], [*range(2, 13), 1], strict=True):
        row.append(f"S{name}")
    with pytest.raises(UsageError, match="several columns could hold the sample ids"):
        begin(tmp_path, rows, table, column="group", case=("patient",), control=("control",))


def test_who_is_compared_is_asked_for_by_people_first_and_machines_last(tmp_path):
    rows = [[*row, "AB"[i % 2], "xy"[i // 2 % 2]] for i, row in enumerate(people()[1:])]
    head = [*people()[0], "run_day", "arm"]
    with pytest.raises(UsageError) as refused:
        begin(tmp_path, [head, *[[r[0], "p" if i < 6 else "q", *r[2:]] for i, r in enumerate(rows)]], counts())
    assert refused.value.found.index("arm") < refused.value.found.index("run_day")
