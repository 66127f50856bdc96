"""What became of the microbes in each arm: richness, load, which taxa remain, whether a given strain stayed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from commensal import stats
from commensal.errors import DesignError, listing
from commensal.questions.answer import Answer
from commensal.questions.arms import Arms, Floats, arms
from commensal.questions.measured import words
from commensal.questions.scales import LOGARITHMS
from commensal.questions.verdicts import few_units
from commensal.study import AssayTable, Dropped, LoadedStudy, Question
from commensal.study.comparing import condition_holds
from commensal.tables import ALL, estimates, points

RELATIVE = "relative to the rest: without [load] a share may rise while the amount falls"
DEPLETED, REMAINS, ENGRAFTED = "depletion", "remaining", "engraftment"
#: Share of a control's animals that must have a taxon for its loss to be told.
COMMON = 0.5
Row = Mapping[str, object]


@dataclass(frozen=True, slots=True, eq=False)
class Community:
    """The samples of the subjects of some arms in one assay; (r,) arrays match ``samples``."""

    arms: Arms
    assay: AssayTable
    samples: tuple[str, ...]
    subject: np.ndarray[Any, np.dtype[np.int64]]  #: (r,) index into the arms' subjects
    time: Floats  #: (r,) 0 without times
    values: Floats  #: (r, m) as the table has them
    load: Floats | None  #: (r,) absolute load, where the study declares it
    load_unit: str
    specimen: str | None
    dropped: tuple[Dropped, ...]

    @property
    def share(self) -> Floats:
        """Shares of each sample, (r, m); NaN in a sample in which nothing was found."""
        total = np.nansum(self.values, axis=1, keepdims=True)
        return np.asarray(np.nan_to_num(self.values) / np.where(total > 0, total, np.nan))

    def per_subject(self, value: Floats) -> Floats:
        """Return each subject's level (n,) of a number of each sample (r,), over its times."""
        times, place = np.unique(self.time, return_inverse=True)
        total, count = np.zeros((2, len(self.arms.subjects), len(times)))
        known = ~np.isnan(value)
        np.add.at(total, (self.subject[known], place[known]), value[known])
        np.add.at(count, (self.subject[known], place[known]), 1)
        return stats.subject_levels(np.where(count > 0, total / np.maximum(count, 1), np.nan), times)

    def ever(self, present: Floats) -> Floats:
        """Return the share of each subject's samples (n, m) with a true value (r, m); NaN without samples."""
        n = np.bincount(self.subject, minlength=len(self.arms.subjects)).astype(float)
        total = np.zeros((len(n), present.shape[1]))
        np.add.at(total, self.subject, present)
        return np.asarray(total / np.where(n > 0, n, np.nan)[:, None])

    def shared(self) -> dict[str, object]:
        """Return the columns that all rows share."""
        own = {"assay": self.assay.name, "specimen": self.specimen, "level": self.arms.question.level}
        return {**self.arms.identity(), **own}


