"""Mediation: does a strain act on a measure through a candidate molecule? Only where the molecule came first.

Units are what the strains were given to: with cages in arms the means of cages. See `commensal.stats.mediation`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commensal import stats
from commensal.errors import DesignError
from commensal.questions.answer import Refused
from commensal.questions.arms import Arms, Floats, Mask
from commensal.questions.candidates import DIRECTIONS, Candidates
from commensal.questions.ends import asked_measures
from commensal.questions.measured import measured, words
from commensal.questions.mediator_lines import Molecules
from commensal.questions.mediator_rows import MINUS
from commensal.questions.molecule_levels import Levels, design
from commensal.study import LoadedStudy, Question
from commensal.tables import ALL

MEDIATION = "mediation"
#: So many candidates of the best ranks are asked of at least, and so many at most.
FEWEST, MOST = 5, 25
Row = dict[str, object]


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Animals with molecules and, later, a measure; or the means of their units."""

    arms: Arms
    log2: Floats  #: (n, m)
    outcome: Floats  #: (n,)
    below: Mask  #: (m,) whether some value lies below detection
    time: float
    unit: str  #: of the measure


def chosen(found: Candidates) -> list[tuple[int, int]]:
    """Return (block, molecule) of the candidates that are asked of: all selected, at least `FEWEST`, the best first.

    Only those whose rank says that a strain moves them at all: their number is fixed, so that nothing is chosen by
    what the measures show.
    """
    order = np.argsort(np.where(np.isnan(found.rank), np.inf, found.rank).ravel(), kind="stable")
    most = min(MOST, max(FEWEST, int(found.selected.sum())), int((~np.isnan(found.rank)).sum()))
    return [divmod(int(at), found.rank.shape[1]) for at in order[:most]]


def mediation_rows(
    loaded: LoadedStudy, question: Question, given: Sequence[Levels], found: Candidates, union: Molecules
) -> tuple[list[Row], list[Refused]]:
    """Return a row per candidate, table and measure; one row with its status where the order does not allow it."""
    rows: list[Row] = []
    refused: list[Refused] = []
    asked = chosen(found)
    for levels in given:
        for name in asked_measures(loaded, question):
            try:
                pairs = _pairs(loaded, levels, name)
            except DesignError as error:
                refused.append(Refused(f"{name} after {levels.assay.name}", error))
                continue
            shared = {
                **levels.arms.identity(), "specimen": levels.assay.assay.specimen, "assay": levels.assay.name,
                "measure": name, "model": MEDIATION, "level": question.level,
            }  # fmt: skip
            if isinstance(pairs, str):
                rows.append({**shared, "feature": ALL, "status": "not_before", "note": pairs})
                continue
            rows += [shared | row for row in _rows(levels, pairs, asked, found, union)]
    return _with_q(rows, question), refused


def _pairs(loaded: LoadedStudy, levels: Levels, name: str) -> _Pairs | str:
    """Return the animals whose molecules were all measured before the measure's last time, else why there are none."""
    data = measured(loaded, levels.arms, loaded.declared.measures[name])
    if not data.timed or not np.isfinite(levels.time).any():
        return "molecules or measures have no times: what came first is not known"
    at = {subject: i for i, subject in enumerate(levels.arms.subjects)}
    index = np.array([at[subject] for subject in data.arms.subjects], dtype=np.int64)
    last, outcome = float(data.times[-1]), data.values[:, -1]
    before = (levels.time[index] < last) & ~np.isnan(outcome)
    if not before.any():
        first = np.nanmin(levels.time)
        return f"{levels.assay.name} was sampled at {first:g} or later, {name} last measured at {last:g}"
    use = index[before]
    mask = np.zeros(len(at), dtype=bool)
    mask[use] = True
    arms = levels.arms.take(mask)
    value = np.full(len(at), np.nan)
    value[use] = outcome[before]
    return _Pairs(arms, levels.log2[mask], value[mask], np.asarray(levels.below[mask].any(axis=0)), last, data.unit)


