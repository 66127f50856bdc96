"""The default model of a feature: abundance where present, presence, and one joint test of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commensal.errors import StatisticsError
from commensal.stats._comparing import Comparing, Layout, abundance_layout, presence_layout
from commensal.stats._presence import Arranged, held, separated_blocks
from commensal.stats.differential_fit import (
    ABUNDANCE,
    JOINT,
    PREVALENCE,
    DifferentialFit,
    FeatureTests,
    family_q,
)
from commensal.stats.fits import Array, Fit
from commensal.stats.joint_test import cauchy_combination, deviate, same_direction_p
from commensal.stats.reference_frame import ReferenceFrame, against, reference_frame

#: The looks that the joint test joins, as its note names them.
LOOKS = (
    "abundance",
    "presence",
    "abundance and presence in one direction",
    "ranks with absence lowest",
    "amounts with absence at half of what could be seen",
)


def two_part(
    log2: ArrayLike,
    present: ArrayLike | None,
    label: ArrayLike,
    *,
    block: ArrayLike | None = None,
    covariates: ArrayLike | None = None,
    depth: ArrayLike | None = None,
    relative: bool = False,
    moderate: bool = False,
    min_prevalence: float = 0.05,
    level: float = 0.95,
    seed: int = 1,
    features: tuple[object, ...] | None = None,
) -> DifferentialFit:
    """Compare log2 abundances (n, m) and presences (n, m) by a label (n,) of 0 and 1; see :func:`differential`.

    What :func:`differential` does once a table is on its scales, and what ``cohort`` does: for tables that have scales
    of their own.

    Parameters
    ----------
    log2
        (n, m) logarithms where present, NaN elsewhere.
    present
        (n, m) 1 present, 0 absent, NaN unknown; None where the table cannot say: then there is no joint test.
    depth
        (n,) reads per sample, a covariate of presence.
    relative
        Whether abundances are known up to one factor per sample, so that they are measured from the median.
    features
        Names of the m features.
    label, block, covariates, moderate, min_prevalence, level, seed
        As for :func:`differential`, as arrays.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> logs = rng.normal(size=(30, 12)) + np.eye(12)[0] * np.repeat([0, 3.0], 15)[:, None]
    >>> fit = two_part(logs, None, np.repeat([0, 1], 15))
    >>> int(fit.test("abundance").p.argmin()), fit.terms
    (0, ('overall',))
    """
    y = np.asarray(log2, dtype=float)
    seen = None if present is None else np.asarray(present, dtype=float)
    sides = np.asarray(label, dtype=float)
    fixed = np.zeros((len(y), 0)) if covariates is None else np.asarray(covariates, dtype=float)
    if not set(np.unique(sides)) == {0.0, 1.0}:
        raise StatisticsError("the label needs both sides", found=np.unique(sides).tolist()[:5], expected="0 and 1")
    comparing = Comparing(
        label=sides,
        block=None if block is None else np.asarray(block),
        covariates=fixed,
        min_prevalence=min_prevalence,
        level=level,
        seed=seed,
        moderate=moderate,
    )
    frames, abundance = _abundance(comparing, y, seen, relative=relative)
    tests = dict(abundance)
    if seen is not None:
        arranged = Arranged(comparing, log_depth(depth))
        presence = _presence(comparing, seen, arranged)
        ranks = rank_tests(comparing, y, seen, dict(frames), arranged)
        amounts = _amounts(comparing, y, seen, depth, relative=relative)
        for term, first in abundance.items():
            tests[term], presence[term] = with_q(first, presence[term])
        whole = {term: joint(tests[term], presence[term], ranks[term], amounts[term]) for term in tests}
        told = [test for term in tests for test in (tests[term], presence[term], whole[term])]
    else:
        told = [replace(test, q=family_q([test], f"features, {term}")[0]) for term, test in tests.items()]
    names = tuple(range(y.shape[1])) if features is None else features
    return DifferentialFit(names, tuple(told), frames)


def with_q(abundance: FeatureTests, presence: FeatureTests) -> tuple[FeatureTests, FeatureTests]:
    """Add q: both are one family of their term."""
    one, two = family_q([abundance, presence], f"features, abundance and presence, {abundance.term}")
    return replace(abundance, q=one), replace(presence, q=two)


def log_depth(depth: ArrayLike | None) -> Array | None:
    """Return the centred log2 of reads per sample (n, 1), None where there is nothing to adjust for."""
    if depth is None:
        return None
    logs = np.log2(np.maximum(np.asarray(depth, dtype=float), 1))
    return (logs - logs.mean())[:, None] if np.ptp(logs) > 0 else None


def _abundance(
    comparing: Comparing, y: Array, present: Array | None, *, relative: bool
) -> tuple[tuple[tuple[str, ReferenceFrame], ...], dict[str, FeatureTests]]:
    layout = abundance_layout(comparing, y, present)
    frames, tests = [], {}
    for term, fit in comparing.fits(y[:, layout.status == ""]).items():
        frame = reference_frame(fit) if relative else None
        note = ""
        if frame is not None and np.isfinite(frame.effect):
            fit = against(fit, frame, level=comparing.level)  # noqa: PLW2901
            frames.append((term, frame))
            note = "measured from the median feature"
        tests[term] = feature_tests(comparing, ABUNDANCE, term, fit, layout, "log2 fold change", note)
    return tuple(frames), tests


def _presence(comparing: Comparing, present: Array, arranged: Arranged) -> dict[str, FeatureTests]:
    layout = presence_layout(comparing, present)
    fits = comparing.fits(present[:, layout.status == ""], arranged.extra)
    tests = {term: feature_tests(comparing, PREVALENCE, term, fit, layout, "share", "") for term, fit in fits.items()}
    return {term: separated_blocks(held(test, present, arranged), present, comparing) for term, test in tests.items()}


def rank_tests(
    comparing: Comparing, y: Array, present: Array, frames: dict[str, ReferenceFrame], arranged: Arranged
) -> dict[str, FeatureTests]:
    """Compare ranks of all samples, absence being the lowest: as Wilcoxon's test, with blocks and covariates.

    Abundances are taken off the reference frame first, so that a shift of all taxa is none of the ranks'.
    """
    from scipy.stats import rankdata

    moved = y.copy()
    for term, part in comparing.parts().items():
        if term in frames:
            moved -= frames[term].effect * part[:, None]
    absent = (present == 0) & ~np.isfinite(y)
    lowest = np.nanmin(moved, initial=0.0) - 1
    ranks = rankdata(np.where(absent, lowest, moved), axis=0, nan_policy="omit")
    seen = np.isfinite(ranks) & (np.isfinite(y) | absent)
    ranks = np.where(seen, ranks / np.maximum(seen.sum(axis=0), 1), np.nan)
    layout = everywhere(comparing, present)
    fits = comparing.fits(ranks[:, layout.status == ""], arranged.extra)
    tests = {term: feature_tests(comparing, "ranks", term, fit, layout, "rank", "") for term, fit in fits.items()}
    return {term: held(test, ranks, arranged) for term, test in tests.items()}


def _amounts(
    comparing: Comparing, y: Array, present: Array, depth: ArrayLike | None, *, relative: bool
) -> dict[str, FeatureTests]:
    """Compare log2 amounts in all samples, absences standing at half of the least that could be seen.

    Of relative tables they are centred by sample, and measured from the median feature.
    """
    absent = (present == 0) & ~np.isfinite(y)
    amounts = np.where(absent, unseen(y, depth), y)
    layout = everywhere(comparing, present)
    tested = amounts[:, layout.status == ""]
    if relative and tested.size:
        tested = tested - np.nanmean(tested, axis=1, keepdims=True)
    tests = {}
    for term, fit in comparing.fits(tested).items():
        frame = reference_frame(fit) if relative else None
        if frame is not None and np.isfinite(frame.effect):
            fit = against(fit, frame, level=comparing.level)  # noqa: PLW2901
        tests[term] = feature_tests(comparing, "amounts", term, fit, layout, "log2 fold change", "")
    return tests


def everywhere(comparing: Comparing, present: Array) -> Layout:
    """Say which features can be compared in all samples, present or not: also those that are always there."""
    layout = presence_layout(comparing, present)
    layout.status[layout.status == "always_present"] = ""
    return layout


def unseen(y: Array, depth: ArrayLike | None) -> Array:
    """Return log2 of half of the least that could be seen: one read of each sample (n, 1), or the least seen (m,)."""
    if depth is not None:
        return np.asarray(-1 - np.log2(np.maximum(np.asarray(depth, dtype=float), 1))[:, None])
    return np.asarray(np.nan_to_num(np.nanmin(np.where(np.isfinite(y), y, np.inf), axis=0), posinf=0.0) - 1)


def feature_tests(
    comparing: Comparing, model: str, term: str, fit: Fit, layout: Layout, unit: str, note: str
) -> FeatureTests:
    """Put the fit of the features that could be tested into the places of all m."""
    tested = layout.status == ""
    m = len(tested)

    def spread(values: NDArray[np.float64]) -> Array:
        out = np.full(m, np.nan)
        out[tested] = values
        return out

    status, notes = layout.status.copy(), np.full(m, "", dtype=object)
    status[tested] = fit.status
    notes[tested] = [text or note for text in fit.note]
    effect = spread(fit.effect)
    return FeatureTests(
        model=model,
        term=term,
        unit=unit,
        test="t" if comparing.block is None else "t, Satterthwaite",
        effect=effect,
        se=spread(fit.se),
        df=spread(fit.df),
        statistic=spread(fit.statistic),
        p=spread(fit.p),
        q=np.full(m, np.nan),
        low=spread(fit.low),
        high=spread(fit.high),
        status=status,
        note=notes,
        n=layout.n,
        n_case=layout.n_case,
        n_blocks=layout.blocks_of(term),
        n_permutations=np.zeros(m, np.int64),
        direction=np.sign(np.nan_to_num(effect)).astype(np.int64),
    )


def joint(abundance: FeatureTests, presence: FeatureTests, ranks: FeatureTests, amounts: FeatureTests) -> FeatureTests:
    """Join the looks at each feature, those of `LOOKS`, into one p; its families and notes."""
    one, two = deviate(abundance.p, abundance.direction), deviate(presence.p, presence.direction)
    parts = np.stack([abundance.p, presence.p, same_direction_p(one, two), ranks.p, amounts.p])
    p = cauchy_combination(parts)
    tested = np.isfinite(p)
    lead = np.argmin(np.where(np.isfinite(parts), parts, np.inf), axis=0)
    both = np.sign(np.nan_to_num(one + two)).astype(np.int64)
    directions = np.stack([abundance.direction, presence.direction, both, ranks.direction, amounts.direction])
    m = len(p)
    nothing = np.full(m, np.nan)
    direction = np.where(tested, directions[lead, np.arange(m)], 0)
    words = {1: ", higher", -1: ", lower", 0: ""}
    note = np.full(m, "", dtype=object)
    for j in np.flatnonzero(tested).tolist():
        note[j] = f"smallest part: {LOOKS[lead[j]]}, p = {parts[lead[j], j]:.2g}{words[int(direction[j])]}"
    # Without any p the reason is presence's, which counts all samples; a fit's own reason goes before "always there".
    reason = np.where(presence.status == "always_present", abundance.status, presence.status)
    reason = np.where(np.isin(reason, ("ok", "boundary")), ranks.status, reason)
    return FeatureTests(
        model=JOINT,
        term=abundance.term,
        unit="",
        test="Cauchy combination",
        effect=nothing,
        se=nothing,
        df=nothing,
        statistic=np.where(tested, 1 / np.tan(np.pi * np.where(tested, p, 0.5)), np.nan),
        p=p,
        q=family_q([replace(abundance, p=p)], f"features, joint, {abundance.term}")[0],
        low=nothing,
        high=nothing,
        status=np.where(tested, "ok", reason),
        note=note,
        n=ranks.n,
        n_case=ranks.n_case,
        n_blocks=ranks.n_blocks,
        n_permutations=np.zeros(m, np.int64),
        direction=direction,
    )