def community(loaded: LoadedStudy, question: Question, assay: str) -> Community:
    """Find the samples of the question's subjects in an assay: after the baseline, where one is declared.

    Raises
    ------
    DesignError
        No sample is left in the control, or in any arm.
    """
    compared, table = arms(loaded, question), loaded.assays[assay]
    matched = list(loaded.matches[assay].matched)
    frame = loaded.samples.loc[matched]
    keep = (frame["role"] == "sample").to_numpy(bool)
    for name, condition in compared.rows:
        keep &= condition_holds(loaded, compared.contrast, name, condition, frame[name])[0]
    timed = "time" in frame.columns and pd.api.types.is_float_dtype(frame["time"].dtype)
    if question.baseline is not None and timed:
        keep &= (frame["time"] > question.baseline).to_numpy(bool)
    place = {subject: i for i, subject in enumerate(compared.subjects)}
    keep &= frame["subject"].astype(str).isin(place).to_numpy(bool)
    own = frame[keep]
    row = {sample: i for i, sample in enumerate(table.samples)}
    subject = np.array([place[str(one)] for one in own["subject"]], dtype=np.int64)
    where = f"{compared.where} × assay {assay}"
    has = {str(compared.arm_or_control[i]) for i in subject.tolist()}
    if compared.control_name not in has or len(has) < 2:
        whose = "the control" if compared.control_name not in has else "any arm"
        raise DesignError(
            f"no sample of {whose} has data in assay {assay}",
            where=where,
            found=f"{len(own)} samples of {len(set(subject.tolist()))} subjects, in {listing(sorted(has)) or 'no arm'}",
            expected="at least one sample in the control and in an arm",
            mend="loosen `where` or the baseline, or leave the assay out of the question: assays = [...]",
        )
    specimen = table.assay.specimen
    load = next((one for one in loaded.declared.load.values() if one.specimen == specimen or specimen is None), None)
    unseen = sorted(set(range(len(compared.subjects))) - set(subject.tolist()))
    return Community(
        arms=compared,
        assay=table,
        samples=tuple(map(str, own.index)),
        subject=subject,
        time=own["time"].fillna(0.0).to_numpy(float) if timed else np.zeros(len(own)),
        values=table.values[[row[str(sample)] for sample in own.index]],
        load=None if load is None else np.asarray(own[load.column], dtype=np.float64),
        load_unit="" if load is None else load.column,
        specimen=specimen,
        dropped=(
            *compared.dropped,
            *(Dropped("subject", where, compared.subjects[i], "no sample with data here") for i in unseen),
        ),
    )


def levels(arms: Arms) -> Iterator[tuple[str | None, np.ndarray[Any, np.dtype[np.bool_]]]]:
    """Yield each level of ``by`` and who is at it, (n,); None and all without."""
    for level in arms.levels or (None,):
        everyone = np.ones(len(arms.subjects), dtype=bool)
        yield level, everyone if level is None or arms.by is None else np.asarray(arms.by == level)


def depletion_rows(data: Community) -> list[Row]:
    """Return whether depletion worked, per level and arm: richness, load, and each taxon that remains or is gone."""
    rows: list[Row] = []
    whole: list[tuple[str, str, Floats, list[str]]] = []
    if data.assay.assay.value == "counts":
        depth = stats.even_depth(np.nansum(data.values, axis=1))
        if depth > 0:
            told = [f"expected at an even depth of {depth:,.0f}"]
            whole.append(("richness", "taxa", stats.rarefied_richness(np.nan_to_num(data.values), depth), told))
    elif data.assay.assay.value not in LOGARITHMS:
        whole.append(("richness", "taxa", (data.values > 0).sum(axis=1).astype(float), ["taxa seen"]))
    if data.load is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            load = np.where(data.load > 0, np.log10(data.load), np.nan)
        zeros = int((data.load <= 0).sum())
        told = [f"{zeros} samples without any load left out: below detection"] if zeros else []
        whole.append(("load", f"log10 {data.load_unit}", load, told))
    else:
        rows += _no_load(data)
    for level, at in levels(data.arms):
        for measure, unit, value, told in whole:
            rows += _compared(data, level, at, data.per_subject(value), measure, unit, told)
        if data.assay.assay.value not in LOGARITHMS:
            rows += _remaining(data, level, at)
    return [{**data.shared(), **row} for row in rows]


def _no_load(data: Community) -> Iterator[Row]:
    note = (
        f"no [load.{data.specimen or 'SPECIMEN'}] is declared: whether microbes became fewer is not known; {RELATIVE}"
    )
    for level, _ in levels(data.arms):
        for arm in data.arms.cases:
            term = data.arms.term(arm, level)
            own = {"feature": ALL, "measure": "load", "model": DEPLETED, "term": term, "label": arm}
            yield {**own, "status": "not_measured", "note": note}


