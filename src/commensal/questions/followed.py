"""What was followed in the subjects of some arms: a measure's values over time, and when an event came."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.errors import DesignError, listing
from commensal.questions.arms import Arms, Floats
from commensal.study import Condition, Dropped, Event, LoadedStudy, Measure
from commensal.study.comparing import condition_holds, condition_words

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Phenotype:
    """Values of one measure, ordered by subject and time; (r,) arrays match."""

    subject: Integers  #: (r,) index into the arms' subjects
    time: Floats  #: (r,) 0 everywhere where the table has no time
    value: Floats  #: (r,)
    timed: bool  #: the table has times
    dropped: tuple[Dropped, ...] = ()  #: subjects without any value


def phenotype(arms: Arms, loaded: LoadedStudy, measure: Measure) -> Phenotype:
    """Find the values of a measure: in the phenotypes (a column, or its rows), else in the samples.

    Rows that the contrast's conditions on time leave out, rows without a value and rows of subjects in no arm are not
    among them. Several values of a subject at one time stay several.

    Raises
    ------
    DesignError
        A value beyond the measure's ceiling, values without a time beside others, no value at all, a condition on a
        column that the table does not have.
    """
    frame, column = _table(loaded, measure)
    where = f"{arms.where} × measure {measure.name}"
    for name, condition in arms.rows:
        frame = frame[_holds(arms, loaded, frame, name, condition, where)]
    index = pd.Series(np.arange(len(arms.subjects)), index=list(arms.subjects))
    value = pd.to_numeric(frame[column], errors="coerce")
    frame = frame[value.notna() & frame["subject"].isin(index.index)]
    value = value[frame.index].astype(float)
    subject = index[list(frame["subject"].astype(str))].to_numpy(np.int64)
    timed = "time" in frame.columns and pd.api.types.is_float_dtype(frame["time"].dtype)
    timed = timed and bool(frame["time"].notna().any())  # where studies are joined, the times may all be the other's
    time = frame["time"].to_numpy(np.float64) if timed else np.zeros(len(frame))
    if not len(frame):
        raise DesignError(
            f"measure {measure.name} has no value in these subjects",
            where=where,
            found=f"{len(arms.subjects)} subjects in arms, none with a number in {column!r}",
            expected="at least one value",
            mend="correct the table, or leave the measure out of the question: measures = [...]",
        )
    lost = np.isnan(time)
    if lost.any():
        raise DesignError(
            "values without a time",
            where=where,
            found=f"{int(lost.sum())} values; subjects {listing(np.array(arms.subjects, dtype=object)[subject[lost]])}",
            expected="the time of each value",
            mend="fill in the times",
        )
    numbers: Floats = np.asarray(value, dtype=np.float64)
    _within_ceiling(arms, measure, subject, numbers, where)
    numbers = _scaled(arms, measure, subject, numbers, where)
    order = np.lexsort((time, subject))
    unseen = sorted(set(range(len(arms.subjects))) - set(subject.tolist()))
    dropped = tuple(Dropped("subject", where, arms.subjects[i], "never measured (or not in this time)") for i in unseen)
    return Phenotype(subject[order], time[order], numbers[order], timed, dropped)


def _table(loaded: LoadedStudy, measure: Measure) -> tuple[pd.DataFrame, str]:
    name = measure.column or measure.name
    phenotypes = loaded.phenotypes
    if phenotypes is not None:
        if name in phenotypes.columns:
            return phenotypes, name
        if {"measure", "value"} <= set(phenotypes.columns) and (phenotypes["measure"] == name).any():
            return phenotypes[(phenotypes["measure"] == name).fillna(False)], "value"
    samples = loaded.samples[loaded.samples["role"] == "sample"].reset_index(drop=True)
    if name not in samples.columns:
        raise DesignError(
            f"measure {measure.name} is in no table",
            where=f"[measures.{measure.name}]",
            found=f"no column {name!r}",
            expected="a column of the phenotypes or samples",
        )
    # Several specimens of a subject at one time carry the same measurement.
    keys = [key for key in ("subject", "time", name) if key in samples.columns]
    return samples.drop_duplicates(keys), name


def _holds(
    arms: Arms, loaded: LoadedStudy, frame: pd.DataFrame, name: str, condition: Condition, where: str
) -> NDArray[np.bool_]:
    if name == "specimen":  # a measure has none
        return np.ones(len(frame), dtype=bool)
    if name not in frame.columns:
        raise DesignError(
            f"the condition on {name!r} cannot be judged for a measure",
            where=where,
            found=f"{name} is {condition_words(condition)}, and the measure's table has no {name!r}",
            expected="conditions on columns of the subjects, or of the measure's own table",
            mend=f"ask in a contrast of its own, without `where` {name}",
        )
    return condition_holds(loaded, arms.contrast, name, condition, frame[name])[0]


def _scaled(arms: Arms, measure: Measure, subject: Integers, value: Floats, where: str) -> Floats:
    """Return the values on the scale that is compared."""
    if measure.scale == "linear":
        return value
    raised = value if measure.floor is None else np.maximum(value, measure.floor)
    if (raised <= 0).any():
        first = int(np.flatnonzero(raised <= 0)[0])
        raise DesignError(
            f"{int((raised <= 0).sum())} values of {measure.name} have no logarithm",
            where=where,
            found=f"{value[first]:g} in subject {arms.subjects[subject[first]]}",
            expected="values above 0 on the scale log10",
            mend="give the limit of detection as floor = …: smaller values then count as it",
        )
    return np.asarray(np.log10(raised))


def _within_ceiling(arms: Arms, measure: Measure, subject: Integers, value: Floats, where: str) -> None:
    if measure.ceiling is None:
        return
    beyond = value > measure.ceiling
    if beyond.any():
        first = int(np.flatnonzero(beyond)[0])
        raise DesignError(
            f"{int(beyond.sum())} values of {measure.name} lie beyond its ceiling",
            where=where,
            found=f"{value[first]:g} in subject {arms.subjects[subject[first]]}; ceiling {measure.ceiling:g}",
            expected=f"{measure.ceiling:g} or less: where the test ends",
            mend="correct the values or the ceiling",
        )


@dataclass(frozen=True, slots=True, eq=False)
class EventTimes:
    """When an event came; (n,) arrays match the arms' subjects."""

    entry: Floats  #: (n,) under observation from here
    earliest: Floats  #: (n,) the event is after this time; exact: the same as `latest`; NaN: not followed
    latest: Floats  #: (n,) the event is at this time or before; infinite where it was not seen
    cause: NDArray[np.object_]  #: (n,) the event's name, a competing event's, or "" where follow-up ended without
    followed: NDArray[np.bool_]  #: (n,) False: no record of the subject at all
    interval: bool  #: some events are known as an interval only
    entered_late: bool  #: some subjects are under observation from a time after 0
    dropped: tuple[Dropped, ...] = ()


