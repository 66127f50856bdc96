"""Several measures of the same subjects in one test: O'Brien's rank sum, with whole units rearranged."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats._arrays import numbers as list_of_numbers
from commensal.stats._design import group_codes, numbers
from commensal.stats._survival import moves
from commensal.stats.fits import Array, Counts, Mask
from commensal.stats.label_permutation import label_p
from commensal.stats.permutation import is_mirrored, smallest_p
from commensal.stats.unit_contrasts import unit_contrasts

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class GlobalFit:
    """One test of all measures together; missing is NaN, and `status` says why.

    Attributes
    ----------
    effect : float
        Mean over measures of the chance that a case has the higher value of a case and a control, less ½.
    se, low, high : float
        Standard error and interval of the effect, from the subjects' scores compared through their units.
    p : float
        Two-sided p of the effect, labels rearranged: whole units, or subjects inside them.
    p_t : float
        The p that goes with the interval.
    df : float
        Its degrees of freedom.
    smallest_p, n_distinct : float
        What p can be at least, and how many arrangements there are.
    n_permutations : int
        Arrangements compared.
    exact : bool
        Whether these are all.
    n, n_case, n_units : int
        Subjects with at least one measure, cases among them, units.
    measures : (m,) counts
        Subjects with a value of each measure.
    status, note : str
        ``ok`` has a p; ``too_few``, ``one_cage``.
    scores : (n,)
        Each subject's mean share of ranks, NaN without any measure.
    """

    effect: float
    se: float
    low: float
    high: float
    p: float
    p_t: float
    df: float
    smallest_p: float
    n_distinct: float
    n_permutations: int
    exact: bool
    n: int
    n_case: int
    n_units: int
    measures: Counts
    status: str
    note: str
    scores: Array

    def table(self) -> pd.DataFrame:
        """Return one row."""
        import pandas as pd

        names = [name for name in self.__slots__ if name not in ("measures", "scores")]
        return pd.DataFrame({name: [getattr(self, name)] for name in names})


def global_test(
    y: ArrayLike,
    case: ArrayLike,
    unit: Iterable[Hashable] | None = None,
    *,
    n: int = 9999,
    seed: int = 1,
    level: float = 0.95,
) -> GlobalFit:
    """Test several measures y (s, m) of the same subjects at once, cases (s,) against controls, units (s,).

    Every measure is ranked among its subjects; a subject's score is the mean of (rank − ½) / (subjects ranked) over
    its measures, and the difference of mean scores is the statistic. Measures that say the same thing make the score
    no surer: labels are rearranged with all measures of a subject together, so that nothing is counted twice.

    Parameters
    ----------
    y : (s, m)
        One value of each subject and measure, all turned so that higher means the same; NaN is missing.
    case : (s,)
        1 or True for cases, 0 for controls.
    unit : (s,), optional
        Cage, isolator, litter: where it holds one side only, whole units change labels, else subjects inside them.
    n
        Random arrangements, when there are more distinct ones.
    seed
        Seed of the random arrangements.
    level
        Of the interval.

    Returns
    -------
    GlobalFit
        Status ``one_cage``: a side is a single unit; ``too_few``: a side has no subject, or labels have one
        arrangement only. The interval and `p_t` are `unit_contrasts`' of the scores: with few units `p` cannot be
        small, and they say what the scores say when taken as roughly normal.

    Raises
    ------
    StatisticsError
        Arrays that do not fit together; infinite values; a label that is not 0 or 1.

    References
    ----------
    O'Brien 1984, Biometrics 40:1079. Huang et al. 2005, Biometrics 61:532, on its use with missing values.

    Examples
    --------
    >>> y = np.array([[1, 3], [2, 2], [3, 5], [2, 1], [6, 6], [5, 9], [7, 7], [4, float("nan")]])
    >>> found = global_test(y, [0, 0, 0, 0, 1, 1, 1, 1])
    >>> round(found.effect, 3), round(found.p, 4), found.n_distinct
    (0.472, 0.0286, 70.0)
    """
    values, side = numbers(y, "y", 2), list_of_numbers(case, "case", dimensions=1)
    if len(side) != len(values) or not np.isin(side, (0, 1)).all() or np.isinf(values).any():
        raise StatisticsError(
            "case and y do not fit", found=f"{len(side)} labels, y {values.shape}", expected="0 or 1 per row; finite y"
        )
    codes = None if unit is None else group_codes(unit, len(values), "unit")
    scores = _scores(values)
    known = np.isfinite(scores)
    counts = np.asarray((~np.isnan(values)).sum(axis=0), dtype=np.int64)
    own, label = scores[known], side[known]
    units = None if codes is None else codes[known]
    n_units = int(known.sum()) if units is None else int(np.unique(units).size)
    told = {"n": len(own), "n_case": int(label.sum()), "n_units": n_units, "measures": counts, "scores": scores}
    if not 0 < label.sum() < len(label):
        return GlobalFit(**NOTHING, **told, status="too_few", note="one side has no subject")  # type: ignore[arg-type]
    x = np.column_stack([np.ones(len(own)), label])
    fit = unit_contrasts(own[:, None], x, [[0, 1]], units, level=level)[0]
    arranged = moves(label.astype(np.int64), units, None, n, seed).arranged(label.astype(np.int64))
    mirrored = is_mirrored(label, None if units is None else units, arranged.scheme)
    status, note = _movable(label, units, arranged.n_distinct)
    p = np.nan
    if status == "ok":
        p = float(label_p(own[:, None], arranged, label)[0])
        status, note = ("too_few", "the scores do not vary") if np.isnan(p) else ("ok", "")
    found = {
        "effect": float(own[label == 1].mean() - own[label == 0].mean()),
        **{name: float(getattr(fit, name)[0]) for name in ("se", "low", "high", "df")},
        "p": p,
        "p_t": float(fit.p[0]),
        "smallest_p": smallest_p(arranged.n_distinct, n, mirrored=mirrored) if status == "ok" else np.nan,
        "n_distinct": arranged.n_distinct,
        "n_permutations": len(arranged.labels) if status == "ok" else 0,
        "exact": arranged.exact,
    }
    return GlobalFit(**found, **told, status=status, note=note)  # type: ignore[arg-type]


#: What a test without a side has to say.
NOTHING = {
    **dict.fromkeys(("effect", "se", "low", "high", "p", "p_t", "df", "smallest_p", "n_distinct"), float("nan")),
    "n_permutations": 0,
    "exact": False,
}


def _scores(values: Array) -> Array:
    """Mean over measures of (rank − ½) / n, (s,)."""
    from scipy.stats import rankdata

    shares = np.full(values.shape, np.nan)
    for j in range(values.shape[1]):
        known = ~np.isnan(values[:, j])
        shares[known, j] = (rankdata(values[known, j]) - 0.5) / max(int(known.sum()), 1)
    known = ~np.isnan(shares)
    total = np.where(known, shares, 0.0).sum(axis=1)
    return np.asarray(np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), np.nan))


def _movable(label: Array, units: Counts | None, distinct: float) -> tuple[str, str]:
    """Say whether labels can be rearranged at all: status and note."""
    if units is not None:
        sides: list[Mask] = [label == 1, label == 0]
        whole = all(np.unique(label[units == one]).size == 1 for one in np.unique(units))
        if whole and min(np.unique(units[side]).size for side in sides) < 2:
            return "one_cage", "one side is a single unit"
    if distinct <= 1:
        return "too_few", "the labels have one arrangement only"
    return "ok", ""
