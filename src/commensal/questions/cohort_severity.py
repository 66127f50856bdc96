"""Does a feature follow severity among the patients? Rank correlation and slope, and how much one person decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal import stats
from commensal.questions.answer import Answer
from commensal.questions.comparison import Comparison
from commensal.questions.names import exogenous, targeted_columns
from commensal.questions.rows import with_q
from commensal.questions.scales import Scales, scales
from commensal.questions.severity import SEVERITY, Array, ranked_lowest, severity_at, unit_means
from commensal.study import LoadedStudy, Measure
from commensal.tables import STATUSES, WITH_P, estimates, points

SLOPE = "severity, slope"
#: Features whose raw values are kept for the page, besides those that were chosen beforehand.
DRAWN = 6
#: Features (besides) of which it is told how much one person decides.
JUDGED = 60
#: Where the line of a feature is told, from the least severity to the most.
GRID = 9


@dataclass(frozen=True, slots=True, eq=False)
class _Patients:
    """The patients of a comparison whose severity is known, a row per unit or (within) per sample."""

    measure: Measure
    severity: Array  #: (n,)
    ranked: Array  #: (n, m) log2 abundance, absence lowest
    logs: Array  #: (n, m) log2 abundance where present
    covariates: Array  #: (n, k), those that vary here
    block: NDArray[np.str_] | None  #: (n,) subjects, where severity is followed inside them
    rows: NDArray[np.intp] | None  #: (n,) the sample of each row, where a row is one sample
    unit: str
    people: int
    matched: str  #: how severity and sample were brought together, in words

    @property
    def term(self) -> str:
        """Inside subjects, or over all patients."""
        return "within" if self.block is not None else "cases"


def severity_answer(loaded: LoadedStudy, comparison: Comparison, scale: Scales) -> Answer:
    """Correlate every feature with the severity measure among the cases; those chosen beforehand are a family apart.

    The unit is the block of the comparison (two patients of one household count once, by their mean); where severity
    changes within subjects that have several samples, they are compared with themselves.
    """
    declared = comparison.question.severity
    if declared is None:
        return Answer(estimates(), points())
    measure = loaded.declared.measures[declared["measure"]]
    patients = _patients(loaded, comparison, scale, measure, declared["at"])
    frame = _frame(comparison, measure)
    if isinstance(patients, str):
        frame["status"], frame["note"] = "not_measured", patients
        return Answer(estimates(frame), points())
    chosen = targeted_columns(comparison.assay.features, comparison.question.targeted)
    parts = [_correlation(frame, patients, comparison), _slope(frame, patients, comparison)]
    seen = np.isfinite(patients.logs).sum(axis=0)
    need = max(3.0, comparison.question.min_prevalence * len(patients.severity))
    made = []
    for part in parts:
        rare = (seen < need) & (seen > 0) & part["status"].isin(WITH_P).to_numpy()
        part.loc[rare, ["p", "low", "high"]] = np.nan
        part.loc[rare, "status"] = "below_prevalence"
        whole = _told(part, patients, chosen, comparison)
        mine = np.zeros(len(whole), dtype=bool)
        mine[list(chosen)] = True
        what = str(part["model"].iloc[0])
        made += [with_q(whole[mine], comparison, f"targeted, {what}")] if mine.any() else []
        made += [with_q(whole[~mine], comparison, f"features, {what}")] if (~mine).any() else []
    rows = estimates(pd.concat(made, ignore_index=True))
    return Answer(rows, _drawn(comparison, patients, rows, chosen))


def _patients(loaded: LoadedStudy, comparison: Comparison, scale: Scales, measure: Measure, at: str) -> _Patients | str:
    """Return the patients with a severity, or why there are too few."""
    samples = loaded.samples.loc[list(comparison.samples)]
    time = np.full(len(samples), np.nan)
    if "time" in samples.columns:
        time = pd.to_numeric(samples["time"], errors="coerce").to_numpy(dtype=float)
    values, apart = severity_at(loaded, measure, comparison.subjects, time, at=at)
    here = np.flatnonzero(comparison.case & np.isfinite(values))
    cases = int(comparison.case.sum())
    if len(here) < 4:
        return f"{len(here)} of {cases} case samples have a value of {measure.name}"
    subjects = np.asarray(comparison.subjects, dtype=object)
    unit = subjects if comparison.block is None else np.asarray(comparison.block, dtype=object)
    name = "subject" if comparison.block_name is None else comparison.block_name
    inside = bool(pd.Series(values[here]).groupby(subjects[here]).nunique().gt(1).any())
    words = [f"{measure.name}: {at} value", f"{len(here)} of {cases} case samples have one"]
    gaps = apart[here][np.isfinite(apart[here])]
    if len(gaps):
        of = f"{loaded.declared.time_unit}s" if loaded.declared.time_unit else "units of time"
        words.append(f"{np.median(gaps):.3g} {of} from the sample in the median, {gaps.max():.3g} at most")
    ranked, logs, fixed = ranked_lowest(scale)[here], scale.log2[here], comparison.covariates[here]
    people = len(set(subjects[here]))
    if inside:
        block = subjects[here].astype(str)
        return _Patients(
            measure, values[here], ranked, logs, _varying(fixed), block, here, "subject", people,
            "; ".join([*words, "each person against themselves"]),
        )  # fmt: skip
    own = unit[here]
    if len(set(own)) == len(own):
        return _Patients(
            measure, values[here], ranked, logs, _varying(fixed), None, here, "patient", people, "; ".join(words)
        )
    ranked, severity, n = unit_means(ranked, values[here], own)
    logs, held, _ = unit_means(logs, fixed, own)
    words.append(f"{people} people in {n} {name}s, which count once each, by their mean")
    return _Patients(measure, severity, ranked, logs, _varying(held), None, None, name, people, "; ".join(words))


def _varying(fixed: Array) -> Array:
    return fixed[:, np.ptp(fixed, axis=0) > 0] if fixed.size else np.empty((len(fixed), 0))


def _frame(comparison: Comparison, measure: Measure) -> pd.DataFrame:
    features = comparison.assay.features
    frame = pd.DataFrame({**comparison.identity(), "feature": features.index.astype(str), "model": SEVERITY})
    frame["label"], frame["measure"] = features["label"].astype(str).to_numpy(), measure.name
    frame["level"], frame["term"] = comparison.question.level, "cases"
    return frame


def _correlation(frame: pd.DataFrame, patients: _Patients, comparison: Comparison) -> pd.DataFrame:
    found = stats.associate(
        patients.ranked, patients.severity[:, None], covariates=patients.covariates, block=patients.block
    )
    low, high = found.interval(comparison.question.level)
    made = frame.copy()
    made["unit"], made["test"] = "Spearman's r", np.where(found.exact[:, 0], "all orders", "t")
    columns = {"effect": found.r, "low": low, "high": high, "df": found.df, "p": found.p, "n": found.n}
    for name, values in columns.items():
        made[name] = values[:, 0]
    made["n_case"], made["status"] = found.n[:, 0], found.status()[:, 0]
    made["n_control"] = 0
    return made


def _slope(frame: pd.DataFrame, patients: _Patients, comparison: Comparison) -> pd.DataFrame:
    x, contrast = _columns(patients)
    fit = stats.linear(patients.logs, x, contrast, level=comparison.question.level)
    made = frame.copy()
    unit = patients.measure.unit or "point"
    made["model"], made["unit"], made["test"] = SLOPE, f"log2 per {unit} of {patients.measure.name}", "t"
    for name in ("effect", "se", "low", "high", "statistic", "df", "p", "n", "status"):
        made[name] = getattr(fit, name)
    made["n_case"], made["n_control"], made["note"] = fit.n, 0, fit.note
    return made


def _columns(patients: _Patients) -> tuple[Array, Array]:
    """Return the columns of the straight line and its slope's contrast; subjects have columns of their own."""
    first = [np.ones(len(patients.severity))]
    if patients.block is not None:
        first = [np.asarray(patients.block == name, dtype=float) for name in np.unique(patients.block)]
    x = np.column_stack([*first, patients.severity, patients.covariates])
    return x, np.eye(x.shape[1])[len(first)]


