"""A small study of reads with known truth: patients beside those they live with, one FASTQ pair per stool sample."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from commensal.errors import UsageError, listing
from commensal.execution import write_whole
from commensal.simulation.reads import reads

_STUDY = """\
# A household cohort whose stool was sequenced, simulated: truth.json says what was planted.

[study]
name = "simulated-reads"
title = "Gut microbes of patients and of those they live with, from reads (simulated)"

[design]
randomised = "not randomised: observational"
blinded = ["stool"]
exclusions = "none"
primary = ["stool_taxa"]

[tables.samples]
file = "samples.tsv"

[variables.disease]
type = "category"
reference = "household member"

[variables.age]
type = "number"
unit = "years"

[assays.stool]
kind = "reads"
files = "reads/{sample}_{mate}.fastq.gz"
reference = "@REFERENCE@"
specimen = "stool"

[contrasts.patients_vs_household]
column = "disease"
case = "patient"
control = "household member"

[questions.patients]
kind = "cohort"
contrast = "patients_vs_household"
block = ["household"]
covariates = ["age"]
"""


def read_study(
    out: Path | str,
    genomes: Mapping[str, Path],
    *,
    reference: str = "reference",
    seed: int = 1,
    households: int = 8,
    n_pairs: int = 20_000,
    changed: Sequence[str] = (),
    fold: float = 3.0,
    presence: float = 0.9,
    host: Path | None = None,
    host_fraction: float = 0.0,
) -> Path:
    """Simulate one patient and one other member of each household, and write the study with its reads.

    Log abundances are normal: each genome's mean (SD 1), its household (SD 0.7), the person (SD 0.6); each person
    carries each genome with the chance ``presence``. In patients the changed genomes are lower by ``fold`` (log2).

    Parameters
    ----------
    out
        Folder to write to: study.toml, samples.tsv, truth.json and ``reads/SAMPLE_R1.fastq.gz``, ``_R2``.
    genomes
        FASTA files by name.
    reference
        What the study file names as the reference's folder, relative to it.
    seed
        The same seed, options and files give the same study.
    households, n_pairs
        Households of two, and pairs of reads per sample.
    changed, fold
        Genomes that are fewer in patients, and by how much (log2).
    presence
        Chance that a person carries a genome (0–1).
    host, host_fraction
        As in `commensal.simulation.reads`.

    Returns
    -------
    Path
        The study file.

    Raises
    ------
    UsageError, FormatError, OutputError
        As `commensal.simulation.reads`; a changed genome that is not given; a folder that holds another study.
    """
    folder = Path(out)
    strange = [name for name in changed if name not in genomes]
    if strange:
        raise UsageError("changed genomes that are not given", found=listing(strange), expected=listing(genomes))
    if households < 2 or not 0 < presence <= 1:
        raise UsageError("at least 2 households, and a chance above 0 and up to 1", found=(households, presence))
    if (folder / "study.toml").exists() and not (folder / "truth.json").exists():
        raise UsageError("this folder holds a study that is not simulated", where=str(folder), mend="choose another")
    names = list(genomes)
    people = [f"H{house + 1:02d}{who}" for house in range(households) for who in "PM"]
    patient = np.tile([True, False], households)
    rng = np.random.default_rng([seed, 10])
    planted = np.array([-fold if name in changed else 0.0 for name in names])
    cells = _cells(rng, households, len(names), patient, planted, presence)
    ages = np.clip(np.rint(rng.normal(60, 9, size=len(people))), 30, 85).astype(int)
    truths: dict[str, Any] = {}
    for at, person in enumerate(people):
        amounts = {name: float(value) for name, value in zip(names, cells[at], strict=True) if value > 0}
        truth = reads(
            folder / "reads", genomes, amounts, n_pairs=n_pairs, seed=1000 * seed + at, name=f"{person}-stool",
            host=host, host_fraction=host_fraction,
        )  # fmt: skip
        truths[f"{person}-stool"] = truth["genomes"]
    rows = [
        f"{person}-stool\t{person}\tstool\t{person[:3]}\t{'patient' if sick else 'household member'}\t{age}\n"
        for person, sick, age in zip(people, patient, ages, strict=True)
    ]
    _text(folder / "samples.tsv", "sample\tsubject\tspecimen\thousehold\tdisease\tage\n" + "".join(rows))
    effects = [{"genome": name, "effect": -fold, "unit": "log2 fold change"} for name in changed]
    options = {"seed": seed, "households": households, "n_pairs": n_pairs, "presence": presence}
    truth_text = json.dumps({"kind": "read_study", "options": options, "planted": effects, "samples": truths}, indent=1)
    _text(folder / "truth.json", truth_text + "\n")
    _text(folder / "study.toml", _STUDY.replace("@REFERENCE@", reference))
    return folder / "study.toml"


def _cells(
    rng: np.random.Generator, households: int, genomes: int, patient: np.ndarray, planted: np.ndarray, presence: float
) -> np.ndarray:
    """Abundance of each genome in each person (people, genomes), 0 where not carried; every person carries one."""
    people = 2 * households
    log = rng.normal(0, 1, size=genomes) + np.repeat(rng.normal(0, 0.7, size=(households, genomes)), 2, axis=0)
    log = log + rng.normal(0, 0.6, size=(people, genomes)) + np.log(2) * planted * patient[:, None]
    carried = rng.random((people, genomes)) < presence
    carried[np.arange(people), rng.integers(0, genomes, size=people)] = True
    return np.where(carried, np.exp(log), 0.0)


def _text(path: Path, text: str) -> None:
    write_whole(path, text.encode())
