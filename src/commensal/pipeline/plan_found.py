"""What the questions find in drawn studies: counted, summed up, and said."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.simulation.design import Copy
from commensal.tables import ALL, WITH_P

#: What is called found: p of an outcome, q of a feature.
ALPHA = 0.05
#: Power that is wanted.
WANTED = 0.8
KEYS = ("question", "kind", "contrast", "specimen", "assay", "measure", "model", "term", "time", "of")


def unanswered(question: str, kind: str, contrast: str, part: str | None, what: str) -> dict[str, object]:
    """Count a step that could not be answered in a drawn study."""
    return dict.fromkeys(KEYS) | {
        "question": question,
        "kind": kind,
        "contrast": contrast,
        "assay": part,
        "of": "nothing",
        "status": what,
    }


def counted(rows: pd.DataFrame, copy: Copy) -> list[dict[str, object]]:
    """Count each comparison's rows: of a table's features, or the one row of an outcome or whole table."""
    out = []
    single = rows["feature"].isna() | (rows["feature"] == ALL)
    keyed = rows.assign(of=np.where(single, "row", "features"))
    for key, own in keyed.groupby(list(KEYS), dropna=False, sort=False):
        named = dict(zip(KEYS, (None if pd.isna(one) else one for one in _cells(key)), strict=True))
        tested = own[own["p"].notna()]
        if tested.empty and own["status"].isin(WITH_P).all():
            continue  # nothing that is tested: a median, a rank
        if named["of"] == "features":
            out.append(
                named | _of_features(own, tested, copy.features.get((str(named["contrast"]), str(named["assay"])), {}))
            )
            continue
        effect = copy.outcomes.get((str(named["contrast"]), str(named["measure"])), 0.0)
        hit = tested["p"] <= ALPHA
        out.append(named | {
            "planted": float(effect != 0), "tested": len(tested), "found": float(hit.any()),
            "null_hits": float(hit.sum()), "null_tests": len(tested),
            "status": None if len(tested) else own["status"].iloc[0],
            "floor": _floor(tested),
        })  # fmt: skip
    return out


def _cells(key: Hashable) -> tuple[Any, ...]:
    """Return the cells of a group's key."""
    return key if isinstance(key, tuple) else (key,)


def _floor(tested: pd.DataFrame) -> float:
    n = tested["n_permutations"].dropna()
    return 1 / float(n.max()) if len(n) and n.max() > 0 else np.nan


def _of_features(own: pd.DataFrame, tested: pd.DataFrame, truth: Mapping[str, float]) -> dict[str, object]:
    size = tested["feature"].astype(str).map(truth).fillna(0.0).to_numpy(float)
    hit = (tested["q"] <= ALPHA).fillna(False).to_numpy(bool)
    effect = tested["effect"].to_numpy(float)
    # a joint test has no direction
    right = np.isnan(effect) | (np.sign(effect) == np.sign(size))
    planted = own["feature"].astype(str).isin(truth)  # those without a p count as not found
    null = size == 0
    return {
        "planted": int(planted.sum()), "tested": len(tested),
        "found": float((hit & right & ~null).sum() / planted.sum()) if planted.any() else float(hit.any()),
        "null_hits": float(((tested["p"] <= ALPHA).to_numpy(bool) & null).sum()), "null_tests": int(null.sum()),
        "status": None if len(tested) else own["status"].mode().iloc[0], "floor": _floor(tested),
    }  # fmt: skip


def summary(rows: pd.DataFrame, studies: int) -> pd.DataFrame:
    """Return power, false rate and reach of each comparison, with their Monte-Carlo intervals."""
    out = []
    counts = [name for name in rows.columns if name.startswith("n_")]
    by = ["design", "grown", *counts, "size", *KEYS]
    for key, own in rows.groupby(by, dropna=False, sort=False):
        named = dict(zip(by, (None if pd.isna(one) else one for one in _cells(key)), strict=True))
        null = named["size"] == 0
        # a comparison that could not be made in a study found nothing in it
        found = (
            np.r_[own["found"].fillna(0.0).to_numpy(float), np.zeros(max(studies - len(own), 0))]
            if "found" in own
            else np.zeros(studies)
        )
        planted = bool((own["planted"].fillna(0) > 0).any())
        rate = float(found.mean())
        low, high = _around(found)
        reach = float((own["tested"].fillna(0) > 0).sum() / studies)
        tests = float(own["null_tests"].fillna(0).sum())
        says = "false rate" if null else "power" if planted else "not planted"
        out.append(named | {
            "says": says, "rate": rate, "low": low, "high": high, "reach": reach,
            "null_p": float(own["null_hits"].fillna(0).sum() / tests) if null and tests else np.nan,
            "floor": float(own["floor"].min()) if own["floor"].notna().any() else np.nan,
            "status": own["status"].dropna().mode().iloc[0] if own["status"].notna().any() else None,
            "studies": studies,
        })  # fmt: skip
    return pd.DataFrame(out)


#: The row of each comparison that a sentence is about.
HEADLINES = ("verdict", "joint", "abundance", "log_rank", "candidate", "reversal")


def headlines(figures: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that a summary shows: verdicts of outcomes, features as a whole, what cannot be reached."""
    return figures[figures["model"].isin(HEADLINES) | (figures["of"] == "nothing")]


def sentences(figures: pd.DataFrame) -> Iterable[str]:
    """Say of each headline comparison what the design can find, and how large it must be."""
    shown = headlines(figures)
    for key, own in shown.groupby(
        ["question", "contrast", "assay", "measure", "model", "term"], dropna=False, sort=False
    ):
        name = ", ".join(str(one) for one in _cells(key) if not pd.isna(one))
        if (own["reach"] == 0).all():
            yield f"{name}: cannot be reached: {str(own['status'].iloc[0]).replace('_', ' ')}."
            continue
        for size, rows in own[own["says"] == "power"].groupby("size"):
            least = rows.sort_values("n_subjects", kind="stable")
            sure, perhaps = least[least["low"] >= WANTED], least[least["high"] >= WANTED]
            best = rows.sort_values("rate", ascending=False, kind="stable").iloc[0]
            if len(sure):
                yield f"{name}: effects × {size:g} are found: {_power(sure.iloc[0])}."
            elif len(perhaps):
                told = f"{best['studies']} studies do not settle whether effects × {size:g} are found"
                yield f"{name}: {told}: {_power(best)}."
            else:
                yield f"{name}: effects × {size:g} are missed too often: at best {_power(best)}."


def _power(row: pd.Series) -> str:
    around = f"{row['low']:.2f} to {row['high']:.2f}"
    return f"power {row['rate']:.2f} ({around}) with {row['n_subjects']} subjects ({row['grown']})"


def _around(found: NDArray[np.float64]) -> tuple[float, float]:
    """Return the 95 % Monte-Carlo interval of the mean share found: exact where each study found all or nothing."""
    from scipy.stats import binomtest

    if np.isin(found, (0, 1)).all():
        interval = binomtest(int(found.sum()), len(found)).proportion_ci(0.95, method="exact")
        return float(interval.low), float(interval.high)
    error = 1.96 * float(found.std(ddof=1)) / np.sqrt(len(found))
    return max(float(found.mean()) - error, 0.0), min(float(found.mean()) + error, 1.0)
