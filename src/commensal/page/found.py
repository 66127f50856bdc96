"""What was found, in plain sentences with numbers: each is one row of Estimates, or counts rows of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pandas as pd

from commensal.page.arms import ARM_KINDS, arm_headlines, arm_sentences, arm_tiles
from commensal.page.course import course_headlines, course_sentences, course_tiles
from commensal.page.feature_counts import LINE, FoundFeatures, differing, found_features
from commensal.page.found_host import REVERSAL, SETS, SHARE, host_headlines, host_sentences, is_host
from commensal.page.found_mediators import is_mediators, mediator_headlines, mediator_sentences, mediator_tiles
from commensal.page.found_people import people_headlines, people_sections
from commensal.page.view import UNTESTED, Group, groups
from commensal.page.words import (
    chance,
    count,
    estimate,
    is_latent,
    listed,
    many,
    measure_word,
    missing,
    number,
    percent,
    plural,
    sentence,
    term_phrase,
)
from commensal.study import Study
from commensal.tables import ALL, COUNTED, STATUSES

#: Models with a measure that are no diversity index.
APART = ("permanova", "permdisp", COUNTED, *UNTESTED, *SETS, REVERSAL, SHARE)
#: Statuses of rows that have an effect and whose p is withheld for the whole comparison.
WITHHELD = ("one_cage", "unit_not_in_block")
FEATURE_MODELS = {"abundance": "abundance where present", "prevalence": "presence", "expression": "expression"}
#: The model whose rows say by one test per feature whether it differs at all; it has no effect of its own.
JOINT = "joint"


def significant(row: pd.Series) -> bool:
    """Say whether a row passes the line: by q where there is one, by p where there is none."""
    value = row["p"] if missing(row["q"]) else row["q"]
    return not missing(value) and bool(value < LINE)


def feature_rows(group: Group) -> pd.DataFrame:
    """Return the rows that speak of one feature each."""
    return group.rows[group.rows["model"].isin(FEATURE_MODELS) & (group.rows["feature"] != ALL)]


def decisive_rows(group: Group, term: str) -> pd.DataFrame:
    """Return the rows that say which features differ in a term: the joint tests, or all models where there are none."""
    joint = group.pick(model=JOINT, term=term)
    if joint["p"].notna().any():
        return joint
    rows = feature_rows(group)
    return rows[rows["term"] == term]


def strongest_part(group: Group, row: pd.Series) -> pd.Series:
    """Return the abundance or presence row that a joint test owes most to; any other row is its own."""
    if row["model"] != JOINT:
        return row
    parts = feature_rows(group)
    own = parts[(parts["term"] == row["term"]) & (parts["feature"] == row["feature"]) & parts["p"].notna()]
    return row if own.empty else own.sort_values("p", kind="stable").iloc[0]


def name_of(row: pd.Series) -> str:
    """Return a feature's label, or its id where it has none."""
    return str(row["feature"] if missing(row["label"]) else row["label"])


def _why_none(rows: pd.DataFrame, features: int) -> str:
    """Say how many features there are of which none has a p, and the status that most rows have."""
    statuses = Counter(str(status) for status in rows["status"].dropna())
    table = f"{count(features)} in the table"
    if not statuses:
        return table
    often = "most often " if len(statuses) > 1 else ""
    if features > rows["feature"].nunique():
        often = "of some "  # not all rows are held
    return f"{table}: {often}{STATUSES.get(statuses.most_common(1)[0][0], 'no reason is recorded')}"


def frame_words(group: Group, term: str) -> str:
    """Say what an abundance is measured from, where it is relative: it has no zero point of its own."""
    if group.frame(term) is None:
        return ""
    return f"measured from the median {group.feature}, which is taken not to change"


def share_words(group: Group) -> str:
    """Say what an effect between blocks is where the label also varies inside them."""
    units = plural(group.block or "block")
    return (
        f"per share of {group.case} in the {group.block or 'block'}, 0 to 1: from {units} of {group.control} only to "
        f"{units} of {group.case} only"
    )


def _between_sentence(group: Group) -> str:
    return sentence(
        f"differences here are {share_words(group)}. That is a straight line drawn to its ends, which few "
        f"{plural(group.block or 'block')} or none may be at: it may lie outside what a value can be, as a difference "
        "in presence beyond 100 percentage points"
    )


def _sample_words(row: pd.Series, block: str) -> str:
    parts = [] if missing(row["n_blocks"]) or not block else [many(row["n_blocks"], block)]
    return ", ".join([*parts, many(row["n"], "sample")]) if not missing(row["n"]) else ", ".join(parts)


