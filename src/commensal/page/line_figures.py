"""The raw data behind one line of a claim: which points they are, and how they are laid out; nothing is computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from commensal.page.payload import short
from commensal.page.words import count, many, missing

#: Where the points of a row are looked up.
KEY = ("figure", "question", "contrast", "assay", "measure", "feature")
#: Longest title of an upright axis, in letters: name and unit.
LONGEST = 28
Drawn = dict[str, Any]


class PointsOf:
    """Points by the columns of `KEY`, missing as ``""``."""

    def __init__(self, points: pd.DataFrame) -> None:
        """Index the points that lines are drawn from."""
        wanted = ("raw", "raw_severity", "trajectory", "survival", "censored", "at_risk", "reversal", "pathway")
        own = points[points["figure"].isin(wanted)]
        keys = [own[name].fillna("").astype(str) for name in KEY]
        self._own = own
        self._at: Mapping[Any, Any] = own.groupby(keys, sort=False).indices if len(own) else {}

    def get(self, figure: str, row: pd.Series, **other: str) -> pd.DataFrame:
        """Return the points of a figure that belong to a row of the Estimates, by all columns that `other` gives."""
        key = tuple(
            other.get(name, "" if name not in row or missing(row[name]) else str(row[name])) for name in KEY[1:]
        )
        at = self._at.get((figure, *key))
        return self._own.iloc[[] if at is None else at]

    def every(self, figure: str, row: pd.Series, **other: str) -> pd.DataFrame:
        """Return the points of a figure of a row's question and assay, whatever their feature."""
        own = self._own[self._own["figure"] == figure]
        wanted = {"question": str(row["question"]), "assay": str(row["assay"]), **other}
        for name, value in wanted.items():
            own = own[own[name].fillna("").astype(str) == value]
        return own


def line_figure(row: pd.Series, points: PointsOf, time_unit: str | None) -> Drawn | None:
    """Return how the points behind a row of the Estimates are drawn; None where there are none.

    ``kind`` is ``strip`` (values side by side; columns of dots are cages, lines join a household), ``course`` (over
    time), ``survival`` (steps), ``scatter`` or ``intervals``.
    """
    kind, model = str(row["kind"]), str(row["model"])
    unit = f" ({time_unit}s)" if time_unit else ""
    if kind == "host":
        return _reversal(points.every("reversal", row, contrast=str(row["contrast"])))
    if kind == "cohort" and model.startswith("set"):
        return _intervals(points.every("pathway", row, measure=str(row["feature"])))
    if kind == "cohort" and model.startswith("severity"):
        return _severity(points.get("raw_severity", row), row)
    if not missing(row["assay"]):
        return _samples(points.get("raw", row, measure=""), row, unit)
    curve = points.get("survival", row, assay="", feature="")
    if len(curve):
        return _survival(curve, points, row, unit)
    return _course(points.get("trajectory", row, assay="", feature=""), row, unit)


def _arms(own: pd.DataFrame, row: pd.Series, column: str = "group") -> list[tuple[str, int]]:
    """Return the groups that a row compares, control first, each with its side."""
    term = "" if missing(row["term"]) else str(row["term"])
    names = own[column].fillna(own["group"]).astype(str)
    if " against " in term:
        case, _, control = term.partition(" against ")
        return [(control, 0), (case, 1)] if {case, control} <= set(names) else []
    label = "" if missing(row["label"]) else str(row["label"])
    level = term.removesuffix(label) if label and term.endswith(label) and ": " in term else ""
    if term in set(names):
        controls = [name for name in dict.fromkeys(names[own["side"] == "control"]) if name.startswith(level)]
        return [*((name, 0) for name in controls), (term, 1)]
    sides = (("control", 0), ("case", 1))
    return [(name, side) for word, side in sides for name in dict.fromkeys(names[own["side"] == word])]


def _cut(own: pd.DataFrame, groups: list[tuple[str, int]], column: str = "group") -> tuple[pd.DataFrame, pd.Series]:
    names = own[column].fillna(own["group"]).astype(str)
    place = {name: i for i, (name, _) in enumerate(groups)}
    kept = names.isin(place)
    return own[kept], names[kept].map(place)


