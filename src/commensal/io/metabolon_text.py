r"""Metabolon's layout with header blocks, as text: a sheet saved as TSV or CSV.

The layout is that of `metabolon`: rows about the samples above, annotations to the left. The text is known by its empty
upper left corner and by a header that names columns of compounds.

Examples
--------
>>> import tempfile
>>> from pathlib import Path
>>> with tempfile.TemporaryDirectory() as folder:
...     place = Path(folder, "OrigScale.tsv")
...     _ = place.write_text("\t\tCLIENT_IDENTIFIER\tS1\nBIOCHEMICAL\tCOMP_ID\tGroup   HMDB\tabx\n"
...                          "nicotinamide\t594\tHMDB0001406\t5.5\n")
...     matrix = read_assay(place, Assay("serum", "metabolites", file="OrigScale.tsv", value="intensity"), ["S1"])
>>> matrix.samples, matrix.features, matrix.values.tolist(), matrix.annotations["hmdb"].tolist()
(('S1',), ('594',), [[5.5]], ['HMDB0001406'])
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from commensal.errors import FormatError
from commensal.io.contents import Format, Matrix
from commensal.io.grid import NAMES
from commensal.io.metabolon import KEYS, Block, block_table, find_block, from_block
from commensal.io.rows import Row, cut
from commensal.io.sheets import Sheet
from commensal.io.text import Text, head_text, load_text
from commensal.study.declared import Assay

#: The blocks are found within so many lines.
_HEAD = 60
#: Columns that nobody else calls so; other laboratories' files have an empty corner too.
_OWN = (*KEYS, "BIOCHEMICAL", "BIOCHEMICAL NAME", "CHEMICAL_NAME", "SUPER_PATHWAY", "SUB_PATHWAY")


def sniff(path: Path) -> bool:
    """Say whether the text begins with header blocks."""
    text = head_text(path)
    if text[:1] not in ("\t", ",", ";") or "\x00" in text:
        return False
    lines = text.split("\n")
    try:
        block = _block(Text(path.name, "\n".join(lines[: max(1, min(_HEAD, len(lines) - 1))]).encode(), "utf-8"))
    except FormatError:
        return False
    return block is not None and not {name.upper() for name in block.header}.isdisjoint(_OWN)


def read_assay(path: Path, assay: Assay, sample_ids: Sequence[str]) -> Matrix:
    """Read the molecules; see `metabolon.from_block` for what is refused."""
    text = load_text(path)
    return replace(from_block(_found(text), assay, sample_ids), encoding=text.encoding)


def read_table(path: Path) -> pd.DataFrame:
    """Read the rows about the samples, one row per sample."""
    return block_table(_found(load_text(path)))


def _found(text: Text) -> Block:
    block = _block(text)
    if block is None:
        raise FormatError(
            "the header blocks of Metabolon's layout are not found", where=text.file,
            found=repr(text.data[:60].decode(errors="replace")),
            expected="an empty corner, rows about the samples to its right, and a header such as BIOCHEMICAL below it",
            mend="save the sheet as it was delivered",
        )  # fmt: skip
    return block


def _block(text: Text) -> Block | None:
    first = text.data[:1].decode(errors="replace")
    rows = cut(text, first if first in NAMES else "\t")
    width = max(len(row.cells) for row in rows)
    square = [Row(row.line, (*row.cells, *[""] * (width - len(row.cells)))) for row in rows]
    return find_block(Sheet(text.file, Path(text.file).stem, square, word="line"))


FORMAT = Format("metabolon", "Metabolon's layout with header blocks, saved as text", sniff, read_assay, read_table)
