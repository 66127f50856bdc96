"""Verdicts: each arm against the shared control on each outcome, jointly, against the declared margin.

Familywise over arms × primary outcomes; an outcome that is not primary has a family of its own and no part in the
verdict on the arm. See docs/decisions/verdicts.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from commensal import stats
from commensal.errors import StatisticsError
from commensal.questions.answer import Refused
from commensal.questions.arms import Arms, Mask
from commensal.questions.ends import End
from commensal.questions.measured import words

VERDICT, OVERALL, INTERACTION, RANK, DOSE = "verdict", "verdict, overall", "interaction", "rank", "dose trend"
HELPS, HARMS, EQUIVALENT, INCONCLUSIVE = "helps", "harms", "equivalent", "inconclusive"
#: So few units in an arm, or fewer, are said.
FEW = 2
#: Statuses of `stats.arm_contrasts` that Estimates call otherwise.
_STATUS = {"missing": "too_few"}
Row = Mapping[str, object]


def judged(low: float, high: float, better: int, margin: float | None) -> str:
    """Return the verdict that an interval of arm − control allows.

    Parameters
    ----------
    low, high
        Joint interval; NaN where there is none.
    better
        1 where more is better, −1 where less is.
    margin
        Differences smaller than this do not matter; None: nothing can be called equivalent.

    Examples
    --------
    >>> judged(2.0, 30.0, 1, 20.0), judged(2.0, 30.0, -1, None), judged(-3.0, 4.0, 1, 5.0), judged(-3.0, 4.0, 1, None)
    ('helps', 'harms', 'equivalent', 'inconclusive')
    """
    worst, best = (low, high) if better > 0 else (-high, -low)
    if np.isnan(worst) or np.isnan(best):
        return INCONCLUSIVE
    if margin is not None and -margin < worst and best < margin:
        return EQUIVALENT
    return HELPS if worst > 0 else HARMS if best < 0 else INCONCLUSIVE


def overall(found: Sequence[tuple[str, str]]) -> str:
    """Return the verdict on an arm from those on its primary outcomes, as (outcome, verdict).

    Examples
    --------
    >>> overall([("rotarod", "helps"), ("death", "inconclusive")])
    'helps'
    >>> overall([("rotarod", "helps"), ("death", "harms")])
    'inconclusive'
    """
    seen = {verdict for _, verdict in found}
    if HELPS in seen and HARMS in seen:
        return INCONCLUSIVE
    for one in (HELPS, HARMS):
        if one in seen:
            return one
    return EQUIVALENT if seen == {EQUIVALENT} else INCONCLUSIVE


def verdict_rows(arms: Arms, outcomes: Sequence[End], refused: Sequence[Refused] = ()) -> list[Row]:
    """Return verdicts per level of ``by``: each outcome, each arm as a whole, ranks, dose trends, and interactions.

    An outcome that could not be had has a row of each arm, with what is wrong; a primary one keeps its place in the
    family, so that bad data do not make the others easier to pass.
    """
    rows: list[Row] = []
    lost = [one.name for one in refused if one.primary]
    for level in arms.levels or (None,):
        keep = np.ones(len(arms.subjects), dtype=bool) if level is None or arms.by is None else arms.by == level
        part, own = arms.take(keep), [one.at(keep).in_level(level) for one in outcomes]
        if not part.case.any() or part.case.all():
            rows += [_nobody(arms, arm, one, level) for one in outcomes for arm in arms.cases]
            continue
        rows += list(_level_rows(part, own, level, lost))
    for other in arms.levels[1:]:
        rows += list(_interactions(arms, outcomes, other, len(lost)))
    rows += [_refused(arm, one) for one in refused for arm in arms.cases]
    return [{**arms.identity(), "level": arms.question.level, **row} for row in rows]


def _level_rows(arms: Arms, outcomes: Sequence[End], level: str | None, lost: Sequence[str]) -> Iterator[Row]:
    endpoints = sum(one.primary for one in outcomes) + len(lost)
    by_arm: dict[str, list[tuple[str, str]]] = {arm: [(name, INCONCLUSIVE) for name in lost] for arm in arms.cases}
    for one in outcomes:
        for arm, row, verdict in _against_control(arms, one, level, endpoints):
            if one.primary:
                by_arm[arm].append((one.name, verdict))
            yield row
    if endpoints:
        for arm, found in by_arm.items():
            told = "; ".join(f"{verdict} in {name}" for name, verdict in found)
            mixed = {HELPS, HARMS} <= {verdict for _, verdict in found}
            note = f"{overall(found)}: {told}" + ("; it helps in one and harms in another" if mixed else "")
            sizes = {"n_case": int((arms.arm_or_control == arm).sum()), "n_control": int((~arms.case).sum())}
            own = {"model": OVERALL, "term": arms.term(arm, level), "label": arm, "status": "ok", "note": note}
            yield {**own, **sizes, "n": sum(sizes.values())}
    for one in outcomes:
        if one.primary and len(arms.cases) > 2:
            yield from _ranks(arms, one, level)
        yield from _dose(arms, one, level)


def _against_control(arms: Arms, one: End, level: str | None, endpoints: int) -> Iterator[tuple[str, Row, str]]:
    """Yield (arm, row, verdict) of one outcome."""
    several = endpoints if one.primary else 1
    known = ~np.isnan(one.value)
    if not (known & ~arms.case).any() or not (known & arms.case).any():
        for arm in arms.cases:
            yield arm, _nobody(arms, arm, one, level), INCONCLUSIVE
        return
    own = arms.take(known)
    fit = stats.arm_contrasts(
        one.value[known], own.arm_or_control, own.control_name, **_columns(own, one, known), endpoints=several,
        level=arms.question.level,
    )  # fmt: skip
    place = {str(name): i for i, name in enumerate(fit.names)}
    family = _family(arms, one, level, endpoints)
    for arm in arms.cases:
        if arm not in place:
            yield arm, _nobody(arms, arm, one, level), INCONCLUSIVE
            continue
        i = place[arm]
        verdict = judged(fit.low[i], fit.high[i], one.better, one.margin)
        status = _STATUS.get(str(fit.status[i]), str(fit.status[i]))
        note = words([_told(verdict, status, one, fit, i), *one.notes, *_given(arms, arm), fit.approximation])
        row = {
            **_shared(own, arm, one, level),
            "model": VERDICT,
            "effect": fit.effect[i],
            "se": fit.se[i],
            "low": fit.low[i],
            "high": fit.high[i],
            "test": "joint t over arms" + (" and outcomes" if several > 1 else ""),
            "statistic": fit.statistic[i],
            "df": fit.df[i],
            "p": fit.p[i],
            "family": family if status == "ok" else None,
            "status": status,
            "note": note,
        }
        yield arm, _finite(row), verdict


def _columns(arms: Arms, one: End, known: Mask | NDArray[np.intp]) -> dict[str, Any]:
    """Return units, covariates and strata of the subjects with a value."""
    columns = [arms.covariates] if arms.covariates.size else []
    if one.baseline is not None:
        columns.append(one.baseline[known][:, None])
    return {
        "unit": arms.unit if arms.blocks else None,
        "covariates": np.column_stack(columns) if columns else None,
        "strata": arms.batch,
    }


def _told(verdict: str, status: str, one: End, fit: stats.DunnettFit, i: int) -> str:
    """Begin the note with the verdict, and say what it rests on."""
    if status == "constant":
        return f"{verdict}: not tested, nothing varies"
    if status != "ok":
        units = f"{fit.n[i]} of the arm and {fit.n_control} of the control"
        return f"{verdict}: not tested ({'units' if status == 'one_cage' else 'subjects'}: {units})"
    if one.margin is None:
        return f"{verdict}: no margin is declared, so that nothing can be called {EQUIVALENT}"
    more = " (it differs from the control, by less than matters)" if fit.low[i] * fit.high[i] > 0 else ""
    return f"{verdict}: margin {one.margin:g} {one.unit}{more if verdict == EQUIVALENT else ''}"


def _given(arms: Arms, arm: str) -> list[str]:
    """Say the dose and washout of an arm, which controls it is compared with, and where units are few."""
    own = arms.arm_or_control == arm
    few = few_units(arms, arm)
    told = [few] if few else []
    for name, values in (("dose", arms.dose), ("washout", arms.washout)):
        if values is not None and not np.isnan(values[own]).all():
            low, high = np.nanmin(values[own]), np.nanmax(values[own])
            told.append(f"{name} {low:g}" if low == high else f"{name} {low:g} to {high:g}")
    if arms.batch is not None:
        batches = sorted(set(arms.batch[own]))
        there = int((~arms.case & np.isin(arms.batch, batches)).sum())
        told.append(f"compared within {arms.question.concurrent}; {there} controls in its own")
    return told


def few_units(arms: Arms, arm: str) -> str | None:
    """Say so where an arm or the control is few units: the limit of whatever is said of it.

    Returns
    -------
    str or None
        None where both have more than `FEW`, or subjects are the units.
    """
    if not arms.blocks or not arms.whole_units:
        return None
    counts = [(arms.units(one), one) for one in (arm, arms.control_name)]
    few = [f"{n} {arms.unit_name}{'' if n == 1 else 's'} in {one}" for n, one in counts if n <= FEW]
    return f"only {' and '.join(few)}: the {arms.unit_name} is the unit" if few else None


def _family(arms: Arms, one: End, level: str | None, endpoints: int) -> str:
    inside = f" in {level}" if level is not None else ""
    if one.primary:
        return f"{_count(len(arms.cases), 'arm')} × {_count(endpoints, 'primary outcome')}{inside}"
    return f"{_count(len(arms.cases), 'arm')}, {one.name} (not primary){inside}"


def _count(n: int, word: str) -> str:
    return f"{n} {word}{'' if n == 1 else 's'}"


def _shared(arms: Arms, arm: str, one: End, level: str | None) -> dict[str, object]:
    case, control = arms.arm_or_control == arm, ~arms.case
    return {
        "measure": one.name,
        "term": arms.term(arm, level),
        "label": arm,
        "time": one.time,
        "unit": one.unit,
        "n": int((case | control).sum()),
        "n_case": int(case.sum()),
        "n_control": int(control.sum()),
        "n_blocks": len(set(arms.unit[case | control])) if arms.blocks else None,
    }


def _nobody(arms: Arms, arm: str, one: End, level: str | None) -> Row:
    own = {"model": VERDICT, "measure": one.name, "term": arms.term(arm, level), "label": arm, "unit": one.unit}
    return {**own, "status": "too_few", "note": f"{INCONCLUSIVE}: nobody in the arm or the control has a value"}


def _ranks(arms: Arms, one: End, level: str | None) -> Iterator[Row]:
    known = ~np.isnan(one.value)
    own = arms.take(known)
    if not (~own.case).any() or len(set(own.arm_or_control)) < 3:
        return
    columns = _columns(own, one, known)
    fit = stats.arm_ranks(
        one.better * one.value[known], own.arm_or_control, own.control_name, **columns, level=arms.question.level
    )
    for i, arm in enumerate(fit.names):
        if fit.rank[i]:
            row = {**_shared(own, str(arm), one, level), "model": RANK, "unit": "rank", "status": "ok"}
            row |= {"effect": float(fit.rank[i]), "low": float(fit.low[i]), "high": float(fit.high[i])}
            row["note"] = f"of {int((fit.rank > 0).sum())} arms, 1 the best; all intervals hold together"
            yield row


def _dose(arms: Arms, one: End, level: str | None) -> Iterator[Row]:
    """Yield the trend with dose over control and arms, where three doses or more were given."""
    if arms.dose is None:
        return
    dose = np.where(~arms.case & np.isnan(arms.dose), 0.0, arms.dose)
    known = ~np.isnan(one.value) & ~np.isnan(dose)
    if len(set(dose[known].tolist())) < 3:
        return
    own = arms.take(known)
    columns = _columns(own, one, known)
    more = [column for column in (columns["covariates"],) if column is not None]
    if own.batch is not None:
        more += [(own.batch == batch)[:, None].astype(float) for batch in sorted(set(own.batch))[1:]]
    x = np.column_stack([np.ones(known.sum()), dose[known], *more])
    contrast = np.zeros((1, x.shape[1]))
    contrast[0, 1] = 1
    units = list(own.unit) if own.blocks else None
    fit = stats.unit_contrasts(one.value[known][:, None], x, contrast, units, level=arms.question.level)[0]
    names = ("effect", "se", "low", "high", "statistic", "df", "p", "status")
    term = "dose" if level is None else f"{level}: dose"
    doses = ", ".join(f"{value:g}" for value in sorted(set(dose[known].tolist())))
    row = {"measure": one.name, "model": DOSE, "term": term, "label": arms.question.dose, "time": one.time}
    row |= {name: getattr(fit, name)[0] for name in names}
    row |= {"unit": f"{one.unit} per unit of {arms.question.dose}", "test": "t, Satterthwaite" if units else "t"}
    row |= {"n": int(known.sum()), "n_blocks": len(set(own.unit)) if own.blocks else None}
    row["note"] = words([f"straight line over doses {doses}; the control is 0", fit.note[0], *one.notes])
    yield _finite(row)


def _interactions(arms: Arms, outcomes: Sequence[End], other: str, lost: int) -> Iterator[Row]:
    """Yield whether an arm's difference is another one in a level of ``by`` than in the first."""
    assert arms.by is not None
    first = arms.levels[0]
    two = np.isin(arms.by, (first, other))
    endpoints = sum(one.primary for one in outcomes) + lost
    for one in (each.between_levels().at(two) for each in outcomes):
        pair = arms.take(two)
        known = ~np.isnan(one.value)
        own = pair.take(known)
        assert own.by is not None
        side = own.by == other
        yield from _one_interaction(own, one, known, side, first, other, endpoints)


