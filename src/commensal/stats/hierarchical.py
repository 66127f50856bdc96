"""Omnibus tests first, then their parts: selection-adjusted within the groups that were selected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commensal.errors import StatisticsError, listing
from commensal.stats._arrays import Floats, Integers
from commensal.stats.multiplicity import bh, by, checked, holm, simes

if TYPE_CHECKING:
    import pandas as pd

Mask = NDArray[np.bool_]
WITHIN: dict[str, Callable[..., Floats]] = {"bh": bh, "by": by, "holm": holm}


@dataclass(frozen=True, slots=True)
class HierarchicalFit:
    """Groups (g,) tested as wholes, and the parts (m,) of those selected.

    Attributes
    ----------
    groups : (g,)
        Names of the groups, in the order of their first part.
    omnibus_p, omnibus_q : (g,)
        p of the group as a whole and its Benjamini–Hochberg q.
    selected : (g,)
        omnibus_q ≤ level.
    group : (m,)
        Index into `groups` of each part.
    p : (m,)
        As given.
    adjusted : (m,)
        Corrected within its group and for the selection of groups (× g / R); compare with `level`. NaN in groups that
        were not selected: their parts are not tested.
    rejected : (m,)
        adjusted ≤ level.
    status : (m,)
        ``ok``, ``missing`` (no p) or ``not_selected``.
    level : float
        The level of both stages.
    family : str
        What the groups are.
    """

    groups: NDArray[np.object_]
    omnibus_p: Floats
    omnibus_q: Floats
    selected: Mask
    group: Integers
    p: Floats
    adjusted: Floats
    rejected: Mask
    status: NDArray[np.object_]
    level: float
    family: str

    def __len__(self) -> int:
        """Return the number of parts."""
        return len(self.p)

    def table(self) -> pd.DataFrame:
        """Return one row per part: group, p, adjusted, rejected, status, and its group's p and q."""
        import pandas as pd

        return pd.DataFrame(
            {
                "group": self.groups[self.group],
                "p": self.p,
                "adjusted": self.adjusted,
                "rejected": self.rejected,
                "omnibus_p": self.omnibus_p[self.group],
                "omnibus_q": self.omnibus_q[self.group],
                "status": self.status,
            }
        )


def hierarchical(
    p: ArrayLike,
    group: ArrayLike,
    *,
    family: str,
    omnibus: ArrayLike | None = None,
    within: str = "bh",
    level: float = 0.05,
) -> HierarchicalFit:
    """Test groups as wholes, then the parts p (m,) of the selected groups at a level that pays for the selection.

    Groups are selected by Benjamini–Hochberg at `level` over their omnibus p; R of g selected, the parts of each are
    tested by `within` at level R/g. **Guarantee** (Benjamini & Bogomolov 2014): the false discovery rate of a selected
    group (for ``"holm"`` its familywise error), averaged over the selected groups, is at most `level` in expectation,
    if the p of different groups are independent (or all p together are positively dependent, PRDS, with ``"bh"``).
    The false discovery rate over groups is at most `level` as far as the omnibus p are valid. It does *not* bound the
    false discovery rate over all parts pooled.

    Parameters
    ----------
    p
        (m,) values in [0, 1], or NaN for a part without a test.
    group
        (m,) the group of each part.
    family
        What the groups are, in words.
    omnibus
        (g,) p of each group in the order of its first part; None takes Simes' p of its parts, which is valid when
        they are independent or positively dependent.
    within
        ``"bh"``, ``"by"`` (any dependence inside a group) or ``"holm"`` (familywise error).

    Raises
    ------
    StatisticsError
        Lengths that differ, p outside [0, 1], an unknown `within`, a level outside (0, 1), a part without a group.

    References
    ----------
    Benjamini & Bogomolov (2014) J R Stat Soc B 76:297–318.

    Examples
    --------
    Two of three pathways are selected, so the parts are tested at 0.05 × 2/3, that is, adjusted by × 3/2.

    >>> fit = hierarchical([0.001, 0.02, 0.5, 0.004, 0.9, 0.3, 0.6], [*"aaa", *"bb", *"cc"], family="three pathways")
    >>> fit.selected.tolist(), fit.adjusted.round(4).tolist()
    ([True, True, False], [0.0045, 0.045, 0.75, 0.012, 1.0, nan, nan])
    """
    if within not in WITHIN:
        raise StatisticsError("no such correction within groups", found=repr(within), expected=", ".join(WITHIN))
    refuse_level(level)
    values = checked(p, family)
    names, codes = _groups(group, values.size, family)
    parts = [np.flatnonzero(codes == code) for code in range(len(names))]
    if omnibus is None:
        whole = np.array([simes(values[members]) for members in parts], dtype=np.float64)
    else:
        whole = checked(omnibus, f"{family} (omnibus)")
    if whole.size != len(names):
        raise StatisticsError("the omnibus p do not fit the groups", found=f"{whole.size} p", expected=len(names))
    q = bh(whole, family=family)
    selected = q <= level
    factor = np.count_nonzero(~np.isnan(whole)) / max(int(selected.sum()), 1)
    adjusted = np.full(values.size, np.nan)
    status = np.full(values.size, "not_selected", object)
    for code in np.flatnonzero(selected):
        members = parts[code]
        adjusted[members] = np.minimum(WITHIN[within](values[members], family=family) * factor, 1.0)
        status[members] = "ok"
    status[np.isnan(values)] = "missing"
    return HierarchicalFit(
        names, whole, q, selected, codes, values, adjusted, adjusted <= level, status, float(level), family
    )


def refuse_level(level: float) -> None:
    """Refuse a level that is no share between 0 and 1."""
    if not 0 < level < 1:
        raise StatisticsError("a level lies between 0 and 1", found=level, expected="such as 0.05")


def _groups(group: ArrayLike, m: int, family: str) -> tuple[NDArray[np.object_], Integers]:
    """Return names in the order of first appearance, and codes (m,)."""
    given: NDArray[np.generic] = np.asarray(group)
    if given.shape != (m,):
        raise StatisticsError(f"the groups of {family} do not fit p", found=f"shape {given.shape}", expected=f"({m},)")
    labels = given.tolist()
    missing = [i for i, label in enumerate(labels) if label is None or label != label]  # noqa: PLR0124  NaN
    if missing:
        raise StatisticsError(f"parts of {family} without a group", found=f"positions {listing(missing)}")
    places = {label: code for code, label in enumerate(dict.fromkeys(labels))}
    names = np.empty(len(places), object)
    names[:] = list(places)
    return names, np.array([places[label] for label in labels], dtype=np.int64)
