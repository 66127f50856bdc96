"""Claims from Estimates: the lines of every claim, the gate, selection and strength."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal import stats
from commensal.evidence.beside import BESIDE_LINES, matched
from commensal.evidence.facts import ANY, Facts, Floats, Integers
from commensal.evidence.family import DIRECTIONS, THROUGH, Family
from commensal.evidence.limits import capped, limits_in_words, said_of
from commensal.evidence.lines import LINES, Line, Part
from commensal.tables import Finding, claims
from commensal.tables.claims import (
    BESIDE,
    CLAIM,
    CONTRADICTS,
    INCONCLUSIVE,
    NOT_MEASURED,
    NOT_SELECTED,
    OPEN,
    PART,
    SELECTED,
    SUPPORTS,
)

_SIGN = (1, -1)
Read = tuple[tuple[Part, Facts], ...]
#: Parts of a row's note that limit what its line says, besides those that begin with "only".
MATTERS = ("not missing at random", "taken at the limit", "approximate:")
#: Lines are told of so many claims by rank, and of all whose three links were measured: of 10,000 molecules and 12
#: strains there are a million claims.
MOST_OPENED = 2000
#: Of so many claims by rank, and of so many that were selected, all rows of every line are told, and what was measured
#: beside the lines.
MOST_SHOWN = 100


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    """One line of all claims: arrays have the family's shape."""

    p: Floats  #: one-sided, in the claimed direction; NaN where there is none
    row: Integers  #: row of the Estimates; −1 where nothing was measured
    expected: Integers  #: the sign that the row's effect must have
    rows: Integers  #: how many rows were measured
    facts: tuple[tuple[Part, Facts], ...] = ()  #: what was read, part by part

    def at(self, places: Integers) -> _Read:
        """Return the claims of some places (k,), flat."""
        row, expected, rows = (one.ravel()[places] for one in (self.row, self.expected, self.rows))
        return _Read(self.p.ravel()[places], row, expected, rows)


def join(
    estimates: pd.DataFrame, family: Family, *, findings: Sequence[Finding] = (), level: float = 0.05
) -> pd.DataFrame:
    """Join the answers of a study into claims.

    Every combination of the family is a claim. Its gate's p is the largest of its three links' one-sided p, missing
    where a link was not measured (the claim is then open). Claims are selected by Benjamini–Hochberg over the whole
    family; a selected claim's strength is how many of its lines hold by partial conjunction
    (:func:`commensal.stats.claim_strength`). Of several rows of one line (specimens of the same animals, arms, parts)
    the largest p counts,
    and rows without p are passed over.

    Parameters
    ----------
    estimates
        Rows of the Estimates; a line's `estimate` is a row's place in it, from 0.
    family
        What was given, measured and chosen beforehand.
    findings
        Of the design; they lower what a line may say.
    level
        Of the false discovery rate of claims.

    Returns
    -------
    pandas.DataFrame
        Claims (`commensal.tables.claims`): those with the smallest gate p first, each followed by its lines.

    Examples
    --------
    >>> from commensal.evidence import Family, Molecule, Outcome, Strain
    >>> from commensal.tables import estimates
    >>> family = Family((Strain("S"),), (Molecule("m"),), (Outcome("grip", 1),), given={"infused": "m"})
    >>> t = {"test": "t", "df": 12.0, "status": "ok", "p": 0.001}
    >>> rows = [
    ...     {"kind": "screen", "model": "verdict", "measure": "grip", "term": "S", "effect": 2, "statistic": 4, **t},
    ...     {"kind": "mediators", "model": "abundance", "feature": "m", "term": "S", "effect": 1, "statistic": 5, **t},
    ...     {"kind": "rescue", "model": "verdict", "measure": "grip", "term": "infused", "effect": 2,
    ...      "statistic": 3.6, **t},
    ... ]
    >>> found = join(estimates(rows), family)
    >>> found.loc[found["line"] == "claim", ["direction", "through", "verdict", "p"]].head(1).round(4).values.tolist()
    [['helps', 'raises', 'selected', 0.0018]]
    """
    rows = estimates.reset_index(drop=True)
    if not family.size:
        return claims()
    listed = [line for line in LINES if line.interventional or line.name in family.lines]
    cap = capped(rows, findings)
    read = [_line(line, rows, family, cap) for line in listed]
    p = np.stack([one.p.ravel() for one in read], axis=1)
    links = p[:, [line.interventional for line in listed]]
    gate = np.where(np.isnan(links).any(axis=1), np.nan, links.max(axis=1, initial=0.0))
    fit = stats.claim_strength(gate, p, family=family.words, level=level)
    beside = [(line, tuple((part, part.read(rows, family)) for part in line.parts)) for line in BESIDE_LINES]
    return _table(rows, family, listed, read, beside, fit, cap, limits_in_words(findings))


