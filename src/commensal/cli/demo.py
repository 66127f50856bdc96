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

    with show.progress_bar() as progress:
        outcome = pipeline.demo(out, seed=seed, progress=progress)
    show.result(outcome)
    show.say(f"truth: {out / 'study' / 'truth.json'}")
