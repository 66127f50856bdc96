"""What the page of a plan is given, and the words for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from commensal.page.words import count, measure_word, missing, number, percent, plural, sentence
from commensal.study import Study

#: What a status of `needed` is in words.
NOT_PLANTED = "not_planted"
#: Comparisons of which false rates above this are pointed out.
NOMINAL = 0.05
#: How rows of claims are named that are no line.
GATE, FALSE = "gate", "false claim"


@dataclass(frozen=True, slots=True, eq=False)
class PlanView:
    """Everything that the page of a plan draws and words; it adds no number of its own."""

    study: Study
    points: pd.DataFrame  #: of curves: power and false rate at each size of the design
    needed: pd.DataFrame  #: how many units 80 % power needs
    claims: pd.DataFrame  #: how often planted claims pass the gate, and false ones, line by line
    rungs: pd.DataFrame  #: which lines the study file asks for
    left_out: Sequence[str] = ()  #: what could not be planned, and why
    settings: Mapping[str, object] = field(default_factory=dict)


def comparison(row: Mapping[str, object] | pd.Series) -> str:
    """Name a comparison: what is compared, then the arm or term.

    Examples
    --------
    >>> comparison({"measure": "grip", "assay": None, "model": "verdict", "term": "SOD1: antibiotics", "of": "row"})
    'grip, SOD1: antibiotics'
    """
    what = measure_word(row["measure"]) if not missing(row["measure"]) else str(row["assay"] or "measures and events")
    if row["model"] == "candidate":
        what = "molecule that falls without microbes and rises with the strain"
    elif row["of"] == "features":
        what = f"features of {row['assay']}"
    term = "" if missing(row["term"]) or row["term"] in ("overall", "within") else str(row["term"])
    return f"{what}, {term}" if term else what


def units(n: object, axis: object, *, per_side: bool) -> str:
    """Write a number of units of inference.

    Examples
    --------
    >>> units(4, "cage", per_side=True), units(24.0, "household", per_side=False)
    ('4 cages per arm', '24 households')
    """
    whole = not missing(n) and float(str(n)) == round(float(str(n)))
    told = count(round(float(str(n)))) if whole else number(n, 2)
    return f"{told} {plural(str(axis), int(float(str(n))) if whole else 2)}" + (" per arm" if per_side else "")


def axis_words(row: pd.Series) -> str:
    """Return the title of a curve's axis."""
    return plural(str(row["axis"])) + (" per arm (the smaller)" if row["per_side"] else " with both sides")


def rate_words(rate: object, low: object, high: object) -> str:
    """Write a rate with its Monte-Carlo interval.

    Examples
    --------
    >>> rate_words(0.72, 0.63, 0.8)
    '72 % (63 to 80 %)'
    """
    return f"{percent(rate)} ({number(100 * float(str(low)), 2)} to {percent(high)})"


def need_words(row: pd.Series) -> str:
    """Say how many units 80 % power needs, or up to which number it is not reached."""
    per, axis = bool(row["per_side"]), row["axis"]
    status = row["status"]
    if status == "at_smallest":
        return f"80 % is reached at {units(row['n_least'], axis, per_side=per)} already, the smallest size drawn"
    if status == "not_reached":
        most = units(row["n_most"], axis, per_side=per)
        return f"80 % is not reached up to {most} ({percent(row['rate_most'])} there)"
    if status == "interpolated":
        low = f"from {number(row['needed_low'], 2)}" if not missing(row["needed_low"]) else f"below {row['n_least']:g}"
        high = (
            f"to {number(row['needed_high'], 2)}" if not missing(row["needed_high"]) else f"to above {row['n_most']:g}"
        )
        return f"80 % needs about {units(row['needed'], axis, per_side=per)} ({low} {high})"
    return "one size of the design only was drawn"


def plan_sentences(view: PlanView) -> tuple[str, ...]:
    """Say of each comparison what the declared design finds of effects of full size, and what 80 % power needs.

    Sentences speak of the units of inference; subjects are those of the arms compared, not of the whole study.
    """
    return (*_claims(view), *_comparisons(view), *view.left_out)


def _comparisons(view: PlanView) -> Iterator[str]:
    if view.needed.empty:
        return
    keys = ["question", "contrast", "assay", "measure", "model", "term", "of", "series"]
    for _, own in view.needed.groupby(keys, dropna=False, sort=False):
        row = own.sort_values("size", kind="stable").iloc[-1]
        name = f"{row['question']}: {comparison(row)}"
        if row["status"] == "unreachable":
            why = str(row["why"] or "no p").replace("_", " ")
            yield f"{name}: cannot be reached: {why}."
        elif row["status"] != NOT_PLANTED:
            yield sentence(f"{name}: {finding(row)}")


def finding(row: pd.Series) -> str:
    """Say what the declared design finds, on what it rests, and what 80 % power needs."""
    here = units(row["n"], row["axis"], per_side=bool(row["per_side"]))
    word = plural("person" if row["kind"] == "cohort" else "animal" if row["axis"] == "cage" else "subject")
    two = f"{count(row['n_case'])} against {count(row['n_control'])}"
    rests = here if row["axis"] in ("animal", "person", "subject") else f"{here}: {two} {word}"
    effect = str(row["planted"]) if not missing(row["planted"]) else f"effects × {number(row['size'])}"
    where = "" if row["grown"] == "as declared" else f", {row['grown']}"
    text = f"{effect} is found in {rate_words(row['rate'], row['low'], row['high'])} of studies with {rests}{where}"
    text += f"; {need_words(row)}"
    if not missing(row["false_low"]) and float(row["false_low"]) > NOMINAL:
        text += f"; without effects it says so in {rate_words(row['false_rate'], row['false_low'], row['false_high'])}"
    return text


def _claims(view: PlanView) -> Iterator[str]:
    own = view.claims
    if own.empty:
        return
    sizes = list(dict.fromkeys(own["grown"]))
    told = [one for one in sizes if one == "as declared"] or sizes[:1]
    for grown in dict.fromkeys([*told, sizes[-1]]):  # the design itself, and the largest
        rows = own[own["grown"] == grown]
        gate = rows[(rows["line"] == GATE) & (rows["says"] == "power")]
        false = rows[(rows["line"] == FALSE) & (rows["size"] == 0)]
        if gate.empty or false.empty:
            continue
        best = gate.sort_values("size", kind="stable").iloc[-1]
        passed = rate_words(best["rate"], best["low"], best["high"])
        wrong = false.iloc[0]
        weakest = weakest_link(rows[rows["size"] == best["size"]], float(best["rate"]))
        false_rate = rate_words(wrong["rate"], wrong["low"], wrong["high"])
        yield (
            f"Claims, {grown}: a planted claim passes the gate in {passed} at effects × {number(best['size'])}"
            f"{weakest}; without effects any claim passes in {false_rate} of studies."
        )


def weakest_link(rows: pd.DataFrame, passed: float) -> str:
    """Name the link of the gate that holds least often, and what else a claim needs where that explains too little."""
    links = rows[rows["kind"] == "interventional"]
    if links.empty:
        return ""
    least = links.sort_values("rate", kind="stable").iloc[0]
    more = "; all must hold at once, and pay for the choice among all claims" if least["rate"] > passed else ""
    return f" (weakest link: {least['line']}, which holds in {percent(least['rate'])}{more})"


__all__ = ["PlanView", "axis_words", "comparison", "finding", "need_words", "plan_sentences", "rate_words"]
