"""Preparation of tables of molecules, right after they are read: each step by `commensal.stats`, each recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from commensal import stats
from commensal.errors import DesignError, listing
from commensal.pipeline.prepare_table import BASES, Floats, Mask, Molecules
from commensal.study import AssayTable, Dropped, LoadedStudy, Preparation, Prepare


def prepared(loaded: LoadedStudy) -> LoadedStudy:
    """Return the study with every table prepared that the study file asks it for.

    Raises
    ------
    StudyFileError, DesignError
        A column, role or feature that a step needs is not there; nothing is left.
    """
    assays, records, dropped = dict(loaded.assays), {}, list(loaded.dropped)
    for name, table in loaded.assays.items():
        if table.assay.prepare is None:
            continue
        assays[name], records[name], lost = _table(table, table.assay.prepare, loaded)
        dropped += lost
    if not records:
        return loaded
    return replace(loaded, assays=assays, preparation=records, dropped=tuple(dropped))


def _table(table: AssayTable, plan: Prepare, loaded: LoadedStudy) -> tuple[AssayTable, Preparation, list[Dropped]]:
    one = Molecules.of(table, plan, loaded.samples)
    before = _heights(one)
    for key, step in STEPS:
        if getattr(plan, key):
            step(one)
    after = _heights(one)
    below, known = int(one.below[one.own].sum()), int((~np.isnan(one.values[one.own])).sum())
    filled = _filled(one)
    order = one.number(plan.order, "order") if plan.order else np.full(len(before), np.nan)
    batch = one.column(plan.batch, "batch") if plan.batch else None
    record = Preparation(
        assay=table.name,
        steps=tuple(one.steps),
        samples=table.samples,
        roles=tuple(str(role) for role in one.facts["role"].fillna("")),
        order=order,
        batch=tuple(None if batch is None or value != value else str(value) for value in _cells(batch, len(before))),  # noqa: PLR0124
        before=before,
        after=after,
        below=below,
        values=known,
        tied=one.tied,
        filled=filled,
        uncontrolled=one.uncontrolled,
        removed=tuple(one.removed.items()),
    )
    assay = table.assay
    if assay.value in BASES:
        assay = replace(assay, value="intensity")
    limited = bool(one.below.any())
    assay = replace(assay, zero="below_detection" if limited and filled is None else assay.zero)
    out = replace(
        table,
        assay=assay,
        values=one.values,
        features=one.features,
        limits=one.limits if limited and filled is None else None,
        dropped=(*table.dropped, *one.dropped),
    )
    return out, record, list(one.dropped)


def _cells(column: object, n: int) -> list[object]:
    return [None] * n if column is None else list(column.astype(object).where(column.notna(), None))  # type: ignore[attr-defined]


def _heights(table: Molecules) -> Floats:
    """Median over features of log2 less each feature's median over the samples: (n,)."""
    logs = table.logs / np.log(2)
    centre = _median(logs[table.own | table.role("qc")], 0)
    return _median(logs - centre, 1)


def _median(values: Floats, axis: int) -> Floats:
    out = np.full(values.shape[1 - axis], np.nan)
    known = (~np.isnan(values)).any(axis=axis)
    taken = values[:, known] if axis == 0 else values[known]
    out[known] = np.nanmedian(taken, axis=axis)
    return out


def _need(table: Molecules, role: str, key: str) -> Mask:
    found = table.role(role)
    if not found.any():
        roles = sorted(set(table.facts["role"].dropna().astype(str)))
        raise DesignError(
            f"no sample of this table has the role {role}",
            where=f"{table.where} {key}",
            found=f"roles {listing(roles)}",
            expected=f"samples of role {role} in the table and in the samples table",
            mend=f"say which they are: a column `role` with {role}, recoded by [variables.role] map if need be",
        )
    return found


def _blanks(table: Molecules) -> None:
    blank = _need(table, "blank", "blank_ratio")
    least = float(table.plan.blank_ratio or 0)
    amounts = np.where(table.below, 0.0, table.values)
    ratio = stats.control_quality(amounts, table.role("qc"), blank).blank_ratio
    gone = ratio < least
    table.leave(gone, "blank_ratio", [f"samples are {one:.2g} × the blanks, below {least:g}" for one in ratio[gone]])
    table.record("blanks", f"features that are not {least:g} times their blanks left out ({int(gone.sum())})")


def _standards(table: Molecules) -> None:
    plan = table.plan
    found = table.named(plan.internal_standards, "internal_standards")
    amounts = table.seen[:, found]
    words = f"the {int(found.sum())} internal standards"
    if plan.nearest is None:
        factor = np.repeat(stats.standard_factors(amounts).factor[:, None], table.values.shape[1], axis=1)
        words = f"divided by the geometric mean of {words}"
    else:
        at = table.annotated(plan.nearest, "nearest")
        own = at[found]
        if np.isnan(own).any():
            raise DesignError(
                f"an internal standard has no {plan.nearest}", where=f"{table.where} nearest", expected="one of each"
            )
        alone = np.column_stack([stats.standard_factors(amounts[:, [j]]).factor for j in range(amounts.shape[1])])
        place = np.where(np.isnan(at), np.median(own), at)
        factor = alone[:, np.abs(place[:, None] - own[None, :]).argmin(axis=1)]
        words = f"each feature divided by that of {words} which is nearest in {plan.nearest}"
    _divide(table, factor, "internal_standards")
    names = [f"internal standard: {words}" for _ in range(int(found.sum()))]
    table.leave(found, "internal_standards", names)
    table.record("internal standards", words)


