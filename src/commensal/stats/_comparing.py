"""One label beside blocks and covariates: what every model of a feature is fitted to, and who speaks for it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from commensal.stats.differential_fit import BETWEEN, OVERALL, WITHIN
from commensal.stats.fits import Array, Counts, Fit, Texts
from commensal.stats.linear import linear
from commensal.stats.mixed import mixed, mixed_split
from commensal.stats.moderation import moderated

#: Blocks with both sides that a comparison within blocks needs: the block is the unit, not the people in it.
FEWEST_BLOCKS = 3
#: A side with fewer present samples is not tested for abundance, a smaller side not at all.
FEWEST_PER_SIDE = 3
#: Presence is tested where some arrangement of it over the two sides has a p as small as this (Fisher's exact test): in
#: 20 against 20, where six samples have the feature and six lack it. A test that can find nothing costs those that can.
LEAST_P = 0.04


@dataclass(frozen=True, slots=True, eq=False)
class Comparing:
    """Label (n,) of 0 and 1, blocks (n,) or None, covariates (n, k), and what to do with them."""

    label: Array
    block: NDArray[np.generic] | None
    covariates: Array
    min_prevalence: float = 0.05
    level: float = 0.95
    seed: int = 1
    moderate: bool = False

    @property
    def case(self) -> NDArray[np.bool_]:
        """Who is a case."""
        return np.asarray(self.label == 1)

    @property
    def terms(self) -> tuple[str, ...]:
        """The terms that this layout can estimate, the one to read first in front."""
        if self.block is None:
            return (OVERALL,)
        return (WITHIN, BETWEEN) if self.blocks_with_both(np.ones((len(self.label), 1), bool))[0] else (BETWEEN,)

    def blocks_with_both(self, seen: NDArray[np.bool_]) -> Counts:
        """Return in how many blocks each feature was seen (n, m) on both sides, (m,)."""
        found = np.zeros(seen.shape[1], dtype=np.int64)
        if self.block is not None:
            for name in np.unique(self.block):
                inside = self.block == name
                found += seen[inside & self.case].any(axis=0) & seen[inside & ~self.case].any(axis=0)
        return found

    def blocks_seen(self, seen: NDArray[np.bool_]) -> Counts:
        """Return in how many blocks each feature was seen (n, m), (m,)."""
        found = np.zeros(seen.shape[1], dtype=np.int64)
        if self.block is not None:
            for name in np.unique(self.block):
                found += seen[self.block == name].any(axis=0)
        return found

    def parts(self) -> dict[str, Array]:
        """Return the label's part of each term, (n,): inside blocks, of block means, or the label itself."""
        if self.block is None:
            return {OVERALL: self.label}
        mean = np.zeros(len(self.label))
        for name in np.unique(self.block):
            mean[self.block == name] = self.label[self.block == name].mean()
        return {BETWEEN: mean} if self.terms == (BETWEEN,) else {WITHIN: self.label - mean, BETWEEN: mean}

    def fits(self, y: Array, extra: Array | None = None) -> dict[str, Fit]:
        """Fit y (n, m) on label and covariates, with the block as random intercept, once per term.

        `extra` (n, k) are further covariates, such as sequencing depth.
        """
        beside = [] if extra is None else list(extra.T)
        x = np.column_stack([np.ones(len(y)), self.label, *self.covariates.T, *beside])
        contrast = np.eye(x.shape[1])[1]
        if self.block is None:
            fit = linear(y, x, contrast, level=self.level)
            return {OVERALL: moderated(fit, level=self.level) if self.moderate else fit}
        if self.terms == (BETWEEN,):
            return {BETWEEN: mixed(y, x, contrast, self.block, level=self.level)}
        # What covariates say between blocks must not pass for what they say within.
        split = mixed_split(y, x, 1, self.block, also=range(2, x.shape[1]), level=self.level)
        return {WITHIN: self._of_enough_blocks(split.within, y), BETWEEN: split.between}

    def _of_enough_blocks(self, fit: Fit, y: Array) -> Fit:
        """Take p from the features that fewer than `FEWEST_BLOCKS` blocks with both sides speak for."""
        both = self.blocks_with_both(np.isfinite(y))
        few = (both < FEWEST_BLOCKS) & np.isfinite(fit.p)
        if not few.any():
            return fit
        bare = {name: np.where(few, np.nan, getattr(fit, name)) for name in ("p", "low", "high")}
        why = np.array([f"both sides are in {n} of the blocks only" for n in both], dtype=object)
        return replace(fit, status=np.where(few, "too_few", fit.status), note=np.where(few, why, fit.note), **bare)


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Which features one model can test, and why not. All arrays (m,)."""

    status: Texts  #: "" where testable
    n: Counts
    n_case: Counts
    n_blocks: Counts  #: blocks with a value
    n_both: Counts  #: blocks with values on both sides

    def blocks_of(self, term: str) -> Counts:
        """Return the blocks that speak for a term: within blocks, those with both sides."""
        return self.n_both if term == WITHIN else self.n_blocks


def _counted(comparing: Comparing, seen: NDArray[np.bool_]) -> Layout:
    return Layout(
        status=np.full(seen.shape[1], "", dtype=object),
        n=seen.sum(axis=0),
        n_case=seen[comparing.case].sum(axis=0),
        n_blocks=comparing.blocks_seen(seen),
        n_both=comparing.blocks_with_both(seen),
    )


def abundance_layout(comparing: Comparing, y: Array, present: Array | None) -> Layout:
    """Say which features are present in enough samples, and on both sides, to compare their abundance."""
    seen = np.isfinite(y)
    layout = _counted(comparing, seen)
    status = layout.status
    status[np.minimum(layout.n_case, layout.n - layout.n_case) < FEWEST_PER_SIDE] = "too_few"
    status[layout.n < comparing.min_prevalence * len(seen)] = "below_prevalence"
    if present is not None:
        status[np.nansum(present, axis=0) == 0] = "all_zero"
        status[~np.isfinite(present).any(axis=0)] = "not_measured"
    return layout


def presence_layout(comparing: Comparing, present: Array) -> Layout:
    """Say which features are present in enough samples and absent from enough to compare their presence."""
    layout = _counted(comparing, np.isfinite(present))
    found = np.nansum(present, axis=0)
    need = np.maximum(comparing.min_prevalence * layout.n, FEWEST_PER_SIDE)
    mute = least_p(found, layout.n, layout.n_case) > LEAST_P
    status = layout.status
    status[(layout.n - found < need) | (mute & (2 * found > layout.n))] = "always_present"
    status[(found < need) | (mute & (2 * found <= layout.n))] = "below_prevalence"
    status[np.minimum(layout.n_case, layout.n - layout.n_case) < FEWEST_PER_SIDE] = "too_few"
    status[found == 0] = "all_zero"
    status[layout.n == 0] = "not_measured"
    return layout


def least_p(found: Array, n: Counts, n_case: Counts) -> Array:
    """Return the smallest p (m,) that Fisher's exact test can have when `found` of n samples have a feature.

    That of the rarer of the two extremes, as many cases or as few as can be; both where they are equally rare.

    Examples
    --------
    Six of 40 samples, half of them cases; five of 12, likewise; three of 12, of which three are cases:

    >>> least_p(np.array([6.0, 5.0, 3.0]), np.array([40, 12, 12]), np.array([20, 6, 3])).round(4).tolist()
    [0.0202, 0.0152, 0.0045]
    """
    total, cases = n.astype(np.float64), n_case.astype(np.float64)
    most, fewest = np.minimum(found, cases), np.maximum(found - (total - cases), 0)
    high, low = (_hypergeometric(k, found, total, cases) for k in (most, fewest))
    same = np.isclose(high, low, rtol=1e-9)
    return np.asarray(np.where(same & (most > fewest), high + low, np.minimum(high, low)))


def _hypergeometric(k: Array, found: Array, n: Array, n_case: Array) -> Array:
    """Return the chance (m,) that k of the `found` samples are among the cases."""
    from scipy.special import gammaln

    def chosen(of: Array, some: Array) -> Array:
        return np.asarray(gammaln(of + 1) - gammaln(some + 1) - gammaln(of - some + 1))

    return np.asarray(np.exp(chosen(n_case, k) + chosen(n - n_case, found - k) - chosen(n, found)))
