"""Values below a limit of detection, for many features at once: contrasts of arms, units as units."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats._arrays import with_gaps
from commensal.stats._design import group_codes, numbers
from commensal.stats._frames import framed
from commensal.stats._left_fit import Asked, Fields, answered
from commensal.stats._left_units import Units
from commensal.stats.censored import censored_contrasts
from commensal.stats.fits import Array, Counts, Mask, columns_of
from commensal.stats.unit_contrasts import UnitFit, lone_units, unit_contrasts

#: Numbers in one array of (samples × features): what fits into a processor's cache.
CHUNK = 400_000


@framed
def left_censored(
    y: ArrayLike,
    limit: ArrayLike,
    x: ArrayLike,
    contrasts: ArrayLike,
    units: Iterable[Hashable] | None = None,
    *,
    level: float = 0.95,
) -> tuple[UnitFit, ...]:
    """Compare logarithms y (n, m), some below a limit, on x (n, k), contrasts (c, k), in units (n,).

    y* = Xβ + e, e ~ N(0, σ²), of which y is known, or only that it lies below the limit of detection: by maximum
    likelihood, for thousands of features at once. Nothing is filled in. Features without such values are those of
    `unit_contrasts`.

    Parameters
    ----------
    y : (n, m)
        Values, as logarithms; NaN is missing. -inf, or any value at the limit or less, says "below the limit".
    limit : (m,) or (n, m)
        Limits of detection, on the scale of y; NaN where there is none.
    x : (n, k)
        Columns of the model, with an intercept column if one is wanted; complete.
    contrasts : (c, k)
        One contrast per row.
    units : (n,), optional
        The unit of each row, such as its cage. Needed wherever rows share one.
    level
        Of the confidence interval.

    Returns
    -------
    tuple of c UnitFit
        Effects are differences of the latent values. With r² the likelihood ratio without the contrast, N the rows
        that σ is as well known as from (half the information on log σ) and ν = N (n − rank) / n:

            t = √(ν (e^(r²/N) − 1)) √(1 − s² / a), df = ν,

        the t test of least squares where nothing is censored; s is the share of the compared values that lie below
        their limits and a the number of those above (of few of them the likelihood ratio makes too much). se is that
        of maximum likelihood times √(n / (n − rank)); no interval leaves out 0 where p does not.

        A contrast that is constant within units is judged between them: t and se are divided and multiplied by √φ, φ
        = max(1, Σ S² / I / df) from every unit's score S and information I, and df = the units that are as good as
        fully seen − groups, at most units − groups (docs/decisions/preparation.md has the measured sizes). φ at 1:
        ``boundary``. Others are fitted by `censored_mixed`.

        All of one side below its limits: the effect is the difference at which that had an even chance, one bound of
        the interval is missing, as is se, and the note says so; p is that of the likelihood ratio. Fewer than 3 of the
        values compared above their limits: ``below_detection``, without p.

    Raises
    ------
    StatisticsError
        Arrays that do not fit together; -inf without a limit, +inf; missing units.

    References
    ----------
    Tobin 1958, Econometrica 26:24; Olsen 1978, Econometrica 46:1211. In R:
    ``survival::survreg(Surv(y, seen, type = "left") ~ x, dist = "gaussian")``.

    Examples
    --------
    A molecule that six of twelve treated mice have below the limit of detection, 1:

    >>> import numpy as np
    >>> x = np.column_stack([np.ones(12), np.repeat([0, 1], 6)])
    >>> y = np.array([3.1, 2.4, 4.0, 2.2, 3.3, 2.9, 1.2, -np.inf, -np.inf, 1.9, -np.inf, 1.4])[:, None]
    >>> fit = left_censored(y, [1.0], x, [[0, 1]])[0]
    >>> print(fit.effect[0].round(2), fit.se[0].round(2), fit.p[0].round(4), fit.note[0])
    -1.96 0.4 0.0005 3 of 12 values below the limit of detection
    """
    values = with_gaps(y, "y", dimensions=2, infinite=True)
    columns, asked = numbers(x, "x", 2), numbers(contrasts, "contrasts", 2)
    if values.shape[0] != columns.shape[0] or asked.shape[1] != columns.shape[1]:
        raise StatisticsError(
            "y, x and contrasts do not fit",
            found=f"y {values.shape}, x {columns.shape}, contrasts {asked.shape}",
            expected="y (n, m), x (n, k), contrasts (c, k)",
        )
    limits = _limits(limit, values)
    below = _below(values, limits)
    labels = None if units is None else list(units)
    censored = below.any(axis=0)
    out: list[Fields] = [{} for _ in asked]
    plain = np.flatnonzero(~censored)
    if plain.size or not values.shape[1]:
        for row, fit in zip(out, unit_contrasts(values[:, plain], columns, asked, labels, level=level), strict=True):
            _put(row, columns_of(fit), plain, values.shape[1])
    if censored.any():
        _refuse(columns, level)
        codes = None if labels is None else group_codes(labels, len(values), "units")
        alone = None if codes is None or len(set(codes.tolist())) == len(codes) else Units.of(codes, columns)
        ask = Asked(columns, asked, level, alone)
        step = max(16, CHUNK // max(len(values), 1))
        places = np.flatnonzero(censored)
        for at in range(0, len(places), step):
            some = places[at : at + step]
            for row, own in zip(
                out, _chunk(values[:, some], below[:, some], limits[:, some], ask, labels), strict=True
            ):
                _put(row, own, some, values.shape[1])
    return tuple(UnitFit(**row) for row in out)


def _chunk(y: Array, below: Mask, limits: Array, ask: Asked, labels: list[Hashable] | None) -> list[Fields]:
    """Fields of each contrast's UnitFit for censored features."""
    values = np.where(below, limits, y)
    rows = answered(values, below, limits, ask)
    if ask.units is None or labels is None:
        return rows
    inside = [i for i, c in enumerate(ask.contrasts) if not ask.units.constant[c != 0].all()]
    if inside:
        with np.errstate(all="ignore"):
            fits = censored_contrasts(values, ask.x, ask.contrasts[inside], labels, left=below, level=ask.level)
        for i, fit in zip(inside, fits, strict=True):
            held = {**columns_of(fit), "n_units": fit.n_groups}
            rows[i] = {name: held[name] for name in rows[i]}
    lone = lone_units(values, ask.x, ask.contrasts, labels)
    for row, where in zip(rows, lone, strict=True):
        where = where & np.isin(row["status"], ("ok", "boundary"))  # noqa: PLW2901
        for name in ("df", "p", "low", "high"):
            row[name][where] = np.nan
        row["status"][where], row["note"][where] = "one_cage", "one side of the contrast is a single group"
    return rows


