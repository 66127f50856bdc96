"""What was found about people's molecules and genes, in words: levels, severity, pathways, who may produce what."""

from __future__ import annotations

import pandas as pd

from commensal.page.view import Group
from commensal.page.words import MINUS, chance, count, estimate, listed, many, missing, number, sentence, term_phrase
from commensal.tables import STATUSES

LEVEL, LOGS, UNMATCHED = "level", "level, log2", "unmatched"
SEVERITY, SLOPE = "severity", "severity, slope"
WHOLE, MIXED, AGAINST = "set, self-contained", "set, in any direction", "set, competitive"
CONTRIBUTION, PRODUCER, PAIRS = "contribution", "producer", "producers, all pairs"
EVERYONE, OTHERS = "(all taxa)", "(other taxa)"
LINE = 0.05
SETS_WORDS = {WHOLE: "as a whole", MIXED: "in any direction", AGAINST: "more than all others"}


def people_sections(group: Group) -> list[tuple[str, list[str]]]:
    """Return what is said of a cohort's molecules and genes: (heading, sentences), only what was asked."""
    parts = [
        ("molecules chosen beforehand", _levels(group)),
        ("severity", _severity(group)),
        ("whole pathways", [*_sets(group), *_contributions(group)]),
        ("microbes beside molecules", _producers(group)),
    ]
    return [(name, told) for name, told in parts if told]


def people_headlines(own: list[Group]) -> list[str]:
    """Return a sentence for each molecule chosen beforehand, what follows severity, and the strongest pathway."""
    told = []
    for group in own:
        told += [line for line in _levels(group)[:1] if line]
        told += _severity(group)[:1] if _of_chosen(group) else []
        told += _sets(group)[:1]
    return told


def _chances(row: pd.Series) -> str:
    return chance(row["p"]) + ("" if missing(row["q"]) else f", {chance(row['q'], 'q')}")


def _opening(group: Group, term: str) -> str:
    if term == UNMATCHED:
        return f"apart, among people of whom no {group.block or 'block'} has both sides, "
    return term_phrase(term, group.block)


def _levels(group: Group) -> list[str]:
    """Word each molecule that was chosen beforehand: logarithm first, then its own unit; unmatched people after."""
    told = []
    rows = group.rows[group.rows["model"] == LOGS]
    natural = group.rows[group.rows["model"] == LEVEL]
    for _, row in rows.iterrows():
        opening = _opening(group, str(row["term"]))
        same = natural[(natural["feature"] == row["feature"]) & (natural["term"] == row["term"])]
        size = f"{many(row['n'], 'sample')}, {count(row['n_case'])} {group.case}"
        beside = ""
        if len(same) and not missing(same.iloc[0]["effect"]):
            own = same.iloc[0]
            beside = f"; in its own unit {estimate(own, _chances(own) if not missing(own['p']) else _why(own))}"
        note = "" if missing(row["note"]) else f". {_capital(str(row['note']))}"
        if missing(row["p"]):
            told.append(sentence(f"{opening}{row['label']} could not be compared: {_why(row)}{beside}"))
            continue
        hit = row["q"] < LINE if not missing(row["q"]) else row["p"] < LINE
        word = "lower" if row["effect"] < 0 else "higher"
        text = (
            f"{row['label']} is {word} in {group.case} than in {group.control}"
            if hit
            else f"no difference in {row['label']} was found between {group.case} and {group.control}"
        )
        told.append(sentence(f"{opening}{text}: {estimate(row, _chances(row), size)}{beside}{note}"))
    absent = natural[(natural["status"] == "not_measured") & natural["term"].isna()]
    if len(absent):
        told.append(sentence(f"not among the {group.features} of this assay: {listed(list(absent['label']))}"))
    return told


