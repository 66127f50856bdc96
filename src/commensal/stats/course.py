"""Diseased against healthy before onset, with progression, and the difference of the two: one model per feature."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commensal.errors import StatisticsError
from commensal.stats._arrays import Floats, Integers, numbers, with_gaps
from commensal.stats._design import group_codes
from commensal.stats.fits import Fit
from commensal.stats.hypotheses import mixed_contrasts
from commensal.stats.imputations import pooled
from commensal.stats.nested import mixed_nested_contrasts
from commensal.stats.reference_frame import ReferenceFrame, against, reference_frame

if TYPE_CHECKING:
    import pandas as pd

Mask = NDArray[np.bool_]
Texts = NDArray[np.object_]
#: The three contrasts, in the order of every (3, m) array.
CONTRASTS = ("before", "with", "difference")
#: A column that others leave less than this share of is one of them.
REDUNDANT = 1e-9
#: Correlation of the two contrasts at most, so that rounding leaves their covariance positive.
MOST_CORRELATED = 0.9999


@dataclass(frozen=True, slots=True)
class CourseFit:
    """Three contrasts (3, m) per feature, and their omnibus test (m,); missing is NaN, and `status` says why.

    Attributes
    ----------
    effect, se, df, statistic, p, low, high, status, note : (3, m)
        Diseased minus healthy before onset, the same with progression, and the second minus the first.
    between : (3, m)
        Share of the variance that is due to onsets known as intervals only.
    omnibus, omnibus_df, omnibus_df2, omnibus_p, omnibus_status : (m,)
        F test of both contrasts at once: does the feature differ at any time?
    n, n_case, n_units : (m,)
        Samples in which the feature has a value, those of the diseased, and units.
    case_units, control_units : (2, m)
        Units of each side before onset and with progression.
    frames : tuple
        The reference frame taken off each contrast, for relative data; else empty.
    """

    effect: Floats
    se: Floats
    df: Floats
    statistic: Floats
    p: Floats
    low: Floats
    high: Floats
    status: Texts
    note: Texts
    between: Floats
    omnibus: Floats
    omnibus_df: Floats
    omnibus_df2: Floats
    omnibus_p: Floats
    omnibus_status: Texts
    n: Integers
    n_case: Integers
    n_units: Integers
    case_units: Integers
    control_units: Integers
    frames: tuple[ReferenceFrame, ...] = ()

    def __len__(self) -> int:
        """Return the number of features."""
        return int(self.effect.shape[1])

    def table(self) -> pd.DataFrame:
        """Return three rows per feature, `contrast` before, with and difference."""
        import pandas as pd

        m = len(self)
        parts = []
        for at, name in enumerate(CONTRASTS):
            columns = {key: getattr(self, key)[at] for key in ("effect", "se", "df", "p", "low", "high", "status")}
            parts.append(pd.DataFrame({"feature": np.arange(m), "contrast": name, **columns}))
        return pd.concat(parts).sort_values("feature", kind="stable").reset_index(drop=True)


def course_contrasts(
    y: ArrayLike,
    case: ArrayLike,
    after: ArrayLike,
    unit: Iterable[Hashable],
    fixed: ArrayLike,
    *,
    relative: bool = False,
    level: float = 0.95,
) -> CourseFit:
    """Compare diseased with healthy in y (n, m) before onset and with progression, units (n,) being what varies.

    y = fixed columns + β_b case·before + β_w case·after + b_unit + b_unit×phase + e, by restricted maximum likelihood
    (`mixed_nested`): a unit (cage or animal) has its own level, and its own change at onset, so that the difference
    β_w − β_b is compared with how much units of one side differ in their change. Whatever the variances, degrees of
    freedom are at most units − rank of the columns that are constant within units.

    Parameters
    ----------
    y : (n, m)
        Responses; NaN is missing.
    case : (n,)
        1 diseased, 0 healthy; constant within units.
    after : (n,) or (k, n)
        Whether each sample lies after onset (of the healthy: after their index age); a row per completed data set
        where onsets are intervals. The k answers are joined by :func:`pooled`.
    unit : (n,)
        The unit of inference of each sample: the outermost unit in which `case` is constant.
    fixed : (n, q)
        Columns of the model beside the two contrasts: the intercept, age, covariates. `after` itself joins them where
        they do not hold it.
    relative
        Whether y are logarithms known up to a factor per sample: then each contrast is measured from its median over
        the features (:func:`reference_frame`).
    level
        Of the intervals.

    Returns
    -------
    CourseFit
        Statuses of a contrast without p: those of `mixed_nested`; ``not_measured``, a side has no sample in that phase;
        ``one_cage``, it has a single unit there. The omnibus test is F = Q'V⁻¹Q / 2 of Q = (β_b, β_w), on the smaller
        degrees of freedom of its parts; where one phase has no estimate it is the other's t².

    Raises
    ------
    StatisticsError
        Arrays that do not fit together, `case` that varies inside a unit.

    Examples
    --------
    Six mice of either side at four ages; the first feature differs with progression only:

    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> mouse, age = np.repeat(np.arange(12), 4), np.tile(np.arange(4.0), 12)
    >>> case, after = mouse % 2, age >= 2
    >>> y = rng.normal(size=(48, 2)) * 0.5 + 3.0 * (case * after)[:, None] * [1, 0]
    >>> fit = course_contrasts(y, case, after, mouse, np.column_stack([np.ones(48), age]))
    >>> fit.effect[:, 0].round(1).tolist(), bool(fit.omnibus_p[0] < 1e-6), fit.status[:, 0].tolist()
    ([-0.2, 2.9, 3.1], True, ['boundary', 'boundary', 'boundary'])
    """
    values = with_gaps(y, "y", dimensions=2)
    n = len(values)
    sick = numbers(case, "case", dimensions=1) > 0
    codes = group_codes(unit, n, "unit")
    phases = np.atleast_2d(np.asarray(after, dtype=bool))
    columns = numbers(fixed, "fixed", dimensions=2)
    _refuse(sick, codes, phases, columns, n)
    made = [_one(values, sick, phase, codes, columns, level) for phase in phases]
    effect, se, df = (np.stack([getattr(one, name) for one in made]) for name in ("effect", "se", "df"))
    joined = [pooled(effect[:, at], se[:, at], df[:, at], level=level) for at in range(3)]
    status, note = _statuses(made, [np.isfinite(one.p) for one in joined])
    shown: dict[str, Any] = {
        name: np.stack([getattr(one, name) for one in joined]) for name in ("effect", "se", "df", "statistic", "p")
    }
    shown |= {name: np.stack([getattr(one, name) for one in joined]) for name in ("low", "high", "between")}
    # an effect whose units cannot test it is shown all the same
    shown["effect"] = np.where(np.isfinite(shown["effect"]), shown["effect"], made[0].bare)
    seen = np.isfinite(values)
    m = values.shape[1]
    empty, none = np.full(m, np.nan), np.full(m, "", object)
    fit = CourseFit(
        **shown,
        status=status,
        note=note,
        omnibus=empty,
        omnibus_df=empty,
        omnibus_df2=empty,
        omnibus_p=empty,
        omnibus_status=none,
        n=seen.sum(axis=0),
        n_case=seen[sick].sum(axis=0),
        n_units=_units(codes, seen, np.ones(n, bool)),
        case_units=np.stack([_units(codes, seen, sick & side) for side in (~phases[0], phases[0])]),
        control_units=np.stack([_units(codes, seen, ~sick & side) for side in (~phases[0], phases[0])]),
    )
    return _with_omnibus(_framed(fit, level) if relative else fit)


@dataclass(frozen=True, slots=True)
class _One:
    """Contrasts (3, m) of one completed data set; `bare` has effects also where there is no test."""

    effect: Floats
    se: Floats
    df: Floats
    bare: Floats
    status: Texts
    note: Texts


def _refuse(sick: Mask, codes: Integers, phases: Mask, columns: Floats, n: int) -> None:
    for name, length in (("case", len(sick)), ("after", phases.shape[1]), ("fixed", len(columns))):
        if length != n:
            raise StatisticsError(f"{name} does not fit y", found=f"{length} samples", expected=n)
    if sick.all() or not sick.any():
        raise StatisticsError("the label needs both sides", found=f"{int(sick.sum())} of {n} diseased", expected="both")
    refuse_mixed_units(sick, codes)


def refuse_mixed_units(sick: Mask, codes: Integers) -> None:
    """Refuse a label (n,) that is not the same throughout each unit (n,)."""
    counts = np.bincount(codes, weights=sick) / np.maximum(np.bincount(codes), 1)
    mixed = np.flatnonzero((counts > 0) & (counts < 1))
    if mixed.size:
        raise StatisticsError(
            "the label varies inside a unit",
            found=f"{mixed.size} units with both sides",
            expected="diseased or healthy throughout",
            mend="give the unit in which it is constant (the animal), and the outer one as columns of `fixed`",
        )


def _units(codes: Integers, seen: Mask, rows: Mask) -> Integers:
    """Count the units that have a value (n, m) among some rows, (m,)."""
    held = np.zeros((int(codes.max()) + 1, len(codes)), dtype=np.float32)
    held[codes[rows], np.flatnonzero(rows)] = 1
    return np.asarray((held @ seen.astype(np.float32) > 0).sum(axis=0), dtype=np.int64)


def _one(values: Floats, sick: Mask, phase: Mask, codes: Integers, columns: Floats, level: float) -> _One:
    m = values.shape[1]
    with_phase = np.column_stack([columns, phase.astype(float)])
    base = independent(with_phase)
    parts = [(sick & ~phase).astype(float), (sick & phase).astype(float)]
    there = [at for at, part in enumerate(parts) if part.any() and (~sick & (phase == bool(at))).any()]
    effect, se, df, bare = (np.full((3, m), np.nan) for _ in range(4))
    status = np.full((3, m), "not_measured", object)
    note = np.full((3, m), "a side has no sample in this phase", object)
    if there:
        used = [parts[at] for at in (0, 1) if parts[at].any()]
        x = np.column_stack([base, *used])
        wanted = np.zeros((3, x.shape[1]))
        place = {at: base.shape[1] + i for i, at in enumerate(at for at in (0, 1) if parts[at].any())}
        for at in there:
            wanted[at, place[at]] = 1
        asked = list(there)
        if len(there) == 2:
            wanted[2] = wanted[1] - wanted[0]
            asked = [0, 1, 2]
        fits = _engine(values, x, wanted[asked], codes, phase, level)
        caps = _caps(values, sick, phase, codes, columns)
        for at, fit in zip(asked, fits, strict=True):
            state, why, cap = caps[at]
            fine = np.isfinite(fit.p) & (state == "")
            bare[at] = fit.effect
            effect[at], se[at] = (np.where(fine, getattr(fit, name), np.nan) for name in ("effect", "se"))
            df[at] = np.where(fine, np.minimum(fit.df, cap), np.nan)
            status[at] = np.where(state == "", fit.status, state)
            note[at] = np.where(state == "", fit.note, why)
    return _One(effect, se, df, bare, status, note)


def _engine(values: Floats, x: Floats, wanted: Floats, codes: Integers, phase: Mask, level: float) -> list[Fit]:
    """Fit with the unit, and inside it the phase where that varies in some unit, as random intercepts."""
    split = codes * 2 + phase
    if len(np.unique(split)) > len(np.unique(codes)):
        nested = mixed_nested_contrasts(values, x, wanted, split.tolist(), codes.tolist(), level=level)
        return [
            Fit(
                **{name: getattr(one, name) for name in Fit.__dataclass_fields__ if hasattr(one, name)},
                n_groups=one.n_outer,
                var_group=one.var_outer,
            )
            for one in nested
        ]
    fits = mixed_contrasts(values, x, wanted, codes.tolist(), level=level)
    return [fits.contrast(at) for at in range(len(wanted))]


def _caps(
    values: Floats, sick: Mask, phase: Mask, codes: Integers, columns: Floats
) -> list[tuple[Texts, Texts, Floats]]:
    """Return status, note and the most degrees of freedom that the units allow, for each contrast (m,)."""
    seen = np.isfinite(values)
    used = _constant_rank(columns, sick, codes)
    told = []
    for now in (~phase, phase):
        ill, well = _units(codes, seen, sick & now), _units(codes, seen, ~sick & now)
        state, why = np.full(len(ill), "", object), np.full(len(ill), "", object)
        cap = (ill + well - used).astype(float)
        few = cap < 1
        state[few], why[few] = "too_few", "no more units than columns that are constant within them"
        lone = np.minimum(ill, well) == 1
        state[lone], why[lone] = "one_cage", "one side has a single unit in this phase"
        none = np.minimum(ill, well) == 0
        state[none], why[none] = "not_measured", "a side has no sample in this phase"
        told.append((state, why, np.maximum(cap, 1.0)))
    (one, because, low), (two, therefore, high) = told
    state = np.where(one == "", two, one)
    return [*told, (state, np.where(one == "", therefore, because), np.minimum(low, high))]


def _constant_rank(columns: Floats, sick: Mask, codes: Integers) -> int:
    """Return the rank of the columns, and the label, that are constant within units."""
    everything = np.column_stack([columns, sick])
    sums = np.zeros((int(codes.max()) + 1, everything.shape[1]))
    np.add.at(sums, codes, everything)
    means = sums / np.maximum(np.bincount(codes), 1)[:, None]
    scale = np.abs(everything).max(axis=0, initial=0.0)
    constant = np.abs(everything - means[codes]).max(axis=0) <= REDUNDANT * np.where(scale > 0, scale, 1.0)
    return int(np.linalg.matrix_rank(means[:, constant])) if constant.any() else 0


def independent(columns: Floats) -> Floats:
    """Return the columns (n, k) without those that are combinations of earlier ones."""
    kept: list[Floats] = []
    basis = np.zeros((len(columns), 0))
    for column in columns.T:
        size = float(np.linalg.norm(column))
        if size == 0:
            continue
        rest = column - basis @ (basis.T @ column)
        rest -= basis @ (basis.T @ rest)
        left = float(np.linalg.norm(rest))
        if left > 1e-7 * size:
            kept.append(column)
            basis = np.column_stack([basis, rest / left])
    return np.column_stack(kept) if kept else np.zeros((len(columns), 0))


def _statuses(made: list[_One], tested: list[Mask]) -> tuple[Texts, Texts]:
    """Say of each contrast the status of the first data set, or of the first that failed where there is no p."""
    status, note = made[0].status.copy(), made[0].note.copy()
    for at in range(3):
        for one in made[1:]:
            fine = np.isin(status[at], ("ok", "boundary"))
            theirs = np.isin(one.status[at], ("ok", "boundary"))
            swap = np.where(tested[at], ~fine & theirs, fine & ~theirs)
            status[at], note[at] = np.where(swap, one.status[at], status[at]), np.where(swap, one.note[at], note[at])
        left = ~tested[at] & np.isin(status[at], ("ok", "boundary"))
        status[at, left] = "not_identified"
    return status, note


def _framed(fit: CourseFit, level: float) -> CourseFit:
    """Measure each contrast from its median over the features."""
    frames = []
    moved = {name: getattr(fit, name).copy() for name in ("effect", "se", "statistic", "p", "low", "high")}
    for at in range(3):
        own = _contrast(fit, at)
        frame = reference_frame(own)
        frames.append(frame)
        if np.isfinite(frame.effect):
            shifted = against(own, frame, level=level)
            for name, values in moved.items():
                values[at] = getattr(shifted, name)
    return replace(fit, **moved, frames=tuple(frames))


def _contrast(fit: CourseFit, at: int) -> Fit:
    m = len(fit)
    nothing = np.full(m, np.nan)
    own = {name: getattr(fit, name)[at] for name in ("effect", "se", "df", "statistic", "p", "low", "high", "status")}
    return Fit(
        **own,
        n=fit.n,
        n_groups=fit.n_units,
        var_group=nothing,
        var_residual=nothing,
        df_satterthwaite=fit.df[at],
        note=fit.note[at],
    )


def _with_omnibus(fit: CourseFit) -> CourseFit:
    from scipy.special import fdtrc

    known = np.isfinite(fit.p)
    with np.errstate(all="ignore"):
        t = fit.statistic
        one, two, both = fit.se[0] ** 2, fit.se[1] ** 2, fit.se[2] ** 2
        r = np.clip((one + two - both) / (2 * fit.se[0] * fit.se[1]), -MOST_CORRELATED, MOST_CORRELATED)
        joint = (t[0] ** 2 - 2 * r * t[0] * t[1] + t[1] ** 2) / (1 - r**2) / 2
        statistic = np.where(known.all(axis=0), joint, np.where(known[0], t[0] ** 2, t[1] ** 2))
        rank = np.where(known.all(axis=0), 2.0, 1.0)
        second = np.where(known.all(axis=0), fit.df.min(axis=0), np.where(known[0], fit.df[0], fit.df[1]))
        p = np.where(known[:2].any(axis=0), fdtrc(rank, second, statistic), np.nan)
    tested = np.isfinite(p)
    status = np.where(known[0], fit.status[0], np.where(known[1], fit.status[1], fit.status[0]))
    unmeasured = ~tested & (fit.status[0] == "not_measured")
    status = np.where(unmeasured, fit.status[1], status)
    gone = [np.where(tested, values, np.nan) for values in (statistic, rank, second)]
    return replace(fit, omnibus=gone[0], omnibus_df=gone[1], omnibus_df2=gone[2], omnibus_p=p, omnibus_status=status)
