"""False discovery rate over a stated family."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats._arrays import Floats


def bh(p: ArrayLike, *, family: str) -> Floats:
    """Benjamini–Hochberg q of each p (m,) in one family.

    q₍ᵢ₎ = min over j ≥ i of p₍ⱼ₎ m / j, at most 1. A missing p (NaN) has a missing q and does not count in m: a test
    that was not made is no member of the family.

    Parameters
    ----------
    p
        (m,) values in [0, 1] or NaN.
    family
        What the family is, in words, for example ``"all genera, IBD against relatives"``. It is asked for so that
        nobody corrects over a family without saying which, and stands in the error messages.

    Raises
    ------
    StatisticsError
        A p outside [0, 1], an array that is not one-dimensional, or a family without a name.

    References
    ----------
    Benjamini & Hochberg (1995) J R Stat Soc B 57:289–300. R: ``p.adjust(p, "BH")``.

    Examples
    --------
    >>> bh([0.01, 0.04, float("nan"), 0.03], family="three tests of a lesson").round(6).tolist()
    [0.03, 0.04, nan, 0.04]
    """
    if not family.strip():
        raise StatisticsError("the family of a correction has no name", expected="words", mend='give family="…"')
    values = np.asarray(p, dtype=np.float64)
    if values.ndim != 1:
        raise StatisticsError(f"p of {family}: one dimension is expected", found=f"shape {values.shape}")
    present = ~np.isnan(values)
    tested = values[present]
    if ((tested < 0) | (tested > 1)).any():
        raise StatisticsError(f"p of {family} lie outside [0, 1]", found=f"{tested.min()} to {tested.max()}")
    m = tested.size
    order = np.argsort(-tested, kind="stable")
    scaled = tested[order] * m / np.arange(m, 0, -1)
    q = np.full(values.shape, np.nan)
    adjusted = np.empty(m)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled), 1.0)
    q[present] = adjusted
    return q
