"""What stands beside a claim: measured about its microbe, molecule and outcome, and in neither gate nor strength.

Mediation rests on how animals of one arm differ, and nobody was given the molecule in it; whether a strain took hold is
about the arm; what differs with progression is after the onset. By rule none of them opens the gate or adds to the
strength, and a reader sees them beside the lines, with the verdict that their own interval gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.evidence.facts import ANY, Facts, Floats, Integers, facts
from commensal.evidence.family import Family
from commensal.evidence.lines import Line, Part, chosen_rows, features_of, kept, outcomes_of, strains_of, taxa_of

Rows = pd.DataFrame
#: The feature of a row about a whole table.
_ALL = "(all)"
_SIGN = (1, -1)


def mediation(rows: Rows, family: Family) -> Facts:
    """Read whether the strain's effect on the outcome was found to pass through the molecule, table by table.

    A row that says why nothing could be asked names neither: it stands beside every claim about its measure.
    """
    own = chosen_rows(rows, family, "mediators", "mediation")
    whole = (own["feature"].fillna(_ALL) == _ALL).to_numpy(bool)
    strain = np.where(own["term"].isna().to_numpy(bool), ANY, strains_of(own, family))
    molecule = np.where(whole, ANY, features_of(own, family))
    outcome, better = outcomes_of(own, family)
    keep = (strain >= ANY) & (molecule >= ANY) & kept(own, outcome)
    return facts(own[keep], strain=strain[keep], molecule=molecule[keep], outcome=outcome[keep], sign=better[keep])


def engraftment(rows: Rows, family: Family) -> Facts:
    """Read whether the strain that was given is more abundant in its arm than in the control."""
    own = rows[(rows["kind"] == "screen") & (rows["model"] == "engraftment")]
    strain, taxon = strains_of(own, family), taxa_of(own, family)
    keep = kept(own, strain, taxon) & (strain == taxon)
    held = own[keep]
    first = ~held.duplicated(["question", "assay", "feature", "term", "measure"]).to_numpy(bool)
    return facts(held[first], strain=strain[keep][first])


def progression(rows: Rows, family: Family) -> Facts:
    """Read the strain's own abundance with progression: whether what differed before onset still does."""
    own = chosen_rows(rows, family, "course", "abundance")
    own = own[(own["term"] == "with").to_numpy(bool)]
    strain = taxa_of(own, family)
    keep = kept(own, strain)
    return facts(own[keep], strain=strain[keep])


BESIDE_LINES: tuple[Line, ...] = (
    Line("mediation", False, (Part(mediation, lambda d, _: d),)),
    Line("engraftment", False, (Part(engraftment, lambda *_: 1),)),
    Line("progression", False, (Part(progression, lambda d, _: -d),)),
)


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """Rows that speak of some claims; arrays are (k,), one entry for each pair of claim and row."""

    claim: Integers  #: place of the claim in the family, flat
    row: Integers  #: row of the Estimates
    p: Floats  #: one-sided, in the claimed direction; NaN where there is none
    expected: Integers  #: the sign that the row's effect must have

    def take(self, keep: NDArray[np.bool_]) -> Matched:
        """Return the pairs that are kept."""
        return Matched(self.claim[keep], self.row[keep], self.p[keep], self.expected[keep])


def matched(
    read: Sequence[tuple[Part, Facts]], shape: tuple[int, ...], claims: Integers, cap: NDArray[np.bool_]
) -> Matched:
    """Return every row of a line that speaks of some claims (c,), claim by claim.

    Parameters
    ----------
    read
        The line's parts with what they read.
    shape
        Of the family.
    claims
        Places in the family, flat.
    cap
        (rows,) which rows count for nothing because of their design.
    """
    out: list[tuple[Integers, Integers, Floats, Integers]] = []
    index = np.stack(np.unravel_index(claims, shape), axis=1) if len(claims) else np.empty((0, 5), dtype=np.int64)
    for place, (strain, molecule, outcome, i, j) in zip(claims, index, strict=True):
        for part, own in read:
            at = np.flatnonzero(_of(own.strain, strain) & _of(own.molecule, molecule) & _of(own.outcome, outcome))
            sign = part.expected(_SIGN[i], _SIGN[j])
            up = own.up[at] if sign > 0 else 1 - own.up[at]
            p = np.where(cap[own.row[at]], np.nan, up)
            out.append((np.full(len(at), place, dtype=np.int64), own.row[at], p, sign * own.sign[at]))
    if not out:
        nothing = np.empty(0, dtype=np.int64)
        return Matched(nothing, nothing, np.empty(0), nothing)
    claim, row, p, expected = (np.concatenate(parts) for parts in zip(*out, strict=True))
    return Matched(claim, row, p, expected)


def _of(values: Integers, wanted: int) -> NDArray[np.bool_]:
    return np.asarray((values == ANY) | (values == wanted), dtype=np.bool_)
