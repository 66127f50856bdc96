"""Subjects compared through the units that hold them: one door to the models of values, scores and counts."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats._design import group_codes, numbers
from commensal.stats._frames import framed
from commensal.stats._pair_fit import OutcomeFit
from commensal.stats.censored import censored_contrasts
from commensal.stats.counts import count_contrasts
from commensal.stats.cumulative_link import cumulative_link_contrasts
from commensal.stats.fits import Array, Counts, Mask, Texts, columns_of, fill_names, tabulated, unnamed
from commensal.stats.hypotheses import linear_contrasts, mixed_contrasts
from commensal.stats.nested import mixed_nested_contrasts

if TYPE_CHECKING:
    import pandas as pd

Labels = list[Hashable] | None
KINDS = ("value", "score", "count")


@dataclass(frozen=True, slots=True)
class _Model:
    """How values become effects."""

    kind: str
    ceiling: float | None
    floor: float | None
    level: float


@dataclass(frozen=True, slots=True)
class UnitFit:
    """One contrast of subjects, for m features; missing is NaN, and `status` says why.

    Attributes
    ----------
    effect, se, df, statistic, p, low, high : (m,)
        As in `Fit`.
    status : (m,)
        ``ok`` and ``boundary`` have a p, the others say why there is none.
    n, n_units : (m,)
        Subjects with a value, and outermost units among them (subjects where there are none).
    note : (m,)
        What there is to add to the status, else "".
    """

    effect: Array
    se: Array
    df: Array
    statistic: Array
    p: Array
    low: Array
    high: Array
    status: Texts
    n: Counts
    n_units: Counts
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


@framed
def unit_contrasts(
    y: ArrayLike,
    x: ArrayLike,
    contrasts: ArrayLike,
    cage: Iterable[Hashable] | None = None,
    outer: Iterable[Hashable] | None = None,
    *,
    kind: str = "value",
    ceiling: float | None = None,
    floor: float | None = None,
    level: float = 0.95,
    weights: ArrayLike | None = None,
) -> tuple[UnitFit, ...]:
    """Compare subjects, y (n, m) with a row per subject, on x (n, k), contrasts (c, k), cages (n,) within outer (n,).

    Parameters
    ----------
    y : (n, m)
        One value of each subject for each of m features (a measure at m times, say); NaN is missing.
    x : (n, k)
        Columns of the model, with an intercept column if one is wanted; complete.
    contrasts : (c, k)
        One contrast per row.
    cage : (n,), optional
        The unit that each subject is in; a random intercept.
    outer : (n,), optional
        The unit that each cage is in, such as an isolator or a batch; another one. Not without cages.
    kind
        ``"value"``; ``"score"``: `cumulative_link_mixed`, effects are log odds ratios of a higher score; ``"count"``:
        `count_mixed`, effects are natural logarithms of ratios. Scores and counts know the outermost units only.
    ceiling, floor
        Of values: one at the ceiling is known to be that or more, one at the floor that or less. A feature that has
        such values is fitted by `censored_mixed` (outermost units only), others as they are.
    level
        Of the confidence interval.
    weights : (n,) or (n, m), optional
        As for `mixed`; of values without ceiling and floor.

    Returns
    -------
    tuple of c UnitFit
        Of values: least squares without cages (`linear`), the mixed model with a random intercept of the cage
        (`mixed`), or with nested ones (`mixed_nested`). A contrast that is constant within cages has at most as many
        degrees of freedom as cages allow, also where the variance between cages is estimated as 0; one cage on a side:
        ``one_cage``. A column of x that is 0 in all subjects with a value takes its own contrasts away, and no others.

    Raises
    ------
    StatisticsError
        As `mixed`, or the model of the kind; outer units without cages; an unknown kind; weights of what takes none.

    References
    ----------
    As of `mixed_nested`. In R: ``lmerTest::lmer(y ~ x + (1 | outer / cage))``, ``emmeans::contrast``.

    Examples
    --------
    Two arms of three cages, two mice each:

    >>> import numpy as np
    >>> x = np.column_stack([np.ones(12), np.repeat([0, 1], 6)])
    >>> y = np.array([[3.0, 4, 5, 6, 4, 5, 7, 8, 6, 9, 8, 8]]).T
    >>> fit = unit_contrasts(y, x, [[0, 1]], np.repeat(np.arange(6), 2))[0]
    >>> print(fit.effect[0].round(3), fit.df[0].round(2), fit.n_units[0], fit.status[0])
    3.167 4.0 6 boundary
    """
    if cage is None and outer is not None:
        raise StatisticsError("outer units without cages", mend="give them as the cage")
    if kind not in KINDS or (weights is not None and (kind, ceiling, floor) != ("value", None, None)):
        raise StatisticsError(
            "no such model", found=f"kind {kind!r}", expected=f"{' or '.join(KINDS)}; weights for values"
        )
    model = _Model(kind, ceiling, floor, level)
    values, columns, asked = numbers(y, "y", 2), numbers(x, "x", 2), numbers(contrasts, "contrasts", 2)
    inner, outside = (None if labels is None else list(labels) for labels in (cage, outer))
    if values.shape[0] != columns.shape[0] or asked.shape[1] != columns.shape[1]:
        raise StatisticsError(
            "y, x and contrasts do not fit",
            found=f"y {values.shape}, x {columns.shape}, contrasts {asked.shape}",
            expected="y (n, m), x (n, k), contrasts (c, k)",
        )
    if not np.isfinite(columns).all():
        raise StatisticsError(
            "x holds missing or infinite values",
            found=f"{int((~np.isfinite(columns)).sum())} of {columns.size}",
            expected="finite numbers",
            mend="leave out or fill in missing values first",
        )
    out = [_blank(values) for _ in asked]
    # An arm without anybody left takes its own column and contrast away, and nobody else's.
    used = (~np.isnan(values)).T.astype(float) @ (columns != 0) > 0
    patterns, which = np.unique(used, axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        places = np.flatnonzero(which.ravel() == number)
        whole = np.array([not one[~pattern].any() and one.any() for one in asked])
        if not pattern.any() or not whole.any():
            continue
        w = None if weights is None else np.asarray(weights, dtype=float)
        w = w[:, places] if w is not None and w.ndim == 2 and w.shape[1] == values.shape[1] else w
        reduced = asked[np.ix_(whole, pattern)]
        fits = _by_kind(model, values[:, places], columns[:, pattern], reduced, (inner, outside), w)
        for row, fit in zip(np.flatnonzero(whole), fits, strict=True):
            for name, own in fit.items():
                out[row][name][places] = own
    units = inner if outside is None else outside
    if units is not None:
        for one, lone in zip(out, lone_units(values, columns, asked, units), strict=True):
            _without_p(one, lone)
    return tuple(UnitFit(**one) for one in out)


def lone_units(y: Array, x: Array, contrasts: Array, units: Labels) -> Mask:
    """Say which contrasts (c, m) rest on a single unit: a column that one weighs is 0 but for this unit's subjects.

    Columns that vary inside units rest on their subjects. The models see a single unit by themselves where a contrast
    has two values; among several arms with a column each it has three.
    """
    if y.shape[1] > 1 and not np.isnan(y).any():  # all features have the same subjects
        return np.repeat(lone_units(y[:, :1], x, contrasts, units), y.shape[1], axis=1)
    codes = group_codes(units or [], len(y))
    sums = np.zeros((int(codes.max(initial=-1)) + 1, len(y)))
    sums[codes, np.arange(len(y))] = 1.0
    present = (~np.isnan(y)).astype(float)
    size = sums @ present
    out = np.zeros((len(contrasts), y.shape[1]), bool)
    constant, single = np.zeros((2, x.shape[1], y.shape[1]), bool)
    for j in range(x.shape[1]):
        here = sums @ (present * (x[:, [j]] != 0))
        mean = sums @ (present * x[:, [j]]) / np.maximum(size, 1)
        square = sums @ (present * x[:, [j]] ** 2) / np.maximum(size, 1)
        constant[j] = (square - mean**2 <= 1e-10 * np.maximum(square, 1e-300)).all(axis=0)
        single[j] = (here > 0).sum(axis=0) == 1
    for i, c in enumerate(contrasts):
        weighed = c != 0
        out[i] = constant[weighed].all(axis=0) & single[weighed].any(axis=0)
    return out


def _without_p(fields: dict[str, Any], lone: Mask) -> None:
    """Take p and interval from a contrast that rests on a single unit, in place."""
    where = lone & np.isin(fields["status"], ("ok", "boundary"))
    for name in ("df", "p", "low", "high"):
        fields[name][where] = np.nan
    fields["status"][where] = "one_cage"
    fields["note"][where] = "one side of the contrast is a single group"


def _blank(values: Array) -> dict[str, Any]:
    m = values.shape[1]
    numbers_ = {name: np.full(m, np.nan) for name in ("effect", "se", "df", "statistic", "p", "low", "high")}
    return {
        **numbers_,
        "status": np.full(m, "too_few", object),
        "n": np.asarray((~np.isnan(values)).sum(axis=0), dtype=np.int64),
        "n_units": np.zeros(m, np.int64),
        "note": np.full(m, "one side has no subject", object),
    }


def _by_kind(
    model: _Model, y: Array, x: Array, contrasts: Array, units: tuple[Labels, Labels], weights: Array | None
) -> list[dict[str, Any]]:
    """Fields of each contrast's UnitFit, features at a limit by the censored model."""
    if model.kind != "value" or (model.ceiling is None and model.floor is None):
        return _fitted(model, y, x, contrasts, units, weights)
    top = np.full(y.shape, False) if model.ceiling is None else y >= model.ceiling
    bottom = np.full(y.shape, False) if model.floor is None else y <= model.floor
    at_limit = (top | bottom).any(axis=0)
    parts = [(np.flatnonzero(~at_limit), False), (np.flatnonzero(at_limit), True)]
    out: list[dict[str, Any]] = [{} for _ in contrasts]
    for places, limited in parts:
        if not places.size:
            continue
        if limited:
            outermost = units[1] if units[1] is not None else units[0]
            fits = censored_contrasts(
                y[:, places], x, contrasts, outermost, left=bottom[:, places], right=top[:, places], level=model.level
            )
            rows = [_outcome(fit) for fit in fits]
        else:
            rows = _fitted(model, y[:, places], x, contrasts, units, None)
        for whole, row in zip(out, rows, strict=True):
            for name, own in row.items():
                whole.setdefault(name, np.empty(y.shape[1], own.dtype))[places] = own
    return out


