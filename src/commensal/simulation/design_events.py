"""Events of a declared design drawn anew: Weibull times, frailties of units, follow-up that ends as it was planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from commensal.simulation.design_assays import scores
from commensal.simulation.design_fit import BLOCK_SHARE, Floats, Integers, fit_times

#: SD of the log hazards' extreme value: what a unit's share of the variance is a share of.
LOG_SD = float(np.pi / np.sqrt(6))


@dataclass(frozen=True, slots=True)
class EventModel:
    """How the times of one event are drawn."""

    shape: float
    scale: float
    terminal: bool  #: nothing of a subject is seen after it


def fit_events(events: pd.DataFrame, terminal: frozenset[str]) -> dict[str, EventModel]:
    """Fit every event of a table (subject, event, time; or earliest and latest) with the others as censoring.

    Parameters
    ----------
    events
        As read; ``censored`` and other rows without a declaration only end a follow-up.
    terminal
        Events after which nothing is seen.
    """
    time = _times(events)
    last = time.groupby(events["subject"]).max()
    models = {}
    for name, rows in time.groupby(events["event"], sort=True):
        own = rows.groupby(events.loc[rows.index, "subject"]).min()
        came = last.index.isin(own.index)
        shape, scale = fit_times(np.where(came, own.reindex(last.index), last), came)
        models[str(name)] = EventModel(shape, scale, str(name) in terminal)
    return models


def _times(events: pd.DataFrame) -> pd.Series:
    missing = pd.Series(np.nan, events.index)
    exact = events.get("time", missing)
    middle = events[["earliest", "latest"]].mean(axis=1) if {"earliest", "latest"} <= set(events) else missing
    return exact.astype(float).fillna(middle.astype(float))


def draw_events(
    rng: np.random.Generator, subjects: list[str], models: Mapping[str, EventModel], ends: Floats,
    units: Mapping[str, Integers], log_hazard: Mapping[str, Floats],
) -> pd.DataFrame:  # fmt: skip
    """Draw the events of subjects (n,): each at a time of its own, until the first terminal one or the planned end.

    Parameters
    ----------
    rng
        The only source of chance.
    subjects
        Their ids.
    models
        Event → how it is drawn.
    ends
        (n,) until when a subject would have been followed.
    units
        Outer unit → code (n,); a unit's subjects share a frailty.
    log_hazard
        Event → (n,) planted log hazard ratio.
    """
    drawn: dict[str, Floats] = {}
    for name, model in models.items():
        blocks, _ = scores(rng, len(subjects), 1, units, dict.fromkeys(units, BLOCK_SHARE))
        hazard = np.exp(LOG_SD * blocks[:, 0] + log_hazard.get(name, np.zeros(len(subjects))))
        drawn[name] = model.scale * (rng.exponential(size=len(subjects)) / hazard) ** (1 / model.shape)
    stop = ends.copy()
    for name, model in models.items():
        if model.terminal:
            stop = np.minimum(stop, drawn[name])
    rows = []
    for i, subject in enumerate(subjects):
        own = [(name, float(time[i])) for name, time in drawn.items() if time[i] <= stop[i]]
        ended = any(models[name].terminal for name, _ in own)
        rows += [(subject, name, time) for name, time in own] + (
            [] if ended else [(subject, "censored", float(stop[i]))]
        )
    frame = pd.DataFrame(rows, columns=["subject", "event", "time"])
    return frame.astype({"subject": "string", "event": "string"})
