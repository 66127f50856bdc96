"""What a figure is: panels of one Vega-Lite view each, laid out by the page or side by side in a file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from commensal.errors import OutputError

#: Okabe and Ito's colours: case, control and what is neither; a shape goes with each.
CASE, CONTROL, OTHER = "#D55E00", "#0072B2", "#8A8F98"
CASE_SHAPE, CONTROL_SHAPE = "circle", "triangle-up"
FONT = "Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
Rows = list[dict[str, object]]


@dataclass(frozen=True, slots=True)
class Panel:
    """One view. ``spec`` names its data; the fields of data are ours, never the user's."""

    spec: dict[str, Any]
    data: Mapping[str, Rows]
    height: int = 280
    wide: bool = False  #: takes two columns of the page, where there is room


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its panels, the words around it, and the data behind it."""

    name: str  #: stem of its files
    title: str
    alt: str  #: what one would see, with the numbers
    caption: Sequence[str]
    panels: Sequence[Panel]
    columns: Mapping[str, str]  #: field → heading of the data table
    rows: Rows
    columns_wide: int = 2  #: panels side by side in the SVG and PDF
    columns_page: int = 2  #: and at most on the page
    panel_width: int = 320  #: of the SVG and PDF, in pixels
    least_width: int = 280  #: of a panel on the page, in pixels
    most_width: int = 480
    marks: int = field(default=0)  #: how many marks: above some, the page draws on a canvas
    undrawn: str = ""  #: why there are no files, where it cannot be drawn


CONFIG: dict[str, Any] = {
    "background": "white",
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": "#333b45",
        "titleColor": "#333b45",
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
        "gridColor": "#e7e9ec",
        "domainColor": "#9aa1ab",
        "tickColor": "#9aa1ab",
        "labelLimit": 170,
        "titleLimit": 320,
        "tickCount": 5,
    },
    "legend": {
        "labelColor": "#333b45",
        "titleColor": "#333b45",
        "titleFontWeight": "normal",
        "labelFontSize": 12,
        "symbolSize": 70,
        "labelLimit": 200,
        "orient": "top",
    },
    "title": {
        "color": "#1b2027",
        "subtitleColor": "#4b5563",
        "fontSize": 13,
        "subtitleFontSize": 11,
        "anchor": "start",
        "offset": 8,
        "limit": 320,
    },
    "text": {"color": "#1b2027", "fontSize": 11},
    "rule": {"color": "#5b636e"},
}
#: What changes where the reader's system asks for dark.
DARK: dict[str, Any] = {
    "background": "transparent",
    "axis": {
        "labelColor": "#d4d8de",
        "titleColor": "#d4d8de",
        "gridColor": "#2f353d",
        "domainColor": "#6b7480",
        "tickColor": "#6b7480",
    },
    "legend": {"labelColor": "#d4d8de", "titleColor": "#d4d8de"},
    "title": {"color": "#f1f3f5", "subtitleColor": "#b6bdc7"},
    "text": {"color": "#e6e9ed"},
    "rule": {"color": "#a7afba"},
}

#: Okabe and Ito's lighter colours stand out from a dark ground.
DARK_COLOURS = {CASE: "#E69F00", CONTROL: "#56B4E9"}

#: What every JavaScript object has. Vega looks texts up in plain objects: a title that is one of these is taken for
#: an operator, and nothing is drawn. A word joiner has no width: the text reads as it did, and is no such key.
INHERITED = frozenset(
    {
        "__defineGetter__",
        "__defineSetter__",
        "__lookupGetter__",
        "__lookupSetter__",
        "__proto__",
        "constructor",
        "hasOwnProperty",
        "isPrototypeOf",
        "propertyIsEnumerable",
        "toLocaleString",
        "toString",
        "valueOf",
    }
)
WORD_JOINER = "\u2060"


def slug(*parts: str) -> str:
    """Make a file name of ASCII letters, digits and dashes from any text.

    Examples
    --------
    >>> slug("volcano", "ibd", "<script>alert(1)</script>"), slug("…")
    ('volcano-ibd-script-alert-1-script', 'figure')
    """
    return re.sub(r"[^a-z0-9]+", "-", " ".join(parts).lower()).strip("-")[:80].strip("-") or "figure"


def side_colour(case: str, control: str, *, legend: bool = True) -> dict[str, Any]:
    """Return the colour and shape channels of the two sides (field ``side``), so that neither speaks alone."""
    import altair as alt

    columns = 2 if len(case) + len(control) < 30 else 1
    shown = alt.Legend(title=None, orient="top", symbolOpacity=1, columns=columns) if legend else None
    domain = [case, control]
    return {
        "color": alt.Color("side:N", legend=shown).scale(domain=domain, range=[CASE, CONTROL]),
        "shape": alt.Shape("side:N", legend=shown).scale(domain=domain, range=[CASE_SHAPE, CONTROL_SHAPE]),
    }


def panel(chart: Any, data: Mapping[str, Rows], height: int, *, wide: bool = False) -> Panel:
    """Freeze an Altair chart over named data as a panel."""
    spec = chart.to_dict(validate=False)  # a second per page; drawing the files would not pass a wrong one
    for key in ("config", "$schema", "datasets"):
        spec.pop(key, None)
    # texts of data too, so that they stay equal to the domains that name them
    named = {name: text_only(rows) for name, rows in data.items()}
    return Panel(spec=text_only(spec), data=named, height=height, wide=wide)


def text_only(part: Any) -> Any:
    """Keep every text of a specification or of data from being a key that JavaScript's objects inherit."""
    if isinstance(part, str):
        return WORD_JOINER + part if part in INHERITED else part
    if isinstance(part, dict):
        return {key: text_only(value) for key, value in part.items()}
    return [text_only(value) for value in part] if isinstance(part, list | tuple) else part


