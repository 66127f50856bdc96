"""From values below limits to effects, p and statuses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from commensal.stats._left_design import Part, Patterns, cells_of, parts
from commensal.stats._left_profile import Line, Solved
from commensal.stats._left_search import maximum, mills
from commensal.stats._left_units import Units, scatter
from commensal.stats.fits import Array, Counts, Mask, Texts

Fields = dict[str, Any]
#: Values above their limits, of those compared, below which there is nothing to compare.
FEWEST = 3
#: A standard error this many times σ: the estimate runs off.
ENDLESS = 40.0
#: 1/σ of scaled values beyond which nothing is left to estimate σ from.
PERFECT = 1e7
#: Share of the compared values below their limits above which the likelihood's own shape is asked for the far bound.
LEANS = 0.2
WITH_P = ("ok", "boundary")
RUN_OFF = "all of one side lies below the limit of detection: effect and bound say at least how far"


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Columns (n, k), contrasts (c, k), confidence level, and the units where rows share any."""

    x: Array
    contrasts: Array
    level: float
    units: Units | None


def answered(y: Array, below: Mask, limits: Array, ask: Asked) -> list[Fields]:
    """Fields of UnitFit of each contrast, for y (n, m) of which some are below limits (n, m)."""
    patterns = Patterns.found(ask.x)
    out = [_blank(y, ask.units) for _ in ask.contrasts]
    present = ~np.isnan(y)
    for part in parts(patterns, present):
        if not part.here.any():
            continue
        if not part.basis.shape[1]:
            for row in out:
                row["status"][part.features], row["note"][part.features] = "rank_deficient", "every column is 0"
            continue
        places = part.features
        rows = part.here[patterns.of]
        local = (np.cumsum(part.here) - 1)[patterns.of[rows]]
        at = np.ix_(rows, places)
        with np.errstate(all="ignore"):
            solved = _solved(part, (y[at], below[at], limits[at]), local, ask, rows)
            for row, contrast in zip(out, ask.contrasts, strict=True):
                for name, own in _one(solved, contrast, ask).items():
                    row[name][places] = own
    for row in out:
        count = np.asarray(row["n"])
        told = np.isin(row["status"], ("ok", "boundary", "below_detection"))
        words = [
            f"{int(k)} of {n} values below the limit of detection"
            for k, n in zip(below.sum(axis=0), count, strict=True)
        ]
        row["note"] = np.array([f"{a}; {b}" if a and t else (b if t else a)
                                for a, b, t in zip(row["note"], words, told, strict=True)], dtype=object)  # fmt: skip
    return out


def _blank(y: Array, units: Units | None) -> Fields:
    m, present = y.shape[1], ~np.isnan(y)
    n = present.sum(axis=0).astype(np.int64)
    names = ("effect", "se", "df", "statistic", "p", "low", "high")
    return {
        **{name: np.full(m, np.nan) for name in names},
        "status": np.full(m, "too_few", object),
        "n": n,
        "n_units": n if units is None else (units.sums(present.astype(float)) > 0).sum(axis=0).astype(np.int64),
        "note": np.full(m, "one side has no subject", object),
    }


def _solved(part: Part, given: tuple[Array, Mask, Array], local: Counts, ask: Asked, rows: Mask) -> Solved:
    y, below, limits = given
    present = ~np.isnan(y)
    n = present.sum(axis=0)
    centre = np.nanmean(y, axis=0)
    whole = np.abs(part.basis @ part.basis.sum(axis=0) - 1).max() < 1e-9
    shift = centre if whole else np.zeros_like(centre)
    scale = np.nanstd(y - shift, axis=0)
    scale = np.where(scale > 1e-12 * np.abs(centre), scale, 1.0)
    z, at = (y - shift) / scale, (limits - shift) / scale
    count = len(part.basis)
    cells = cells_of(z, below, at, local, count)
    filled = np.where(present, z - 0.5 * below, 0.0)
    one = np.zeros((count, len(local)))
    one[local, np.arange(len(local))] = 1.0
    mean = (one @ filled / np.maximum(one @ present, 1)).T
    if not part.saturated:
        mean = mean @ part.basis @ part.basis.T
    spread = np.sqrt((np.where(present, filled - mean.T[local], 0.0) ** 2).sum(axis=0) / np.maximum(n, 1))
    h = 1 / np.maximum(spread, 0.05)
    space = part.free()
    top = maximum(cells, h, mean * h[:, None], space)
    both = space.solve(top.curve.ee, top.curve.he[:, :, None])[:, :, 0]
    alone = top.curve.hh - (top.curve.he * both).sum(axis=1)
    scattered = None
    if ask.units is not None:
        eta = top.eta.T[local]
        ratio, share = mills(top.h * at - eta)
        score = np.where(below, -ratio, top.h * z - eta)
        own = replace(ask.units, codes=ask.units.codes[rows])
        scattered = scatter(own, score, np.where(below, share, 1.0), present & ~below, present)
    return Solved(part, cells, top, scale, shift, n.astype(float), alone * top.h**2 / 2, scattered)