def compared_arms(
    arms: Arms, value: Floats, level: str | None, at: np.ndarray[Any, np.dtype[np.bool_]], **more: object
) -> Iterator[dict[str, Any]]:
    """Yield a row per arm of one number of each subject (n,), against the control through the units."""
    known = at & ~np.isnan(value)
    own = arms.take(known)
    fit = None
    if own.case.any() and not own.case.all():
        fit = stats.arm_contrasts(
            value[known],
            own.arm_or_control,
            own.control_name,
            unit=own.unit if own.blocks else None,
            covariates=own.covariates if own.covariates.size else None,
            strata=own.batch,
            level=arms.question.level,
        )
    place = {} if fit is None else {str(name): i for i, name in enumerate(fit.names)}
    for arm in arms.cases:
        row: dict[str, Any] = {"term": arms.term(arm, level), "label": arm, **more}
        case, control = own.arm_or_control == arm, ~own.case
        row |= {"n": int((case | control).sum()), "n_case": int(case.sum()), "n_control": int(control.sum())}
        row["n_blocks"] = len(set(own.unit[case | control])) if own.blocks else None
        if fit is None or arm not in place:
            yield row | {"status": "too_few", "note": "nobody in the arm or the control has a value"}
            continue
        i = place[arm]
        status = "too_few" if fit.status[i] == "missing" else str(fit.status[i])
        row |= {"effect": _or_none(fit.effect[i]), "status": status, "test": "joint t over arms"}
        if status == "ok":
            row |= {name: float(getattr(fit, name)[i]) for name in ("se", "low", "high", "statistic", "df", "p")}
        row["means"] = (float(value[known][case].mean()), float(value[known][control].mean()))
        row["note"] = words([few_units(own, arm) or "", fit.approximation])
        yield row


def _compared(
    data: Community,
    level: str | None,
    at: np.ndarray[Any, np.dtype[np.bool_]],
    value: Floats,
    measure: str,
    unit: str,
    told: list[str],
) -> Iterator[Row]:
    more = {"feature": ALL, "measure": measure, "model": DEPLETED, "unit": unit}
    for row in compared_arms(data.arms, value, level, at, **more):
        note = [*told, row.pop("note")]
        if "means" in row:
            case, control = row.pop("means")
            if measure == "load":
                share = 10.0 ** (case - control)
                note.insert(0, f"the load is {_percent(share)} of that of {data.arms.control_name}")
            elif control > 0:
                note.insert(0, f"{case:.3g} against {control:.3g}: {_percent(case / control)} of it")
        yield row | {"note": words(note)}


def _remaining(data: Community, level: str | None, at: np.ndarray[Any, np.dtype[np.bool_]]) -> Iterator[Row]:
    """Yield for each taxon that most controls have, or that some case has, in how many animals it is still found."""
    arms, features = data.arms, data.assay.features
    found = data.ever((np.nan_to_num(data.values) > 0).astype(float)) > 0
    seen = np.isin(np.arange(len(arms.subjects)), data.subject) & at
    mean = _means(data)
    control = seen & ~arms.case
    for arm in arms.cases:
        case = seen & (arms.arm_or_control == arm)
        if not case.any() or not control.any():
            continue
        here, there = found[case].sum(axis=0), found[control].sum(axis=0)
        common = there >= COMMON * control.sum()
        gone, kept = int((common & (here == 0)).sum()), int((common & (here > 0)).sum())
        fresh = int(((there == 0) & (here > 0)).sum())
        own: dict[str, object] = {
            "model": REMAINS,
            "term": arms.term(arm, level),
            "label": arm,
            "unit": "taxa",
            "status": "ok",
        }
        own |= {"n": int(case.sum() + control.sum()), "n_case": int(case.sum()), "n_control": int(control.sum())}
        told = (
            f"of {int(common.sum())} taxa that half of {arms.control_name} have, {kept} are found in {arm}, {gone} are "
        )
        yield {**own, "feature": ALL, "effect": float(kept), "note": f"{told}not; {fresh} are found in {arm} only"}
        for j in np.flatnonzero(common | (here > 0)).tolist():
            a, b = float(here[j] / case.sum()), float(there[j] / control.sum())
            shares = f"mean share where measured {mean[case, j].mean():.2g} against {mean[control, j].mean():.2g}"
            yield {
                **own,
                "feature": str(features.index[j]),
                "label": str(features["label"].iloc[j]),
                "effect": a - b,
                "unit": "share of animals",
                "note": f"found in {here[j]} of {case.sum()} {arm}, {there[j]} of {control.sum()} {arms.control_name}; "
                f"{shares}" + ("" if data.load is not None else f" ({RELATIVE})"),
            }


