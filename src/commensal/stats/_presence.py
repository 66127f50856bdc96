"""Linear models of 0 and 1, or of ranks with many ties, held to rearranged labels where they are in doubt."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from commensal.stats._comparing import Comparing
from commensal.stats.differential_fit import BETWEEN, FeatureTests
from commensal.stats.fits import Array
from commensal.stats.label_permutation import label_p
from commensal.stats.permutation import Permutations, permutations
from commensal.stats.separation import separated_p

#: A linear model of 0 and 1 is judged by permutation too below this p, in tables of up to so many samples.
DOUBTED_P, FEW_SAMPLES = 0.01, 200
#: Arrangements for that: enough for q over thousands of features.
ARRANGEMENTS = 99_999


class Arranged:
    """The arrangements of one label, made when they are first needed, with the columns that stay."""

    def __init__(self, comparing: Comparing, extra: Array | None) -> None:
        self.comparing = comparing
        self.extra = extra
        self._made: Permutations | None = None

    @property
    def wanted(self) -> bool:
        """Whether this table is small enough to be held to arrangements."""
        return len(self.comparing.label) <= FEW_SAMPLES

    @property
    def made(self) -> Permutations:
        """The arrangements: within blocks where there are any."""
        if self._made is None:
            of = self.comparing
            scheme = None if of.block is None else "within blocks"
            self._made = permutations(of.label, block=of.block, scheme=scheme, n=ARRANGEMENTS, seed=of.seed)
        return self._made

    def p(self, y: Array) -> Array:
        """Return the permutation p of each column of y (n, m), beside covariates, depth and blocks."""
        of = self.comparing
        fixed = [*of.covariates.T, *(() if self.extra is None else self.extra.T)]
        if of.block is not None:
            fixed += [(of.block == name).astype(float) for name in np.unique(of.block)[1:]]
        return label_p(y, self.made, of.label, fixed=np.column_stack(fixed) if fixed else None)


def held(tests: FeatureTests, y: Array, arranged: Arranged) -> FeatureTests:
    """Take the larger of the model's p and that of rearranged labels, for features whose p is below `DOUBTED_P`.

    In small studies the tail of t is too thin for 0 and 1, and a perfect separation leaves no residual at all. The
    arrangements keep blocks, covariates and depth in place. Whole blocks keep the model's p: it has the degrees of
    freedom of its blocks.
    """
    if tests.term == BETWEEN or not arranged.wanted:
        return tests
    tests = replace(tests, test=f"{tests.test} and permutation")
    at = np.flatnonzero((tests.p < DOUBTED_P) | (tests.status == "constant"))
    if not at.size:
        return tests
    p, status, note, count = tests.p.copy(), tests.status.copy(), tests.note.copy(), tests.n_permutations.copy()
    found = arranged.p(y[:, at])
    perfect = at[(status[at] == "constant") & np.isfinite(found)]
    status[perfect] = "ok"
    note[perfect] = "in every sample of one side and in none of the other, but for covariates"
    p[at] = np.fmax(p[at], found)
    count[at] = len(arranged.made.labels)
    return replace(tests, p=p, status=status, note=note, n_permutations=count)


def separated_blocks(tests: FeatureTests, present: Array, comparing: Comparing) -> FeatureTests:
    """Give features that are in every sample of one side and in none of the other the p of their arrangement.

    Among all arrangements of whole blocks only this one and, where both sides have as many, its mirror image are as
    extreme. A covariate cannot be adjusted for in this way: then there is no p, and the status says so.
    """
    if tests.term != BETWEEN:
        return tests
    seen, label = np.isfinite(present), comparing.label[:, None]
    alike: NDArray[np.bool_] = np.all(~seen | (present == label), axis=0)
    opposite: NDArray[np.bool_] = np.all(~seen | (present == 1 - label), axis=0)
    at = np.flatnonzero((tests.status == "constant") & (alike | opposite))
    effect, p, status, note = tests.effect.copy(), tests.p.copy(), tests.status.copy(), tests.note.copy()
    for j in at.tolist():
        effect[j] = 1.0 if alike[j] else -1.0
        note[j] = "in every sample of one side and in none of the other"
        p[j] = _exact_p(comparing, seen[:, j])
        status[j] = "ok" if np.isfinite(p[j]) else "separated"
        note[j] += "; exact, arrangements of the label" if np.isfinite(p[j]) else ""
    return replace(
        tests, effect=effect, p=p, status=status, note=note, direction=np.sign(np.nan_to_num(effect)).astype(np.int64)
    )


def _exact_p(comparing: Comparing, rows: NDArray[np.bool_]) -> float:
    """Return the p of a perfect separation of blocks; NaN where the arrangements of the label do not answer."""
    if comparing.terms != (BETWEEN,) or comparing.covariates.shape[1] or comparing.block is None:
        return float("nan")
    label, block = comparing.label[rows], comparing.block[rows]
    if min(len(np.unique(block[label == side])) for side in (0, 1)) < 2:
        return float("nan")
    return separated_p(label, block, "whole blocks")
