"""Charts as files that a journal takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from commensal.errors import OutputError, UsageError
from commensal.page.figures.drawn import CONFIG

#: What can be written, by the end of the file's name.
ENDS = (".svg", ".pdf", ".png")


def save(chart: Any, path: Path | str, *, ppi: float = 200) -> Path:
    """Write a chart as SVG, PDF or PNG, without network, in the page's fonts and colours.

    Parameters
    ----------
    chart
        An Altair chart, of this room or any other.
    path
        File to write; its end says which kind.
    ppi
        Pixels per inch of a PNG.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    UsageError
        Another end, or something that is no chart.
    OutputError
        The chart cannot be drawn, or the file not be written.

    Examples
    --------
    >>> import tempfile
    >>> from commensal import plot, tables
    >>> frame = tables.points([{"figure": "ordination", "measure": "bray_curtis", "side": "case", "x": 0.1, "y": 0.2}])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plot.save(plot.ordination(frame), Path(folder) / "samples.svg").name
    'samples.svg'
    """
    import vl_convert

    file = Path(path)
    if file.suffix.lower() not in ENDS:
        raise UsageError("a chart is not written to such a file", found=file.name, expected=" or ".join(ENDS))
    if not hasattr(chart, "to_dict"):
        raise UsageError(
            "this is no chart", found=type(chart).__name__, expected="what a function of commensal.plot returns"
        )
    spec = chart.to_dict()
    spec["config"] = {**CONFIG, **{key: value for key, value in spec.get("config", {}).items() if key != "view"}}
    try:
        svg = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
        if file.suffix.lower() == ".svg":
            file.write_text(svg, encoding="utf-8")
        elif file.suffix.lower() == ".pdf":
            file.write_bytes(vl_convert.svg_to_pdf(svg))
        else:
            file.write_bytes(vl_convert.svg_to_png(svg, ppi=ppi))
    except (ValueError, OSError) as error:
        raise OutputError("the chart cannot be written", where=str(path), found=error) from error
    return file
