"""Reads of a study: every sample profiled once, by whoever does the work; the profiles become assays like any other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from commensal import execution
from commensal.errors import FormatError, StudyFileError, listing, nearest
from commensal.io import require_inside
from commensal.pipeline.read_files import ReadFiles, read_files
from commensal.pipeline.read_tables import Profiles, assay_tables, gather
from commensal.study import Assay, AssayTable, Study, part_name
from commensal.study.read_parts import READ_PARTS, part_assays
from commensal.tables import Finding

if TYPE_CHECKING:
    from commensal.reads import Reference

#: Called with (samples done, samples in all, what was done).
Tell = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True, eq=False)
class ReadAssay:
    """What became of one assay of reads."""

    tables: dict[str, AssayTable]
    absent: tuple[str, ...] = ()  #: names of tables that there are not
    findings: tuple[Finding, ...] = ()
    profiles: Profiles | None = None
    taken_up: int = 0  #: samples whose profile was there already
    failed: Mapping[str, str] = field(default_factory=dict)  #: sample → why it has no data


def read_samples(assay: Assay, samples: pd.DataFrame) -> list[str]:
    """Return the ids of the samples that may have reads: those of the assay's specimen, whatever their role."""
    if assay.specimen is None:
        return [str(name) for name in samples.index]
    fits = (samples["specimen"] == assay.specimen) | samples["specimen"].isna()
    return [str(name) for name in samples.index[fits.fillna(True).to_numpy(bool)]]


def open_study_reference(assay: Assay, root: Path) -> Reference:
    """Open the reference that the study file names.

    Raises
    ------
    StudyFileError, FormatError
        A path that leaves the folder, or no reference there.
    """
    from commensal.reads import open_reference

    path = Path(assay.reference or "")
    if path.is_absolute() or ".." in path.parts:
        raise StudyFileError(
            "the path leaves the folder of the study", where=f"[assays.{assay.name}] reference",
            found=repr(assay.reference), expected="a path relative to the study file (or to --data DIR), without '..'",
            mend="put the reference there, or pass --data",
        )  # fmt: skip
    require_inside(root, root / path, f"[assays.{assay.name}] reference")
    return open_reference(root / path)


def declared_reads(assay: Assay, root: Path, samples: pd.DataFrame) -> ReadAssay:
    """Look at the files, their sizes and the reference without reading a read, for ``check``.

    The tables hold one feature that every sample with files has: they say who would have data, and nothing else.
    """
    found = read_files(assay, root, read_samples(assay, samples))
    reference = open_study_reference(assay, root)
    if not found.files:
        raise _none_left(assay, found.broken)
    absent = _without_functions(assay, reference)
    features = pd.DataFrame({"label": ["(reads, not profiled yet)"]}, index=["(reads)"])
    tables = {
        name: AssayTable(part, tuple(found.files), features, np.ones((len(found.files), 1)))
        for name, part in part_assays(assay).items()
        if name not in absent
    }
    note = Finding(
        "reads_declared",
        "note",
        f"assay {assay.name}",
        f"reads of {len(found.files)} samples ({found.bytes / 1e6:,.0f} MB), to be profiled against "
        f"{assay.reference} ({int(reference.manifest['genomes']):,} genomes, {reference.id[:12]}).",
        "`commensal run` profiles them; a profile that is there already is taken up",
        assay=assay.name,
        counts={"samples": float(len(found.files)), "bytes": float(found.bytes)},
    )
    findings = (*_strangers(found), *_broken(found, found.broken), *_absence(assay, absent), note)
    return ReadAssay(tables, absent, findings, failed=found.broken)