def _divide(table: Molecules, factor: Floats, key: str) -> None:
    """Divide; a sample without a factor keeps no values, which is an error for a subject's own."""
    lost: Mask = np.asarray(~(np.isfinite(factor) & (factor > 0)).all(axis=1))
    if lost[table.own].any():
        names = [str(name) for name in table.facts.index[lost & table.own]]
        raise DesignError(
            "samples that cannot be normalised",
            where=f"{table.where} {key}",
            found=listing(names, 6),
            expected="a value above 0 to divide each sample by",
            mend="complete it, or leave these samples out",
        )
    table.scale(np.where(lost[:, None], 1.0, factor))


def _drift(table: Molecules) -> None:
    plan = table.plan
    batch = (
        None if plan.batch is None else table.column(plan.batch, "batch").astype("string").fillna("").to_numpy(object)
    )
    use: Mask = np.asarray(table.own | table.role("qc"))
    shift = np.zeros(table.values.shape)
    if plan.drift == "batch_median":
        if batch is None:
            raise DesignError("no batches to align", where=f"{table.where} drift", expected='batch = "COLUMN"')
        fit = stats.batch_medians(table.logs[use], batch[use], table.own[use])
        words = "batches moved to one median, feature by feature"
    else:
        if plan.order is None:
            raise DesignError(
                "drift over the run needs its order", where=f"{table.where} drift", expected='order = "COLUMN"'
            )
        control = _need(table, "qc", "drift")
        order = table.number(plan.order, "order")
        if np.isnan(order[use]).any():
            names = [str(name) for name in table.facts.index[use & np.isnan(order)]]
            raise DesignError(
                "samples without a place in the run",
                where=f"{table.where} order",
                found=listing(names, 6),
                expected="a number for every sample and pooled control",
                mend=f"complete the column {plan.order!r}",
            )
        fit = stats.qc_drift(table.logs[use], order[use], control[use], None if batch is None else batch[use])
        words = f"drift taken off by local lines through {int(control.sum())} pooled controls"
        words += "" if batch is None else f" in {len(set(batch[use].tolist()))} batches"
    shift[use] = fit.shift
    table.uncontrolled = int((fit.status != "ok").sum())
    table.scale(np.exp(shift))
    table.record("drift", words)


def _normalise(table: Molecules) -> None:
    how = table.plan.normalise
    if how is None:
        return
    if how.by == "pqn":
        control = table.role("qc")
        found = stats.probabilistic_quotients(np.nan_to_num(table.seen), control if control.any() else table.own)
        factor = found.factor
        words = f"divided by probabilistic quotients, against {'pooled controls' if control.any() else 'all samples'}"
    elif how.by == "sum":
        factor, words = np.nansum(table.seen, axis=1), "divided by their sum"
    elif how.by == "column":
        factor, words = table.number(str(how.name), "normalise"), f"divided by {how.name}"
    else:
        which = table.named((str(how.name),), "normalise")
        factor, words = np.nanmean(table.seen[:, which], axis=1), f"divided by {how.name}"
    known = factor[table.own & np.isfinite(factor) & (factor > 0)]
    centre = np.exp(np.log(known).mean()) if known.size else 1.0
    _divide(table, (factor / centre)[:, None], "normalise")
    table.record("normalisation", words)


def _noisy(table: Molecules) -> None:
    _need(table, "qc", "max_rsd")
    most = float(table.plan.max_rsd or 0)
    rsd = stats.control_quality(np.nan_to_num(table.seen), table.role("qc")).rsd
    gone = np.nan_to_num(rsd) > most
    untold = int(np.isnan(rsd).sum())
    table.leave(gone, "max_rsd", [f"relative standard deviation {one:.2f} over pooled controls" for one in rsd[gone]])
    words = f"features that vary by more than {100 * most:g} % in pooled controls left out ({int(gone.sum())})"
    table.record("noisy features", words + (f"; {untold} cannot be judged and stay" if untold else ""))


def _filled(table: Molecules) -> str | None:
    how = table.plan.below_detection
    if how not in ("half_minimum", "qrilc") or not table.below.any():
        return None
    if how == "half_minimum":
        table.values = stats.half_minimum(table.values, table.below)
    else:
        use: Mask = np.asarray(table.own | table.role("qc"))
        logs = np.where(table.below | (table.values > 0), np.where(table.below, 0.0, table.logs), np.nan)
        out = table.values.copy()
        out[use] = np.exp(stats.qrilc(logs[use], table.below[use], seed=table.plan.seed))
        table.values = out
    words = {"half_minimum": "half of each feature's smallest value", "qrilc": "draws from each sample's lower tail"}[
        how
    ]
    table.record("fill-in", f"values below detection filled in with {words}")
    return how


#: Steps in their order: the key that asks for each, and what takes it.
STEPS: tuple[tuple[str, Callable[[Molecules], None]], ...] = (
    ("internal_standards", _standards),
    ("blank_ratio", _blanks),
    ("drift", _drift),
    ("normalise", _normalise),
    ("max_rsd", _noisy),
)
