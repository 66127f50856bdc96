"""Power over the size of a design: which comparisons are told, and how many units 80 % power needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.pipeline.plan_found import cells
from commensal.simulation.design_compared import compared
from commensal.study import LoadedStudy

Floats = NDArray[np.float64]
#: Power that is wanted.
WANTED = 0.8
#: What names one comparison, whatever the size of the design.
COMPARISON = ("question", "kind", "contrast", "assay", "measure", "model", "term", "of")
#: The rows of each comparison that a sentence and a curve are about.
HEADLINES = ("verdict", "joint", "abundance", "expression", "change, adjusted for baseline", "candidate", "log_rank")
#: Of a course: the terms that are told.
COURSE = ("before", "with")
#: Rates of 0 and 1 are drawn in by half a study before they are turned into normal quantiles.
HALF = 0.5


@dataclass(frozen=True, slots=True)
class Needed:
    """How many units a power needs, and its interval; None where the sizes drawn do not reach so far."""

    status: str  #: interpolated, at_smallest, not_reached, one_size
    n: float | None
    low: float | None
    high: float | None


def needed(n: Sequence[float], rate: Sequence[float], low: Sequence[float], high: Sequence[float], *,
           wanted: float = WANTED, studies: int = 100) -> Needed:  # fmt: skip
    r"""Interpolate the size at which a power is reached, between the sizes that were drawn.

    Rates are made monotone (pool adjacent violators) and joined by straight lines of :math:`\Phi^{-1}(\text{rate})`
    over
    :math:`\sqrt n`: for a test whose standard error shrinks with :math:`1/\sqrt n`, power is
    :math:`\Phi(\delta\sqrt n - z)`, a straight line there. The interval is where the upper and the lower Monte-Carlo
    limits, treated alike, cross.

    Parameters
    ----------
    n
        Sizes (k,), increasing.
    rate, low, high
        Power at each (k,), and its Monte-Carlo interval.
    wanted
        The power.
    studies
        How many were drawn at each size: rates of 0 and 1 are drawn in by half of one.

    Returns
    -------
    Needed
        ``at_smallest``: the smallest size has it already; ``not_reached``: the largest has not; ``one_size``: there is
        one size only.

    Examples
    --------
    >>> from scipy.stats import norm
    >>> n = [4, 9, 16]
    >>> rate = [float(norm.cdf(0.9 * x**0.5 - 1.96)) for x in n]
    >>> found = needed(n, rate, [r - 0.05 for r in rate], [r + 0.05 for r in rate])
    >>> found.status, round(found.n, 2), round((2.8016 / 0.9) ** 2, 2)
    ('interpolated', 9.69, 9.69)
    """
    sizes = np.asarray(n, dtype=np.float64)
    at, least, most = (_crossing(sizes, _monotone(np.asarray(one)), wanted, studies) for one in (rate, high, low))
    top = _monotone(np.asarray(rate))
    if len(sizes) == 1:
        return Needed("one_size", None, None, None)
    if top[0] >= wanted:
        return Needed("at_smallest", float(sizes[0]), None, most)
    if top[-1] < wanted:
        return Needed("not_reached", None, least, None)
    return Needed("interpolated", at, least, most)


def _crossing(n: Floats, rate: Floats, wanted: float, studies: int) -> float | None:
    """Return where a monotone curve crosses; None where it lies wholly above or below."""
    from scipy.special import ndtri

    if rate[0] >= wanted or rate[-1] < wanted:
        return None  # it lies wholly on one side
    edge = min(HALF / studies, (1 - wanted) / 2)  # few studies: still beyond the power that is wanted
    z, root = ndtri(np.clip(rate, edge, 1 - edge)), np.sqrt(n)
    i = int(np.flatnonzero(rate >= wanted)[0])
    share = (float(ndtri(wanted)) - z[i - 1]) / (z[i] - z[i - 1])
    return float((root[i - 1] + min(max(share, 0.0), 1.0) * (root[i] - root[i - 1])) ** 2)


def _monotone(rate: Floats) -> Floats:
    """Pool adjacent violators: the nearest curve (least squares) that never falls."""
    blocks: list[tuple[float, int]] = []
    for one in rate.tolist():
        value, count = float(one), 1
        while blocks and blocks[-1][0] > value:
            other, more = blocks.pop()
            value, count = (value * count + other * more) / (count + more), count + more
        blocks.append((value, count))
    return np.concatenate([np.full(count, value) for value, count in blocks])


def with_sizes(figures: pd.DataFrame, designs: Sequence[LoadedStudy]) -> pd.DataFrame:
    """Return the figures with what each comparison rests on: its units, and the subjects in its arms, not in the study.

    Adds ``unit``, ``n_unit``, ``per_side``, ``n_case``, ``n_control`` and ``n_subjects``.
    """
    known: dict[tuple[object, ...], dict[str, object]] = {}
    out = []
    for design, question, contrast, assay, term in figures[
        ["design", "question", "contrast", "assay", "term"]
    ].itertuples(index=False):
        key = (design, question, contrast, assay, term)
        if key not in known:
            loaded = designs[int(design)]
            own = compared(loaded, loaded.declared.questions[str(question)], _text(contrast), assay=_text(assay),
                           term=_text(term))  # fmt: skip
            known[key] = {
                "unit": own.unit, "n_unit": own.n_unit, "per_side": own.per_side, "n_case": own.n_case,
                "n_control": own.n_control, "n_subjects": own.n_subjects,
            }  # fmt: skip
        out.append(known[key])
    sizes = pd.DataFrame(out, index=figures.index)
    return pd.concat([figures.iloc[:, :2], sizes, figures.iloc[:, 2:]], axis=1)


def _text(value: object) -> str | None:
    return None if value is None or pd.isna(value) else str(value)  # type: ignore[call-overload]


def headlines(figures: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that a summary shows: verdicts of outcomes, features as a whole, what cannot be reached."""
    model, term = figures["model"].astype("string"), figures["term"].astype("string").fillna("")
    own = model.isin(HEADLINES).fillna(False) & ~((figures["kind"] == "course") & ~term.isin(COURSE))
    own &= ~((model == "candidate").fillna(False) & (figures["measure"] != "falls and rises"))
    own &= ~term.isin(["unmatched", "at time"])
    where = ["question", "contrast", "assay"]
    keys = pd.Series(list(map(tuple, figures[where].astype("string").fillna("").to_numpy())), index=figures.index)
    terms = set(zip(keys, term, strict=True))
    # pairs of the same household first: what lies between households is told only where there are none
    own &= ~((term == "between") & pd.Series([(key, "within") in terms for key in keys], index=figures.index))
    joint = set(keys[(model == "joint").fillna(False)])
    own &= ~((model == "abundance").fillna(False) & keys.isin(joint))
    outcome = figures["measure"].astype("string").fillna("")
    judged = set(zip(keys, outcome, term, strict=True)) & set(
        zip(keys[own & (model == "verdict")], outcome[own & (model == "verdict")], term[own & (model == "verdict")],
            strict=True)
    )  # fmt: skip
    told = pd.Series([key in judged for key in zip(keys, outcome, term, strict=True)], index=figures.index)
    own &= ~((model == "log_rank").fillna(False) & told)
    return figures[own | (figures["of"] == "nothing")]