def _means(data: Community) -> Floats:
    """Return each subject's mean share of each taxon, (n, m); 0 where it has no reads."""
    share = np.nan_to_num(data.share)
    return np.nan_to_num(data.ever(share))


def engraftment_rows(data: Community) -> list[Row]:
    """Return for every strain given how much of it each arm has, against the control: its own arm and the others."""
    arms, rows = data.arms, list[Row]()
    column = {str(name): j for j, name in enumerate(data.assay.features.index)}
    mean = data.share if data.load is None else data.share * data.load[:, None]
    unit = "share of reads" if data.load is None else data.load_unit
    for given, feature in arms.question.strains.items():
        if feature not in column:
            continue
        j = column[feature]
        label = str(data.assay.features["label"].iloc[j])
        seen = data.ever((np.nan_to_num(data.values[:, [j]]) > 0).astype(float))[:, 0]
        amount = data.per_subject(mean[:, j])
        for level, at in levels(arms):
            for row in compared_arms(arms, amount, level, at, feature=feature, model=ENGRAFTED, unit=unit):
                arm = str(row["label"])
                means = row.pop("means", None)
                case = at & (arms.arm_or_control == arm) & ~np.isnan(seen)
                control = at & ~arms.case & ~np.isnan(seen)
                here, there = int((seen[case] > 0).sum()), int((seen[control] > 0).sum())
                own = "given in this arm" if arm == given else f"given in {given}, not in this arm"
                found = (
                    f"found in {here} of {int(case.sum())} animals, {there} of {int(control.sum())} {arms.control_name}"
                )
                amounts = None if means is None else f"mean {means[0]:.2g} against {means[1]:.2g}"
                spread = "it spread, or was there before" if arm != given and here else None
                note = words([text for text in (own, found, amounts, spread, row["note"]) if text])
                rows.append({**data.shared(), **row, "label": label, "measure": "abundance", "note": note})
    return rows


def community_points(data: Community) -> pd.DataFrame:
    """Return each animal's share of the strains that were given, as points (figure ``engraftment``)."""
    arms = data.arms
    column = {str(name): j for j, name in enumerate(data.assay.features.index)}
    rows: list[dict[str, object]] = []
    for feature in dict.fromkeys(arms.question.strains.values()):
        if feature not in column:
            continue
        amount = data.per_subject(data.share[:, column[feature]])
        for i in np.flatnonzero(~np.isnan(amount)):
            own = {key: value for key, value in data.shared().items() if key not in ("kind", "level")}
            rows.append(
                {
                    **own,
                    "figure": ENGRAFTED,
                    "feature": feature,
                    "label": str(data.assay.features["label"].iloc[column[feature]]),
                    "subject": arms.subjects[i],
                    "block": str(arms.unit[i]) if arms.blocks else None,
                    "side": "case" if arms.case[i] else "control",
                    "group": str(arms.arm_or_control[i]),
                    "y": float(max(amount[i], 0.0)),
                    "unit": "share of reads",
                }
            )
    return points(rows)


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def answered(rows: list[Row], data: Community, drawn: pd.DataFrame | None = None) -> Answer:
    """Return an answer of some rows about a community."""
    return Answer(estimates(rows), points() if drawn is None else drawn, data.dropped)


__all__ = ["answered", "community", "community_points", "depletion_rows", "engraftment_rows"]
