"""Cells of what animals are measured by: scores, ceilings and counts, differences at each time, slopes, all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from commensal import stats
from null.designs import Array, Cell, Drawn, Layout, free, held, households, nested, values

LABEL = np.array([0.0, 1.0])
#: Animals per arm: as studies of them have.
ANIMALS = (8, 20)
TIMES = np.arange(6.0)


def outcomes(m: int, studies: int) -> Iterator[Cell]:
    """Scores, censored values and counts in batches; trajectories and the global test study by study."""
    for n in ANIMALS:
        for layout in (free(n), households(n), *nested(n)):
            for shared in (0.0, 0.3) if layout.unit is not None else (0.0,):
                told = "" if layout.unit is None else f"; {shared:.0%} of the latent variance between units"
                for name, (words, fitter) in LATENT.items():
                    yield Cell(name, layout.name, n, words + told, _batch(layout, fitter, m, shared))
        for layout in (free(n), *nested(n)):
            for gone in (0.0, 0.3):
                told = "slopes of animals and cages vary" + (f"; {gone:.0%} drop out" if gone else "")
                yield Cell("unit_contrasts, slopes", layout.name, n, told, _slopes(layout, m, gone))
            told = "6 times, paces of animals and cages vary"
            yield Cell("trajectories, any time", layout.name, n, told, _any_time(layout, studies), (0.05,))
            told = "3 measures that go together"
            yield Cell("global_test", layout.name, n, told, _together(layout, studies), (0.05,))


def _score(z: Array, d: Layout) -> stats.OutcomeFit:
    return stats.cumulative_link_mixed(np.digitize(z, [-1.0, 0.0, 1.0]), d.x, LABEL, d.unit)


def _latency(z: Array, d: Layout) -> stats.OutcomeFit:
    return stats.censored_mixed(np.minimum(z, 0.8), d.x, LABEL, d.unit, right=z > 0.8)


LATENT: dict[str, tuple[str, Callable[[Array, Layout], stats.OutcomeFit]]] = {
    "cumulative_link_mixed": ("4 scores", _score),
    "censored_mixed": ("normal, a fifth beyond the ceiling", _latency),
}


def _batch(
    layout: Layout, fitter: Callable[[Array, Layout], stats.OutcomeFit], m: int, shared: float
) -> Callable[[np.random.Generator], Drawn]:
    def draw(rng: np.random.Generator) -> Drawn:
        fit = fitter(values(rng, "normal", layout.unit, m, layout.label.size, shared), layout)
        return Drawn(fit.p, held(fit.low, fit.high))

    return draw


def counts(m: int) -> Iterator[Cell]:
    """Counts with and without more spread than Poisson's."""
    for n in ANIMALS:
        for layout in (free(n), households(n), *nested(n)):
            for size in (2.0, np.inf):
                told = f"negative binomial, θ = {size:g}" if np.isfinite(size) else "Poisson"
                told += "" if layout.unit is None else "; units differ by 0.4 in log mean"
                yield Cell("count_mixed", layout.name, n, told + ", mean 5", _counts(layout, m, size))


def _counts(layout: Layout, m: int, size: float) -> Callable[[np.random.Generator], Drawn]:
    def draw(rng: np.random.Generator) -> Drawn:
        log_mean = np.full((layout.label.size, m), np.log(5.0))
        if layout.unit is not None:
            log_mean += 0.4 * rng.normal(size=(layout.unit.max() + 1, m))[layout.unit]
        mean = np.exp(log_mean)
        y = rng.poisson(mean * (rng.gamma(size, 1 / size, mean.shape) if np.isfinite(size) else 1.0))
        fit = stats.count_mixed(y, layout.x, LABEL, layout.unit)
        return Drawn(fit.p, held(fit.low, fit.high))

    return draw


def _course(rng: np.random.Generator, layout: Layout) -> Array:
    """Values (s, t): levels and paces of animals, and of cages where there are any, and what is left."""
    n = layout.label.size
    y = rng.normal(size=(n, 1)) + 0.4 * rng.normal(size=(n, 1)) * TIMES + rng.normal(size=(n, TIMES.size))
    if layout.unit is not None:
        size = (int(layout.unit.max()) + 1, 1)
        y += 0.6 * rng.normal(size=size)[layout.unit] + 0.25 * rng.normal(size=size)[layout.unit] * TIMES
    return np.asarray(y)


def _slopes(layout: Layout, m: int, gone: float) -> Callable[[np.random.Generator], Drawn]:
    def draw(rng: np.random.Generator) -> Drawn:
        p, holds = np.full((2, m), np.nan)
        for i in range(m):
            y = _course(rng, layout)
            last = np.where(rng.random(len(y)) < gone, rng.integers(2, 6, len(y)), 9)
            y[TIMES[None, :] >= last[:, None]] = np.nan
            slopes = stats.subject_slopes(y, TIMES)
            weights = stats.slope_weights(slopes, layout.x)
            fit = stats.unit_contrasts(slopes.value[:, None], layout.x, [LABEL], layout.unit, weights=weights)[0]
            p[i], holds[i] = fit.p[0], held(fit.low, fit.high)[0]
        return Drawn(p, holds)

    return draw


def _any_time(layout: Layout, studies: int) -> Callable[[np.random.Generator], Drawn]:
    def draw(rng: np.random.Generator) -> Drawn:
        p, holds = np.full((2, studies), np.nan)
        for i in range(studies):
            fit = stats.trajectories(_course(rng, layout), TIMES, layout.x, [LABEL], layout.unit)[0]
            if np.isfinite(fit.p_joint).any():
                p[i] = np.nanmin(fit.p_joint)
                holds[i] = float((fit.low_joint <= 0).all() and (fit.high_joint >= 0).all())
        return Drawn(p, holds)

    return draw


def _together(layout: Layout, studies: int) -> Callable[[np.random.Generator], Drawn]:
    def draw(rng: np.random.Generator) -> Drawn:
        p, holds = np.full((2, studies), np.nan)
        for i in range(studies):
            z = values(rng, "normal", layout.unit, 1, layout.label.size) + rng.normal(size=(layout.label.size, 3))
            fit = stats.global_test(z, layout.label, layout.unit, n=199, seed=int(rng.integers(1 << 31)))
            p[i], holds[i] = fit.p, held(np.array([fit.low]), np.array([fit.high]))[0]
        return Drawn(p, holds)

    return draw
