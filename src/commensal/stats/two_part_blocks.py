"""The default model of features that never are in memory together: two passes over blocks of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol, TypeVar

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
Shared = TypeVar("Shared")
Part = TypeVar("Part")
Given = TypeVar("Given")


class Each(Protocol):
    """Who calls a function of a module with what all parts share and with each part, and gives the results in order."""

    def __call__(
        self, function: Callable[[Shared, Part], Given], parts: Sequence[Part], shared: Shared, /
    ) -> Iterable[Given]:
        """Return ``function(shared, part)`` of each part, in the order of the parts."""
        ...


def in_turn(function: Callable[[Shared, Part], Given], parts: Sequence[Part], shared: Shared, /) -> Iterator[Given]:
    """Do one part after the other, in this process.

    Examples
    --------
    >>> list(in_turn(pow, [1, 2, 3], 2))
    [2, 4, 8]
    """
    return (function(shared, part) for part in parts)


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """What every block of features is looked at with; the second pass also knows what needed all features."""

    read: Callable[[Any], Block]
    comparing: Comparing
    arranged: Arranged
    depth: ArrayLike | None
    relative: bool
    frames: Mapping[str, ReferenceFrame]
    mean: Array  #: (n, 1)


@dataclass(frozen=True, slots=True, eq=False)
class _FirstLook:
    """What the first pass keeps of a block, or of all: fits of abundance, tests of presence, sums of amounts."""

    layout: Layout
    abundance: Mapping[str, Fit]
    presence: Mapping[str, FeatureTests] | None  #: None where the table cannot say what is absent
    sums: Array  #: (n, 1) of the amounts of each sample
    counts: Array  #: (n, 1) of how many amounts


@dataclass(frozen=True, slots=True, eq=False)
class _SecondLook:
    """What the second pass keeps of a block, or of all: tests of ranks, fits of amounts."""

    layout: Layout
    ranks: Mapping[str, FeatureTests]
    amounts: Mapping[str, Fit]


def two_part_blocks(
    read: Callable[[Any], Block],
    parts: Sequence[Any],
    label: ArrayLike,
    *,
    block: ArrayLike | None = None,
    covariates: ArrayLike | None = None,
    depth: ArrayLike | None = None,
    relative: bool = False,
    min_prevalence: float = 0.05,
    level: float = 0.95,
    seed: int = 1,
    each: Each = in_turn,
) -> DifferentialFit:
    """Compare features given in blocks by a label (n,) of 0 and 1, as :func:`two_part` does for a whole table.

    The first pass fits abundance and presence, and sums what needs all features: the median coefficient of a relative
    table and each sample's mean amount. The second fits ranks and amounts measured from these. Joint p and q are over
    all features. The answer is that of `two_part` up to rounding: a matrix product of a narrower block, and a sum in
    other order, may differ in the last bits. Whoever does the blocks, and in whichever order, it is the same, bit for
    bit.

    Parameters
    ----------
    read
        From a part to its block of features: log2 abundances (n, width), NaN where absent, and presences (n, width) of
        1, 0 and NaN, or None where the table cannot say. Called twice for each part.
    parts
        What names the blocks, in the order of the features: slices of a table, places in a file.
    label
        (n,) 0 and 1.
    block, covariates, depth, relative, min_prevalence, level, seed
        As for :func:`two_part`.
    each
        Who does the blocks: one after the other in this process, or processes side by side. These get ``read`` and
        the parts, which must then be such as can be sent to them.

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
    >>> def read(part):
    ...     return logs[:, part], None
    >>> fit = stats.two_part_blocks(read, [slice(0, 5), slice(5, 12)], np.repeat([0, 1], 15))
    >>> int(fit.test("abundance").p.argmin()), len(fit)
    (0, 12)
    """
    sides = np.asarray(label, dtype=float)
    if not set(np.unique(sides)) == {0.0, 1.0}:
        raise StatisticsError("the label needs both sides", found=np.unique(sides).tolist()[:5], expected="0 and 1")
    if not len(parts):
        raise StatisticsError("there is no feature", found="no block", expected="at least one")
    comparing = Comparing(
        label=sides,
        block=None if block is None else np.asarray(block),
        covariates=np.zeros((len(sides), 0)) if covariates is None else np.asarray(covariates, dtype=float),
        min_prevalence=min_prevalence,
        level=level,
        seed=seed,
    )
    task = _Task(read, comparing, Arranged(comparing, log_depth(depth)), depth, relative, {}, np.zeros((len(sides), 1)))
    first = _all_first(each(_look_first, parts, task))
    frames, abundance = _framed(comparing, first, relative=relative)
    m = len(first.layout.status)
    if first.presence is None:
        told = [replace(test, q=family_q([test], f"features, {term}")[0]) for term, test in abundance.items()]
        return DifferentialFit(tuple(range(m)), tuple(told), frames)
    with np.errstate(invalid="ignore"):
        task = replace(task, frames=dict(frames), mean=first.sums / first.counts)
    second = list(each(_look_again, parts, task))
    layout = _joined([one.layout for one in second])
    if len(layout.status) != m:
        raise StatisticsError("the second pass gave other blocks", found=len(layout.status), expected=f"{m} features")
    presence, ranks = dict(first.presence), _by_term([one.ranks for one in second])
    for term, test in abundance.items():
        abundance[term], presence[term] = with_q(test, presence[term])
    whole = {}
    for term, fit in _by_term([one.amounts for one in second]).items():
        framed, _ = _against(fit, comparing, relative=relative)
        amounts = feature_tests(comparing, "amounts", term, framed, layout, "log2 fold change", "")
        whole[term] = joint(abundance[term], presence[term], ranks[term], amounts)
    tests = tuple(test for term in abundance for test in (abundance[term], presence[term], whole[term]))
    return DifferentialFit(tuple(range(m)), tests, frames)


def _look_first(task: _Task, part: Any) -> _FirstLook:
    """Look at one block for the first time."""
    comparing, (y, present) = task.comparing, task.read(part)
    layout = abundance_layout(comparing, y, present)
    abundance = comparing.fits(y[:, layout.status == ""])
    nothing = np.zeros((len(comparing.label), 1))
    if present is None:
        return _FirstLook(layout, abundance, None, nothing, nothing)
    where = presence_layout(comparing, present)
    presence = {}
    for term, fit in comparing.fits(present[:, where.status == ""], task.arranged.extra).items():
        test = held(feature_tests(comparing, PREVALENCE, term, fit, where, "share", ""), present, task.arranged)
        presence[term] = separated_blocks(test, present, comparing)
    tested = _amounts(y, present, task.depth)[:, everywhere(comparing, present).status == ""]
    sums, counts = np.nansum(tested, axis=1, keepdims=True), np.isfinite(tested).sum(axis=1, keepdims=True)
    return _FirstLook(layout, abundance, presence, sums, counts)


def _all_first(blocks: Iterable[_FirstLook]) -> _FirstLook:
    """Join the blocks, in their order: so do the bits of their sums not depend on who was first."""
    found = list(blocks)
    sums, counts = np.zeros_like(found[0].sums), np.zeros_like(found[0].sums)
    for one in found:
        sums, counts = sums + one.sums, counts + one.counts
    seen = [one.presence for one in found if one.presence is not None]
    return _FirstLook(
        _joined([one.layout for one in found]),
        _by_term([one.abundance for one in found]),
        _by_term(seen) if len(seen) == len(found) else None,
        sums,
        counts,
    )


def _look_again(task: _Task, part: Any) -> _SecondLook:
    """Look at one block again: ranks and amounts of relative tables from the frame and from each sample's mean."""
    comparing, (y, present) = task.comparing, task.read(part)
    assert present is not None  # the first pass saw that there is
    layout = everywhere(comparing, present)
    tested = _amounts(y, present, task.depth)[:, layout.status == ""]
    ranks = rank_tests(comparing, y, present, dict(task.frames), task.arranged)
    return _SecondLook(layout, ranks, comparing.fits(tested - task.mean if task.relative else tested))


def _framed(
    comparing: Comparing, first: _FirstLook, *, relative: bool
) -> tuple[tuple[tuple[str, ReferenceFrame], ...], dict[str, FeatureTests]]:
    """Measure abundances from the median of all features, once all are there."""
    frames, tests = [], {}
    for term, whole in first.abundance.items():
        fit, frame = _against(whole, comparing, relative=relative)
        note = "" if frame is None else "measured from the median feature"
        frames += [] if frame is None else [(term, frame)]
        tests[term] = feature_tests(comparing, ABUNDANCE, term, fit, first.layout, "log2 fold change", note)
    return tuple(frames), tests


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


def _by_term(blocks: Sequence[Mapping[str, Made]]) -> dict[str, Made]:
    return {term: _joined([one[term] for one in blocks]) for term in blocks[0]}