def _line(line: Line, rows: pd.DataFrame, family: Family, cap: NDArray[np.bool_]) -> _Read:
    """Read one line: of its parts and rows the largest p in the claimed direction."""
    shape = family.shape
    p, row = np.full(shape, np.nan), np.full(shape, -1, dtype=np.int64)
    expected, count = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    facts_of = tuple((part, part.read(rows, family)) for part in line.parts)
    for part, facts in facts_of:
        if not len(facts.row):
            continue
        toward = {sign: _toward(facts, family, sign, cap) for sign in _SIGN}
        for i, d in enumerate(_SIGN):
            for j, v in enumerate(_SIGN):
                own_p, own_row, own_sign, own_count = toward[part.expected(d, v)]
                at = np.s_[:, :, :, i, j]
                # a row without p says less than any row with one, and is named where there is no other
                larger = (own_row >= 0) & (
                    (row[at] < 0) | (np.nan_to_num(own_p, nan=-1.0) > np.nan_to_num(p[at], nan=-1.0))
                )
                p[at] = np.where(larger, own_p, p[at])
                row[at] = np.where(larger, own_row, row[at])
                expected[at] = np.where(larger, own_sign, expected[at])
                count[at] += own_count
    return _Read(p, row, expected, count, facts_of)


def _toward(
    facts: Facts, family: Family, sign: int, cap: NDArray[np.bool_]
) -> tuple[Floats, Integers, Integers, Integers]:
    """Return p, row, expected sign of the raw effect and number of rows, of strains × molecules × outcomes.

    An axis that the facts do not speak of has length 1.
    """
    index = [np.where(one == ANY, 0, one) for one in (facts.strain, facts.molecule, facts.outcome)]
    given = [bool((one != ANY).any()) for one in (facts.strain, facts.molecule, facts.outcome)]
    shape = tuple(n if there else 1 for n, there in zip(family.shape[:3], given, strict=True))
    p = np.where(cap[facts.row], np.nan, facts.up if sign > 0 else 1 - facts.up)
    # of several values given to one place the last stands: the largest p, and no p only where there is no other
    order = np.argsort(np.nan_to_num(p, nan=-1.0), kind="stable")
    at = tuple(one[order] for one in index)
    found, row = np.full(shape, np.nan), np.full(shape, -1, dtype=np.int64)
    expected, count = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    found[at], row[at], expected[at] = p[order], facts.row[order], sign * facts.sign[order]
    np.add.at(count, at, 1)
    return found, row, expected, count


