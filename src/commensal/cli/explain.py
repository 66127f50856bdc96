"""``commensal explain``."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import groupby
from typing import Annotated

import typer


def explain(
    word: Annotated[
        list[str] | None, typer.Argument(help="A status or a term; all are listed when none is given.", metavar="WORD")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Say what a status of a row, or a word of the page, means."""
    from commensal.pipeline.explain import explain as said
    from commensal.pipeline.explain import explained

    if not word:
        known = explained()
        if as_json:
            typer.echo(json.dumps([asdict(one) for one in known.values()], ensure_ascii=False, indent=2))
            return
        for kind, group in groupby(known.values(), key=lambda one: one.kind):
            typer.echo(f"{kind}: {', '.join(one.name for one in group)}")
        return
    one = said(" ".join(word))
    if as_json:
        typer.echo(json.dumps(asdict(one), ensure_ascii=False, indent=2))
        return
    typer.echo(f"{one.name} ({one.kind})\n\n{one.meaning}")
    if one.see:
        typer.echo(f"\nsee also: {', '.join(one.see)}")
    if one.page:
        typer.echo(f"more: docs/{one.page}.md")
