"""How a result looks at a prompt and in a notebook: its headlines, what it holds, where the page is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commensal.errors import printable
from commensal.study.showing import heading_html, table_html
from commensal.tables import CLAIM

if TYPE_CHECKING:
    from commensal.pipeline.results import Result

#: So many headlines are shown.
HEADLINES = 6


def result_text(result: Result) -> str:
    """Return the result as a few lines of text."""
    lines = [f"Result in {printable(str(result.folder))}"]
    lines += [f"  - {printable(one)}" for one in result.headlines[:HEADLINES]]
    lines += [f"  .{name}: {n:,} {what}" for name, n, what in _parts(result)]
    return "\n".join([*lines, f"  page: {printable(str(result.report))}"])


def result_html(result: Result) -> str:
    """Return the result as HTML; every name in it is escaped."""
    from markupsafe import escape

    told = "".join(f"<li>{escape(printable(one))}</li>" for one in result.headlines[:HEADLINES])
    left = len(result.headlines) - HEADLINES
    more = f"<p>and {left} more in .headlines</p>" if left > 0 else ""
    parts = table_html(["", "rows", ""], [[f".{name}", f"{n:,}", what] for name, n, what in _parts(result)])
    return f"{heading_html('Result')}<ul>{told}</ul>{more}{parts}" + _where(result)


def _where(result: Result) -> str:
    from markupsafe import escape

    return f"<p>page: <code>{escape(printable(str(result.report)))}</code></p>"


def _parts(result: Result) -> list[tuple[str, int, str]]:
    kinds = [one.severity for one in result.findings]
    counted = ", ".join(
        f"{kinds.count(kind)} {kind}{'s' * (kinds.count(kind) != 1)}" for kind in ("error", "warning", "note")
    )
    claims = int((result.claims["line"] == CLAIM).sum())
    return [
        ("estimates", len(result.estimates), "one row for everything estimated"),
        ("points", len(result.points), "coordinates and raw values behind figures"),
        ("claims", claims, "claims, each with its lines"),
        ("findings", len(kinds), f"of the design: {counted}"),
    ]
