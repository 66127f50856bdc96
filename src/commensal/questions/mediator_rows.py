"""Rows of a question about mediators, made a column at a time: 10,000 molecules × 4 specimens × 12 arms are 480,000."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal import stats
from commensal.questions.arms import Floats
from commensal.questions.candidates import FAMILY, Candidates
from commensal.questions.mediator_lines import GIVEN, Line, Molecules, Texts
from commensal.questions.molecule_levels import Compared, Levels
from commensal.questions.verdicts import few_units
from commensal.tables import WITH_P, estimates, points

ABUNDANCE, CANDIDATE, NECESSITY = "abundance", "candidate", "necessity"
FIGURE = "triangulation"
UNIT = "log2 fold change"
MINUS = "−"


def arm_rows(levels: Levels, compared: Sequence[Compared], *, model: str = ABUNDANCE) -> pd.DataFrame:
    """Return a row per molecule and comparison: q over the molecules of each comparison, exogenous ones apart."""
    frames = [_one(levels, one, model) for one in compared]
    return estimates(pd.concat(frames, ignore_index=True)) if frames else estimates()


def _one(levels: Levels, one: Compared, model: str) -> pd.DataFrame:
    fit, arms, features = one.fit, levels.arms, levels.features
    term = one.arm if model == ABUNDANCE else f"{one.arm} against {one.control}"
    exogenous = features["exogenous"].notna().to_numpy(bool) if "exogenous" in features else np.zeros(len(fit), bool)
    status = np.where(exogenous, "exogenous", fit.status)
    kept = np.isin(status, WITH_P)
    p = np.where(kept, fit.p, np.nan)
    named = f"{arms.question.name} / {arms.contrast.name} / {levels.assay.name} / {term} / molecules"
    q = stats.bh(p, family=named)
    few = few_units(arms, one.arm) if one.control == arms.control_name else None
    frame = pd.DataFrame(
        {
            "feature": features.index.astype(str), "label": features["label"].astype(str).to_numpy(),
            "effect": fit.effect, "se": fit.se, "low": fit.low, "high": fit.high, "statistic": fit.statistic,
            "df": fit.df, "p": p, "q": q, "n": one.n_case + one.n_control, "n_case": one.n_case,
            "n_control": one.n_control, "status": status,
        }
    )  # fmt: skip
    for name in ("se", "low", "high", "statistic", "df"):
        frame.loc[~np.isin(fit.status, WITH_P), name] = np.nan
    shared: dict[str, Any] = {
        **arms.identity(), "specimen": levels.assay.assay.specimen, "assay": levels.assay.name, "model": model,
        "term": term, "unit": UNIT, "level": arms.question.level,
        "test": "t" if not arms.blocks else f"t, {arms.unit_name} as unit",
    }  # fmt: skip
    frame = frame.assign(**shared)
    frame["n_blocks"] = fit.n_units if arms.blocks else pd.NA
    frame["family"] = pd.Series(named, frame.index).mask(np.isnan(q))
    frame["note"] = _notes(fit.note, one, features, exogenous, few)
    return frame


def _notes(note: Texts, one: Compared, features: pd.DataFrame, exogenous: NDArray[np.bool_], few: str | None) -> Texts:
    """Return each row's note: what the fit says, how many values lie below detection, why it is in no family."""
    out: Texts = np.asarray([str(text) for text in note], dtype=object)
    some = one.n_below > 0
    told = one.n_below[some].astype(str).astype(object) + " values below detection"
    out[some] = told + np.where(out[some] == "", "", "; ") + out[some]
    if few:
        out = np.where(out == "", few, few + "; " + out)
    if exogenous.any():
        reason = features["exogenous"].astype(str).to_numpy(object)
        out[exogenous] = reason[exogenous] + np.where(out[exogenous] == "", "", "; ") + out[exogenous]
    out[out == ""] = None
    return out


