"""What verbs print: results on stdout, progress on stderr when it is a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

import typer

from commensal.errors import printable

if TYPE_CHECKING:
    from commensal.pipeline import Progress, Result
    from commensal.pipeline.unchanged import Unchanged
    from commensal.tables import Finding

_MARKS = {"error": "error  ", "warning": "warning", "note": "note   "}


#: -1 quiet, 0 as ever, 1 verbose.
_VOLUME: ContextVar[int] = ContextVar("volume", default=0)


@contextmanager
def volume(level: int) -> Iterator[None]:
    """Print less (-1) or more (1) than ever (0) inside of this."""
    before = _VOLUME.set(level)
    try:
        yield
    finally:
        _VOLUME.reset(before)


def say(text: object, *, err: bool = False, nl: bool = True) -> None:
    """Print text that may hold names from files: control and direction characters are written out.

    Quiet verbs print what goes to stderr only.
    """
    if err or _VOLUME.get() >= 0:
        typer.echo(printable(str(text)), err=err, nl=nl)


def note(text: object) -> None:
    """Print on stderr what is good to know meanwhile; quiet verbs do not."""
    if _VOLUME.get() >= 0:
        say(text, err=True)


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Give a progress function: a bar on stderr with the time left, lines when verbose, nothing when quiet.

    Without a terminal there is no bar.
    """
    if _VOLUME.get() > 0:
        yield _lines()
        return
    if _VOLUME.get() < 0 or not sys.stderr.isatty():
        yield lambda _done, _total, _what: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from commensal.cli.pace import Pace

    pace = Pace()
    words = (TextColumn("{task.description}", markup=False), BarColumn(bar_width=20))
    columns = (*words, TextColumn("{task.fields[pace]}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=None, pace="")

        def tell(done: int, total: int, what: str) -> None:
            told = pace.told(done, total)
            own = what.endswith(" left")  # a step that says itself how long it takes yet
            bar.update(
                task,
                completed=done,
                total=total,
                description=printable(what),
                pace=f"{done} of {total}" if own else told,
            )

        yield tell


def _lines() -> Progress:
    """Return a progress function that prints each step, the time since the beginning and a guess of what is left."""
    began = time.monotonic()
    last: list[str] = []

    def tell(done: int, total: int, what: str) -> None:
        if what in last[-1:]:
            return
        last.append(what)
        spent = time.monotonic() - began
        left = (
            f", about {spent / done * (total - done):.0f} s left"
            if 1 < done < total and not what.endswith(" left")
            else ""
        )
        say(f"[{done}/{total}] {spent:.0f} s{left}: {what}", err=True)

    return tell


def result(outcome: Result | Unchanged) -> None:
    """Print the headline findings, where the page is, and how the design fares."""
    for sentence in outcome.headlines:
        say(f"- {sentence}")
    counts = {severity: sum(f.severity == severity for f in outcome.findings) for severity in _MARKS}
    words = ", ".join(f"{count} {severity}{'' if count == 1 else 's'}" for severity, count in counts.items())
    say(f"design: {words} (on the page, each with a way out)")
    say(f"page: {outcome.report}")
    for finding in outcome.failed:
        say(f"{finding.where}: {finding.message}\n  mend: {finding.mend}", err=True)


def finding(item: Finding) -> None:
    """Print one finding of the design linter."""
    say(f"{_MARKS[item.severity]}  {item.where}: {item.message}  [{item.code}]\n           mend: {item.mend}")
