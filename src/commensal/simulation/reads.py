"""FASTQ of known composition: read pairs drawn from genomes, with the errors and qualities of a sequencer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from commensal.errors import OutputError, UsageError, listing
from commensal.execution import whole, write_whole
from commensal.filenames import can_name_a_file
from commensal.simulation.fragments import Fragments, fragments
from commensal.simulation.genomes import Genome, Stretch, named_genomes, read_genome
from commensal.simulation.sequencing import Gzip, Sequencer, mates, perfect_templates, quality_templates

ERRORS = ("binned", "none")
#: Pairs written at once.
BATCH = 16_384
HOST = "(host)"


def reads(
    out: Path | str,
    genomes: Mapping[str, Path],
    abundance: Mapping[str, float],
    *,
    n_pairs: int,
    seed: int,
    read_length: int = 150,
    insert: float = 350,
    insert_sd: float = 50,
    error: str = "binned",
    host: Path | None = None,
    host_fraction: float = 0.0,
    name: str = "sample",
    deletions: Mapping[str, Sequence[Stretch]] | None = None,
    replication: Mapping[str, float] | None = None,
    duplicates: float = 0.0,
) -> dict[str, Any]:
    r"""Write the read pairs of one sample, ``NAME_R1.fastq.gz`` and ``NAME_R2.fastq.gz``, and what is true of them.

    A pair comes from genome g with the chance :math:`(1 - h)\, a_g L_g / \sum_j a_j L_j`, where :math:`a` is the
    abundance in cells (genome copies), :math:`L` the length after deletions and h the host's share. Several strains of
    one species are several genomes; a novel species is a genome that the reference does not hold.

    Parameters
    ----------
    out
        Folder to write to; made if absent.
    genomes
        FASTA files, plain or gzip, by name.
    abundance
        Cells of each genome, in any unit; genomes that are not named have none.
    n_pairs
        Pairs of reads.
    seed
        The same seed, options and files give the same text (and, with the same compressor, the same bytes).
    read_length, insert, insert_sd
        Bases of a read, and mean and standard deviation of the fragments' length. Where a fragment is shorter than a
        read, the read goes on into the adapter.
    error
        ``"binned"``: qualities in four bins, errors with the chance that each quality says; ``"none"``: no errors.
    host, host_fraction
        FASTA of the host, and its share of the pairs (0–1).
    name
        Name of the sample, in the files' names and in the reads'.
    deletions
        Stretches that a genome lacks in this sample: (contig, first base, last base), counted from 1.
    replication
        Peak-to-trough ratio of growing genomes (one contig must hold 90 % of the bases); abundance is then that of the
        mean copy.
    duplicates
        Share of the pairs that are copies of another pair's fragment, with errors of their own (0–1).

    Returns
    -------
    dict
        What ``NAME_truth.json`` holds: the options, the hash of the text of each file, and per genome its cells
        (shares of 1), pairs, sequence abundance (share of all pairs), length, coverage.

    Raises
    ------
    UsageError
        An option out of its range, an abundance of a genome that is not given, no genome with any cells.
    FormatError
        A FASTA file that cannot be read.
    OutputError
        The folder cannot be written to.

    Examples
    --------
    >>> import tempfile
    >>> rng = np.random.default_rng(1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fasta = Path(folder, "one.fna")
    ...     _ = fasta.write_text(">contig\n" + "".join(rng.choice(list("ACGT"), size=5000)) + "\n")
    ...     truth = reads(folder, {"one": fasta}, {"one": 1}, n_pairs=100, seed=1)
    ...     sorted(path.name for path in Path(folder).iterdir())
    ['one.fna', 'sample_R1.fastq.gz', 'sample_R2.fastq.gz', 'sample_truth.json']
    >>> truth["genomes"]["one"]["pairs"], truth["genomes"]["one"]["coverage"]
    (100, 6.0)
    """
    options: dict[str, Any] = {
        "seed": seed, "n_pairs": n_pairs, "read_length": read_length, "insert": insert, "insert_sd": insert_sd,
        "error": error, "host_fraction": host_fraction, "duplicates": duplicates,
        "replication": dict(replication or {}),
    }  # fmt: skip
    _check(options, name, genomes, abundance, host)
    present = {one: Path(path) for one, path in genomes.items() if abundance.get(one, 0) > 0}
    pool = named_genomes(present, deletions or {})
    cells = np.array([float(abundance[genome.name]) for genome in pool])
    cells = cells / cells.sum()
    if host is not None and host_fraction:
        pool.append(read_genome(HOST, Path(host)))
    counts = _counts(np.random.default_rng([seed, 0]), pool, cells, n_pairs, host_fraction)
    drawn = fragments(
        np.random.default_rng([seed, 1]), pool, counts, insert=insert, insert_sd=insert_sd,
        shortest=min(30, read_length), replication=replication or {}, duplicates=duplicates,
    )  # fmt: skip
    letters = np.concatenate([_padding(read_length), *(genome.letters for genome in pool), _padding(read_length)])
    templates = [
        perfect_templates(read_length)
        if error == "none"
        else quality_templates(np.random.default_rng([seed, 2, mate]), read_length, mate=mate)
        for mate in (1, 2)
    ]
    sequencer = Sequencer(letters, read_length, name, (templates[0], templates[1]), error == "none")
    files = _write(Path(out), name, sequencer, drawn, seed)
    truth = {
        "kind": "reads",
        "sample": name,
        "options": options,
        "files": files,
        "genomes": _truth(pool, cells, np.bincount(drawn.genome, minlength=len(pool)), read_length),
        "deletions": {one: [list(cut) for cut in cuts] for one, cuts in (deletions or {}).items()},
    }
    _save(Path(out) / f"{name}_truth.json", truth)
    return truth


def _check(
    options: Mapping[str, Any],
    name: str,
    genomes: Mapping[str, Path],
    abundance: Mapping[str, float],
    host: Path | None,
) -> None:
    strange = [one for one in abundance if one not in genomes]
    if strange:
        raise UsageError("abundances of genomes that are not given", found=listing(strange), expected=listing(genomes))
    values = np.array(list(abundance.values()), dtype=float)
    if not (np.isfinite(values) & (values >= 0)).all() or not (values > 0).any():
        raise UsageError("abundances must be 0 or more, and one must be above 0", found=listing(abundance.items()))
    grown = [one for one in options["replication"] if abundance.get(one, 0) <= 0]
    if grown:
        raise UsageError("a peak-to-trough ratio of genomes that are not in the sample", found=listing(grown))
    if options["error"] not in ERRORS:
        raise UsageError("error is not known", found=options["error"], expected=listing(ERRORS))
    if host is None and options["host_fraction"]:
        raise UsageError("a share of host reads without a host", mend="give the host's FASTA")
    if not can_name_a_file(name) or " " in name:
        raise UsageError("the sample's name cannot name a file", found=repr(name))
    ranges = (
        ("n_pairs", 1, 999_999_999), ("read_length", 30, 10_000), ("insert", 30, 100_000), ("insert_sd", 0, 100_000),
        ("host_fraction", 0, 0.999), ("duplicates", 0, 0.999), ("seed", 0, 2**63),
    )  # fmt: skip
    for key, low, high in ranges:
        if not low <= options[key] <= high:
            raise UsageError(f"{key} is out of its range", found=options[key], expected=f"{low} to {high}")


def _counts(
    rng: np.random.Generator, pool: Sequence[Genome], cells: NDArray[np.float64], n_pairs: int, host: float
) -> list[int]:
    """Pairs of each genome."""
    share = cells * [genome.length for genome in pool[: len(cells)]]
    share = share / share.sum()
    if len(pool) > len(cells):
        share = np.append(share * (1 - host), host)
    return [int(count) for count in rng.multinomial(n_pairs, share)]


def _padding(length: int) -> NDArray[np.uint8]:
    return np.full(length, ord("N"), dtype=np.uint8)


def _write(out: Path, name: str, sequencer: Sequencer, drawn: Fragments, seed: int) -> dict[str, str]:
    """Write both files at once, one thread each; return the hash of their text by file name."""

    def one(mate: int) -> str:
        rng = np.random.default_rng([seed, 3, mate])
        with whole(mates(out, name)[mate - 1]) as path, path.open("wb") as handle:
            target = Gzip(handle)
            for first in range(0, len(drawn.start), BATCH):
                part = slice(first, first + BATCH)
                batch = Fragments(drawn.genome[part], drawn.start[part], drawn.size[part], drawn.reverse[part])
                target.write(sequencer.records(rng, batch, first, mate))
            target.close()
        return target.sha256

    try:
        out.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(2) as threads:
            hashes = list(threads.map(one, (1, 2)))
    except OSError as error:
        raise OutputError("the simulated reads cannot be written", where=str(out), found=error) from error
    return {path.name: digest for path, digest in zip(mates(out, name), hashes, strict=True)}


def _truth(
    pool: Sequence[Genome], cells: NDArray[np.float64], pairs: NDArray[np.int64], read_length: int
) -> dict[str, dict[str, Any]]:
    total = int(pairs.sum())
    return {
        genome.name: {
            "cells": float(cells[at]) if at < len(cells) else None,
            "sequence_abundance": int(pairs[at]) / total,
            "pairs": int(pairs[at]),
            "length": genome.length,
            "deleted": genome.deleted,
            "coverage": 2 * read_length * int(pairs[at]) / genome.length,
        }
        for at, genome in enumerate(pool)
    }


def _save(path: Path, truth: Mapping[str, Any]) -> None:
    write_whole(path, (json.dumps(truth, indent=1, ensure_ascii=False) + "\n").encode())
