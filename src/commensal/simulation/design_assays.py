"""Tables of a declared design drawn anew: counts, shares, amounts and logarithms with the old parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from commensal.simulation.design_fit import (
    BLOCK_SHARE,
    SUBJECT_SHARE,
    Features,
    Floats,
    Integers,
    fit_amounts,
    fit_counts,
    fit_logs,
    shares,
)
from commensal.study import AssayTable

#: Natural logarithm of one unit of a logarithmic scale.
BASES = {"log2": float(np.log(2)), "log10": float(np.log(10)), "ln": 1.0}
#: Rows of controls from which features are fitted; where there are fewer, all rows are.
ENOUGH = 6
#: Features that are there in this share of the samples tell how variances split between units.
COMMON = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class AssayModel:
    """How one table is drawn."""

    features: Features
    units: Mapping[str, float]  #: column of the unit → its share of the variance
    depth: tuple[float, float] | None = None  #: mean and SD of log depth, of counts
    total: float | None = None  #: what each row sums to, of shares
    gamma: bool = False  #: the rest varies like a gamma (counts are negative binomial), else log-normally
    source: str = ""  #: where the parameters are from, in words

    @property
    def sd(self) -> Floats:
        """Standard deviation (m,) of a feature's natural logarithm (of log scales: of its values)."""
        return self.features.sd


def fit_assay(
    table: AssayTable, control: NDArray[np.bool_], groups: Integers, units: Mapping[str, Integers]
) -> AssayModel:
    """Fit one table.

    Parameters
    ----------
    table
        The assay, n samples.
    control
        (n,) rows on the control side of what the study compares: features are fitted on these where there are enough.
    groups
        (n,) arms at times.
    units
        Column → code (n,) of each row's unit, outermost first.
    """
    values, value = table.values, table.assay.value
    rows = control if int(control.sum()) >= ENOUGH else np.ones(len(values), dtype=bool)
    told = "controls" if rows is control else "all samples"
    transcripts = table.assay.kind == "transcripts"
    depth = total = None
    if value == "counts":
        counts = np.nan_to_num(values)
        found, mean, sd = fit_counts(counts[rows], always=transcripts)
        if rows is control and (lost := (counts[rows] > 0).sum(axis=0) < 3).any():
            everyone, _, _ = fit_counts(counts, always=transcripts)  # of what controls lack, the others tell
            found = _mixed(found, everyone, lost)
        if transcripts:
            found = replace(found, sd=_trend(found))
        depth = (mean, sd)
        logs = np.log((counts + 0.5) / (counts.sum(axis=1, keepdims=True) + 0.5))
        seen = (counts > 0).mean(axis=0) >= COMMON
    elif value in BASES:
        found = fit_logs(values[rows])
        logs, seen = values, np.isfinite(values).all(axis=0)
    else:
        found = fit_amounts(values[rows])
        logs = np.log(np.where(values > 0, values, np.nan))
        seen = np.isfinite(logs).all(axis=0)
        sums = np.nansum(values, axis=1)
        closed = value == "relative" and sums.min() > 0 and sums.std() / sums.mean() < 0.02
        total = float(np.median(sums)) if closed else None
    part, how = _shares(logs[:, seen], groups, units)
    return AssayModel(found, part, depth, total, transcripts, f"fitted to its table ({told}; units: {how})")


def _shares(logs: Floats, groups: Integers, units: Mapping[str, Integers]) -> tuple[dict[str, float], str]:
    usual = [SUBJECT_SHARE if name == "subject" else BLOCK_SHARE for name in units]
    found, how = shares(logs, groups, list(units.values()), usual)
    return dict(zip(units, found.tolist(), strict=True)), how


def _mixed(one: Features, other: Features, at: NDArray[np.bool_]) -> Features:
    return Features(
        *(np.where(at, b, a) for a, b in ((one.mean, other.mean), (one.sd, other.sd), (one.presence, other.presence)))
    )


def _trend(found: Features) -> Floats:
    """Draw the spread of each gene halfway to that of genes with as much expression (median of 20 bins), in logs."""
    order = np.argsort(found.mean, kind="stable")
    logs = np.log(found.sd)
    trend = np.empty_like(logs)
    for part in np.array_split(order, min(20, len(order))):
        trend[part] = np.median(logs[part])
    return np.exp((logs + trend) / 2)


def scores(
    rng: np.random.Generator, n: int, m: int, units: Mapping[str, Integers], part: Mapping[str, float]
) -> tuple[Floats, float]:
    """Return the parts of units (n, m) of standard normal scores, and the share of variance left to the rest."""
    out = np.zeros((n, m))
    left = 1.0
    for name, own in units.items():
        share = part.get(name, SUBJECT_SHARE if name == "subject" else BLOCK_SHARE)
        drawn = rng.normal(size=(int(own.max(initial=0)) + 1, m))
        out += np.sqrt(share) * drawn[own]
        left -= share
    return out, max(left, 0.05)