def _told(part: pd.DataFrame, patients: _Patients, chosen: dict[int, str], comparison: Comparison) -> pd.DataFrame:
    """Add term, note and the influence of single people, and mend statuses that a p would contradict."""
    part["term"] = patients.term
    units = len(patients.severity) if patients.block is None else len(set(patients.block))
    part["n_blocks"] = units if patients.rows is None or patients.block is not None else pd.NA
    part.loc[part["p"].isna() & ~part["status"].isin(set(STATUSES) - {"ok"}), "status"] = "constant"
    ranked = part["p"].rank(method="first").to_numpy()
    wanted = np.array([j in chosen or ranked[j] <= JUDGED for j in range(len(part))])
    influence = _influence(patients, wanted, slope=part["model"].iloc[0] == SLOPE)
    reason = exogenous(comparison.assay.features)
    notes = []
    for j, own in enumerate(part["note"].fillna("") if "note" in part else [""] * len(part)):
        told = [str(own), patients.matched, influence.get(j, ""), f"exogenous: {reason[j]}" if reason[j] else ""]
        notes.append("; ".join(text for text in told if text))
    part["note"] = notes
    return part


def _influence(patients: _Patients, wanted: NDArray[np.bool_], *, slope: bool) -> dict[int, str]:
    """Say for some features how the estimate moves when any one person (or unit) is left out; nobody is named."""
    at = np.flatnonzero(wanted)
    if not at.size or patients.block is not None:
        return {}
    if slope:
        x, contrast = _columns(patients)
        left = stats.left_out_slopes(patients.logs[:, at], x, contrast)
    else:
        left = stats.left_out_correlations(patients.ranked[:, at], patients.severity, covariates=patients.covariates)
    return {
        int(j): f"without any one {patients.unit} {left.least[i]:.3g} to {left.most[i]:.3g}"
        f" (the most influential of {left.n[i]} moves it by {left.shift[i]:+.2g})"
        for i, j in enumerate(at)
        if left.status[i] == "ok"
    }


