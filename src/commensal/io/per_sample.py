"""Tables of counts that lie in one file per sample, found by a pattern with ``{sample}``."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from commensal.errors import FormatError, StudyFileError, TableError, listing
from commensal.io.contents import Matrix
from commensal.io.paths import require_inside
from commensal.io.registry import FORMATS, choose
from commensal.limits import in_time
from commensal.study.declared import Assay
from commensal.study.loaded import Dropped

_UNFIT = set('/\\:*?"<>|')


def read_per_sample(assay: Assay, root: Path, sample_ids: Sequence[str]) -> Matrix:
    """Read one file of counts for each sample that has one.

    Raises
    ------
    StudyFileError
        A pattern that leaves the folder or asks for mates.
    TableError
        No sample has a file.
    FormatError
        Files that are no counts per sample, or whose genes differ.
    """
    pattern, key = assay.files or "", f"[assays.{assay.name}] files"
    if Path(pattern).is_absolute() or ".." in Path(pattern).parts or "{mate}" in pattern:
        raise StudyFileError(
            "not a pattern for one file per sample", where=key, found=repr(pattern),
            expected='a path below the study\'s folder with {sample}, for example "quant/{sample}/quant.sf"',
        )  # fmt: skip
    paths = {}
    for sample in dict.fromkeys(sample_ids):
        path = root / pattern.replace("{sample}", sample)
        if not (set(sample) & _UNFIT) and sample not in {".", ".."} and path.is_file():
            require_inside(root, path, key)
            paths[sample] = path
    strangers = _strangers(pattern, root, set(sample_ids))
    if not paths:
        raise TableError(
            "no sample has a file of counts",
            where=key,
            found=f"files of other names: {listing(strangers, 4)}" if strangers else f"nothing that fits {pattern!r}",
            expected=f"for example {pattern.replace('{sample}', sample_ids[0])}" if sample_ids else "samples",
            mend="correct the pattern or the ids, or pass --data with the folder that holds them",
        )
    form = choose(next(iter(paths.values())), assay.format, f"[assays.{assay.name}] format")
    if form.read_files is None:
        raise FormatError(
            "the files are no counts of one sample each",
            where=key, found=form.description,
            expected=", ".join(one.description for one in FORMATS.values() if one.read_files),
            mend="name the files that STAR, salmon or kallisto wrote; a table of all samples is given by file = ...",
        )  # fmt: skip
    with in_time(f"assay {assay.name}", sum(path.stat().st_size for path in paths.values())):
        made = form.read_files(paths, assay, root)
    told = tuple(
        Dropped("sample", f"assay {assay.name}", name, "a file of counts under no sample's id") for name in strangers
    )
    return replace(made, dropped=(*made.dropped, *told))


def _strangers(pattern: str, root: Path, known: set[str]) -> list[str]:
    """Name the files that fit the pattern under the id of no sample."""
    parts = pattern.split("{sample}")
    expression = re.escape(parts[0]) + "(?P<sample>[^/]+)" + "(?P=sample)".join(re.escape(part) for part in parts[1:])
    found = []
    for path in sorted(root.glob("*".join(glob.escape(part) for part in parts))):
        fits = re.fullmatch(expression, path.relative_to(root).as_posix())
        if fits and path.is_file() and fits["sample"] not in known:
            found.append(path.relative_to(root).as_posix())
    return found
