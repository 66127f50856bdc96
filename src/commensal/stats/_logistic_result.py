"""What the logistic models answer, and how a chunk of solved features becomes such an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from commensal.stats._logistic_design import BinaryDesign, Faults
from commensal.stats._logistic_fit import Found, Problem, interval_end, profile_drop
from commensal.stats._logistic_separation import points_away, separates
from commensal.stats.fits import Array, Counts, Texts, columns_of, fill_names, tabulated, unnamed

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LogisticFit:
    """One contrast in one logistic model, for m features; missing is NaN, and `status` says why.

    Attributes
    ----------
    effect, se : (m,)
        Log odds ratio per unit of the contrast, and its standard error from the information at the estimate.
    statistic, p : (m,)
        What is tested and its two-sided p: effect / se in `logistic` and `conditional_logistic` (p is `p_wald`), the
        signed root of the penalised likelihood ratio in `firth` (p is `p_lrt`).
    p_wald, p_lrt : (m,)
        Two-sided p of effect / se against the normal distribution; of the likelihood ratio against χ² with 1 df.
    low, high : (m,)
        Ends of the interval, the values that `p` does not reject: effect ± z se, or the profile likelihood's.
    status : (m,)
        ``ok`` has a p, the others say why there is none.
    n, n_positive : (m,)
        Samples in which the feature is present (of strata that tell, in `conditional_logistic`), and 1s among them.
    n_strata : (m,)
        Strata that hold both outcomes; 1 in a model without strata.
    loglik : (m,)
        Log-likelihood at the estimate.
    note : (m,)
        What more there is to say.
    """

    effect: Array
    se: Array
    statistic: Array
    p: Array
    p_wald: Array
    p_lrt: Array
    low: Array
    high: Array
    status: Texts
    n: Counts
    n_positive: Counts
    n_strata: Counts
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
        """Return a data frame, one row per feature, one column per field; indexed by names given, or those of y."""
        return tabulated(columns_of(self), features)


def joined_parts(parts: Sequence[T]) -> T:
    """Put the results of consecutive features one after the other."""
    kind = type(parts[0])
    names = [item.name for item in fields(kind)]  # type: ignore[arg-type]
    return kind(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def two_sided(root: Array) -> Array:
    """P of a normal deviate: never 0, as nothing observed is impossible."""
    from scipy.special import ndtr

    p = 2 * ndtr(-np.abs(root))
    return np.asarray(np.where(np.isnan(p), np.nan, np.clip(p, np.finfo(float).tiny, 1.0)))


def find_separated(problem: Problem, found: Found, status: Texts, note: Texts) -> None:
    """Tell features that ran off to infinity from those that did not settle, in place."""
    away = points_away(problem.z, problem.y, problem.t, found.step)
    # A search may step less than a rounding error and yet have run off: a settled one lies where information is left.
    reach = np.abs(problem.z @ found.beta).max(axis=0, initial=0.0)
    for i in np.flatnonzero((status == "ok") & (~found.settled | (reach > 15))):
        direction = found.step[:, i] if away[i] and not found.settled[i] else None
        if direction is None:
            here = (problem.t[:, i] > 0) & problem.kept[:, i].any()
            direction = separates(problem.z[here] * problem.kept[:, i], problem.y[here, i])
        if direction is not None:
            status[i] = "separated"
            note[i] = "the columns separate the outcomes: no finite estimate of largest likelihood"
        elif not found.settled[i]:
            status[i], note[i] = "not_converged", "no settled optimum: fitted probabilities of 0 and 1"


def answer(
    design: BinaryDesign, problem: Problem, found: Found, known: Faults, level: float, *, profile: bool
) -> LogisticFit:
    """Test the contrast in a chunk of features, with its interval: by the profile likelihood, or Wald's."""
    from scipy.special import ndtri

    status, note = known.status, known.note
    m = len(status)
    told = status == "ok"
    shown = (told | (status == "rank_deficient")) & known.estimable & found.settled
    lead = found.at.inverse[:, 0, 0]
    effect = np.where(shown, found.beta[0], np.nan)
    se = np.where(shown & (lead > 0), np.sqrt(np.where(lead > 0, lead, 1.0)), np.nan)
    reach = float(ndtri((1 + level) / 2))
    root, low, high = np.full(m, np.nan), effect - reach * se, effect + reach * se
    some = np.flatnonzero(told)
    if len(some):
        part, best = problem.of(some), part_of(found, some)
        drop, held = profile_drop(part, best, np.zeros(len(some)))
        root[some] = np.where(held.settled, np.sqrt(drop) * np.sign(effect[some]), np.nan)
        if profile:
            low[some], high[some] = (interval_end(part, best, side, reach) for side in (-1, 1))
    lost = told & (np.isnan(root) | ~np.isfinite(effect * se))
    status[lost], note[lost] = "not_converged", "the profile likelihood has no settled optimum"
    ok = status == "ok"
    note[ok & np.isnan(low + high)] = "an end of the interval was not found"
    wald = effect / se
    statistic = np.where(ok, root if profile else wald, np.nan)
    ends = np.where(ok, np.array([low, high] if design.scale > 0 else [high, low]) * design.scale, np.nan)
    return LogisticFit(
        effect=effect * design.scale,
        se=se * abs(design.scale),
        statistic=statistic * np.sign(design.scale),
        p=two_sided(statistic),
        p_wald=two_sided(np.where(ok, wald, np.nan)),
        p_lrt=two_sided(np.where(ok, root, np.nan)),
        low=ends[0],
        high=ends[1],
        status=status,
        n=known.n,
        n_positive=known.positive,
        n_strata=np.ones(m, np.int64),
        loglik=np.where(ok, found.at.loglik, np.nan),
        note=note,
    )


def part_of(found: Found, which: np.ndarray) -> Found:
    """Take some of the features."""
    at = type(found.at)(found.at.loglik[which], found.at.score[:, which], found.at.inverse[which])
    return Found(found.beta[:, which], found.step[:, which], found.settled[which], at)
