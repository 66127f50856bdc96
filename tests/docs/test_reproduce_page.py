"""Every figure that is kept, and every benchmark that there is, is named where readers look for the command."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = re.findall(r"^([a-z-]+):.*##", MAKEFILE, re.MULTILINE)


@pytest.fixture
def maker(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import reproduce_page

    return reproduce_page


def test_the_page_is_what_would_be_written_now(maker):
    assert maker.PAGE.read_text(encoding="utf-8") == maker.page(), "run `make reproduce`"


def test_every_kept_figure_is_named_and_is_kept(maker):
    named = [name for one in maker.SOURCES for name in one.kept]
    assert len(named) == len(set(named))
    assert sorted(named) == sorted(path.stem for path in RESULTS.glob("*.json"))


def test_every_benchmark_of_make_is_named_and_every_target_named_exists(maker):
    from reproduce_figures import SEVERAL

    commands = [one.command for one in maker.SOURCES] + [command for _, command, _ in maker.GENERATED]
    used = {command.split()[1] for command in commands if command.startswith("make ")}
    assert used <= set(TARGETS)
    measuring = {one for one in TARGETS if one.startswith("bench")} | {"bad-input", "calibration", "comparison"}
    assert measuring - set(SEVERAL) <= used


def test_every_script_named_exists_and_every_page_does(maker):
    for one in maker.SOURCES:
        for script in re.findall(r"benchmarks/\S+\.py", one.command):
            assert (ROOT / script).is_file(), script
        for page in one.shown:
            assert (ROOT / "docs" / f"{page}.md").is_file(), page


def test_a_target_makes_what_it_is_said_to_keep(maker):
    """The script that keeps a record is run by the command that is named for it."""
    for one in maker.SOURCES:
        run = one.command
        if run.startswith("make "):
            rule = re.search(rf"^{run.split()[1]}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
            assert rule, run
            run = rule[1]
        for name in one.kept:
            scripts = [
                path.stem
                for path in (ROOT / "benchmarks").glob("*.py")
                if re.search(rf'keep\(\s*(?:"{name}"|NAME)|"{name}\.json"', path.read_text(encoding="utf-8"))
                and path.stem.split("_page")[0] == path.stem
            ]
            assert scripts, f"nothing keeps {name}"
            assert any(script in run for script in scripts), (name, scripts, run)


def test_generated_pages_say_what_writes_them(maker):
    for name, command, _ in maker.GENERATED:
        if "*" in name or command == "make docs":
            continue
        text = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
        assert f"`{command}`" in text, f"{name} does not name {command}"


def test_figures_in_prose_are_the_kept_ones():
    kept = json.loads((RESULTS / "reference.json").read_text())
    text = " ".join((ROOT / "docs" / "reads-reference.md").read_text(encoding="utf-8").split())
    per = kept["mb_per_genome"]
    for said in (
        f"{kept['seconds_per_genome']:.2f} s and {sum(per.values()):.2f} MB per genome",
        f"{per['genomes.syldb']:.2f} MB are the sylph database and {per['sequences']:.1f} MB the sequences",
        f"memory grows by {kept['peak_mb_per_1000_genomes'] / 1000:.1f} GB per 1,000 genomes",
    ):
        assert said in text
