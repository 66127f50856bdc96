"""The study file of a simulated animal study."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from commensal.simulation.animal_files import TISSUE, Drawn
from commensal.simulation.animal_plan import (
    ANTIBIOTICS,
    DISEASED,
    GERM_FREE,
    HEALTHY,
    SALINE,
    START,
    VEHICLE,
    WATER,
    Plan,
)
from commensal.simulation.mouse_measures import OUTCOMES, Outcome

_HEAD = """\
# A study of animals, simulated: every number is invented, and truth.json says what was planted.

[study]
name = "simulated-animals"
title = "Gut microbes and an ALS-like disease in mice (simulated)"
time_unit = "day"

[design]                                       # what a reviewer asks; "unknown" is an answer, silence is a finding
randomised = "cage"                            # the unit of every comparison
blinded = @BLINDED@
exclusions = "none"
primary = ["@PRIMARY@", "survival"]

[tables.samples]                               # one row per specimen
file = "samples.tsv"
columns = { subject = "mouse", time = "day" }

[tables.subjects]                              # one row per animal
file = "mice.tsv"
columns = { subject = "mouse" }

[tables.phenotypes]                            # one row per animal and day, a column per measure
file = "phenotypes.tsv"
columns = { subject = "mouse", time = "day" }

[tables.events]                                # one row per animal and event; seen between two looks, or on a day
file = "events.tsv"
columns = { subject = "mouse" }

[variables.genotype]
type = "category"
reference = "@HEALTHY@"

[variables.arm]
type = "category"
reference = "@WATER@"

[variables.cage]
type = "category"
nested_in = ["genotype", "arm"]                # cage 1 of every group is a cage of its own

[variables.sex]
type = "category"
reference = "F"

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

[assays.taxa]
kind = "taxa"
file = "taxa.tsv"
value = "counts"
specimen = "stool"
tree = "tree.nwk"
features = { columns = ["family", "phylum"] }  # annotation columns inside the table

[load.stool]                                   # without it, shares cannot say "fell"
kind = "qpcr"
column = "copies_per_g"
"""


def study_text(drawn: Drawn) -> str:
    """Return the study file: tables, measures, contrasts and the questions that the arms allow."""
    plan = drawn.plan
    outcomes = OUTCOMES[: plan.measures]
    head = _HEAD.replace("@BLINDED@", json.dumps([one.name for one in outcomes]))
    head = head.replace("@PRIMARY@", outcomes[0].name).replace("@HEALTHY@", HEALTHY).replace("@WATER@", WATER)
    parts = [head, *_assays(drawn), *(measure_section(one) for one in outcomes), *_contrasts(plan), *_questions(drawn)]
    return "\n".join(parts)


def _assays(drawn: Drawn) -> Iterator[str]:
    for fluid in drawn.fluids.values if drawn.fluids is not None else ():
        yield (
            section(
                f"assays.{fluid.lower()}",
                kind="metabolites",
                file=f"{fluid.lower()}.tsv",
                value="intensity",
                specimen=fluid,
            )
            + 'features = { file = "molecules.tsv", id = "id", label = "name" }\n'
        )
    if drawn.tissue is not None:
        yield section("assays.cord", kind="transcripts", file="cord.tsv", value="counts", specimen=TISSUE)


def measure_section(one: Outcome) -> str:
    """Write the section of a measure."""
    return section(
        f"measures.{one.name}",
        kind=one.kind,
        better=one.better,
        unit=one.unit,
        ceiling=one.ceiling,
        margin=one.margin,
    )


def _contrasts(plan: Plan) -> Iterator[str]:
    removed = [ANTIBIOTICS, GERM_FREE] if plan.germ_free else ANTIBIOTICS
    yield section("contrasts.microbes_removed", column="arm", case=removed, control=WATER)
    yield (
        section("contrasts.disease", column="genotype", case=DISEASED, control=HEALTHY)
        + f'where = {{ arm = "{WATER}" }}\n'
    )
    if plan.strains:
        yield section("contrasts.strains", column="arm", case=plan.strain_names, control=VEHICLE)
    if plan.doses:
        yield section("contrasts.infusion", column="arm", case=plan.infusions, control=SALINE)


def _questions(drawn: Drawn) -> Iterator[str]:
    plan = drawn.plan
    molecules = [fluid.lower() for fluid in drawn.fluids.values] if drawn.fluids is not None else []
    block = ["cage"]
    followed = {"block": block, "covariates": ["sex"], "events": ["symptom_onset", "death"], "baseline": START}
    yield section(
        "questions.depletion",
        "does removing the microbes change the disease, and only in the diseased?",
        kind="depletion",
        contrast="microbes_removed",
        assays=["taxa", *molecules],
        by="genotype",
        **followed,
    )
    course = {"facility": "facility"} if plan.facilities > 1 else {}
    yield (
        section(
            "questions.course",
            "what differs before the disease shows, and what as it runs?",
            kind="course",
            contrast="disease",
            assays=["taxa"],
            margin=1.0,
            block=block,
            **course,
        )
        + f'severity = {{ measure = "{OUTCOMES[0].name}", at = "nearest" }}\n'
    )
    if plan.strains:
        given = ", ".join(f'"{name}" = "{name}"' for name in plan.strain_names)
        yield (
            section(
                "questions.screen",
                "which single strains help, which harm?",
                kind="screen",
                contrast="strains",
                assays=["taxa"],
                washout="washout",
                **followed,
            )
            + f"strains = {{ {given} }}\n"
        )
    if plan.doses:
        yield section(
            "questions.rescue",
            "does the molecule itself help?",
            kind="rescue",
            contrast="infusion",
            assays=molecules or ["taxa"],
            dose="dose",
            **followed,
        )
    if plan.doses and drawn.tissue is not None:
        yield section(
            "questions.host",
            "what does the tissue do, and does the molecule take the disease back?",
            kind="host",
            contrast="infusion",
            assays=["cord"],
            sets="sets.gmt",
            reverses="disease",
            block=block,
        )


def section(name: str, comment: str = "", **keys: object) -> str:
    """Write a section of TOML, without the keys that are None."""
    head = f"[{name}]"
    lines = [f"{head:46} # {comment}" if comment else head]
    lines += [f"{key} = {_value(value)}" for key, value in keys.items() if value is not None]
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, Sequence):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)
