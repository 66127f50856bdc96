"""Events derived from samples: the first time a column is true, as an interval."""

from __future__ import annotations

import numpy as np
import pandas as pd

from commensal.errors import StudyFileError
from commensal.study.declared import Study


def derived_events(declared: Study, samples: pd.DataFrame) -> pd.DataFrame | None:
    """Derive the declared events that name a column of the samples.

    Parameters
    ----------
    declared
        The study file; its events with a ``column`` are looked at.
    samples
        The joined samples, with ``subject`` and ``time``.

    Returns
    -------
    pandas.DataFrame or None
        One row per subject and event: ``subject``, ``event``, ``earliest`` (the last time at which the column was
        false; missing when the first known value is true already), ``latest`` (the first time at which it was true;
        missing when it never was: the event is then censored at ``earliest``). Subjects without a known value have no
        row. None when no event is derived.

    Raises
    ------
    StudyFileError
        There is no time, or the column is not boolean.
    """
    parts = []
    for event in declared.events.values():
        if event.column is None:
            continue
        where = f"{declared.path.name}, [events.{event.name}] column"
        if "time" not in samples.columns or not pd.api.types.is_float_dtype(samples["time"].dtype):
            raise StudyFileError(
                "an event from samples needs their time",
                where=where,
                found="no column `time` of numbers",
                expected="the time of each sample",
                mend='map it: [tables.samples] columns = { time = "…" }',
            )
        if not pd.api.types.is_bool_dtype(samples[event.column].dtype):
            raise StudyFileError(
                "an event is derived from a column of true and false",
                where=where,
                found=f"{event.column!r} holds other values",
                expected="a boolean",
                mend=f'declare [variables.{event.column}] type = "boolean"',
            )
        known = samples[["subject", "time", event.column]].dropna().sort_values("time", kind="stable")
        for subject, rows in known.groupby("subject", sort=False):
            happened = rows[event.column].to_numpy(bool)
            times = rows["time"].to_numpy(float)
            first = int(happened.argmax()) if happened.any() else len(times)
            parts.append(
                {
                    "subject": str(subject),
                    "event": event.name,
                    "earliest": times[first - 1] if first else np.nan,
                    "latest": times[first] if first < len(times) else np.nan,
                }
            )
    if not parts:
        return None
    return pd.DataFrame(parts).astype({"subject": "string", "event": "string"})