def _why(row: pd.Series) -> str:
    meaning = STATUSES.get(str(row["status"]), "no reason is recorded")
    return meaning if missing(row["note"]) else f"{meaning} ({row['note']})"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _severity(group: Group) -> list[str]:
    rows = group.rows[(group.rows["model"] == SEVERITY) & (group.rows["kind"] == "cohort")]
    if rows.empty:
        return []
    tested = rows[rows["p"].notna()]
    measure = str(rows["measure"].iloc[0])
    if tested.empty:
        return [
            sentence(
                f"whether {group.features} follow {measure} among {group.case} cannot be told: {_why(rows.iloc[0])}"
            )
        ]
    chosen = tested[tested["family"].fillna("").str.contains("targeted, severity")].sort_values("p", kind="stable")
    others = tested.drop(chosen.index)
    told = [_followed(group, row, measure) for _, row in chosen.iterrows()]
    if len(others):
        hits = others[others["q"] < LINE]
        top = others.sort_values("p", kind="stable").iloc[0]
        rest = "other " if len(chosen) else ""
        many_of = f"{count(len(hits))} of {count(len(others))} {rest}{group.features}"
        verb = "follows" if len(hits) == 1 else "follow"
        text = (
            f"{many_of} {verb} {measure} at q < {LINE}"
            if len(hits)
            else (f"none of {count(len(others))} {rest}{group.features} follows {measure} at q < {LINE}")
        )
        told.append(
            sentence(f"among {group.case}, {text}; the smallest p is that of {_correlation(top, _unit(group, top))}")
        )
    how = str(tested.iloc[0]["note"]).split("; without any one")[0]
    return [*told, sentence(f"how severity and sample were brought together: {how}")]


def _of_chosen(group: Group) -> bool:
    """Say whether a molecule chosen beforehand was set beside severity."""
    own = group.rows[(group.rows["model"] == SEVERITY) & group.rows["p"].notna()]
    return bool(own["family"].fillna("").str.contains("targeted, severity").any())


def _correlation(row: pd.Series, unit: str) -> str:
    return f"{row['label']}: Spearman’s r {number(row['effect'], 2, sign=True)} ({_inside(row, unit)})"


def _inside(row: pd.Series, unit: str) -> str:
    ends = "" if missing(row["low"]) else f"{number(100 * row['level'], 3)} % interval {_ends(row)}; "
    return f"{ends}{_chances(row)}; {many(row['n'], unit)}"


def _unit(group: Group, row: pd.Series) -> str:
    """Return what counts once: a patient, a block of several, or a sample of a person who is followed."""
    return "sample" if row["term"] == "within" else "patient" if missing(row["n_blocks"]) else group.block or "patient"


def _ends(row: pd.Series) -> str:
    return f"{number(row['low'], 2)} to {number(row['high'], 2)}"


def _followed(group: Group, row: pd.Series, measure: str) -> str:
    """Word one molecule beside severity, with its slope and with what one person decides."""
    slope = group.rows[(group.rows["model"] == SLOPE) & (group.rows["feature"] == row["feature"])]
    hit = row["q"] < LINE if not missing(row["q"]) else row["p"] < LINE
    verb = ("rises with" if row["effect"] > 0 else "falls as") if hit else "was not found to follow"
    tail = f"{measure} rises" if hit and row["effect"] < 0 else measure
    unit = _unit(group, row)
    r = f"Spearman’s r {number(row['effect'], 2, sign=True)} ({_inside(row, unit)})"
    text = f"among {group.case}, {row['label']} {verb} {tail}: {r}"
    if len(slope) and not missing(slope.iloc[0]["effect"]):
        text += f"; by a straight line {estimate(slope.iloc[0], chance(slope.iloc[0]['p']))}"
    influence = [part for part in str(row["note"]).split("; ") if part.startswith("without any one")]
    return sentence(f"{text}. {_capital(influence[0].replace('-', MINUS))}" if influence else text)


def _sets(group: Group) -> list[str]:
    told = []
    rows = group.rows[group.rows["model"].isin(SETS_WORDS) & (group.rows["kind"] == "cohort")]
    for term in rows["term"].dropna().unique():
        for name in rows["measure"].dropna().unique():
            own = rows[(rows["term"] == term) & (rows["measure"] == name)]
            where = "pathways" if name == "shipped" else f"sets of {name}"
            tested = own[own["p"].notna()]["feature"].nunique()
            total = own["feature"].nunique()
            if not tested:
                if term != UNMATCHED:
                    told.append(sentence(f"none of {count(total)} {where} could be tested: {_why(own.iloc[0])}"))
                continue
            parts = [_tally(own[own["model"] == model], words) for model, words in SETS_WORDS.items()]
            what = f"of {count(tested)} {where} with enough {group.features} measured ({count(total)} are known)"
            told.append(sentence(f"{_opening(group, str(term))}{what}, {'; '.join(part for part in parts if part)}"))
    return told


