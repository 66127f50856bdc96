"""The page of the documentation that shows null rates, made from the figures that were kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from null.apart import APART

RESULTS = Path(__file__).parents[1] / "results" / "engine_null.json"
HEAD = """# Calibration

Does a p of 0.05 come up in 5 % of studies in which nothing differs? `make calibration` measures it for every p
of `commensal.stats`, and this page is written by that command from the figures in
`benchmarks/results/engine_null.json` (and for the question `cohort` on the labels of real studies, rearranged:
[the default model](decisions/default-model.md)).

**Designs.** Two arms of 8, 20 or 60; without units, in households of 2, 3 and 4 people with both labels in
each, and in 2, 3, 4 or 8 cages nested in each arm. Values are normal, heavy-tailed (t with 3 degrees of
freedom), mostly zeros (60 %, the rest half normal) or normal with half of them missing; with and without 30 %
of the variance between units. Where features share a design each is a study of its own.

**Judgement.** A rate is rejected when an exact one-sided binomial test finds it above the nominal one at 1 %,
Holm over all {cells} cells of this page; coverage of 95 % intervals likewise when it is too low. A p may be
below its rate: with few cages it must be, for rule and data allow only so many values. Coverage that is too
high by the same test does not mislead, but it is a fault too; it has its own list below.

Below each table stand the sizes of the run that its figures
are from: `benchmarks/engine_null.py --only GROUP` with these measures one group again, and judges all of them anew.

**Result.** {rejected} of the {promised} promised cells are rejected. Of {covered} coverages {wide} are too high.
Rates are shown as multiples of the nominal one: 1 is exact, below 1 is cautious. A cell without a number had no
p at all (the design does not allow one, and the status says why).
"""
KNOWN = """
## Where a level is not promised

These were measured too, and some are above their level; use what stands beside them. They were set apart after a
first run had found them, each for a reason of theory ([record](decisions/calibration.md)). The `mixed` of this table is
what lmerTest gives: with households of unequal size and the label inside them its p is below 0.05 up to
{worst:.1f} times too often.

"""
WIDE = """
## Intervals that cover more than 95 %

They are wider than they need be. Most belong to cages, where a variance that is estimated as 0 is held to be more by
the rule of units (at most cages − arms degrees of freedom), and to values that are mostly zeros or rarely present.

| estimator | layout | cells that are too wide | coverage there |
|---|---|---|---|
"""
ELSEWHERE = """
## What has no cell here

| estimator | designs | why |
|---|---|---|
"""


def write_page(path: Path, results: Path = RESULTS) -> None:
    path.write_text(page(json.loads(results.read_text())))


def page(record: dict[str, Any]) -> str:
    """The page's text, from the record of a run."""
    cells = pd.DataFrame(record["cells"])
    promised = cells["instead"] == ""
    covered = cells["what"] == "coverage"
    satterthwaite = cells[(cells["estimator"] == "mixed") & (cells["nominal"] == 0.05) & ~promised]
    text = HEAD.format(
        cells=f"{len(cells):,}",
        covered=int(covered.sum()),
        wide=int((covered & cells["wide"]).sum()),
        rejected=int((promised & cells["rejected"]).sum()),
        promised=f"{int(promised.sum()):,}",
    )
    for group, part in cells[promised].groupby("group", sort=False):
        text += f"\n## {group}\n\n" + _table(part)
        size = record["sizes"][group]
        text += _precision(part) + f"`--features {size['features']} --studies {size['studies']}`\n"
    text += KNOWN.format(worst=(satterthwaite["rate"] / 0.05).max())
    known = cells[~promised]
    text += "| estimator | layout | per arm | values | " + _headings(known) + " | instead |\n"
    text += "|---" * (5 + _headings(known).count("|") + 1) + "|\n"
    for (*key, instead), part in known.groupby(["estimator", "layout", "n", "values", "instead"], sort=False):
        text += "| " + " | ".join(map(str, key)) + " | " + _figures(part, known) + f" | {instead} |\n"
    text += _wide(cells[covered])
    text += ELSEWHERE + "".join(f"| {' | '.join(row)} |\n" for row in APART)
    text += f"\nMeasured {record['date']}, Python {record['python']}, numpy {record['packages']['numpy']}, scipy "
    return text + f"{record['packages']['scipy']}.\n"


def _precision(part: pd.DataFrame) -> str:
    """How many studies a group's cells have, and what a multiple of 1 may miss."""
    studies = part.loc[part["studies"] > 0, "studies"]
    text = f" {studies.min():,} to {studies.max():,} studies a cell; with the most, a 1 has a standard error of "
    errors = [((1 / at - 1) / studies.max()) ** 0.5 for what, at in _columns(part) if what == "p"]
    return text + ", ".join(f"{error:.2f}" for error in errors) + ".\n"


def _wide(covered: pd.DataFrame) -> str:
    """The coverages above 95 % beyond doubt, by estimator and layout."""
    text = WIDE
    for (estimator, layout), part in covered.groupby(["estimator", "layout"], sort=False):
        rates = part.loc[part["wide"], "rate"]
        if len(rates):
            text += f"| {estimator} | {layout} | {len(rates)} of {len(part)} | {rates.min():.3f}–{rates.max():.3f} |\n"
    return text


def _table(part: pd.DataFrame) -> str:
    """One row per estimator and layout: the worst multiple over the kinds of values, for each number per arm."""
    text = "| estimator | layout | per arm | " + _headings(part) + " |\n"
    text += "|---" * (4 + _headings(part).count("|")) + "|\n"
    for key, rows in part.groupby(["estimator", "layout", "n"], sort=False):
        text += "| " + " | ".join(map(str, key)) + " | " + _figures(rows, part) + " |\n"
    return text + "\nThe largest over the kinds of values; coverage: the smallest."


def _columns(part: pd.DataFrame) -> list[tuple[str, float]]:
    p = sorted(part.loc[part["what"] == "p", "nominal"].unique(), reverse=True)
    return [*(("p", nominal) for nominal in p), *([("coverage", 0.95)] if (part["what"] == "coverage").any() else [])]


def _headings(part: pd.DataFrame) -> str:
    return " | ".join(f"× {nominal:g}" if what == "p" else "coverage" for what, nominal in _columns(part))


def _figures(rows: pd.DataFrame, part: pd.DataFrame) -> str:
    shown = []
    for what, nominal in _columns(part):
        rate = rows.loc[(rows["what"] == what) & (rows["nominal"] == nominal)].dropna(subset="rate")
        if rate.empty:
            shown.append("–")
        elif what == "coverage":
            shown.append(f"{rate['rate'].min():.3f}")
        else:
            worst = rate.loc[rate["rate"].idxmax()]
            shown.append(f"{worst['rate'] / nominal:.2f}" + (" (!)" if rate["rejected"].any() else ""))
    return " | ".join(shown)
