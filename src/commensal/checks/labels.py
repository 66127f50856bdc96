"""Labels that stand for several units: cages called ``1`` in every arm, one name for several animals."""

from __future__ import annotations

from collections.abc import Iterator

from commensal.checks.units import Unit, is_counter, quoted, text
from commensal.checks.words import CROWD, SEX, has_part, singular
from commensal.errors import listing
from commensal.study import LoadedStudy
from commensal.tables import Finding


def reused_labels(loaded: LoadedStudy, units: tuple[Unit, ...]) -> Iterator[Finding]:
    """Cages that are called ``1`` in every arm: which they truly are, and how many."""
    measured = {name for match in loaded.matches.values() for name in match.matched}
    held = loaded.samples.index.isin(list(measured))
    for unit in units:
        if not unit.arms:
            continue
        raw, labels = unit.raw[held], unit.labels[held]
        recurring = labels.groupby(raw).nunique()
        recurring = recurring[recurring > 1]
        if recurring.empty:
            continue
        counts = {
            "labels": float(raw.nunique()),
            "units": float(labels.nunique()),
            "labels_reused": float(len(recurring)),
            "most_subjects_per_label": float(unit.most),
        }
        across = " × ".join(unit.arms)
        message = (
            f"the {unit.one} labels {listing(recurring.index)} recur in several levels of {across}: "
            f"{raw.nunique()} labels stand for {singular(labels.nunique(), unit.one, unit.many)} with data "
            f"({across} × {unit.column})."
        )
        yield _reuse_finding(unit, message, counts)


def _reuse_finding(unit: Unit, message: str, counts: dict[str, float]) -> Finding:
    if not unit.inferred:
        return Finding(
            "labels_reused",
            "note",
            f"samples, column {unit.column}",
            message,
            f"nothing needed: nested_in = [{quoted(unit.declared)}] tells them apart",
            counts=counts,
        )
    crowd = CROWD.get(unit.one, 0)
    if crowd and unit.most > crowd:
        message += (
            f" Taken as they stand, one {unit.one} would hold {unit.most} subjects (at most {crowd} live together)."
        )
    return Finding(
        "labels_reused",
        "warning",
        f"samples, column {unit.column}",
        message + f" Here each {unit.one} is counted within its arm.",
        f"add [variables.{unit.column}] nested_in = [{quoted(unit.declared + unit.inferred)}], or give every "
        f"{unit.one} a label of its own",
        counts=counts,
    )


def perhaps_reused(loaded: LoadedStudy, units: tuple[Unit, ...], arms: tuple[str, ...]) -> Iterator[Finding]:
    """Bare counters that stand in several arms but could still be one cage: ask."""
    for unit in units:
        if unit.family != "housing" or unit.declared or unit.inferred:
            continue
        if not all(is_counter(label, bare=True) for label in unit.raw.dropna()):
            continue
        for arm in arms:
            across = text(loaded.samples[arm]).groupby(unit.raw).nunique()
            across = across[across > 1]
            if len(across) < 2:
                continue
            yield Finding(
                "labels_perhaps_reused",
                "note",
                f"samples, column {unit.column}",
                f"the {unit.one} labels {listing(across.index)} stand in several levels of {arm}. They are read as "
                f"{unit.many} that hold several levels of {arm}.",
                f'if each level had {unit.many} of its own, add [variables.{unit.column}] nested_in = ["{arm}"]',
                counts={"labels_reused": float(len(across))},
            )
            break


def subject_labels(loaded: LoadedStudy, units: tuple[Unit, ...]) -> Iterator[Finding]:
    """Subjects that would live in two cages or have two sexes: a label used for several animals."""
    subject = loaded.samples["subject"]
    columns = {name: text(loaded.samples[name]) for name in loaded.samples.columns if has_part(name, SEX)}
    columns |= {unit.column: unit.labels for unit in units if unit.one in ("litter", "dam", "cage")}
    for name, labels in columns.items():
        several = labels.groupby(subject).nunique()
        several = several[several > 1]
        if several.empty or name == "subject":
            continue
        yield Finding(
            "subject_in_several",
            "error" if has_part(name, SEX) else "warning",
            f"samples, column {name}",
            f"more than one {name} for {singular(len(several), 'subject')} ({listing(several.index)}): either "
            "the label "
            "stands for several subjects, or the column is mistyped.",
            'give every subject a label of its own, or add [variables.subject] nested_in = ["…"]',
            counts={"subjects": float(len(several))},
        )