def curves(figures: pd.DataFrame, along: str | None = None) -> pd.DataFrame:
    """Return the points of each comparison's curve: power and false rate over the units of inference.

    Parameters
    ----------
    figures
        As `with_sizes` returns them.
    along
        The grown unit, where subjects were grown inside of their cages: then the axis counts these.

    Returns
    -------
    pandas.DataFrame
        The rows of `headlines` with ``n`` (place on the axis), ``axis`` (what it counts, singular) and ``series``
        (other units that were grown); one row per place, size of the effects and series.
    """
    shown = headlines(figures).copy()
    fixed = shown.groupby(list(COMPARISON), dropna=False)["n_unit"].transform("nunique") == 1
    inside = fixed if along == "subject" else pd.Series(False, index=shown.index)
    people = shown["kind"].eq("cohort")
    smaller = shown[["n_case", "n_control"]].min(axis=1)
    shown["n"] = np.where(inside, smaller, shown["n_unit"]).astype(float)
    shown["axis"] = np.where(inside, np.where(people, "person", "animal"), shown["unit"].to_numpy(object))
    shown["per_side"] = shown["per_side"].astype(bool) | inside
    parts = shown["grown"].str.split(", ")
    shown["series"] = ["" if len(own) < 2 else ", ".join(own[1:]) for own in parts]
    keys = [*COMPARISON, "size", "series", "n"]
    order = shown.sort_values("design", kind="stable")
    return order.drop_duplicates(keys).sort_index()


