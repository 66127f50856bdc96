"""``commensal claims``."""

from __future__ import annotations

from math import isfinite, isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commensal.cli import show

if TYPE_CHECKING:
    import pandas as pd


def claims(
    folder: Annotated[Path, typer.Argument(help="The folder that `commensal run` wrote.", metavar="DIR")],
    microbe: Annotated[str | None, typer.Option("--microbe", help="Claims about this microbe only.")] = None,
    molecule: Annotated[str | None, typer.Option("--molecule", help="Claims about this molecule only.")] = None,
    outcome: Annotated[str | None, typer.Option("--outcome", help="Claims about this outcome only.")] = None,
    top: Annotated[int, typer.Option("--top", min=1, help="How many claims to print.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print rows as JSON.")] = False,
) -> None:
    """Print the claims of a run, the best first, with every line that speaks for or against each."""
    from commensal import pipeline

    found = pipeline.claims(folder, microbe=microbe, molecule=molecule, outcome=outcome)
    first = list(dict.fromkeys(found["claim"]))[:top]
    chosen = found[found["claim"].isin(first)]
    if as_json:
        show.say(chosen.to_json(orient="records", indent=1, force_ascii=False))
        return
    for name in first:
        _one(chosen[chosen["claim"] == name])
    left = found["claim"].nunique() - len(first)
    if left:
        show.say(f"{left} more claims; --top N shows more of them")


def _one(rows: pd.DataFrame) -> None:
    from commensal.tables import outcome_phrase

    claim = rows.iloc[0]
    show.say(
        f"{claim['rank']}. {claim['strain']} {outcome_phrase(claim['outcome'], claim['direction'])}: "
        f"it {claim['through']} "
        f"{claim['molecule']}  [{claim['verdict']}{_number('; gate p', claim['p'])}{_number('; q', claim['q'])}; "
        f"strength {claim['strength']} of {claim['n']}]"
    )
    show.say(f"   {claim['note']}")
    if isfinite(claim["noise"]):
        times = round(claim["noise"] * (claim["shuffles"] + 1)) - 1
        show.say(f"   as strong with labels rearranged: {times} of {claim['shuffles']} studies")
    if len(rows) == 1:
        show.say("   its lines are not kept: a link was not measured, and it is not among the first 2,000 by rank")
    for _, line in rows.iloc[1:].iterrows():
        name = {"part": f"  also {line['specimen'] if isinstance(line['specimen'], str) else line['measure']}"}
        name |= {"beside": f"{line['line']} (beside)"}
        said = f"   {line['verdict']:<13} {name.get(str(line['kind']), line['line']):<19}"
        if line["verdict"] != "not measured":
            said += f" {_effect(line)}{_number(', p', line['p'])}  {line['question']}"
        show.say(said.rstrip())
        if isinstance(line["note"], str):
            show.say(f"{'':17}{line['note']}")


def _effect(line: pd.Series) -> str:
    if isnan(line["effect"]):
        return ""
    told = f"{line['effect']:+.3g} {line['unit'] if isinstance(line['unit'], str) else ''}".rstrip()
    if not isnan(line["low"]):
        told += f" ({line['low']:.3g} to {line['high']:.3g})"
    return told.replace("-", "−")


def _number(words: str, value: float) -> str:
    return f"{words} {value:.2g}" if isfinite(value) else ""
