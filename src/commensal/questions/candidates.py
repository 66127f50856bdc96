"""Candidates: molecules that fall where microbes are removed and rise where a strain is given, or the other way round.

For each strain, molecule and direction the p of "all lines hold" is the largest of their one-sided p: valid whatever
the dependence among lines, shared controls included. See docs/decisions/mediators.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from commensal import stats
from commensal.questions.arms import Floats, Mask
from commensal.questions.mediator_lines import (
    GIVEN,
    REMOVED,
    Integers,
    Line,
    Molecules,
    Texts,
    independent,
    same_animals,
)

#: Direction → sign of the effect of removing, and of giving.
DIRECTIONS = {"falls and rises": (-1, 1), "rises and falls": (1, -1)}
#: Family of the candidates, in the words of its corrections.
FAMILY = "strains × molecules × directions"


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """One block per strain and direction, in that order, of M molecules each; (B, M) arrays."""

    strains: tuple[str, ...]  #: (B,) arm of each block
    directions: tuple[str, ...]  #: (B,)
    lines: tuple[tuple[Line, ...], ...]  #: (B,) the block's lines
    groups: tuple[tuple[tuple[int, ...], ...], ...]  #: (B,) which of them are one line
    p: Floats  #: largest one-sided p of the lines; NaN where a line has none
    q: Floats
    q_by: Floats
    holds: Integers  #: how many lines hold
    rank: Floats  #: 1 the smallest p, over everything; NaN without p
    adafilter: Floats  #: NaN where lines are not independent
    status: Texts
    selected: Mask  #: q ≤ 1 − level
    threshold: float  #: what partial-conjunction p were compared with; NaN where nothing holds

    @property
    def n_lines(self) -> list[int]:
        """How many lines each block has."""
        return [len(groups) for groups in self.groups]


def candidates(found: Sequence[Line], union: Molecules, strains: Sequence[str], *, level: float) -> Candidates | None:
    """Judge every strain × molecule × direction; None where nothing is removed or no strain is given.

    How many lines hold (STATISTICS 10): those for which at least one line holds are selected by Benjamini–Hochberg, R
    of m, and the strength is the largest r whose partial-conjunction p is ≤ R (1 − level) / m. Where all lines hold by
    the q of the candidate itself it is the number of lines.
    """
    removed = [line for line in found if line.part == REMOVED]
    blocks = []
    for strain in strains:
        given = [line for line in found if line.part == GIVEN and line.arm == strain]
        if removed and given:
            blocks += [(strain, direction, (*removed, *given)) for direction in DIRECTIONS]
    if not blocks:
        return None
    inside = np.array([reason is None for reason in union.exogenous], dtype=bool)
    groups = [tuple(tuple(own) for own in same_animals(lines)) for _, _, lines in blocks]
    widest = max(map(len, groups))
    p = np.full((len(blocks), len(inside), widest), np.nan)
    listed = np.zeros(p.shape, dtype=bool)
    status = np.full(p.shape[:2], "ok", object)
    for b, ((_, direction, lines), own) in enumerate(zip(blocks, groups, strict=True)):
        toward = np.stack([line.toward(DIRECTIONS[direction][line.part == GIVEN]) for line in lines])
        for at, members in enumerate(own):
            p[b, :, at] = toward[list(members)].max(axis=0)  # NaN stays: a line not measured does not hold
            listed[b, :, at] = True
        status[b] = _status(lines)
    gate = np.where(np.isnan(np.where(listed, p, 0.0)).any(axis=2), np.nan, np.where(listed, p, 0.0).max(axis=2))
    gate[:, ~inside] = np.nan
    status[:, ~inside] = "exogenous"
    judged = _judged(gate, p, listed, inside, level)
    ranked = np.full(gate.size, np.nan)
    known = np.flatnonzero(~np.isnan(gate.ravel()))
    ranked[known[np.argsort(gate.ravel()[known], kind="stable")]] = np.arange(1, len(known) + 1)
    return Candidates(
        strains=tuple(strain for strain, _, _ in blocks),
        directions=tuple(direction for _, direction, _ in blocks),
        lines=tuple(lines for _, _, lines in blocks),
        groups=tuple(groups),
        p=gate,
        rank=ranked.reshape(gate.shape),
        adafilter=_adafilter(blocks, groups, p, inside),
        status=np.where(np.isnan(gate), status, "ok"),
        **judged,
    )


def _status(lines: Sequence[Line]) -> Texts:
    """Return why a candidate has no p: a line that was not measured, else the first status without one."""
    out = np.full(len(lines[0].p), "ok", object)
    for line in reversed(lines):
        lost = np.isnan(line.p)
        out[lost] = line.status[lost]
    for line in lines:
        out[line.status == "not_measured"] = "not_measured"
    return out


def _judged(gate: Floats, p: Floats, listed: Mask, inside: Mask, level: float) -> dict[str, Any]:
    shape = gate.shape
    q, q_by = np.full((2, *shape), np.nan)
    holds = np.zeros(shape, dtype=np.int64)
    threshold = float("nan")
    if inside.any():
        flat = gate[:, inside].ravel()
        entered = np.where(np.isnan(flat), 1.0, flat)
        # a line that was not measured enters as 1 and keeps its place in the family
        q[:, inside] = np.where(np.isnan(flat), np.nan, stats.bh(entered, family=FAMILY)).reshape(len(p), -1)
        q_by[:, inside] = np.where(np.isnan(flat), np.nan, stats.by(entered, family=FAMILY)).reshape(len(p), -1)
        rows, own = p[:, inside].reshape(-1, p.shape[2]), listed[:, inside].reshape(-1, p.shape[2])
        first = stats.strength_p(rows, listed=own)[:, 0]
        strength = stats.claim_strength(first, rows, family=FAMILY, listed=own, level=1 - level)
        holds[:, inside] = strength.strength.reshape(len(p), -1)
        threshold = strength.threshold
    selected = np.nan_to_num(q, nan=1.0) <= 1 - level
    return {
        "q": q, "q_by": q_by, "selected": selected, "threshold": threshold,
        "holds": np.where(selected, listed.sum(axis=2), holds),
    }  # fmt: skip


def _adafilter(
    blocks: Sequence[tuple[str, str, Sequence[Line]]],
    groups: Sequence[Sequence[Sequence[int]]],
    p: Floats,
    inside: NDArray[np.bool_],
) -> Floats:
    """Return AdaFilter's adjusted p of each strain by itself, where no unit serves two of its lines."""
    out = np.full(p.shape[:2], np.nan)
    for strain in dict.fromkeys(one[0] for one in blocks):
        own = [b for b, one in enumerate(blocks) if one[0] == strain]
        n = len(groups[own[0]])
        if n < 2 or not inside.any() or not independent(blocks[own[0]][2], groups[own[0]]):
            continue
        rows = p[own][:, inside, :n].reshape(-1, n)
        fit = stats.adafilter(rows, n, family=f"molecules × directions, {strain}")
        out[np.ix_(np.array(own), np.flatnonzero(inside))] = fit.adjusted.reshape(len(own), -1)
    return out


__all__ = ["DIRECTIONS", "FAMILY", "Candidates", "candidates"]
