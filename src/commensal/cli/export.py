"""``commensal export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commensal.cli import show
from commensal.cli.options import Data


def export(
    study: Annotated[Path, typer.Argument(help="The study file, study.toml.", metavar="STUDY.toml")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the files.")],
    data: Data = None,
    results: Annotated[Path | None, typer.Option("--results", help="A run's folder: its results go along.")] = None,
    to: Annotated[
        list[str] | None, typer.Option("--to", help="h5mu, tsv, biom or r; may be given again (default: all).")
    ] = None,
) -> None:
    """Write a study and its results as MuData, BIOM, text and Newick, with a loader for R."""
    from commensal import pipeline

    done = pipeline.export(study, out, data, results=results, **({"formats": tuple(to)} if to else {}))
    for file in done.files:
        show.say(file)
    for sentence in done.left_out:
        show.say(f"left out: {sentence}", err=True)