def candidate_rows(
    found: Candidates, union: Molecules, shared: Mapping[str, Any], beside: Mapping[tuple[int, int], str]
) -> pd.DataFrame:
    """Return a row per strain, direction and molecule, the smallest p first: effect is the number of lines that hold.

    Parameters
    ----------
    found, union
        The candidates and their molecules.
    shared
        Columns that all rows have.
    beside
        (block, molecule) → what stands beside a candidate and is in no p: capability, necessity.
    """
    many = len(union.key)
    frames = []
    once = {id(line): line for own in found.lines for line in own}  # strains share what is removed
    written = {key: _written(line) for key, line in once.items()}
    for b, strain in enumerate(found.strains):
        n = found.n_lines[b]
        frame = pd.DataFrame(
            {
                "feature": union.feature, "label": union.label, "effect": found.holds[b].astype(float),
                "statistic": found.rank[b], "p": found.p[b], "q": found.q[b], "status": found.status[b],
                "note": _candidate_notes(found, b, written),
            }
        )  # fmt: skip
        told = {at: text for (block, at), text in beside.items() if block == b}
        for at, text in told.items():
            frame.loc[at, "note"] = f"{frame.loc[at, 'note']}; {text}"
        frame["term"], frame["measure"], frame["unit"] = strain, found.directions[b], f"of {n} lines"
        frame["test"] = "largest one-sided p of the lines"
        frame["order"] = np.where(np.isnan(found.rank[b]), np.inf, found.rank[b])
        frame["at"] = np.arange(many)
        frames.append(frame)
    whole = (
        pd.concat(frames, ignore_index=True).sort_values(["order", "at"], kind="stable").drop(columns=["order", "at"])
    )
    exogenous = (whole["status"] == "exogenous").to_numpy(bool)
    whole.loc[exogenous, "effect"] = np.nan
    size = int((~exogenous).sum())
    whole["family"] = pd.Series(f"{size:,} of {FAMILY}", whole.index).mask(whole["q"].isna())
    return estimates(whole.assign(model=CANDIDATE, **shared))


def _candidate_notes(found: Candidates, b: int, written: Mapping[int, Any]) -> Texts:
    """Write every line of a block's candidates: its effect and one-sided p, for all molecules at once."""
    lines, groups = found.lines[b], found.groups[b]
    out: Any = np.full(len(found.p[b]), "", dtype=object)
    for g, members in enumerate(groups):
        first = lines[members[0]]
        head = f"{first.arm} against {first.control}: "
        out = out + ("; " if g else "") + head
        for i, at in enumerate(members):
            line = lines[at]
            out = out + ((", " if i else "") + f"{line.specimen} ") + written[id(line)]
    out = out + np.where(np.isnan(found.q_by[b]), "", "; Benjamini–Yekutieli q " + _numbers(found.q_by[b], "%.2g"))
    if not np.isnan(found.adafilter[b]).all():
        adjusted = "; AdaFilter (ranks, claims nothing) " + _numbers(found.adafilter[b], "%.2g")
        out = out + np.where(np.isnan(found.p[b]), "", adjusted)
    return np.asarray(out, dtype=object)


def _written(line: Line) -> Any:
    text = _numbers(line.effect, "%+.2f") + " (p " + _numbers(line.p, "%.2g") + ")"
    lost = line.status == "not_measured"
    text[lost] = "not measured"
    bare = np.isnan(line.p) & ~lost
    text[bare] = _numbers(line.effect[bare], "%+.2f") + " (no p: " + line.status[bare] + ")"
    return text


def _numbers(values: Floats, form: str) -> Any:
    """Write numbers as texts, missing as a dash."""
    out = np.empty(len(values), dtype=object)
    out[:] = ["–" if isnan(value) else (form % value).replace("-", MINUS) for value in values.tolist()]
    return out


def triangulation_points(found: Candidates, union: Molecules, shared: Mapping[str, Any]) -> pd.DataFrame:
    """Return per strain, arm that removes and specimen each molecule's fall (x) and rise (y), as points.

    ``measure`` is the specimen, ``block`` the arm that removes, ``group`` the strain's arm, ``note`` the molecule's
    standing (candidate, opposite, exogenous, other), ``n`` its rank.
    """
    frames = []
    for b in range(0, len(found.strains), 2):  # both directions of a strain share their lines
        given = [line for line in found.lines[b] if line.part == GIVEN]
        standing = _standing(found, union, b)
        rank = np.fmin(found.rank[b], found.rank[b + 1])
        for line in given:
            for other in found.lines[b]:
                if other.part == GIVEN or other.specimen != line.specimen:
                    continue
                known = np.flatnonzero(np.isfinite(other.effect) & np.isfinite(line.effect))
                frame = pd.DataFrame(
                    {
                        "feature": union.feature[known], "label": union.label[known], "x": other.effect[known],
                        "y": line.effect[known], "note": standing[known],
                        "n": pd.array(np.where(np.isnan(rank[known]), -1, rank[known]), dtype="Int64"),
                    }
                )  # fmt: skip
                frame["n"] = frame["n"].mask(frame["n"] < 0)
                frame = frame.assign(measure=line.specimen, group=line.arm, block=other.arm, unit=UNIT)
                frames.append(frame)
    if not frames:
        return points()
    whole = pd.concat(frames, ignore_index=True).assign(figure=FIGURE, **shared)
    return points(whole)


def _standing(found: Candidates, union: Molecules, b: int) -> Texts:
    out = np.full(len(union.key), "other", object)
    out[found.selected[b + 1]] = "opposite"
    out[found.selected[b]] = "candidate"
    out[np.array([reason is not None for reason in union.exogenous], dtype=bool)] = "exogenous"
    return out


__all__ = ["ABUNDANCE", "CANDIDATE", "FIGURE", "NECESSITY", "arm_rows", "candidate_rows", "triangulation_points"]
