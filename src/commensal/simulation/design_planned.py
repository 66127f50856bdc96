"""A design without tables: subjects as a study file plans them, and usual parameters of what is measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from commensal.simulation.design_assays import BASES, AssayModel
from commensal.simulation.design_fit import BLOCK_SHARE, SUBJECT_SHARE, Features, Integers
from commensal.study import Assay, AssayTable, Event, Planned, Study, Table

#: Features of a table where the study file does not say how many.
FEATURES = 100
#: Half of the controls have had an event after this share of the follow-up, where the study file does not say when.
HALF_BY = 0.8
#: Shape of the times of events.
SHAPE = 4.0
#: Follow-up where no group says how long, in the study's unit of time.
FOLLOWED = 100.0
#: kind → mean and SD over features of the natural logarithm, SD of one value, and the share that has a feature.
USUAL: Mapping[str, tuple[float, float, float, float]] = {
    "taxa": (0.0, 1.8, 1.2, 0.8),
    "genes": (0.0, 1.0, 0.6, 1.0),
    "pathways": (0.0, 1.0, 0.5, 1.0),
    "metabolites": (11.0, 1.5, 0.6, 0.97),
    "transcripts": (0.0, 1.6, 0.4, 1.0),
}
#: log depth of counts, mean and SD.
DEPTH = {"taxa": (float(np.log(2e4)), 0.3), "transcripts": (float(np.log(5e6)), 0.25)}
SAMPLES = Table("samples", ("[planned]",))


def planned_frames(study: Study) -> tuple[Study, dict[str, pd.DataFrame]]:
    """Return the tables of a design that is planned, and the study file as if it named them.

    Every subject has the specimens of all assays (or of those its group names) at each time; measures lie in the
    phenotypes, without values; times of events are where quantiles of the expected ones lie. A covariate that no group
    has is spread over the subjects: levels in turn, numbers as 50 ± 10.
    """
    subjects, samples, phenotypes, events = [], [], [], []
    specimens = dict.fromkeys(assay.specimen or "sample" for assay in study.assays.values())
    for group in study.planned.values():
        for subject, unit in _members(group):
            own = {"subject": subject, **group.columns, **unit}
            subjects.append(own)
            for kind in group.specimens or specimens:
                for time in group.sampled_at or (None,):
                    when = "" if time is None else f"-{time:g}"
                    samples.append({"sample": f"{subject}-{kind}{when}", **own, "specimen": kind}
                                   | ({} if time is None else {"time": time}))  # fmt: skip
            for time in group.measured_at or (None,):
                phenotypes.append({"subject": subject} | ({} if time is None else {"time": time}))
            events.append((subject, group.followed))
    listed = _spread(study, pd.DataFrame(samples), [str(one["subject"]) for one in subjects])
    frames = {"samples": listed}
    if study.measures:
        frames["phenotypes"] = pd.DataFrame(phenotypes)
        for measure in study.measures.values():
            frames["phenotypes"][measure.column or measure.name] = np.nan
    declared = [one for one in study.events.values() if one.column is None]
    if declared:
        frames["events"] = _events(declared, events)
    tables = {name: Table(name, (f"[planned] {name}",)) for name in frames}
    assays = {name: replace(assay, specimen=assay.specimen or "sample") for name, assay in study.assays.items()}
    return replace(study, tables=tables, assays=assays, reads={}), frames


def _members(group: Planned) -> list[tuple[str, dict[str, str]]]:
    units = group.units
    if units is None:
        return [(f"{group.name} {i + 1}", {}) for i in range(group.each)]
    column, n = units
    stem = f"{group.name} " if column == "cage" else "h"
    return [
        (f"{group.name} {u * group.each + i + 1}", {column: f"{stem}{u + 1}"})
        for u in range(n)
        for i in range(group.each)
    ]


def _spread(study: Study, samples: pd.DataFrame, subjects: Sequence[str]) -> pd.DataFrame:
    """Give covariates and other columns that nobody planned, and measured loads."""
    rng = np.random.default_rng(len(subjects))
    asked = [name for question in study.questions.values() for name in question.covariates]
    asked += [one for question in study.questions.values()
              for one in (question.dose, question.washout, question.facility, question.concurrent) if one]  # fmt: skip
    place = {subject: i for i, subject in enumerate(subjects)}
    index = samples["subject"].map(place).to_numpy()
    for name in dict.fromkeys(asked):
        if name in samples:
            continue
        variable = study.variables.get(name)
        if variable is not None and variable.type == "number":
            values = np.round(rng.normal(50, 10, len(subjects)), 1).astype(object)
        else:
            levels = list(variable.levels) if variable and variable.levels else [
                (variable.reference if variable and variable.reference else "a"), "other"]  # fmt: skip
            values = np.array([levels[i % len(levels)] for i in range(len(subjects))], dtype=object)
        samples[name] = values[index]
    for load in study.load.values():
        samples[load.column] = np.exp(rng.normal(np.log(3e10), 0.5, len(samples)))
    return samples


def _events(declared: Sequence[Event], followed: Sequence[tuple[str, float | None]]) -> pd.DataFrame:
    rows = []
    known = [end for _, end in followed if end is not None]
    longest = max(known, default=FOLLOWED)
    for event in declared:
        rare = any(event.name in other.competing for other in declared)
        half = event.expected or HALF_BY * longest * (3 if rare else 1)
        scale = half / np.log(2) ** (1 / SHAPE)
        share = (np.arange(len(followed)) + 0.5) / len(followed)
        times = scale * (-np.log1p(-np.random.default_rng(1).permutation(share))) ** (1 / SHAPE)
        rows += [(subject, event.name, float(time)) for (subject, end), time in zip(followed, times, strict=True)
                 if time <= (end or longest)]  # fmt: skip
    rows += [(subject, "censored", float(end or longest)) for subject, end in followed]
    return pd.DataFrame(rows, columns=["subject", "event", "time"])


def planned_table(study: Study, assay: Assay, samples: pd.DataFrame) -> AssayTable:
    """Return a table of a planned assay without values (all 0): its samples, and features that the questions name.

    Features are those that questions speak of (strains, molecules given, targeted), then numbered ones.
    """
    named: dict[str, None] = {}
    for question in study.questions.values():
        if assay.kind == "taxa":
            named |= dict.fromkeys(question.strains.values())
        if assay.kind == "metabolites":
            named |= dict.fromkeys((*question.gives.values(), *question.targeted))
    n = max(assay.expected or FEATURES, len(named), 2)
    word = {"taxa": "taxon", "metabolites": "molecule", "pathways": "pathway"}.get(assay.kind, "gene")
    ids = [*named, *(f"{word} {i + 1}" for i in range(n - len(named)))]
    own = samples.index[(samples["specimen"] == assay.specimen).fillna(False)]
    features = pd.DataFrame({"label": ids}, index=pd.Index(ids, dtype=object))
    return AssayTable(assay, tuple(str(one) for one in own), features, np.zeros((len(own), len(ids))))


def planned_model(table: AssayTable, units: Mapping[str, Integers], seed: int = 1) -> AssayModel:
    """Return shipped parameters for a table: ordinary ones of its kind."""
    kind, value, m = table.assay.kind, table.assay.value, len(table.features)
    middle, between, sd, presence = USUAL[kind]
    rng = np.random.default_rng([seed, m])
    part = {name: SUBJECT_SHARE if name == "subject" else BLOCK_SHARE for name in units}
    if sum(part.values()) > 0.8:
        part = {name: share * 0.8 / sum(part.values()) for name, share in part.items()}
    means, spread = rng.normal(middle, between, m), np.full(m, sd)
    if value in BASES:
        means, spread = means / BASES[str(value)], spread / BASES[str(value)]
    there = np.clip(rng.normal(presence, 0.15, m), 0.3, 1.0) if presence < 1 else np.ones(m)
    depth = DEPTH.get(kind, DEPTH["taxa"]) if value == "counts" else None
    return AssayModel(
        Features(means, spread, there), part, depth, 1.0 if value == "relative" else None, kind == "transcripts",
        f"shipped parameters of {kind} (no table yet; units: usual shares)",
    )  # fmt: skip


__all__ = ["planned_frames", "planned_model", "planned_table"]