def static_spec(figure: Figure) -> dict[str, Any]:
    """Join the panels of a figure into one specification with its data, for SVG and PDF."""
    datasets: dict[str, Rows] = {}
    parts = []
    for i, one in enumerate(figure.panels):
        datasets |= {f"panel{i}_{name}": rows for name, rows in one.data.items()}
        parts.append(_renamed(one.spec, f"panel{i}_") | {"width": figure.panel_width, "height": one.height})
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "config": CONFIG,
        "datasets": datasets,
        "concat": parts,
        "columns": figure.columns_wide,
        "spacing": 28,
        # panels share no scale: what is orange in one may mean something else in the next
        "resolve": {"scale": {"color": "independent", "shape": "independent"}},
        "description": figure.alt,
    }


def _renamed(part: Any, prefix: str) -> Any:
    """Give the named data of a specification a prefix."""
    if isinstance(part, dict):
        renamed = {key: _renamed(value, prefix) for key, value in part.items()}
        data = part.get("data")
        if isinstance(data, dict) and set(data) == {"name"}:
            renamed["data"] = {"name": prefix + data["name"]}
        return renamed
    return [_renamed(value, prefix) for value in part] if isinstance(part, list) else part


def to_files(figure: Figure, folder: Path) -> Figure:
    """Write a figure as ``folder/NAME.svg`` and ``folder/NAME.pdf``.

    Returns
    -------
    Figure
        The figure; with the reason in ``undrawn``, and no files, where it cannot be drawn: one figure must not cost
        the page.

    Raises
    ------
    OutputError
        The folder cannot be written.
    """
    import vl_convert

    try:
        svg = vl_convert.vegalite_to_svg(static_spec(figure), allowed_base_urls=[])
        pdf = vl_convert.svg_to_pdf(svg)
    except ValueError as error:
        return replace(figure, undrawn=" ".join(str(error).split())[:200] or type(error).__name__)
    try:
        (folder / f"{figure.name}.svg").write_text(svg, encoding="utf-8")
        (folder / f"{figure.name}.pdf").write_bytes(pdf)
    except OSError as error:
        raise OutputError(
            "a figure cannot be written", where=str(folder), found=error, mend="free the folder"
        ) from error
    return figure
