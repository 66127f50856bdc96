"""Molecules of the animals of one contrast in one table: logarithms, what lies below detection, and arms compared.

One row of values per animal: the mean of its samples' log2. A value that was not seen is not filled in: it is known to
lie below the molecule's detection limit, and `stats.left_censored` is told so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal import stats
from commensal.questions.arms import Arms, Floats, Mask
from commensal.questions.communities import community
from commensal.questions.scales import LOGARITHMS
from commensal.study import AssayTable, Dropped, LoadedStudy, Question

Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """Log2 of each molecule in the animals of one contrast; (n, m) arrays have the animals of ``arms`` as rows."""

    arms: Arms  #: those with a sample
    assay: AssayTable
    specimen: str  #: the specimen, or the table's name where it is not said
    log2: Floats  #: (n, m) NaN where not measured; at the limit where nothing was seen
    below: Mask  #: (n, m) at least one of the animal's samples lies below detection: its level is that or less
    time: Floats  #: (n,) of the animal's last sample; NaN without times
    dropped: tuple[Dropped, ...] = ()

    @property
    def features(self) -> pd.DataFrame:
        """The table's features, m rows."""
        return self.assay.features


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """One arm against another one in one table, m molecules."""

    arm: str
    control: str
    fit: stats.UnitFit
    n_case: Counts  #: (m,) animals with a value, those below detection among them
    n_control: Counts
    n_below: Counts  #: (m,) of both, animals with a value below detection


def molecule_levels(loaded: LoadedStudy, question: Question, assay: str, *, contrast: str) -> Levels:
    """Find the levels of every molecule in the animals of a contrast.

    Raises
    ------
    DesignError
        As `community`: no sample of the control, or of any arm.
    """
    data = community(loaded, replace(question, contrast=contrast), assay)
    logs, below = _logs(data.assay, data.samples, data.values)
    n = len(data.arms.subjects)
    index = np.arange(len(data.samples))
    sums = np.zeros((n, len(index)))
    sums[data.subject, index] = 1.0
    known = ~np.isnan(logs)
    if (sums.sum(axis=1) <= 1).all():  # one sample each: no mean to take
        at = np.full(n, -1)
        at[data.subject] = index
        there = at >= 0
        level, under = logs[at[there]], below[at[there]]
    else:
        there = sums.sum(axis=1) > 0
        count = sums[there] @ known
        level = np.where(count > 0, (sums[there] @ np.where(known, logs, 0.0)) / np.maximum(count, 1), np.nan)
        under = (sums[there] @ below) > 0
    timed = "time" in loaded.samples.columns
    last = np.full(n, -np.inf if timed else np.nan)
    if timed:
        np.maximum.at(last, data.subject, data.time)
    return Levels(
        arms=data.arms.take(there),
        assay=data.assay,
        specimen=data.specimen or assay,
        log2=level,
        below=under,
        time=last[there],
        dropped=data.dropped,
    )


def _logs(assay: AssayTable, samples: Sequence[str], values: Floats) -> tuple[Floats, Mask]:
    """Return log2 (r, m) of some samples, at the limit where a value lies below detection, and where that is so."""
    value = assay.assay.value or "intensity"
    declared = assay.limits
    if value in LOGARITHMS:
        logs = values * LOGARITHMS[value]
        edge = None if declared is None else np.asarray(declared, dtype=float) * LOGARITHMS[value]
    else:
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.where(np.isnan(values), np.nan, np.log2(np.maximum(values, 0.0)))
            if declared is None:  # the smallest that was seen, in the whole table: every contrast has the same limit
                seen = np.where(assay.values > 0, assay.values, np.inf).min(axis=0, initial=np.inf)
                declared = np.where(np.isfinite(seen), seen, np.nan)
                edge = np.log2(declared)
            else:
                edge = np.log2(np.asarray(declared, dtype=float))
        if assay.assay.zero != "below_detection":  # a zero has no logarithm: it says nothing
            logs = np.where(np.isneginf(logs), np.nan, logs)
    if edge is None:
        return logs, np.zeros(logs.shape, dtype=bool)
    if edge.ndim == 2:
        place = {sample: i for i, sample in enumerate(assay.samples)}
        edge = edge[[place[sample] for sample in samples]]
    edge = np.broadcast_to(edge, logs.shape)
    below = (np.isneginf(logs) | (logs < edge)) & ~np.isnan(edge)
    return np.where(below, edge, np.where(np.isneginf(logs), np.nan, logs)), below


