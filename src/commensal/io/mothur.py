r"""mothur: ``.shared`` (counts per sample and OTU) and ``.cons.taxonomy`` (lineage per OTU).

Source of the formats: https://mothur.org/wiki/shared_file/ and https://mothur.org/wiki/constaxonomy_file/.

Examples
--------
>>> import tempfile
>>> from pathlib import Path
>>> from commensal.study.declared import Assay
>>> with tempfile.TemporaryDirectory() as folder:
...     place = Path(folder, "otus.shared")
...     _ = place.write_text("label\tGroup\tnumOtus\tOtu1\tOtu2\n0.03\tS1\t2\t7\t0\n")
...     matrix = read_assay(place, Assay("taxa", "taxa", value="counts"), ["S1"])
>>> matrix.samples, matrix.features, matrix.values.tolist()
(('S1',), ('Otu1', 'Otu2'), [[7.0, 0.0]])
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from commensal.errors import FormatError, TableError, listing
from commensal.io.contents import MISSING, Format, Matrix, no_annotations, require_unique
from commensal.io.grid import BadCell, parse_grid
from commensal.io.text import Text, head_text, load_text
from commensal.io.wide import table_from_grid
from commensal.study.declared import Assay

_SHARED = ("label", "Group", "numOtus")
_TAXONOMY = ("OTU", "Size", "Taxonomy")


def _begins(path: Path, columns: Sequence[str]) -> bool:
    return tuple(head_text(path).split("\n", 1)[0].split("\t")[: len(columns)]) == tuple(columns)


def sniff(path: Path) -> bool:
    """Say whether the header begins with label, Group, numOtus."""
    return _begins(path, _SHARED)


def sniff_taxonomy(path: Path) -> bool:
    """Say whether the header begins with OTU, Size, Taxonomy."""
    return _begins(path, _TAXONOMY)


def _without_last_tabs(text: Text) -> Text:
    """Take off the tab with which mothur ends its lines."""
    lines = text.data.split(b"\n")
    filled = [line for line in lines if line]
    if filled and all(line.endswith(b"\t") for line in filled[1:]):
        lines = [line.removesuffix(b"\t") for line in lines]
    return Text(text.file, b"\n".join(lines), text.encoding)


def read_assay(path: Path, assay: Assay, sample_ids: Sequence[str]) -> Matrix:  # noqa: ARG001  one signature for all
    """Read a ``.shared`` file of one distance.

    Raises
    ------
    TableError
        Several distances, duplicated groups or OTUs, a cell that is no number, numOtus that does not fit.
    FormatError
        Not a ``.shared`` file.
    """
    missing = (*MISSING, *assay.missing)
    grid = parse_grid(_without_last_tabs(load_text(path)), text_columns=_SHARED, missing=missing)
    if grid.header[:3] != _SHARED:
        raise FormatError(
            "the file is no mothur .shared table",
            where=f"{grid.file}, line 1",
            found=listing(map(repr, grid.header), 4),
            expected=f"a header that begins with {listing(_SHARED)}",
            mend="make it with make.shared, or write another format",
        )
    distances = list(dict.fromkeys(grid.text(0)))
    if len(distances) > 1:
        raise TableError(
            f"the file holds {len(distances)} distances",
            where=f"{grid.file}, column 'label'",
            found=listing(distances),
            expected="one distance",
            mend=f"keep one: in mothur make.shared(..., label={distances[-1]})",
        )
    samples, features = grid.text(1), list(grid.header[3:])
    require_unique(samples, grid.place, what="sample", file=grid.file)
    require_unique(features, lambda j: f"column {j + 4}", what="feature", file=grid.file)
    for i, said in enumerate(grid.text(2)):
        if said.strip() != str(len(features)):
            raise TableError(
                "numOtus is not the number of OTU columns",
                where=f"{grid.file}, {grid.place(i)}",
                found=f"numOtus {said}, {len(features)} columns",
                expected="as many columns as numOtus says",
                mend="the file has been cut or edited: write it again",
            )
    values = np.empty((len(samples), len(features)))
    for k in range(len(features)):
        numbers = grid.numbers(k + 3, missing)
        if isinstance(numbers, BadCell):
            raise TableError(
                "a cell is neither a number nor missing",
                where=f"{grid.file}, {grid.place(numbers.row)}, column {features[k]!r}",
                found=repr(numbers.found),
                expected="a count",
                mend="correct the cell",
            )
        values[:, k] = numbers
    return Matrix(
        grid.file,
        tuple(samples),
        tuple(features),
        values,
        no_annotations(features),
        lambda i, k: f"{grid.file}, {grid.place(i)}, column {features[k]!r}",
        encoding=grid.encoding,
    )


def read_taxonomy(path: Path) -> pd.DataFrame:
    """Read a ``.cons.taxonomy`` file as a table of text: OTU, Size, Taxonomy."""
    return table_from_grid(parse_grid(_without_last_tabs(load_text(path)), all_text=True, missing=()))


FORMAT = Format("mothur", "mothur .shared: counts per group and OTU", sniff, read_assay)
TAXONOMY = Format("mothur_taxonomy", "mothur .cons.taxonomy: lineage per OTU", sniff_taxonomy, None, read_taxonomy)
