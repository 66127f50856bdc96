"""The files of a simulated cohort: tables as a lab keeps them, the study file, and the truth."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from commensal.cells import escaped
from commensal.errors import OutputError, UsageError
from commensal.execution import write_whole
from commensal.simulation.cohort_file import STUDY
from commensal.simulation.communities import Communities
from commensal.simulation.genes import SUPPRESSED, Genes
from commensal.simulation.molecules import Molecules
from commensal.simulation.patients import PANEL, Fluid, Visits
from commensal.simulation.people import People


@dataclass(frozen=True, slots=True)
class Drawn:
    """Everything that was drawn for a cohort."""

    people: People
    stool: Communities
    serum: Molecules
    genes: Genes
    csf: Fluid
    day: NDArray[np.int64]  #: of sampling, a day per person
    visits: Visits


def write_cohort(
    out: Path,
    drawn: Drawn,
    options: Mapping[str, object],
    covariates: Sequence[str],
) -> Path:
    """Write a drawn cohort to a folder; see `commensal.simulation.cohort`."""
    texts = cohort_tables(drawn) | {
        "truth.json": json.dumps(_truth(drawn, options), indent=1, ensure_ascii=False) + "\n",
        "study.toml": STUDY.replace("@COVARIATES@", json.dumps(list(covariates))),
    }
    return write_files(out, texts)


def cohort_tables(drawn: Drawn) -> dict[str, str]:
    """Return the tables of a drawn cohort as text, by file name."""
    people, stool, serum = drawn.people, drawn.stool, drawn.serum
    stool_ids = [f"{person}-stool" for person in people.person]
    serum_ids = [f"{person}-serum" for person in people.person]
    return {
        "samples.tsv": tsv(
            ["sample", "person", "specimen", "day"],
            [
                row
                for i, person in enumerate(people.person)
                for row in (
                    (stool_ids[i], person, "stool", str(drawn.day[i])),
                    (serum_ids[i], person, "serum", str(drawn.day[i])),
                )
            ]
            + [
                (f"{person}-csf", person, "csf", day)
                for person, day in [
                    *((people.person[i], str(drawn.day[i])) for i in drawn.csf.patients),
                    *((person, "0") for person in drawn.csf.controls),
                ]
            ],
        ),
        "people.tsv": _people(people, drawn.csf),
        "visits.tsv": tsv(
            ["person", "day", "alsfrs"],
            zip(drawn.visits.person, map(str, drawn.visits.day), map(str, drawn.visits.score), strict=True),
        ),
        "genes.tsv": _genes(drawn.genes, stool_ids),
        "csf.tsv": tsv(
            ["sample", *(name for name, _, _ in PANEL)],
            (
                (f"{person}-csf", *(f"{value:.2f}" if value else "0" for value in row))
                for person, row in zip(
                    (*(people.person[i] for i in drawn.csf.patients), *drawn.csf.controls),
                    drawn.csf.values,
                    strict=True,
                )
            ),
        ),
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
    }


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
    refuse_other_studies(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "study.toml").unlink(missing_ok=True)  # of another seed: a study that has its file is whole
        for name in sorted(texts, key="study.toml".__eq__):
            write_whole(out / name, texts[name].encode())
    except OSError as error:
        raise OutputError("the simulated study cannot be written", where=str(out), found=error) from error
    return out / "study.toml"


def refuse_other_studies(out: Path) -> None:
    """Refuse to write beside a study that is not simulated.

    Raises
    ------
    UsageError
        The folder holds one.
    """
    if (Path(out) / "study.toml").exists() and not (Path(out) / "truth.json").exists():
        raise UsageError(
            "this folder holds a study that is not simulated", where=str(out), mend="choose another folder"
        )


def tsv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table as tab-separated text in which no name is a spreadsheet's formula."""
    return "".join("\t".join(map(escaped, row)) + "\n" for row in [header, *rows])


def _people(people: People, csf: Fluid) -> str:
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
    others = (
        (person, "", "neurological control", "none", sex, f"{age:.0f}", "", "", "")
        for person, sex, age in zip(csf.controls, csf.sex, csf.age, strict=True)
    )
    return tsv(header, [*rows, *others])


def _genes(genes: Genes, samples: Sequence[str]) -> str:
    names = dict(zip(genes.ids, genes.names, strict=True))
    rows = [
        *((ko, names[ko], column) for ko, column in zip(genes.ids, genes.whole.T, strict=True)),
        *((f"{ko}|{who}", names[ko], column) for (ko, who), column in zip(genes.split, genes.parts.T, strict=True)),
    ]
    return tsv(["gene", "name", *samples], ((ko, name, *(f"{v:.4g}" for v in column)) for ko, name, column in rows))


def _truth(drawn: Drawn, options: Mapping[str, object]) -> dict[str, object]:
    """List every planted effect under the names that Estimates give it; what is not listed is null."""
    stool, serum = drawn.stool, drawn.serum
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
        "severity": {"assay": "serum", "label": "nicotinamide", "measure": "alsfrs", "r": options["severity_effect"]},
        "csf": {
            name: round(size, 6) for (name, _, _), size in zip(PANEL, drawn.csf.log2_fold.tolist(), strict=True) if size
        },
        "pathways": {SUPPRESSED: "falls with its carriers"} if stool.log2_fold.any() else {},
    }
