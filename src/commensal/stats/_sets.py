"""What the set tests share: the result, membership, set statistics, and t of a linear contrast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commensal.errors import StatisticsError
from commensal.stats._arrays import TIE, Floats, Integers, numbers, same_length

if TYPE_CHECKING:
    import pandas as pd

Texts = NDArray[np.object_]
#: A member whose score goes beyond this in the set's direction leads it (as roast counts active members).
LEADS = float(np.sqrt(2))
STATISTICS = ("mean", "mean square")
#: A feature of which the columns leave less than this share of its sum of squares does not vary.
_FLAT = 1e-12


@dataclass(frozen=True, slots=True)
class SetFit:
    """What a test says about s sets of features; missing numbers are NaN."""

    name: tuple[str, ...]  # (s,)
    size: Integers  # (s,) members that could be tested
    statistic: Floats  # (s,) mean score of the members, or t of members against the others
    direction: Texts  # (s,) up | down | "" where there is no statistic
    p: Floats  # (s,) two-sided: all up or all down
    p_up: Floats  # (s,)
    p_down: Floats  # (s,)
    p_mixed: Floats  # (s,) members change, in whichever directions; NaN for competitive tests
    correlation: Floats  # (s,) between members, given or estimated; NaN for self-contained tests
    active_up: Floats  # (s,) share of members with a score above √2
    active_down: Floats  # (s,) share below −√2
    leading: tuple[tuple[int, ...], ...]  # (s,) members beyond √2 in the set's direction, farthest first
    status: Texts  # (s,) ok | too_few | constant
    note: Texts  # (s,)
    n_permutations: int  # arrangements or rotations compared; 0 for competitive tests
    method: str

    def table(self) -> pd.DataFrame:
        """Return one row per set; ``leading`` as text."""
        import pandas as pd

        names = ("size", "statistic", "direction", "p", "p_up", "p_down", "p_mixed", "correlation")
        more = ("active_up", "active_down", "status", "note")
        frame = pd.DataFrame({"set": self.name, **{name: getattr(self, name) for name in (*names, *more)}})
        return frame.assign(leading=[" ".join(map(str, members)) for members in self.leading])


@dataclass(frozen=True, slots=True)
class Members:
    """Which features each set has."""

    name: tuple[str, ...]
    given: Integers  # (s,) members asked for
    inside: tuple[Integers, ...]  # (s,) those that can be tested
    union: Integers  # (u,) features in any set

    def weights(self) -> Floats:
        """Return (u, s): 1/size where a feature of the union belongs to a set."""
        table = np.zeros((self.union.size, len(self.inside)))
        for column, members in zip(table.T, self.inside, strict=True):
            column[np.searchsorted(self.union, members)] = 1 / max(1, members.size)
        return table

    def said(self) -> tuple[Texts, Texts]:
        """Return status and note of each set."""
        sizes = np.array([members.size for members in self.inside], dtype=np.int64)
        status = np.where(sizes > 0, "ok", "too_few").astype(object)
        note = np.full(sizes.size, "", dtype=object)
        for i in np.flatnonzero(sizes < self.given):
            note[i] = f"{self.given[i] - sizes[i]} of {self.given[i]} members cannot be tested"
        note[self.given == 0] = "the set has no members here"
        return status, note


def members_of(sets: Mapping[str, ArrayLike], usable: NDArray[np.bool_]) -> Members:
    """Return the sets' members: feature numbers, or a mask (m,); those not ``usable`` (m,) are left out."""
    m, inside, given = usable.size, [], []
    for name, listed in sets.items():
        array = np.asarray(listed)
        if array.dtype == np.bool_ and array.shape == (m,):
            array = np.flatnonzero(array)
        if array.ndim != 1 or (array.size and not np.issubdtype(array.dtype, np.integer)):
            raise StatisticsError(
                f"set {name!r} does not list features", found=f"{array.dtype}, shape {array.shape}",
                expected="feature numbers from 0, or True and False for each feature",
            )  # fmt: skip
        numbered = np.unique(array.astype(np.int64))
        if numbered.size and (numbered[0] < 0 or numbered[-1] >= m):
            raise StatisticsError(
                f"set {name!r} lists features that are not there",
                found=f"{numbered[0]} to {numbered[-1]}",
                expected=f"0 to {m - 1}",
            )
        given.append(numbered.size)
        inside.append(numbered[usable[numbered]])
    union = np.unique(np.concatenate([np.empty(0, np.int64), *inside]))
    return Members(tuple(map(str, sets)), np.array(given, dtype=np.int64), tuple(inside), union)


def set_statistics(scores: Floats, weights: Floats, statistic: str) -> Floats:
    """Return (4, P, s) of scores (P, u): up, down, the larger of both, and mixed; large values speak against H0."""
    if statistic == "mean":
        up = scores @ weights
        return np.stack([up, -up, np.abs(up), np.abs(scores) @ weights])
    if statistic == "mean square":
        up, down = (np.maximum(side, 0) ** 2 @ weights for side in (scores, -scores))
        return np.stack([up, down, np.maximum(up, down), up + down])
    raise StatisticsError("no such set statistic", found=repr(statistic), expected=", ".join(STATISTICS))


