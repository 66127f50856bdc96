"""What was found about mediators: candidates and their lines, what does the opposite, mediation and necessity."""

from __future__ import annotations

import re

import pandas as pd

from commensal.page.arms import arm_sentences
from commensal.page.view import Group
from commensal.page.words import chance, count, estimate, listed, many, missing, number, plural, sentence

CANDIDATE, MEDIATION, NECESSITY = "candidate", "mediation", "necessity"
#: Direction that a mediator of the strains' effect has, and the other one.
FORWARD, BACKWARD = "falls and rises", "rises and falls"
LINE = 0.05
#: Candidates told one by one, rows of the rank table, and of those that do the opposite.
TOLD, LISTED, OPPOSITE = 5, 15, 5
HEADINGS = ("Rank", "Molecule", "Strain", "Direction", "Lines that hold", "p", "q")
#: Columns of lines that a table has at most; more are one column.
MOST_COLUMNS = 8
_CORRECTED = "Benjamini–Yekutieli"
_RANKED = "AdaFilter"


def is_mediators(group: Group) -> bool:
    """Say whether a group is about mediators."""
    return group.kind == "mediators"


def mediator_sentences(group: Group) -> list[str]:
    """Say what was found: of the candidates, or of one table's molecules in every arm."""
    if group.assay:
        return [*_mediations(group), *_necessity(group), *arm_sentences(group)]
    return [*_candidates(group), *_opposite(group), *_left_out(group), *_necessity(group)]


def mediator_headlines(group: Group) -> list[str]:
    """Return what the command line says of a group."""
    told = mediator_sentences(group)
    return [f"{group.name}: {line}" for line in told[: 3 if not group.assay else 1]]


def mediator_tiles(group: Group) -> list[tuple[str, str]]:
    """Return the headline numbers of the candidates."""
    rows = group.pick(model=CANDIDATE)
    if rows.empty:
        return []
    hits = rows[(rows["q"] < LINE) & (rows["measure"] == FORWARD)]
    return [
        (count(len(hits)), f"{plural('candidate', len(hits))} at q < {LINE}"),
        (count(rows["feature"].nunique()), "molecules"),
        (count(rows["term"].nunique()), plural("strain", rows["term"].nunique())),
    ]


def _parts(row: pd.Series) -> tuple[list[str], list[str]]:
    """Cut a candidate's note into its lines and what stands beside them."""
    parts = [] if missing(row["note"]) else str(row["note"]).split("; ")
    first = next((i for i, part in enumerate(parts) if part.startswith(_CORRECTED)), len(parts))
    return parts[:first], parts[first:]


def _name(row: pd.Series) -> str:
    return str(row["feature"] if missing(row["label"]) else row["label"])


def _candidates(group: Group) -> list[str]:
    rows = group.pick(model=CANDIDATE, measure=FORWARD)
    if rows.empty:
        return []
    tested = rows[rows["p"].notna()]
    if tested.empty:
        why = rows["status"].value_counts().index[0]
        return [sentence(f"no molecule could be judged in all lines (most often {why})")]
    hits = tested[tested["q"] < LINE]
    one = len(set(hits["feature"])) == 1
    family = str(tested["family"].dropna().iloc[0]) if tested["family"].notna().any() else "all"
    opening = (
        f"of {many(tested['feature'].nunique(), 'molecule')} measured in all lines, {count(hits['feature'].nunique())} "
        f"{'falls' if one else 'fall'} where microbes are removed and {'rises' if one else 'rise'} where a strain is "
        f"given, in every line, at q < {LINE} ({family})"
    )
    shown = hits.head(TOLD) if len(hits) else tested.head(1)
    told = [sentence(opening)]
    lead = "" if len(hits) else "best ranked, and no more than that, is "
    for _, row in shown.iterrows():
        lines, beside = _parts(row)
        ranked = next((part for part in beside if part.startswith(_RANKED)), "")
        numbers = "; ".join(filter(None, [f"largest one-sided {chance(row['p'])}", chance(row["q"], "q"), ranked]))
        told.append(sentence(f"{lead}{_name(row)} with {row['term']} ({numbers}): {'; '.join(lines)}"))
        told += [sentence(part) for part in _told_beside(beside)]
    return told


def _told_beside(beside: list[str]) -> list[str]:
    """Return capability and necessity as one text each."""
    text = "; ".join(part for part in beside if not part.startswith((_CORRECTED, _RANKED)))
    return [text] if text else []


def _opposite(group: Group) -> list[str]:
    rows = group.pick(model=CANDIDATE, measure=BACKWARD)
    hits = rows[rows["q"] < LINE]
    if rows.empty:
        return []
    if hits.empty:
        return [
            sentence(
                f"no molecule does the opposite (rises where microbes are removed, falls with a strain) at q < {LINE}"
            )
        ]
    named = [f"{_name(row)} with {row['term']} ({chance(row['q'], 'q')})" for _, row in hits.head(TOLD).iterrows()]
    more = f", and {count(len(hits) - TOLD)} more" if len(hits) > TOLD else ""
    return [
        sentence(f"the opposite, rising where microbes are removed and falling with a strain, do {listed(named)}{more}")
    ]


def _left_out(group: Group) -> list[str]:
    rows = group.pick(model=CANDIDATE, measure=FORWARD)
    told = []
    for status, words in (
        ("exogenous", "are drugs or other exogenous compounds: shown, and in no family"),
        ("not_measured", "were not measured in every line: those lines enter as p = 1, and there is no candidate"),
    ):
        n = rows.loc[rows["status"] == status, "feature"].nunique()
        if n:
            told.append(sentence(f"{many(n, 'molecule')} {words}"))
    return told


