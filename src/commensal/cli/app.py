"""The application: its verbs, ``--version``, and how they are listed."""

from __future__ import annotations

from typing import Annotated

import typer

from commensal import __version__
from commensal.cli import (
    check,
    claims,
    demo,
    doctor,
    explain,
    export,
    init,
    plan,
    profile,
    reference,
    replay,
    run,
    score,
    simulate,
    verify,
)
from commensal.cli.volume import spoken

app = typer.Typer(
    name="commensal",
    help="From gut microbes to mechanism: a whole microbiome-disease study, declared in one file, on one page.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"commensal {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """From gut microbes to mechanism: a whole microbiome-disease study, declared in one file, on one page."""


app.command("demo")(spoken(demo.demo))
app.command("init")(spoken(init.init))
app.command("check")(spoken(check.check))
app.command("plan")(spoken(plan.plan))
app.command("run")(spoken(run.run))
app.command("claims")(claims.claims)
app.command("score")(score.score)
app.command("export")(spoken(export.export))
app.command("replay")(spoken(replay.replay))
app.command("verify")(verify.verify)
app.command("explain")(explain.explain)
app.command("doctor")(doctor.doctor)
app.command("profile")(spoken(profile.profile))
app.add_typer(reference.app, name="reference")
app.add_typer(simulate.app, name="simulate")