def _one_interaction(
    own: Arms, one: End, known: Mask, side: Mask, first: str, other: str, endpoints: int
) -> Iterator[Row]:
    cells = {arm: {bool(each) for each in side[own.arm_or_control == arm]} for arm in (*own.cases, own.control_name)}
    whole = [arm for arm, sides in cells.items() if len(sides) == 2]
    for arm in own.cases:
        if arm not in whole or own.control_name not in whole:
            row = _shared(own, arm, one, None) | {"model": INTERACTION, "status": "too_few"}
            yield row | {"term": _crossed(first, other, arm), "note": "an arm is empty at one of the levels"}
    usable = np.isin(own.arm_or_control, whole)
    if own.control_name not in whole or len(whole) < 2:
        return
    kept, index = own.take(usable), np.flatnonzero(known)[usable]
    try:
        fit = stats.arm_interactions(
            one.value[index], kept.arm_or_control, kept.control_name, side[usable], **_columns(kept, one, index),
            endpoints=endpoints if one.primary else 1, level=own.question.level,
        )  # fmt: skip
    except StatisticsError as error:
        for arm in (each for each in kept.cases if each in whole):
            row = _shared(kept, arm, one, None) | {"model": INTERACTION, "status": "not_identified"}
            yield row | {"term": _crossed(first, other, arm), "note": error.what}
        return
    for i, arm in enumerate(fit.names):
        status = _STATUS.get(str(fit.status[i]), str(fit.status[i]))
        row = _shared(kept, str(arm), one, None)
        row |= {name: getattr(fit, name)[i] for name in ("effect", "se", "low", "high", "statistic", "df", "p")}
        row |= {"model": INTERACTION, "term": _crossed(first, other, str(arm)), "test": "joint t", "status": status}
        told = f"({arm} − {own.control_name}) in {other} less the same in {first}"
        yield _finite(row | {"note": words([told, *one.notes, fit.approximation])})


def _crossed(first: str, other: str, arm: str) -> str:
    return f"{other} against {first}: {arm}"


def _finite(row: Mapping[str, object]) -> Row:
    """Leave out numbers that are not finite, and the p where the status says that there is none."""
    kept = {
        key: None if isinstance(value, float | np.floating) and not np.isfinite(value) else value
        for key, value in row.items()
    }
    if kept.get("status") not in ("ok", "boundary"):
        kept |= dict.fromkeys(("p", "low", "high", "se", "statistic", "df"))
    return kept


def verdict_of(note: object) -> str:
    """Return the verdict that a row's note begins with, or ``""``.

    Examples
    --------
    >>> verdict_of("helps: margin 20 s")
    'helps'
    """
    first = str(note).partition(":")[0]
    return first if first in (HELPS, HARMS, EQUIVALENT, INCONCLUSIVE) else ""


def _refused(arm: str, one: Refused) -> Row:
    found = f" (found: {one.error.found})" if one.error.found else ""
    row = {"measure": one.name, "model": VERDICT, "term": arm, "label": arm, "status": "not_measured"}
    return row | {"note": f"{INCONCLUSIVE}: {one.error.what}{found}"}


__all__ = ["few_units", "judged", "overall", "verdict_of", "verdict_rows"]