def _chances(row: pd.Series) -> str:
    return chance(row["p"]) + ("" if missing(row["q"]) else f", {chance(row['q'], 'q')}")


def diversity_sentence(group: Group, row: pd.Series) -> str:
    """Word one row of alpha diversity."""
    opening = term_phrase(row["term"], group.block)
    what = measure_word(row["measure"])
    if missing(row["p"]):
        return sentence(f"{opening}{what} could not be compared: {why(row)}")
    numbers = estimate(row, _chances(row), _sample_words(row, group.block))
    if significant(row):
        word = "lower" if row["effect"] < 0 else "higher"
        return sentence(f"{opening}{what} is {word} in {group.case} than in {group.control}: {numbers}")
    return sentence(f"{opening}no difference in {what} was found between {group.case} and {group.control}: {numbers}")


def why(row: pd.Series) -> str:
    """Say why a row has no p, with its note."""
    meaning = STATUSES.get(str(row["status"]), "no reason is recorded")
    return meaning if missing(row["note"]) else f"{meaning} ({row['note']})"


def _arrangements(row: pd.Series) -> str:
    return "" if missing(row["n_permutations"]) else f", {count(row['n_permutations'])} permutations"


def composition_sentences(group: Group, term: str) -> list[str]:
    """Word the PERMANOVA rows of a term in one sentence, with the dispersion test beside it."""
    rows = _permanova(group, term)
    tested = rows[rows["p"].notna()]
    opening = term_phrase(term, group.block)
    told = [
        sentence(f"{opening}composition ({measure_word(row['measure'])}) could not be compared: {why(row)}")
        for _, row in rows[rows["p"].isna()].iterrows()
    ]
    if tested.empty:
        return told
    hits = [significant(row) for _, row in tested.iterrows()]
    numbers = [
        f"{measure_word(row['measure'])} {percent(row['effect'])} of the variation ({_chances(row)})"
        for _, row in tested.iterrows()
    ]
    tally = f" in {sum(hits)} of {len(hits)} distances" if any(hits) and len(hits) > 1 else ""
    link = _link(group, "composition", found=any(hits))
    return [
        *told,
        sentence(f"{opening}{link}{tally}: {listed(numbers)}"),
        *_dispersion(group, term, tested[hits]),
    ]


def _link(group: Group, what: str, *, found: bool) -> str:
    sides = f"{group.column} ({group.case} against {group.control})"
    return f"{what} is associated with {sides}" if found else f"no association of {what} with {sides} was found"


def _dispersion(group: Group, term: str, composed: pd.DataFrame) -> list[str]:
    """Warn where a difference in composition comes with a difference in spread."""
    rows = group.pick(model="permdisp", term=term)
    spread = [
        f"{measure_word(row['measure'])}, {chance(row['p'])}"
        for _, row in rows.iterrows()
        if significant(row) and row["measure"] in set(composed["measure"])
    ]
    if not spread:
        return []
    return [
        sentence(f"the sides also differ in spread ({'; '.join(spread)}), which PERMANOVA cannot tell from a shift")
    ]


def feature_sentences(group: Group, term: str) -> list[str]:
    """Word the feature rows of a term: one sentence per model."""
    rows = feature_rows(group)
    found = [found_features(group, term, model) for model in FEATURE_MODELS]
    return [*_joint_sentence(group, term), *(_feature_sentence(group, term, one, rows) for one in found if one.table)]


def _joint_sentence(group: Group, term: str) -> list[str]:
    """Say how many features differ by the test that joins abundance and presence, before its parts."""
    found = found_features(group, term, JOINT)
    if not found.tested or found.top is None:
        return []
    opening = term_phrase(term, group.block)
    top = f"{name_of(found.top)} ({_chances(found.top)})"
    sizes = f"({count(found.table)} in the table)"
    if not found.found:
        text = f"{opening}no {group.features} of {count(found.tested)} tested differ at q < {LINE} {sizes}"
        return [sentence(f"{text}, abundance and presence taken together. The smallest q is that of {top}")]
    return [
        sentence(
            f"{opening}{count(found.found)} of {count(found.tested)} tested {plural(group.feature, found.tested)} "
            f"{'differs' if found.found == 1 else 'differ'} at q < {LINE} {sizes}, abundance and presence taken "
            f"together. Strongest is {top}. Each part has a q of its own"
        )
    ]


def diversity_rows(group: Group, term: str) -> pd.DataFrame:
    """Return the rows of alpha diversity of a term: of the whole table, with a measure, and no distance."""
    rows = group.pick(feature=ALL, term=term)
    return rows[rows["measure"].notna() & ~rows["model"].fillna("").isin(APART)]