def _rows(
    levels: Levels, pairs: _Pairs, asked: Sequence[tuple[int, int]], found: Candidates, union: Molecules
) -> Iterator[Row]:
    place = union.place[levels.assay.name]
    x, column = design(pairs.arms)
    m, y, x, units = _units(pairs, x)
    for block, molecule in asked:
        j, strain = int(place[molecule]), found.strains[block]
        own: Row = {
            "feature": str(union.feature[molecule]), "label": str(union.label[molecule]), "term": strain,
            "unit": pairs.unit, "time": pairs.time, "n": len(pairs.outcome), "n_blocks": units,
        }  # fmt: skip
        if j < 0 or strain not in column:
            yield own | {"status": "not_measured", "note": "this table does not have the molecule, or the arm"}
            continue
        treatment = np.zeros(x.shape[1])
        treatment[column[strain]] = 1.0
        fit = stats.mediation(m[:, [j]], y, x, treatment, level=levels.arms.question.level)
        yield own | _told(fit, pairs, found, (block, molecule), bool(pairs.below[j]))


def _units(pairs: _Pairs, x: Floats) -> tuple[Floats, Floats, Floats, int | None]:
    """Return mediators, outcome and columns of the units: means of cages that lie in one arm, else animals in cages."""
    arms = pairs.arms
    if not arms.blocks:
        return pairs.log2, pairs.outcome, x, None
    codes = np.unique(arms.unit.astype(str), return_inverse=True)[1].ravel()
    n = int(codes.max()) + 1
    if not arms.whole_units:  # strains differ inside cages: compared there
        inside: NDArray[np.float64] = (codes[:, None] == np.arange(1, n)).astype(float)
        return pairs.log2, pairs.outcome, np.column_stack([x, inside]), n
    mean = (codes == np.arange(n)[:, None]).astype(float)
    mean /= mean.sum(axis=1, keepdims=True)
    known = (~np.isnan(pairs.log2)).astype(float)
    sums = mean @ np.nan_to_num(pairs.log2)
    with np.errstate(divide="ignore", invalid="ignore"):
        m = np.where(mean @ known > 0, sums / (mean @ known), np.nan)
    return m, mean @ pairs.outcome, mean @ x, n


def _told(fit: stats.MediationFit, pairs: _Pairs, found: Candidates, at: tuple[int, int], below: bool) -> Row:
    status = str(fit.status[0])
    if status != "ok":
        return {"status": status, "note": f"{fit.n[0]} units with molecule and measure"}
    sign = DIRECTIONS[found.directions[at[0]]][1]
    told = [
        f"strain on molecule {fit.first[0]:+.3g} log2 (p {fit.first_p[0]:.2g})",
        f"molecule on measure {fit.second[0]:+.3g} {pairs.unit} per log2 (p {fit.second_p[0]:.2g})",
        f"of the strain's whole effect at {pairs.time:g}, {fit.total[0]:+.3g}, {fit.direct[0]:+.3g} is left beside it",
        f"0 if something unmeasured made the errors of both correlate by {fit.rho[0]:+.2f}",
        f"molecules before {pairs.time:g}, the measure at {pairs.time:g} alone, not less its baseline: the effect of a "
        "verdict is over all of its times",
        "chosen among the molecules that the strain moves, which favours its first link",
        "values below detection taken at the limit" if below else "",
        "the strain moves it the other way" if np.sign(fit.first[0]) != sign else "",
    ]
    return {
        "effect": float(fit.effect[0]), "low": float(fit.low[0]), "high": float(fit.high[0]), "p": float(fit.p[0]),
        "df": float(fit.df[0]), "statistic": float(fit.rho[0]), "test": "joint significance", "status": "ok",
        "note": str(words(told)).replace(" -", f" {MINUS}"),
    }  # fmt: skip


def _with_q(rows: list[Row], question: Question) -> list[Row]:
    """Correct over all mediations of the question."""
    p = np.array([row.get("p", np.nan) for row in rows], dtype=float)
    if np.isnan(p).all():
        return rows
    family = f"{question.name} / mediations"
    q = stats.bh(p, family=family)
    return [
        row if np.isnan(one) else row | {"q": float(one), "family": family} for row, one in zip(rows, q, strict=True)
    ]


__all__ = ["MEDIATION", "mediation_rows"]
