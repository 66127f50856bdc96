"""Cultures: supernatants against the medium they grew in, for every genome and molecule that was measured."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from commensal import stats
from commensal.knowledge import Culture


def cultures(table: pd.DataFrame | None, *, level: float = 0.95) -> dict[tuple[str, str], Culture]:
    """Compare each supernatant with the medium that it grew in.

    Several measurements of one culture are averaged first: the culture is the unit. Values are compared as log2 where
    all of a molecule's are above 0, else as they are. Of several media the one with the smallest p counts, its p times
    the number of media; p are then adjusted by Benjamini and Hochberg over everything in the table.

    Parameters
    ----------
    table
        As the pipeline reads it: ``genome``, ``molecule``, ``material``, ``medium``, ``culture``, ``unit``, ``value``.
        Rows of the medium alone may have no genome: they are for all.
    level
        Of the confidence intervals.

    Returns
    -------
    dict
        (genome, molecule) → what was found; without a p the note says why.

    Examples
    --------
    >>> rows = [("YL44", "supernatant", 8.0), ("YL44", "supernatant", 9.0), ("YL44", "supernatant", 8.5)]
    >>> rows += [("", "medium", 2.0), ("", "medium", 2.2), ("", "medium", 1.9)]
    >>> frame = pd.DataFrame(rows, columns=["genome", "material", "value"])
    >>> found = cultures(frame.assign(molecule="nicotinamide", medium="M", culture="", unit="uM"))
    >>> one = found["YL44", "nicotinamide"]
    >>> round(one.effect, 2), one.unit, one.n, one.p < 0.01
    (2.06, 'log2', 6, True)
    """
    if table is None:
        return {}
    found = {}
    blank = table[(table["material"] == "medium")]
    grown = table[table["material"] == "supernatant"]
    for (genome, molecule), own in grown.groupby(["genome", "molecule"], sort=False):
        media = []
        for medium, rows in own.groupby("medium", sort=False):
            alone = blank[(blank["molecule"] == molecule) & (blank["medium"] == medium)]
            alone = alone[alone["genome"].isin([genome, ""])]
            media.append(_compared(rows, alone, str(medium), level))
        best = min(media, key=lambda one: 2.0 if one.p is None else one.p)
        p = None if best.p is None else min(1.0, best.p * len(media))
        found[str(genome), str(molecule)] = _with(best, p)
    tested = [key for key, one in found.items() if one.p is not None]
    if tested:
        q = stats.bh(np.array([found[key].p for key in tested], dtype=float), family="cultures")
        found |= {key: _with(found[key], float(value)) for key, value in zip(tested, q, strict=True)}
    return found


def _with(one: Culture, p: float | None) -> Culture:
    from dataclasses import replace

    return replace(one, p=p)


def _units(rows: pd.DataFrame) -> np.ndarray:
    """Average the measurements of each culture; rows without a culture's name stand for themselves."""
    rows = rows.dropna(subset=["value"])
    names = [str(name) or f"row {at}" for at, name in zip(rows.index, rows["culture"], strict=True)]
    return rows.groupby(names, sort=False)["value"].mean().to_numpy(dtype=float)


def _compared(rows: pd.DataFrame, alone: pd.DataFrame, medium: str, level: float) -> Culture:
    grown, blank = _units(rows), _units(alone)
    units = [unit for unit in rows["unit"] if unit]
    values = np.concatenate([grown, blank])
    logs = bool(len(values)) and bool((values > 0).all())
    unit = "log2" if logs else (units[0] if units else "units of the table")
    name = medium or "its medium"
    if not len(grown) or not len(blank):
        why = "no value of the supernatant" if not len(grown) else "the medium alone was not measured"
        return Culture(np.nan, np.nan, np.nan, None, unit, name, len(values), why)
    y = np.log2(values) if logs else values
    x = np.column_stack([np.ones(len(y)), np.arange(len(y)) < len(grown)]).astype(float)
    fit = stats.linear(y[:, None], x, [0.0, 1.0], level=level)
    status = str(fit.status[0])
    if status != "ok":
        effect = float(y[: len(grown)].mean() - y[len(grown) :].mean())
        return Culture(effect, np.nan, np.nan, None, unit, name, len(y), _WHY.get(status, status))
    return Culture(float(fit.effect[0]), float(fit.low[0]), float(fit.high[0]), float(fit.p[0]), unit, name, len(y))


_WHY: Mapping[str, str] = {
    "too_few": "too few cultures for an interval",
    "constant": "the values do not vary: no interval",
}
