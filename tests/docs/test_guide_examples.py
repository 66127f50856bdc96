"""The README and the guide are true: their study files parse, their commands and their Python run as written."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

import commensal as commensal_package
from commensal import cli, simulation
from commensal.cli.app import app
from commensal.pipeline.explain import explained
from commensal.study import parse_study

ROOT = Path(__file__).parents[2]
#: The contract's own examples are held by the tests of the study file.
PAGES = [*sorted(path for path in (ROOT / "docs").rglob("*.md") if path.name != "contract.md"), ROOT / "README.md"]
#: What a fragment of a study file needs to be a whole one.
REST = {
    "study": '[study]\nname = "x"\n',
    "tables": '[tables.samples]\nfile = "x.tsv"\n',
    "assays": '[assays.x]\nkind = "taxa"\nfile = "x.tsv"\nvalue = "counts"\n',
    "contrasts": '[contrasts.x]\ncolumn = "x"\ncase = "a"\ncontrol = "b"\n',
}


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def commands() -> list[str]:
    """Return the README's commands in order."""
    lines = [line for block in blocks(ROOT / "README.md", "sh") for line in block.splitlines()]
    return [line for line in lines if line.startswith("commensal ")]


def commensal(line: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run a command as the console does; return its exit status."""
    monkeypatch.setattr("sys.argv", shlex.split(line))
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return int(stopped.value.code or 0)


EXAMPLES = [(page, text) for page in PAGES for text in blocks(page, "toml")]


@pytest.mark.parametrize(("page", "text"), EXAMPLES, ids=[f"{page.stem}-{i}" for i, (page, _) in enumerate(EXAMPLES)])
def test_study_files_in_the_guide_parse(page: Path, text: str) -> None:
    given = tomllib.loads(text)
    rest = [section for name, section in REST.items() if name not in given]
    if "tables" in given and "samples" not in given["tables"]:
        rest.append(REST["tables"])
    parse_study(text + "\n" + "".join(rest), page)


@pytest.fixture
def two_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that holds what the README says a reader has: people.tsv and species.tsv."""
    source = simulation.cohort(tmp_path / "source", households=12, species=30, molecules=15).parent
    folder = tmp_path / "lab"
    folder.mkdir()
    people = [line.split("\t") for line in (source / "people.tsv").read_text().splitlines()]
    rows = [("id", "group", "household")]
    rows += [(f"{row[0]}-stool", "patient" if row[2] == "ALS" else "control", row[1]) for row in people[1:]]
    (folder / "people.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))
    species = [line.split("\t") for line in (source / "species.tsv").read_text().splitlines()]
    (folder / "species.tsv").write_text("".join("\t".join([row[0], *row[3:]]) + "\n" for row in species))
    monkeypatch.chdir(folder)
    return folder


def test_the_readme_leads_from_two_files_to_their_page(
    two_files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own = [line for line in commands() if "mystudy" in line and "--like" not in line]
    assert [line.split()[1] for line in own] == ["init", "check", "run"]
    for line in own:
        assert commensal(line, monkeypatch) == 0, (line, capsys.readouterr())
    results = two_files / "mystudy" / "results"
    said = capsys.readouterr().out
    assert "report.html" in said
    for name in ("report.html", "estimates.parquet", "points.parquet", "run.jsonl", "figures"):
        assert (results / name).exists(), name
    assert "patient" in (results / "report.html").read_text(encoding="utf-8")


def test_without_a_column_init_tells_the_next_command_and_it_works(
    two_files: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (two_files / "people.tsv").read_text().replace("control", "other")
    (two_files / "people.tsv").write_text(text)
    assert commensal("commensal init mystudy --samples people.tsv --table species.tsv", monkeypatch) == 2
    told = capsys.readouterr().err
    (line,) = [line.strip() for line in told.splitlines() if line.strip().startswith("commensal init")]
    assert commensal(line, monkeypatch) == 0
    assert (two_files / "mystudy" / "study.toml").is_file()


def test_the_readme_s_python_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    study = simulation.cohort(tmp_path / "source", seed=3, households=12, species=20, molecules=12)
    serum = commensal_package.read_study(study).assays["serum"].to_anndata()
    serum[serum.obs["household"].notna()].copy().write_h5ad("serum.h5ad")
    for code in blocks(ROOT / "README.md", "python"):
        exec(compile(code, "README.md", "exec"), {})
        assert "effect" in capsys.readouterr().out
    assert (tmp_path / "mine" / "results" / "report.html").is_file()


RUNNABLE = [page for page in PAGES if blocks(page, "python") and page.stem not in ("README", "statistics")]


@pytest.mark.parametrize("page", RUNNABLE, ids=[page.stem for page in RUNNABLE])
def test_the_python_of_a_page_runs_by_itself(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for code in blocks(page, "python"):
        exec(compile(code, page.name, "exec"), {})


def test_the_table_of_arrangements_is_what_its_example_prints(capsys: pytest.CaptureFixture[str]) -> None:
    page = ROOT / "docs" / "designs.md"
    (code,) = blocks(page, "python")
    exec(compile(code, page.name, "exec"), {})
    rows = re.findall(r"^\| (\d) \| (\d+) \| ([\d.]+)", page.read_text(encoding="utf-8"), re.MULTILINE)[1:]
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [[int(a), float(b), float(c)] for a, b, c in rows] == [
        [int(line[0]), float(line[1]), float(f"{float(line[-1]):.2g}")] for line in printed
    ]


def test_the_statistics_page_s_python_runs(capsys: pytest.CaptureFixture[str]) -> None:
    over_time, differential = blocks(ROOT / "docs" / "statistics.md", "python")
    exec(compile(over_time, "statistics.md", "exec"), {})
    assert "p_joint" in capsys.readouterr().out
    exec(compile(differential, "statistics.md", "exec"), {})
    assert "['taxon 0']" in capsys.readouterr().out


def shown(page: Path) -> list[str]:
    """Return every command of a page, without its comment."""
    lines = [line for language in ("sh", "console") for block in blocks(page, language) for line in block.splitlines()]
    return [line.split("  #")[0] for line in lines if line.startswith("commensal ")]


@pytest.fixture(scope="module")
def options_of() -> Callable[[str], set[str]]:
    """From a verb to its options, asked once of each."""
    known: dict[str, set[str]] = {}

    def ask(verb: str) -> set[str]:
        if verb not in known:
            done = CliRunner().invoke(app, [*verb.split(), "--help"], env={"COLUMNS": "300"})
            assert done.exit_code == 0, f"no verb {verb}"
            known[verb] = set(re.findall(r"--[a-z-]+", done.output))
        return known[verb]

    return ask


COMMANDED = [page for page in PAGES if shown(page)]


@pytest.mark.parametrize("page", COMMANDED, ids=[page.stem for page in COMMANDED])
def test_every_command_of_a_page_is_one_that_exists(page: Path, options_of: Callable[[str], set[str]]) -> None:
    for line in shown(page):
        words = shlex.split(line)
        if words[1].startswith("--"):
            assert words[1] in options_of("")
            continue
        verb = " ".join(words[1:3] if words[1] in ("simulate", "reference") and words[2][0] != "-" else words[1:2])
        assert {word.split("=")[0] for word in words if word.startswith("--")} <= options_of(verb), line


def test_files_that_the_readme_names_are_there() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in re.findall(r"`((?:docs|src|examples|benchmarks)/[\w/.-]*|[A-Z]+(?:\.md)?)`", text):
        if name.isupper() and "." not in name and name not in {"LICENSE"}:
            continue
        assert (ROOT / name).exists(), name


def test_every_status_and_finding_of_the_page_of_designs_is_explained() -> None:
    text = (ROOT / "docs" / "designs.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", text))
    assert len(named) > 15
    assert named <= set(explained()), named - set(explained())
