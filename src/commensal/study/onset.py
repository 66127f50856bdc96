"""When disease began in whom: the interval that events or columns give for each subject."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.study.loaded import LoadedStudy


def onset_intervals(loaded: LoadedStudy) -> dict[str, tuple[float, float]]:
    """Return the earliest and latest onset of each subject that has one, from the event or columns of ``[onset]``.

    Parameters
    ----------
    loaded
        The study with its data.

    Returns
    -------
    dict
        Subject → (earliest, latest). NaN for an earliest that is not known (before the first observation); infinite for
        a latest that had not come when the subject was last seen. Exact onsets have equal ends; of several events of a
        subject the first counts. Empty where the study says one onset for all, or none.

    Examples
    --------
    >>> from pathlib import Path
    >>> from commensal.study import Onset, Study
    >>> events = pd.DataFrame({"subject": ["a", "b"], "event": ["onset"] * 2, "time": [80.0, 91.0]})
    >>> study = Study(Path("study.toml"), "mice", onset=Onset(event="onset"))
    >>> onset_intervals(LoadedStudy(study, pd.DataFrame(), {}, {}, pd.DataFrame(), events=events))
    {'a': (80.0, 80.0), 'b': (91.0, 91.0)}
    """
    onset = loaded.declared.onset
    if onset is None or onset.at is not None:
        return {}
    if onset.event is not None:
        if loaded.events is None:
            return {}
        rows = loaded.events[loaded.events["event"] == onset.event]
        exact = _numbers(rows, "time")
        low = np.where(np.isfinite(exact), exact, _numbers(rows, "earliest"))
        high = np.where(np.isfinite(exact), exact, _numbers(rows, "latest"))
    else:
        rows = loaded.samples.dropna(subset=list(onset.columns), how="all").drop_duplicates("subject")
        low, high = _numbers(rows, onset.columns[0]), _numbers(rows, onset.columns[-1])
    found: dict[str, tuple[float, float]] = {}
    for name, one, two in zip(rows["subject"].astype(str), low, high, strict=True):
        if np.isnan(one) and np.isnan(two):
            continue
        ends = (float(one), np.inf if np.isnan(two) else float(two))
        if name not in found or _first(ends) < _first(found[name]):
            found[name] = ends
    return found


def _first(ends: tuple[float, float]) -> tuple[float, float]:
    return (-np.inf if np.isnan(ends[0]) else ends[0], ends[1])


def _numbers(frame: pd.DataFrame, column: str) -> NDArray[np.float64]:
    if column not in frame.columns:
        return np.full(len(frame), np.nan)
    values = pd.to_numeric(frame[column], errors="coerce")
    return np.asarray(values.to_numpy(dtype=float, na_value=np.nan))
