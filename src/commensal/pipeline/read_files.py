"""Which files of reads belong to which sample, and what is amiss before anything is read."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from commensal.errors import StudyFileError, TableError, listing
from commensal.filenames import can_name_a_file
from commensal.io.paths import require_inside
from commensal.study import Assay

#: How mates are called in file names.
MATES = (("R1", "R2"), ("1", "2"))


@dataclass(frozen=True, slots=True)
class ReadFiles:
    """The files of an assay of reads."""

    assay: Assay
    files: dict[str, tuple[Path, ...]]  #: sample → one file, or two mates
    broken: dict[str, str] = field(default_factory=dict)  #: sample → why its files cannot be used
    without: tuple[str, ...] = ()  #: samples of this specimen without files
    unused: tuple[str, ...] = ()  #: files that fit the pattern and belong to no sample

    @property
    def bytes(self) -> int:
        """Size of all files that are read."""
        return sum(path.stat().st_size for paths in self.files.values() for path in paths)


def read_files(assay: Assay, root: Path, samples: Sequence[str]) -> ReadFiles:
    """Find the files of each sample by the pattern of the study file.

    Parameters
    ----------
    assay
        An assay of kind reads.
    root
        Folder that its paths are relative to.
    samples
        Ids of the samples that may have reads.

    Raises
    ------
    StudyFileError
        The pattern leaves the folder.
    TableError
        No sample has files.
    """
    pattern = assay.files or ""
    key = f"[assays.{assay.name}] files"
    if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
        raise StudyFileError(
            "the path leaves the folder of the study", where=key, found=repr(pattern),
            expected="a path relative to the study file (or to --data DIR), without '..'",
        )  # fmt: skip
    files: dict[str, tuple[Path, ...]] = {}
    broken: dict[str, str] = {}
    without: list[str] = []
    for sample in samples:
        found, fault = _of_sample(pattern, root, sample)
        if fault:
            broken[sample] = fault
        elif found:
            for path in found:
                require_inside(root, path, key)
            files[sample] = found
        else:
            without.append(sample)
    unused = _unused(pattern, root, samples)
    if not files and not broken:
        raise TableError(
            "no sample has files of reads",
            where=key,
            found=f"files of other names: {listing(unused, 5)}" if unused else f"nothing that fits {pattern!r}",
            expected=f"for example {_filled(pattern, samples[0], 'R1')}" if samples else "samples of this specimen",
            mend="correct the pattern or the ids, or pass --data with the folder that holds them",
        )
    return ReadFiles(assay, files, broken, tuple(without), unused)


def _filled(pattern: str, sample: str, mate: str) -> str:
    return pattern.replace("{sample}", sample).replace("{mate}", mate)


def _of_sample(pattern: str, root: Path, sample: str) -> tuple[tuple[Path, ...], str]:
    """Return a sample's files, or why they cannot be used; neither when it has none."""
    if not can_name_a_file(sample):
        return (), "its id cannot name a folder: use letters, digits, - and _"
    if "{mate}" not in pattern:
        path = root / _filled(pattern, sample, "")
        return ((path,), _empty(path)) if path.is_file() else ((), "")
    hits = []
    for first, second in MATES:
        one, other = (root / _filled(pattern, sample, mate) for mate in (first, second))
        if one.is_file() or other.is_file():
            hits.append((one, other))
    if not hits:
        return (), ""
    if len(hits) > 1:
        return (), f"two sets of files: {hits[0][0].name} and {hits[1][0].name}"
    missing = [path.name for path in hits[0] if not path.is_file()]
    if missing:
        return (), f"a mate is missing: there is no {missing[0]}"
    return hits[0], next((fault for fault in map(_empty, hits[0]) if fault), "")


def _empty(path: Path) -> str:
    return "" if path.stat().st_size else f"{path.name} is empty (0 bytes)"


def _unused(pattern: str, root: Path, samples: Sequence[str]) -> tuple[str, ...]:
    """Name files that fit the pattern under the id of no sample."""
    parts = [part for part in re.split(r"(\{sample\}|\{mate\})", pattern) if part]
    shape = "".join("*" if part.startswith("{") else glob.escape(part) for part in parts)
    seen_sample = False
    expression = ""
    for part in parts:
        if part == "{mate}":
            expression += "(?:R?[12])"
        elif part == "{sample}":
            expression += "(?P=sample)" if seen_sample else "(?P<sample>.+?)"
            seen_sample = True
        else:
            expression += re.escape(part)
    known = set(samples)
    found = []
    for path in sorted(root.glob(shape)):
        name = path.relative_to(root).as_posix()
        fits = re.fullmatch(expression, name)
        if fits and path.is_file() and fits["sample"] not in known:
            found.append(name)
    return tuple(found)