def _codes(values: pd.Series) -> list[int]:
    return [int(code) for code in pd.factorize(values)[0]]


def _texts(values: pd.Series) -> list[str]:
    return ["" if missing(one) else str(one) for one in values]


def _ids(own: pd.DataFrame) -> list[str]:
    """Return what each dot is: the sample where there is one, else the animal or person."""
    return _texts(own["sample"].where(own["sample"].notna(), own["subject"]))


def _round(values: Iterable[object]) -> list[float | int | None]:
    out = []
    for value in values:
        number = None if missing(value) else short(float(str(value)))
        out.append(None if number is None else short(float(f"{number:.4g}")))
    return out


def _who(own: pd.DataFrame, at: pd.Series, groups: list[tuple[str, int]]) -> str:
    """Count subjects (or samples) and units of each group."""
    told = []
    for i, (name, _) in enumerate(groups):
        mine = own[at == i]
        subjects, samples, units = (mine[column].nunique() for column in ("subject", "sample", "block"))
        text = f"{name}: {count(subjects or samples)}"
        if units and units < subjects:
            text += f" in {many(units, 'unit')}"
        absent = int((mine["note"] == "not detected").sum())
        told.append(text + (f", {count(absent)} not detected" if absent else ""))
    return "; ".join(told)


def _unit(own: pd.DataFrame) -> str:
    units = own["unit"].dropna().unique()
    return "" if len(units) == 0 else f" ({units[0]})"


def _axis(row: pd.Series, unit: str = "", before: str = "") -> str:
    """Write the title of an upright axis: the name gives way where all would not fit, the unit stays whole."""
    name, most = _name(row), max(LONGEST - len(unit) - len(before), 8)
    return before + (name if len(name) <= most else name[: most - 1] + "…") + unit


def _name(row: pd.Series) -> str:
    name = row["label"] if not missing(row["assay"]) and not missing(row["label"]) else row["measure"]
    return str(row["feature"] if missing(name) else name).replace("_", " ")


def _samples(own: pd.DataFrame, row: pd.Series, unit: str) -> Drawn | None:
    if not len(own):
        return None
    groups = _arms(own, row)
    cut, at = _cut(own, groups)
    if cut.empty or len(groups) < 2:
        return None
    timed = row["kind"] == "course" and bool(cut["x"].notna().any())
    joined = bool(not timed and cut.groupby("block")["side"].nunique().gt(1).any())
    logs = str(row["unit"]).startswith("log2") and bool((cut["y"].dropna() > 0).all()) and "log" not in _unit(cut)
    about = "Each dot is one sample"
    if joined:
        about += "; a line joins the people of one household (its block)"
    elif cut["block"].notna().any() and not timed:
        about += "; dots above each other are of one cage (its block)"
    return {
        "kind": "course" if timed else "strip", "log": logs, "joined": joined, "ylab": _axis(row, _unit(cut)),
        "xlab": f"Time from onset{unit}" if timed else "", "groups": [name for name, _ in groups],
        "sides": [side for _, side in groups], "x": _round(cut["x"]) if timed else None, "y": _round(cut["y"]),
        "g": [int(one) for one in at], "b": _codes(cut["subject"] if timed else cut["block"]),
        "n": _who(cut, at, groups), "about": about, "ids": _ids(cut), "units": _texts(cut["block"]),
    }  # fmt: skip


def _course(own: pd.DataFrame, row: pd.Series, unit: str) -> Drawn | None:
    groups = _arms(own, row)
    cut, at = _cut(own, groups)
    if cut.empty or len(groups) < 2:
        return None
    timed = bool(cut["x"].notna().any())
    return {
        "kind": "course" if timed else "strip", "log": False, "joined": False, "ylab": _axis(row, _unit(cut)),
        "xlab": f"Time{unit}", "groups": [name for name, _ in groups], "sides": [side for _, side in groups],
        "x": _round(cut["x"]) if timed else None, "y": _round(cut["y"]), "g": [int(one) for one in at],
        "b": _codes(cut["subject"] if timed else cut["block"]), "n": _who(cut, at, groups),
        "about": "Each dot is one animal at one time; lines follow single animals",
        "ids": _ids(cut), "units": _texts(cut["block"]),
    }  # fmt: skip


