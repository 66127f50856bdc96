"""The default model of features that never are in memory together: two passes over blocks of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commensal.errors import StatisticsError
from commensal.stats._comparing import Comparing, Layout, abundance_layout, presence_layout
from commensal.stats._presence import Arranged, held, separated_blocks
from commensal.stats.differential_fit import ABUNDANCE, PREVALENCE, DifferentialFit, FeatureTests, family_q
from commensal.stats.fits import Array, Fit
from commensal.stats.reference_frame import ReferenceFrame, against, reference_frame
from commensal.stats.two_part import everywhere, feature_tests, joint, log_depth, rank_tests, unseen, with_q

#: log2 abundances (n, width) and presences (n, width) or None, of one block of features.
Block = tuple[Array, NDArray[np.float64] | None]
Made = TypeVar("Made", Fit, Layout, FeatureTests)


@dataclass(slots=True)
class _First:
    """What the first pass keeps: fits of abundance, tests of presence, and the samples' means of amounts."""

    layouts: list[Layout]
    abundance: dict[str, list[Fit]]
    presence: dict[str, list[FeatureTests]]
    sums: Array
    counts: Array
    seen: bool = True


def two_part_blocks(
    blocks: Callable[[], Iterable[Block]],
    label: ArrayLike,
    *,
    block: ArrayLike | None = None,
    covariates: ArrayLike | None = None,
    depth: ArrayLike | None = None,
    relative: bool = False,
    min_prevalence: float = 0.05,
    level: float = 0.95,
    seed: int = 1,
) -> DifferentialFit:
    """Compare features given in blocks by a label (n,) of 0 and 1, as :func:`two_part` does for a whole table.

    The first pass fits abundance and presence, and sums what needs all features: the median coefficient of a relative
    table and each sample's mean amount. The second fits ranks and amounts measured from these. Joint p and q are over
    all features. The answer is that of `two_part` up to rounding: a matrix product of a narrower block, and a sum in
    other order, may differ in the last bits.

    Parameters
    ----------
    blocks
        Called twice; each time gives the same blocks in the same order: log2 abundances (n, width), NaN where absent,
        and presences (n, width) of 1, 0 and NaN, or None where the table cannot say.
    label
        (n,) 0 and 1.
    block, covariates, depth, relative, min_prevalence, level, seed
        As for :func:`two_part`.

    Returns
    -------
    DifferentialFit
        About 1 kB per feature; features are numbered from 0.

    Raises
    ------
    StatisticsError
        A label with one side, no block at all, or other blocks in the second pass.

    Examples
    --------
    >>> import numpy as np
    >>> from commensal import stats
    >>> logs = np.random.default_rng(1).normal(size=(30, 12)) + np.eye(12)[0] * np.repeat([0, 3.0], 15)[:, None]
    >>> fit = stats.two_part_blocks(lambda: [(logs[:, :5], None), (logs[:, 5:], None)], np.repeat([0, 1], 15))
    >>> int(fit.test("abundance").p.argmin()), len(fit)
    (0, 12)
    """
    sides = np.asarray(label, dtype=float)
    if not set(np.unique(sides)) == {0.0, 1.0}:
        raise StatisticsError("the label needs both sides", found=np.unique(sides).tolist()[:5], expected="0 and 1")
    comparing = Comparing(
        label=sides,
        block=None if block is None else np.asarray(block),
        covariates=np.zeros((len(sides), 0)) if covariates is None else np.asarray(covariates, dtype=float),
        min_prevalence=min_prevalence,
        level=level,
        seed=seed,
    )
    arranged = Arranged(comparing, log_depth(depth))
    first = _first_pass(comparing, blocks(), arranged, depth)
    frames, abundance = _framed(comparing, first, relative=relative)
    m = sum(len(layout.status) for layout in first.layouts)
    if not first.seen:
        told = [replace(test, q=family_q([test], f"features, {term}")[0]) for term, test in abundance.items()]
        return DifferentialFit(tuple(range(m)), tuple(told), frames)
    presence = {term: _joined(tests) for term, tests in first.presence.items()}
    ranks, amounts = _second_pass(comparing, blocks(), first, dict(frames), arranged, depth, relative=relative)
    if any(len(test) != m for test in ranks.values()):
        raise StatisticsError("the second pass gave other blocks", expected=f"{m} features")
    for term, test in abundance.items():
        abundance[term], presence[term] = with_q(test, presence[term])
    whole = {term: joint(abundance[term], presence[term], ranks[term], amounts[term]) for term in abundance}
    tests = tuple(test for term in abundance for test in (abundance[term], presence[term], whole[term]))
    return DifferentialFit(tuple(range(m)), tests, frames)


