"""``commensal plan``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from commensal.cli import show
from commensal.cli.options import Cluster, Data, Memory, Workers
from commensal.cli.pace import spoken

if TYPE_CHECKING:
    from commensal.pipeline import Progress

#: After so many studies it is said how long the others take.
FIRST = 5


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

    with show.progress_bar() as bar:
        progress = _told(bar, studies, len(size or (0.5, 1.0)) + 1, workers, cluster)
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


def _told(
    tell: Progress,
    studies: int,
    effects: int,
    workers: int,
    cluster: str | None,
    clock: Callable[[], float] = monotonic,
) -> Progress:
    """Return a progress function that says at the start what is drawn, and soon after how long it takes."""
    began, said = 0.0, 0

    def told(done: int, total: int, what: str) -> None:
        nonlocal began, said
        if said == 0:
            began, said = clock(), 1
            sizes = total // (studies * effects)
            show.note(
                f"{total:,} studies are drawn: {studies} × {sizes} size{'s' * (sizes > 1)} of the design × "
                f"{effects} of the effects (none is one)"
            )
        elif said == 1 and FIRST <= done < total:
            said = 2
            who = "on the cluster" if cluster else f"with {workers} process{'es' * (workers > 1)}"
            left = spoken((clock() - began) / done * (total - done))
            show.note(f"about {left} more {who}, and longer where the design grows; --workers shares it")
        tell(done, total, what)

    return told
