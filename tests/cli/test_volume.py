"""--quiet prints errors only, --verbose each step on stderr; both keep a verb's own options and results."""

from __future__ import annotations

import io
import sys

import pytest
import typer
from typer.testing import CliRunner

from commensal import cli, simulation
from commensal.cli import show
from commensal.cli.app import app
from commensal.cli.volume import spoken


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return simulation.cohort(tmp_path_factory.mktemp("volume"), seed=1, households=12, species=20, molecules=12)


def commensal(monkeypatch, capsys, *words: str) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["commensal", *words])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    told = capsys.readouterr()
    return int(stopped.value.code or 0), told.out, told.err


def test_quiet_prints_nothing_and_keeps_the_exit_status(study, monkeypatch, capsys):
    assert commensal(monkeypatch, capsys, "check", str(study), "--quiet") == (0, "", "")
    loud = commensal(monkeypatch, capsys, "check", str(study))
    assert loud[0] == 0
    assert "findings" in loud[1] or "notes" in loud[1]
    status, out, err = commensal(monkeypatch, capsys, "check", "-q", str(study.parent / "none.toml"))
    assert (status, out) == (1, "")
    assert "no such study file" in err


def test_quiet_does_not_outlast_its_verb(study, monkeypatch, capsys):
    commensal(monkeypatch, capsys, "check", str(study), "-q")
    assert commensal(monkeypatch, capsys, "check", str(study))[1]


def test_both_at_once_is_wrong_usage(study, monkeypatch, capsys):
    status, _, err = commensal(monkeypatch, capsys, "check", str(study), "-q", "-v")
    assert status == 2
    assert "opposite" in err


def test_verbose_prints_steps_with_the_time_left_where_no_terminal_is(monkeypatch):
    told = io.StringIO()
    monkeypatch.setattr(sys, "stderr", told)
    with show.volume(1), show.progress_bar() as tell:
        for done, what in ((0, "reading"), (1, "asking"), (2, "asking"), (2, "joining\x1b[31m"), (4, "done")):
            tell(done, 4, what)
    lines = told.getvalue().splitlines()
    assert [line.split(":")[0].split(",")[0].split(" ")[0] for line in lines] == ["[0/4]", "[1/4]", "[2/4]", "[4/4]"]
    assert "s left" in lines[2]
    assert "s left" not in lines[1] + lines[3]
    assert "\x1b" not in told.getvalue()


def test_a_verb_keeps_its_options_and_their_help():
    for verb in ("run", "check", "init", "export", "profile", "plan", "replay", "demo"):
        (command,) = [one for one in app.registered_commands if one.name == verb]
        assert command.callback is not None
        shown = CliRunner().invoke(app, [verb, "--help"]).output
        assert "--quiet" in shown
        assert "--verbose" in shown
    assert "[required]" in CliRunner().invoke(app, ["run", "--help"]).output


def test_a_spoken_verb_gets_what_it_was_given():
    seen = []

    def verb(name: str, number: int = 3) -> None:
        """Do nothing."""
        seen.append((name, number))

    made = typer.Typer()
    made.command()(spoken(verb))
    assert CliRunner().invoke(made, ["x", "--number", "5", "-v"]).exit_code == 0
    assert seen == [("x", 5)]
