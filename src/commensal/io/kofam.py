r"""KofamScan: the KEGG Orthology of genes, as annotations: ``features = { file = "kofam.tsv", id = "gene" }``.

Source of the format: KofamScan's README (https://github.com/takaram/kofam_scan), ``exec_annotation -f detail``,
``detail-tsv`` and ``mapper``. The first two have a header ``# gene name KO thrshld score E-value KO definition`` and
mark hits above their family's threshold with an asterisk: only these are taken. A mapper table is a gene,
or a gene and one KO, a line. A gene with several KOs is one row here, the KOs separated by commas.

Examples
--------
>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     place = Path(folder, "mapper.txt")
...     _ = place.write_text("G1\tK00001\nG1\tK00121\nG2\n")
...     read_table(place)[["gene", "KO"]].to_dict("records")
[{'gene': 'G1', 'KO': 'K00001,K00121'}, {'gene': 'G2', 'KO': ''}]
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from commensal.errors import FormatError
from commensal.io.contents import Format
from commensal.io.profiles import rows_of
from commensal.io.rows import Row
from commensal.io.text import head_text

_KO = re.compile(r"K\d{5}")
_HEADER = re.compile(r"#\s+gene name\s+KO\s+thrshld\s+score\s+E-value\s")
_NUMBER = re.compile(r"\d+(\.\d+)?(e[+-]?\d+)?", re.IGNORECASE)
#: gene, KO, threshold, score, E-value, definition
_COLUMNS = 6


@dataclass(slots=True)
class _Gene:
    """What a file says of one gene."""

    line: int
    kos: list[str] = field(default_factory=list)
    scores: list[str] = field(default_factory=list)
    definitions: list[str] = field(default_factory=list)


def sniff(path: Path) -> bool:
    """Say whether the header is KofamScan's, or every line is a gene, or a gene and a KO."""
    lines = head_text(path).split("\n")[:-1][:200]  # the last may be cut
    if lines and _HEADER.match(lines[0].expandtabs(1)):
        return True
    rows = [line.rstrip("\r").split("\t") for line in lines if line.strip()]
    kos = [row[1] for row in rows if len(row) == 2 and row[1]]
    return bool(kos) and all(len(row) <= 2 and row[0] for row in rows) and all(map(_KO.fullmatch, kos))


def read_table(path: Path) -> pd.DataFrame:
    """Read the annotations as text, a row per gene.

    Raises
    ------
    FormatError
        Not KofamScan's, or a row that was cut.
    """
    rows = rows_of(path)
    if not rows:
        raise FormatError("the file has no rows", where=path.name, expected="a table of KofamScan")
    detailed = bool(_HEADER.match(" ".join(rows[0].cells) + " "))
    genes: dict[str, _Gene] = {}
    for row in rows:
        if detailed and row.cells[0].startswith("#"):
            continue
        _take(genes, _detail(row, path.name) if detailed else _mapped(row, path.name), row.line)
    frame = pd.DataFrame(
        [
            {"gene": name, "KO": ",".join(gene.kos), "score": ",".join(gene.scores),
             "definition": "; ".join(gene.definitions)}
            for name, gene in genes.items()
        ],
        columns=["gene", "KO", "score", "definition"],
        dtype=object,
    )  # fmt: skip
    frame.attrs.update(file=path.name, encoding="utf-8", lines=[gene.line for gene in genes.values()])
    return frame


def _take(genes: dict[str, _Gene], found: tuple[str, str, str, str], line: int) -> None:
    name, ko, score, definition = found
    gene = genes.setdefault(name, _Gene(line))
    if ko and ko not in gene.kos:
        gene.kos.append(ko)
        gene.scores += [score] if score else []
        gene.definitions += [definition] if definition else []


def _detail(row: Row, file: str) -> tuple[str, str, str, str]:
    """Return gene, KO, score and definition of a row of a detailed table; no KO where its mark is absent."""
    cells: Sequence[str] = row.cells
    if len(cells) == 1:  # columns are set apart by blanks; the gene's name may touch the asterisk
        text = cells[0]
        mark = text.startswith("*")
        cells = text.removeprefix("*").split(maxsplit=_COLUMNS - 1)
    else:
        mark, cells = cells[0].strip() == "*", cells[1:]
    if len(cells) < _COLUMNS - 1 or not _KO.fullmatch(cells[1]) or not _NUMBER.fullmatch(cells[3]):
        raise FormatError(
            "a row of KofamScan that was cut, or is none", where=f"{file}, line {row.line}",
            found=repr(" ".join(row.cells)[:60]), expected="gene, KO, threshold, score, E-value and definition",
            mend="give the file as KofamScan wrote it",
        )  # fmt: skip
    definition = cells[_COLUMNS - 1].strip().strip('"') if len(cells) >= _COLUMNS else ""
    return (cells[0], cells[1], cells[3], definition) if mark else (cells[0], "", "", "")


def _mapped(row: Row, file: str) -> tuple[str, str, str, str]:
    """Return gene and KO of a row of a mapper table."""
    ko = row.cells[1] if len(row.cells) > 1 else ""
    if len(row.cells) > 2 or (ko and not _KO.fullmatch(ko)):
        raise FormatError(
            "no row of KofamScan's mapper table", where=f"{file}, line {row.line}",
            found=repr("\t".join(row.cells)[:60]), expected="a gene, or a gene and a KO such as K00001",
            mend="give the file as KofamScan wrote it",
        )  # fmt: skip
    return row.cells[0], ko, "", ""


FORMAT = Format("kofam", "KofamScan annotations, beside a table", sniff, read_table=read_table)