def _put(row: Fields, own: Fields, places: Counts, m: int) -> None:
    for name in UnitFit.__dataclass_fields__:
        if name != "features":
            row.setdefault(name, np.empty(m, own[name].dtype))[places] = own[name]


def _limits(limit: ArrayLike, values: Array) -> Array:
    given = np.asarray(limit, dtype=float)
    if given.shape not in ((values.shape[1],), values.shape) or np.isinf(given).any():
        raise StatisticsError(
            "limit and y do not fit" if not np.isinf(given).any() else "an infinite limit",
            found=given.shape,
            expected=f"({values.shape[1]},) or {values.shape}, finite, NaN where there is none",
        )
    return np.broadcast_to(given, values.shape)


def _below(values: Array, limits: Array) -> Mask:
    with np.errstate(invalid="ignore"):
        below = values <= limits
    lowest = np.isneginf(values)
    for wrong, what, mend in (
        (
            lowest & np.isnan(limits),
            "a value below a limit that is not given",
            "give the feature's limit, or NaN for y",
        ),
        (np.isposinf(values), "an infinite value", "leave it out: NaN"),
    ):
        if wrong.any():
            place = [int(i) for i in np.argwhere(wrong)[0]]
            raise StatisticsError(f"{what} at {place}", found=values[tuple(place)], expected="finite", mend=mend)
    return np.asarray(below)


def _refuse(x: Array, level: float) -> None:
    if not 0 < level < 1:
        raise StatisticsError("no such confidence level", found=level, expected="a number between 0 and 1, like 0.95")
    if not np.isfinite(x).all():
        raise StatisticsError("x holds missing or infinite values", expected="a complete x", mend="leave the rows out")
