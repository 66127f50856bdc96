"""The lines of an mzTab-M file: metadata, and tables of small molecules, features and evidence."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from commensal.errors import FormatError
from commensal.io.rows import Row, refuse_short, square
from commensal.io.text import load_text

_ITEM = re.compile(r"(\w+)\[(\d+)\](?:-(.+))?")


@dataclass(frozen=True, slots=True)
class Section:
    """One table: header and rows, without the cell that names it."""

    header: tuple[str, ...]
    rows: list[Row]

    def column(self, name: str) -> list[str]:
        """Return a column's cells."""
        j = self.header.index(name)
        return [row.cells[j] for row in self.rows]


@dataclass(frozen=True, slots=True)
class Document:
    """What an mzTab-M file holds that is read here."""

    file: str
    encoding: str
    said: Mapping[str, str]  #: metadata
    sections: Mapping[str, Section]  #: SML, SMF, SME


def parse(path: Path) -> Document:
    """Read the lines of an mzTab-M file.

    Raises
    ------
    TableError
        No such file.
    FormatError
        Another version of mzTab, a table without its header, or a row of another width.
    """
    text = load_text(path)
    rows = [Row(i, tuple(_unquoted(c) for c in line.split("\t")))
            for i, line in enumerate(text.data.decode().split("\n"), 1)]  # fmt: skip
    said = {row.cells[1].strip(): row.cells[2].strip() for row in rows if row.cells[0] == "MTD" and len(row.cells) > 2}
    version = said.get("mzTab-version", "")
    if not re.fullmatch(r"2\.\d+(\.\d+)?-M", version):
        raise FormatError(
            "the file is not mzTab-M 2",
            where=text.file,
            found=f"mzTab-version {version}" if version else "no mzTab-version",
            expected="2.0.0-M or later",
            mend="export as mzTab-M (mzTab 1 is for proteomics)",
        )
    sections = {}
    for mark, name in (("SMH", "SML"), ("SFH", "SMF"), ("SEH", "SME")):
        headers = [row for row in rows if row.cells[0] == mark]
        body = [replace(row, cells=row.cells[1:]) for row in rows if row.cells[0] == name]
        if len(headers) != 1 and (headers or body):
            raise FormatError(
                f"the table {name} has no single header", where=text.file, found=f"{len(headers)} lines {mark}",
                expected="one", mend="export the file again",
            )  # fmt: skip
        if headers:
            cells = list(headers[0].cells[1:])
            while cells and not cells[-1].strip():
                cells.pop()
            header = tuple(cell.strip() for cell in cells)
            refuse_short(body, len(header), text.file)
            sections[name] = Section(header, square(body, len(header), text.file))
    return Document(text.file, text.encoding, said, sections)


def _unquoted(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if len(cell) > 1 and cell.startswith('"') and cell.endswith('"') else cell


def names_of_assays(said: Mapping[str, str], numbers: Sequence[str]) -> dict[str, list[str]]:
    """Return what the assays may be called, by kind of name."""
    runs = [said.get(_first(said.get(f"assay[{n}]-ms_run_ref", ""), "ms_run") + "-location", "") for n in numbers]
    files = [PurePosixPath(unquote(run)).name for run in runs]
    return {
        "assay": [said.get(f"assay[{n}]", f"assay[{n}]") for n in numbers],
        "number": [f"assay[{n}]" for n in numbers],
        "sample": [said.get(said.get(f"assay[{n}]-sample_ref", ""), "") for n in numbers],
        "file": files,
        "file without its ending": [PurePosixPath(file).stem for file in files],
    }


def _first(references: str, kind: str) -> str:
    found = re.search(rf"{kind}\[\d+\]", references)
    return found[0] if found else ""


def samples(document: Document) -> dict[str, list[str]]:
    """Return what is said of the assays: column → one text per assay; ``sample`` is the assay's name."""
    said = document.said
    numbers = sorted({m[2] for key in said if (m := _ITEM.fullmatch(key)) and m[1] == "assay"}, key=int)
    made: dict[str, list[str]] = {"sample": names_of_assays(said, numbers)["assay"]}
    made["mztab_sample"] = [said.get(said.get(f"assay[{n}]-sample_ref", ""), "") for n in numbers]
    of: dict[str, list[str]] = {n: [] for n in numbers}
    details: dict[str, dict[str, str]] = {}
    for key, value in said.items():
        item = _ITEM.fullmatch(key)
        if item is None:
            continue
        if item[1] == "study_variable" and item[3] == "assay_refs":
            for n in re.findall(r"assay\[(\d+)\]", value):
                of.setdefault(n, []).append(said.get(f"study_variable[{item[2]}]", f"study_variable[{item[2]}]"))
        elif item[1] in ("sample", "assay") and item[3] and not item[3].endswith("_ref"):
            details.setdefault(re.sub(r"\[1\]$", "", item[3]), {})[f"{item[1]}[{item[2]}]"] = _term(value)
    made["study_variable"] = [" | ".join(of[n]) for n in numbers]
    for name, values in details.items():
        made[name] = [
            values.get(f"assay[{n}]", values.get(said.get(f"assay[{n}]-sample_ref", ""), "")) for n in numbers
        ]
    return {name: cells for name, cells in made.items() if name == "sample" or any(cells)}


def _term(value: str) -> str:
    """Return the name of a CV parameter such as ``[NCBITaxon, NCBITaxon:9606, Homo sapiens, ]``, or the text."""
    parts = [part.strip() for part in value[1:-1].split(",")] if value.startswith("[") and value.endswith("]") else []
    return (parts[3] or parts[2]) if len(parts) == 4 and parts[2] else value
