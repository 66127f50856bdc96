"""Every feature of a design solved, by the quickest way that can be trusted for it, a chunk at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from commensal.stats import _reml, _shared
from commensal.stats._design import Design
from commensal.stats._inference import PERFECT, Solved, fit_of
from commensal.stats._moments import Moments, chunks
from commensal.stats._reml import Optimum, Slopes, Solution, optimum, pooled, slopes, solve
from commensal.stats.fits import Counts, Fit, Texts, joined

#: Features, their moments, and the solution.
Part = tuple[Counts, Moments, Solved]


def least_squares(design: Design) -> Iterator[Part]:
    """Least squares of all features."""
    left = np.ones(design.y.shape[1], bool)
    base = _shared.shared(design)
    if base is not None:
        for some, moments, solution in _shared.least_squares(base):
            left[some] = False
            yield some, moments, _plain(moments, solution)
    for some, moments in _others(design, left):
        yield some, moments, _plain(moments, _reml.least_squares(moments))


def random_intercept(design: Design) -> Iterator[Part]:
    """Mixed models of all features."""
    left = np.ones(design.y.shape[1], bool)
    base = _shared.shared(design)
    if base is not None:
        for some, moments, best, solution, by, flat in _shared.random_intercept(base):
            left[some] = False
            yield some, moments, _mixed(moments, best, solution, by, flat)
    for some, moments in _others(design, left):
        problem = pooled(moments)
        best = settled(moments, optimum(problem, moments))
        solution = solve(problem, best.ratio)
        by = slopes(problem, best.ratio, solution)
        yield some, moments, _mixed(moments, best, solution, by, _reml.least_squares(moments))


def fits_of(design: Design, parts: Iterable[Part], level: float) -> list[Fit]:
    """One fit of all features for each contrast of the design."""
    places: list[Counts] = []
    fits: list[list[Fit]] = [[] for _ in design.contrasts]
    for some, moments, solved in parts:
        places.append(some)
        for which, parts_of_contrast in enumerate(fits):
            parts_of_contrast.append(fit_of(design, moments, solved, which, level))
    return [joined(one, places) for one in fits]


def _others(design: Design, left: np.ndarray) -> Iterator[tuple[Counts, Moments]]:
    if left.any() or not left.size:
        yield from chunks(design, np.flatnonzero(left))


def settled(moments: Moments, best: Optimum) -> Optimum:
    """Leave the intercept out where every group has one sample, or there is one group."""
    bare = (moments.n_groups == moments.n) | (moments.n_groups <= 1)
    return replace(best, ratio=np.where(bare, 0.0, best.ratio), endless=best.endless & ~bare)


def _plain(moments: Moments, solution: Solution) -> Solved:
    perfect = ~(solution.residual > PERFECT * moments.y_square)
    nothing = np.zeros(len(perfect), bool)
    note = _noted(perfect)
    return Solved(solution, None, None, solution.residual / moments.freedom, perfect, nothing, nothing, note)


def _noted(perfect: np.ndarray) -> Texts:
    note = np.full(len(perfect), "", object)
    note[perfect] = "the columns leave nothing over: no residual variance"
    return note


def _mixed(moments: Moments, best: Optimum, solution: Solution, by: Slopes, flat: Solution) -> Solved:
    """Say what was remarkable about the variances of each feature."""
    perfect = ~(flat.residual > PERFECT * moments.y_square)
    note = _noted(perfect)
    single, alone = moments.n_groups == moments.n, moments.n_groups <= 1
    boundary = best.ratio == 0
    note[boundary & ~best.identified & ~perfect] = "the group variance cannot be told from the residual variance"
    note[single & ~perfect] = "every group has one sample: no random intercept"
    note[alone & ~perfect] = "a single group: no random intercept"

    # in the limit of large λ neither the contrast's variance nor its degrees of freedom move with λ any more
    note[best.endless & ~perfect] = "the residual variance is estimated as 0"
    by = Slopes(
        by.first,
        np.where(best.endless, 1.0, by.second),
        np.where(best.endless[:, None, None], 0.0, by.moment),
        np.where(best.endless, 0.0, by.residual),
    )
    runaway = best.runaway & ~boundary
    note[runaway] = "the residual variance is estimated as 0"
    same = runaway & (moments.spare > 0)
    note[same] = "y does not vary within groups beyond the columns"

    unsettled = ~boundary & (~best.settled | ~(by.second > 0) | (runaway & ~same))
    note[unsettled] = np.where(
        note[unsettled] == "", "the restricted likelihood has no settled optimum", note[unsettled]
    )
    variance = solution.residual / moments.freedom
    return Solved(
        solution, best.ratio, by, variance, perfect | same, unsettled, boundary, note, flat.deviance - solution.deviance
    )
