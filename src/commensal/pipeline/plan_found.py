"""What the questions find in drawn studies: counted and summed up."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.simulation.design import Copy
from commensal.tables import ALL, WITH_P

#: What is called found: p of an outcome, q of a feature.
ALPHA = 0.05
#: What the candidates are called that microbes make and strains give back.
FALLS_AND_RISES = "falls and rises"
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


def counted(rows: pd.DataFrame, copy: Copy, candidates: Mapping[str, float] | None = None) -> list[dict[str, object]]:
    """Count each comparison's rows: of a table's features, or the one row of an outcome or whole table.

    ``candidates`` are the molecules that were planted to fall with the microbes and to rise with the strains.
    """
    out = []
    single = rows["feature"].isna() | (rows["feature"] == ALL)
    keyed = rows.assign(of=np.where(single, "row", "features"))
    # a time that no other row of the comparison has says when it was judged: the last day differs from draw to draw
    several = keyed.groupby([*KEYS[:-2], "of"], dropna=False)["time"].transform("nunique") > 1
    keyed["time"] = keyed["time"].where(several)
    for key, own in keyed.groupby(list(KEYS), dropna=False, sort=False):
        named = dict(zip(KEYS, (None if pd.isna(one) else one for one in cells(key)), strict=True))
        tested = own[own["p"].notna()]
        if tested.empty and own["status"].isin(WITH_P).all():
            continue  # nothing that is tested: a median, a rank
        if named["of"] == "features":
            truth = copy.features.get((str(named["contrast"]), str(named["assay"])), {})
            if named["model"] == "candidate":
                truth = dict(candidates or {}) if named["measure"] == FALLS_AND_RISES else {}
            out.append(named | _of_features(own, tested, truth, signed=named["model"] != "candidate"))
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


def cells(key: Hashable) -> tuple[Any, ...]:
    """Return the cells of a group's key."""
    return key if isinstance(key, tuple) else (key,)


def _floor(tested: pd.DataFrame) -> float:
    n = tested["n_permutations"].dropna()
    return 1 / float(n.max()) if len(n) and n.max() > 0 else np.nan


def _of_features(
    own: pd.DataFrame, tested: pd.DataFrame, truth: Mapping[str, float], *, signed: bool = True
) -> dict[str, object]:
    size = tested["feature"].astype(str).map(truth).fillna(0.0).to_numpy(float)
    hit = (tested["q"] <= ALPHA).fillna(False).to_numpy(bool)
    effect = tested["effect"].to_numpy(float)
    # a joint test has no direction
    right = np.isnan(effect) | (np.sign(effect) == np.sign(size)) | (not signed)
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
    by = ["design", "grown", "size", *KEYS]
    for key, own in rows.groupby(by, dropna=False, sort=False):
        named = dict(zip(by, (None if pd.isna(one) else one for one in cells(key)), strict=True))
        null = named["size"] == 0
        # a comparison that could not be made in a study found nothing in it
        found = (
            np.r_[own["found"].fillna(0.0).to_numpy(float), np.zeros(max(studies - len(own), 0))]
            if "found" in own
            else np.zeros(studies)
        )
        planted = bool((own["planted"].fillna(0) > 0).any())
        rate = float(found.mean())
        low, high = around(found)
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


def around(found: NDArray[np.float64]) -> tuple[float, float]:
    """Return the 95 % Monte-Carlo interval of the mean share found: exact where each study found all or nothing."""
    from scipy.stats import binomtest

    if np.isin(found, (0, 1)).all():
        interval = binomtest(int(found.sum()), len(found)).proportion_ci(0.95, method="exact")
        return float(interval.low), float(interval.high)
    error = 1.96 * float(found.std(ddof=1)) / np.sqrt(len(found))
    return max(float(found.mean()) - error, 0.0), min(float(found.mean()) + error, 1.0)
