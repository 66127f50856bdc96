"""``commensal score``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from commensal.cli import show


def score(
    folder: Annotated[Path, typer.Argument(help="The folder that `commensal run` wrote.", metavar="DIR")],
    truth: Annotated[Path, typer.Argument(help="The simulation's truth.", metavar="TRUTH.json")],
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Say what a run of a simulated study found and missed of what was planted."""
    import json

    from commensal import pipeline

    found = pipeline.score(folder, truth)
    if as_json:
        show.say(json.dumps(found.to_dict(), indent=1, ensure_ascii=False))
        return
    if found.top is not None:
        show.say(f"first claim: {'the planted one' if found.top else 'NOT the planted one'}")
    for row in found.claims.to_dict("records"):
        true = "true" if row["true"] else "FALSE" if row["verdict"] == "selected" else "not true"
        strength = f"strength {row['strength']} of {row['n']} ({row['lines_true']} lines are true)"
        show.say(f"{row['rank']:>5}. {row['claim']}  [{row['verdict']}; {true}; {strength}]")
    show.say(f"\n{'question':<12} {'what':<28} {'planted':>7} {'found':>6} {'missed':>6} {'false':>6} {'of':>6}")
    for row in found.table().to_dict("records"):
        counts = " ".join(f"{row[name]:>{width}}" for name, width in (("planted", 7), ("found", 6), ("missed", 6)))
        show.say(f"{row['question']:<12} {row['what']:<28} {counts} {row['false']:>6} {row['of']:>6}")