def event_times(arms: Arms, loaded: LoadedStudy, event: Event) -> EventTimes:
    """Find each subject's event, or until when it was followed without.

    A subject's event is its own row; else the first of the competing ones; else it is followed until the last time that
    anything is known of it: any other event (``censored``, ``sacrificed``, a later end point), or, where the events say
    nothing of it, its last measurement or sample. Entry is the column ``entry`` of the events or subjects, else 0.

    Raises
    ------
    DesignError
        A negative time, an event before entry, an interval that ends before it begins, the same event twice, nobody
        followed.
    """
    where = f"{arms.where} × event {event.name}"
    n = len(arms.subjects)
    index = pd.Series(np.arange(n), index=list(arms.subjects))
    rows = _event_rows(loaded, index)
    entry = _entries(loaded, arms, rows)
    earliest, latest = np.full(n, np.nan), np.full(n, np.inf)
    cause = np.full(n, "", dtype=object)
    seen = rows[rows["event"] == event.name]
    twice = seen["index"][seen["index"].duplicated()]
    if len(twice):
        raise _fault("the same event twice", where, arms, int(twice.iloc[0]), f"{event.name} in two rows", "one row")
    at = seen["index"].to_numpy(np.int64)
    earliest[at], latest[at] = seen["earliest"], seen["latest"].fillna(np.inf)
    came = np.isfinite(latest)
    cause[came] = event.name
    rivals = rows[rows["event"].isin(event.competing) & rows["latest"].notna()].sort_values("latest")
    for position, name, time in rivals.drop_duplicates("index")[["index", "event", "latest"]].itertuples(index=False):
        if came[position] and time < earliest[position]:
            found = f"{event.name} at {latest[position]:g}, {name} at {time:g}"
            raise _fault("an event after one that ends it", where, arms, position, found, f"no event after {name}")
        if not came[position]:
            earliest[position], latest[position], cause[position] = time, time, name
    # A row that says until when the event had not come says it best.
    open_ended = (cause == "") & np.isnan(earliest)
    earliest[open_ended] = _last_known(loaded, arms, rows, index)[open_ended]
    followed = ~np.isnan(earliest) | came
    _refuse(arms, where, entry, earliest, latest, cause, came)
    # An interval without a beginning starts where observation did.
    started = came & np.isnan(earliest)
    earliest[started] = entry[started]
    if not followed.any():
        raise DesignError(
            f"nobody was followed for event {event.name}", where=where, found="no time in any table", expected="times"
        )
    dropped = tuple(
        Dropped("subject", where, arms.subjects[i], "no time of any event, measurement or sample")
        for i in np.flatnonzero(~followed)
    )
    interval = bool((came & (latest > earliest)).any())
    return EventTimes(entry, earliest, latest, cause, followed, interval, bool((entry > 0).any()), dropped)


