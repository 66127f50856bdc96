"""Names in exported text that a spreadsheet would run as a formula, and back again when our readers meet them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_BREAKS = re.compile(r"[\t\r\n]+")
_ESCAPED = re.compile(r"'+[=+\-@]")


def escaped(cell: str) -> str:
    """Put an apostrophe before what a spreadsheet takes for a formula; numbers stand.

    A line end or tab inside a cell becomes a blank: it would cut the row.

    Examples
    --------
    >>> escaped("=cmd|' /C calc'!A0"), escaped("-2.5"), escaped("-)-epicatechin"), escaped("Blautia")
    ("'=cmd|' /C calc'!A0", '-2.5', "'-)-epicatechin", 'Blautia')
    """
    flat = cell if cell.isprintable() else _BREAKS.sub(" ", cell)
    return flat if not _FORMULA.match(cell) or _NUMBER.fullmatch(cell) else "'" + flat


def unescaped(cell: str) -> str:
    """Take the apostrophe off again; what was not escaped stands as it is.

    Examples
    --------
    >>> unescaped("'=1+1"), unescaped("5'-methylthioadenosine"), unescaped(escaped("'=x"))
    ('=1+1', "5'-methylthioadenosine", "'=x")
    """
    if cell.startswith("'") and _ESCAPED.match(cell) and not _NUMBER.fullmatch(cell[1:]):
        return cell[1:]
    return cell


def tsv(table: pd.DataFrame, *, missing: str = "NA") -> str:
    r"""Write a frame as tab-separated text that is safe to open in a spreadsheet.

    Parameters
    ----------
    table
        Columns of text and numbers.
    missing
        What stands where there is no value.

    Returns
    -------
    str
        A header and a line per row; no quoting, as every tab and line end inside a cell has become a blank.

    Examples
    --------
    >>> import pandas as pd
    >>> tsv(pd.DataFrame({"feature": ["=1+1"], "q": [0.5]}))
    "feature\tq\n'=1+1\t0.5\n"
    """
    import pandas as pd

    def line(cells: Iterable[object]) -> str:
        return "\t".join(
            escaped(cell) if isinstance(cell, str) else missing if pd.isna(cell) else str(cell)  # type: ignore[call-overload]
            for cell in cells
        )

    rows = table.astype(object).itertuples(index=False, name=None)
    return "".join(f"{text}\n" for text in [line(map(str, table.columns)), *map(line, rows)])
