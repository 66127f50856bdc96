"""What the page says of arms: verdicts first, then whether microbes went, a strain stayed, features moved."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from commensal.page.view import Group
from commensal.page.words import chance, count, estimate, interval, listed, many, missing, number, plural, sentence
from commensal.tables import ALL, STATUSES, outcome_phrase

#: Kinds of questions whose contrasts are arms.
ARM_KINDS = ("depletion", "screen", "rescue")
VERDICTS = ("helps", "harms", "equivalent", "inconclusive")
#: Model that adjusts each feature for itself before.
BASELINE = "change, adjusted for baseline"
HEADINGS = ("Arm", "Outcome", "Verdict", "Difference", "Joint p", "Rank", "Animals", "What it rests on")
LINE = 0.05
#: So many levels of ``by`` are both named.
MOST_TWO = 2
#: So many arms are told one by one.
MOST_ARMS = 12
#: In a table of more rows, inconclusive ones of outcomes that are not primary are left to the estimates.
MOST_ROWS = 40


def verdict_of(row: pd.Series) -> str:
    """Return the verdict that a row's note begins with, ``""`` without one.

    Examples
    --------
    >>> verdict_of(pd.Series({"note": "helps: margin 20 s"}))
    'helps'
    """
    first = "" if missing(row["note"]) else str(row["note"]).partition(":")[0]
    return first if first in VERDICTS else ""


def after_verdict(row: pd.Series) -> str:
    """Return the note without its verdict."""
    return (
        str(row["note"]).partition(":")[2].strip() if verdict_of(row) else "" if missing(row["note"]) else row["note"]
    )


def arm_sentences(group: Group) -> list[str]:
    """Say what was found about the arms of a question: in its measures and events, or in one assay."""
    if not group.assay:
        return [
            *_overall(group),
            *_interactions(group),
            *_each_verdict(group),
            *_events(group),
            *_doses(group),
            *_limits(group),
        ]
    return [*_depletion(group), *_engraftment(group), *_features(group), *_limits(group)]


def _overall(group: Group) -> list[str]:
    rows = group.pick(model="verdict, overall")
    verdicts = group.pick(model="verdict")
    if rows.empty:
        return []
    families = [family for family in verdicts["family"].dropna().unique() if "not primary" not in family]
    told = []
    for level, own in _by_level(rows):
        named = {verdict: [] for verdict in VERDICTS}  # type: dict[str, list[str]]
        for _, row in own.iterrows():
            named[verdict_of(row)].append(str(row["label"]))
        parts = [f"{verdict}: {listed(arms)}" for verdict, arms in named.items() if arms]
        family = next((one for one in families if not level or one.endswith(f"in {level}")), "")
        joint = f" (intervals hold jointly over {family})" if family else ""
        told.append(sentence(f"{f'in {level}, ' if level else ''}by the primary outcomes{joint}: {'; '.join(parts)}"))
    return told


def _by_level(rows: pd.DataFrame) -> Iterable[tuple[str, pd.DataFrame]]:
    """Cut rows by the level of ``by`` that their term begins with, ``""`` without one."""
    level = [
        str(term)[: -len(str(label)) - 2] if str(term).endswith(f": {label}") else ""
        for term, label in zip(rows["term"], rows["label"], strict=True)
    ]
    for one in dict.fromkeys(level):
        yield one, rows[[each == one for each in level]]


def primary_outcomes(group: Group) -> list[str]:
    """Return the outcomes that share the family of verdicts; those of one arm or outcome too."""
    rows = group.pick(model="verdict")
    apart = rows["family"].fillna("").str.contains("not primary")
    return [str(name) for name in rows["measure"].unique() if not apart[rows["measure"] == name].any()]


def _each_verdict(group: Group) -> list[str]:
    """Word the verdicts on primary outcomes that say something, and with few arms all others too."""
    rows = group.pick(model="verdict")
    told = []
    few = len(rows) <= MOST_ARMS
    primary = primary_outcomes(group)
    if not few:
        speaks = [row["measure"] in primary or verdict_of(row) in ("helps", "harms") for _, row in rows.iterrows()]
        rows = rows[np.asarray(speaks, dtype=bool)]
    for _, row in rows.iterrows():
        verdict = verdict_of(row)
        if missing(row["effect"]) or (verdict == "inconclusive" and not few):
            continue
        apart = "" if row["measure"] in primary else " (not primary)"
        what = f"in {row['term']}, {_measure(row)}{apart}"
        numbers = estimate(row, "" if missing(row["p"]) else f"joint {chance(row['p'])}", _sizes(row, group))
        word = _word(verdict, row, group)
        why = "" if row["status"] in ("ok", "boundary") else f"; {STATUSES.get(str(row['status']), '')}"
        told.append(sentence(f"{what}: {word}, {numbers}{why}"))
    return told


def _events(group: Group) -> list[str]:
    """Say of each event what the log-rank test found: whether any arm differs, and which by themselves."""
    told = []
    for _, row in group.pick(model="any_arm").iterrows():
        if not missing(row["p"]):
            verb = "differs" if row["p"] < LINE else "was not found to differ"
            told.append(
                sentence(
                    f"in {_measure(row)}, any arm {verb} from {group.control} (log-rank, {chance(row['p'])}; "
                    f"{row['note']})"
                )
            )
    several = set(group.pick(model="any_arm")["measure"])
    tests = group.rows[group.rows["model"].isin(("log_rank", "log_rank_familywise")) & group.rows["p"].notna()]
    for _, row in tests.iterrows():
        single = row["measure"] not in several
        if (single and row["model"] == "log_rank") or (row["model"] == "log_rank_familywise" and row["p"] < LINE):
            test = "log-rank" if single else "log-rank, familywise over arms"
            told.append(
                sentence(
                    f"in {row['term']}, {_measure(row)}: {estimate(row, f'{test}, ' + chance(row['p']))}; {row['note']}"
                )
            )
    return told


def _word(verdict: str, row: pd.Series, group: Group) -> str:
    """Write a verdict with what it is of this outcome: "harms (lower than vehicle)", "helps: lengthens survival"."""
    if verdict not in ("helps", "harms"):
        return verdict
    said = outcome_phrase(str(row["measure"]), verdict)
    if said.startswith(("improves", "worsens")):
        return f"{verdict} ({_direction(row, group)})"
    return f"{verdict}: {said}"


def _direction(row: pd.Series, group: Group) -> str:
    return f"{'higher' if row['effect'] > 0 else 'lower'} than {group.control}"


def _measure(row: pd.Series) -> str:
    return str(row["measure"]).replace("_", " ")


def _sizes(row: pd.Series, group: Group) -> str:
    if missing(row["n_case"]):
        return ""
    units = "" if missing(row["n_blocks"]) or not group.block else f" in {many(row['n_blocks'], group.block)}"
    return f"{count(row['n_case'])} against {count(row['n_control'])} animals{units}"


def _interactions(group: Group) -> list[str]:
    """Say whether an effect differs between the levels of ``by``, naming them."""
    rows = group.pick(model="interaction")
    levels = [level for level, _ in _by_level(group.pick(model="verdict")) if level]
    told = []
    for _, row in rows.iterrows():
        if missing(row["effect"]):
            told.append(
                sentence(f"{row['term']}, {_measure(row)}: the difference could not be compared ({row['note']})")
            )
            continue
        differs = not missing(row["low"]) and float(row["low"]) * float(row["high"]) > 0
        verb = "is another one" if differs else "was not found to be another one"
        numbers = estimate(row, "" if missing(row["p"]) else f"joint {chance(row['p'])}")
        first = levels[0] if levels else "the first level"
        where = f" in {levels[1]}" if len(levels) == MOST_TWO else ""
        told.append(
            sentence(f"{row['term']}: the difference in {_measure(row)}{where} {verb} than in {first}: {numbers}")
        )
    return told


def _doses(group: Group) -> list[str]:
    return [
        sentence(f"{row['term']}, {_measure(row)}: {estimate(row, chance(row['p']))}")
        for _, row in group.pick(model="dose trend").iterrows()
        if not missing(row["effect"])
    ]


def _limits(group: Group) -> list[str]:
    """Say once what limits all rows: arms of few units, and deaths."""
    models = ("verdict", "depletion", "abundance", BASELINE)
    rows = group.rows[group.rows["model"].isin(models)]
    notes = [part for note in dict.fromkeys(rows["note"].dropna()) for part in str(note).split("; ")]
    # a feature that few animals have is compared between few cages, whatever the arms hold
    rare = rows["feature"].notna() & (rows["feature"] != ALL)
    few = dict.fromkeys(
        f"in some {group.features}, which few animals have: {part}" if of_feature else part
        for note, of_feature in zip(rows["note"].fillna(""), rare, strict=True)
        for part in str(note).split("; ")
        if part.startswith("only ")
    )
    gone = dict.fromkeys(part for part in notes if "not missing at random" in part)
    return [sentence(part) for part in (*list(few)[:6], *list(gone)[:1])]


def _depletion(group: Group) -> list[str]:
    rows = group.pick(model="depletion")
    told = []
    absent = rows[rows["status"] == "not_measured"]
    for _, row in rows[rows["status"] != "not_measured"].iterrows():
        if missing(row["effect"]):
            told.append(sentence(f"in {row['term']}, {row['measure']} could not be compared: {row['note']}"))
            continue
        first = str(row["note"]).split("; ")[0]
        numbers = estimate(row, "" if missing(row["p"]) else f"joint {chance(row['p'])}", _sizes(row, group))
        told.append(sentence(f"in {row['term']}, {row['measure']} {numbers}. {sentence(first)}"))
    told += [sentence(str(absent.iloc[0]["note"]))] if len(absent) else []
    remain = group.pick(model="remaining", feature=ALL)
    return [*told, *(sentence(f"in {row['term']}, {row['note']}") for _, row in remain.iterrows())]


def _engraftment(group: Group) -> list[str]:
    rows = group.pick(model="engraftment")
    told = []
    for feature in rows["feature"].dropna().unique():
        own = rows[rows["feature"] == feature]
        for _, row in own[own["note"].str.startswith("given in this arm")].iterrows():
            parts = str(row["note"]).split("; ")
            p = "" if missing(row["p"]) else f"; joint {chance(row['p'])}"
            told.append(sentence(f"the strain {row['label']}, given in {row['term']}: {parts[1]}{p}"))
        others = own[~own["note"].str.startswith("given in this arm")]
        seen = [
            str(row["term"]) for _, row in others.iterrows() if "it spread, or was there before" in str(row["note"])
        ]
        if seen:
            name = others.iloc[0]["label"]
            told.append(sentence(f"the strain {name} is also found in arms that were not given it: {listed(seen)}"))
    return told


def _features(group: Group) -> list[str]:
    """Say per arm how many features differ, by the joint test or by the change from baseline."""
    rows = group.rows[group.rows["model"].isin(("joint", "abundance", BASELINE)) & (group.rows["feature"] != ALL)]
    told = []
    for term in rows["term"].dropna().unique():
        own = rows[rows["term"] == term]
        for model in ("joint", BASELINE, "abundance"):
            tested = own[(own["model"] == model) & own["p"].notna()]
            if len(tested):
                break
        else:
            reason = own["status"].value_counts()
            why = STATUSES.get(str(reason.index[0]), "") if len(reason) else ""
            told.append(sentence(f"in {term}, no {group.features} could be tested ({why})"))
            continue
        hits = tested[tested["q"] < LINE]
        top = tested.sort_values(["q", "p"], kind="stable").iloc[0]
        name = top["feature"] if missing(top["label"]) else top["label"]
        numbers = chance(top["p"]) + f", {chance(top['q'], 'q')}"
        numbers = numbers if missing(top["effect"]) else estimate(top, numbers)
        told.append(
            sentence(
                f"in {term}, {count(len(hits))} of {many(len(tested), group.feature)} tested "
                f"{'differs' if len(hits) == 1 else 'differ'} from {group.control} at q < {LINE}; the smallest q is "
                f"that of {name}: {numbers}"
            )
        )
    return told


def arm_tiles(group: Group) -> list[tuple[str, str]]:
    """Return the headline numbers: arms, animals, and how many arms have which verdict."""
    shown: list[tuple[str, str]] = []
    overall = group.pick(model="verdict, overall")
    for verdict in VERDICTS:
        n = sum(verdict_of(row) == verdict for _, row in overall.iterrows())
        if n:
            shown.append((count(n), f"{plural('arm', n)}: {verdict}"))
    size = group.size
    if size is not None and not missing(size["n_control"]):
        shown.insert(0, (count(size["n_control"]), f"{'animals' if not group.assay else 'samples'} in {group.control}"))
    return shown


def arm_headlines(group: Group) -> list[str]:
    """Return what the command line says of a group."""
    return [f"{group.name}: {line}" for line in arm_sentences(group)[:4]]


def verdict_table(group: Group) -> dict[str, object] | None:
    """Return the verdicts as a table of texts: by outcome, the best rank first; None where there is none."""
    rows = group.pick(model="verdict")
    if rows.empty:
        return None
    ranks = {(row["measure"], row["term"]): row for _, row in group.pick(model="rank").iterrows()}
    cells, left = [], 0
    for measure in rows["measure"].unique():
        own = [row for _, row in rows[rows["measure"] == measure].iterrows()]
        if len(rows) > MOST_ROWS and measure not in primary_outcomes(group):
            left += sum(verdict_of(row) == "inconclusive" for row in own)
            own = [row for row in own if verdict_of(row) != "inconclusive"]
        own.sort(key=lambda row: ranks[measure, row["term"]]["effect"] if (measure, row["term"]) in ranks else 1e9)
        cells += [_cells(row, ranks.get((measure, row["term"]))) for row in own]
    return {
        "title": "Verdicts and ranks",
        "headings": HEADINGS,
        "rows": cells,
        "about": "Difference is arm minus control, with an interval that holds jointly over the family named in the "
        "estimates. Helps and harms: the interval leaves out 0, in the direction that the study file calls better or "
        "worse; equivalent: the whole interval lies inside the declared margin; inconclusive: anything else. Ranks "
        "have intervals too, which hold together: where they overlap, the order is not settled."
        + (
            f" {count(left)} inconclusive rows of outcomes that are not primary are in the estimates only."
            if left
            else ""
        ),
    }


def _short(row: pd.Series) -> str:
    """Return of a note what is this row's own: margin, dose, few units, why there is no p."""
    parts = after_verdict(row).split("; ")
    kept = [part for part in parts[1:] if part.startswith(("only ", "dose ", "washout ", "compared within"))]
    return "; ".join([parts[0], *kept])


def _cells(row: pd.Series, rank: pd.Series | None) -> tuple[str, ...]:
    ranked = "–" if rank is None else f"{number(rank['effect'])} ({number(rank['low'])} to {number(rank['high'])})"
    difference = "–"
    if not missing(row["effect"]):
        ends = "" if missing(row["low"]) else f" ({interval(float(row['low']), float(row['high']))})"
        difference = f"{number(row['effect'], sign=True)}{ends} {'' if missing(row['unit']) else row['unit']}".strip()
    animals = "–" if missing(row["n_case"]) else f"{count(row['n_case'])} : {count(row['n_control'])}"
    p = "–" if missing(row["p"]) else chance(row["p"])
    return (str(row["term"]), _measure(row), verdict_of(row), difference, p, ranked, animals, _short(row))


def arm_unit_words(group: Group) -> str:
    """Say what is compared: units as a whole, or subjects."""
    if not group.block:
        return "subjects are the units: each is one observation, however often it was measured"
    units = plural(group.block)
    return (
        f"the {group.block} is the unit: means of {units} are compared where a {group.block} lies in one arm, with "
        f"degrees of freedom from {units}, not from animals; where arms share {units}, they are compared inside them"
    )
