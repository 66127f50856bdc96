r"""MetaPhlAn 2 to 4, and sylph-tax: clades of every rank in one list, one sample a file or all in one table.

Source of the formats: MetaPhlAn's documentation (https://github.com/biobakery/MetaPhlAn/wiki/MetaPhlAn-4, "Output
files", and ``merge_metaphlan_tables.py``), sylph-tax's (https://sylph-docs.github.io/sylph-tax-output-format/).

A clade's abundance is also in those above it, so one rank is read: the deepest in the file (SGBs ``t__`` in MetaPhlAn
4, species in 3), or the one that the study file names: ``sheet = "species"``. ``UNCLASSIFIED`` (``UNKNOWN`` in version
3) is no clade: it becomes the quality of the sample. Version 2 merges under ``ID``, with a row of its own below it, and
has a strain below each species that is mostly ``t__…_unclassified``: species are read. What a wider clade has and
none below it (``g__…_unclassified`` without a species) is *not resolved* and likewise a quality of the sample.

Examples
--------
>>> import tempfile
>>> from commensal.study.declared import Assay
>>> with tempfile.TemporaryDirectory() as folder:
...     place = Path(folder, "merged.tsv")
...     _ = place.write_text("#mpa_vJan21\nclade_name\tS1\nUNCLASSIFIED\t20\nk__Bacteria\t80\nk__Bacteria|p__A\t80\n")
...     matrix = read_assay(place, Assay("stool", "taxa", file="merged.tsv", value="absolute"), ["S1"])
>>> matrix.features, matrix.values.tolist(), matrix.quality.loc["S1"].to_dict()
(('k__Bacteria|p__A',), [[80.0]], {'UNCLASSIFIED': 20.0})
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from commensal.errors import FormatError, StudyFileError
from commensal.io.contents import Format, Matrix
from commensal.io.profiles import Profile, amount, join, matrix_of, require_width, rows_of
from commensal.io.rows import Row
from commensal.io.text import head_text
from commensal.study.declared import Assay

#: Prefix → rank, the widest first; MetaPhlAn says ``k__`` for what GTDB calls ``d__``.
RANKS = {
    "k": "domain", "d": "domain", "p": "phylum", "c": "class", "o": "order", "f": "family", "g": "genus",
    "s": "species", "t": "strain",
}  # fmt: skip
_ORDER = tuple(dict.fromkeys(RANKS.values()))
_ALIASES = {"sgb": "strain", "kingdom": "domain"}
_REST = ("UNCLASSIFIED", "UNKNOWN", "unclassified")
#: First cells of a merged table's header; MetaPhlAn 2 has ``ID`` and, in the next row, what made the columns.
_HEADERS = ("clade_name", "ID")
_BELOW = "#SampleID"
#: Share of a sample that rounding leaves between its domains and a narrower rank.
_ROUNDING = 0.005
#: Why one rank is read.
_DECLARED, _ONE = "as the study file says", "one rank of all"
_NOTES = ("NCBI_tax_id", "clade_taxid", "additional_species", "taxid")
#: Columns of a file of one sample: what each is for; the first of these is read unless counts are asked for.
_SINGLE = "relative_abundance"
_COUNTS = "estimated_number_of_reads_from_the_clade"


def sniff(path: Path) -> bool:
    """Say whether a header begins with clade_name, under which clades with their ranks stand."""
    return _header(path) in {"metaphlan"}


def sniff_sylphtax(path: Path) -> bool:
    """Say whether the columns are those of a .sylphmpa file."""
    return _header(path) == "sylphtax"


def _header(path: Path) -> str | None:
    lines = [line for line in head_text(path).split("\n") if line.strip()][:40]
    for i, line in enumerate(lines):
        cells = line.lstrip("#").split("\t")
        if cells[0] in _HEADERS and len(cells) > 1:
            following = [one.split("\t")[0] for one in lines[i + 1 :]]
            below = [one for one in following if not one.startswith(_BELOW)]
            if "sequence_abundance" in cells:
                return "sylphtax"
            first = below[0] if below else ("k__" if cells[0] == "clade_name" else "")
            clade = first in _REST or first[:3] in ("k__", "d__", "t__", "p__", "s__")
            # ``ID`` heads many tables: a profile's next row says what made it, or its clades name the ranks above
            own = cells[0] == "clade_name" or len(below) < len(following) or any("|" in one for one in below)
            return "metaphlan" if clade and own else None
        if not line.startswith("#"):
            return None
    return None


def read_assay(path: Path, assay: Assay, sample_ids: Sequence[str]) -> Matrix:
    """Read a table of all samples, at one rank.

    Raises
    ------
    StudyFileError
        A rank that the file has not.
    TableError, FormatError
        A cell that is no number, a row that was cut, a file of one sample.
    """
    header, rows = _cut(path)
    if _SINGLE in header:
        raise FormatError(
            "the file is the profile of one sample", where=path.name, found=f"a column {_SINGLE!r}",
            expected="a column for each sample", mend='name them all: files = "profiles/{sample}.txt"',
        )  # fmt: skip
    columns = [j for j, name in enumerate(header) if j and name not in _NOTES]
    rank, why = _rank(assay), _DECLARED if assay.sheet else _ONE
    if rank is None and header[0] == "ID" and "species" in _ranks(rows):
        rank, why = "species", "as MetaPhlAn 2's strains are mostly the rest of their species"
    return matrix_of(_profile(path, header, rows, columns, rank, why), assay, sample_ids)


def read_files(paths: Mapping[str, Path], assay: Assay, root: Path) -> Matrix:  # noqa: ARG001  one signature for all
    """Read the profile of each sample, at one rank: the deepest that any of them has.

    Raises
    ------
    StudyFileError
        A rank that no file has, or counts of a file without them.
    TableError, FormatError
        A cell that is no number, a row that was cut, a file that is no profile of one sample.
    """
    parts = {}
    wanted = _COUNTS if assay.value == "counts" else _SINGLE
    for sample, path in paths.items():
        header, rows = _cut(path)
        if wanted not in header:
            raise FormatError(
                f"the profile has no column {wanted!r}", where=path.name, found=", ".join(header), expected=wanted,
                mend="run metaphlan with -t rel_ab_w_read_stats, or say value = \"relative\""
                if wanted == _COUNTS else "a table of all samples is given by file = ...",
            )  # fmt: skip
        parts[sample] = (path, header, rows, [header.index(wanted)])
    deepest = max(
        (_ranks(rows) for _, _, rows, _ in parts.values()), key=lambda r: max(map(_ORDER.index, r), default=-1)
    )
    rank = _rank(assay) or max(deepest, key=_ORDER.index, default=None)
    why = _DECLARED if assay.sheet else _ONE
    return join({sample: _profile(*part, rank, why, True) for sample, part in parts.items()}, assay)


def _cut(path: Path) -> tuple[list[str], list[Row]]:
    rows = rows_of(path)
    for i, row in enumerate(rows):
        if (first := row.cells[0].lstrip("#")) in _HEADERS:
            below = [one for one in rows[i + 1 :] if not one.cells[0].startswith(_BELOW)]
            return [first, *(cell.strip() for cell in row.cells[1:])], below
    raise FormatError(
        "no header with clade_name", where=path.name, found=repr("\t".join(rows[0].cells)[:60]) if rows else "no rows",
        expected="clade_name and abundances", mend="give the file as MetaPhlAn or sylph-tax wrote it",
    )  # fmt: skip


def _rank(assay: Assay) -> str | None:
    if assay.sheet is None:
        return None
    named = _ALIASES.get(assay.sheet.lower(), assay.sheet.lower())
    if named not in _ORDER:
        raise StudyFileError(
            "there is no such rank", where=f"[assays.{assay.name}] sheet", found=repr(assay.sheet),
            expected=", ".join((*_ORDER, "sgb")), mend="leave the key out: the deepest rank is read",
        )  # fmt: skip
    return named


def _rank_of(clade: str) -> str | None:
    return RANKS.get(clade.rpartition("|")[2].partition("__")[0])


def _ranks(rows: Sequence[Row]) -> set[str]:
    return {rank for rank in (_rank_of(row.cells[0]) for row in rows) if rank}


def _profile(
    path: Path,
    header: list[str],
    rows: list[Row],
    columns: list[int],
    rank: str | None,
    why: str,
    single: bool = False,
) -> Profile:
    present = _ranks(rows)
    chosen = rank or max(present, key=_ORDER.index, default=None)
    if chosen not in present and present and not (single and rank):
        raise StudyFileError(
            f"no clade of rank {chosen}", where=path.name, found=", ".join(sorted(present, key=_ORDER.index)),
            expected="a rank that the file has", mend="correct sheet = ..., or leave it out",
        )  # fmt: skip
    kept: list[Row] = []
    cells: list[list[float]] = []
    rest: dict[str, list[float]] = {}
    whole = np.zeros(len(columns))
    others = 0
    for row in rows:
        require_width(row, max(columns, default=0) + 1, path.name, "MetaPhlAn")
        clade = row.cells[0].strip()
        if clade not in _REST and _rank_of(clade) is None:
            raise FormatError(
                "a row is no clade", where=f"{path.name}, line {row.line}", found=repr(clade[:60]),
                expected="k__…|p__… with a rank before each name", mend="give the file as the tool wrote it",
            )  # fmt: skip
        widest = clade not in _REST and _rank_of(clade) == _ORDER[0]
        if clade not in _REST and _rank_of(clade) != chosen and not widest:
            others += 1
            continue
        numbers = [amount(row.cells[j], path.name, row.line, header[j]) for j in columns]
        if widest:
            whole += numbers
        if widest and chosen != _ORDER[0]:
            others += 1
            continue
        if clade in _REST:
            rest[clade] = numbers
        else:
            kept.append(row)
            cells.append(numbers)
    notes = {
        name: [row.cells[j] if j < len(row.cells) else "" for row in kept]
        for j, name in enumerate(header) if name in _NOTES
    }  # fmt: skip
    unresolved = whole - np.array(cells).reshape(len(kept), len(columns)).sum(axis=0)
    if (unresolved > _ROUNDING * whole).any():
        rest[f"not resolved to {chosen}"] = np.where(unresolved > _ROUNDING * whole, unresolved, 0.0).tolist()
    told = () if not others else ((
        "clades of other ranks",
        f"only rank {chosen} is read, {why}: "
        "the abundance of a clade is also in those above it",
    ),)  # fmt: skip
    return Profile(
        path.name, ("",) if single else tuple(header[j] for j in columns),
        tuple(row.cells[0].strip() for row in kept), np.array(cells).reshape(len(kept), len(columns)),
        tuple(row.line for row in kept), notes, {name: np.array(values) for name, values in rest.items()}, told,
    )  # fmt: skip


FORMAT = Format(
    "metaphlan",
    "MetaPhlAn 3 or 4, a file per sample or merged; MetaPhlAn 2, merged",
    sniff,
    read_assay,
    read_files=read_files,
    sheets=True,
)
SYLPHTAX = Format(
    "sylphtax", "sylph-tax .sylphmpa, a file per sample", sniff_sylphtax, read_assay, read_files=read_files, sheets=True
)
