"""``commensal replay``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commensal.cli import show


def replay(
    folder: Annotated[Path, typer.Argument(help="The folder that `commensal run` wrote.", metavar="DIR")],
    out: Annotated[Path, typer.Option("--out", help="Another folder, for the new run.")],
    data: Annotated[Path, typer.Option("--data", help="Folder that the study's paths start from.")],
    anyway: Annotated[bool, typer.Option("--anyway", help="Run although inputs are not what they were.")] = False,
) -> None:
    """Run a study again from its crate, and say whether its tables are the same."""
    from commensal import pipeline

    with show.progress_bar() as progress:
        done = pipeline.replay(folder, out, data, anyway=anyway, progress=progress)
    for name, (was, now) in done.versions.items():
        show.say(f"another version: {name} {was} then, {now or 'none'} now", err=True)
    for file, same in done.compared.items():
        show.say(f"{'identical' if same else 'differs':<10} {file}")
    if not done.identical:
        raise typer.Exit(1)