class Counts:
    """How many set statistics under the null reach the observed ones."""

    def __init__(self, observed: Floats) -> None:
        self.bar = observed[:, 0] - TIE * np.abs(observed[:, 0]) - 1e-12
        self.reached = np.zeros(self.bar.shape, dtype=np.int64)
        self.total = 0

    def add(self, statistics: Floats) -> None:
        """Count one chunk (4, P, s)."""
        self.reached += np.count_nonzero(statistics >= self.bar[:, None, :], axis=1)
        self.total += statistics.shape[1]

    def p(self, *, exact: bool) -> Floats:
        """Return p (4, s)."""
        extra = 0 if exact else 1
        share: Floats = (self.reached + extra) / (self.total + extra)
        return share


def assembled(
    members: Members,
    scores: Floats,
    p: Floats,
    *,
    statistic: Floats,
    direction: Floats,
    correlation: Floats,
    said: tuple[Texts, Texts],
    n_permutations: int,
    method: str,
) -> SetFit:
    """Put a result together: scores (m,), p (4, s) as up, down, two-sided, mixed; direction (s,) by its sign."""
    status, note = said
    ok = status == "ok"
    known = np.array([inside.size > 0 for inside in members.inside], dtype=bool)
    active, leading = np.full((2, known.size), np.nan), []
    for i, inside in enumerate(members.inside):
        own = scores[inside]
        if inside.size:
            active[:, i] = np.mean(own > LEADS), np.mean(own < -LEADS)
        toward = own if direction[i] >= 0 else -own
        order = np.argsort(-toward, kind="stable")
        leading.append(tuple(int(j) for j in inside[order[toward[order] > LEADS]]))
    words = np.where(known, np.where(direction >= 0, "up", "down"), "").astype(object)
    up, down, two, mixed = np.where(ok, p, np.nan)
    return SetFit(
        name=members.name,
        size=np.array([inside.size for inside in members.inside], dtype=np.int64),
        statistic=np.where(known, statistic, np.nan),
        direction=words,
        p=two,
        p_up=up,
        p_down=down,
        p_mixed=mixed,
        correlation=correlation,
        active_up=active[0],
        active_down=active[1],
        leading=tuple(leading),
        status=status,
        note=note,
        n_permutations=n_permutations,
        method=method,
    )


@dataclass(frozen=True, slots=True)
class Effects:
    """Orthogonal effects of the features that can be tested: what rotations turn."""

    along: Floats  # (m,) the contrast's own effect, of variance σ²
    residual: Floats  # (d, m) residual effects
    usable: NDArray[np.bool_]  # (m,) complete, and varying beside the columns


def effects_of(y: ArrayLike, x: ArrayLike, contrast: ArrayLike) -> Effects:
    """Turn y (n, m) into the effect of the contrast (k,) and d = n − rank residual effects on orthonormal axes."""
    columns, c = numbers(x, "x", dimensions=2), numbers(contrast, "the contrast", dimensions=1)
    n = columns.shape[0]
    try:
        values = np.array(y, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise StatisticsError("y does not hold numbers", found=error, expected="numbers") from error
    if values.ndim != 2:
        raise StatisticsError("y has the wrong number of dimensions", found=f"shape {values.shape}", expected="(n, m)")
    same_length(values, "y", n)
    if c.size != columns.shape[1]:
        raise StatisticsError("contrast and x do not fit", found=f"{c.size} weights", expected=columns.shape[1])
    complete = ~np.isnan(values).any(axis=0)
    values[:, ~complete] = 0.0
    numbers(values, "y", dimensions=2)
    # One unit for all features, which share a prior: squares neither overflow nor vanish.
    values /= np.abs(values).max(initial=0.0) or 1.0
    scale = np.where(np.abs(columns).max(axis=0, initial=0) > 0, np.abs(columns).max(axis=0, initial=0), 1.0)
    u, s, v = np.linalg.svd(columns / scale, full_matrices=True)
    rank = int(np.count_nonzero(s > 1e-10 * s.max(initial=0.0)))
    aim = c / scale
    told = v[:rank] @ aim
    if not aim.any() or np.linalg.norm(aim - v[:rank].T @ told) > 1e-8 * np.linalg.norm(aim):
        raise StatisticsError(
            "the contrast cannot be told from the other columns of x",
            found=f"{columns.shape[1]} columns of rank {rank}",
            mend="leave out redundant columns, or ask for another contrast",
        )
    if n - rank < 1:
        raise StatisticsError("no residual degree of freedom is left", found=f"n = {n}, rank {rank}")
    axis = u[:, :rank] @ (told / s[:rank])
    residual = u[:, rank:].T @ values
    spread = ((values - values.mean(axis=0)) ** 2).sum(axis=0)
    varies = spread > _FLAT**2 * (values**2).sum(axis=0)
    usable = complete & varies & ((residual**2).sum(axis=0) > _FLAT * spread)
    return Effects((axis / np.linalg.norm(axis)) @ values, residual, usable)


def hill(t: Floats, df: float) -> Floats:
    """Return normal equivalents of t by Hill's expansion (1970), as limma's camera takes them."""
    nu = min(df, 1e100)
    a = nu - 0.5
    b = 48 * a * a
    z = a * np.log1p(t / nu * t)
    top = (((-0.4 * z - 3.3) * z - 24) * z - 85.5) / (0.8 * z * z + 100 + b) + z + 3
    return np.copysign((top / b + 1) * np.sqrt(z), t)
