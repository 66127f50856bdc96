"""``commensal verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commensal.cli import show


def verify(
    folder: Annotated[Path, typer.Argument(help="The folder that `commensal run` wrote.", metavar="DIR")],
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder that the study's paths start from: looks at the inputs too.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print rows as JSON.")] = False,
) -> None:
    """Say which files of a run, and of those it read, are no longer what they were."""
    from commensal import pipeline
    from commensal.pipeline.verify import changed

    table = pipeline.verify(folder, data)
    differ = changed(table)
    if as_json:
        show.say(table.to_json(orient="records", indent=1))
    else:
        for row in table.itertuples():
            show.say(f"{row.state:<13} {row.role:<6} {row.file}")
        show.say(f"{len(differ)} of {len(table)} files changed, missing or extra")
    if len(differ):
        raise typer.Exit(1)
