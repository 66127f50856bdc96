"""One sample, from reads to who is there, what they can do and how they grow."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from commensal.errors import OutputError, UsageError
from commensal.filenames import can_name_a_file
from commensal.reads import function, lineage, presence, quality
from commensal.reads.fastq import Batch, Fastq
from commensal.reads.growth import growth
from commensal.reads.host import Host
from commensal.reads.kmers import candidates, sketch
from commensal.reads.mapping import Mapped, lay
from commensal.reads.tables import frame, read_table, write_table, write_text
from commensal.reads.taxa import Composition, call, composition
from commensal.reads.trimming import Trimmer, Trimming

#: Called with bytes done, bytes in all, and what is being done.
Progress = Callable[[int, int, str], None]
MODES = ("fast", "mapping")
#: Tables of every profile, and those of one with mapping.
ALWAYS = ("taxa", "lineage", "functions")
TABLES = (*ALWAYS, "genes", "growth")
#: Files of fewer bytes than this hold a sample whose pairs are remembered exactly (a few million; some 50 MB).
SMALL = 300_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """The profile of one sample: its folder and tables (columns in `commensal.reads.tables.COLUMNS`).

    ``genes`` and ``growth`` are None without mapping; ``quality`` is what quality.json holds.
    """

    sample: str
    folder: Path
    taxa: pd.DataFrame
    lineage: pd.DataFrame
    functions: pd.DataFrame
    genes: pd.DataFrame | None
    growth: pd.DataFrame | None
    quality: dict[str, Any]
    taken_up: bool = False  #: it was there already, of the same reads, reference and settings

    @property
    def status(self) -> str:
        """``ok``, or ``no_reads`` when trimming and host removal left none."""
        return "ok" if self.quality["kept"] else "no_reads"

    def sentences(self) -> list[str]:
        """Say what was found, in lines for people."""
        known = self.taxa[self.taxa["genome"] != lineage.UNKNOWN]
        if self.status == "no_reads":
            return [f"{self.sample}: no reads are left", *self.quality["warnings"], self._where()]
        lines = [f"{self.sample}: {known['species'].nunique()} species, {self.quality['unknown']:.1%} unknown"]
        for row in known.head(10).itertuples(index=False):
            lines.append(f"  {row.relative_abundance:7.2%}  {row.species}  ({row.coverage:.2f} ×; {row.note})")
        if len(known) > 10:
            lines.append(f"  and {len(known) - 10} more")
        return [*lines, *(f"warning: {text}" for text in self.quality["warnings"]), self._where()]

    def _where(self) -> str:
        if self.taken_up:
            return (
                f"nothing was run: {self.folder} is of the same reads, reference and settings (--fresh makes it anew)"
            )
        return f"written: {self.folder}"


def profile_sample(
    r1: Path | str,
    r2: Path | str | None,
    reference: Any,
    out: Path | str,
    *,
    sample: str | None = None,
    mode: str = "fast",
    layout: str | None = None,
    trimming: Trimming | None = None,
    hosts: Sequence[Path | str] = (),
    seed: int = 1,
    progress: Progress | None = None,
) -> Profile:
    """Profile one sample and write its folder ``out/sample``.

    Parameters
    ----------
    r1, r2
        FASTQ, plain or compressed; ``r2`` is None for single and interleaved reads.
    reference
        A reference (`commensal.reads.open_reference`) or its folder.
    out
        Folder for the sample's folder.
    sample
        Name of the sample (default: of the file).
    mode
        ``"fast"``: functions from the annotation of the genomes found. ``"mapping"``: reads are mapped to these genomes
        in a second pass, for depth, breadth and presence of every gene, and for growth.
    layout
        ``"single"`` or ``"interleaved"`` for one file; None looks.
    trimming
        What is cut (default: `Trimming()`).
    hosts
        Indices or FASTA files of hosts, besides those of the reference.
    seed
        Seed of the bootstrap of growth.
    progress
        Called with bytes done, bytes in all, and what is being done.

    Raises
    ------
    FormatError
        The reads or the reference are damaged.
    UsageError
        A file is not there, a library of the extra ``reads`` is not installed, or an argument is not known.
    OutputError
        The folder cannot be written to.

    Examples
    --------
    >>> profile_sample("s1_R1.fastq.gz", "s1_R2.fastq.gz", "reference", "profiles").taxa       # doctest: +SKIP
    """
    if mode not in MODES:
        raise UsageError(f"mode {mode!r} is not known", expected=", ".join(MODES))
    opened = _opened(reference)
    name = sample_name(Path(r1)) if sample is None else sample
    folder = _folder(Path(out), name)
    run = _Pass(Fastq(r1, r2, layout=layout), opened, trimming or Trimming(), hosts, progress)
    found, names = _composition(run)
    mapped, table, breadth = None, None, {}
    if mode == "mapping" and found.names:
        mapped, table = _mapped(name, run, found)
        breadth = {one.name: one.breadth for one in mapped.genomes.values()}
    taxa = lineage.taxa(name, found, run.facts, names, run.kept, breadth)
    profile = Profile(
        name,
        folder,
        taxa,
        lineage.lineage(name, taxa, run.facts),
        _functions(name, run, found, table, mapped),
        table if mode != "mapping" or table is not None else frame("genes", {}, name),
        _growth(name, run, mapped, seed) if mode == "mapping" else None,
        _quality(name, run, found, mapped, mode) | {"asked": asked(mode, layout, run.trimming, hosts, seed)},
    )
    _write(profile)
    return profile


def asked(
    mode: str, layout: str | None, trimming: Trimming, hosts: Sequence[Path | str], seed: int
) -> dict[str, object]:
    """Return what was asked of a profile besides reads and reference, as quality.json keeps it: hosts by their bytes.

    Raises
    ------
    UsageError
        A host's file cannot be read.
    """
    return {
        "mode": mode,
        "layout": layout,
        "quality": trimming.quality,
        "min_length": trimming.min_length,
        "adapters": list(trimming.adapters),
        "poly_g": trimming.poly_g,
        "hosts": [_sha256(Path(host)) for host in hosts],
        "seed": seed,
    }


def finished(folder: Path, reads: Sequence[Path], reference: Any, settings: Mapping[str, object]) -> Profile | None:
    """Return the finished profile in a folder if it is of these reads, this reference and these settings, else None.

    A folder without quality.json is unfinished: it is written last. A table that is gone, or that has not the SHA-256
    that quality.json holds of it, makes the folder unfinished as well.

    Parameters
    ----------
    folder
        The sample's folder.
    reads
        One file, or two of mates: known by size and SHA-256.
    reference
        A reference (`commensal.reads.open_reference`) or its folder.
    settings
        From `asked`.
    """
    from commensal.reads.needs import versions

    try:
        held = json.loads((folder / "quality.json").read_text(encoding="utf-8"))
        same = {"reference": _opened(reference).manifest.get("id"), "versions": versions(), "asked": dict(settings)}
        if any(held[key] != value for key, value in same.items()):
            return None
        if [one["bytes"] for one in held["inputs"]] != [path.stat().st_size for path in reads]:
            return None
        if [one["sha256"] for one in held["inputs"]] != [_sha256(path) for path in reads]:
            return None
        wanted = TABLES if held["mode"] == "mapping" else ALWAYS
        if held["tables"] != {name: _sha256(folder / f"{name}.parquet") for name in wanted}:
            return None
        found = {name: read_table(name, folder / f"{name}.parquet") for name in held["tables"]}
        own = (found["taxa"], found["lineage"], found["functions"], found.get("genes"), found.get("growth"))
        return Profile(str(held["sample"]), folder, *own, held, taken_up=True)
    except (OSError, ValueError, KeyError, TypeError, UsageError):
        return None


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        raise UsageError("the file cannot be read", where=str(path), found=error.strerror or error) from error


def sample_name(path: Path) -> str:
    """Return a sample's name from its first file: without endings and mate.

    Examples
    --------
    >>> sample_name(Path("S1_L001_R1_001.fastq.gz")), sample_name(Path("gut.fq"))
    ('S1_L001', 'gut')
    """
    stem = re.sub(r"\.(fastq|fq|txt)?(\.(gz|bz2|xz))?$", "", path.name)
    stem = re.sub(r"\.(fastq|fq)$", "", stem)
    return re.sub(r"[_.](R?1|R1_001|1_001)$", "", stem) or path.name


class _Pass:
    """A sample's reads, from bytes to batches without adapters and hosts; counts are those of the first pass."""

    def __init__(
        self, fastq: Fastq, reference: Any, trimming: Trimming, hosts: Sequence[Path | str], progress: Progress | None
    ) -> None:
        self.fastq, self.reference, self.trimming = fastq, reference, trimming
        parameters = reference.manifest.get("parameters", {})
        self.c, self.k = int(parameters.get("c", 200)), int(parameters.get("k", 31))
        self.indices = [*sorted((reference.path / "host").rglob("*.mmi")), *(Path(host) for host in hosts)]
        self.meter = quality.Meter(fastq.look, self.k)
        self.trimmer = Trimmer(trimming, fastq.look)
        self.long = self.trimmer.long
        self.host = Host(self.indices, long=self.long)
        self.facts: pd.DataFrame = reference.genomes()
        self.inputs: list[dict[str, object]] = []
        self.fault: Exception | None = None
        self._tell = progress or (lambda _done, _total, _what: None)

    @property
    def kept(self) -> int:
        """Reads left."""
        return self.trimmer.counts.reads_kept - self.host.removed

    @property
    def length(self) -> float:
        """Mean length of the reads left, of a k-mer if there are none."""
        counts = self.trimmer.counts
        return counts.bases_kept / counts.reads_kept if counts.reads_kept else float(self.k)

    def first(self) -> Iterator[Batch]:
        """Read the sample once, counting."""
        try:
            yield from self.host(map(self.trimmer, self.meter(self._watched("reading"))))
        except Exception as fault:
            self.fault = fault
            raise
        self.inputs = self.fastq.inputs()

    def again(self) -> Iterator[Batch]:
        """Read it again, for mapping."""
        host = Host(self.indices, long=self.long)
        yield from host(map(Trimmer(self.trimming, self.fastq.look), self._watched("mapping")))

    def _watched(self, what: str) -> Iterator[Batch]:
        for number, batch in enumerate(self.fastq.batches()):
            if number % 64 == 0:
                self._tell(*self.fastq.progress, what)
            yield batch


