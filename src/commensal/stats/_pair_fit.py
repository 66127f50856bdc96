"""From arrays to fits of a latent-variable or count model with a random intercept: statuses, effects, p."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError, listing
from commensal.stats._arrays import numbers
from commensal.stats._logistic_design import BinaryDesign, designed, grams, kept_columns
from commensal.stats._logistic_groups import GroupCounts, count_groups
from commensal.stats._logistic_result import two_sided
from commensal.stats._pair_marginal import Pairs
from commensal.stats._pair_search import Found, maximum
from commensal.stats.fits import Array, Counts, Mask, Texts, columns_of, fill_names, tabulated, unnamed

if TYPE_CHECKING:
    import pandas as pd

#: Numbers in one array of (features × samples × nodes): bounds the working memory, about 30 such arrays.
CHUNK = 600_000
#: A standard error this many times the outcome's own scale says that the estimate runs off: the sides are separated.
ENDLESS = 40.0


@dataclass(frozen=True, slots=True)
class OutcomeFit:
    """One contrast of a model of scores, censored values or counts, for m features; missing is NaN.

    Attributes
    ----------
    effect, se : (m,)
        The contrast's estimate and its standard error from the observed information; the function says in which units.
    df : (m,)
        Degrees of freedom that p, low and high use.
    statistic, p : (m,)
        Signed root of the likelihood ratio, and its two-sided p against Student's t with `df`. Of censored values the
        root is turned into the t that it would be without censoring.
    p_wald, p_lrt : (m,)
        Two-sided p of effect / se against the normal distribution; of the likelihood ratio against χ² with 1 df.
    low, high : (m,)
        effect ± t s, s the larger of se (of censored values widened by what maximum likelihood owes to few units) and
        |effect / statistic|: no interval leaves out 0 where p does not.
    status : (m,)
        ``ok`` and ``boundary`` have a p, the others say why there is none.
    n, n_groups : (m,)
        Samples in which the feature is present, and groups among them (samples where there are no groups).
    sd_group : (m,)
        Standard deviation of the random intercept, in the units of the effect; 0 without groups.
    spread : (m,)
        Residual standard deviation σ of censored values, size θ of counts; NaN for scores.
    loglik : (m,)
        Largest log-likelihood.
    note : (m,)
        What there is to add to the status, else "".
    """

    effect: Array
    se: Array
    df: Array
    statistic: Array
    p: Array
    p_wald: Array
    p_lrt: Array
    low: Array
    high: Array
    status: Texts
    n: Counts
    n_groups: Counts
    sd_group: Array
    spread: Array
    loglik: Array
    note: Texts
    features: Texts = field(default_factory=unnamed)

    def __post_init__(self) -> None:
        """Give every feature a place for its name."""
        fill_names(self, self.effect.shape)

    def __len__(self) -> int:
        """Return the number of features."""
        return len(self.effect)

    def table(self, features: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a DataFrame with one row per feature and one column per field."""
        return tabulated(columns_of(self), features)


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """Responses of a chunk of features and how they become a likelihood.

    Attributes
    ----------
    y : (n, m)
        NaN where missing.
    extra
        How many coefficients stand before those of the columns.
    build
        Columns (n, k) and which of them are free (m, k), to pairs and a start (m, extra + k); rows as in y.
    fault : (m,)
        Status of features that cannot be fitted, else "ok", and its note.
    note : (m,)
        The note.
    scaled
        Whether effects are coefficients over ξ_0 (1/σ of censored values).
    unit : (m,)
        What effects are multiplied by.
    spread
        ξ (m, p) to the fit's `spread`.
    implied
        Whether the intercept is in the extra coefficients: a constant column is then not free.
    shift : (m,)
        Log-likelihood to add for the scale of y.
    """

    y: Array
    extra: int
    build: Callable[[Array, Mask], tuple[Pairs, Array]]
    fault: Texts
    note: Texts
    scaled: bool
    unit: Array
    spread: Callable[[Array], Array]
    implied: bool
    shift: Array


