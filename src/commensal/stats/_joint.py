"""Several contrasts at once: Wald's F with Satterthwaite's denominator."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from commensal.stats._design import Design
from commensal.stats._inference import Solved, constant_within, fit_of, room_between, satterthwaite
from commensal.stats._moments import Moments
from commensal.stats._solved import Part
from commensal.stats.fits import Array, Counts, Fit, FTest, Mask, Texts, joined

#: Directions whose variance is below this share of the largest are not part of the hypothesis (as in lmerTest).
SINGULAR = float(np.sqrt(np.finfo(float).eps))


def f_tests(design: Design, parts: Iterable[Part]) -> FTest:
    """Test all contrasts of the design jointly, for all features."""
    places: list[Counts] = []
    tests: list[FTest] = []
    for some, moments, solved in parts:
        places.append(some)
        tests.append(_f_test(design, moments, solved))
    return joined(tests, places)


def _f_test(design: Design, moments: Moments, solved: Solved) -> FTest:
    rows = [fit_of(design, moments, solved, which, 0.95) for which in range(len(design.contrasts))]
    cap = np.full(len(moments.n), np.inf)
    if solved.ratio is not None:
        # one part that rests on differences between groups makes the whole test rest on them
        between = np.stack([constant_within(design, moments, which) for which in range(len(rows))]).any(axis=0)
        cap = np.where(between, room_between(moments), np.inf)
    return joint(moments, solved, rows, lambda along, spread: satterthwaite(moments, solved, along, spread), cap)


def joint(
    moments: Moments, solved: Solved, rows: list[Fit], freedom: Callable[[Array, Array], Array], cap: Array
) -> FTest:
    """F of all contrasts from their fits, one per row of the hypothesis.

    `freedom` gives Satterthwaite's degrees of freedom of any combination c of the contrasts, from (X'V⁻¹X)⁻¹c (m, k)
    and c'(X'V⁻¹X)⁻¹c (m,); `cap` (m,) is the most that the denominator may have.
    """
    from scipy.special import fdtrc

    status, note = worst(rows)
    told = np.isin(status, ["ok", "boundary"])
    effects = np.where(told[:, None], np.stack([row.effect for row in rows], axis=1), 0.0)
    c = moments.contrasts.swapaxes(0, 1)
    along = np.matmul(c, solved.solution.inverse)
    spread = np.where(told[:, None, None], np.matmul(along, c.swapaxes(1, 2)), np.eye(len(rows)))
    sizes, turns = np.linalg.eigh(spread)
    part_of = sizes > SINGULAR * sizes[:, -1:]
    rank = part_of.sum(axis=1)
    # In units of the residual standard deviation before squares are taken: those of very small numbers are 0.
    spared = np.where(told, np.sqrt(solved.variance) * moments.y_scale, 1.0)
    shares = np.einsum("mij,mi->mj", turns, effects / spared[:, None]) ** 2 / np.where(part_of, sizes, 1.0)
    statistic = np.where(part_of, shares, 0.0).sum(axis=1) / rank
    freedoms = [freedom(np.einsum("mi,mik->mk", turns[:, :, j], along), sizes[:, j]) for j in range(len(rows))]
    uncapped = denominator(np.stack(freedoms, axis=1), part_of)
    df2 = np.minimum(uncapped, cap)
    broken = told & ~(np.isfinite(statistic) & (df2 > 0))
    status[broken], note[broken] = "not_converged", "the numbers overflow: rescale y or x"
    told &= ~broken
    p = np.maximum(fdtrc(rank, np.where(told, df2, 1.0), statistic), np.finfo(float).tiny)
    shown = {"statistic": statistic, "df": rank.astype(float), "df2": df2, "p": p, "df_satterthwaite": uncapped}
    return FTest(
        **{name: np.where(told, values, np.nan) for name, values in shown.items()},
        status=status,
        n=moments.n,
        n_groups=rows[0].n_groups,
        note=note,
    )


def worst(rows: list[Fit]) -> tuple[Texts, Texts]:
    """Status of all: the first contrast's that has no p, else the first one's."""
    status, note = rows[0].status.copy(), rows[0].note.copy()
    fine: Mask = np.isin(status, ["ok", "boundary"])
    for row in rows[1:]:
        fault = fine & ~np.isin(row.status, ["ok", "boundary"])
        status[fault], note[fault] = row.status[fault], row.note[fault]
        fine &= ~fault
    return status, note


def denominator(freedoms: Array, part_of: Mask) -> Array:
    """Degrees of freedom of F from those of its independent squares t², (m, r) each (Fai and Cornelius 1996).

    E = Σ ν / (ν − 2), 2E / (E − r); 2 where one ν is at most 2; the common value where all are equal.
    """
    count = part_of.sum(axis=1)
    low = np.where(part_of, freedoms, np.inf).min(axis=1)
    high = np.where(part_of, freedoms, -np.inf).max(axis=1)
    safe = np.where(part_of & (freedoms > 2), freedoms, 4.0)
    expected = np.where(part_of, safe / (safe - 2), 0.0).sum(axis=1)
    spread = expected > count
    combined = np.where(low <= 2, 2.0, 2 * expected / np.where(spread, expected - count, np.nan))
    mean = np.where(part_of, freedoms, 0.0).sum(axis=1) / np.maximum(count, 1)
    return np.where((high - low < 1e-8) | (count == 1), mean, combined)
