"""The files of a simulated cohort: tables as a lab keeps them, the study file, and the truth."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from commensal.errors import OutputError, UsageError
from commensal.simulation.communities import Communities
from commensal.simulation.molecules import Molecules
from commensal.simulation.people import People

_STUDY = """\
# A household cohort, simulated: every number is invented, and truth.json says what was planted.

[study]
name = "simulated-cohort"
title = "Gut microbes and serum molecules of patients and of those they live with (simulated)"

[design]                                       # what a reviewer asks; "unknown" is an answer, silence is a finding
randomised = "not randomised: observational"
blinded = ["species", "serum"]
exclusions = "none"
primary = ["species", "serum"]

[tables.samples]                               # one row per specimen
file = "samples.tsv"
columns = { sample = "sample", subject = "person" }

[tables.subjects]                              # one row per person
file = "people.tsv"
columns = { subject = "person", disease = "group" }

[variables.disease]
type = "category"
reference = "household member"                 # always written, never guessed

[variables.sex]
type = "category"
reference = "F"

[variables.relation]
type = "category"
reference = "self"

[variables.age]
type = "number"
unit = "years"

[variables.bmi]
type = "number"
unit = "kg/m2"

[variables.fibre]
type = "number"
unit = "g/day"

[variables.years_together]
type = "number"
unit = "years"

[assays.species]
kind = "taxa"
file = "species.tsv"
value = "counts"
specimen = "stool"
tree = "tree.nwk"
features = { columns = ["family", "phylum"] }  # annotation columns inside the table

[assays.serum]
kind = "metabolites"
file = "serum.tsv"
value = "intensity"
specimen = "serum"
zero = "below_detection"                       # a 0 is a molecule not seen, not an amount of nothing
features = { file = "serum_features.tsv", id = "id", label = "name" }

[contrasts.als_vs_household]
column = "disease"
case = "ALS"
control = "household member"

[questions.patients]
kind = "cohort"
contrast = "als_vs_household"
assays = ["species", "serum"]
block = ["household"]                          # patients are compared with those they live with
covariates = @COVARIATES@
"""


def write_cohort(
    out: Path,
    people: People,
    stool: Communities,
    serum: Molecules,
    options: Mapping[str, object],
    covariates: Sequence[str],
) -> Path:
    """Write a drawn cohort to a folder; see `commensal.simulation.cohort`."""
    stool_ids = [f"{person}-stool" for person in people.person]
    serum_ids = [f"{person}-serum" for person in people.person]
    texts = {
        "samples.tsv": tsv(
            ["sample", "person", "specimen"],
            [
                row
                for i, person in enumerate(people.person)
                for row in ((stool_ids[i], person, "stool"), (serum_ids[i], person, "serum"))
            ],
        ),
        "people.tsv": _people(people),
        "species.tsv": tsv(
            ["species", "family", "phylum", *stool_ids],
            (
                (*row, *map(str, column))
                for *row, column in zip(stool.names, stool.families, stool.phyla, stool.counts.T, strict=True)
            ),
        ),
        "tree.nwk": stool.newick + "\n",
        "serum.tsv": tsv(
            ["sample", *serum.ids],
            (
                (sample, *(f"{value:.1f}" if value else "0" for value in row))
                for sample, row in zip(serum_ids, serum.values, strict=True)
            ),
        ),
        "serum_features.tsv": tsv(
            ["id", "name", "class", "mz", "retention_min"],
            (
                (*row, f"{mz:.4f}", f"{minutes:.2f}")
                for *row, mz, minutes in zip(
                    serum.ids, serum.names, serum.classes, serum.mz, serum.minutes, strict=True
                )
            ),
        ),
        "truth.json": json.dumps(_truth(stool, serum, options), indent=1, ensure_ascii=False) + "\n",
        "study.toml": _STUDY.replace("@COVARIATES@", json.dumps(list(covariates))),
    }
    return write_files(out, texts)


def write_files(out: Path, texts: Mapping[str, str]) -> Path:
    """Write the files of a simulated study to a folder and return the path of its study file.

    Raises
    ------
    UsageError
        The folder holds a study that is not simulated.
    OutputError
        The folder cannot be written to.
    """
    out = Path(out)
    if (out / "study.toml").exists() and not (out / "truth.json").exists():
        raise UsageError(
            "this folder holds a study that is not simulated", where=str(out), mend="choose another folder"
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (out / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise OutputError("the simulated study cannot be written", where=str(out), found=error) from error
    return out / "study.toml"


def tsv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table as tab-separated text."""
    return "".join("\t".join(row) + "\n" for row in [header, *rows])


def _people(people: People) -> str:
    rows = zip(
        people.person,
        people.household,
        np.where(people.patient, "ALS", "household member").tolist(),
        people.relation,
        people.sex,
        [f"{value:.0f}" for value in people.age],
        [f"{value:.1f}" for value in people.bmi],
        [f"{value:.1f}" for value in people.fibre],
        ["" if np.isnan(value) else f"{value:.0f}" for value in people.years_together],
        strict=True,
    )
    header = ["person", "household", "group", "relation", "sex", "age", "bmi", "fibre", "years_together"]
    return tsv(header, rows)


def _truth(stool: Communities, serum: Molecules, options: Mapping[str, object]) -> dict[str, object]:
    """List every planted effect under the names that Estimates give it; what is not listed is null."""
    planted: list[dict[str, object]] = []

    def add(assay: str, ids: Sequence[str], labels: Sequence[str], model: str, effect: object, unit: str) -> None:
        for feature, label, size in zip(ids, labels, np.asarray(effect).tolist(), strict=True):
            if size:
                planted.append(
                    {
                        "assay": assay,
                        "feature": feature,
                        "label": label,
                        "model": model,
                        "effect": round(size, 6),
                        "unit": unit,
                    }
                )

    add("species", stool.names, stool.names, "abundance", stool.log2_fold, "log2 fold change")
    add("species", stool.names, stool.names, "prevalence", stool.presence, "share")
    add("serum", serum.ids, serum.names, "abundance", serum.log2_fold, "log2 fold change")
    lost = round(float(stool.presence.sum()), 6)
    return {
        "kind": "cohort",
        "contrast": "als_vs_household",
        "options": dict(options),
        "richness": {"effect": lost, "unit": "species carried, patients minus others, expected"},
        "planted": planted,
    }
