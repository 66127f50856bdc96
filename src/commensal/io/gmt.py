r"""GMT: gene sets, one a line: name, description (or address), members, cut by tabs.

Source of the format: the GSEA documentation of the Broad Institute (Gene Matrix Transposed file format).

Examples
--------
>>> import tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     place = Path(folder, "sets.gmt")
...     _ = place.write_text("NAD\tsalvage and synthesis\tNampt\tNmnat1\n")
...     read_sets(place)
(GeneSet(name='NAD', label='salvage and synthesis', members=('Nampt', 'Nmnat1')),)
"""

from __future__ import annotations

from pathlib import Path

from commensal.errors import FormatError, TableError
from commensal.io.text import load_text
from commensal.study.loaded import GeneSet


def read_sets(path: Path) -> tuple[GeneSet, ...]:
    """Read the sets of a GMT file; a member that stands twice in a set counts once, blank cells at the end do not.

    Raises
    ------
    TableError
        No such file, a set without name or members, a name that stands twice.
    FormatError
        Not text, damaged, or not cut by tabs.
    """
    text = load_text(path)
    found: dict[str, GeneSet] = {}
    for number, line in enumerate(text.data.decode().split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        cells = line.split("\t")
        where = f"{text.file}, line {number}"
        if len(cells) < 2:
            raise FormatError(
                "a gene set is cut by tabs",
                where=where, found=repr(line[:60]), expected="name, description, members, with tabs between them",
                mend="write each set on a line of its own: NAME<tab>DESCRIPTION<tab>GENE<tab>GENE …",
            )  # fmt: skip
        name, label = cells[0].strip(), cells[1].strip()
        members = tuple(dict.fromkeys(cell.strip() for cell in cells[2:] if cell.strip()))
        if not name or not members:
            raise TableError(
                "a gene set has no members" if name else "a gene set has no name",
                where=where, found=repr(line[:60]), expected="name, description, members", mend="take the line out",
            )  # fmt: skip
        if name in found:
            raise TableError(
                "a gene set stands twice", where=where, found=repr(name), expected="each name once",
                mend="give it another name",
            )  # fmt: skip
        found[name] = GeneSet(name, "" if label.lower() in {"na", "-"} else label, members)
    if not found:
        raise FormatError(
            "the file holds no gene set", where=text.file, expected="a line per set", mend="give the sets"
        )
    return tuple(found.values())