def _feature_sentence(group: Group, term: str, found: FoundFeatures, rows: pd.DataFrame) -> str:
    opening = term_phrase(term, group.block)
    what = "abundance" if found.top is not None and is_latent(found.top["unit"]) else FEATURE_MODELS[found.model]
    sizes = f"({count(found.table)} in the table, {count(found.tested)} tested)"
    if not found.tested or found.top is None:
        own = rows[(rows["term"] == term) & (rows["model"] == found.model)]
        return sentence(f"{opening}no {group.features} could be tested for {what} ({_why_none(own, found.table)})")
    top = f"{name_of(found.top)}: {estimate(found.top, _chances(found.top))}"
    # once per group: with the first term whose abundances have a frame
    framed = next((term for term in group.terms if group.frame(term) is not None), None)
    frame = f", {frame_words(group, term)}" if found.model == "abundance" and framed == term else ""
    if not found.found:
        return sentence(
            f"{opening}no {group.features} differ in {what} at q < {LINE} {sizes}{frame}. The smallest q is that of "
            f"{top}"
        )
    verb = "differs" if found.found == 1 else "differ"
    directions = [
        f"{count(n)} {word} in {group.case}"
        for n, word in ((found.higher, "higher"), (found.found - found.higher, "lower"))
        if n
    ]
    return sentence(
        f"{opening}{count(found.found)} of {count(found.tested)} tested {plural(group.feature, found.tested)} {verb} "
        f"in {what} at q < {LINE} ({count(found.table)} in the table): {listed(directions)}{frame}. Strongest is {top}"
    )


def failures(group: Group) -> list[str]:
    """Say plainly that nothing could be estimated or tested, and why, where that is so."""
    held = group.rows[group.rows["status"].isin(WITHHELD)]
    if len(held) and group.rows["p"].isna().all():
        reason = STATUSES[str(held.iloc[0]["status"])]
        return [sentence(f"nothing can be tested here: {reason}. Effects are in the table, without p and interval")]
    if group.rows["effect"].notna().any():
        return []
    reasons = list(dict.fromkeys(why(row) for _, row in group.rows.iterrows()))
    more = f", and {many(len(reasons) - 3, 'other reason')}" if len(reasons) > 3 else ""
    return [sentence(f"nothing could be estimated here: {'; '.join(reasons[:3])}{more}")]


def sentences(group: Group) -> list[tuple[str, list[str]]]:
    """Return everything that is said of one group, term by term: (the term's words, its sentences)."""
    if group.kind in ARM_KINDS:
        return [("", arm_sentences(group))]
    if is_mediators(group):
        return [("", mediator_sentences(group))]
    failed = failures(group)
    if failed:
        return [("", failed)]
    if group.kind == "course":
        return [("", course_sentences(group))]
    told = [
        (
            term_phrase(term, group.block).rstrip(", "),
            [
                *([_between_sentence(group)] if term == "between" and group.split else []),
                *composition_sentences(group, term),
                *(diversity_sentence(group, row) for _, row in diversity_rows(group, term).iterrows()),
                *feature_sentences(group, term),
                *host_sentences(group, term),
            ],
        )
        for term in group.terms
    ]
    return [*told, *people_sections(group)]


def headlines(estimates: pd.DataFrame, study: Study) -> list[str]:
    """Return three or more plain sentences with numbers, for the command line.

    Parameters
    ----------
    estimates
        Estimates, shape (rows, 32).
    study
        The study that they come from, for the words of its sides and blocks.

    Returns
    -------
    list of str
        For each question: its first composition result, the features of each assay at q < 0.05 with the strongest,
        and its first diversity result (richness, where there is one); where there is none of a kind, a sentence that
        says so. First is the order of the rows: the smallest p of several distances, indices or assays would be a
        selection that no q pays for.

    Examples
    --------
    >>> from pathlib import Path
    >>> from commensal.tables import estimates as frame
    >>> headlines(frame(), Study(Path("study.toml"), "empty"))[0]
    'No question has been answered: the estimates are empty.'
    """
    told: list[str] = []
    cut = list(groups(study, estimates))
    told += [line for group in cut if group.kind in ARM_KINDS for line in arm_headlines(group)]
    told += [line for group in cut if is_mediators(group) for line in mediator_headlines(group)]
    cut = [group for group in cut if group.kind not in (*ARM_KINDS, "mediators")]
    told += [line for group in cut if group.kind == "course" for line in course_headlines(group)]
    cut = [group for group in cut if group.kind != "course"]
    for question in dict.fromkeys(group.question for group in cut):
        own = [group for group in cut if group.question == question]
        held = [group for group in own if group.rows["p"].isna().all() and failures(group)]
        told += [f"{group.name}: {line}" for group in held for line in failures(group)]
        own = [group for group in own if group not in held]
        if not own:
            continue
        told += [_first_composition(own), *_feature_headlines(own)]
        told += host_headlines(own) if any(map(is_host, own)) else [_first_diversity(own)]
        told += people_headlines(own)
    if not told:
        nothing = "No question has been answered: the estimates are empty."
        return [nothing, "No features were tested.", "No diversity was compared."]
    return told


