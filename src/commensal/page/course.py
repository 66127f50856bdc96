"""The words for a course: how many features fall into each class, the shortlist, and what is shared."""

from __future__ import annotations

import pandas as pd

from commensal.page.view import Group
from commensal.page.words import chance, count, estimate, listed, many, missing, number, plural, sentence
from commensal.tables import STATUSES

#: Class → what is said of its features, in the order of the page.
CLASS_WORDS = {
    "before": "differ before onset and less with progression",
    "with": "differ with progression and less before onset",
    "both": "differ before onset and with progression",
    "neither": "differ by less than the margin throughout",
    "undetermined": "are undetermined",
}
SHORTLIST = ("before", "with", "both")
#: Classes as headings of tables and figures.
CLASS_NAMES = {
    "before": "before onset", "with": "with progression", "both": "both", "neither": "neither",
    "undetermined": "undetermined",
}  # fmt: skip
HEADINGS = ("Rank", "Feature", "Class", "Difference", "Parts at", "q", "Why it is here")


def name_of(row: pd.Series) -> str:
    """Return a feature's label, or its id where it has none."""
    return str(row["feature"] if missing(row["label"]) else row["label"])


def class_counts(group: Group) -> dict[str, int]:
    """Count the features of each class, among those that were tested."""
    rows = group.pick(model="class")
    tested = rows[rows["p"].notna()]
    return {name: int((tested["term"] == name).sum()) for name in CLASS_WORDS}


def course_sentences(group: Group) -> list[str]:
    """Word what was found over the course of the disease."""
    rows = group.pick(model="class")
    counts = class_counts(group)
    tested = sum(counts.values())
    if not tested:
        reasons = rows["status"].value_counts()
        why = STATUSES.get(str(reasons.index[0]), "") if len(reasons) else "no features"
        return [sentence(f"no {group.features} could be tested ({count(len(rows))} in the table; most often: {why})")]
    parts = [f"{count(n)} {CLASS_WORDS[name]}" for name, n in counts.items() if n]
    told = [
        sentence(
            f"of {count(tested)} tested {plural(group.feature, tested)} ({count(len(rows))} in the table), "
            f"{group.case} against {group.control}: {listed(parts)}"
        )
    ]
    told += [_undetermined(rows)] if counts["undetermined"] else []
    told += _top(group)
    told += _departures(group)
    told += _facilities(group)
    told += _severity(group)
    return told


def _undetermined(rows: pd.DataFrame) -> str:
    own = rows[(rows["term"] == "undetermined") & rows["p"].notna()]
    reasons = own["note"].value_counts()
    parts = [f"{reason} ({count(n)})" for reason, n in reasons.items()]
    return sentence(
        f"undetermined says that these data do not tell, not that there is no difference: {'; '.join(parts)}"
    )


def _top(group: Group) -> list[str]:
    listed_rows = group.pick(model="shortlist")
    if listed_rows.empty:
        smallest = group.pick(model="class").sort_values(["q", "p"], kind="stable")
        smallest = smallest[smallest["p"].notna()]
        row = smallest.iloc[0]
        return [
            sentence(
                f"no {group.feature} is on the shortlist. The smallest p over the whole course is that of "
                f"{name_of(row)} ({chance(row['p'])}, {chance(row['q'], 'q')})"
            )
        ]
    row = listed_rows.iloc[0]
    return [
        sentence(
            f"{many(len(listed_rows), group.feature)} {'is' if len(listed_rows) == 1 else 'are'} on the shortlist "
            f"below. First is {name_of(row)}: {row['note']}"
        )
    ]


def _departures(group: Group) -> list[str]:
    rows = group.pick(model="departure")
    if rows.empty:
        return []
    known = rows[(rows["status"] == "ok") & rows["effect"].notna()]
    first = rows[(rows["status"] == "ok") & rows["effect"].isna()]
    lost = len(rows) - len(known) - len(first)
    parts = [f"{count(len(known))} have a time of departure with an interval"] if len(known) else []
    parts += [f"{count(len(first))} differ from the first age on"] if len(first) else []
    parts += [f"of {count(lost)} it is not identified"] if lost else []
    return [
        sentence(f"when the groups part, of {many(len(rows), group.feature)} that differ at some time: {listed(parts)}")
    ]


def _facilities(group: Group) -> list[str]:
    told = []
    for contrast, words in (("before", "before onset"), ("with", "with progression")):
        shared = group.pick(term=f"{contrast}, in all facilities")
        differs = group.pick(term=f"{contrast}, facility × group")
        if shared.empty and differs.empty:
            continue
        n = shared.loc[shared["q"] < 0.05, "feature"].nunique()
        m = differs.loc[differs["q"] < 0.05, "feature"].nunique()
        tested = shared.loc[shared["p"].notna(), "feature"].nunique()
        told.append(
            sentence(
                f"{words}, {count(n)} of {many(tested, group.feature)} estimated in every facility differ in the same "
                f"direction in all of them, and {count(m)} depend on the facility (q < 0.05)"
            )
        )
    return told


def _severity(group: Group) -> list[str]:
    rows = group.pick(model="severity")
    if rows.empty:
        return []
    tested = rows[rows["p"].notna()]
    if tested.empty:
        return [sentence(f"no correlation with severity could be tested: {rows.iloc[0]['note']}")]
    hits = tested[tested["q"] < 0.05]
    top = tested.sort_values("p", kind="stable").iloc[0]
    return [
        sentence(
            f"among {group.case} ({top['note']}), {count(len(hits))} of {many(len(tested), group.feature)} go with "
            f"{top['measure']} at q < 0.05; the smallest p is that of {name_of(top)}: "
            f"{estimate(top, chance(top['p']), chance(top['q'], 'q'))}"
        )
    ]


def course_tiles(group: Group) -> list[tuple[str, str]]:
    """Return the headline numbers of a course."""
    row = group.first(model="course", term="design")
    shown: list[tuple[str, str]] = []
    if row is not None:
        shown.append((count(row["n"]), plural("sample", row["n"])))
        shown.append((f"{count(row['n_case'])} : {count(row['n_control'])}", f"{group.case} : {group.control}"))
        shown.append((count(row["n_blocks"]), f"units ({row['measure']})"))
    counts = class_counts(group)
    if sum(counts.values()):
        shown += [(count(counts[name]), f"{group.features}: {CLASS_NAMES[name]}") for name in CLASS_WORDS]
    return shown


def course_headlines(group: Group) -> list[str]:
    """Return what the command line says of a course."""
    return [f"{group.name}: {line}" for line in course_sentences(group)[:3]]


def shortlist_table(group: Group) -> dict[str, object] | None:
    """Return the shortlist as a table of texts, None where there is none."""
    rows = group.pick(model="shortlist")
    if rows.empty:
        return None
    cells = [
        (
            number(row["statistic"]),
            name_of(row),
            CLASS_NAMES.get(str(row["term"]), str(row["term"])),
            estimate(row),
            number(row["time"]),
            number(row["q"], 2),
            str(row["note"]),
        )
        for _, row in rows.iterrows()
    ]
    return {
        "title": f"Shortlist: {group.name}",
        "headings": HEADINGS,
        "rows": cells,
        "about": "Candidates for arms of a screen, the smallest q over the whole course first. Difference is that of "
        "the contrast which the class rests on; the names stand in the estimates as rows of model shortlist.",
    }
