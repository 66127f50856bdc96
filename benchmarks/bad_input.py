"""Ten thousand odd studies through the estimators of ``commensal.stats``: ``make bad-input``.

Each case is one estimator on one generated study: one group only, constant columns, all zeros, all missing, collinear
columns, fewer samples than parameters, infinite values, a block per row, one block, names such as ``group``, ``C(x)``,
lists, frames, integers, objects, wrong shapes, nothing at all. Each must end in a result or in one StatisticsError: no
other exception, no warning, no p outside [0, 1], and no missing p whose status says that all is well.
"""

from __future__ import annotations

import argparse
import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from commensal import stats
from commensal.errors import StatisticsError

NAMES = ["group", "strata", "ordered", "C(x)", "Intercept", "", "a b", "α"]
WELL = {"ok", "boundary"}
Random = np.random.Generator
Job = Callable[[], object]


def values(rng: Random, n: int, m: int) -> Any:
    y = rng.normal(size=(n, m)) * 10.0 ** rng.integers(-6, 7)
    kind = rng.integers(0, 14)
    if kind == 1:
        y[rng.random((n, m)) < 0.5] = np.nan
    elif kind == 2:
        y[:] = 0
    elif kind == 3:
        y[:] = np.nan
    elif kind == 4:
        y = rng.integers(0, 2, (n, m)).astype(float)
    elif kind == 5 and y.size:
        y.flat[rng.integers(0, y.size)] = rng.choice([np.inf, -np.inf])
    elif kind == 6:
        y += 1e12
    elif kind == 7:
        y *= 1e-200
    elif kind == 8:
        y[:] = y[:1] if n else y  # every column constant
    elif kind == 9:
        y = rng.poisson(1.0, (n, m)).astype(float)
    return dressed(rng, y)


def dressed(rng: Random, y: np.ndarray) -> Any:  # noqa: PLR0911  one line per way
    """The same numbers as someone might hand them over, and now and then in a wrong shape."""
    kind = rng.integers(0, 16)
    if kind == 0:
        return y.tolist()
    if kind == 1 and y.ndim == 2:
        return pd.DataFrame(y, columns=[NAMES[j % len(NAMES)] for j in range(y.shape[1])])
    if kind == 2:
        return y.astype(object)
    if kind == 3:
        return y.ravel()
    if kind == 4 and np.isfinite(y).all() and np.abs(y).max(initial=0) < 1e15:
        return y.astype(np.int64)
    if kind == 5:
        return np.array([["a"] * max(y.shape[-1], 1)] * max(len(y), 1))
    if kind == 6:
        return y[:, :0] if y.ndim == 2 else y[:0]
    return y


