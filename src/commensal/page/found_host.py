"""What was found about tissue, in words: how genes were compared, gene sets, and whether a signature moves back."""

from __future__ import annotations

import pandas as pd

from commensal.page.view import Group
from commensal.page.words import (
    chance,
    count,
    interval,
    listed,
    missing,
    number,
    percent,
    plural,
    sentence,
    term_phrase,
)

SETS = {"set, self-contained": "as a whole", "set, competitive": "more than other genes"}
REVERSAL, SHARE = "reversal", "reversal, share"
LINE = 0.05


def is_host(group: Group) -> bool:
    """Say whether a group is about tissue."""
    return bool((group.rows["kind"] == "host").any())


def host_sentences(group: Group, term: str) -> list[str]:
    """Word what a question about tissue has besides composition and genes."""
    if not is_host(group):
        return []
    return [*_model(group, term), *_sets(group, term), *_reversal(group, term)]


def host_headlines(own: list[Group]) -> list[str]:
    """Word the reversal of a question, or the strongest gene set, for the command line."""
    told = []
    for group in own:
        for term in group.terms[:1]:
            told += _reversal(group, term)[:1] or _sets(group, term)[:1]
    return told


def block_words(group: Group, column: str) -> str:
    """Say what stands beside what, as the rows have it."""
    rows = group.pick(model="expression model")
    told = [str(note) for note in rows["note"].dropna()]
    if not told or not any(term != "overall" for term in group.terms):
        return "there is no block: samples are taken as independent"
    unit = group.block or "unit"
    if "within" in group.terms:
        return (
            f"samples of the same {unit} are compared with each other: what differs between {plural(unit)} is taken off"
        )
    return f"the label ({column}) never varies within {plural(unit)}: each {unit} is averaged and counts once"


def _model(group: Group, term: str) -> list[str]:
    row = group.first(model="expression model", term=term)
    told = [] if row is None or missing(row["note"]) else [sentence(f"genes were compared by {row['note']}")]
    lost = group.first(model="reads without a gene")
    if lost is not None and told:
        told.append(sentence(f"{percent(lost['effect'])} of the reads count for no gene ({lost['note']})"))
    return told


def _sets(group: Group, term: str) -> list[str]:
    told = []
    rows = group.rows[group.rows["model"].isin(SETS) & (group.rows["term"] == term)]
    for name in rows["measure"].dropna().unique():
        own = rows[rows["measure"] == name]
        where = "the gene sets that ship" if name == "shipped" else f"the gene sets of {name}"
        total = own["feature"].nunique()
        if own["p"].isna().all():
            why = own["note"].dropna()
            told.append(sentence(f"{where} could not be tested" + (f" ({why.iloc[0]})" if len(why) else "")))
            continue
        parts = [_tally(own[own["model"] == model], words) for model, words in SETS.items()]
        told.append(
            sentence(
                f"{term_phrase(term, group.block)}of {count(total)} in {where}, {'; '.join(p for p in parts if p)}"
            )
        )
    return told


def _tally(rows: pd.DataFrame, words: str) -> str:
    tested = rows[rows["p"].notna()]
    if tested.empty:
        return ""
    hits = tested[tested["q"] < LINE].sort_values("p", kind="stable")
    if hits.empty:
        return f"none changes {words} at q < {LINE}" if words == "as a whole" else f"none changes {words}"
    named = [
        f"{row['label']} ({'higher' if row['effect'] > 0 else 'lower'}, {chance(row['q'], 'q')})"
        for _, row in hits.head(4).iterrows()
    ]
    verb = "change" if len(hits) > 1 else "changes"
    more = ", the strongest" if len(hits) > 4 else ""
    return f"{count(len(hits))} {verb} {words} at q < {LINE}{more}: {listed(named)}"


def _reversal(group: Group, term: str) -> list[str]:
    row = group.first(model=REVERSAL, term=term)
    if row is None:
        return []
    signature = f"the signature of {row['measure']}"
    inside = (
        [f"{number(100 * row['level'], 3)} % interval {interval(row['low'], row['high'])}"]
        if not missing(row["low"])
        else []
    )
    numbers = f"rank correlation {number(row['effect'], 2, sign=True)} ({'; '.join([*inside, chance(row['p'])])})"
    if missing(row["p"]):
        text = f"whether {group.case} moves {signature} back could not be tested ({row['note']}); {numbers}"
    elif row["p"] >= LINE:
        text = f"no sign was found that {group.case} moves {signature} back, or further: {numbers}"
    else:
        back = "back" if row["statistic"] < 0 else "on, in the disease's direction"
        text = f"{group.case} moves {signature} {back}: {numbers}"
        if not missing(row["low"]) and row["low"] * row["high"] < 0:
            text += (
                ". The p is of how the two contrasts align over their errors; the interval of the plain rank "
                "correlation holds both signs, so that claims call this line inconclusive"
            )
    told = [sentence(text)]
    share = group.first(model=SHARE, term=term)
    if share is not None and not missing(share["effect"]):
        told.append(sentence(_share(share)))
    if not missing(row["note"]):
        told.append(sentence(f"how this was judged: {row['note']}"))
    return told


def _share(row: pd.Series) -> str:
    percents = [number(100 * row[key], 2) for key in ("low", "high") if not missing(row[key])]
    ends = f" (interval {percents[0]} to {percents[1]} %)" if len(percents) == 2 else ""
    if row["effect"] >= 0:
        return (
            f"{number(100 * row['effect'], 2)} % of the signature is moved back{ends}, 0 being none and 100 all of it"
        )
    back = ends.replace("(interval", "(moved back: interval")
    return f"it has {number(-100 * row['effect'], 2)} % of the signature itself, in the same direction{back}"


__all__ = ["block_words", "host_headlines", "host_sentences", "is_host"]
