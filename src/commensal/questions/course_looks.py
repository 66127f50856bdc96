"""The looks at a feature's course: abundance where present and presence, each with its contrasts and differences."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from commensal import stats
from commensal.questions.course_design import Course
from commensal.questions.scales import Scales
from commensal.stats._comparing import Comparing, abundance_layout, presence_layout
from commensal.stats.course import independent

Array = NDArray[np.float64]
Texts = NDArray[np.object_]
#: A difference in presence smaller than this share of the samples does not matter.
PRESENCE_MARGIN = 0.2
#: Units of each side that a difference at a time needs.
FEWEST_UNITS = 2
#: Times at which the difference is shown, on either side of onset at most.
BINS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One scale of m features: what was tested of it, and why not the rest."""

    model: str  #: abundance or prevalence
    unit: str
    y: Array  #: (n, m) responses
    fixed: Array  #: (n, q)
    tested: NDArray[np.bool_]  #: (m,)
    status: Texts  #: (m,) "" where tested
    fit: stats.CourseFit  #: of the tested features
    relative: bool
    margin: float

    def spread(self, values: Array) -> Array:
        """Put values (…, tested) into the places of all m features."""
        out = np.full((*values.shape[:-1], len(self.tested)), np.nan)
        out[..., self.tested] = values
        return out


def looks(course: Course, scale: Scales) -> tuple[Look, ...]:
    """Fit the contrasts of every feature: its abundance where present, and its presence where the table can say."""
    comparing = Comparing(
        label=course.case.astype(float),
        block=None,
        covariates=np.zeros((len(course.case), 0)),
        min_prevalence=course.question.min_prevalence,
    )
    layout = abundance_layout(comparing, scale.log2, scale.present)
    made = [
        _look(
            course,
            "abundance",
            "log2 fold change",
            scale.log2,
            course.fixed,
            layout.status,
            course.margin,
            relative=scale.relative,
        )
    ]
    if scale.present is not None:
        status = presence_layout(comparing, scale.present).status
        fixed = course.fixed
        if scale.depth is not None and np.ptp(scale.depth) > 0:
            depth = np.log2(np.maximum(scale.depth, 1))
            fixed = np.column_stack([fixed, depth - depth.mean()])
        made.append(_look(course, "prevalence", "share", scale.present, fixed, status, PRESENCE_MARGIN, relative=False))
    return tuple(made)


def _look(
    course: Course, model: str, unit: str, y: Array, fixed: Array, status: Texts, margin: float, *, relative: bool
) -> Look:
    tested = status == ""
    fit = stats.course_contrasts(
        y[:, tested],
        course.case,
        course.onset.after,
        course.unit.tolist(),
        fixed,
        relative=relative,
        level=course.question.level,
    )
    return Look(model, unit, y, fixed, tested, status, fit, relative, margin)


@dataclass(frozen=True, slots=True, eq=False)
class AtTimes:
    """Differences (b, tested) at b times, for figures: no test is made of them."""

    time: Array  #: (b,) in the axis of the course: age, or relative to onset
    after: NDArray[np.bool_]  #: (b,)
    fits: tuple[stats.Fit, ...]
    n_case: NDArray[np.int64]  #: (b,) samples of the diseased
    n_control: NDArray[np.int64]


def axis(course: Course) -> Array:
    """Return the time axis (n,): age where all share one onset, else time relative to their own."""
    return course.time if course.onset.shared else course.onset.middle


def at_times(course: Course, look: Look) -> AtTimes:
    """Estimate the difference at each age, or at each piece of time around onset."""
    relative, place = course.onset.middle, axis(course)
    pieces, after = _pieces(relative, course.case)
    ill = course.case[:, None] & pieces
    has = ill.any(axis=0)
    pieces, after, ill = pieces[:, has], after[has], ill[:, has]
    base = independent(np.column_stack([look.fixed, relative >= 0]))
    x = np.column_stack([base, ill])
    contrasts = np.eye(x.shape[1])[base.shape[1] :]
    made = stats.mixed_contrasts(
        look.y[:, look.tested], x, contrasts, course.unit.tolist(), level=course.question.level
    )
    fits = [made.contrast(at) for at in range(len(contrasts))]
    if look.relative:
        frames = [stats.reference_frame(fit) for fit in fits]
        fits = [
            stats.against(fit, frame, level=course.question.level) if np.isfinite(frame.effect) else fit
            for fit, frame in zip(fits, frames, strict=True)
        ]
    times = np.array([np.median(place[column]) for column in ill.T])
    well = ~course.case[:, None] & pieces
    seen = np.isfinite(look.y[:, look.tested])
    fits = [
        _blank(fit, _units(course, seen, ill[:, at]), _units(course, seen, well[:, at])) for at, fit in enumerate(fits)
    ]
    return AtTimes(times, after, tuple(fits), ill.sum(axis=0), well.sum(axis=0))


def _units(course: Course, seen: NDArray[np.bool_], here: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Count the units with a value (n, m) among some samples, (m,)."""
    codes = np.unique(course.unit[here].astype(str), return_inverse=True)[1]
    held = np.zeros((int(codes.max(initial=-1)) + 1, seen.shape[1]), bool)
    np.logical_or.at(held, codes, seen[here])
    return np.asarray(held.sum(axis=0), dtype=np.int64)


def _blank(fit: stats.Fit, ill: NDArray[np.int64], well: NDArray[np.int64]) -> stats.Fit:
    """Show no difference where a side has a single unit: it would be the curve of age, drawn on."""
    few = np.minimum(ill, well) < FEWEST_UNITS
    bare = {name: np.where(few, np.nan, getattr(fit, name)) for name in ("effect", "se", "low", "high", "p")}
    why = np.where(few, "fewer than two units of a side at this time", fit.note)
    return replace(fit, **bare, status=np.where(few, "too_few", fit.status), note=why)


def _pieces(relative: Array, case: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Cut time into pieces with about as many samples of the diseased each: (n, b) membership, (b,) after onset."""
    members, after = [], []
    for side in (False, True):
        here = (relative >= 0) == side
        own = np.sort(relative[here & case])
        if not own.size:
            continue
        distinct = np.unique(own)
        if len(distinct) <= 2 * BINS and len(own) >= 2 * len(distinct):
            edges = (distinct[1:] + distinct[:-1]) / 2
        else:
            pieces = int(np.clip(len(own) // 4, 1, BINS))
            edges = np.unique(np.quantile(own, np.arange(1, pieces) / pieces))
        code = np.searchsorted(edges, relative)
        for at in range(len(edges) + 1):
            members.append(here & (code == at))
            after.append(side)
    return np.column_stack(members), np.array(after)
