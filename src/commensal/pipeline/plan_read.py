"""The design that a plan or a copy is of: read from its tables, or made from what the study file plans."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from commensal.errors import DesignError, listing
from commensal.pipeline.identify import identified
from commensal.pipeline.load import load_with_reads, place
from commensal.simulation.design_assays import capped
from commensal.simulation.design_planned import planned_frames, planned_table
from commensal.study import (
    READ_PARTS,
    LoadedStudy,
    Study,
    assemble,
    part_name,
    read_study,
    sample_frame,
    without_assays,
)


@dataclass(frozen=True, slots=True, eq=False)
class Drafted:
    """A design, and what a reader must know of it."""

    loaded: LoadedStudy
    planned: bool  #: whether there are no tables: nothing can be fitted to them
    told: tuple[str, ...]


def read_design(study: Path | str, data: Path | str | None = None) -> Drafted:
    """Read a design: its tables where they are there, else what ``[planned]`` says; reads have nothing to draw from.

    Raises
    ------
    CommensalError
        The study file, a table, or the groups that are planned cannot be read.
    """
    where = place(study, data)
    declared = read_study(where.study)
    if declared.planned and not any((where.root / file).is_file() for file in declared.tables["samples"].files):
        return _planned(declared)
    names = [part_name(name, part) for name in declared.reads for part in READ_PARTS]
    tables = replace(without_assays(declared, names), reads={})
    told = []
    if declared.reads:
        told.append(
            f"{listing(declared.reads)}: not planned, as reads that are not profiled have no table to draw from."
        )
    if declared.planned:
        told.append("The tables are there: the design is theirs, and [planned] is not used.")
    return Drafted(load_with_reads(tables, where.root, None)[0], False, tuple(told))


def _planned(declared: Study) -> Drafted:
    study, frames = planned_frames(declared)
    if study.onset is not None and study.onset.columns:
        raise DesignError(
            "onset lies in a column, which nobody has filled yet", where=f"{declared.path.name}, [onset] column",
            found=listing(study.onset.columns), expected="at or event, for a plan", mend="say it as `at = …` for now",
        )  # fmt: skip
    study = replace(
        study, genomes=None, questions={name: replace(one, sets=()) for name, one in study.questions.items()}
    )
    samples = sample_frame(study, frames)
    samples = samples if "specimen" in samples else samples.assign(specimen="sample")
    empty = {name: planned_table(study, assay, samples) for name, assay in study.assays.items()}
    loaded = assemble(study, frames, identified(empty))
    told = (
        "The tables are not there yet: who is in the study is as [planned] says, what is measured has usual parameters."
    )
    return Drafted(loaded, True, (told,))


def trimmed(loaded: LoadedStudy, features: int, permutations: int, seed: int) -> LoadedStudy:
    """Keep so many features and permutations; what questions speak of stays."""
    asked = loaded.declared.questions.values()
    keep = [name for one in asked for name in (*one.targeted, *one.gives.values(), *one.strains.values())]
    questions = {
        name: replace(one, permutations=min(one.permutations, permutations))
        for name, one in loaded.declared.questions.items()
    }
    assays = {name: capped(table, features, keep, seed) for name, table in loaded.assays.items()}
    return replace(loaded, assays=assays, declared=replace(loaded.declared, questions=questions))


__all__ = ["Drafted", "read_design", "trimmed"]
