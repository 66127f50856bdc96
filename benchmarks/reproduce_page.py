"""``make reproduce``: the guide's page of where each figure is from, written from one table and what is kept."""
# ruff: noqa: E501  sentences of the page

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from reproduce_figures import BY_HAND, GENERATED, SOURCES, Source

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reproduce.md"
RESULTS = ROOT / "benchmarks" / "results"
INTRODUCTION = """# Reproduce the figures of this documentation

`make reproduce` writes this page; a test holds it to the files in `benchmarks/results/` and to the targets of the `Makefile`.

Every command is run in a checkout after `make setup`. Those with real data read `../shared/data`, or what `make … DATA=DIR` names: folders
of public tables that are not part of this project ([real studies](real-studies.md) says where the cohorts are from). Peers are found where they are installed,
never installed; a figure whose peer is not there says `NOT MEASURED`. A benchmark prints its figures, keeps them in
`benchmarks/results/NAME.json` with versions, date and processor, and ends with 1 where a goal is missed. Counts and rates have fixed seeds and come
out the same with the same versions; seconds do not.

## Made by a command
"""
TIME = """
Times are of two cores that were shared with other work: as the record says, or once taken by hand. *Minutes* and *hours* without a number were
not taken, and *hours* may be a night. `make bench-engine` runs all that name it, one after the other.
"""


def main() -> int:
    """Write the page, or with ``--check`` say whether it is what would be written."""
    text = page()
    if "--check" in sys.argv[1:]:
        same = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text
        print(f"reproduce: {'as kept' if same else 'not what is kept: run make reproduce'}")
        return 0 if same else 1
    PAGE.write_text(text, encoding="utf-8", newline="\n")
    print(f"reproduce: {PAGE.relative_to(ROOT)}")
    return 0


def page() -> str:
    """Return the page."""
    lines = [
        INTRODUCTION,
        "| figures | shown on | command | data | time | kept in `benchmarks/results/` |",
        "|---|---|---|---|---|---|",
    ]
    for one in SOURCES:
        shown = ", ".join(link(name) for name in one.shown) or "–"
        kept = ", ".join(f"`{name}.json` ({date(name)})" for name in one.kept) or "–"
        lines.append(f"| {one.what} | {shown} | `{one.command}` | {one.data} | {took(one)} | {kept} |")
    lines += [TIME, "## Pages that are written by a command\n", "| page | command | what |", "|---|---|---|"]
    lines += [f"| {link(name)} | `{command}` | {what} |" for name, command, what in GENERATED]
    lines += ["\n## Not made by a command\n", "| page | what |", "|---|---|"]
    lines += [f"| {name} | {what} |" for name, what in BY_HAND]
    return "\n".join(lines) + "\n"


def link(name: str) -> str:
    """Return a link to a page of the guide."""
    return f"[{name}]({name}.md)" if (ROOT / "docs" / f"{name}.md").is_file() or name == "reproduce" else f"`{name}`"


def record(name: str) -> dict[str, Any]:
    """Return the kept figures of one benchmark."""
    return dict(json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8")))


def date(name: str) -> str:
    """Return the day on which figures were kept."""
    return str(record(name).get("date", "no date"))


def took(one: Source) -> str:
    """Return how long a command takes: as its record says, else as the table does."""
    if one.time:
        return one.time
    kept = record(one.kept[0])
    seconds = kept.get("took_seconds", kept.get("seconds"))
    if seconds is None:
        seconds = sum(row["seconds"] for row in kept["rows"])
    return f"{seconds:,.0f} s"


if __name__ == "__main__":
    sys.exit(main())
