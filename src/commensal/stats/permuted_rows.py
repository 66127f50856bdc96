"""Restricted permutation of whole rows of a design: what a label of several columns needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats import arrangements
from commensal.stats._arrays import Floats, Integers, numbers
from commensal.stats.arrangements import Units
from commensal.stats.permutation import (
    BOTH,
    FREE,
    NESTED,
    SCHEMES,
    WHOLE,
    WITHIN,
    as_float,
    codes_of,
    scheme_of,
    smallest_p,
    varying,
)

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class PermutedRows:
    """Arrangements of n design rows over n samples: all distinct ones, or P random ones."""

    rows: Integers  # (P, n) sample i gets design row rows[p, i]; row 0 is the observed one when exact
    alike: Integers  # (n,) design rows with one code are the same row, and are not told apart
    exact: bool  # every distinct arrangement is there, once
    n_distinct: float  # distinct arrangements, the observed one included; inf beyond 1.8e308
    smallest_p: float  # the smallest p that these can give
    scheme: str  # one of SCHEMES

    def table(self) -> pd.DataFrame:
        """Return one row that says what there is; the arrangements themselves are in `rows`."""
        import pandas as pd

        names = ("scheme", "exact", "n_distinct", "smallest_p")
        told = {name: [getattr(self, name)] for name in names}
        return pd.DataFrame({"n": [len(self.rows)], **told})


def permuted_rows(
    design: ArrayLike | int,
    *,
    block: ArrayLike | None = None,
    unit: ArrayLike | None = None,
    scheme: str | None = None,
    n: int = 9999,
    seed: int = 1,
) -> PermutedRows:
    """Rearrange the rows of a design (n, k) over its samples, freely or as blocks allow.

    Parameters
    ----------
    design
        (n, k) or (n,) the columns that move together; equal rows are not told apart, so that arrangements are
        counted and enumerated once. A whole number stands for that many rows, all different.
    block, unit
        (n,) household, cage, …, and what lies inside a block and moves as a whole; as in
        :func:`commensal.stats.permutations`.
    scheme
        ``"free"``; ``"within blocks"``; ``"whole blocks"``: blocks change rows as wholes. Where every block has one
        row, sizes do not matter; where rows differ inside a block (time points), blocks of one size change places,
        sample by sample in the order in which they stand; ``"whole units within blocks"``: the same for units, inside
        their block; ``"whole blocks and within"``: blocks of one size change places, and samples inside them too.
        None lets the design decide as :func:`commensal.stats.permutations` does (never both).
    n, seed
        As in :func:`commensal.stats.permutations`: all are enumerated when there are no more than ``n``.

    Returns
    -------
    PermutedRows
        ``design[rows[p]]`` is arrangement p.

    Raises
    ------
    StatisticsError
        Arrays that do not fit together, missing values, no such scheme, a scheme without its blocks.

    Examples
    --------
    Three diets, two cages each, two mice in a cage: 6!/(2! 2! 2!) = 90 arrangements of whole cages.

    >>> diet = np.repeat([[0, 0], [1, 0], [0, 1]], 4, axis=0)
    >>> arranged = permuted_rows(diet, block=np.repeat(np.arange(6), 2))
    >>> arranged.scheme, arranged.exact, arranged.n_distinct, arranged.rows.shape
    ('whole blocks', True, 90.0, (90, 12))
    """
    if n < 1:
        raise StatisticsError("no permutations were asked for", found=f"n = {n}", expected="at least 1")
    alike = _alike(design)
    plan, chosen = _plan(alike, block, unit, scheme)
    distinct = plan.count()
    exact = distinct <= n
    codes = plan.every() if exact else plan.at_random(n, seed)
    first = np.unique(alike, return_index=True)[1].astype(np.int64)
    number = as_float(distinct)
    return PermutedRows(first[codes], alike, exact, number, smallest_p(number, n), chosen)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Carriers (u) that exchange patterns of row codes inside strata; then, perhaps, samples inside carriers."""

    alike: Integers  # (n,) code of each sample's own row
    carrier: Integers  # (n,) 0 … u − 1
    stratum: Integers  # (u,)
    kind: Integers  # (u,) which pattern each carrier has
    patterns: Integers  # (kinds, largest size) row codes; a pattern of one row is repeated
    place: Integers  # (n,) each sample's place in its carrier
    inside: bool  # whether samples inside carriers change places too

    def count(self) -> int:
        ways = arrangements.count(self._outer())
        return ways * (arrangements.count(self._inner(self.alike)) if self.inside else 1)

    def every(self) -> Integers:
        """Return the row codes of every distinct arrangement, (count, n), the observed one first."""
        codes = self._spread(arrangements.every(self._outer()))
        if not self.inside:
            return codes
        each = [arrangements.every(self._inner(row)).astype(np.int64) for row in codes]
        codes = np.concatenate(each)
        observed = int(np.flatnonzero((codes == self.alike).all(axis=1))[0])
        codes[[0, observed]] = codes[[observed, 0]]
        return codes

    def at_random(self, n: int, seed: int) -> Integers:
        """Return the row codes of n random arrangements, (n, samples)."""
        codes = self._spread(arrangements.at_random(self._outer(), n, seed))
        if self.inside:
            members = self._inner(self.alike).members()
            streams = np.random.SeedSequence([seed, 1]).spawn(len(members))
            for inside, stream in zip(members, streams, strict=True):
                codes[:, inside] = np.random.default_rng(stream).permuted(codes[:, inside], axis=1)
        return codes

    def _outer(self) -> Units:
        return Units(self.kind.astype(np.float64), self.stratum, np.arange(self.kind.size))

    def _inner(self, codes: Integers) -> Units:
        return Units(codes.astype(np.float64), self.carrier, np.arange(codes.size))

    def _spread(self, kinds: Floats) -> Integers:
        """Return the row codes (P, n) of arrangements (P, u) of patterns over carriers."""
        if self.patterns.shape[1] == 1 and np.array_equal(self.carrier, np.arange(self.kind.size)):
            flat: Integers = self.patterns[:, 0][kinds.astype(np.int64)]
            return flat
        spread: Integers = self.patterns[kinds.astype(np.int64)[:, self.carrier], self.place]
        return spread


