"""Questions about mediators: which animals gave which fluid, names that meet, genomes, drugs, and what came first."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from commensal.checks.context import asked_of
from commensal.errors import listing, nearest
from commensal.study import LoadedStudy, Question
from commensal.study.comparing import texts
from commensal.tables import Finding

#: Share of the smaller table's molecules that must be in the other one too.
SHARED = 0.2


def of_mediators(loaded: LoadedStudy) -> Iterator[Finding]:
    """Look at every question about mediators as its reviewer would."""
    for question in loaded.declared.questions.values():
        if question.kind != "mediators":
            continue
        names = [name for name in question.assays or asked_of(question.kind, loaded) if name in loaded.assays]
        yield from _kinds(loaded, question, names)
        yield from _genomes(loaded, question)
        yield from _names(loaded, question, names)
        yield from _drugs(loaded, question, names)
        yield from _animals(loaded, question, names)
        yield from _order(loaded, question, names)


def _finding(question: Question, code: str, severity: str, message: str, mend: str, **counts: float) -> Finding:
    where = f"[questions.{question.name}]"
    return Finding(code, severity, where, message, mend, question.contrast, None, counts)  # type: ignore[arg-type]


def _kinds(loaded: LoadedStudy, question: Question, names: list[str]) -> Iterator[Finding]:
    other = [name for name in names if loaded.assays[name].assay.kind != "metabolites"]
    if other or not names:
        yield _finding(
            question,
            "mediators_of_other_kinds",
            "error" if not names else "warning",
            f"{listing(other)} {'hold' if len(other) > 1 else 'holds'} no molecules."
            if other
            else "no table holds molecules: there is nothing that could mediate.",
            'name the tables of molecules: assays = [...], each with kind = "metabolites"',
        )


def _genomes(loaded: LoadedStudy, question: Question) -> Iterator[Finding]:
    """Strain arms whose genome is not named, and genomes that the study does not have."""
    given = [arm for arm in loaded.declared.contrasts[str(question.supplements)].case if arm not in question.mutants]
    bare = [arm for arm in given if arm not in question.genomes]
    if bare:
        yield _finding(
            question,
            "strain_without_genome",
            "note",
            f"no genome is named for {listing(bare)}: whether these strains can make a molecule is not shown.",
            'name it, where you have one: genomes = { "ARM" = "GENOME" }',
            arms=float(len(bare)),
        )
    known = loaded.genomes
    lost = [name for name in question.genomes.values() if known and name not in known]
    for name in lost:
        near = nearest(name, known or ())
        yield _finding(
            question,
            "genome_not_in_study",
            "warning",
            f"the study has no genome {name!r}: what its strain can make is not shown.",
            f"did you mean {near[0]!r}?" if near else "add it to [genomes], or correct the name",
        )


def _keys(loaded: LoadedStudy, name: str) -> pd.Series:
    features = loaded.assays[name].features
    label = features["label"].astype("string").str.casefold()
    return features["compound"].astype("string").fillna(label) if "compound" in features else label


def _names(loaded: LoadedStudy, question: Question, names: list[str]) -> Iterator[Finding]:
    """Molecules that share a name within a table, and tables whose names do not meet."""
    keys = {name: _keys(loaded, name) for name in names}
    for name, key in keys.items():
        twice = key[key.duplicated(keep=False)].dropna()
        if len(twice):
            yield _finding(
                question,
                "molecules_share_a_name",
                "note",
                f"in {name}, {len(twice)} features share {twice.nunique()} names ({listing(list(twice.unique()), 3)}): "
                "each is a molecule of its own, matched to other tables by its id only.",
                "keep one feature per molecule (exclude = [...]), or give them names of their own",
                features=float(len(twice)),
            )
    sets = {name: set(key.dropna()) for name, key in keys.items()}
    specimens = {name: loaded.assays[name].assay.specimen for name in names}
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            if specimens[one] == specimens[other] or not sets[one] or not sets[other]:
                continue
            both, least = len(sets[one] & sets[other]), min(len(sets[one]), len(sets[other]))
            if both < SHARED * least:
                yield _finding(
                    question,
                    "few_shared_molecules",
                    "warning",
                    f"{one} and {other} share {both} of {least} molecules by name: a molecule that one of them lacks "
                    "has a line that was not measured, and cannot be a candidate.",
                    "give both tables the same names (features = { label = ... }), or ask of one of them",
                    shared=float(both),
                )


def _drugs(loaded: LoadedStudy, question: Question, names: list[str]) -> Iterator[Finding]:
    columns = ("exogenous", "compound")  # a known compound is known to be a drug or not
    tables = [loaded.assays[name].features for name in names]
    told = any(one[column].notna().any() for one in tables for column in columns if column in one)
    if names and not told:
        yield _finding(
            question,
            "drugs_not_told",
            "note",
            "no table says which molecules are drugs or other exogenous compounds: antibiotics that are measured "
            "change where they are given.",
            "add a column `exogenous` to the annotation of features: why it is none of the body's, else empty",
        )


def _subjects(loaded: LoadedStudy, question: Question, name: str) -> dict[str, set[str]]:
    """Return the subjects with data of each arm, by its name in either contrast."""
    frame = loaded.samples.loc[list(loaded.matches[name].matched)]
    frame = frame[frame["role"] == "sample"]
    out: dict[str, set[str]] = {}
    for key in filter(None, (question.contrast, question.supplements)):
        contrast = loaded.declared.contrasts[key]
        if contrast.column not in frame.columns:
            continue
        label = texts(frame[contrast.column]).fillna("")
        for arm in contrast.case:
            out[arm] = set(frame.loc[(label == arm).to_numpy(bool), "subject"].astype(str))
    return out


def _animals(loaded: LoadedStudy, question: Question, names: list[str]) -> Iterator[Finding]:
    """Whether the specimens come from the same animals: they are one line then, else lines of their own."""
    found = {name: _subjects(loaded, question, name) for name in names}
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            if loaded.assays[one].assay.specimen == loaded.assays[other].assay.specimen:
                continue
            first, second = ({s for own in found[name].values() for s in own} for name in (one, other))
            both = len(first & second)
            if not first or not second or both == len(first) == len(second):
                continue
            apart = both == 0
            message = (
                f"{one} and {other} come from different animals ({len(first)} and {len(second)}): they are lines of "
                "their own."
                if apart
                else f"{one} has {len(first)} animals of the arms, {other} {len(second)}, and {both} gave both: they "
                "count as one line, with the larger p."
            )
            yield _finding(
                question,
                "specimens_of_different_animals",
                "note",
                message,
                "nothing needed, if that is how it was",
                both=float(both),
            )


def _order(loaded: LoadedStudy, question: Question, names: list[str]) -> Iterator[Finding]:
    """Say beforehand where mediation will be refused: the molecules were not measured before the outcome."""
    measures = question.measures or tuple(loaded.declared.measures)
    frame = loaded.phenotypes
    if not measures or not names:
        return
    if frame is None or "time" not in frame or "time" not in loaded.samples:
        yield _no_order(question, "molecules and measures have no times")
        return
    last = frame.groupby(frame["subject"].astype(str))["time"].max()
    for name in names:
        samples = loaded.samples.loc[list(loaded.matches[name].matched)]
        first = samples.groupby(samples["subject"].astype(str))["time"].min()
        after = last.reindex(first.index)
        if not (after > first).any():
            yield _no_order(question, f"no animal has a measure later than its molecules in {name}")


def _no_order(question: Question, why: str) -> Finding:
    return _finding(
        question,
        "mediator_not_before_outcome",
        "note",
        f"{why}: whether a strain acts on a measure through a molecule cannot be said.",
        "measure the molecules in living animals, before the outcome; candidates are found without it",
    )


__all__ = ["of_mediators"]
