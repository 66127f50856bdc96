"""Claims of a run against the truth of a simulation: which lines of a claim hold, and which were found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from commensal.tables.claims import BESIDE, CLAIM, CONTRADICTS, NOT_MEASURED, PART, SELECTED, SUPPORTS

Truth = Mapping[str, Any]
#: Whether a line is true of a claim.
Holds = Callable[[Truth, Mapping[str, Any]], bool]
#: The three links of the gate.
GATE = ("strain → outcome", "strain → molecule", "molecule → outcome")
_D, _V = {"helps": 1, "harms": -1}, {"raises": 1, "lowers": -1}


def _sign(truth: Truth, line: str, claim: Mapping[str, Any]) -> int:
    """Return the planted sign of a line for what a claim is about, 0 where nothing was planted."""
    for row in truth["links"].get(line, ()):
        if all(row[key] == claim[key] for key in ("strain", "molecule", "outcome") if key in row):
            return int(row["sign"])
    return 0


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _both(part: str, signs: Callable[[int, int], tuple[int, int]]) -> Holds:
    def holds(truth: Truth, claim: Mapping[str, Any]) -> bool:
        molecule, outcome = signs(_D[claim["direction"]], _V[claim["through"]])
        return (
            _sign(truth, f"{part} → molecule", claim) == molecule
            and _sign(truth, f"{part} → outcome", claim) == outcome
        )

    return holds


def _one(line: str, sign: Callable[[int, int], int]) -> Holds:
    def holds(truth: Truth, claim: Mapping[str, Any]) -> bool:
        return _sign(truth, line, claim) == sign(_D[claim["direction"]], _V[claim["through"]])

    return holds


#: Line → whether it is true of a claim; and the columns that say what the line is about.
_HOLDS: dict[str, tuple[Holds, tuple[str, ...], str]] = {
    "strain → outcome": (_one("strain → outcome", lambda d, _: d), ("strain", "outcome"), "d"),
    "strain → molecule": (_one("strain → molecule", lambda _, v: v), ("strain", "molecule"), "v"),
    "molecule → outcome": (_one("molecule → outcome", lambda d, v: d * v), ("molecule", "outcome"), "dv"),
    "depletion": (_both("depletion", lambda d, v: (-v, -d)), ("molecule", "outcome"), "d v"),
    "necessity": (_both("necessity", lambda d, v: (-v, -d)), ("strain", "molecule", "outcome"), "d v"),
    "difference": (_one("difference", lambda d, _: -d), ("strain",), "d"),
    "precedence": (_one("precedence", lambda d, _: -d), ("strain",), "d"),
    "host reversal": (_one("host reversal", lambda d, v: d * v), ("molecule",), "dv"),
    "human genes": (_one("human genes", lambda d, v: -d * v), ("molecule",), "dv"),
    "human level": (_one("human level", lambda d, v: -d * v), ("molecule",), "dv"),
    "human severity": (_one("human severity", lambda d, v: d * v), ("molecule",), "dv"),
}


def line_holds(truth: Truth, line: str, claim: Mapping[str, Any]) -> bool:
    """Say whether a line of a claim is true.

    Parameters
    ----------
    truth
        The simulation's truth, with ``links``.
    line
        Its name, as claims have it.
    claim
        `strain`, `molecule`, `outcome`, `direction` and `through`.

    Examples
    --------
    >>> truth = {"links": {"strain → outcome": [{"strain": "S", "outcome": "grip", "sign": 1}]}}
    >>> claim = {"strain": "S", "molecule": "m", "outcome": "grip", "direction": "helps", "through": "raises"}
    >>> line_holds(truth, "strain → outcome", claim), line_holds(truth, "strain → molecule", claim)
    (True, False)
    """
    return _HOLDS[line][0](truth, claim) if line in _HOLDS else False


def is_true(truth: Truth, claim: Mapping[str, Any]) -> bool:
    """Say whether a claim is true: all three links of the gate are planted in its direction."""
    return all(line_holds(truth, line, claim) for line in GATE)


def _counted(found: pd.DataFrame) -> pd.DataFrame:
    """Return claims and the one row of each line that counts."""
    return found[~found["kind"].isin((PART, BESIDE))]


def judged_claims(found: pd.DataFrame, truth: Truth) -> pd.DataFrame:
    """Return the claims that are selected or true, and the first: which they are, and how many of their lines hold.

    A line that may be true indirectly counts as true, so that a strength is never called too large because of it.

    Returns
    -------
    pandas.DataFrame
        ``rank``, ``claim``, ``verdict``, ``p``, ``strength``, ``n`` and ``true``, ``lines_true``, ``too_strong``.
    """
    found = _counted(found)
    own = found[found["line"] == CLAIM]
    names = found.loc[found["claim"] == own["claim"].iloc[0], "line"] if len(own) else []
    lines = [name for name in names if name != CLAIM]
    indirect = set(truth.get("indirect", ()))
    rows = []
    for claim in _records(own):
        true = is_true(truth, claim)
        if not (true or claim["verdict"] == SELECTED or claim["rank"] == 1):
            continue
        held = sum(name in indirect or line_holds(truth, name, claim) for name in lines)
        strength = claim["strength"] if pd.notna(claim["strength"]) else 0
        kept = {key: claim[key] for key in ("rank", "claim", "verdict", "p", "n")}
        rows.append({**kept, "strength": strength, "true": true, "lines_true": held, "too_strong": strength > held})
    columns = ("rank", "claim", "verdict", "p", "n", "strength", "true", "lines_true", "too_strong")
    return pd.DataFrame(rows, columns=list(columns))


def judged_lines(found: pd.DataFrame, truth: Truth) -> pd.DataFrame:
    """Return what each line says against what was planted, every fact once however many claims rest on it.

    Returns
    -------
    pandas.DataFrame
        Per line: ``true`` facts measured, of them ``supported``, ``inconclusive`` and ``contradicted``; facts that are
        not true, and of them ``false`` ones that are called supported.
    """
    rows = []
    found = _counted(found)
    for line, own in found[(found["line"] != CLAIM) & (found["verdict"] != NOT_MEASURED)].groupby("line", sort=False):
        if line not in _HOLDS or line in truth.get("indirect", ()):
            continue
        _, columns, signs = _HOLDS[str(line)]
        d, v = own["direction"].map(_D), own["through"].map(_V)
        side = {"d": d, "v": v, "dv": d * v, "d v": 2 * d + v}[signs]
        facts = own.assign(side=side).drop_duplicates([*columns, "side"])
        holds: pd.Series[bool] = pd.Series(
            [line_holds(truth, str(line), one) for one in _records(facts)], index=facts.index
        )
        supports, against = facts["verdict"] == SUPPORTS, facts["verdict"] == CONTRADICTS
        rows.append(
            {
                "line": line, "true": int(holds.sum()), "supported": int((holds & supports).sum()),
                "inconclusive": int((holds & ~supports & ~against).sum()),
                "contradicted": int((holds & against).sum()), "not_true": int((~holds).sum()),
                "false": int((~holds & supports).sum()),
            }
        )  # fmt: skip
    columns_ = ["line", "true", "supported", "inconclusive", "contradicted", "not_true", "false"]
    return pd.DataFrame(rows, columns=columns_)