def draw_assay(
    rng: np.random.Generator, table: AssayTable, model: AssayModel, units: Mapping[str, Integers], shift: Floats
) -> AssayTable:
    """Return the table with new values; cells that were missing stay missing.

    Parameters
    ----------
    rng
        The only source of chance; as many draws are made whatever the effects are.
    table
        The design: samples, features and which cells are missing.
    model
        How it is drawn.
    units
        Column → code (n,) of each row's unit.
    shift
        (n, m) planted changes, log2.
    """
    n, m = table.values.shape
    found, value = model.features, table.assay.value
    blocks, left = scores(rng, n, m, units, model.units)
    planted = np.log(2) * shift
    if value in BASES:
        # one unit of log2 is what is planted, whatever the base of the table
        drawn = found.mean + found.sd * (blocks + np.sqrt(left) * rng.normal(size=(n, m))) + planted / BASES[str(value)]
        return _masked(table, drawn)
    if value == "counts":
        return _masked(table, _counts(rng, model, units, (blocks, left), planted))
    logs = found.mean + found.sd * (blocks + np.sqrt(left) * rng.normal(size=(n, m))) + planted
    from scipy.special import ndtri

    if value in ("intensity", "concentration"):
        limit = found.mean + found.sd * ndtri(np.clip(1 - found.presence, 1e-9, 1 - 1e-9))
        drawn = np.where((logs < limit) & (found.presence < 1), 0.0, np.exp(logs))
        return _masked(table, drawn)
    carried, rest = scores(rng, n, m, units, model.units)
    absent = carried + np.sqrt(rest) * rng.normal(size=(n, m)) > ndtri(np.clip(found.presence, 0, 1))
    drawn = np.where(absent, 0.0, np.exp(logs))
    if model.total is not None:
        drawn = drawn * model.total / np.maximum(drawn.sum(axis=1, keepdims=True), 1e-300)
    return _masked(table, drawn)


def _counts(
    rng: np.random.Generator, model: AssayModel, units: Mapping[str, Integers], parts: tuple[Floats, float],
    planted: Floats,
) -> Floats:  # fmt: skip
    from scipy.special import ndtri

    blocks, left = parts
    n, m = planted.shape
    found = model.features
    rest = found.sd**2 * left
    if model.gamma:
        shape = 1 / np.maximum(np.expm1(rest), 1e-4)
        noise = np.log(np.maximum(rng.gamma(shape, size=(n, m)) / shape, 1e-300)) + rest / 2
    else:
        noise = np.sqrt(rest) * rng.normal(size=(n, m))
    carried, alone = scores(rng, n, m, units, model.units)
    absent = carried + np.sqrt(alone) * rng.normal(size=(n, m)) > ndtri(np.clip(found.presence, 0, 1))
    amount = np.where(absent, 0.0, np.exp(found.mean + found.sd * blocks + noise + planted))
    assert model.depth is not None
    depth = np.exp(rng.normal(*model.depth, size=n)).astype(np.int64)
    drawn = np.zeros((n, m))
    for i in range(n):
        whole = amount[i].sum()
        if whole > 0:
            drawn[i] = rng.multinomial(depth[i], amount[i] / whole)
    return drawn


def _masked(table: AssayTable, drawn: Floats) -> AssayTable:
    limits = table.limits
    if limits is not None:
        same = np.broadcast_to(np.nanmedian(np.where(np.isnan(limits).all(axis=0), 0.0, limits), axis=0), limits.shape)
        limits = np.where(np.isnan(limits), np.nan, same)
        drawn = np.where(drawn < np.nan_to_num(limits), 0.0, drawn)
    return replace(table, values=np.where(np.isnan(table.values), np.nan, drawn), limits=limits, dropped=())


def capped(table: AssayTable, most: int, keep: Sequence[str], seed: int) -> AssayTable:
    """Return the table with at most so many features, drawn at random; those of `keep` stay whatever their number.

    Parameters
    ----------
    table
        The assay.
    most
        How many features; 0: all.
    keep
        Ids and labels of features that stay.
    seed
        Which of the others stay.
    """
    m = len(table.features)
    if not most or m <= most:
        return table
    named = set(keep)
    stays = np.array([str(i) in named or str(label) in named for i, label in table.features["label"].items()])
    rest = np.random.default_rng([seed, m]).permutation(np.flatnonzero(~stays))[: max(most - int(stays.sum()), 0)]
    at = np.sort(np.r_[np.flatnonzero(stays), rest])
    limits = None if table.limits is None else table.limits[:, at]
    return replace(table, features=table.features.iloc[at], values=table.values[:, at], limits=limits)