def _tally(rows: pd.DataFrame, words: str) -> str:
    tested = rows[rows["p"].notna()]
    if tested.empty:
        return ""
    hits = tested[tested["q"] < LINE].sort_values("p", kind="stable")
    if hits.empty:
        return f"none changes {words} at q < {LINE}"
    named = [f"{row['label']} ({_direction(row)}{chance(row['q'], 'q')})" for _, row in hits.head(4).iterrows()]
    verb = "change" if len(hits) > 1 else "changes"
    more = ", the first" if len(hits) > 4 else ""
    return f"{count(len(hits))} {verb} {words} at q < {LINE}{more}: {listed(named)}"


def _direction(row: pd.Series) -> str:
    return "" if missing(row["effect"]) else "higher, " if row["effect"] > 0 else "lower, "


def _contributions(group: Group) -> list[str]:
    """Say which taxa carry the change of the pathways that change as wholes."""
    rows = group.rows[group.rows["model"] == CONTRIBUTION]
    sets = group.rows[(group.rows["model"] == WHOLE) & (group.rows["q"] < LINE)].sort_values("p", kind="stable")
    if not (group.rows["model"] == WHOLE).any():  # taxa beside their genomes: no gene was measured
        sets = rows[rows["q"] < LINE].sort_values("p", kind="stable")
    told = []
    for feature in [name for name in sets["feature"].drop_duplicates() if name in set(rows["feature"])][:3]:
        own = rows[rows["feature"] == feature]
        whole = own[own["measure"] == EVERYONE].iloc[0]
        parts = own[~own["measure"].isin((EVERYONE, OTHERS)) & (own["q"] < LINE)]
        if parts.empty:
            told.append(sentence(f"no taxon alone carries the change of {whole['label']} at q < {LINE}"))
            continue
        with_it = parts[parts["effect"] * whole["effect"] > 0]
        against = parts.drop(with_it.index)
        said = [f"is carried by {_named(with_it)}"] if len(with_it) else []
        said += [f"stands against {_named(against)}"] if len(against) else []
        told.append(sentence(f"the change of {whole['label']} ({_summed(whole)}) {', and '.join(said)}"))
    return told


def _summed(whole: pd.Series) -> str:
    text = estimate(whole)
    return text.replace(" (", "; ", 1).removesuffix(")")


def _named(parts: pd.DataFrame) -> str:
    named = []
    for _, row in parts.head(4).iterrows():
        inside = [text for text in ("" if missing(row["note"]) else str(row["note"]), chance(row["q"], "q")) if text]
        named.append(f"{row['measure']} ({'; '.join(inside)})")
    more = [f"{count(len(parts) - 4)} more"] if len(parts) > 4 else []
    return listed([*named, *more])


def _producers(group: Group) -> list[str]:
    told = []
    for _, row in group.rows[group.rows["model"] == PAIRS].iterrows():
        own = group.rows[(group.rows["model"] == PRODUCER) & (group.rows["term"] == row["term"])]
        tested = own[own["p"].notna()].sort_values("p", kind="stable")
        opening = term_phrase(row["term"], group.block)
        if tested.empty:
            told.append(sentence(f"{opening}microbes and molecules could not be set beside each other: {_why(row)}"))
            continue
        hits = tested[tested["q"] < LINE]
        named = [
            f"{one['measure']} and {one['label']} (r {number(one['effect'], 2, sign=True)}, {chance(one['q'], 'q')})"
            for _, one in (hits if len(hits) else tested).head(4).iterrows()
        ]
        start = (
            f"{many(len(hits), 'pair')} of a taxon and a molecule {'is' if len(hits) == 1 else 'are'} associated at "
            f"q < {LINE}; the strongest: {listed(named)}"
            if len(hits)
            else f"no taxon and molecule are associated at q < {LINE}; the smallest p: {named[0]}"
        )
        told.append(sentence(f"{opening}{start}. {_capital(str(row['note']))}"))
    return told
