"""Questions about arms: margins, concurrent controls, washout, units of each arm, strains that a table has."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from commensal.checks.words import parts
from commensal.errors import CommensalError, listing, nearest
from commensal.study import LoadedStudy, Question
from commensal.study.comparing import condition_holds, texts
from commensal.tables import Finding

#: Kinds of questions whose contrasts are arms.
OF_ARMS = ("depletion", "screen", "rescue")
BATCHES = {"batch", "run", "round", "wave", "shipment"}


def of_arms(loaded: LoadedStudy) -> Iterator[Finding]:
    """Look at every question about arms as its reviewer would."""
    for question in loaded.declared.questions.values():
        if question.kind not in OF_ARMS:
            continue
        yield from _margins(loaded, question)
        yield from _strains(loaded, question)
        frame = _subjects(loaded, question)
        if frame is not None:
            yield from _units(loaded, question, frame)
            yield from _concurrent(question, frame)
            yield from _washout(question, frame)


def _subjects(loaded: LoadedStudy, question: Question) -> pd.DataFrame | None:
    """Return the contrast's subjects with their ``(arm)``, the control as ``""``; None where they cannot be told."""
    contrast = loaded.declared.contrasts[question.contrast]
    frame = loaded.subjects
    if contrast.column not in frame.columns:
        return None
    label = texts(frame[contrast.column])
    keep = label.isin([*contrast.case, *contrast.control]).to_numpy(bool)
    for name, condition in contrast.where.items():
        if name in frame.columns and name != "time":
            try:
                keep &= condition_holds(loaded, contrast, name, condition, frame[name])[0]
            except CommensalError:
                return None  # said where the contrast is read
    own = frame[keep].copy()
    own["(arm)"] = label[keep].where(label[keep].isin(contrast.case), "")
    return own


def _finding(question: Question, code: str, severity: str, message: str, mend: str, **counts: float) -> Finding:
    where = f"[questions.{question.name}]"
    return Finding(code, severity, where, message, mend, question.contrast, None, counts)  # type: ignore[arg-type]


def _margins(loaded: LoadedStudy, question: Question) -> Iterator[Finding]:
    declared = loaded.declared
    names = set(declared.design.primary or ()) - {"survival", "unknown"}
    margins = {name: one.margin for name, one in declared.measures.items()}
    margins |= {name: one.margin for name, one in declared.events.items()}
    bare = [name for name, margin in margins.items() if margin is None and (name in names or not names)]
    if bare and question.kind != "depletion":
        yield _finding(
            question,
            "no_margin",
            "note",
            f"{listing(bare)} {'have' if len(bare) > 1 else 'has'} no margin: an arm can help, harm or be "
            "inconclusive, never equivalent.",
            "declare before looking which difference would not matter: margin = … in [measures.NAME] or [events.NAME]",
            outcomes=float(len(bare)),
        )


def _strains(loaded: LoadedStudy, question: Question) -> Iterator[Finding]:
    known = {str(name) for table in loaded.assays.values() for name in table.features.index}
    lost = [feature for feature in question.strains.values() if feature not in known]
    for feature in lost:
        near = nearest(feature, known)
        yield _finding(
            question,
            "strain_not_in_table",
            "warning",
            f"no assay has the feature {feature!r} that strains names: whether it stayed cannot be said.",
            f"did you mean {near[0]!r}?" if near else "give the id that the table of taxa has for it",
        )


def _units(loaded: LoadedStudy, question: Question, frame: pd.DataFrame) -> Iterator[Finding]:
    """Name arms of one unit, for measures and events: the assays have checks of their own."""
    if not (loaded.declared.measures or loaded.declared.events) or not question.block:
        return
    unit = question.block[0]
    if unit not in frame.columns:
        return
    counts = frame.groupby("(arm)", sort=False)[unit].nunique()
    lone = [str(arm) or "the control" for arm, n in counts.items() if n == 1]
    if lone:
        yield _finding(
            question,
            "one_unit_in_arm",
            "warning",
            f"{listing(lone)} {'are' if len(lone) > 1 else 'is'} one {unit}: effects there cannot be told from the "
            f"{unit}'s own, and get no p and no verdict.",
            f"spread the arm over several levels of {unit}; in the text, say that it is one",
            arms=float(len(lone)),
        )


def _concurrent(question: Question, frame: pd.DataFrame) -> Iterator[Finding]:
    """Arms without a control of their own batch: asked for where a batch is known and not declared as concurrent."""
    named = question.concurrent
    columns = [named] if named else [str(name) for name in frame.columns if BATCHES & set(parts(str(name)))]
    for column in columns:
        if column not in frame.columns or frame[column].nunique() < 2:
            continue
        there = set(texts(frame.loc[frame["(arm)"] == "", column]).dropna())
        own = texts(frame[column]).groupby(frame["(arm)"], sort=False)
        without = [str(arm) for arm, batches in own if arm and not set(batches.dropna()) & there]
        if without:
            yield _finding(
                question,
                "no_concurrent_control",
                "warning",
                f"{listing(without)} {'have' if len(without) > 1 else 'has'} no control in the same {column}: what "
                f"differs may be the {column}.",
                "run controls in every batch; these arms have no estimate within batches"
                if named
                else f"say concurrent = {column!r}, so that arms are compared with controls of their own only",
                arms=float(len(without)),
            )
        elif not named:
            yield _finding(
                question,
                "concurrent_not_declared",
                "note",
                f"the subjects have a {column} and the question does not say concurrent: controls of all levels of "
                f"{column} are pooled.",
                f'add concurrent = "{column}" if arms were tested in different ones',
            )


def _washout(question: Question, frame: pd.DataFrame) -> Iterator[Finding]:
    if not question.washout or question.washout not in frame.columns:
        return
    values = pd.to_numeric(frame[question.washout], errors="coerce")
    means = values.groupby(frame["(arm)"], sort=False).median()
    if "" not in means or means.isna().all():
        return
    other = [str(arm) for arm, value in means.items() if arm and value != means[""]]
    if other:
        yield _finding(
            question,
            "washout_differs",
            "warning",
            f"{listing(other)} {'have' if len(other) > 1 else 'has'} another {question.washout} than the control "
            f"({means['']:g}): what differs may be what is left of the antibiotics.",
            "compare arms of the same washout, with `where` in the contrast",
            arms=float(len(other)),
        )


__all__ = ["of_arms"]