def profile_reads(
    assay: Assay, root: Path, samples: pd.DataFrame, folder: Path, tell: Tell, crew: execution.Crew | None = None
) -> ReadAssay:
    """Profile every sample of an assay of reads that has no profile yet, and put the profiles together.

    Parameters
    ----------
    assay
        An assay of kind reads.
    root
        Folder that its paths are relative to.
    samples
        The study's samples.
    folder
        Profiles go to ``folder/ASSAY/SAMPLE``.
    tell
        Called after each sample.
    crew
        Who profiles them; this process, one after the other, when None. Workers of a cluster must see the same folders.

    Raises
    ------
    CommensalError
        No sample has files, the reference cannot be opened, or not one sample could be profiled. A single sample that
        cannot is a finding.
    """
    found = read_files(assay, root, read_samples(assay, samples))
    reference = open_study_reference(assay, root)
    place = execution.folder(folder / assay.name)
    failed = dict(found.broken)
    taken_up = 0
    n = len(found.files)
    outcomes = (crew or execution.Serial()).map(
        _one,
        [(sample, tuple(path.absolute() for path in paths)) for sample, paths in found.files.items()],
        shared=(assay, reference, place.absolute()),
        names=[f"{assay.name}: {sample}" for sample in found.files],
        tell=lambda done, total, _: tell(done, total, f"{assay.name}: {done} of {total} samples of reads"),
    )
    for sample, outcome in zip(found.files, outcomes, strict=True):
        taken_up += outcome == TAKEN_UP
        if outcome not in {TAKEN_UP, MADE}:
            failed[sample] = outcome
    tell(n, n, f"{assay.name}: {n} of {n} samples of reads")
    good = [sample for sample in found.files if sample not in failed]
    profiles = gather(assay, place, good, reference.genomes()) if good else None
    if profiles is None or not profiles.samples:
        raise _none_left(assay, failed)
    tables = assay_tables(profiles)
    absent = tuple(name for name in part_assays(assay) if name not in tables)
    findings = (*_strangers(found), *_broken(found, failed), *_empty(profiles), *_absence(assay, absent))
    failed |= dict.fromkeys(profiles.empty, "no reads are left after trimming and host removal")
    return ReadAssay(tables, absent, findings, profiles, taken_up, failed)


def _none_left(assay: Assay, failed: Mapping[str, str]) -> FormatError:
    return FormatError(
        "not one sample of reads can be profiled",
        where=f"[assays.{assay.name}]",
        found=listing([f"{sample}: {why}" for sample, why in failed.items()], 4) or "no reads are left in any",
        mend="look at the files named; `commensal profile` on one of them says more",
    )


MADE, TAKEN_UP = "made", "taken up"


def _one(shared: tuple[Assay, Reference, Path], task: tuple[str, tuple[Path, ...]]) -> str:
    """Profile one sample: `MADE`, `TAKEN_UP`, or why it could not be.

    It has a process of its own, also in a worker: one that dies takes only its own sample with it, not the run.
    """
    (assay, reference, place), (sample, paths) = shared, task
    if _is_there(assay, place / sample, paths, reference):
        return TAKEN_UP
    job: dict[str, object] = {
        "reads": [str(path) for path in paths],
        "reference": str(reference.path.absolute()),
        "out": str(place),
    }
    job |= {"sample": sample, "mode": assay.mode or "fast"}
    words = [sys.executable, "-m", "commensal.reads.one_sample", json.dumps(job)]
    # One thread each: the samples are what runs at once.
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS"), "1")
    try:
        done = subprocess.run(  # noqa: S603  our own interpreter with our own module, no shell
            words, capture_output=True, text=True, errors="replace", env={**os.environ, **single}, check=False
        )
    except OSError as error:
        return f"the process could not be started: {error}"
    if done.returncode == 0:
        return MADE
    if done.returncode < 0:
        return f"its process was ended by signal {-done.returncode} (out of memory?)"
    lines = [line.strip() for line in done.stderr.strip().splitlines() if line.strip()]
    if done.stderr.startswith("Traceback"):
        return f"a fault of ours, not of its data: {lines[-1]}"
    said = [line for line in lines if not line.startswith(("mend:", "expected:"))]
    return "; ".join(said) or f"its process ended with status {done.returncode}"


