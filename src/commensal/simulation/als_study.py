"""The study file of the simulated model study: all seven questions, so that their answers join into claims."""

from __future__ import annotations

import json
from collections.abc import Iterator

from commensal.simulation.als_plan import BYSTANDER, MEDIATOR, MUTANT, AlsPlan
from commensal.simulation.animal_plan import (
    ANTIBIOTICS,
    DISEASED,
    HEALTHY,
    SALINE,
    START,
    TOP_DOSE,
    VEHICLE,
    WATER,
)
from commensal.simulation.animal_study import measure_section, section

_HEAD = f"""\
# The model study, simulated: every number is invented, and truth.json says what was planted.

[study]
name = "simulated-als"
title = "Gut microbes, one molecule and an ALS-like disease: mice, and patients beside those they live with (simulated)"
time_unit = "day"

[design]                                       # what a reviewer asks; "unknown" is an answer, silence is a finding
randomised = "cage"                            # mice; people are observed
blinded = @BLINDED@
exclusions = "none"
primary = ["@PRIMARY@", "survival"]            # chosen before looking: claims are about these

[tables.samples]                               # one row per tube, of mice and of people; pooled controls are role qc
file = "samples.tsv"
columns = {{ time = "day" }}

[tables.subjects]                              # one row per mouse and per person
file = "subjects.tsv"
columns = {{ disease = "group" }}

[tables.phenotypes]                            # motor scores of mice, visits of patients
file = "phenotypes.tsv"
columns = {{ time = "day" }}

[tables.events]                                # mice: seen between two looks, or on a day
file = "events.tsv"

[variables.genotype]
type = "category"
reference = "{HEALTHY}"

[variables.arm]
type = "category"
reference = "{WATER}"

[variables.cage]
type = "category"
nested_in = ["genotype", "arm"]                # cage 1 of every group is a cage of its own

[variables.sex]
type = "category"
reference = "F"

[variables.ms_batch]                           # of the mass spectrometer
type = "category"
reference = "b1"

[variables.disease]
type = "category"
reference = "household member"

[variables.relation]
type = "category"
reference = "self"

[variables.age]
type = "number"
unit = "years"

[variables.fibre]
type = "number"
unit = "g/day"

[events.symptom_onset]
rule = "first of two looks in a row with tremor; animals are looked at once a week"

[events.death]
rule = "no righting within 15 s: killed on that day"
competing = ["found_dead"]
margin = 7                                     # fewer days of life do not matter

[events.found_dead]
rule = "found dead without an end point"

[onset]
event = "symptom_onset"

[assays.mouse_taxa]
kind = "taxa"
file = "mouse_taxa.tsv"
value = "counts"
specimen = "stool"
tree = "mouse_tree.nwk"
features = {{ columns = ["family", "phylum"] }}

[load.stool]                                   # without it, shares cannot say "fell"
kind = "qpcr"
column = "copies_per_g"

[assays.mouse_serum]
kind = "metabolites"
file = "mouse_serum.tsv"
value = "intensity"
specimen = "serum"
zero = "below_detection"                       # a 0 is a molecule not seen, not an amount of nothing
features = {{ file = "molecules.tsv", id = "id", label = "name" }}

[assays.mouse_csf]                             # of the same mice
kind = "metabolites"
file = "mouse_csf.tsv"
value = "intensity"
specimen = "CSF"
zero = "below_detection"
features = {{ file = "molecules.tsv", id = "id", label = "name" }}

[assays.cord]
kind = "transcripts"
file = "cord.tsv"
value = "counts"
specimen = "spinal cord"

[assays.people_species]
kind = "taxa"
file = "people_species.tsv"
value = "counts"
specimen = "human stool"
tree = "people_tree.nwk"
features = {{ columns = ["family", "phylum"] }}

[assays.people_genes]                          # also split by species (K00278|Akkermansia muciniphila)
kind = "genes"
file = "people_genes.tsv"
value = "absolute"
unit = "copies per genome"
specimen = "human stool"
features = {{ columns = ["name"] }}

[assays.people_serum]
kind = "metabolites"
file = "people_serum.tsv"
value = "intensity"
specimen = "human serum"
zero = "below_detection"
features = {{ file = "people_molecules.tsv", id = "id", label = "name" }}

[assays.people_csf]                            # a targeted panel
kind = "metabolites"
file = "people_csf.tsv"
value = "concentration"
unit = "nmol/L"
specimen = "human CSF"
zero = "below_detection"

[genomes]                                      # what each strain's genome carries: beside the claims, in no p
file = "genomes.tsv"

[measures.alsfrs]                              # of patients: 48 is full function
better = "higher"
kind = "score"
unit = "point"
"""


