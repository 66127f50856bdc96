"""A claim as a chain: microbe → molecule → outcome, its edges drawn as what was found of them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from commensal.tables.claims import CONTRADICTS, INCONCLUSIVE, NOT_MEASURED, SUPPORTS

#: Verdict → (class of the edge, what its label begins with): a measured negative is dashed and crossed, not left out.
EDGES = {
    SUPPORTS: ("supports", ""),
    CONTRADICTS: ("contradicts", "✕ "),
    INCONCLUSIVE: ("inconclusive", "? "),
    NOT_MEASURED: ("not-measured", ""),
}
WIDTH, NODE, HIGH = 720, 176, 46
#: Longest name that fits into a node, in letters.
LONGEST = 24


def chain(claim: pd.Series, lines: pd.DataFrame) -> dict[str, Any]:
    """Return nodes and edges of a claim (an SVG of `WIDTH` × 150), and the same in words."""
    gap = (WIDTH - 3 * NODE) / 2
    names = [
        ("microbe", str(claim["strain"])),
        ("molecule", str(claim["molecule"])),
        ("outcome", str(claim["outcome"])),
    ]
    at = [round(i * (NODE + gap)) for i in range(3)]
    nodes = [
        {
            "x": at[i],
            "kind": kind,
            "name": name if len(name) <= LONGEST else name[: LONGEST - 1] + "…",
        }
        for i, (kind, name) in enumerate(names)
    ]
    edges = []
    for i, (line, said) in enumerate(
        (("strain → molecule", f"{claim['through']} it"), ("molecule → outcome", "given, it acts"))
    ):
        verdict = str(lines.loc[line, "verdict"])
        start = at[i] + NODE
        edges.append(_edge(verdict, said, f"M {start + 3} 103 L {start + gap - 9:.0f} 103", start + gap / 2, 94))
    direct = str(lines.loc["strain → outcome", "verdict"])
    arc = f"M {NODE / 2:.0f} 78 C {NODE / 2:.0f} 12, {WIDTH - NODE / 2:.0f} 12, {WIDTH - NODE / 2:.0f} 71"
    edges.append(_edge(direct, f"{claim['direction']} when given", arc, WIDTH / 2, 22))
    told = "; ".join(f"{name}: {lines.loc[name, 'verdict']}" for name in lines.index)
    return {"width": WIDTH, "node": NODE, "high": HIGH, "nodes": nodes, "edges": edges, "words": told}


def _edge(verdict: str, said: str, path: str, x: float, y: float) -> dict[str, Any]:
    css, mark = EDGES[verdict]
    label = said if verdict == SUPPORTS else "not measured" if verdict == NOT_MEASURED else f"{mark}{verdict}"
    return {"path": path, "css": css, "label": label, "x": round(x), "y": y}