def needs(points: pd.DataFrame, *, declared: int = 0) -> pd.DataFrame:
    """Return how many units each comparison needs for 80 % power, for each size of its effects.

    Parameters
    ----------
    points
        As `curves` returns them.
    declared
        Which design is the declared one.

    Returns
    -------
    pandas.DataFrame
        A row per comparison, size of the effects and series: ``status`` (`interpolated`, `at_smallest`, `not_reached`,
        `one_size`, `not_planted`, `unreachable`), ``needed`` with ``needed_low`` and ``needed_high``, ``axis``,
        ``per_side``, ``n_least`` and ``n_most`` (sizes drawn), the declared design's power (``rate``, ``low``,
        ``high``, ``n``, ``n_case``, ``n_control``) and its false rate (``false_rate``, ``false_low``, ``false_high``).
    """
    out = []
    by = [*COMPARISON, "series"]
    for key, own in points.groupby(by, dropna=False, sort=False):
        named = dict(zip(by, (None if pd.isna(one) else one for one in cells(key)), strict=True))
        null = own[own["size"] == 0]
        false = _declared(null, declared)
        for size, unsorted in own[own["size"] > 0].groupby("size", sort=False):
            rows = unsorted.sort_values("n", kind="stable")
            here = _declared(rows, declared)
            found = _need(rows)
            out.append(named | {
                "size": size, "status": found.status, "needed": found.n, "needed_low": found.low,
                "needed_high": found.high, "axis": rows["axis"].iloc[0], "per_side": bool(rows["per_side"].iloc[0]),
                "n_least": rows["n"].min(), "n_most": rows["n"].max(), "rate_most": rows["rate"].iloc[-1],
                **{name: here[name] for name in ("grown", "rate", "low", "high", "n", "n_case", "n_control", "reach")},
                "why": here["status"], "floor": here["floor"], "false_rate": false.get("rate"),
                "false_low": false.get("low"), "false_high": false.get("high"), "studies": here["studies"],
            })  # fmt: skip
    return pd.DataFrame(out)


def _declared(rows: pd.DataFrame, declared: int) -> Mapping[str, object]:
    if rows.empty:
        return {}
    same = rows[rows["design"] == declared]
    return {str(name): value for name, value in (same if len(same) else rows).iloc[0].items()}


def _need(rows: pd.DataFrame) -> Needed:
    if (rows["reach"] == 0).all():
        return Needed("unreachable", None, None, None)
    if not (rows["says"] == "power").any():
        return Needed("not_planted", None, None, None)
    return needed(rows["n"].tolist(), rows["rate"].tolist(), rows["low"].tolist(), rows["high"].tolist(),
                  studies=int(rows["studies"].iloc[0]))  # fmt: skip


__all__ = ["COMPARISON", "WANTED", "Needed", "curves", "headlines", "needed", "needs", "with_sizes"]
