r"""Kraken 2 reports and Bracken: reads per taxon, of one rank (species, or ``sheet = "genus"`` and the like).

Source of the formats: the Kraken 2 manual, "Sample report output format" (share, reads of the clade, of the taxon,
two columns of minimizers if asked for, rank, NCBI taxid, indented name); Bracken's manual, "Running Bracken" and
``combine_bracken_outputs.py``. Reads of Kraken that are unclassified, or stay above the rank, are the sample's quality.

Examples
--------
>>> import tempfile
>>> from commensal.study.declared import Assay
>>> with tempfile.TemporaryDirectory() as folder:
...     place = Path(folder, "S1.txt")
...     _ = place.write_text("10\t1\t1\tU\t0\tunclassified\n90\t9\t2\tR\t1\troot\n70\t7\t7\tS\t562\t  E. coli\n")
...     matrix = read_kraken({"S1": place}, Assay("s", "taxa", value="counts", files="{sample}.txt"), Path(folder))
>>> matrix.features, matrix.values.tolist(), matrix.quality.loc["S1"].to_dict()
(('E. coli',), [[7.0]], {'unclassified': 1.0, 'not assigned to species': 2.0})
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from commensal.errors import FormatError, StudyFileError
from commensal.io.contents import Format, Matrix
from commensal.io.profiles import Profile, amount, join, matrix_of, require_width, rows_of
from commensal.io.text import head_text
from commensal.study.declared import Assay

_CODES = {"domain": "D", "phylum": "P", "class": "C", "order": "O", "family": "F", "genus": "G", "species": "S"}
_WIDE = dict(zip("DKPCOFGS", ("d", "k", "p", "c", "o", "f", "g", "s"), strict=True))
_LINE = re.compile(r"\s*\d+(\.\d+)?\t\d+\t\d+\t(\d+\t\d+\t)?[URDKPCOFGS-]\d*\t\d+\t *\S[^\t]*")
_BRACKEN = ("name", "taxonomy_id", "taxonomy_lvl")


def sniff_kraken(path: Path) -> bool:
    """Say whether the first line is one of a report."""
    return bool(_LINE.fullmatch(head_text(path).split("\n", 1)[0]))


def sniff_bracken(path: Path) -> bool:
    """Say whether the header is Bracken's."""
    return tuple(head_text(path).split("\n", 1)[0].split("\t")[:3]) == _BRACKEN


def read_kraken(paths: Mapping[str, Path], assay: Assay, root: Path) -> Matrix:  # noqa: ARG001  one signature for all
    """Read the report of each sample: reads of clades of one rank.

    Raises
    ------
    StudyFileError
        No such rank.
    TableError, FormatError
        A line that is none of a report, no taxon of the rank.
    """
    rank = (assay.sheet or "species").lower()
    if rank not in _CODES:
        raise StudyFileError(
            "there is no such rank", where=f"[assays.{assay.name}] sheet", found=repr(assay.sheet),
            expected=", ".join(_CODES), mend="leave the key out: species are read",
        )  # fmt: skip
    return join({sample: _report(path, rank) for sample, path in paths.items()}, assay)


