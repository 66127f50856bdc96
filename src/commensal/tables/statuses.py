"""Statuses: why a row of Estimates has, or has not, a p."""

from __future__ import annotations

#: Status → meaning, as ``explain`` and the page print it.
STATUSES: dict[str, str] = {
    "ok": "estimated as declared",
    "boundary": "the variance between blocks is estimated as 0: an ordinary result",
    "below_prevalence": "present in too few samples to be tested",
    "always_present": "present in (nearly) every sample: nothing to test in its prevalence",
    "below_detection": "too few values above the limit of detection to be compared",
    "all_zero": "zero in every sample of this comparison",
    "low_counts": "too few reads to be tested",
    "outlier": "one sample's count decides the result (Cook's distance)",
    "constant": "the same value in every sample: nothing varies",
    "too_few": "too few samples on one side, or too few degrees of freedom",
    "no_events": "nobody had the event",
    "too_shallow": "fewer reads than the even depth",
    "separated": "present on one side only: the estimate would be infinite",
    "rank_deficient": "the model's columns cannot be told apart in these samples",
    "one_cage": "one unit (cage, isolator, donor) in an arm: the effect cannot be told from the unit",
    "unit_not_in_block": "samples share units (cages, donors) nested in the sides that the model does not know of",
    "not_converged": "the numerical search did not settle",
    "not_identified": "this quantity cannot be determined from these data",
    "not_measured": "the data needed for this are not in the study",
    "exogenous": "not made in the body or by its microbes (a drug, say): shown, and in no family",
}

#: Statuses whose rows keep their p.
WITH_P = ("ok", "boundary")
