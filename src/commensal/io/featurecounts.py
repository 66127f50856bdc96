r"""featureCounts (Subread): counts per gene, with the paths of alignments as column names.

Source of the format: the Subread users guide, section on featureCounts: a comment line with the command, then Geneid,
Chr, Start, End, Strand, Length, any attributes that were asked for, and one column per alignment.

Examples
--------
>>> import tempfile
>>> from commensal.study.declared import Assay
>>> with tempfile.TemporaryDirectory() as folder:
...     place = Path(folder, "counts.txt")
...     _ = place.write_text("# Program:featureCounts\nGeneid\tChr\tStart\tEnd\tStrand\tLength\tbam/S1.sorted.bam\n"
...                          "Nampt\t12;12\t1;90\t50;140\t+;+\t101\t7\n")
...     matrix = read_assay(place, Assay("rna", "transcripts", value="counts"), ["S1"])
>>> matrix.samples, matrix.features, matrix.values.tolist()
(('S1',), ('Nampt',), [[7.0]])
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from commensal.errors import FormatError, TableError, listing
from commensal.io.contents import MISSING, Format, Matrix
from commensal.io.grid import read_grid
from commensal.io.text import head_text
from commensal.io.wide import declared_annotations, from_grid
from commensal.study.declared import Assay
from commensal.study.loaded import Dropped

_COLUMNS = ("Geneid", "Chr", "Start", "End", "Strand", "Length")
_ALIGNMENT = re.compile(r"\.(bam|sam|cram)$", re.IGNORECASE)
#: What aligners and sorters put after the sample's name.
_TAIL = re.compile(
    r"[._-]?(Aligned\.sortedByCoord\.out|Aligned\.toTranscriptome\.out|Aligned\.out|sortedByCoord|sorted|sort|"
    r"dedup|markdup|rmdup|primary)$",
    re.IGNORECASE,
)


def sniff(path: Path) -> bool:
    """Say whether the header, after comments, is that of featureCounts."""
    lines = [line for line in head_text(path).split("\n") if not line.startswith("#")]
    return bool(lines) and tuple(lines[0].split("\t")[: len(_COLUMNS)]) == _COLUMNS


def read_assay(path: Path, assay: Assay, sample_ids: Sequence[str]) -> Matrix:
    """Read the output of featureCounts. Paths become sample ids by the rules of `sample_of`; how is said once.

    Raises
    ------
    TableError
        A path that fits two samples, a sample that two paths fit, a cell that is no number, duplicated genes.
    FormatError
        Not the output of featureCounts.
    """
    inside = dict.fromkeys((*_COLUMNS[1:], *declared_annotations(assay)))
    inside.pop("Geneid", None)
    grid = read_grid(path, text_columns=tuple(inside), missing=(*MISSING, *assay.missing))
    if grid.header[: len(_COLUMNS)] != _COLUMNS:
        raise FormatError(
            "the file is no output of featureCounts",
            where=grid.file, found=listing(map(repr, grid.header), 7),
            expected=f"a header that begins with {listing(_COLUMNS)}", mend="give the file as featureCounts wrote it",
        )  # fmt: skip
    named = {
        name: sample_of(name, set(sample_ids), grid.file) for name in grid.header[len(_COLUMNS) :] if name not in inside
    }
    _refuse_shared(named, grid.file)
    header = tuple(named.get(name) or name for name in grid.header)
    own = assay.features
    features = replace(own, columns=tuple(inside), id=own.id if own.file or own.id else "Geneid")
    made = from_grid(replace(grid, header=header), replace(assay, features=features), sample_ids)
    annotations = made.annotations.drop(columns=["Chr", "Start", "End", "Strand"], errors="ignore")
    changed = [f"{name!r} as {sample!r}" for name, sample in named.items() if sample and sample != name]
    told = [
        Dropped("row", f"assay {assay.name}", f"{len(changed)} names of alignments",
                f"{grid.file}: read by the sample id that they hold: {listing(changed, 6)}")
    ] if changed else []  # fmt: skip
    return replace(made, annotations=annotations, dropped=(*made.dropped, *told))


def sample_of(name: str, ids: Collection[str], file: str) -> str | None:
    """Return the sample whose id a path of an alignment holds, or None: letter by letter, never by likeness.

    In this order the id may be: the whole name; the file's name; that without .bam, .sam or .cram; that without what
    aligners and sorters add (``Aligned.sortedByCoord.out``, ``sorted``, ``dedup`` …); the name of a folder on the path.

    Raises
    ------
    TableError
        Two different ids fit.

    Examples
    --------
    >>> sample_of("/bam/S1Aligned.sortedByCoord.out.bam", {"S1", "S10"}, "t")
    'S1'
    """
    if name in ids:
        return name
    path = PurePosixPath(name.replace("\\", "/"))
    tried = [path.name, _ALIGNMENT.sub("", path.name)]
    while (shorter := _TAIL.sub("", tried[-1])) != tried[-1]:
        tried.append(shorter)
    fitting = list(dict.fromkeys(one for one in (*tried, *path.parts[:-1]) if one in ids))
    if len(fitting) > 1:
        raise TableError(
            "the path of an alignment holds the ids of two samples",
            where=file, found=f"{name!r}: {listing(map(repr, fitting))}", expected="one sample's id",
            mend="rename the column in the file to the sample's id",
        )  # fmt: skip
    return fitting[0] if fitting else None


def _refuse_shared(named: dict[str, str | None], file: str) -> None:
    held: dict[str, str] = {}
    for name, sample in named.items():
        if sample is not None and sample in held:
            raise TableError(
                "two alignments hold the id of one sample",
                where=file, found=f"{held[sample]!r} and {name!r} for {sample!r}", expected="one alignment per sample",
                mend="add their counts up, or rename one of the columns",
            )  # fmt: skip
        if sample is not None:
            held[sample] = name


FORMAT = Format("featurecounts", "featureCounts: counts per gene and alignment", sniff, read_assay)
