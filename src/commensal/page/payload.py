"""Data inside the page: columns as JSON that no HTML parser can read as markup."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

import pandas as pd

from commensal.tables import ESTIMATE_COLUMNS

#: Column → (heading, explanation) of the table of estimates.
COLUMN_WORDS: dict[str, tuple[str, str]] = {
    "question": ("Question", "the question, as the study file names it"),
    "kind": ("Kind", "the kind of question"),
    "contrast": ("Contrast", "the comparison, as the study file names it"),
    "cohort": ("Cohort", "the cohort, where there are several"),
    "specimen": ("Specimen", "what was sampled"),
    "assay": ("Assay", "the table of measurements"),
    "measure": ("Measure", "the diversity index or distance"),
    "feature": ("Feature id", "the id in the table; (all) means the whole table"),
    "label": ("Feature", "the feature’s name, or its id where it has none"),
    "model": ("Model", "what was fitted: abundance where present, prevalence, joint, permanova …"),
    "term": ("Term", "within: inside blocks; between: block means; overall: no block"),
    "time": ("Time", "the time, in the study’s unit"),
    "effect": ("Effect", "case minus control, in the unit beside it"),
    "unit": ("Unit", "the unit of effect, standard error and interval"),
    "se": ("SE", "standard error of the effect"),
    "low": ("Low", "lower end of the interval"),
    "high": ("High", "upper end of the interval"),
    "level": ("Level", "confidence level of the interval"),
    "test": ("Test", "the test statistic’s name"),
    "statistic": ("Statistic", "the test statistic"),
    "df": ("df", "degrees of freedom (numerator for F)"),
    "df2": ("df2", "denominator degrees of freedom"),
    "n_permutations": ("Permutations", "permutations behind p"),
    "p": ("p", "p of the test, before correction"),
    "q": ("q", "false discovery rate within the family"),
    "family": ("Family", "the tests that q is corrected over"),
    "n": ("n", "samples used"),
    "n_case": ("n case", "samples on the case side"),
    "n_control": ("n control", "samples on the control side"),
    "n_blocks": ("n blocks", "blocks used"),
    "status": ("Status", "why there is, or is not, a p"),
    "note": ("Note", "anything else worth knowing of this row"),
}
#: Columns shown at first, in this order; the others follow them, and are one click away.
SHOWN = ("label", "assay", "model", "term", "effect", "unit", "low", "high", "p", "q", "status")
#: Columns with a menu to filter by.
MENUS = ("question", "assay", "model", "term", "status")


def script_json(value: object) -> str:
    r"""Write JSON that is safe inside a script element: no ``<``, no line separators of JavaScript.

    Examples
    --------
    >>> script_json({"taxon": "</script>"})
    '{"taxon":"\\u003c/script>"}'
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def short(value: float | None) -> float | int | None:
    """Round to 6 significant digits (NaN and infinities are missing), whole numbers as such.

    Examples
    --------
    >>> short(0.123456789), short(3.0), short(float("nan"))
    (0.123457, 3, None)
    """
    if value is None or not math.isfinite(value):
        return None
    rounded = float(f"{value:.6g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded


def column(values: pd.Series, kind: str) -> dict[str, object]:
    """Pack one column: constant, coded text, or numbers.

    Examples
    --------
    >>> column(pd.Series(["a", "b", "a"], dtype="string"), "text")
    {'kind': 'text', 'levels': ['a', 'b'], 'codes': [0, 1, 0]}
    """
    if kind == "text":
        codes, levels = pd.factorize(values, use_na_sentinel=True)
        if len(levels) <= 1 and (codes == codes[:1]).all():
            return {"kind": "text", "constant": None if len(levels) == 0 else str(levels[0])}
        return {"kind": "text", "levels": [str(level) for level in levels], "codes": codes.tolist()}
    numbers = [short(None if value is pd.NA else float(value)) for value in values]
    if numbers and all(value == numbers[0] for value in numbers):
        return {"kind": "number", "constant": numbers[0]}
    return {"kind": "number", "values": numbers}


def estimates_payload(estimates: pd.DataFrame) -> dict[str, object]:
    """Pack Estimates for the table of the page: labels filled with ids, numbers to 6 significant digits."""
    filled = estimates.assign(label=estimates["label"].fillna(estimates["feature"]))
    return {
        "n": len(filled),
        "columns": [
            {"name": name, "title": COLUMN_WORDS[name][0], "about": COLUMN_WORDS[name][1]}
            | column(filled[name], "text" if kind == "text" else "number")
            for name, kind in ESTIMATE_COLUMNS.items()
        ],
        "shown": list(SHOWN),
        "menus": list(MENUS),
    }


def pack_rows(rows: list[dict[str, object]]) -> Mapping[str, list[object]]:
    """Turn records that share their keys into columns.

    Examples
    --------
    >>> pack_rows([{"x": 1, "y": 2}, {"x": 3, "y": 4}])
    {'x': [1, 3], 'y': [2, 4]}
    """
    return {key: [row[key] for row in rows] for key in rows[0]} if rows else {}
