"""``commensal doctor``."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from commensal import __version__

if TYPE_CHECKING:
    from commensal.pipeline.doctor import Examined


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False) -> None:
    """Say what is installed, which parts work, and what to install for those that do not."""
    from commensal import pipeline

    health = pipeline.doctor()
    if as_json:
        typer.echo(json.dumps({**asdict(health), "sound": health.sound}, ensure_ascii=False, indent=2))
    else:
        memory = "memory not known" if health.memory is None else f"{health.memory / 2**30:.0f} GB of memory"
        typer.echo(f"commensal {__version__}, {health.python}")
        typer.echo(f"{health.cores} processors, {memory}, {health.room / 2**30:.0f} GB free here\n")
        for one in health.parts:
            _part(one)
        typer.echo(f"{'broken' if health.trial else 'works':8}a tiny study, from tables to page")
        if health.trial:
            typer.echo(f"{'':10}{health.trial}")
        for remark in health.remarks:
            typer.echo(f"note    {remark}")
        typer.echo("\neverything that is needed works" if health.sound else "\nsomething that is needed does not work")
    if not health.sound:
        raise typer.Exit(1)


def _part(one: Examined) -> None:
    faults = [package for package in one.packages if package.fault]
    typer.echo(f"{'works' if one.works else 'broken' if faults else 'absent':8}{one.part.name}: {one.part.does}")
    for package in faults:
        typer.echo(f"{'':10}{package.name} {package.version}: {package.fault}")
    if not one.works:
        lacking = ", ".join(package.name for package in one.packages if not package.works)
        typer.echo(f"{'':10}lacks {lacking}\n{'':10}mend: {one.part.install}")
