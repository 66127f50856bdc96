"""``commensal run``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commensal.cli import show


def run(
    study: Annotated[Path, typer.Argument(help="The study file, study.toml.", metavar="STUDY.toml")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the page, the tables and the figures.")],
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder that the file's paths start from (default: the study file's).")
    ] = None,
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
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processes on this machine.")] = 1,
    cluster: Annotated[
        str | None,
        typer.Option("--cluster", help="Dask cluster: tcp://host:port, tls://host:port, or its scheduler file."),
    ] = None,
    memory: Annotated[
        str | None, typer.Option("--memory", help="What each worker may take, such as 4GB; fewer start if they must.")
    ] = None,
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