def _drawn(comparison: Comparison, patients: _Patients, rows: pd.DataFrame, chosen: dict[int, str]) -> pd.DataFrame:
    """Return the points of the features chosen beforehand, and of those with the smallest p."""
    place = {str(name): j for j, name in enumerate(comparison.assay.features.index)}
    own = rows[(rows["model"] == SEVERITY) & rows["p"].notna()].sort_values("p", kind="stable")
    names = [str(name) for name in own["feature"]]
    first = [name for name in names if place[name] in chosen]
    first += [name for name in names if place[name] not in chosen][:DRAWN]
    return _raw(comparison, patients, first)


def severity_points(loaded: LoadedStudy, comparison: Comparison, features: Sequence[str]) -> pd.DataFrame:
    """Return the raw points and the line of these features, by the measure that the question declares."""
    declared = comparison.question.severity
    if declared is None:
        return points()
    scale = scales(comparison.assay, comparison.values)
    patients = _patients(loaded, comparison, scale, loaded.declared.measures[declared["measure"]], declared["at"])
    known = set(map(str, comparison.assay.features.index))
    if isinstance(patients, str):
        return points()
    return _raw(comparison, patients, [name for name in features if name in known])


def _raw(comparison: Comparison, patients: _Patients, names: Sequence[str]) -> pd.DataFrame:
    place = {str(name): j for j, name in enumerate(comparison.assay.features.index)}
    shared: dict[str, Any] = {key: value for key, value in comparison.identity().items() if key != "kind"}
    frames = []
    for name in names:
        j = place[name]
        label = str(comparison.assay.features["label"].iloc[j])
        both = {**shared, "feature": name, "label": label, "measure": patients.measure.name, "side": "case"}
        frame = pd.DataFrame({"x": patients.severity, "y": patients.logs[:, j]})
        frame["note"] = [None if seen else "not detected" for seen in np.isfinite(patients.logs[:, j])]
        if patients.rows is not None:
            for column, values in (("sample", comparison.samples), ("subject", comparison.subjects)):
                frame[column] = [values[i] for i in patients.rows]
        frame["block"] = None if patients.block is None else patients.block
        known = np.isfinite(patients.ranked[:, j])
        frames.append(frame[known].assign(**both, figure="severity", unit="log2"))
        if patients.block is None:
            frames.append(_line(patients, j, comparison.question.level).assign(**both, figure="severity_line"))
    return points(pd.concat(frames, ignore_index=True)) if frames else points()


def _line(patients: _Patients, j: int, level: float) -> pd.DataFrame:
    """Return the line of one feature and its confidence band, covariates at their mean among the patients."""
    seen = np.isfinite(patients.logs[:, j])
    x, _ = _columns(patients)
    ends = patients.severity[seen]
    if seen.sum() <= x.shape[1] or np.ptp(ends) == 0:
        return pd.DataFrame()
    held = x[seen].mean(axis=0)
    made = []
    for at in np.linspace(ends.min(), ends.max(), GRID):
        contrast = held.copy()
        contrast[1] = at
        fit = stats.linear(patients.logs[seen][:, [j]], x[seen], contrast, level=level)
        made.append({"x": at, "y": fit.effect[0], "low": fit.low[0], "high": fit.high[0], "n": fit.n[0]})
    return pd.DataFrame(made).assign(unit="log2")
