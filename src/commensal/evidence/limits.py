"""What a design's findings take from a line: by rule, in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.tables import Finding

#: Findings under which a comparison is about something else than its label: its rows count for no line.
CAPS = {
    "single_donor": "one donor a side: it speaks of these two, not of the disease",
    "confounded": "the label cannot be told from another column",
    "one_unit_per_side": "one cage, litter or person a side: it speaks of these two",
    "confounded_with_order": "the label cannot be told from the order of measurement",
}
#: Findings that are said beside a line, which keeps its p.
SAID = {
    "one_unit_in_arm": "an arm is a single unit",
    "no_concurrent_control": "the control was not kept at the same time",
    "washout_differs": "the time after depletion differs between arms",
    "undeclared_blinding": "whether assessors were blinded is not said",
    "label_follows": "the label follows another column closely",
}


def capped(rows: pd.DataFrame, findings: Sequence[Finding]) -> NDArray[np.bool_]:
    """Return which rows (k,) of the Estimates count for no line, because of their contrast's design."""
    contrasts = {one.contrast for one in findings if one.code in CAPS and one.contrast}
    return np.asarray(rows["contrast"].isin(contrasts), dtype=np.bool_)


def limits_in_words(findings: Sequence[Finding]) -> dict[str, str]:
    """Return contrast → its limits, each said once."""
    told: dict[str, dict[str, None]] = {}
    for one in findings:
        words = CAPS.get(one.code) or SAID.get(one.code)
        if words and one.contrast:
            told.setdefault(one.contrast, {})[words] = None
    return {contrast: "; ".join(words) for contrast, words in told.items()}
