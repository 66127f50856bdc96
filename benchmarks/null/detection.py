"""Cells of values below limits of detection: arms with and without cages, 0 to 80 % of the values below."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy.special import ndtri

from commensal import stats
from null.designs import Cell, Drawn, Layout, cages, free, households

#: Share of all values below their limits, and of the variance between units.
BELOW, SHARED = (0.0, 0.3, 0.6, 0.8), 0.2
SIZES = (8, 20)


def detection(m: int) -> Iterator[Cell]:
    """`left_censored`: two arms, ten more arms beside them, a covariate, and a true difference."""
    for n in SIZES:
        layouts = [free(n), *(cages(n, per_arm) for per_arm in (3, 4, n // 4 if n > 16 else 8))]
        for layout in layouts:
            for below in BELOW:
                for arms, covariate, shift in ((2, False, 0.0), (12, False, 0.0), (2, True, 0.0), (2, False, 1.5)):
                    told = f"{below:.0%} below the limit" + (f", {arms - 2} more arms" if arms > 2 else "")
                    told += (", a covariate" if covariate else "") + (f", arms {shift:g} σ apart" if shift else "")
                    told += "" if layout.unit is None else f"; {SHARED:.0%} of the variance between units"
                    draw = _drawn(layout, below, arms, covariate, shift, m)
                    yield Cell("left_censored", layout.name, n, told, draw)
        home = households(n)
        for below in BELOW[1:3]:
            told = f"{below:.0%} below the limit; {SHARED:.0%} of the variance between units"
            yield Cell("left_censored, inside", home.name, n, told, _drawn(home, below, 2, False, 0.0, m // 5))


def _drawn(
    layout: Layout, below: float, arms: int, covariate: bool, shift: float, m: int
) -> Callable[[np.random.Generator], Drawn]:
    """Compare the first two arms; where they differ in truth only the interval's hold on that is asked."""
    more = arms // 2
    label = np.concatenate([layout.label + 2 * i for i in range(more)]).astype(int)
    unit = layout.unit
    if unit is not None:
        unit = np.concatenate([unit + i * (int(unit.max()) + 1) for i in range(more)])

    def draw(rng: np.random.Generator) -> Drawn:
        y = rng.normal(size=(label.size, m))
        if unit is not None:
            y = np.sqrt(1 - SHARED) * y + np.sqrt(SHARED) * rng.normal(size=(int(unit.max()) + 1, m))[unit]
        y += shift * (label == 1)[:, None]
        limit = np.full(m, np.nan if not below else ndtri(below) + shift / 2)
        y = np.where(y < limit, -np.inf, y)
        x = np.eye(arms)[label]
        contrast = np.zeros(arms)
        contrast[:2] = -1, 1
        if covariate:
            x, contrast = np.column_stack([x, rng.normal(size=label.size)]), np.append(contrast, 0)
        fit = stats.left_censored(y, limit, x, [contrast], unit)[0]
        told = np.isfinite(fit.p)
        low, high = np.where(np.isnan(fit.low), -np.inf, fit.low), np.where(np.isnan(fit.high), np.inf, fit.high)
        holds = np.where(told, ((low <= shift) & (shift <= high)).astype(float), np.nan)
        return Drawn(fit.p if not shift else np.full(m, np.nan), holds)

    return draw