def _first_pass(comparing: Comparing, blocks: Iterable[Block], arranged: Arranged, depth: ArrayLike | None) -> _First:
    n = len(comparing.label)
    kept = _First([], {}, {}, np.zeros((n, 1)), np.zeros((n, 1)))
    for y, present in blocks:
        layout = abundance_layout(comparing, y, present)
        kept.layouts.append(layout)
        for term, fit in comparing.fits(y[:, layout.status == ""]).items():
            kept.abundance.setdefault(term, []).append(fit)
        if present is None:
            kept.seen = False
            continue
        where = presence_layout(comparing, present)
        for term, fit in comparing.fits(present[:, where.status == ""], arranged.extra).items():
            test = held(feature_tests(comparing, PREVALENCE, term, fit, where, "share", ""), present, arranged)
            kept.presence.setdefault(term, []).append(separated_blocks(test, present, comparing))
        tested = _amounts(y, present, depth)[:, everywhere(comparing, present).status == ""]
        kept.sums += np.nansum(tested, axis=1, keepdims=True)
        kept.counts += np.isfinite(tested).sum(axis=1, keepdims=True)
    if not kept.layouts:
        raise StatisticsError("there is no feature", found="no block", expected="at least one")
    return kept


def _framed(
    comparing: Comparing, first: _First, *, relative: bool
) -> tuple[tuple[tuple[str, ReferenceFrame], ...], dict[str, FeatureTests]]:
    """Measure abundances from the median of all features, once all are there."""
    layout = _joined(first.layouts)
    frames, tests = [], {}
    for term, parts in first.abundance.items():
        fit, frame = _against(_joined(parts), comparing, relative=relative)
        note = "" if frame is None else "measured from the median taxon"
        frames += [] if frame is None else [(term, frame)]
        tests[term] = feature_tests(comparing, ABUNDANCE, term, fit, layout, "log2 fold change", note)
    return tuple(frames), tests


def _second_pass(
    comparing: Comparing,
    blocks: Iterable[Block],
    first: _First,
    frames: Mapping[str, ReferenceFrame],
    arranged: Arranged,
    depth: ArrayLike | None,
    *,
    relative: bool,
) -> tuple[dict[str, FeatureTests], dict[str, FeatureTests]]:
    """Fit ranks and amounts: those of relative tables from the frame and from each sample's mean over all features."""
    with np.errstate(invalid="ignore"):
        mean = first.sums / first.counts
    ranks: dict[str, list[FeatureTests]] = {}
    fits: dict[str, list[Fit]] = {}
    layouts = []
    for y, present in blocks:
        assert present is not None  # the first pass saw that there is
        for term, test in rank_tests(comparing, y, present, dict(frames), arranged).items():
            ranks.setdefault(term, []).append(test)
        layout = everywhere(comparing, present)
        layouts.append(layout)
        tested = _amounts(y, present, depth)[:, layout.status == ""]
        for term, fit in comparing.fits(tested - mean if relative else tested).items():
            fits.setdefault(term, []).append(fit)
    amounts = {}
    for term, parts in fits.items():
        fit, _ = _against(_joined(parts), comparing, relative=relative)
        amounts[term] = feature_tests(comparing, "amounts", term, fit, _joined(layouts), "log2 fold change", "")
    return {term: _joined(tests) for term, tests in ranks.items()}, amounts


def _amounts(y: Array, present: Array, depth: ArrayLike | None) -> Array:
    absent = (present == 0) & ~np.isfinite(y)
    return np.asarray(np.where(absent, unseen(y, depth), y))


def _against(fit: Fit, comparing: Comparing, *, relative: bool) -> tuple[Fit, ReferenceFrame | None]:
    frame = reference_frame(fit) if relative else None
    if frame is None or not np.isfinite(frame.effect):
        return fit, None
    return against(fit, frame, level=comparing.level), frame


def _joined(parts: Sequence[Made]) -> Made:
    """Put the features of several blocks behind each other; what is no array is the same in all of them."""
    arrays: dict[str, Any] = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(parts[0])
        if isinstance(getattr(parts[0], field.name), np.ndarray)
    }
    return replace(parts[0], **arrays)