def fit_contrasts(
    y: Array,
    x: ArrayLike,
    contrasts: ArrayLike,
    groups: Iterable[Hashable] | None,
    outcome: Callable[[Counts, Counts], Outcome],
    points: int,
    level: float,
) -> tuple[OutcomeFit, ...]:
    """Fit y (n, m) for contrasts (c, k); `outcome` takes sorted rows and features and gives the responses of these."""
    if isinstance(points, bool) or points not in range(5, 101):
        raise StatisticsError("no such number of quadrature points", found=repr(points), expected="5 to 100, like 15")
    columns, asked = numbers(x, "x", dimensions=2), numbers(contrasts, "contrasts", dimensions=2)
    labels = None if groups is None else list(groups)
    constant = (np.ptp(columns, axis=0) == 0) & (columns[0] != 0) if len(columns) else np.zeros(columns.shape[1], bool)
    given = columns
    added = not constant.any() and outcome(np.arange(len(y)), np.arange(0)).implied
    if added:  # scores have their intercept in the cut points; the rank must know of it
        columns, asked = np.column_stack([columns, np.ones(len(columns))]), np.pad(asked, ((0, 0), (0, 1)))
    designs = [designed(y, columns, one, labels, level) for one in asked]
    order = np.arange(len(y)) if labels is None else np.argsort(designs[0].codes, kind="stable")
    n, m = y.shape
    step = int(np.clip(CHUNK // max(n * (points if labels is not None else 1), 1), 1, 2048))
    parts: list[list[OutcomeFit]] = [[] for _ in designs]
    for at in range(0, max(m, 1), step):
        some = np.arange(at, min(at + step, m))
        own = [_rows(one, order, some) for one in designs]
        chunk = _Chunk(outcome(order, some), own, labels is not None, points, given[order] if added else None)
        for mine, fit in zip(parts, chunk.fits(level), strict=True):
            mine.append(fit)
    return tuple(_joined(mine) for mine in parts)


def _joined(parts: Sequence[OutcomeFit]) -> OutcomeFit:
    if len(parts) == 1:
        return parts[0]
    names = [item.name for item in fields(OutcomeFit)]
    return OutcomeFit(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def _rows(design: BinaryDesign, order: Counts, some: Counts) -> BinaryDesign:
    return BinaryDesign(
        design.y[np.ix_(order, some)],
        design.x[order],
        design.z[order],
        design.scale,
        design.order,
        design.against,
        design.weighed,
        design.label[order],
        design.codes[order],
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Chunk:
    """Some features with one design for each contrast."""

    outcome: Outcome
    designs: Sequence[BinaryDesign]
    grouped: bool
    points: int
    given: Array | None  #: (n, k) columns as they were given, where an intercept was put beside them

    def lost(self, kept: Mask) -> Mask:
        """Columns that the others make up, (m, k)."""
        if self.given is None:
            return ~kept
        present = (~np.isnan(self.outcome.y)).astype(float)
        scaled = self.given / np.maximum(np.abs(self.given).max(axis=0), 1e-300)
        return ~kept_columns(grams(scaled, present), list(range(scaled.shape[1])))

    def fits(self, level: float) -> list[OutcomeFit]:
        """Fit the model once, and once more without each contrast."""
        first, out = self.designs[0], self.outcome
        present = ~np.isnan(out.y)
        kept = kept_columns(grams(first.x, present.astype(float)), first.order)
        free = kept & ~self._constant(first.x) if out.implied else kept
        counts = count_groups(first, present) if self.grouped else None
        n = present.sum(axis=0)
        single = np.ones(len(n), bool) if counts is None else (counts.n_groups <= 1) | (counts.n_groups == n)
        fit_it = (out.fault == "ok") & (n > kept.sum(axis=1))
        pairs, start = out.build(first.x, free)
        found = _solve(pairs, start, self.points, single, np.flatnonzero(fit_it))
        which = np.flatnonzero(fit_it)
        return [self._one(design, found, kept, single, which, level) for design in self.designs]

    def _constant(self, x: Array) -> Mask:
        return np.asarray((np.ptp(x, axis=0) == 0) & (x[0] != 0))

    def _one(
        self, design: BinaryDesign, found: Found, kept: Mask, single: Mask, which: Counts, level: float
    ) -> OutcomeFit:
        out, extra = self.outcome, self.outcome.extra
        effect, se = _effect(design, found, extra, out.scaled)
        present = ~np.isnan(out.y)
        estimable = kept_columns(grams(design.z, present.astype(float)), [*range(1, design.z.shape[1]), 0])[:, 0]
        counts = count_groups(design, present) if self.grouped else None
        status, note = _statuses(self, design, found, kept, estimable, counts, single, effect, se)
        root = self._root(design, found, effect, single, which[np.isin(status[which], TOLD)])
        return _answer(self, design, found, (effect, se, root), (status, note), counts, estimable, level)

    def _root(self, design: BinaryDesign, found: Found, effect: Array, single: Mask, which: Counts) -> Array:
        """Signed root of the likelihood ratio without the contrast, (m,); NaN where it cannot be had."""
        root = np.full(len(effect), np.nan)
        if not which.size:
            return root
        out, extra = self.outcome, self.outcome.extra
        rest = [j for j in design.order if j != _lead(design)]
        z = design.z[:, 1:]
        present = (~np.isnan(out.y)).astype(float)
        kept = np.zeros((len(effect), 0), bool)
        if z.shape[1]:
            kept = kept_columns(grams(z, present), list(range(z.shape[1])))
            kept &= ~(self._constant(z) & out.implied)
        pairs, _ = out.build(z, kept)
        start = np.column_stack([found.xi[:, :extra], found.xi[:, extra:][:, rest]])
        null = _solve(pairs, start, self.points, single, which, found)
        drop = np.maximum(2 * (found.loglik - null.loglik), 0.0)
        good = np.zeros(len(root), bool)
        good[which] = null.settled[which]
        return np.where(good, np.sqrt(drop) * np.sign(effect), np.nan)


#: Statuses of features whose model was solved and tells something of the contrast.
TOLD = ("ok", "boundary", "one_cage")


def _lead(design: BinaryDesign) -> int:
    """Which column of x leads z: the one that the contrast weighs most."""
    return int(np.argmax(np.abs(design.against)))


def _solve(pairs: Pairs, start: Array, points: int, single: Mask, which: Counts, near: Found | None = None) -> Found:
    """Solve the models of some features; the others stay NaN."""
    m, p = start.shape
    out = Found(
        np.full((m, p), np.nan),
        np.full(m, np.nan),
        np.full(m, np.nan),
        np.full((m, p, p), np.nan),
        np.zeros(m, bool),
        np.zeros(m, bool),
    )
    if which.size:
        close = None if near is None else Found(*(getattr(near, name)[which] for name in Found.__slots__))
        part = maximum(pairs.of(which), start[which], points, single[which], close)
        for name in Found.__slots__:
            getattr(out, name)[which] = getattr(part, name)
    return out


def _effect(design: BinaryDesign, found: Found, extra: int, scaled: bool) -> tuple[Array, Array]:
    """Effect and standard error of the contrast, (m,) each, before units."""
    c = design.against * design.scale
    beta, inverse = found.xi[:, extra:], found.inverse
    along = beta @ c
    if not scaled:
        variance = np.einsum("i,mij,j->m", c, inverse[:, extra:, extra:], c)
        return along, np.sqrt(variance)
    h = found.xi[:, 0]
    lean = np.column_stack([-along / h**2, np.zeros((len(h), extra - 1)), c[None, :] / h[:, None]])
    return along / h, np.sqrt(np.einsum("mi,mij,mj->m", lean, inverse, lean))


def _statuses(
    chunk: _Chunk,
    design: BinaryDesign,
    found: Found,
    kept: Mask,
    estimable: Mask,
    counts: GroupCounts | None,
    single: Mask,
    effect: Array,
    se: Array,
) -> tuple[Texts, Texts]:
    out = chunk.outcome
    present = ~np.isnan(out.y)
    n = present.sum(axis=0)
    status, note = np.full(len(n), "ok", object), np.full(len(n), "", object)

    def give(where: Mask, name: str, words: str) -> None:
        chosen = where & (status == "ok")
        status[chosen], note[chosen] = name, words

    give(n < 2, "too_few", "present in fewer than 2 samples")
    for i in np.flatnonzero(out.fault != "ok"):
        give(np.arange(len(n)) == i, out.fault[i], out.note[i])
    give(_absent(design.label, present), "too_few", "one side has no sample")
    lost = chunk.lost(kept)
    for i in np.flatnonzero(lost.any(axis=1) | ~estimable):
        words = f"columns that the others make up: {listing(np.flatnonzero(lost[i]).tolist())}"
        give(np.arange(len(n)) == i, "rank_deficient", words)
    give(n <= kept.sum(axis=1) + out.extra - 1, "too_few", "no more samples than columns")
    scale = np.where(np.isfinite(found.xi[:, 0]) & (found.xi[:, 0] > 0), 1 / np.maximum(found.xi[:, 0], 1e-300), 1.0)
    endless = se > ENDLESS * (scale if out.scaled else 1.0) * abs(design.scale)
    give(endless | (np.isnan(se) & (np.abs(found.xi[:, out.extra :]).max(axis=1, initial=0) > 15)), "separated",
         "one side lies wholly beyond the other: the estimate would be infinite")  # fmt: skip
    if counts is not None:
        give(counts.lone, "one_cage", "one side of the contrast is a single group")
        give(counts.between & (counts.df < 1), "too_few", "no more groups than columns that are constant within groups")
        give(counts.df < 1, "too_few", "no residual degrees of freedom within groups")
    give(found.runaway, "not_converged", "the group variance grows without end")
    give(~found.settled | ~np.isfinite(effect) | ~(se > 0), "not_converged", "the likelihood has no settled optimum")
    if counts is not None:
        give(single & (counts.n_groups <= 1), "boundary", "a single group: no random intercept")
        give(single, "boundary", "every group has one sample: no random intercept")
        give(found.tau == 0, "boundary", "the group variance is 0")
    for i in np.flatnonzero(np.isin(status, TOLD) & (out.note != "")):
        note[i] = "; ".join(filter(None, (note[i], out.note[i])))
    return status, note


def _absent(label: Array, present: Mask) -> Mask:
    """Whether one side of a two-valued contrast has no sample, (m,)."""
    low, high = label.min(), label.max()
    near = 1e-9 * (high - low)
    if not high > low or not np.all((label >= high - near) | (label <= low + near)):
        return np.zeros(present.shape[1], bool)
    upper = (present & (label > low / 2 + high / 2)[:, None]).sum(axis=0)
    return np.asarray((upper == 0) | (upper == present.sum(axis=0)))


def _answer(
    chunk: _Chunk,
    design: BinaryDesign,
    found: Found,
    numbers_: tuple[Array, Array, Array],
    said: tuple[Texts, Texts],
    counts: GroupCounts | None,
    estimable: Mask,
    level: float,
) -> OutcomeFit:
    from scipy.special import stdtr, stdtrit

    out, (effect, se, root), (status, note) = chunk.outcome, numbers_, said
    present = ~np.isnan(out.y)
    n = present.sum(axis=0).astype(np.int64)
    rank = kept_columns(grams(design.x, present.astype(float)), design.order).sum(axis=1)
    lost = np.isin(status, ("ok", "boundary")) & ~np.isfinite(root)
    status[lost], note[lost] = "not_converged", "the likelihood without the contrast has no settled optimum"
    shown = np.isin(status, [*TOLD, "rank_deficient"]) & found.settled & estimable & np.isfinite(se)
    told = np.isin(status, ("ok", "boundary"))
    df = np.where(told, (n - rank) if counts is None else counts.df, np.nan).astype(float)
    usable = np.where(told & (df > 0), df, 1.0)
    root = np.where(told, root, np.nan)
    unit = out.unit
    statistic, widen = _small(root, found, counts, n, rank) if out.scaled else (root, np.ones(len(n)))
    p = np.minimum(np.maximum(2 * stdtr(usable, -np.abs(statistic)), np.finfo(float).tiny), 1.0)
    # where the likelihood is flatter on the way to 0 than at its top, the interval is as wide as p says
    by_p = np.where(np.abs(statistic) > 1e-2, np.abs(effect / statistic), 0.0)
    reach = np.where(told, stdtrit(usable, (1 + level) / 2) * np.fmax(se * widen, by_p) * unit, np.nan)
    over = found.xi[:, 0] if out.scaled else np.ones(len(n))
    return OutcomeFit(
        effect=np.where(shown, effect * unit, np.nan),
        se=np.where(shown, se * unit, np.nan),
        df=df,
        statistic=statistic,
        p=np.where(told, p, np.nan),
        p_wald=two_sided(np.where(told, effect / se, np.nan)),
        p_lrt=two_sided(root),
        low=effect * unit - reach,
        high=effect * unit + reach,
        status=status,
        n=n,
        n_groups=n if counts is None else counts.n_groups,
        sd_group=np.where(shown, found.tau / over * unit, np.nan),
        spread=np.where(shown, out.spread(found.xi), np.nan),
        loglik=np.where(shown, found.loglik + out.shift, np.nan),
        note=note,
    )


def _small(root: Array, found: Found, counts: GroupCounts | None, n: Counts, rank: Counts) -> tuple[Array, Array]:
    """Make up for a variance estimated by maximum likelihood from few samples: t from the root r, and se's factor.

    Of normal values without censoring r² = N log(1 + t² / ν) and se² is short by ν / N, N the units that are compared
    and ν what the columns leave of them; with censoring both are taken to hold still. Units are groups where the
    contrast is constant in them and they differ, samples inside groups, or samples.
    """
    units, left = n.astype(float), (n - rank).astype(float)
    if counts is not None:
        inside = np.asarray(n - counts.n_groups, dtype=float)
        grouped = found.tau > 0
        units = np.where(grouped, np.where(counts.between, counts.n_groups, inside), units)
        left = np.where(grouped, counts.df, left)
    left = np.maximum(left, 1.0)
    t = np.sign(root) * np.sqrt(left * np.expm1(np.minimum(root**2 / units, 600.0)))
    if counts is not None:  # inside few groups the group variance is estimated from the same values: t is too large
        t = np.where(counts.between, t, root)
    return t, np.sqrt(units / left)
