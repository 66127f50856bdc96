"""``commensal demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commensal.cli import show


def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for the simulated study and its results.")] = Path("demo"),
    seed: Annotated[int, typer.Option("--seed", min=0, help="Same seed, same study.")] = 1,
) -> None:
    """Simulate the model study (mice and patients, all seven questions) with known truth and run it to its page."""
    from commensal import pipeline

    same = pipeline.demo_unchanged(out, seed=seed)
    if same is not None:
        show.result(same)
        show.say("nothing has changed since the last demo: nothing was simulated, run or written")
        raise typer.Exit(0)
    with show.progress_bar() as progress:
        outcome = pipeline.demo(out, seed=seed, progress=progress)
    show.result(outcome)
    show.say(f"truth: {out / 'study' / 'truth.json'}")
