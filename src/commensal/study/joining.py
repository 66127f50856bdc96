"""Tables to samples: one row per specimen with everything known about it and its subject."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from commensal.errors import StudyFileError, TableError, listing, nearest
from commensal.study.cells import Origin, declared_cells
from commensal.study.declared import ROLES, Study
from commensal.study.identity import nest
from commensal.study.ids import check_ids, nothing_in_common
from commensal.study.variables import typed_frame


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """The tables of people, animals and specimens, typed and joined."""

    samples: pd.DataFrame  #: index = sample id
    subjects: pd.DataFrame  #: index = subject; columns constant per subject
    raw: dict[str, pd.Series[Any]] = field(default_factory=dict)
    unused_subjects: tuple[str, ...] = ()
    unlisted_subjects: tuple[str, ...] = ()


def sample_frame(declared: Study, frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Join the declared tables to one row per specimen.

    Parameters
    ----------
    declared
        The study file.
    frames
        Table name → its cells as in the file, row i being line i + 2; ``attrs["file"]`` names the file in messages.
        Tables of several files are stacked first with `stack`.

    Returns
    -------
    pandas.DataFrame
        Index = sample id, in the file's order; ``subject``, ``specimen``, ``role``, then every other column under its
        declared name, recoded and typed.

    Raises
    ------
    TableError
        Ids missing, repeated or with blanks; cells that break their declaration; tables with no subject in common.
    StudyFileError
        A declared variable, level or column that does not occur.
    """
    return join_tables(declared, frames).samples


def join_tables(declared: Study, frames: Mapping[str, pd.DataFrame]) -> Joined:
    """Join the samples and subjects tables and give nested units their identity."""
    samples = _samples(declared, frames)
    raw: dict[str, pd.Series[Any]] = {}
    # Subjects first: the other tables are joined by who a subject is, not by what it is called in its cage.
    nest(declared, samples, raw, ["subject"])
    _check_subject_nesting(declared, samples, raw)
    own = pd.Series(samples.index, samples.index, dtype="string")
    samples["subject"] = samples["subject"].where(samples["role"] == "sample", samples["subject"].fillna(own))
    unused: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()
    listed = None
    if "subjects" in frames:
        listed = _subjects(declared, frames["subjects"], samples.columns)
        samples = _with_subjects(declared, samples, listed)
        here, there = dict.fromkeys(samples["subject"]), set(listed.index)
        unused = tuple(name for name in listed.index if name not in here)
        # pooled controls and blanks are nobody's: no row of a subject is asked for
        who = dict.fromkeys(samples.loc[samples["role"] == "sample", "subject"])
        unlisted = tuple(name for name in who if name not in there)
    _check_declared(declared, samples, frames)
    nest(declared, samples, raw)
    subjects = _constant_per_subject(samples)
    if listed is not None and unused:
        everyone = pd.Index([*subjects.index, *unused], name="subject", dtype=object)
        extended = {
            name: subjects[name].reindex(everyone).fillna(listed[name].reindex(everyone))
            if name in listed.columns
            else subjects[name].reindex(everyone)
            for name in subjects.columns
        }
        subjects = pd.DataFrame(extended, index=everyone)
    return Joined(samples, subjects, raw, unused, unlisted)


