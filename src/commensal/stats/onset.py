"""When a disease began, known as an interval: its distribution, draws from it, and index ages of the healthy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commensal.errors import StatisticsError
from commensal.stats._arrays import Floats, Integers, same_length, with_gaps

if TYPE_CHECKING:
    import pandas as pd

Mask = NDArray[np.bool_]
#: Steps of the algorithm at most, and the change of a mass below which it has settled.
STEPS, SETTLED = 5000, 1e-9


@dataclass(frozen=True, slots=True)
class OnsetDistribution:
    """Where onsets lie, from intervals: masses (k,) on innermost intervals, and nothing between them.

    Attributes
    ----------
    left, right : (k,)
        Ends of the innermost intervals in increasing order; the last right end may be infinite (never seen to begin).
    mass : (k,)
        Their probabilities; they sum to 1.
    held : (n, k)
        Which innermost intervals lie inside each subject's interval.
    """

    left: Floats
    right: Floats
    mass: Floats
    held: Mask

    def __len__(self) -> int:
        """Return the number of innermost intervals."""
        return len(self.mass)

    def table(self) -> pd.DataFrame:
        """Return one row per innermost interval: left, right, mass, and the distribution function at its right end."""
        import pandas as pd

        return pd.DataFrame(
            {"left": self.left, "right": self.right, "mass": self.mass, "cumulative": np.cumsum(self.mass)}
        )


def onset_distribution(earliest: ArrayLike, latest: ArrayLike) -> OnsetDistribution:
    """Estimate the distribution of onsets that are known as intervals, earliest (n,) to latest (n,).

    The non-parametric maximum-likelihood estimate by Turnbull's self-consistency (1976): masses p on the innermost
    intervals, p_j ← mean over subjects of p_j 1[j in interval i] / Σ of p inside interval i. Equal ends are an exact
    onset; an infinite `latest` an onset that had not come when the subject was last seen.

    Parameters
    ----------
    earliest, latest
        (n,) ends of each subject's interval, both included; `latest` may be infinite.

    Returns
    -------
    OnsetDistribution
        Masses on k innermost intervals. Inside one the data say nothing of where the mass lies.

    Raises
    ------
    StatisticsError
        Lengths that differ, nobody, an `earliest` that is missing or infinite, a missing `latest`, or one before
        `earliest`.

    References
    ----------
    Turnbull (1976) J R Stat Soc B 38:290–295. In R: ``survival::survfit(Surv(…, type = "interval2") ~ 1)``.

    Examples
    --------
    >>> fit = onset_distribution([0, 2, 3, 5], [4, 3, 6, float("inf")])
    >>> fit.left.tolist(), fit.right.tolist(), fit.mass.round(3).tolist()
    ([3.0, 5.0], [3.0, 6.0], [0.667, 0.333])
    """
    low, high = _ends(earliest, latest)
    left, right = _innermost(low, high)
    held = (left >= low[:, None]) & (right <= high[:, None])
    mass = np.full(len(left), 1 / len(left))
    for _ in range(STEPS):
        shares = held * mass
        new = (shares / shares.sum(axis=1, keepdims=True)).mean(axis=0)
        settled = np.abs(new - mass).max() < SETTLED
        mass = new
        if settled:
            break
    return OnsetDistribution(left, right, mass, held)


def draw_onsets(fit: OnsetDistribution, n: int, *, seed: int = 1) -> Floats:
    """Draw onsets (n, subjects) of the subjects that a distribution was estimated from, each inside its own interval.

    An innermost interval by its mass, given the subject's interval; then a place in it, evenly: there the data say
    nothing. An infinite draw is an onset after everything that was seen. The analysis is made for each of the n rows,
    and :func:`pooled` joins them.

    Parameters
    ----------
    fit
        From :func:`onset_distribution`.
    n
        How many draws.
    seed
        Of the random numbers.

    Examples
    --------
    >>> fit = onset_distribution([2, 4], [2, 6])
    >>> drawn = draw_onsets(fit, 3)
    >>> drawn[:, 0].tolist(), bool(((drawn[:, 1] >= 4) & (drawn[:, 1] <= 6)).all())
    ([2.0, 2.0, 2.0], True)
    """
    rng = np.random.default_rng(seed)
    shares: Floats = np.asarray(fit.held, dtype=np.float64) * np.maximum(fit.mass, 1e-12)
    shares = shares / shares.sum(axis=1, keepdims=True)
    upto = np.cumsum(shares, axis=1)
    picked = (rng.random((n, len(shares), 1)) > upto[None]).sum(axis=2)
    picked = np.minimum(picked, len(fit.mass) - 1)
    left, right = fit.left[picked], fit.right[picked]
    wide = np.where(np.isfinite(right), right - left, 0.0)
    return np.asarray(np.where(np.isfinite(right), left + rng.random(left.shape) * wide, np.inf))


def index_ages(onset: ArrayLike, first: ArrayLike, last: ArrayLike, *, seed: int = 1) -> tuple[Floats, Mask]:
    """Give each healthy subject (h,) an index age: an onset (d,) at which it was under observation.

    Risk-set matching: a healthy subject is at risk at an onset that lies between its first and last observation. Those
    with the fewest such onsets choose first, each takes the one that was taken least, ties by lot.

    Parameters
    ----------
    onset
        (d,) onsets of the diseased; infinite ones match nobody.
    first, last
        (h,) first and last age at which each healthy subject was observed.
    seed
        Of the lots.

    Returns
    -------
    (index, matched)
        (h,) index ages, and whether it was at risk at it; where at none, the nearest onset stands in. Without any
        finite onset all are infinite.

    References
    ----------
    Incidence-density matching: Lubin & Gail (1984) Biometrics 40:63–75.

    Examples
    --------
    >>> index, matched = index_ages([10, 30], [0, 20, 0], [15, 40, 5])
    >>> index.tolist(), matched.tolist()
    ([10.0, 30.0, 10.0], [True, True, False])
    """
    ages = with_gaps(onset, "onset", dimensions=1, infinite=True)
    ages = np.sort(ages[np.isfinite(ages)])
    start = with_gaps(first, "first", dimensions=1)
    end = same_length(with_gaps(last, "last", dimensions=1), "last", len(start))
    if not ages.size:
        return np.full(len(start), np.inf), np.zeros(len(start), bool)
    rng = np.random.default_rng(seed)
    outside = np.maximum(start[:, None] - ages, ages - end[:, None])
    risk: Mask = np.asarray(outside <= 0)
    some: Mask = np.asarray(risk.any(axis=1))
    near = np.where(some, -np.inf, outside.min(axis=1))
    choices: Mask = np.where(some[:, None], risk, outside <= near[:, None]).astype(np.bool_)
    taken: Integers = np.zeros(len(ages), dtype=np.int64)
    index = np.empty(len(start))
    lots = rng.random(choices.shape)
    for one in np.lexsort((rng.random(len(start)), choices.sum(axis=1))):
        places = np.flatnonzero(choices[one])
        best = places[np.lexsort((lots[one, places], taken[places]))[0]]
        taken[best] += 1
        index[one] = ages[best]
    return index, some


def _ends(earliest: ArrayLike, latest: ArrayLike) -> tuple[Floats, Floats]:
    low = with_gaps(earliest, "earliest", dimensions=1, infinite=True)
    high = with_gaps(latest, "latest", dimensions=1, infinite=True)
    if low.ndim != 1 or low.shape != high.shape or not low.size:
        raise StatisticsError(
            "the ends of the intervals do not fit", found=f"shapes {low.shape} and {high.shape}", expected="(n,) twice"
        )
    wrong = ~np.isfinite(low) | np.isnan(high) | (high < low)
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        raise StatisticsError(
            "an onset interval that is none",
            found=f"{low[at]} to {high[at]} at place {at}",
            expected="a finite earliest, and a latest not before it (infinite: not seen to begin)",
        )
    return low, high


def _innermost(low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Return the intervals that begin with a left end, end with a right one, and have no other end between."""
    values = np.concatenate([low, high])
    is_right = np.repeat([0, 1], len(low))
    order = np.lexsort((is_right, values))  # at equal values a left end comes first: closed intervals meet
    values, is_right = values[order], is_right[order]
    here: Mask = np.asarray((is_right[:-1] == 0) & (is_right[1:] == 1))
    return values[:-1][here], values[1:][here]