def _survival(own: pd.DataFrame, points: PointsOf, row: pd.Series, unit: str) -> Drawn | None:
    groups = _arms(own, row, "label")
    cut, at = _cut(own, groups, "label")
    if cut.empty or len(groups) < 2:
        return None
    gone, gone_at = _cut(points.get("censored", row, assay="", feature=""), groups, "label")
    first = cut.groupby(at)["n"].max()
    told = [f"{name}: {count(first.get(i))} at the start" for i, (name, _) in enumerate(groups)]
    return {
        "kind": "survival", "log": False, "joined": False,
        "ylab": _axis(row, before="Share without "), "xlab": f"Time{unit}",
        "groups": [name for name, _ in groups], "sides": [side for _, side in groups], "x": _round(cut["x"]),
        "y": _round(cut["y"]), "g": [int(one) for one in at], "b": [0] * len(cut),
        "cx": _round(gone["x"]), "cy": _round(gone["y"]), "cg": [int(one) for one in gone_at],
        "n": "; ".join(told), "about": "A step is an event, a tick the end of somebody’s follow-up",
    }  # fmt: skip


def _severity(own: pd.DataFrame, row: pd.Series) -> Drawn | None:
    known = own[own["y"].notna()]
    if known.empty:
        return None
    people, absent = known["subject"].nunique() or len(known), int(own["y"].isna().sum())
    return {
        "kind": "scatter", "log": False, "joined": False, "ylab": _axis(row, _unit(known)),
        "xlab": str(row["measure"]).replace("_", " "), "groups": ["patients"], "sides": [1], "x": _round(known["x"]),
        "y": _round(known["y"]), "g": [0] * len(known), "b": [0] * len(known),
        "n": f"{many(people, 'patient')}" + (f", {count(absent)} more not detected" if absent else ""),
        "about": "Each dot is one patient’s sample", "ids": _ids(known), "units": _texts(known["block"]),
    }  # fmt: skip


def _reversal(known: pd.DataFrame) -> Drawn | None:
    if known.empty:
        return None
    groups = list(dict.fromkeys(known["group"].fillna("").astype(str)))
    return {
        "kind": "scatter", "log": False, "joined": False, "ylab": "when given (log2 fold change)",
        "xlab": "in the disease (log2 fold change)", "groups": groups,
        "sides": [int(name != "moved back") for name in groups], "x": _round(known["x"]), "y": _round(known["y"]),
        "g": [groups.index(name) for name in known["group"].fillna("").astype(str)], "b": [0] * len(known),
        "n": many(known["feature"].nunique(), "gene"), "zero": True,
        "about": "Each dot is one gene of the tissue; upper left and lower right move back",
        "ids": _texts(known["feature"]), "units": [""] * len(known),
    }  # fmt: skip


def _intervals(own: pd.DataFrame) -> Drawn | None:
    known = own[own["side"] == "gene"]
    if known.empty:
        return None
    names = [f"{feature} {label}".strip() for feature, label in zip(known["feature"], known["label"], strict=True)]
    return {
        "kind": "intervals", "log": False, "joined": False, "ylab": "", "xlab": "log2 fold change, patients − controls",
        "groups": names, "sides": [1] * len(names), "x": _round(known["y"]), "y": list(range(len(names))),
        "g": list(range(len(names))), "b": [0] * len(names), "low": _round(known["low"]), "high": _round(known["high"]),
        "n": f"{many(len(names), 'gene')} in {many(int(known['n'].max()), 'sample')}", "zero": True,
        "about": "Each gene of the pathway, with its interval; single samples are in the table of genes",
    }  # fmt: skip
