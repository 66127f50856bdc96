"""``commensal init``."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path
from typing import Annotated

import typer

from commensal.cli import show


def init(
    directory: Annotated[Path, typer.Argument(help="Folder to make.", metavar="DIR")],
    like: Annotated[
        str | None, typer.Option("--like", help="A commented starting folder: cohort, animal or full.")
    ] = None,
    samples: Annotated[
        Path | None, typer.Option("--samples", help="Your table of samples: one row per specimen.", metavar="META")
    ] = None,
    table: Annotated[
        list[Path] | None,
        typer.Option("--table", help="Your table of microbes or molecules; may be given again.", metavar="TABLE"),
    ] = None,
    column: Annotated[
        str | None, typer.Option("--column", help="Column of META that says who has the disease.")
    ] = None,
    case: Annotated[
        list[str] | None, typer.Option("--case", help="Level of the column on the case side; may be given again.")
    ] = None,
    control: Annotated[
        list[str] | None, typer.Option("--control", help="Level on the control side; may be given again.")
    ] = None,
    block: Annotated[
        str | None, typer.Option("--block", help="Column of the unit that people share: household, family.")
    ] = None,
) -> None:
    """Write a study folder: from a template, or from your own files."""
    from commensal import pipeline
    from commensal.pipeline.init import next_steps

    told: list[str] = []
    path = pipeline.init(
        directory,
        like=like,
        samples=samples,
        table=table or None,
        column=column,
        case=tuple(case or ()),
        control=tuple(control or ()),
        block=block,
        tell=told.append,
    )
    show.say(f"wrote {path}")
    for words in told:
        show.say(words)
    for heading, step in zip_longest(("next:",), next_steps(path), fillvalue=""):
        show.say(f"{heading:5}  {step}")
