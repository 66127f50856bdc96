"""Injection order and batches: what quality-control samples, or the batches themselves, say of the instrument."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats._arrays import flags, with_gaps
from commensal.stats._design import group_codes
from commensal.stats._frames import framed
from commensal.stats._loess import loess_weights
from commensal.stats.fits import Array, Counts, Mask, Texts, columns_of, fill_names, tabulated, unnamed

if TYPE_CHECKING:
    import pandas as pd

#: Spans that are tried, beside a level line; and quality controls of a batch below which only its level is taken.
SPANS, FEWEST = (0.5, 0.75, 1.0, 2.0), 5


@dataclass(frozen=True, slots=True)
class DriftFit:
    """What was taken off m features in n samples, on the scale of y; missing is NaN.

    Attributes
    ----------
    shift : (n, m)
        What to take off each value: what it lies above the level of the whole run.
    span : (m,)
        The span that leave-one-out chose most often, over batches; infinite: a level line, NaN: none was fitted.
    before, after : (m,)
        Standard deviation of the quality controls before and, each left out in turn, after. NaN without any.
    status : (m,)
        ``ok``; ``few_controls``: a batch has fewer than 5, only its level is taken; ``no_controls``: one has none, and
        is left as it is.
    """

    shift: Array
    span: Array
    before: Array
    after: Array
    status: Texts
    features: Texts = field(default_factory=unnamed)

    def __post_init__(self) -> None:
        """Give every feature a place for its name."""
        fill_names(self, self.status.shape)

    def __len__(self) -> int:
        """Return the number of features."""
        return len(self.status)

    def table(self, features: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a DataFrame with one row per feature; `shift` is not in it."""
        columns = {name: values for name, values in columns_of(self).items() if name != "shift"}
        return tabulated(columns, features)


@framed
def qc_drift(
    y: ArrayLike,
    order: ArrayLike,
    control: ArrayLike,
    batch: Iterable[Hashable] | None = None,
    *,
    spans: Sequence[float] = SPANS,
) -> DriftFit:
    """Estimate drift of logarithms y (n, m) over injection order (n,) from pooled quality controls (n,), per batch.

    In each batch a local line (LOESS of degree 1, tricube weights) through the quality controls; its span, or a level
    line, is the one with the smallest sum of squares of controls left out in turn, for each feature. The drift is what
    that lies above the mean level of all batches.

    Parameters
    ----------
    y : (n, m)
        Logarithms; NaN is missing.
    order : (n,)
        Place in the run; only its order within batches and its distances matter.
    control : (n,) booleans
        Which samples are pooled quality controls.
    batch : (n,), optional
        Runs of their own. None: one run.
    spans
        Shares of a batch's controls to try.

    Returns
    -------
    DriftFit

    Raises
    ------
    StatisticsError
        Arrays that do not fit together, a missing order, no quality control at all, spans that are not above 0.

    References
    ----------
    Dunn et al. 2011, Nature Protocols 6:1060 (QC-RLSC); Cleveland & Devlin 1988, JASA 83:596. In R:
    ``loess(y ~ order, span, degree = 1, surface = "direct")``.

    Examples
    --------
    A signal that falls by a half over 41 injections, every fourth a quality control:

    >>> import numpy as np
    >>> order = np.arange(41.0)
    >>> y = (10 - order / 40)[:, None] + np.random.default_rng(1).normal(scale=0.05, size=(41, 1))
    >>> fit = qc_drift(y, order, order % 4 == 0)
    >>> print(fit.before[0].round(2), fit.after[0].round(2), fit.shift[[0, -1], 0].round(1))
    0.36 0.05 [ 0.5 -0.5]
    """
    values, place, is_control, codes = _checked(y, order, control, batch)
    if not is_control.any():
        raise StatisticsError("no quality control", expected="some", mend="use batch_medians, or give them their role")
    if not spans or min(spans) <= 0:
        raise StatisticsError("no such span", found=list(spans), expected="numbers above 0, such as 0.75")
    n, m = values.shape
    level, left = np.full((n, m), np.nan), np.full((n, m), np.nan)
    chosen: list[Array] = []
    status = np.full(m, "ok", object)
    for number in range(int(codes.max()) + 1):
        rows = np.flatnonzero(codes == number)
        own = rows[is_control[rows]]
        seen = ~np.isnan(values[own])
        masks, which = np.unique(seen.T, axis=0, return_inverse=True) if m else (np.zeros((0, 0), bool), np.zeros(0))
        span = np.full(m, np.nan)
        for kind, mask in enumerate(masks):
            places = np.flatnonzero(which.ravel() == kind)
            if not mask.any():
                status[places] = "no_controls"
                continue
            if mask.sum() < FEWEST:
                status[places[status[places] == "ok"]] = "few_controls"
            tried = spans if mask.sum() >= FEWEST else ()
            fit, out, span[places] = _batch(values[np.ix_(own[mask], places)], place[own[mask]], place[rows], tried)
            level[np.ix_(rows, places)] = fit
            left[np.ix_(own[mask], places)] = out
        chosen.append(span)
    with np.errstate(all="ignore"):
        centre = _mean(np.stack([_mean(level[codes == one], 0) for one in range(int(codes.max()) + 1)]), 0)
    shift = np.where(np.isnan(level), 0.0, level - centre)
    controls = values[is_control]
    after = np.where(np.isnan(controls), np.nan, left[is_control])
    return DriftFit(shift, _typical(np.stack(chosen)), _sd(controls), np.sqrt(_mean(after**2, 0)), status)