def _table(
    rows: pd.DataFrame, family: Family, listed: Sequence[Line], read: Sequence[_Read],
    beside: Sequence[tuple[Line, Read]], fit: stats.ClaimStrength, cap: NDArray[np.bool_],
    limits: Mapping[tuple[str, str], str],
) -> pd.DataFrame:  # fmt: skip
    size = family.size
    entered = np.nan_to_num(fit.gate, nan=2.0)
    lines_p = np.stack([one.p.ravel() for one in read], axis=1)
    # among claims that are open, the one whose other lines say most comes first
    rest = np.nansum(np.where(np.isnan(lines_p), 0.0, -np.log(np.maximum(lines_p, 1e-300))), axis=1)
    order = np.lexsort((np.arange(size), -rest, entered))
    rank = np.empty(size, dtype=np.int64)
    rank[order] = np.arange(1, size + 1)
    names = _names(family)
    shared = {**names, "rank": rank}
    verdict = {"selected": SELECTED, "not_selected": NOT_SELECTED, "open": OPEN}
    own = pd.DataFrame(
        {
            **shared, "line": CLAIM, "kind": CLAIM, "verdict": [verdict[str(one)] for one in fit.status],
            "p": fit.gate, "q": fit.q, "q_by": fit.q_by, "strength": fit.strength, "n": len(listed),
            "note": _why(listed, read, fit, family),
        }
    )  # fmt: skip
    opened = np.flatnonzero((rank <= MOST_OPENED) | np.isfinite(fit.gate))
    own_names = {name: values[opened] for name, values in shared.items()}
    parts = [
        own,
        *(_line_rows(rows, line, one.at(opened), own_names, limits) for line, one in zip(listed, read, strict=True)),
    ]
    shown = np.flatnonzero((rank <= MOST_SHOWN) | (fit.selected & (_order_of(rank, fit.selected) < MOST_SHOWN)))
    more: list[tuple[Line, Read, Integers | None, str]] = [
        (line, one.facts, one.row, PART) for line, one in zip(listed, read, strict=True)
    ]
    more += [(line, facts, None, BESIDE) for line, facts in beside]
    parts += [_more_rows(rows, family, one, shown, shared, cap, limits) for one in more]
    told = pd.concat(parts, ignore_index=True)
    steps = [*range(len(listed) + 1), *(i + 1.5 for i in range(len(more)))]  # parts follow their line
    step = np.concatenate([np.full(len(part), i) for part, i in zip(parts, steps, strict=True)])
    return claims(told.iloc[np.lexsort((step, told["rank"].to_numpy()))].reset_index(drop=True))


def _names(family: Family) -> dict[str, NDArray[np.object_]]:
    index = np.indices(family.shape).reshape(5, -1)
    lists = (
        [one.name for one in family.strains], [one.name for one in family.molecules],
        [one.name for one in family.outcomes], DIRECTIONS, THROUGH,
    )  # fmt: skip
    keys = ("strain", "molecule", "outcome", "direction", "through")
    found = {key: np.array(names, dtype=object)[at] for key, names, at in zip(keys, lists, index, strict=True)}
    ids = [" | ".join(parts) for parts in zip(*found.values(), strict=True)]
    return {"claim": np.array(ids, dtype=object), **found}


def _order_of(rank: Integers, chosen: NDArray[np.bool_]) -> Integers:
    """Return how many chosen claims come before each, by rank."""
    order = np.argsort(rank)
    before = np.empty(len(rank), dtype=np.int64)
    before[order] = np.cumsum(chosen[order]) - chosen[order]
    return before


def _more_rows(
    rows: pd.DataFrame, family: Family, of: tuple[Line, Read, Integers | None, str], shown: Integers,
    shared: Mapping[str, NDArray[Any]], cap: NDArray[np.bool_], limits: Mapping[tuple[str, str], str],
) -> pd.DataFrame:  # fmt: skip
    """Return the rows of a line besides the one that decides, or all that was measured beside the lines."""
    line, facts, decides, kind = of
    found = matched(facts, family.shape, shown, cap)
    if decides is not None:
        found = found.take(found.row != decides.ravel()[found.claim])
    one = _Read(found.p, found.row, found.expected, np.ones(len(found.row), dtype=np.int64))
    frame = _line_rows(rows, line, one, {name: values[found.claim] for name, values in shared.items()}, limits)
    frame["kind"] = kind
    if kind == BESIDE:  # what a row says of itself is what is told: what it rests on, what would undo it
        own = rows["note"].take(found.row).to_numpy()
        frame["note"] = [
            "; ".join(filter(None, [_text(a), _text(b)])) or None for a, b in zip(own, frame["note"], strict=True)
        ]
    return frame


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _line_rows(
    rows: pd.DataFrame, line: Line, one: _Read, shared: Mapping[str, NDArray[Any]],
    limits: Mapping[tuple[str, str], str],
) -> pd.DataFrame:  # fmt: skip
    at = one.row.ravel()
    known = at >= 0
    taken = rows.take(np.maximum(at, 0))
    columns = ("effect", "unit", "low", "high", "level", "specimen", "question", "measure", "term", "n")
    frame = pd.DataFrame({name: taken[name].to_numpy() for name in columns}, dtype=object)
    frame.loc[~known, list(columns)] = None
    for name, values in shared.items():
        frame[name] = values
    frame["line"], frame["kind"] = line.name, "interventional" if line.interventional else "corroborating"
    frame["p"], frame["estimate"] = one.p.ravel(), pd.array(np.where(known, at, 0), dtype="Int64")
    frame.loc[~known, "estimate"] = pd.NA
    frame["verdict"] = _verdicts(taken, one, known)
    frame["note"] = _line_notes(taken, one, known, limits)
    return frame