def _composition(run: _Pass) -> tuple[Composition, tuple[str, ...]]:
    small = run.fastq.progress[1] < SMALL
    sample = sketch(run.first(), paired=run.fastq.layout != "single", c=run.c, k=run.k, small=small)
    if run.fault is not None:  # an error among the second mates ends pysylph's sketch without a word
        raise run.fault
    genomes = candidates(Path(run.reference.database), sample)
    calls = call(sample, genomes)
    found = composition(calls, sample, genomes, read_length=run.length, identity=run.meter.identity)
    return found, genomes.names


def _mapped(name: str, run: _Pass, found: Composition) -> tuple[Mapped, pd.DataFrame]:
    genes, _ = function.annotation(run.reference.path, found.names)
    mapped = lay(run.again(), run.reference.path / "sequences", found.names, genes, long=run.long)
    return mapped, presence.genes(name, mapped.genomes.values(), run.length)


def _functions(
    name: str, run: _Pass, found: Composition, table: pd.DataFrame | None, mapped: Mapped | None
) -> pd.DataFrame:
    from commensal import knowledge

    genes, terms = function.annotation(run.reference.path, found.names)
    sizes = run.facts.set_index("genome")["length"]
    return function.functions(
        name,
        dict(zip(found.names, map(float, found.cells), strict=True)),
        found.unknown,
        {one: float(sizes.get(one, np.nan)) for one in found.names},
        genes,
        terms,
        copies=None if table is None or mapped is None else presence.copies(table, mapped.genomes.values(), run.length),
        pathways=knowledge.pathways(),
    )


