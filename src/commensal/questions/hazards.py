"""Rows of the hazard: Cox's model of one arm against the control, and whether its ratio stays the same."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from commensal import stats
from commensal.questions.survival_rows import row, sizes, state
from commensal.questions.watched import Watched

Floats = NDArray[np.float64]
#: With fewer events per column than this the likelihood is penalised.
EVENTS_PER_COLUMN = 10
#: Simulated studies behind the size of a cluster-robust test.
STUDIES = 2000


def columns(pair: Watched) -> tuple[Floats, list[str]]:
    """Return the arm and the covariates that vary in these subjects (n, k), and the names of those that do not."""
    covariates = pair.arms.covariates
    varying = np.ptp(covariates, axis=0) > 0 if covariates.size else np.zeros(covariates.shape[1], dtype=bool)
    arm = pair.arms.case.astype(np.float64)[:, None]
    flat = [name for name, moves in zip(pair.arms.covariate_names, varying, strict=True) if not moves]
    return np.column_stack([arm, covariates[:, varying]]), flat


def strata(pair: Watched) -> NDArray[np.object_] | None:
    """Return the baselines of Cox's model (n,): batches, and units that hold both arms."""
    parts = [one for one in (pair.strata, None if pair.whole else pair.unit) if one is not None]
    if not parts:
        return None
    return np.array([" / ".join(map(str, each)) for each in zip(*parts, strict=True)], dtype=object)


def cox_row(pair: Watched, level: str | None, arm: str) -> Mapping[str, object]:
    """Return the hazard ratio; where units lie in one arm each, p only if the sandwich keeps its size there."""
    x, flat = columns(pair)
    contrast = np.eye(x.shape[1])[0]
    cluster = pair.unit if pair.whole else None
    firth = _few(pair, x.shape[1])
    reference = "normal" if cluster is None else "t"
    options: dict[str, Any] = {
        "reference": reference,
        "cluster": cluster,
        "strata": strata(pair),
        "entry": pair.entry,
        "level": pair.arms.question.level,
    }
    fit = stats.cox(pair.time, pair.happened, x, contrast, firth=firth, **options)
    if fit.status == "separated" and not firth:
        firth = True
        fit = stats.cox(pair.time, pair.happened, x, contrast, firth=True, **options)
    if cluster is not None and fit.status == "ok":
        units = sorted({(str(one), bool(case)) for one, case in zip(cluster, pair.arms.case, strict=True)})
        held = tuple(sorted((case, int(np.count_nonzero(cluster == one))) for one, case in units))
        seen = max(round(float(np.mean(pair.happened)), 1), 0.1)
        fit = stats.gated(fit, _size(held, seen, 1 - pair.arms.question.level))
    status, note = state(fit.status, fit.note)
    told = [note, f"{', '.join(flat)} left out: the same in all" if flat else ""]
    wald = "profile likelihood" if firth else "Wald"
    how = (wald if cluster is None else "t") + ", Cox's model" + (", Firth's penalty" if firth else "")
    return row(
        pair,
        level,
        arm,
        "cox",
        effect=fit.effect,
        unit="log hazard ratio",
        se=fit.se,
        low=fit.low,
        high=fit.high,
        test=how + (", variance over units" if cluster is not None else ""),
        statistic=fit.statistic,
        df=fit.df,
        p=fit.p,
        status=status,
        note="; ".join(filter(None, told)),
        **sizes(pair, arm),
    )


def hazards_row(pair: Watched, level: str | None, arm: str) -> Mapping[str, object]:
    """Return whether the arm's log hazard ratio changes with time."""
    x, _ = columns(pair)
    cluster = pair.unit if pair.whole else None
    fit = stats.proportional_hazards(
        pair.time,
        pair.happened,
        x,
        cluster=cluster,
        strata=strata(pair),
        entry=pair.entry,
        level=pair.arms.question.level,
    )
    status, note = state(fit.status[0], fit.note)
    told = "change of the log hazard ratio from no deaths to all" if status == "ok" else note
    return row(
        pair,
        level,
        arm,
        "proportional_hazards",
        effect=fit.effect[0],
        unit="log hazard ratio",
        se=fit.se[0],
        low=fit.low[0],
        high=fit.high[0],
        test="score of x × (1 − Kaplan–Meier)" + (", variance over units, t" if cluster is not None else ", χ²"),
        statistic=fit.statistic[0],
        df=fit.df[0],
        p=fit.p[0],
        status=status,
        note=told,
        **sizes(pair, arm),
    )


@lru_cache(maxsize=256)
def _size(units: tuple[tuple[bool, int], ...], events: float, level: float) -> stats.CoxSize:
    """Return the size of the test in a layout: the side and the number of subjects of each unit."""
    arm = np.repeat([case for case, _ in units], [n for _, n in units])
    unit = np.repeat(np.arange(len(units)), [n for _, n in units])
    return stats.cluster_cox_size(arm, unit, events=events, level=level, reference="t", n_studies=STUDIES)


def _few(pair: Watched, k: int) -> bool:
    """Say whether events are so few, or so much on one side, that the likelihood is better penalised."""
    case = pair.arms.case
    sides = (np.count_nonzero(pair.happened & case), np.count_nonzero(pair.happened & ~case))
    return bool(0 < sum(sides) < EVENTS_PER_COLUMN * k or min(sides) == 0)


__all__ = ["columns", "cox_row", "hazards_row", "strata"]
