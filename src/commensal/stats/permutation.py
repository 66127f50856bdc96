"""Restricted permutation: labels move where they vary, and what p this can reach is part of the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commensal.errors import StatisticsError, listing
from commensal.stats import arrangements
from commensal.stats._arrays import TIE, Floats, Integers, numbers
from commensal.stats.arrangements import Units

if TYPE_CHECKING:
    import pandas as pd

FREE, WITHIN, WHOLE, NESTED = "free", "within blocks", "whole blocks", "whole units within blocks"
BOTH = "whole blocks and within"
SCHEMES = (FREE, WITHIN, WHOLE, NESTED, BOTH)


@dataclass(frozen=True, slots=True)
class Permutations:
    """Arrangements of one label over n samples: all distinct ones, or P random ones."""

    labels: Floats  # (P, n); row 0 is the observed arrangement when exact, else all rows are random
    exact: bool  # every distinct arrangement is there, once
    n_distinct: float  # distinct arrangements, the observed one included; inf beyond 1.8e308
    smallest_p: float  # the smallest p that these can give
    scheme: str  # one of SCHEMES

    def table(self) -> pd.DataFrame:
        """Return one row that says what there is; the arrangements themselves are in `labels`."""
        import pandas as pd

        names = ("scheme", "exact", "n_distinct", "smallest_p")
        told = {name: [getattr(self, name)] for name in names}
        return pd.DataFrame({"n": [len(self.labels)], **told})


class Arranged(Protocol):
    """What a p needs to know of a set of arrangements."""

    @property
    def exact(self) -> bool:
        """Whether every distinct arrangement is there."""

    @property
    def n_distinct(self) -> float:
        """How many distinct arrangements there are."""


def permutations(
    label: ArrayLike,
    *,
    block: ArrayLike | None = None,
    unit: ArrayLike | None = None,
    scheme: str | None = None,
    n: int = 9999,
    seed: int = 1,
) -> Permutations:
    """Rearrange a label (n,) where it varies: freely, within blocks, or over whole blocks.

    Parameters
    ----------
    label
        (n,) numbers: 0 and 1 for control and case, or any numeric label (a dose, a block's share of cases).
    block
        (n,) household, cage, infant …; None where samples are exchangeable without restriction.
    unit
        (n,) what carries the label when it has several samples *inside* a block, for example the person in a
        household; nested in ``block``. A unit's samples keep one label among them.
    scheme
        ``"free"``, ``"within blocks"``, ``"whole blocks"`` or ``"whole units within blocks"``. None lets the label
        decide: without blocks free; constant in every block, then blocks carry it and change labels as wholes
        (whatever their sizes); otherwise it moves within blocks. A block with one value stays as it is.
        ``"whole blocks and within"``, never chosen by itself: blocks of one size change places with the labels that
        they hold, and samples inside them too. It asks more than the others: that blocks are exchangeable as wholes
        and samples inside them.
    n
        Random arrangements to draw when there are more than ``n`` distinct ones; otherwise all are enumerated.
    seed
        Seed of the random arrangements; row i depends on the seed and i only.

    Returns
    -------
    Permutations
        With one distinct arrangement nothing can be tested: tests then give no p, with status ``too_few``.

    Raises
    ------
    StatisticsError
        A missing label, lengths that differ, a scheme that this label and these blocks do not allow.

    Examples
    --------
    Three untreated cages against two treated ones, two mice each: 5!/(3! 2!) = 10 arrangements.

    >>> cages = np.repeat(["a", "b", "c", "d", "e"], 2)
    >>> treated = np.repeat([0, 0, 0, 1, 1], 2)
    >>> arranged = permutations(treated, block=cages)
    >>> arranged.scheme, arranged.exact, arranged.n_distinct, arranged.smallest_p
    ('whole blocks', True, 10.0, 0.1)
    """
    if n < 1:
        raise StatisticsError("no permutations were asked for", found=f"n = {n}", expected="at least 1")
    if scheme == BOTH:
        return _both(label, block, n, seed)
    units, chosen = _units(label, block, unit, scheme)
    distinct = arrangements.count(units)
    exact = distinct <= n
    labels = arrangements.every(units) if exact else arrangements.at_random(units, n, seed)
    number = as_float(distinct)
    return Permutations(labels, exact, number, smallest_p(number, n), chosen)


def _both(label: ArrayLike, block: ArrayLike | None, n: int, seed: int) -> Permutations:
    """Arrange a label as a design of one column whose rows move with their blocks and inside them."""
    from commensal.stats.permuted_rows import permuted_rows  # which builds on this module

    values = merged(numbers(label, "the label", dimensions=1))
    moved = permuted_rows(values, block=block, scheme=BOTH, n=n, seed=seed)
    return Permutations(values[moved.rows], moved.exact, moved.n_distinct, moved.smallest_p, BOTH)


def count_arrangements(
    label: ArrayLike, block: ArrayLike | None = None, scheme: str | None = None, *, unit: ArrayLike | None = None
) -> tuple[float, str]:
    """Return how many distinct arrangements a label (n,) has in its design, and the scheme.

    The product over blocks of m!/∏ m_v! (within blocks), or one such coefficient over samples (free) or over blocks
    (whole blocks). ``inf`` beyond 1.8e308. Arguments and errors as in :func:`permutations`.

    Examples
    --------
    Households of (patient, relative) and (patient, relative, relative): 2 × 3.

    >>> count_arrangements([1, 0, 1, 0, 0], ["x", "x", "y", "y", "y"])
    (6.0, 'within blocks')
    """
    if scheme == BOTH:
        return _both(label, block, 1, 1).n_distinct, BOTH
    units, chosen = _units(label, block, unit, scheme)
    return as_float(arrangements.count(units)), chosen


def smallest_p(n_distinct: float, n: int = 9999, *, mirrored: bool = False) -> float:
    """Return the smallest p that a permutation test can reach.

    1/n_distinct when all arrangements are enumerated (n_distinct ≤ n), else 1/(1 + n). With ``mirrored`` (see
    :func:`is_mirrored`) a two-sided or F statistic has the same value in two arrangements, and the exact floor is
    2/n_distinct. 1 where there is one arrangement only: such a design can show nothing.

    Examples
    --------
    >>> smallest_p(10), smallest_p(1e6, 9999), smallest_p(20, mirrored=True)
    (0.1, 0.0001, 0.1)
    """
    if n_distinct < 1:
        raise StatisticsError("a number of arrangements is at least 1", found=n_distinct)
    if n_distinct > n:
        return 1.0 / (1 + n)
    return min(1.0, (2.0 if mirrored else 1.0) / n_distinct)


def is_mirrored(
    label: ArrayLike, block: ArrayLike | None = None, scheme: str | None = None, *, unit: ArrayLike | None = None
) -> bool:
    """Say whether exchanging high and low labels is itself an arrangement, so that F takes each value twice.

    For two labels: as many units of one as of the other in every stratum. Then the smallest exact p of an F or
    two-sided test is 2/n_distinct, not 1/n_distinct. Arguments and errors as in :func:`permutations`.

    Examples
    --------
    >>> is_mirrored([0, 0, 1, 1]), is_mirrored([0, 0, 0, 1, 1])
    (True, False)
    """
    if scheme == BOTH:
        values = _both(label, block, 1, 1).labels[0]  # any arrangement holds what the observed one does
        codes = codes_of([] if block is None else block, "block", values.size)
        one, other = (_contents(each, codes) for each in (values, merged(values.min() + values.max() - values)))
        near = 1e-9 * np.ptp(values)
        return all(np.allclose(a, b, rtol=0, atol=near) for a, b in zip(one, other, strict=True))
    units, _ = _units(label, block, unit, scheme)
    ends = units.label.min() + units.label.max()
    inside = [np.sort(units.label[members]) for members in units.members()]
    return all(np.allclose(values, ends - values[::-1], rtol=0, atol=1e-9 * np.ptp(units.label)) for values in inside)


def permutation_p(null: Floats, observed: float, arranged: Arranged, *, scale: float = 0.0) -> float:
    """Return p of an observed statistic among its permutation values ``null`` (P,); large values speak against H0.

    #{null ≥ observed} / P when all arrangements are there, (1 + #)/(1 + P) otherwise (Phipson & Smyth 2010). Values
    within a relative ``TIE`` of the observed one, or within rounding of ``scale``, count as equal to it: an
    arrangement that is the observed one in other words must never be lost to rounding.
    """
    if arranged.n_distinct <= 1:
        return float("nan")
    slack = 0.0 if np.isinf(observed) else TIE * abs(observed) + 1e-12 * abs(scale)
    above = int(np.count_nonzero(null >= observed - slack))
    return above / null.size if arranged.exact else (1 + above) / (1 + null.size)


def _units(label: ArrayLike, block: ArrayLike | None, unit: ArrayLike | None, scheme: str | None) -> tuple[Units, str]:
    """Return the units that carry labels, and the scheme they make."""
    values = merged(numbers(label, "the label", dimensions=1))
    if values.size == 0:
        raise StatisticsError("there are no samples to permute", found="0 labels", expected="at least 2")
    if scheme is not None and scheme not in SCHEMES:
        raise StatisticsError("no such permutation scheme", found=repr(scheme), expected=", ".join(SCHEMES))
    blocks = None if block is None else codes_of(block, "block", values.size)
    inner = None if unit is None else codes_of(unit, "unit", values.size)
    chosen = scheme or scheme_of(values, blocks, inner)
    everything = np.zeros(values.size, dtype=np.int64)
    samples = np.arange(values.size)
    if chosen == FREE:
        return Units(values, everything, samples), chosen
    carriers = blocks if blocks is not None else inner if chosen == WHOLE else None
    if carriers is None:
        raise StatisticsError(f"permuting {chosen!r} needs blocks", found="no block", mend="give block=")
    if chosen == WITHIN:
        return Units(values, carriers, samples), chosen
    if chosen == WHOLE:
        return _carried(values, carriers, everything, "block"), chosen
    if inner is None:
        raise StatisticsError(f"permuting {chosen!r} needs units", found="no unit", mend="give unit=")
    return _carried(values, inner, carriers, "unit"), chosen


def scheme_of(values: Floats, blocks: Integers | None, units: Integers | None) -> str:
    """Decide by where the label varies."""
    if blocks is None:
        return FREE if units is None else WHOLE
    if not varying(values, blocks).size:
        return WHOLE
    return WITHIN if units is None else NESTED


def _carried(values: Floats, carriers: Integers, strata: Integers, name: str) -> Units:
    """Collapse samples to the units that carry the label, which must be constant in each and lie in one stratum."""
    moving = varying(values, carriers)
    if moving.size:
        raise StatisticsError(
            f"the label varies within a {name}, which therefore cannot change it as a whole",
            found=f"{moving.size} such {name}s of {carriers.max() + 1}",
            expected=f"one label in each {name}",
            mend="permute within blocks instead",
        )
    if varying(strata.astype(np.float64), carriers).size:
        raise StatisticsError(f"a {name} lies in more than one block", expected=f"each {name} inside one block")
    first = np.unique(carriers, return_index=True)[1]
    return Units(values[first], strata[first], carriers)


def _contents(values: Floats, codes: Integers) -> list[Floats]:
    """Return what each block holds, in an order that does not depend on which block it is."""
    held = [np.sort(values[codes == code]) for code in np.unique(codes)]
    return sorted(held, key=lambda inside: (inside.size, inside.tolist()))


def varying(values: Floats, codes: Integers) -> Integers:
    """Return the codes within which values differ."""
    low = np.full(codes.max() + 1, np.inf)
    high = -low
    np.minimum.at(low, codes, values)
    np.maximum.at(high, codes, values)
    return np.flatnonzero(high > low)


def merged(values: Floats) -> Floats:
    """Return labels (n,) in which those that differ by rounding only (a share computed in two ways) are the same."""
    levels, codes = np.unique(values, return_inverse=True)
    if levels.size < 2:
        return values
    apart = np.concatenate([[True], np.diff(levels) > 1e-12 * max(np.abs(levels).max(), np.ptp(levels))])
    same: Floats = levels[apart][np.cumsum(apart) - 1][codes]
    return same


def codes_of(names: ArrayLike, what: str, n: int) -> Integers:
    """Return integer codes 0 … of names (n,), none of them missing."""
    given: NDArray[np.generic] = np.asarray(names)
    if given.shape != (n,):
        raise StatisticsError(f"{what} does not fit the label", found=f"shape {given.shape}", expected=f"({n},)")
    missing = [i for i, name in enumerate(given.tolist()) if name is None or name != name]  # noqa: PLR0124  NaN
    if missing:
        raise StatisticsError(
            f"{what} is missing for some samples",
            found=f"rows {listing(missing)} (the first row is 0)",
            expected=f"a {what} for every sample",
            mend="leave these samples out",
        )
    texts = np.array([str(name) for name in given.tolist()])
    return np.unique(texts, return_inverse=True)[1].astype(np.int64)


def as_float(number: int) -> float:
    """Return a whole number as float, inf where it is too large for one."""
    try:
        return float(number)
    except OverflowError:
        return float("inf")
