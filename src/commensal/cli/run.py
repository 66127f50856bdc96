"""``commensal run``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commensal.cli import show
from commensal.cli.options import Cluster, Data, Memory, Workers


def run(
    study: Annotated[Path, typer.Argument(help="The study file, study.toml.", metavar="STUDY.toml")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the page, the tables and the figures.")],
    data: Data = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Answer this question only; may be given again.")
    ] = None,
    shuffle: Annotated[
        int, typer.Option("--shuffle", min=0, help="Join the claims again this many times with labels rearranged.")
    ] = 0,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say of each step whether it would run, and why; run nothing.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Run every step, whatever earlier runs kept.")] = False,
    workers: Workers = 1,
    cluster: Cluster = None,
    memory: Memory = None,
    private: Annotated[
        bool | None,
        typer.Option(
            "--private/--no-private",
            help="Let out nothing of single people: ids as pseudonyms, counts and intervals for values."
            " As the study file demands, when not given.",
        ),
    ] = None,
) -> None:
    """Answer the study's questions: estimates, points, figures and one page. What has not changed is not run again."""
    from commensal import pipeline

    names = tuple(only or ())
    if explain:
        for sentence in pipeline.reasons(study, out, data, only=names, shuffle=shuffle, fresh=fresh, private=private):
            typer.echo(sentence)
        return
    same = None if fresh else pipeline.unchanged(study, out, data, only=names, shuffle=shuffle, private=private)
    if same is not None:
        show.result(same)
        typer.echo("nothing has changed since the last run: nothing was run or written")
        raise typer.Exit(1 if same.failed else 0)
    with show.progress_bar() as progress:
        outcome = pipeline.run(
            study,
            out,
            data,
            only=names,
            shuffle=shuffle,
            fresh=fresh,
            workers=workers,
            cluster=cluster,
            memory=memory,
            private=private,
            progress=progress,
        )
    show.result(outcome)
    if outcome.failed:
        raise typer.Exit(1)