def _growth(name: str, run: _Pass, mapped: Mapped | None, seed: int) -> pd.DataFrame:
    if mapped is None:
        return frame("growth", {}, name)
    facts = run.facts
    complete = dict(zip(facts["genome"], facts["complete"].fillna(False).astype(bool), strict=True))
    return growth(name, mapped.genomes.values(), complete, seed=seed)


def _quality(name: str, run: _Pass, found: Composition, mapped: Mapped | None, mode: str) -> dict[str, Any]:
    from commensal.reads.needs import versions

    report = quality.report(
        run.fastq,
        run.meter,
        run.trimmer.counts,
        host=run.host.removed,
        has_host=bool(run.indices),
        unknown=found.unknown if run.kept else None,
        depth=float(np.sum(found.coverage)) if run.kept else None,
        insert_size=mapped.insert_size if mapped else None,
        mode=mode,
        long=run.long,
    )
    report |= {
        "sample": name,
        "mode": mode,
        "mapped": None if mapped is None else mapped.placed / max(mapped.reads, 1),
        "inputs": run.inputs,
        "reference": run.reference.manifest.get("id"),
        "parameters": {
            "quality": run.trimmer.settings.quality,
            "min_length": run.trimming.min_length,
            "adapters": list(run.trimming.adapters),
            "poly_g": run.trimmer.settings.poly_g,
            "c": run.c,
            "k": run.k,
            "hosts": [path.parent.name if path.name == "host.mmi" else path.name for path in run.indices],
        },
        "versions": versions(),
    }
    return report


def _opened(reference: Any) -> Any:
    if isinstance(reference, (str, Path)):
        from commensal.reads import open_reference

        return open_reference(Path(reference))
    return reference


def _folder(out: Path, name: str) -> Path:
    if not can_name_a_file(name):
        raise UsageError("the sample's name cannot name a folder", found=repr(name), mend="give another with --sample")
    folder = out / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            "the output folder cannot be made",
            where=str(folder),
            found=error.strerror or error,
            mend="choose another folder with --out",
        ) from error
    return folder


def _write(profile: Profile) -> None:
    """Write the tables, and last the quality report with their hashes: a folder that has it is whole."""
    report = profile.folder / "quality.json"
    report.unlink(missing_ok=True)
    hashes = profile.quality["tables"] = {}
    for name in TABLES:
        table, path = getattr(profile, name), profile.folder / f"{name}.parquet"
        if table is None:
            path.unlink(missing_ok=True)
        else:
            write_table(table, path)
            hashes[name] = _sha256(path)
    write_text(quality.words(profile.sample, profile.quality), profile.folder / "quality.txt")
    write_text(json.dumps(profile.quality, indent=1, ensure_ascii=False) + "\n", report)


__all__ = ["MODES", "Profile", "asked", "finished", "profile_sample", "sample_name"]