def _mediations(group: Group) -> list[str]:
    rows = group.pick(model=MEDIATION)
    told = []
    for _, row in rows[rows["status"] == "not_before"].iterrows():
        told.append(
            sentence(
                f"whether a strain acts on {str(row['measure']).replace('_', ' ')} through a molecule of {group.assay} "
                f"cannot be said: {row['note']}"
            )
        )
    tested = rows[rows["p"].notna()].sort_values(["q", "p"], kind="stable")
    hits = tested[tested["q"] < LINE]
    if tested.empty:
        return told
    for _, row in (hits.head(TOLD) if len(hits) else tested.head(1)).iterrows():
        verb = "is consistent with passing" if row["q"] < LINE else "was not found to pass"
        told.append(
            sentence(
                f"the effect of {row['term']} on {str(row['measure']).replace('_', ' ')} {verb} through {_name(row)}: "
                f"indirect effect {estimate(row, chance(row['p']), chance(row['q'], 'q'))}. "
                f"{sentence(str(row['note']))}"
            )
        )
    return told


def _necessity(group: Group) -> list[str]:
    rows = group.pick(model=NECESSITY)
    told = []
    for term in rows["term"].dropna().unique():
        own = rows[(rows["term"] == term) & rows["p"].notna()]
        measures = own[own["measure"].notna()]
        for _, row in measures.iterrows():
            told.append(sentence(f"{term}, {str(row['measure']).replace('_', ' ')}: {estimate(row, chance(row['p']))}"))
        molecules = own[own["measure"].isna()]
        if len(molecules):
            hits = molecules[molecules["q"] < LINE].sort_values("p", kind="stable")
            named = f": {listed([_name(row) for _, row in hits.head(TOLD).iterrows()])}" if len(hits) else ""
            more = ", the strongest" if len(hits) > TOLD else ""
            told.append(
                sentence(
                    f"{term}: {count(len(hits))} of {many(len(molecules), 'molecule')} "
                    f"{'differs' if len(hits) == 1 else 'differ'} at q < {LINE}{more}{named}"
                )
            )
    return told


def rank_table(group: Group) -> dict[str, object] | None:
    """Return the ranks as a table of texts: candidates with every line's effect, then those that do the opposite."""
    rows = group.pick(model=CANDIDATE)
    rows = rows[rows["p"].notna()]
    if rows.empty:
        return None
    forward, backward = rows[rows["measure"] == FORWARD], rows[rows["measure"] == BACKWARD]
    shown = [row for _, row in pd.concat([forward.head(LISTED), backward.head(OPPOSITE)]).iterrows()]
    columns = list(dict.fromkeys(name for row in shown for name, _ in line_cells(row)))
    wide = len(columns) <= MOST_COLUMNS
    return {
        "title": "Ranks",
        "headings": (*HEADINGS, *(columns if wide else ("Every line",)), "AdaFilter", "Beside"),
        "rows": [_cells(row, columns if wide else []) for row in shown],
        "about": "The rank is that of the largest one-sided p over the lines, over all strains, molecules and both "
        "directions; q is Benjamini and Hochberg’s over the same. Lines are log2 fold changes with two-sided p: a "
        "column for each arm and specimen. How many lines hold is said of those for which at least one does at the "
        "same false discovery rate (– where none). AdaFilter ranks, and claims nothing. Beside: what the strain’s "
        "genome can make, and what a mutant that cannot make it does; neither is in any p. "
        f"{count(len(rows) - len(shown))} more rows are in the estimates.",
    }


def line_cells(row: pd.Series) -> list[tuple[str, str]]:
    """Cut the lines of a candidate's note into (arm and specimen, effect and p); the strain's own arm is "strain".

    Examples
    --------
    >>> row = pd.Series({"term": "strain A", "note": "abx against water: serum −1.0 (p 0.1), csf −2.0 (p 0.2); "
    ...                  "strain A against vehicle: serum +1.1 (p 0.3)"})
    >>> line_cells(row)
    [('abx: serum', '−1.0 (p 0.1)'), ('abx: csf', '−2.0 (p 0.2)'), ('strain: serum', '+1.1 (p 0.3)')]
    """
    cells = []
    for part in _parts(row)[0]:
        head, _, rest = part.partition(": ")
        arm = head.partition(" against ")[0]
        for item in re.split(r", (?=[^()]*(?:\(|not measured))", rest):
            found = re.match(r"(.*) ([+−–][^ ]*(?: \(.*\))?|not measured)$", item)
            name, value = (found[1], found[2]) if found else (item, "")
            cells.append((f"{'strain' if arm == str(row['term']) else arm}: {name}", value))
    return cells


def _cells(row: pd.Series, columns: list[str]) -> tuple[str, ...]:
    lines, beside = _parts(row)
    holds = "–" if missing(row["effect"]) or row["effect"] == 0 else f"{number(row['effect'])} {row['unit']}"
    own = dict(line_cells(row))
    ranked = next((part.rpartition(" ")[2] for part in beside if part.startswith(_RANKED)), "–")
    told = [own.get(name, "–") for name in columns] if columns else ["; ".join(lines)]
    return (
        number(row["statistic"]), _name(row), str(row["term"]), str(row["measure"]), holds, chance(row["p"]),
        chance(row["q"], "q"), *told, ranked, "; ".join(_told_beside(beside)) or "–",
    )  # fmt: skip


__all__ = ["is_mediators", "line_cells", "mediator_headlines", "mediator_sentences", "mediator_tiles", "rank_table"]