def design(arms: Arms) -> tuple[Floats, dict[str, int]]:
    """Return the columns of one model of all arms (n, k), and each arm's column; the control is the intercept."""
    label = arms.arm_or_control
    there = [arm for arm in arms.cases if (label == arm).any()]
    columns = [np.ones(len(label)), *((label == arm).astype(float) for arm in there)]
    columns += [arms.covariates[:, j] for j in range(arms.covariates.shape[1])]
    if arms.batch is not None:
        columns += [(arms.batch == batch).astype(float) for batch in sorted(set(arms.batch))[1:]]
    return np.column_stack(columns), {arm: i + 1 for i, arm in enumerate(there)}


def contrast_rows(
    place: Mapping[str, int], width: int, pairs: Sequence[tuple[str, str]], control: str
) -> tuple[list[tuple[str, str]], Floats]:
    """Return the pairs (arm, other) that both exist, and a contrast (c, width) for each."""
    there = [pair for pair in pairs if all(one in place or one == control for one in pair)]
    rows = np.zeros((len(there), width))
    for i, (arm, other) in enumerate(there):
        rows[i, place[arm]] = 1.0
        if other in place:
            rows[i, place[other]] = -1.0
    return there, rows


def compare(levels: Levels, pairs: Sequence[tuple[str, str]] | None = None) -> list[Compared]:
    """Compare each arm with the control, or the pairs (arm, other arm), in one model of all arms.

    Units are those of the question's block: `stats.unit_contrasts`, and `stats.left_censored` for molecules some of
    whose values lie below detection. An arm of one unit has no p.
    """
    arms = levels.arms
    label = arms.arm_or_control
    x, place = design(arms)
    asked = [(arm, arms.control_name) for arm in arms.cases] if pairs is None else pairs
    there, contrasts = contrast_rows(place, x.shape[1], asked, arms.control_name)
    fits = _fitted(levels, x, contrasts) if there else ()
    known, below = (~np.isnan(levels.log2)).astype(float), levels.below.astype(float)
    out = []
    for (arm, other), fit in zip(there, fits, strict=True):
        case, control = (label == arm).astype(float), (label == other).astype(float)
        out.append(
            Compared(
                arm, other, fit, (case @ known).astype(np.int64), (control @ known).astype(np.int64),
                ((case + control) @ below).astype(np.int64),
            )
        )  # fmt: skip
    return out


def _fitted(levels: Levels, x: Floats, contrasts: Floats) -> tuple[stats.UnitFit, ...]:
    """Fit molecules without a value below detection by the exact model, the others by the left-censored one."""
    arms = levels.arms
    labels = [list(column) for _, column in arms.blocks]
    inner, outer = (labels[1], labels[0]) if len(labels) > 1 else (labels[0] if labels else None, None)
    y, level = levels.log2, arms.question.level
    cut: Mask = np.asarray(levels.below.any(axis=0))
    if not cut.any():
        return stats.unit_contrasts(y, x, contrasts, inner, outer, level=level)
    plain, limited = np.flatnonzero(~cut), np.flatnonzero(cut)
    under = levels.below[:, limited]
    own, edge = np.where(under, -np.inf, y[:, limited]), np.where(under, y[:, limited], np.nan)
    seen = stats.unit_contrasts(y[:, plain], x, contrasts, inner, outer, level=level)
    more = stats.left_censored(own, edge, x, contrasts, outer if outer is not None else inner, level=level)
    return tuple(_joined(*pair, plain, limited) for pair in zip(seen, more, strict=True))


def _joined(
    first: stats.UnitFit, second: stats.UnitFit, plain: NDArray[np.intp], limited: NDArray[np.intp]
) -> stats.UnitFit:
    """Put the features of two fits in their places."""
    m = len(plain) + len(limited)
    fields = {}
    for name in stats.UnitFit.__dataclass_fields__:
        one, other = getattr(first, name), getattr(second, name)
        fields[name] = np.empty(m, dtype=np.result_type(one, other))
        fields[name][plain], fields[name][limited] = one, other
    return stats.UnitFit(**fields)


__all__ = ["Compared", "Levels", "compare", "contrast_rows", "design", "molecule_levels"]
