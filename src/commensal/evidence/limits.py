"""What a design's findings take from a line: by rule, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
    "label_follows": "another column tells the sides apart, or is their label in other words (named under Design)",
    "missing_baseline": "no sample before treatment: sides that differed beforehand would look like an effect",
    "covariate_missing": "a covariate is missing for some",
    "covariate_missing_for_class": "a covariate is missing for everyone of one class (named under Design)",
    "onset_missing": "some of the diseased have no onset and are left out",
    "sex_imbalance": "the sexes are not balanced between the sides",
    "depth_differs": "the sides differ in depth of sequencing",
    "one_facility": "one facility only",
    "unbalanced_sides": "one side is much smaller, and tests lean on equal variances",
}

#: Findings of whole contrasts, whichever table they were seen in.
WHOLE = ("one_unit_in_arm", "no_concurrent_control", "washout_differs", "undeclared_blinding", "label_follows")


def capped(rows: pd.DataFrame, findings: Sequence[Finding]) -> NDArray[np.bool_]:
    """Return which rows (k,) of the Estimates count for no line, because of their contrast's design."""
    contrasts = {one.contrast for one in findings if one.code in CAPS and one.contrast}
    return np.asarray(rows["contrast"].isin(contrasts), dtype=np.bool_)


def limits_in_words(findings: Sequence[Finding]) -> dict[tuple[str, str], str]:
    """Return (contrast, assay) → its limits, each said once; assay ``""``: of every table and measure.

    A finding that names tables is about their rows alone: that a table has no sample before treatment says nothing of
    a score that was taken before it.

    Examples
    --------
    >>> one = Finding("missing_baseline", "note", "", "", "", contrast="abx", assay="serum, csf")
    >>> sorted(limits_in_words([one]))
    [('abx', 'csf'), ('abx', 'serum')]
    """
    told: dict[tuple[str, str], dict[str, None]] = {}
    for one in findings:
        words = CAPS.get(one.code) or SAID.get(one.code)
        if words and one.contrast:
            # what takes a comparison away, or was said of it always, is said of the whole contrast
            whole = one.code in CAPS or one.code in WHOLE or not one.assay
            for assay in ("",) if whole else str(one.assay).split(", "):
                told.setdefault((one.contrast, assay), {})[words] = None
    return {key: "; ".join(words) for key, words in told.items()}


def said_of(limits: Mapping[tuple[str, str], str], contrast: str, assay: str) -> list[str]:
    """Return what limits a row of this contrast and assay (``""`` of measures and events)."""
    found = [limits.get((contrast, one), "") for one in dict.fromkeys(("", assay))]
    return [one for one in found if one]