def _is_there(assay: Assay, folder: Path, paths: Sequence[Path], reference: Reference) -> bool:
    """Say whether a finished profile was made from the same bytes, reference, parameters and versions."""
    from commensal.reads.needs import versions

    try:
        held: Mapping[str, Any] = json.loads((folder / "quality.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    same = {"reference": reference.id, "mode": assay.mode or "fast", "versions": versions()}
    parameters = held.get("parameters", {})
    if any(held.get(key) != value for key, value in same.items()):
        return False
    if any(parameters.get(key) != value for key, value in _parameters(reference).items()):
        return False
    inputs = held.get("inputs", [])
    try:
        if [one.get("bytes") for one in inputs] != [path.stat().st_size for path in paths]:
            return False
        return [one.get("sha256") for one in inputs] == [execution.sha256(path) for path in paths]
    except OSError:
        return False  # profiling it anew says why it cannot be read


def _parameters(reference: Reference) -> dict[str, Any]:
    """Return the parameters that this verb profiles with: what a profile must have been made with to be taken up."""
    from commensal.reads.trimming import Trimming

    default = Trimming()
    own = reference.manifest.get("parameters", {})
    return {
        "min_length": default.min_length, "adapters": list(default.adapters),
        "c": own.get("c", 200), "k": own.get("k", 31),
    }  # fmt: skip


def _without_functions(assay: Assay, reference: Reference) -> tuple[str, ...]:
    """Name the tables that a reference without KO and EC numbers cannot give; its manifest says how many it has."""
    if reference.manifest.get("functions"):
        return ()
    return tuple(part_name(assay.name, part) for part in READ_PARTS if part != "taxa")


def _absence(assay: Assay, absent: Sequence[str]) -> tuple[Finding, ...]:
    if not absent:
        return ()
    return (
        Finding(
            "no_functions",
            "warning",
            f"assay {assay.name}",
            f"the reference has no KO numbers for the genomes found: there is no {listing(absent)}.",
            "build the reference with --annotations, or with --profiles",
            assay=assay.name,
        ),
    )


def _strangers(found: ReadFiles) -> list[Finding]:
    """Name the files of reads that belong to no sample."""
    n = len(found.unused)
    return [
        Finding(
            "reads_without_sample", "warning", f"assay {found.assay.name}",
            f"{n} {'file' if n == 1 else 'files'} of reads under no sample's id: {listing(found.unused, 6)}.",
            "correct the ids in the samples table, or leave it: they are not read",
            assay=found.assay.name, counts={"files": float(n)},
        )
    ] if n else []  # fmt: skip


def _broken(found: ReadFiles, why: Mapping[str, str]) -> list[Finding]:
    """Name the samples whose reads cannot be used, with the reasons."""
    total = len(found.files) + len(found.broken) + len(found.without)
    return [
        Finding(
            "reads_unusable", "warning", f"assay {found.assay.name}",
            f"{len(why)} of {total} samples could not be profiled: "
            f"{listing([f'{sample} ({reason})' for sample, reason in why.items()], 6)}. The others go on without them.",
            "look at these files (`gzip -t`, the sequencing centre's checksums), copy them again, and run again: "
            "only these samples are then profiled",
            assay=found.assay.name, counts={"samples": float(len(why)), "of": float(total)},
        )
    ] if why else []  # fmt: skip


def _empty(profiles: Profiles) -> list[Finding]:
    """Name the samples of whose reads none is left."""
    return [
        Finding(
            "reads_none_left", "warning", f"assay {profiles.assay.name}",
            f"no reads are left after trimming and host removal in {listing(profiles.empty)}.",
            "look at their quality reports; they have no data here",
            assay=profiles.assay.name, counts={"samples": float(len(profiles.empty))},
        )
    ] if profiles.empty else []  # fmt: skip


def _columns_there(declared: Study, assay: Assay, samples: pd.DataFrame) -> None:
    for key in ("position", "plate", "dna"):
        name = getattr(assay, key)
        if name is not None and name not in samples:
            near = nearest(name, map(str, samples.columns))
            raise StudyFileError(
                f"no column {name!r} among the samples",
                where=f"{declared.path.name}, [assays.{assay.name}] {key}",
                found=listing(samples.columns, 20),
                expected=f"a column {name!r}",
                mend=f"did you mean {near[0]!r}?" if near else "correct the name",
            )


@dataclass(slots=True)
class Gathered:
    """All assays of a study once their reads are dealt with."""

    assays: dict[str, AssayTable] = field(default_factory=dict)
    absent: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    profiles: dict[str, Profiles] = field(default_factory=dict)
    taken_up: dict[str, int] = field(default_factory=dict)
    failed: dict[tuple[str, str], str] = field(default_factory=dict)  #: (table, sample) → why it has no data

    def told(self) -> list[dict[str, object]]:
        """Return what the journal is told of each assay of reads."""
        return [
            {"assay": name, "samples": len(one.samples), "taken_up": self.taken_up[name]}
            for name, one in self.profiles.items()
        ]

    def add(self, name: str, one: ReadAssay) -> None:
        """Add what became of one assay of reads."""
        self.assays |= one.tables
        self.absent += one.absent
        self.findings += one.findings
        self.failed |= {(table, sample): why for table in one.tables for sample, why in one.failed.items()}
        if one.profiles is not None:
            self.profiles[name] = one.profiles
            self.taken_up[name] = one.taken_up


def gather_reads(
    declared: Study,
    root: Path,
    samples: pd.DataFrame,
    folder: Path | None,
    tell: Tell,
    crew: execution.Crew | None = None,
) -> Gathered:
    """Deal with every assay of reads: profile into ``folder``, or (None) only look at what is declared."""
    gathered = Gathered()
    for name, assay in declared.reads.items():
        _columns_there(declared, assay, samples)
        if folder is None:
            gathered.add(name, declared_reads(assay, root, samples))
        else:
            gathered.add(name, profile_reads(assay, root, samples, folder, tell, crew))
    return gathered


__all__ = ["Gathered", "ReadAssay", "declared_reads", "gather_reads", "profile_reads"]