def label(rng: Random, n: int) -> np.ndarray:
    kinds = [np.zeros(n), rng.integers(0, 2, n), rng.normal(size=n), np.arange(n) % 2, np.arange(n) < n // 2]
    chosen = kinds[rng.integers(0, len(kinds))].astype(float)
    if rng.random() < 0.03 and n:
        chosen[rng.integers(0, n)] = rng.choice([np.nan, np.inf])
    return chosen


def groups(rng: Random, n: int) -> Any:
    kinds: list[Any] = [
        rng.integers(0, 3, n),
        np.arange(n),
        np.zeros(n, dtype=int),
        np.arange(n) // 2,
        [NAMES[i % len(NAMES)] for i in range(n)],
        [None] * n,
        np.arange(n + 1),
    ]
    return kinds[rng.choice(len(kinds), p=[0.3, 0.15, 0.1, 0.25, 0.1, 0.05, 0.05])]


def columns(rng: Random, n: int) -> tuple[np.ndarray, np.ndarray]:
    """A design and a contrast: collinear, short of samples, without an intercept …"""
    x = np.column_stack([np.ones(n), label(rng, n)])
    for _ in range(rng.integers(0, 3)):
        extra = [rng.normal(size=n), 2 * x[:, 1], np.full(n, 3.0), np.arange(n) == 0][rng.integers(0, 4)]
        x = np.column_stack([x, extra])
    if rng.random() < 0.1:
        x = x[:, 1:]
    contrast = np.zeros(x.shape[1] + int(rng.random() < 0.03))
    if rng.random() > 0.03:
        contrast[rng.integers(0, contrast.size)] = 1
    return x, contrast


def survival(rng: Random, n: int) -> tuple[Any, Any]:
    time = rng.exponential(size=n)
    kind = rng.integers(0, 8)
    if kind == 1:
        time = np.round(time)
    elif kind == 2 and n:
        time[rng.integers(0, n)] = rng.choice([-1.0, np.nan, np.inf, 0.0])
    event = [rng.integers(0, 2, n), np.zeros(n), np.ones(n), rng.integers(0, 3, n)][
        rng.choice(4, p=[0.6, 0.2, 0.15, 0.05])
    ]
    return time, event


def first(fits: tuple[Any, ...]) -> object:
    return fits[0] if fits else None


def jobs(rng: Random) -> dict[str, Job]:
    """Every estimator on one odd study."""
    n, m = int(rng.integers(0, 14)), int(rng.integers(0, 5))
    y, (x, c), g, lab = values(rng, n, m), columns(rng, n), groups(rng, n), label(rng, n)
    binary = dressed(rng, rng.integers(0, 2, (n, m)).astype(float)) if rng.random() < 0.8 else y
    block = None if rng.random() < 0.4 else g
    fixed = None if rng.random() < 0.6 else values(rng, n, int(rng.integers(0, 3)))
    time, event = survival(rng, n)
    change, arm = values(rng, n, 1), np.array(NAMES[:3])[rng.integers(0, 3, n)]
    flat = np.ravel(np.asarray(change))
    p = rng.random((n, 3)) if rng.random() < 0.7 else values(rng, n, 3)
    sets = {"a": rng.integers(0, max(m, 1), 2), "b": [], "group": [0, 0]}

    def arranged() -> stats.Permutations:
        return stats.permutations(lab, block=block, n=30)

    def distance() -> Any:
        return stats.euclidean(values(rng, n, 3))

    def by_terms() -> object:
        rows = stats.permuted_rows(np.column_stack([lab, lab]), block=block, n=30)
        return stats.permanova_terms(distance(), {"group": lab, "C(x)": flat}, permutations=rows)

    fixed_or_one = np.ones((n, 1)) if fixed is None else fixed

    def onset_ends() -> tuple[Any, Any]:
        low = np.round(rng.normal(size=n), 1)
        high = low + rng.choice([0.0, 0.0, 1.0, np.inf, np.nan, -1.0], n, p=[0.3, 0.2, 0.35, 0.1, 0.03, 0.02])
        return low, high

    def classes() -> object:
        q, effect = rng.random((2, 3, 4)), rng.normal(size=(2, 3, 4))
        for odd in (q, effect):
            odd[rng.random(odd.shape) < rng.choice([0.0, 0.3, 1.0])] = rng.choice([np.nan, np.nan, np.inf, 2.0])
        margins = rng.choice([1.0, 0.0, 5.0], 2, p=[0.8, 0.1, 0.1])
        return stats.course_classes(q[:, 0], q, effect, effect - 1, effect + 1, margins, family="odd")

    pair = (time, event, (arm == NAMES[0]).astype(int))
    return {
        "linear": lambda: stats.linear(y, x, c),
        "linear_contrasts": lambda: stats.linear_contrasts(y, x, np.eye(len(c))),
        "linear_f": lambda: stats.linear_f(y, x, np.eye(len(c))[1:]),
        "moderated": lambda: stats.moderated(stats.linear(y, x, c)),
        "mixed": lambda: stats.mixed(y, x, c, g),
        "mixed_kenward_roger": lambda: stats.mixed_kenward_roger(y, x, c, g),
        "mixed_contrasts": lambda: stats.mixed_contrasts(y, x, np.eye(len(c)), g),
        "mixed_f": lambda: stats.mixed_f(y, x, np.eye(len(c))[1:], g),
        "mixed_split": lambda: stats.mixed_split(y, x, 1, g),
        "mixed_nested": lambda: stats.mixed_nested(y, x, c, np.arange(len(g)), g),
        "mixed_slope": lambda: stats.mixed_slope(y, x, c, g, np.arange(n) % 3),
        "variance_test": lambda: stats.variance_test(y, x, g),
        "logistic": lambda: stats.logistic(binary, x, c),
        "firth": lambda: stats.firth(binary, x, c),
        "logistic_mixed": lambda: stats.logistic_mixed(binary, x, c, g),
        "cumulative_link_mixed": lambda: stats.cumulative_link_mixed(y, x, c, block),
        "cumulative_link_mixed, scores": lambda: stats.cumulative_link_mixed(binary, x, c, g),
        "censored_mixed": lambda: stats.censored_mixed(y, x, c, block, right=rng.random((n, m)) < 0.3),
        "count_mixed": lambda: stats.count_mixed(y, x, c, block),
        "count_mixed, counts": lambda: stats.count_mixed(rng.poisson(2.0, (n, m)), x, c, g),
        "unit_contrasts": lambda: first(
            stats.unit_contrasts(y, x, np.eye(len(c)), block, None if block is None else lab)
        ),
        "left_censored": lambda: first(stats.left_censored(y, np.full(m, 0.1), x, np.eye(len(c)), g)),
        "left_censored, no units": lambda: first(stats.left_censored(y, np.full((n, m), -0.2), x, np.eye(len(c)))),
        "qc_drift": lambda: stats.qc_drift(y, np.arange(n), lab, block),
        "batch_medians": lambda: stats.batch_medians(y, g),
        "probabilistic_quotients": lambda: stats.probabilistic_quotients(y),
        "standard_factors": lambda: stats.standard_factors(y),
        "control_quality": lambda: stats.control_quality(y, lab),
        "half_minimum": lambda: stats.half_minimum(y, rng.random((n, m)) < 0.3).tolist(),
        "qrilc": lambda: stats.qrilc(y, rng.random((n, m)) < 0.3).tolist(),
        "trajectories": lambda: first(stats.trajectories(y, np.arange(m), x, np.eye(len(c)), block, ceiling=1.0)),
        "subject_slopes": lambda: stats.subject_slopes(y, np.arange(m)),
        "slope_weights": lambda: stats.slope_weights(stats.subject_slopes(y, np.arange(m)), x).tolist(),
        "subject_areas": lambda: stats.subject_areas(y, np.arange(m), 0, m - 1),
        "crossings": lambda: stats.crossings(y, np.arange(m), 0.0),
        "global_test": lambda: stats.global_test(y, lab, block, n=30),
        "conditional_logistic": lambda: stats.conditional_logistic(binary, x, c, g),
        "label_p": lambda: stats.label_p(y, arranged(), lab, fixed=fixed),
        "max_t": lambda: stats.max_t(y, lab, fixed=fixed, permutations=arranged()),
        "sign_flips": lambda: stats.sign_flips(y, block=block, n=30),
        "permanova": lambda: stats.permanova(distance(), lab, fixed=fixed, permutations=arranged()),
        "permanova_terms": by_terms,
        "permdisp": lambda: stats.permdisp(distance(), lab, arranged()),
        "set_permutation": lambda: stats.set_permutation(y, lab, sets, permutations=arranged(), fixed=fixed),
        "set_rotation": lambda: stats.set_rotation(y, x, c, sets, n=30),
        "reversal": lambda: stats.reversal(
            y,
            np.where(np.arange(n) % 3 == 0, 0.0, np.where(np.arange(n) % 3 == 1, 1.0, np.nan)),
            np.where(np.arange(n) % 3 == 0, np.nan, np.where(np.arange(n) % 3 == 1, 0.0, 1.0)),
            permutations=stats.permutations((np.arange(n) % 3 == 2)[np.arange(n) % 3 > 0] * 1.0, n=30),
        ),
        "set_competitive": lambda: stats.set_competitive(rng.normal(size=(n, m + 3)) if n % 2 else y, x, c, sets),
        "associate": lambda: stats.associate(y, values(rng, n, 3), block=block, covariates=fixed),
        "associate, pearson": lambda: stats.associate(y, y, method="pearson", n_permutations=20),
        "left_out_slopes": lambda: stats.left_out_slopes(y, x, c),
        "left_out_correlations": lambda: stats.left_out_correlations(y, lab, covariates=fixed),
        "associated_blocks": lambda: stats.associated_blocks(y, values(rng, n, 4)),
        "dunnett": lambda: stats.dunnett(flat, arm, NAMES[0], block=block),
        "arm_contrasts": lambda: stats.arm_contrasts(flat, arm, NAMES[0], unit=block),
        "arm_interactions": lambda: stats.arm_interactions(flat, arm, NAMES[0], np.arange(n) % 2 == 0, unit=block),
        "arm_ranks": lambda: stats.arm_ranks(flat, arm, NAMES[0], unit=block),
        "restricted_times": lambda: (stats.restricted_times(time, event, arm, 1.0),),  # values, no p
        "subject_levels": lambda: (stats.subject_levels(y, np.arange(np.shape(y)[-1])),),
        "kaplan_meier": lambda: stats.kaplan_meier(time, event, arm),
        "log_rank": lambda: stats.log_rank(time, event, arm),
        "log_rank_many_to_one": lambda: stats.log_rank_many_to_one(time, event, arm, NAMES[0], cage=block, n=30),
        "cox": lambda: stats.cox(time, event, x, c),
        "cox, firth": lambda: stats.cox(time, event, x[:, 1:], c[1:], firth=True),
        "cox, t": lambda: stats.cox(time, event, x[:, 1:], c[1:], cluster=g, reference="t"),
        "proportional_hazards": lambda: stats.proportional_hazards(time, event, x[:, 1:], cluster=block),
        "rmst_difference": lambda: stats.rmst_difference(*pair, 1.0, cage=block),
        "rmst_interaction": lambda: stats.rmst_interaction(*pair, np.arange(n) % 2, 1.0, cage=block),
        "cumulative_incidence": lambda: stats.cumulative_incidence(time, event, arm, g, cage=block),
        "incidence_difference": lambda: stats.incidence_difference(
            time, event, arm, pair[2], 1.0, NAMES[1], cage=block
        ),
        "incidence_test": lambda: stats.incidence_test(time, event, arm, pair[2], NAMES[1], cage=block, n=30),
        "interval_curves": lambda: stats.interval_curves(time, np.where(event, time + 0.5, np.inf), arm),
        "interval_log_rank": lambda: stats.interval_log_rank(
            time, np.where(event, time + np.arange(n) % 2, np.inf), pair[2], cage=block, n=30
        ),
        "cafs_test": lambda: stats.cafs_test(time, event, flat, pair[2], cage=block, n=30),
        "win_ratio": lambda: stats.win_ratio(*pair, change=flat, cage=block, n=30),
        "partial_conjunction": lambda: stats.partial_conjunction(p, 2),
        "claim_strength": lambda: stats.claim_strength(flat, p, family="odd"),
        "adafilter": lambda: stats.adafilter(p, 2, family="odd"),
        "mediation": lambda: stats.mediation(y, flat, x, c),
        "hierarchical": lambda: stats.hierarchical(flat, g, family="odd"),
        "course_contrasts": lambda: stats.course_contrasts(y, lab, rng.random((2, n)) < 0.5, g, fixed_or_one),
        "course_classes": classes,
        "departure": lambda: stats.departure(
            y, lab, np.arange(n) // 2, g if n % 3 == 0 else np.arange(n), fixed_or_one
        ),
        "onset_distribution": lambda: stats.onset_distribution(*onset_ends()),
        "pooled": lambda: stats.pooled(y, y, y),
        "shared_effects": lambda: stats.shared_effects(y, y, y),
        "bh": lambda: stats.bh(flat, family="odd"),
        "storey": lambda: stats.storey(flat, family="odd"),
    }


def wrong(fit: object) -> str | None:
    """What is wrong with a result, if anything is."""
    p = getattr(fit, "p", fit if isinstance(fit, np.ndarray) else None)
    if p is None:
        return None
    p = np.asarray(p, dtype=float)
    known = np.isfinite(p)
    if np.isinf(p).any() or ((p[known] < 0) | (p[known] > 1)).any():
        return f"p outside [0, 1]: {p}"
    status = getattr(fit, "status", None)
    if status is None:
        return None
    said = np.isin(np.asarray(status, dtype=object).astype(str), sorted(WELL))
    if said.shape == p.shape and (said & ~known).any():
        return f"no p, and the status is {np.asarray(status, dtype=object)[said & ~known]}"
    low, high = (getattr(fit, name, None) for name in ("low", "high"))
    if low is not None and high is not None and np.any(np.asarray(low) > np.asarray(high)):
        return f"an interval from {low} to {high}"
    return None


def outcome(job: Job) -> tuple[str, str]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            fault = wrong(job())
        except StatisticsError as refusal:
            return ("refused", "") if str(refusal) else ("fault", "a refusal without words")
        except Exception:  # any other is what this looks for
            return "fault", "".join(traceback.format_exc().splitlines(keepends=True)[-3:])
    return ("fault", fault) if fault else ("answered", "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first case; a case is its number's seed")
    chosen = parser.parse_args()
    names = list(jobs(np.random.default_rng(0)))
    ends: Counter[str] = Counter()
    by_name: dict[str, Counter[str]] = {name: Counter() for name in names}
    shown: Counter[str] = Counter()
    for case in range(chosen.first, chosen.first + chosen.cases):
        name = names[case % len(names)]
        end, fault = outcome(jobs(np.random.default_rng(case))[name])
        ends[end] += 1
        by_name[name][end] += 1
        if end == "fault" and shown[name] < 3:
            shown[name] += 1
            print(f"case {case}, {name}: {fault}")
    idle = [name for name, found in by_name.items() if not found["answered"]]
    print(f"{ends['answered']:,} answered, {ends['refused']:,} refused in words; never answered: {idle or 'none'}")
    print(f"bad_input: {ends['fault']} faults in {chosen.cases:,} cases (goal 0)")
    return 1 if ends["fault"] else 0


if __name__ == "__main__":
    sys.exit(main())