def _one(solved: Solved, contrast: Array, ask: Asked) -> Fields:
    """Fields of one contrast: effect, se, t, p, interval, status."""
    part, m = solved.part, len(solved.n)
    if not part.estimable(contrast):
        gone = not (part.x[:, contrast != 0] != 0).any(axis=0).all()
        words = "one side has no subject" if gone else "the contrast cannot be told from the other columns"
        return {
            "status": np.full(m, "too_few" if gone else "rank_deficient", object),
            "note": np.full(m, words, object),
        }
    line = Line.of(solved, contrast)
    effect, se = line.effect()
    root = line.root()
    status, note = _statuses(line, root)
    t, df = line.t(root)
    told = np.isin(status, WITH_P)
    fields = _interval(line, (effect, se), (t, df), told, ask.level)
    note[told & (se * solved.top.h > ENDLESS)] = RUN_OFF
    for name in ("effect", "se", "low", "high"):
        fields[name] = fields[name] * solved.scale
    return {**fields, "status": status, "note": note}


def _statuses(line: Line, root: Array) -> tuple[Texts, Texts]:
    """Status and note of every feature; of several reasons the first is given."""
    solved, m = line.solved, len(root)
    status, note = np.full(m, "ok", object), np.full(m, "", object)
    crowded = np.zeros(m, bool) if solved.scatter is None else solved.scatter.room < 1
    for where, name, words in (
        (solved.n - solved.part.basis.shape[1] < 2, "too_few", "fewer than 2 residual degrees of freedom"),
        ((line.known < FEWEST) | line.aimless, "below_detection", ""),
        (crowded, "too_few", "no more groups than columns that are constant within groups"),
        (solved.top.h > PERFECT, "constant", "the values above the limit do not vary"),
        (~solved.top.settled | ~np.isfinite(root), "not_converged", "the likelihood has no settled optimum"),
    ):
        chosen = where & (status == "ok")
        status[chosen], note[chosen] = name, words
    if solved.scatter is not None:
        status[(status == "ok") & (solved.phi <= 1)] = "boundary"
    return status, note


def _interval(line: Line, estimate: tuple[Array, Array], test: tuple[Array, Array], told: Mask, level: float) -> Fields:
    """Effect, se, t, p and interval, missing where not told."""
    from scipy.special import stdtr, stdtrit

    (effect, se), (t, df), solved = estimate, test, line.solved
    endless = told & (se * solved.top.h > ENDLESS)
    se = se * np.sqrt(solved.n / solved.left * solved.phi)
    critical = np.asarray(stdtrit(df, (1 + level) / 2), dtype=float)
    # where the likelihood is flatter on the way to 0 than at its top, the interval is as wide as p says
    reach = critical * np.fmax(se, np.where(np.abs(t) > 1e-2, np.abs(effect / t), 0.0))
    low, high = effect - reach, effect + reach
    leans = np.flatnonzero(told & ~endless & (line.share > LEANS))
    if leans.size:
        away = np.where(effect[leans] < 0, -1.0, 1.0)
        step = np.abs(line.far_bound(leans, effect[leans] + away * (critical * se)[leans]))
        bound = effect[leans] + away * critical[leans] * np.fmax(se[leans], step)
        low[leans] = np.where(away < 0, bound, low[leans])
        high[leans] = np.where(away > 0, bound, high[leans])
    off = np.flatnonzero(endless)
    if off.size:
        bound, sign = line.near_bound(off, critical[off]), np.sign(t[off])
        effect, se = effect.copy(), se.copy()
        effect[off], se[off] = line.even_chance(off), np.nan
        low[off], high[off] = np.where(sign > 0, bound, np.nan), np.where(sign < 0, bound, np.nan)
    p = np.clip(2 * stdtr(df, -np.abs(t)), np.finfo(float).tiny, 1.0)
    values = {"effect": effect, "se": se, "df": df, "statistic": t, "p": p, "low": low, "high": high}
    return {name: np.where(told, one, np.nan) for name, one in values.items()}