def _first(
    own: list[Group], rows_of: Callable[[Group, str], pd.DataFrame], measure: str = ""
) -> tuple[Group, pd.Series] | None:
    """Return the first row that has a p, of the first group's first term that has one: ``measure`` before others."""
    for group in own:
        rows = rows_of(group, group.terms[0]) if group.terms else group.rows.iloc[:0]
        rows = rows[rows["p"].notna()]
        wanted = rows[rows["measure"] == measure]
        rows = rows if wanted.empty else wanted
        if not rows.empty:
            return group, rows.iloc[0]
    return None


def _permanova(group: Group, term: str) -> pd.DataFrame:
    return group.pick(model="permanova", term=term)


def _first_composition(own: list[Group]) -> str:
    first = _first(own, _permanova)
    if first is None:
        return "No composition could be compared."
    group, row = first
    link = _link(group, f"the composition of {group.name}", found=significant(row))
    return sentence(
        f"{term_phrase(row['term'], group.block)}{link}: {percent(row['effect'])} of the variation "
        f"({measure_word(row['measure'])}; pseudo-F {number(row['statistic'])}; {_chances(row)}{_arrangements(row)})"
    )


def _feature_headlines(own: list[Group]) -> list[str]:
    told = []
    for group in own:
        rows = feature_rows(group)
        if rows.empty or not group.terms:
            continue
        first = decisive_rows(group, group.terms[0])
        found = differing(group, group.terms[0], first)
        opening = term_phrase(group.terms[0], group.block)
        table = f"{count(found.table)} in the table, {count(found.tested)} tested"
        of = "" if group.name in (group.features, "species") else f" of {group.name}"
        if found.top is None:
            told.append(sentence(f"{opening}no {group.features}{of} could be tested ({_why_none(first, found.table)})"))
            continue
        frame = frame_words(group, group.terms[0])
        if frame:
            frame = f", abundance {frame}"
        if not found.found:
            told.append(sentence(f"{opening}no {group.features}{of} differ at q < {LINE} ({table}){frame}"))
            continue
        top, n = found.top, found.found
        part = strongest_part(group, top)
        joint = f" (joint {_chances(top)})" if part["model"] != top["model"] else ""
        told.append(
            sentence(
                f"{opening}{many(n, group.feature)}{of} {'differs' if n == 1 else 'differ'} at "
                f"q < {LINE} ({table}){frame}; strongest is {name_of(top)}{joint}, "
                f"{'abundance' if is_latent(part['unit']) else FEATURE_MODELS.get(str(part['model']), '')}: "
                f"{estimate(part, _chances(part))}"
            )
        )
    return told or ["No features were tested."]


def _first_diversity(own: list[Group]) -> str:
    first = _first(own, diversity_rows, "richness")
    return "No diversity was compared." if first is None else diversity_sentence(*first)


def tiles(group: Group) -> list[tuple[str, str]]:
    """Return the headline numbers of a group: (number, what it is)."""
    size = group.size
    if group.kind in ARM_KINDS:
        return arm_tiles(group)
    if is_mediators(group) and not group.assay:
        return mediator_tiles(group)
    if group.kind == "course":
        return course_tiles(group)
    shown: list[tuple[str, str]] = []
    if size is not None:
        shown.append((count(size["n"]), plural("sample", size["n"])))
        if not missing(size["n_case"]):
            shown.append((f"{count(size['n_case'])} : {count(size['n_control'])}", f"{group.case} : {group.control}"))
        if not missing(size["n_blocks"]) and group.block:
            shown.append((count(size["n_blocks"]), plural(group.block, size["n_blocks"])))
    rows = feature_rows(group)
    if group.terms and not rows.empty:
        rows = decisive_rows(group, group.terms[0])
        found = differing(group, group.terms[0], rows)
        if found.tested:
            shown.append((f"{count(found.found)} of {count(found.tested)}", f"{group.features} at q < {LINE}"))
        else:
            shown.append((f"0 of {count(found.table)}", f"{group.features} could be tested"))
    first = _first([group], _permanova)
    if first is not None:
        row = first[1]
        shown.append((percent(row["effect"]), f"of the variation, {measure_word(row['measure'])}; {chance(row['p'])}"))
    return shown