def _alike(design: ArrayLike | int) -> Integers:
    """Return the code of each design row, (n,): equal rows have one."""
    if isinstance(design, int | np.integer):
        if design < 1:
            raise StatisticsError("there are no rows to permute", found=f"{design} rows", expected="at least 2")
        return np.arange(int(design), dtype=np.int64)
    given = np.asarray(design)
    table = numbers(given[:, None] if given.ndim == 1 else given, "the design", dimensions=2)
    if table.shape[0] == 0:
        raise StatisticsError("there are no rows to permute", found="0 rows", expected="at least 2")
    return np.unique(table, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _plan(alike: Integers, block: ArrayLike | None, unit: ArrayLike | None, scheme: str | None) -> tuple[_Plan, str]:
    if scheme is not None and scheme not in SCHEMES:
        raise StatisticsError("no such permutation scheme", found=repr(scheme), expected=", ".join(SCHEMES))
    size = alike.size
    blocks = None if block is None else codes_of(block, "block", size)
    units = None if unit is None else codes_of(unit, "unit", size)
    chosen = scheme or scheme_of(alike.astype(np.float64), blocks, units)
    everything = np.zeros(size, np.int64)
    if chosen == FREE:
        return _single(alike, everything), chosen
    carriers = blocks if blocks is not None else units if chosen == WHOLE else None
    if carriers is None:
        raise StatisticsError(f"permuting {chosen!r} needs blocks", found="no block", mend="give block=")
    if chosen == WITHIN:
        return _single(alike, carriers), chosen
    if chosen == NESTED:
        if units is None:
            raise StatisticsError(f"permuting {chosen!r} needs units", found="no unit", mend="give unit=")
        if varying(carriers.astype(np.float64), units).size:
            raise StatisticsError("a unit lies in more than one block", expected="each unit inside one block")
        first = np.unique(units, return_index=True)[1]
        return _whole(alike, units, carriers[first], inside=False), chosen
    return _whole(alike, carriers, np.zeros(carriers.max() + 1, np.int64), inside=chosen == BOTH), chosen


def _single(alike: Integers, stratum: Integers) -> _Plan:
    """Return a plan in which every sample is a carrier of its own."""
    n = alike.size
    kinds = np.arange(alike.max() + 1)[:, None]
    return _Plan(alike, np.arange(n), stratum, alike, kinds, np.zeros(n, np.int64), False)


def _whole(alike: Integers, carrier: Integers, stratum: Integers, *, inside: bool) -> _Plan:
    """Return a plan in which carriers of one size, or of one row each, change rows as wholes."""
    sizes = np.bincount(carrier)
    order = np.argsort(carrier, kind="stable")
    place = np.empty(alike.size, np.int64)
    place[order] = np.arange(alike.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    plain = not varying(alike.astype(np.float64), carrier).size
    if not plain:  # rows differ inside carriers: only those of one size can change places
        stratum = np.unique(np.column_stack([stratum, sizes]), axis=0, return_inverse=True)[1].reshape(-1)
    members = np.split(alike[order], np.cumsum(sizes)[:-1])
    table = np.full((sizes.size, sizes.max()), -1, np.int64)
    for row, held in zip(table, members, strict=True):
        if plain:
            row[:] = held[0]
        else:
            row[: held.size] = np.sort(held) if inside else held
    patterns, kind = np.unique(table, axis=0, return_inverse=True)
    return _Plan(alike, carrier, stratum.astype(np.int64), kind.reshape(-1), patterns, place, inside and not plain)
