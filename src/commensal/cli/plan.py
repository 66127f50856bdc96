"""``commensal plan``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commensal.cli import show
from commensal.cli.options import Cluster, Data, Memory, Workers


def plan(
    study: Annotated[Path, typer.Argument(help="The study file, study.toml.", metavar="STUDY.toml")],
    data: Data = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for plan.html and its tables.")] = None,
    studies: Annotated[int, typer.Option("--studies", min=2, help="Studies per size of the design and effects.")] = 100,
    effect: Annotated[
        list[str] | None,
        typer.Option("--effect", help="CONTRAST[/ASSAY]=SHARE:LOG2, CONTRAST/MEASURE=SD or CONTRAST/EVENT=LOGHR."),
    ] = None,
    size: Annotated[list[float] | None, typer.Option("--size", help="Multiple of the effects (0.5 and 1).")] = None,
    grow: Annotated[
        list[str] | None, typer.Option("--grow", help="UNIT=N,N: sizes, such as cage=3,4,6 (half to twice).")
    ] = None,
    features: Annotated[int, typer.Option("--features", min=0, help="Features of each table at most; 0: all.")] = 100,
    permutations: Annotated[int, typer.Option("--permutations", min=99, help="Permutations at most.")] = 999,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Same seed, same figures.")] = 1,
    workers: Workers = 1,
    cluster: Cluster = None,
    memory: Memory = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Draw this design many times with and without effects, and say what its questions would find."""
    from commensal import pipeline

    with show.progress_bar() as progress:
        made = pipeline.plan(
            study, data, out=out, studies=studies, effects=tuple(effect or ()), sizes=tuple(size or (0.5, 1.0)),
            grow=tuple(grow or ()), features=features, permutations=permutations, seed=seed,
            workers=workers, cluster=cluster, memory=memory, progress=progress,
        )  # fmt: skip
    if as_json:
        show.say(made.figures.to_json(orient="records"))
        return
    for sentence in made.sentences:
        show.say(f"- {sentence}")
    if out is not None:
        show.say(f"page: {out / 'plan.html'}")