def als_study_text(plan: AlsPlan, reads: str = "") -> str:
    """Return the study file; ``reads`` is the section of an assay of reads, if there is one."""
    outcomes = plan.outcomes
    blinded = [*(one.name for one in outcomes), "mouse_serum", "mouse_csf", "people_species", "people_serum"]
    head = _HEAD.replace("@BLINDED@", json.dumps(blinded)).replace("@PRIMARY@", outcomes[0].name)
    measures = (measure_section(one) for one in outcomes)
    return "\n".join([head + reads, *measures, *_contrasts(plan), *_mice(plan), _people(plan)])


def given_arms(plan: AlsPlan) -> list[str]:
    """Return the arms that are given a strain, the mutant last."""
    return [*plan.strain_names, *([MUTANT] if plan.mutant else [])]


def _contrasts(plan: AlsPlan) -> Iterator[str]:
    yield section("contrasts.microbes_removed", column="arm", case=ANTIBIOTICS, control=WATER)
    yield (
        section(
            "contrasts.microbes_removed_in_disease", column="arm", case=ANTIBIOTICS, control=WATER
        )
        + f'where = {{ genotype = "{DISEASED}" }}\n'
    )  # fmt: skip
    yield (
        section("contrasts.genotype", column="genotype", case=DISEASED, control=HEALTHY)
        + f'where = {{ arm = "{WATER}" }}\n'
    )
    yield section("contrasts.strains", column="arm", case=given_arms(plan), control=VEHICLE)
    yield section("contrasts.infusion", column="arm", case=[one.arm for one in plan.infused], control=SALINE)
    top = f"{MEDIATOR} {TOP_DOSE:g}"
    yield section("contrasts.molecule", column="arm", case=top, control=SALINE)
    yield section("contrasts.als_vs_household", column="disease", case="ALS", control="household member")
    yield section("contrasts.als_vs_neurological", column="disease", case="ALS", control="neurological control")


def _mice(plan: AlsPlan) -> Iterator[str]:
    block = ["cage"]
    measures = [one.name for one in plan.outcomes]
    followed = {
        "measures": measures, "block": block, "covariates": ["sex"], "events": ["death"], "baseline": START,
    }  # fmt: skip
    yield section(
        "questions.depletion", "does removing the microbes change the disease, and only in the diseased?",
        kind="depletion", contrast="microbes_removed", assays=["mouse_taxa"], by="genotype", **followed,
    )  # fmt: skip
    yield (
        section(
            "questions.course", "what differs before the disease shows, and what as it runs?",
            kind="course", contrast="genotype", assays=["mouse_taxa"], margin=1.0, block=block, facility="facility",
        )
        + f'severity = {{ measure = "{measures[0]}", at = "nearest" }}\n'
    )  # fmt: skip
    given = ", ".join(f'"{name}" = "{name}"' for name in plan.strain_names)
    if plan.mutant:
        given += f', "{MUTANT}" = "{plan.strain_names[0]}"'
    yield (
        section(
            "questions.screen", "which single strains help, which harm?",
            kind="screen", contrast="strains", assays=["mouse_taxa"], washout="washout", **followed,
        )
        + f"strains = {{ {given} }}\n"
    )  # fmt: skip
    same = ", ".join(f'"{name}" = "{name}"' for name in given_arms(plan))
    yield (
        section(
            "questions.mediators", "through which molecule?",
            kind="mediators", contrast="microbes_removed_in_disease", supplements="strains",
            assays=["mouse_serum", "mouse_csf"], block=block, covariates=["ms_batch"], measures=measures[:1],
        )
        + f"genomes = {{ {same} }}\n"
        + (f'mutants = {{ "{MUTANT}" = "{plan.strain_names[0]}" }}\n' if plan.mutant else "")
    )  # fmt: skip
    gives = f'"{MEDIATOR} {TOP_DOSE:g}" = "{MEDIATOR}", "{BYSTANDER} {TOP_DOSE:g}" = "{BYSTANDER}"'
    yield (
        section(
            "questions.rescue", "does the molecule itself help? the highest dose speaks for it",
            kind="rescue", contrast="infusion", assays=["mouse_taxa"], **followed,
        )
        + f"gives = {{ {gives} }}\n"
    )  # fmt: skip
    yield section(
        "questions.host", "what does the tissue do, and does the molecule take the disease back?",
        kind="host", contrast="molecule", assays=["cord"], sets="sets.gmt", reverses="genotype", block=block,
    )  # fmt: skip


def _people(plan: AlsPlan) -> str:
    return (
        section(
            "questions.patients", "does it hold in people?",
            kind="cohort", contrast="als_vs_household",
            assays=["people_species", "people_serum", "people_genes", "people_csf"], block=["household"],
            covariates=["age", "sex"], targeted=[MEDIATOR], permutations=999 if plan.small else None,
        )
        + 'controls = { "human CSF" = "als_vs_neurological" }     # nobody\'s relatives give cerebrospinal fluid\n'
        + 'severity = { measure = "alsfrs", at = "nearest" }\n'
        + 'producers = { taxa = "people_species", molecules = ["people_serum"] }\n'
    )  # fmt: skip