def _verdicts(taken: pd.DataFrame, one: _Read, known: NDArray[np.bool_]) -> NDArray[np.object_]:
    """Judge by the row's interval: all on the claimed side, all on the other, or both; without effect not at all."""
    low, high = taken["low"].to_numpy(float), taken["high"].to_numpy(float)
    sign = one.expected.ravel()
    least, most = np.where(sign > 0, low, -high), np.where(sign > 0, high, -low)
    verdict = np.full(len(known), INCONCLUSIVE, dtype=object)
    with_p = np.isfinite(one.p.ravel())
    # without an interval, a two-sided p at 5 % says the same
    bare = ~np.isfinite(least)
    verdict[with_p & np.where(bare, one.p.ravel() <= 0.025, least > 0)] = SUPPORTS
    verdict[with_p & np.where(bare, one.p.ravel() >= 0.975, most < 0)] = CONTRADICTS
    nothing = taken["effect"].isna().to_numpy(bool) & ~with_p  # a row that only says why there is no value
    verdict[~known | nothing] = NOT_MEASURED
    return verdict


def _line_notes(
    taken: pd.DataFrame, one: _Read, known: NDArray[np.bool_], limits: Mapping[tuple[str, str], str]
) -> NDArray[np.object_]:
    notes = np.full(len(known), None, dtype=object)
    count = one.rows.ravel()
    p = one.p.ravel()
    own = taken["note"].fillna("").to_numpy(str)
    contrast, status = taken["contrast"].fillna("").to_numpy(str), taken["status"].fillna("").to_numpy(str)
    assay = taken["assay"].fillna("").to_numpy(str)
    for k in np.flatnonzero(known):
        told = [part for part in own[k].split("; ") if part.startswith("only ") or any(one in part for one in MATTERS)]
        if count[k] > 1:
            told.insert(0, f"the largest p of {count[k]} rows (specimens, arms or parts of this line)")
        if np.isnan(p[k]):
            told.append(f"no p: {status[k]}" if status[k] != "ok" else "no p counted")
        told += said_of(limits, contrast[k], assay[k])
        notes[k] = "; ".join(told) or None
    return notes


def _why(listed: Sequence[Line], read: Sequence[_Read], fit: stats.ClaimStrength, family: Family) -> list[str]:
    links = [(line.name, one) for line, one in zip(listed, read, strict=True) if line.interventional]
    lacking = np.stack([np.isnan(one.p.ravel()) for _, one in links], axis=1)
    names = [name for name, _ in links]
    told = []
    for k in range(family.size):
        if lacking[k].any():
            told.append("open: without p " + ", ".join(name for name, no in zip(names, lacking[k], strict=True) if no))
        elif fit.selected[k]:
            told.append(f"past the gate; at least {fit.strength[k]} of {len(listed)} lines hold (family: {fit.family})")
        else:
            told.append(f"not past the gate (family: {fit.family})")
    return told
