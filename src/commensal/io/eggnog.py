r"""eggNOG-mapper: what genes do, as annotations: ``features = { file = "x.annotations", id = "query" }``.

Source of the format: https://github.com/eggnogdb/eggnog-mapper/wiki, "Output format": lines ``##`` before and behind a
table whose header begins with ``#query``; a dash is no value.

Examples
--------
>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     place = Path(folder, "t.emapper.annotations")
...     _ = place.write_text("## emapper-2.1.9\n#query\tKEGG_ko\nG1\tko:K00001\nG2\t-\n## 2 queries scanned\n")
...     read_table(place).to_dict("records")
[{'query': 'G1', 'KEGG_ko': 'ko:K00001'}, {'query': 'G2', 'KEGG_ko': ''}]
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from commensal.errors import FormatError
from commensal.io.contents import Format
from commensal.io.profiles import require_width, rows_of
from commensal.io.text import head_text


def sniff(path: Path) -> bool:
    """Say whether a header begins with #query, after lines of comments."""
    lines = [line for line in head_text(path).split("\n")[:20] if not line.startswith("##")]
    return bool(lines) and lines[0].startswith("#query\t")


def read_table(path: Path) -> pd.DataFrame:
    """Read the annotations as text, a row per gene.

    Raises
    ------
    FormatError
        No header, or a row that was cut.
    """
    rows = [row for row in rows_of(path) if not row.cells[0].startswith("##")]
    if not rows or rows[0].cells[0] != "#query":
        raise FormatError(
            "no header of eggNOG-mapper", where=path.name, expected="#query and its annotations",
            mend="give the file x.emapper.annotations as it was written",
        )  # fmt: skip
    header = ["query", *rows[0].cells[1:]]
    for row in rows[1:]:
        require_width(row, len(header), path.name, "eggNOG-mapper")
    cells = [["" if cell == "-" else cell for cell in row.cells[: len(header)]] for row in rows[1:]]
    frame = pd.DataFrame(cells, columns=header, dtype=object)
    frame.attrs.update(file=path.name, encoding="utf-8", lines=[row.line for row in rows[1:]])
    return frame


FORMAT = Format("eggnog", "eggNOG-mapper annotations, beside a table", sniff, read_table=read_table)
