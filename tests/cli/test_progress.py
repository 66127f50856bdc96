"""The bar: rate and time left on a terminal, nothing elsewhere, no colours where they are not wanted."""

from __future__ import annotations

import io
import sys

import pytest

from commensal.cli import plan, show
from commensal.cli.pace import Pace


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def drawn(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO) -> str:
    monkeypatch.setattr(sys, "stderr", stream)
    clock = iter([0.0, 10.0])
    monkeypatch.setattr("commensal.cli.pace.monotonic", lambda: next(clock))
    with show.progress_bar() as progress:
        progress(0, 8, "gut [a]")
        progress(4, 8, "gut [b]")
    return stream.getvalue()


def test_a_terminal_shows_rate_and_time_left(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    text = drawn(monkeypatch, Terminal())
    assert "gut [b]" in text
    assert "4 of 8, 2.5 s each, about 10 s left" in text


def test_no_color_is_heeded_and_a_file_gets_nothing(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[38" not in drawn(monkeypatch, Terminal())
    assert drawn(monkeypatch, io.StringIO()) == ""


@pytest.mark.parametrize(("level", "lines"), [(0, 2), (-1, 0)])
def test_a_plan_says_what_it_draws_and_then_how_long_it_takes(monkeypatch, level, lines):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    now = iter([0.0, 10.0])
    with show.volume(level):
        tell = plan._told(lambda *_: None, 100, 3, 1, None, lambda: next(now))
        for done in range(8):
            tell(done, 1200, "design 1 of 4")
    said = stream.getvalue().splitlines()
    assert len(said) == lines
    if lines:
        assert said[0] == "1,200 studies are drawn: 100 × 4 sizes of the design × 3 of the effects (none is one)"
        assert said[1].startswith("about 39 min 50 s more with 1 process, ")
        assert said[1].endswith("--workers shares it")


def test_each_phase_has_its_own_pace_and_bytes_are_told_as_such():
    now = iter([0.0, 100.0, 100.0, 102.0, 110.0])
    pace = Pace(lambda: next(now))
    assert pace.told(0, 2) == "0 of 2"
    assert pace.told(1, 2) == "1 of 2, 100.0 s each, about 1 min 40 s left"
    assert pace.told(0, 10) == "0 of 10"
    assert pace.told(5, 10) == "5 of 10, 2.5 per s, about 2 s left"
    assert pace.told(10, 10) == "10 of 10"
    now = iter([0.0, 2.0])
    pace = Pace(lambda: next(now))
    pace.told(0, 50_000_000)
    assert pace.told(10_000_000, 50_000_000) == "10 of 50 MB, 5.0 MB/s, about 8 s left"