@framed
def batch_medians(y: ArrayLike, batch: Iterable[Hashable], among: ArrayLike | None = None) -> DriftFit:
    """Take the difference of batch medians (n,) off logarithms y (n, m): for runs without quality controls.

    Where batches differ in what they hold (all patients in one), this takes that difference away too.

    Parameters
    ----------
    y : (n, m)
        Logarithms; NaN is missing.
    batch : (n,)
        The batch of each sample.
    among : (n,) booleans, optional
        Samples whose medians count (not blanks). None: all.

    Returns
    -------
    DriftFit
        `shift` is a batch's median less the mean of all batches' medians. `before` and `after` are of no control: NaN.

    Raises
    ------
    StatisticsError
        Arrays that do not fit together.

    Examples
    --------
    >>> import numpy as np
    >>> fit = batch_medians(np.array([[1.0], [2], [3], [11], [12], [13]]), list("aaabbb"))
    >>> fit.shift[:, 0].tolist()
    [-5.0, -5.0, -5.0, 5.0, 5.0, 5.0]
    """
    values, _, counts, codes = _checked(y, None, among, batch)
    m = values.shape[1]
    level = np.full((int(codes.max(initial=-1)) + 1, m), np.nan)
    for number in range(len(level)):
        own = values[(codes == number) & counts]
        told = (~np.isnan(own)).any(axis=0)
        level[number, told] = np.nanmedian(own[:, told], axis=0)
    shift = level - _mean(level, 0)
    status = np.where(np.isnan(level).any(axis=0), "no_controls", "ok").astype(object)
    nothing = np.full(m, np.nan)
    return DriftFit(np.nan_to_num(shift[codes]), nothing, nothing, nothing, status)


def _batch(controls: Array, x: Array, at: Array, spans: Sequence[float]) -> tuple[Array, Array, Array]:
    """Level at each place (a, p), residuals of controls left out (q, p), and spans (p,), of features seen alike."""
    q, p = controls.shape
    alone = controls - controls.mean(axis=0)
    fits = [np.broadcast_to(controls.mean(axis=0), (len(at), p))]
    outs = [alone * (q / (q - 1)) if q > 1 else np.full((q, p), np.nan)]
    for span in spans:
        hat = loess_weights(x, x, span)
        own = np.diag(hat)
        if np.any(own > 1 - 1e-9):
            continue
        fits.append(loess_weights(at, x, span) @ controls)
        outs.append((controls - hat @ controls) / (1 - own)[:, None])
    loss = np.stack([(out**2).sum(axis=0) for out in outs])
    best = np.argmin(np.where(np.isnan(loss), np.inf, loss), axis=0)
    names = np.array([np.inf, *[s for s in spans if not np.any(np.diag(loess_weights(x, x, s)) > 1 - 1e-9)]])
    pick = np.arange(p)
    return np.stack(fits)[best, :, pick].T, np.stack(outs)[best, :, pick].T, names[best]


def _checked(
    y: ArrayLike, order: ArrayLike | None, roles: ArrayLike | None, batch: Iterable[Hashable] | None
) -> tuple[Array, Array, Mask, Counts]:
    values = with_gaps(y, "y", dimensions=2)
    n = len(values)
    place = np.arange(n, dtype=float) if order is None else with_gaps(order, "order", dimensions=1)
    if len(place) != n or not n:
        raise StatisticsError(
            "y and order do not fit", found=f"y {values.shape}, order {place.shape}", expected="one per sample, n ≥ 1"
        )
    chosen = np.ones(n, bool) if roles is None else flags(roles, "control", n)
    if np.isnan(place).any():
        raise StatisticsError(
            "an order is missing",
            found=f"{int(np.isnan(place).sum())} of {n}",
            expected="the place in the run of every sample",
            mend="complete it, or leave the sample out",
        )
    codes = np.zeros(n, np.int64) if batch is None else group_codes(batch, n, "batch")
    return values, np.asarray(place), chosen, codes


def _mean(values: Array, axis: int) -> Array:
    known = ~np.isnan(values)
    count = known.sum(axis=axis)
    return np.asarray(np.where(count > 0, np.where(known, values, 0.0).sum(axis=axis) / np.maximum(count, 1), np.nan))


def _sd(values: Array) -> Array:
    count = (~np.isnan(values)).sum(axis=0)
    square = (values - _mean(values, 0)) ** 2
    return np.asarray(np.sqrt(np.where(count > 1, np.nansum(square, axis=0) / np.maximum(count - 1, 1), np.nan)))


def _typical(spans: Array) -> Array:
    """Return the most frequent span over batches (b, m), the widest of several."""
    out = np.full(spans.shape[1], np.nan)
    for value in sorted(set(spans[~np.isnan(spans)].tolist())):
        count = (spans == value).sum(axis=0)
        best = np.stack([(spans == other).sum(axis=0) for other in set(spans[~np.isnan(spans)].tolist())]).max(axis=0)
        out = np.where((count == best) & (count > 0), value, out)
    return out