def _samples(declared: Study, frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    table = declared.tables["samples"]
    if "samples" not in frames:
        raise TableError("the samples table was not read", where=f"{declared.path.name}, [tables.samples]")
    cells, origin = declared_cells(declared, table, frames["samples"])
    if "sample" not in cells.columns:
        raise _no_column(declared, "tables.samples", "sample", cells, "sample")
    check_ids(list(cells["sample"]), origin, "sample", missing=table.missing)
    frame = typed_frame(declared, table, cells, origin)
    ids = list(cells["sample"])
    if "subject" not in frame.columns:
        frame["subject"] = pd.Series(ids, dtype="string")
    if "specimen" not in frame.columns:
        known = {assay.specimen for assay in declared.assays.values()} - {None}
        only = next(iter(known)) if len(known) == 1 else None
        frame["specimen"] = pd.Series([only] * len(frame), dtype="string")
    frame["role"] = (
        frame["role"].fillna("sample") if "role" in frame.columns else pd.Series("sample", frame.index, dtype="string")
    )
    _check_roles_and_subjects(frame, ids, origin)
    first = ["subject", "specimen", "role"]
    frame = frame[first + [name for name in frame.columns if name not in (*first, "sample")]]
    frame.index = pd.Index(ids, name="sample", dtype=object)
    return frame


def _check_roles_and_subjects(frame: pd.DataFrame, ids: list[str], origin: Origin) -> None:
    file = origin.file
    odd = [row for row, role in enumerate(frame["role"]) if role not in ROLES]
    if odd:
        role = str(frame["role"].iloc[odd[0]])
        near = nearest(role, ROLES)
        raise TableError(
            f"unknown role {role!r}",
            where=f"{file}, {origin.lines(odd)}",
            found=listing(sorted({str(frame["role"].iloc[row]) for row in odd})),
            expected=f"one of {', '.join(ROLES)}",
            mend=(f"did you mean {near[0]!r}? " if near else "") + "Recode it in [variables.role] map",
        )
    lost = frame["subject"].isna()
    people = [
        row for row, (gone, role) in enumerate(zip(lost, frame["role"], strict=True)) if gone and role == "sample"
    ]
    if people:
        raise TableError(
            "samples without a subject",
            where=f"{file}, {origin.lines(people)}",
            found=listing(ids[row] for row in people),
            expected="the subject that each sample is from",
            mend="fill in the subjects, or give blanks and mocks their role",
        )
    # A blank is from nobody: it stands for itself.
    frame["subject"] = frame["subject"].where(~lost, pd.Series(ids, frame.index, dtype="string"))
    check_ids([str(value) for value in frame["subject"]], origin, "subject", unique=False)


def _subjects(declared: Study, frame: pd.DataFrame, elsewhere: Collection[str]) -> pd.DataFrame:
    table = declared.tables["subjects"]
    cells, origin = declared_cells(declared, table, frame)
    if "subject" not in cells.columns:
        raise _no_column(declared, "tables.subjects", "subject", cells, "subject")
    check_ids(list(cells["subject"]), origin, "subject", missing=table.missing, unique=False)
    typed = typed_frame(declared, table, cells, origin, elsewhere)
    nest(declared, typed, {}, ["subject"])
    check_ids([str(value) for value in typed["subject"]], origin, "subject")
    typed.index = pd.Index([str(value) for value in typed["subject"]], name="subject", dtype=object)
    return typed.drop(columns="subject")


def _with_subjects(declared: Study, samples: pd.DataFrame, listed: pd.DataFrame) -> pd.DataFrame:
    people = [str(value) for value in samples["subject"]]
    if not set(people) & set(listed.index):
        raise nothing_in_common(
            f"{declared.path.name}, [tables.subjects]",
            list(dict.fromkeys(people)),
            "subjects of the samples table",
            list(listed.index),
            "the subjects table",
        )
    beside = listed.reindex(people)
    beside.index = samples.index
    known = pd.Series([name in set(listed.index) for name in people], index=samples.index)
    for name in [column for column in listed.columns if column in samples.columns]:
        ours, theirs = samples[name], beside[name]
        differ = (
            known & ours.notna() & theirs.notna() & (ours.astype("string") != theirs.astype("string")).fillna(False)
        )
        if differ.any():
            sample = str(differ.idxmax())
            raise TableError(
                f"{name!r} is in both tables and they disagree",
                where=f"{declared.path.name}, [tables.subjects]",
                found=f"sample {sample}: {ours[sample]} among the samples, {theirs[sample]} among the subjects"
                f" ({int(differ.sum())} samples disagree)",
                expected="one value, or two names",
                mend=f'rename one of them, for example columns = {{ {name}_of_subject = "{name}" }}',
            )
        samples[name] = ours.where(ours.notna(), theirs)
    return samples.join(beside[[column for column in listed.columns if column not in samples.columns]])


def _no_column(declared: Study, section: str, name: str, cells: pd.DataFrame, word: str) -> TableError:
    near = nearest(word, cells.columns) or [cells.columns[0]]
    return TableError(
        f"no column {name!r}",
        where=f"{declared.path.name}, [{section}] columns",
        found=listing(cells.columns, 12),
        expected=f"a column {name!r}, or the name that this file has for it",
        mend=f'for example columns = {{ {name} = "{near[0]}" }}',
    )


def _check_declared(declared: Study, samples: pd.DataFrame, frames: Mapping[str, pd.DataFrame]) -> None:
    """Refuse names of the study file that are not columns of the joined samples."""
    elsewhere: set[str] = set()
    for name in ("phenotypes", "events"):
        if name in frames:
            elsewhere |= {str(column) for column in frames[name].columns} | set(declared.tables[name].columns)
    wanted: list[tuple[str, str, str]] = []
    for name, variable in declared.variables.items():
        if name not in elsewhere:
            wanted.append((f"variables.{name}", "", name))
        wanted += [(f"variables.{name}", "nested_in", outer) for outer in variable.nested_in]
    for name, contrast in declared.contrasts.items():
        wanted.append((f"contrasts.{name}", "column", contrast.column))
        wanted += [(f"contrasts.{name}", "where", column) for column in contrast.where]
    for name, question in declared.questions.items():
        wanted += [(f"questions.{name}", "block", column) for column in question.block]
        wanted += [(f"questions.{name}", "covariates", column) for column in question.covariates]
        roles = ("by", "dose", "concurrent", "washout")
        wanted += [(f"questions.{name}", key, str(getattr(question, key))) for key in roles if getattr(question, key)]
        wanted += [(f"questions.{name}", "facility", question.facility)] if question.facility else []
    wanted += [(f"load.{name}", "column", load.column) for name, load in declared.load.items()]
    wanted += [(f"events.{name}", "column", event.column) for name, event in declared.events.items() if event.column]
    if declared.onset:
        wanted += [("onset", "column", column) for column in declared.onset.columns]
    for section, key, column in wanted:
        if column not in samples.columns:
            near = nearest(column, map(str, samples.columns))
            raise StudyFileError(
                f"no column {column!r} in the tables",
                where=f"{declared.path.name}, [{section}] {key}".rstrip(),
                found=listing(samples.columns, 20),
                expected=f"a column {column!r}",
                mend=f"did you mean {near[0]!r}?" if near else "correct the name, or map it in columns",
            )


def _check_subject_nesting(declared: Study, samples: pd.DataFrame, raw: Mapping[str, Any]) -> None:
    variable = declared.variables.get("subject")
    if variable is not None and variable.nested_in and "subject" not in raw:
        raise StudyFileError(
            "the units around a subject are columns of the samples table",
            where=f"{declared.path.name}, [variables.subject] nested_in",
            found=listing(samples.columns, 20),
            expected=f"{', '.join(variable.nested_in)} among them: other tables are joined by the subject's identity",
            mend="add the columns to the samples table",
        )
    lost = samples.index[samples["subject"].isna() & (samples["role"] == "sample")]
    if len(lost):
        raise TableError(
            "samples without a subject",
            where=f"{declared.path.name}, [variables.subject] nested_in",
            found=f"a unit around the subject is missing for {listing(lost)}",
            expected=f"{', '.join(variable.nested_in) if variable else 'a subject'} of each sample",
            mend="fill in the cells",
        )


def _constant_per_subject(samples: pd.DataFrame) -> pd.DataFrame:
    own = samples[samples["role"] == "sample"].drop(columns=["role", "specimen"])
    grouped = own.groupby("subject", sort=False)
    counts = grouped.nunique()
    first = grouped.first()[[name for name in counts.columns if (counts[name] <= 1).all()]]
    first.index = pd.Index([str(name) for name in first.index], name="subject", dtype=object)
    return first