def _event_rows(loaded: LoadedStudy, index: pd.Series[int]) -> pd.DataFrame:
    """Return the events of these subjects: index, event, earliest, latest (a missing latest: not seen)."""
    empty = pd.DataFrame({"index": [], "event": [], "earliest": [], "latest": [], "entry": []})
    if loaded.events is None:
        return empty
    own = loaded.events[loaded.events["subject"].isin(index.index)]
    if not len(own):
        return empty
    missing = pd.Series(np.nan, own.index)
    exact = own.get("time", missing).astype(float)
    earliest = exact.fillna(own.get("earliest", missing).astype(float))
    latest = exact.fillna(own.get("latest", missing).astype(float))
    return pd.DataFrame(
        {
            "index": index[list(own["subject"].astype(str))].to_numpy(np.int64),
            "event": own["event"].astype(str).to_numpy(object),
            "earliest": earliest.to_numpy(float),
            "latest": latest.to_numpy(float),
            "entry": own.get("entry", missing).astype(float).to_numpy(float),
        }
    )


def _entries(loaded: LoadedStudy, arms: Arms, rows: pd.DataFrame) -> Floats:
    entry = np.zeros(len(arms.subjects))
    subjects = loaded.subjects
    if "entry" in subjects.columns and pd.api.types.is_float_dtype(subjects["entry"].dtype):
        entry = subjects.loc[list(arms.subjects), "entry"].fillna(0.0).to_numpy(np.float64).copy()
    own = rows.dropna(subset=["entry"]).groupby("index")["entry"].max()
    entry[own.index.to_numpy(np.int64)] = own.to_numpy(float)
    return entry


def _last_known(loaded: LoadedStudy, arms: Arms, rows: pd.DataFrame, index: pd.Series[int]) -> Floats:
    """Return the last time at which anything is known of each subject, NaN where nothing is."""
    last = np.full(len(arms.subjects), np.nan)
    frames = [frame for frame in (loaded.phenotypes, loaded.samples) if frame is not None and "time" in frame.columns]
    for frame in frames:
        own = frame[frame["subject"].isin(index.index)]
        if pd.api.types.is_float_dtype(own["time"].dtype):
            latest = own.groupby("subject")["time"].max().dropna()
            at = index[list(map(str, latest.index))].to_numpy(np.int64)
            last[at] = np.fmax(last[at], latest.to_numpy(float))
    told = rows[["latest", "earliest"]].max(axis=1).groupby(rows["index"]).max().dropna()
    # The events table knows best: an animal is measured no longer than it lives, and may be sampled after its end.
    last[told.index.to_numpy(np.int64)] = told.to_numpy(float)
    return last


def _refuse(
    arms: Arms,
    where: str,
    entry: Floats,
    earliest: Floats,
    latest: Floats,
    cause: NDArray[np.object_],
    came: NDArray[np.bool_],
) -> None:
    ends = np.where(np.isfinite(latest), latest, earliest)
    faults = (
        (np.fmin(earliest, latest) < 0, "a negative time", "times from 0 on"),
        (came & (earliest > latest), "an interval that ends before it begins", "earliest ≤ latest"),
        (entry < 0, "a negative entry", "entry from 0 on"),
        ((cause != "") & (ends <= entry) & (entry > 0), "an event before entry", "entry before the event"),
        (ends < entry, "follow-up that ends before entry", "entry before the end"),
    )
    for wrong, what, expected in faults:
        if wrong.any():
            i = int(np.flatnonzero(wrong)[0])
            found = f"entry {entry[i]:g}, earliest {earliest[i]:g}, latest {latest[i]:g}"
            raise _fault(what, where, arms, i, found, expected, int(wrong.sum()))


def _fault(what: str, where: str, arms: Arms, i: int, found: str, expected: str, n: int = 1) -> DesignError:
    return DesignError(
        what,
        where=where,
        found=f"subject {arms.subjects[i]}: {found}" + (f" ({n} subjects in all)" if n > 1 else ""),
        expected=expected,
        mend="correct the tables",
    )


__all__ = ["EventTimes", "Phenotype", "event_times", "phenotype"]
