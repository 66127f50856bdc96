"""Everything read put together: samples joined, assays matched to them by exact ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

import pandas as pd

from commensal.errors import StudyFileError, TableError, listing, nearest
from commensal.study.cells import declared_cells
from commensal.study.declared import Study
from commensal.study.events import derived_events
from commensal.study.identity import nest
from commensal.study.ids import check_ids, nothing_in_common
from commensal.study.joining import join_tables
from commensal.study.loaded import AssayTable, Dropped, LoadedStudy, Match
from commensal.study.variables import typed_frame


def assemble(declared: Study, frames: Mapping[str, pd.DataFrame], assays: Mapping[str, AssayTable]) -> LoadedStudy:
    """Join the tables and match the assays to the samples.

    Parameters
    ----------
    declared
        The study file.
    frames
        Table name → its cells, as for `sample_frame`.
    assays
        Assay name → its table. Declared assays that are not given are simply not loaded.

    Returns
    -------
    LoadedStudy
        Ids that are on one side only are counted and named in ``matches`` and ``dropped``.

    Raises
    ------
    TableError, StudyFileError
        As `sample_frame`; and an assay none of whose ids is a sample.
    """
    joined = join_tables(declared, frames)
    dropped: list[Dropped] = []
    matches = {}
    for name, table in assays.items():
        matches[name], lost = _match(declared, joined.samples, table)
        dropped += [*table.dropped, *lost]
    others = {}
    people = {*map(str, joined.samples["subject"]), *map(str, joined.subjects.index), *joined.unused_subjects}
    for name in ("phenotypes", "events"):
        if name in frames:
            others[name], lost = _of_subjects(declared, name, frames[name], people, joined.samples.columns)
            dropped += lost
    derived = derived_events(declared, joined.samples)
    if derived is not None:
        others["events"] = pd.concat([others["events"], derived], ignore_index=True) if "events" in others else derived
    _check_outcomes(declared, joined.samples, others)
    return LoadedStudy(
        declared=declared,
        samples=joined.samples,
        assays=dict(assays),
        matches=matches,
        subjects=joined.subjects,
        phenotypes=others.get("phenotypes"),
        events=others.get("events"),
        raw=joined.raw,
        unused_subjects=joined.unused_subjects,
        unlisted_subjects=joined.unlisted_subjects,
        dropped=tuple(dropped),
    )


def _match(declared: Study, samples: pd.DataFrame, table: AssayTable) -> tuple[Match, list[Dropped]]:
    name, assay = table.name, table.assay
    file = assay.file or assay.files or name
    twice = sorted(sample for sample, n in Counter(table.samples).items() if n > 1)
    if twice:
        raise TableError("the same sample id twice", where=file, found=listing(twice), expected="each sample id once")
    specimen = samples["specimen"]
    # A row whose specimen is not said may hold data of any.
    right = pd.Series(True, samples.index) if assay.specimen is None else (specimen == assay.specimen) | specimen.isna()
    fitting = [str(sample) for sample in samples.index[right.fillna(True).to_numpy(bool)]]
    here, there = set(fitting), set(table.samples)
    matched = tuple(sample for sample in fitting if sample in there)
    if not matched:
        note = "" if not there & set(samples.index) else f" with specimen {assay.specimen!r}"
        raise nothing_in_common(
            f"{declared.path.name}, [assays.{name}] ({file})",
            list(table.samples),
            f"assay {name}",
            fitting,
            "the samples table",
            note,
        )
    role = samples["role"].to_dict()
    without = tuple(s for s in fitting if s not in there and role[s] == "sample")
    extra = tuple(s for s in table.samples if s not in here)
    where = f"assay {name}"
    dropped = [Dropped("sample", where, sample, "in the samples table, without data here") for sample in without]
    for sample in extra:
        reason = "data without a row in the samples table"
        if sample in role:
            reason = f"its specimen is {specimen[sample]}, this assay's {assay.specimen}"
        dropped.append(Dropped("sample", where, sample, reason))
    return Match(name, matched, without, extra), dropped


def _of_subjects(
    declared: Study, name: str, frame: pd.DataFrame, people: set[str], elsewhere: Collection[str]
) -> tuple[pd.DataFrame, list[Dropped]]:
    """Read phenotypes or events: rows of subjects; rows of unknown subjects are left out and named."""
    table = declared.tables[name]
    cells, origin = declared_cells(declared, table, frame)
    forms = {
        "phenotypes": [["subject"]],
        "events": [["subject", "event", "time"], ["subject", "event", "earliest", "latest"]],
    }
    columns = list(map(str, cells.columns))
    if not any(set(form) <= set(columns) for form in forms[name]):
        lacking = next(column for column in forms[name][0] if column not in columns)
        near = nearest(lacking, columns)
        raise TableError(
            f"no column {lacking!r}",
            where=f"{declared.path.name}, [tables.{name}] columns",
            found=listing(columns, 12),
            expected=" or ".join(", ".join(form) for form in forms[name]),
            mend=f'for example columns = {{ {lacking} = "{near[0] if near else "…"}" }}',
        )
    check_ids(list(cells["subject"]), origin, "subject", missing=table.missing, unique=False)
    typed = typed_frame(declared, table, cells, origin, elsewhere)
    nest(declared, typed, {}, ["subject"])
    known = typed["subject"].isin(list(people)).to_numpy(bool)
    if not known.any():
        listed = list(dict.fromkeys(map(str, typed["subject"])))
        nested = declared.variables["subject"].nested_in if "subject" in declared.variables else ()
        mend = f"give the table the columns {', '.join(nested)} too: they say which subject it is" if nested else ""
        raise nothing_in_common(
            f"{declared.path.name}, [tables.{name}]",
            listed,
            f"the {name} table",
            sorted(people),
            "the subjects",
            mend=mend,
        )
    strangers = dict.fromkeys(map(str, typed.loc[~known, "subject"]))
    lost = [
        Dropped("subject", f"table {name}", subject, "neither among the samples nor the subjects")
        for subject in strangers
    ]
    return typed[known].reset_index(drop=True), lost


def _check_outcomes(declared: Study, samples: pd.DataFrame, others: Mapping[str, pd.DataFrame]) -> None:
    """Refuse measures and events that no table has, once a table is there that should have them."""
    phenotypes, events = others.get("phenotypes"), others.get("events")
    columns = set(map(str, samples.columns)) | (set(map(str, phenotypes.columns)) if phenotypes is not None else set())
    long = phenotypes is not None and {"measure", "value"} <= columns
    if phenotypes is not None and long:
        columns |= {str(value) for value in phenotypes["measure"].dropna()}
    for measure in declared.measures.values():
        name = measure.column or measure.name
        if name not in columns:
            near = nearest(name, columns)
            raise StudyFileError(
                f"measure {name!r} is in no table",
                where=f"{declared.path.name}, [measures.{measure.name}]" + (" column" if measure.column else ""),
                found=listing(sorted(columns), 20),
                expected="a column of the samples or phenotypes, or a value of phenotypes' `measure` column",
                mend=f"did you mean {near[0]!r}?" if near else "correct the name, or give its column",
            )
    onset = declared.onset
    if onset and onset.event and events is not None and onset.event not in declared.events:
        present = {str(value) for value in events["event"].dropna()}
        if onset.event not in present:
            near = nearest(onset.event, present)
            raise StudyFileError(
                f"event {onset.event!r} does not occur",
                where=f"{declared.path.name}, [onset] event",
                found=listing(sorted(present)),
                expected=f"{onset.event!r} among them",
                mend=f"did you mean {near[0]!r}?" if near else "correct the name",
            )
