"""``commensal check``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from commensal.cli import show
from commensal.cli.options import Data


def check(
    study: Annotated[Path, typer.Argument(help="The study file, study.toml.", metavar="STUDY.toml")],
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 for warnings too.")] = False,
) -> None:
    """Ask whether the file is sound, and whether this design can answer these questions."""
    from commensal import pipeline

    findings = pipeline.check(study, data)
    if as_json:
        show.say(json.dumps([item.to_dict() for item in findings], ensure_ascii=False, indent=2))
    else:
        for item in findings:
            show.finding(item)
        errors, warnings = (sum(item.severity == kind for item in findings) for kind in ("error", "warning"))
        show.say(f"{errors} errors, {warnings} warnings, {len(findings) - errors - warnings} notes")
    bad = {"error", "warning"} if strict else {"error"}
    if any(item.severity in bad for item in findings):
        raise typer.Exit(1)