def _report(path: Path, rank: str) -> Profile:
    names, taxids, lineages, lines, reads = [], [], [], [], []
    above: list[tuple[int, str, str]] = []
    unclassified = root = 0.0
    for row in rows_of(path):
        if not _LINE.fullmatch("\t".join(row.cells)):
            raise FormatError(
                "a line is none of a Kraken 2 report", where=f"{path.name}, line {row.line}",
                found=repr("\t".join(row.cells)[:60]), expected="share, reads, reads, rank, taxid, name",
                mend="give what kraken2 --report wrote (not --use-mpa-style); copy it again if it was cut short",
            )  # fmt: skip
        code, taxid, name = row.cells[-3], row.cells[-2], row.cells[-1]
        count = float(row.cells[1])
        if code == "U":
            unclassified += count
            continue
        if code == "R":
            root += count
        depth = len(name) - len(name.lstrip(" "))
        above = [one for one in above if one[0] < depth]
        above.append((depth, code, name.strip()))
        if code == _CODES[rank]:
            names.append(name.strip())
            taxids.append(taxid)
            lines.append(row.line)
            reads.append(count)
            lineages.append(";".join(f"{_WIDE[c]}__{n}" for _, c, n in above if c in _WIDE and c != "K"))
    twice = {name for name, times in Counter(names).items() if times > 1}
    ids = [f"{name} (taxid {taxid})" if name in twice else name for name, taxid in zip(names, taxids, strict=True)]
    rest = {"unclassified": np.array([unclassified])}
    rest[f"not assigned to {rank}"] = np.array([max(root - sum(reads), 0.0)])
    told = (("clades of other ranks", f"only rank {rank} is read; reads that stay above it are in the quality"),)
    return Profile(
        path.name, ("",), tuple(ids), np.array(reads).reshape(-1, 1), tuple(lines),
        {"ncbi_taxid": taxids, "lineage": lineages}, rest, told,
    )  # fmt: skip


def read_bracken_table(path: Path, assay: Assay, sample_ids: Sequence[str]) -> Matrix:
    """Read a combined table: ``_num`` for counts, ``_frac`` for relative values.

    Raises
    ------
    TableError, FormatError
        A cell that is no number, a row that was cut, a file of one sample.
    """
    end = "_frac" if assay.value == "relative" else "_num"
    profile = _bracken(path, lambda name: name.endswith(end), f"columns that end in {end}")
    names = tuple(name.removesuffix(end) for name in profile.samples)
    from dataclasses import replace

    return matrix_of(replace(profile, samples=names), assay, sample_ids)


def read_bracken(paths: Mapping[str, Path], assay: Assay, root: Path) -> Matrix:  # noqa: ARG001  one signature for all
    """Read Bracken's output of each sample: new_est_reads, or fraction_total_reads for relative values."""
    wanted = "fraction_total_reads" if assay.value == "relative" else "new_est_reads"
    return join(
        {sample: _bracken(path, lambda name: name == wanted, f"a column {wanted}") for sample, path in paths.items()},
        assay,
    )


def _bracken(path: Path, wanted: object, expected: str) -> Profile:
    rows = rows_of(path)
    header = [cell.strip() for cell in rows[0].cells] if rows else []
    columns = [j for j, name in enumerate(header) if j > 2 and wanted(name)]  # type: ignore[operator]
    if tuple(header[:3]) != _BRACKEN or not columns:
        raise FormatError(
            "the file is no such output of Bracken", where=path.name, found=", ".join(header[:8]), expected=expected,
            mend='one file per sample is given by files = "bracken/{sample}.txt", a combined table by file = ...',
        )  # fmt: skip
    for row in rows[1:]:
        require_width(row, len(header), path.name, "Bracken")
    ranks = {row.cells[2] for row in rows[1:]}
    if len(ranks) > 1:
        raise FormatError(
            "the table mixes ranks", where=path.name, found=", ".join(sorted(ranks)), expected="one taxonomy_lvl",
            mend="run bracken with one level (-l S)",
        )  # fmt: skip
    cells = [[amount(row.cells[j], path.name, row.line, header[j]) for j in columns] for row in rows[1:]]
    twice = {name for name, times in Counter(row.cells[0] for row in rows[1:]).items() if times > 1}
    ids = [f"{row.cells[0]} (taxid {row.cells[1]})" if row.cells[0] in twice else row.cells[0] for row in rows[1:]]
    return Profile(
        path.name, tuple(header[j] for j in columns), tuple(ids), np.array(cells).reshape(len(ids), len(columns)),
        tuple(row.line for row in rows[1:]), {"ncbi_taxid": [row.cells[1] for row in rows[1:]]}, {},
    )  # fmt: skip


KRAKEN = Format("kraken", "Kraken 2 report, a file per sample", sniff_kraken, read_files=read_kraken, sheets=True)
BRACKEN = Format(
    "bracken", "Bracken, a file per sample or combined", sniff_bracken, read_bracken_table, read_files=read_bracken
)
