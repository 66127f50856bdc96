"""False discovery rate and familywise error over a stated family."""

from __future__ import annotations

from collections.abc import Callable

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
    return _adjusted(p, family, _step_up)


def by(p: ArrayLike, *, family: str) -> Floats:
    """Benjamini–Yekutieli q of each p (m,): the false discovery rate under any dependence.

    Benjamini–Hochberg's q times 1 + 1/2 + … + 1/m, at most 1. Missing p, `family` and errors as in :func:`bh`.

    References
    ----------
    Benjamini & Yekutieli (2001) Ann Stat 29:1165–1188. R: ``p.adjust(p, "BY")``.

    Examples
    --------
    Three tests: the factor is 1 + 1/2 + 1/3 = 11/6.

    >>> by([0.01, 0.04, float("nan"), 0.03], family="three tests of a lesson").round(6).tolist()
    [0.055, 0.073333, nan, 0.073333]
    """
    return _adjusted(p, family, lambda tested: _step_up(tested, float((1 / np.arange(1, tested.size + 1)).sum())))


def holm(p: ArrayLike, *, family: str) -> Floats:
    """Holm's adjusted p of each p (m,): the familywise error under any dependence.

    p̃₍ᵢ₎ = max over j ≤ i of (m − j + 1) p₍ⱼ₎, at most 1. Missing p, `family` and errors as in :func:`bh`.

    References
    ----------
    Holm (1979) Scand J Stat 6:65–70. R: ``p.adjust(p, "holm")``.

    Examples
    --------
    >>> holm([0.01, 0.04, float("nan"), 0.03], family="three tests of a lesson").round(6).tolist()
    [0.03, 0.06, nan, 0.06]
    """
    return _adjusted(p, family, _step_down)


def storey(p: ArrayLike, *, family: str, tail: float = 0.5) -> Floats:
    """Storey's q of each p (m,): Benjamini–Hochberg's with the share of true nulls estimated by :func:`null_share`.

    q₍ᵢ₎ = min over j ≥ i with p₍ⱼ₎ ≤ λ of π̂₀ m p₍ⱼ₎ / j, where λ is `tail`; a p above λ has q = 1. With this π̂₀ the
    false discovery rate is controlled in finite samples when the p of true nulls are independent (Storey, Taylor &
    Siegmund 2004, theorem 3). Features of a microbiome are dependent: π̂₀ is then an average over few effective tests,
    and :func:`bh` is the safer choice. Missing p, `family` and errors as in :func:`bh`.

    Parameters
    ----------
    tail
        λ in (0, 1), fixed before looking at the p.

    References
    ----------
    Storey (2002) J R Stat Soc B 64:479–498; Storey, Taylor & Siegmund (2004) J R Stat Soc B 66:187–205.

    Examples
    --------
    One of four p lies above 0.5, π̂₀ = (1 + 1) / (4 × 0.5) = 1; of eight, π̂₀ = 2 / (8 × 0.5) = 0.5.

    >>> p = [0.001, 0.002, 0.003, 0.004, 0.005, 0.01, 0.4, 0.9]
    >>> storey(p, family="eight tests of a lesson").round(4).tolist()
    [0.004, 0.004, 0.004, 0.004, 0.004, 0.0067, 0.2286, 1.0]
    """
    share = null_share(p, family=family, tail=tail)

    def adjust(tested: Floats) -> Floats:
        m = tested.size
        inside = tested <= tail
        q = np.ones(m)
        q[inside] = _step_up(tested[inside], share * m / max(int(inside.sum()), 1))
        return q

    return _adjusted(p, family, adjust)


def null_share(p: ArrayLike, *, family: str, tail: float = 0.5) -> float:
    """Estimate π₀, the share of true nulls among p (m,), from the p above `tail`.

    π̂₀ = (1 + #{p > λ}) / (m (1 − λ)), at most 1. The 1 is what makes :func:`storey` hold in finite samples. NaN when
    nothing was tested. Missing p, `family` and errors as in :func:`bh`; `tail` must lie in (0, 1).

    Examples
    --------
    >>> null_share([0.001, 0.002, 0.003, 0.004, 0.005, 0.01, 0.4, 0.9], family="eight tests of a lesson")
    0.5
    """
    if not 0 < tail < 1:
        raise StatisticsError(f"the tail of {family} does not lie between 0 and 1", found=tail, expected="such as 0.5")
    values = checked(p, family)
    tested = values[~np.isnan(values)]
    if not tested.size:
        return float("nan")
    return min(1.0, float((1 + np.count_nonzero(tested > tail)) / (tested.size * (1 - tail))))


def checked(p: ArrayLike, family: str) -> Floats:
    """Return p (m,) as floats in [0, 1] or NaN, of a family that has a name."""
    if not family.strip():
        raise StatisticsError("the family of a correction has no name", expected="words", mend='give family="…"')
    try:
        values = np.asarray(p, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise StatisticsError(f"p of {family} are not numbers", found=error, expected="values in [0, 1]") from error
    if values.ndim != 1:
        raise StatisticsError(f"p of {family}: one dimension is expected", found=f"shape {values.shape}")
    tested = values[~np.isnan(values)]
    if ((tested < 0) | (tested > 1)).any():
        raise StatisticsError(f"p of {family} lie outside [0, 1]", found=f"{tested.min()} to {tested.max()}")
    return values


def simes(p: ArrayLike) -> float:
    """Simes' p of the hypothesis that all of p (m,) are true nulls: min over i of m p₍ᵢ₎ / i; NaN are left out.

    Valid when p are independent or positively dependent (PRDS); NaN when nothing was tested.

    References
    ----------
    Simes (1986) Biometrika 73:751–754.

    Examples
    --------
    >>> simes([0.01, 0.04, float("nan"), 0.03])
    0.03
    """
    values = checked(p, "one omnibus")
    tested = np.sort(values[~np.isnan(values)])
    return float((tested * tested.size / np.arange(1, tested.size + 1)).min()) if tested.size else float("nan")


def _adjusted(p: ArrayLike, family: str, adjust: Callable[[Floats], Floats]) -> Floats:
    """Adjust what was tested; a missing p stays missing."""
    values = checked(p, family)
    present = ~np.isnan(values)
    out = np.full(values.shape, np.nan)
    out[present] = adjust(values[present])
    return out


def _step_up(tested: Floats, factor: float = 1.0) -> Floats:
    """Return min over j ≥ i of factor × m p₍ⱼ₎ / j, at most 1, in the order given."""
    m = tested.size
    order = np.argsort(-tested, kind="stable")
    scaled = tested[order] * m * factor / np.arange(m, 0, -1)
    adjusted = np.empty(m)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled), 1.0)
    return adjusted


def _step_down(tested: Floats) -> Floats:
    """Return max over j ≤ i of (m − j + 1) p₍ⱼ₎, at most 1, in the order given."""
    m = tested.size
    order = np.argsort(tested, kind="stable")
    adjusted = np.empty(m)
    adjusted[order] = np.minimum(np.maximum.accumulate(tested[order] * np.arange(m, 0, -1)), 1.0)
    return adjusted