def _fitted(
    model: _Model, y: Array, x: Array, contrasts: Array, units: tuple[Labels, Labels], weights: Array | None
) -> list[dict[str, Any]]:
    """Fields of each contrast's UnitFit, from the model that the kind and the units ask for."""
    rows: list[dict[str, Any]]
    (cage, outer), level = units, model.level
    if model.kind != "value":
        outermost = outer if outer is not None else cage
        fit = cumulative_link_contrasts if model.kind == "score" else count_contrasts
        return [_outcome(one) for one in fit(y, x, contrasts, outermost, level=level)]
    if cage is None:
        several = linear_contrasts(y, x, contrasts, level=level, weights=weights)
        rows = [{**columns_of(several.contrast(i)), "n_units": several.n[i]} for i in range(len(contrasts))]
    elif outer is None:
        several = mixed_contrasts(y, x, contrasts, cage, level=level, weights=weights)
        rows = [{**columns_of(several.contrast(i)), "n_units": several.n_groups[i]} for i in range(len(contrasts))]
    else:
        nested = mixed_nested_contrasts(y, x, contrasts, cage, outer, level=level, weights=weights)
        rows = [{**columns_of(one), "n_units": one.n_outer} for one in nested]
    return [_own(row) for row in rows]


def _outcome(fit: OutcomeFit) -> dict[str, Any]:
    return _own({**columns_of(fit), "n_units": fit.n_groups})


def _own(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in UnitFit.__dataclass_fields__ if name != "features"}
