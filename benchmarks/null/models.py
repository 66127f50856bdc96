"""Cells of the estimators that take many features at once: every feature is a null study of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from commensal import stats
from null.designs import (
    CAGES,
    KINDS,
    SIZES,
    Array,
    Cell,
    Drawn,
    Layout,
    cages,
    free,
    held,
    households,
    nested,
    presence,
    values,
)

LABEL = np.array([0.0, 1.0])
Fitter = Callable[[Array, Layout], object]
#: What holds its level where the label lies inside groups of unequal size, and few samples tell of it.
SPLIT, KENWARD_ROGER = "`mixed_split`", "`mixed_split`, or `mixed_kenward_roger`"
PERMUTED = "`associate` with `n_permutations`"


def _of(fit: object) -> Drawn:
    return Drawn(np.asarray(fit.p, dtype=float), held(fit.low, fit.high))


def _continuous(name: str, layout: Layout, fitter: Fitter, m: int, *, instead: str = "") -> Iterator[Cell]:
    for kind in KINDS:
        for shared in (0.0, 0.3) if layout.unit is not None else (0.0,):
            told = KINDS[kind] + (f"; {shared:.0%} of the variance between units" if layout.unit is not None else "")

            def draw(rng: np.random.Generator, kind: str = kind, shared: float = shared) -> Drawn:
                return _of(fitter(values(rng, kind, layout.unit, m, layout.label.size, shared), layout))

            yield Cell(name, layout.name, layout.n, told, draw, instead=instead)


def fixed(m: int) -> Iterator[Cell]:
    """Least squares, plain and with moderated variances."""
    for n in SIZES:
        yield from _continuous("linear", free(n), lambda y, d: stats.linear(y, d.x, LABEL), m)
        yield from _continuous("moderated", free(n), lambda y, d: stats.moderated(stats.linear(y, d.x, LABEL)), m)
    for kind in ("normal", "heavy", "missing"):
        for n in SIZES:
            yield Cell("linear_f, three arms", "no units", n, KINDS[kind], _three_arms(n, kind, m, None))


def _three_arms(n: int, kind: str, m: int, per_arm: int | None) -> Callable[[np.random.Generator], Drawn]:
    arm = np.repeat([0, 1, 2], n)
    x = np.column_stack([np.ones(3 * n), arm == 1, arm == 2]).astype(float)
    both = np.eye(3)[1:]
    unit = None if per_arm is None else np.tile(np.sort(np.arange(n) % per_arm), 3) + per_arm * arm

    def draw(rng: np.random.Generator) -> Drawn:
        y = values(rng, kind, unit, m, 3 * n)
        fit = stats.linear_f(y, x, both) if unit is None else stats.mixed_f(y, x, both, unit)
        return Drawn(np.asarray(fit.p, dtype=float))

    return draw


def mixed(m: int) -> Iterator[Cell]:
    """One random intercept: labels inside households, and cages nested in arms."""
    for n in SIZES:
        home = households(n)
        by_satterthwaite = lambda y, d: stats.mixed(y, d.x, LABEL, d.unit)  # noqa: E731
        yield from _continuous("mixed", home, by_satterthwaite, m, instead=KENWARD_ROGER)
        yield from _continuous(
            "mixed_split, within", home, lambda y, d: stats.mixed_split(y, d.x, 1, d.unit).within, m // 4
        )
        for layout in (home, *nested(n)):
            by_kr = lambda y, d: stats.mixed_kenward_roger(y, d.x, LABEL, d.unit)  # noqa: E731
            few = SPLIT if layout is home and n < 60 else ""  # half missing: few samples tell of what is inside
            yield from _continuous("mixed_kenward_roger", layout, by_kr, m, instead=few)
        for layout in nested(n):
            yield from _continuous("mixed", layout, lambda y, d: stats.mixed(y, d.x, LABEL, d.unit), m)
            yield Cell(
                "mixed_f, three arms", layout.name, n, KINDS["normal"], _three_arms(n, "normal", m, _cages_of(layout))
            )
        yield Cell("variance_test", home.name, n, "normal; no variance between units", _variance(home, m))


def _cages_of(layout: Layout) -> int:
    return int(layout.unit.max() + 1) // 2


def _variance(layout: Layout, m: int) -> Callable[[np.random.Generator], Drawn]:
    def draw(rng: np.random.Generator) -> Drawn:
        y = values(rng, "normal", layout.unit, m, layout.label.size, 0.0)
        return Drawn(np.asarray(stats.variance_test(y, layout.x, layout.unit).p, dtype=float))

    return draw


def repeated(m: int) -> Iterator[Cell]:
    """Two nested levels (samples of mice in cages), and slopes of mice over time."""
    for n in SIZES:
        for per_arm in CAGES:
            if n // per_arm < 2:
                continue  # a mouse that is a cage is one level, which `mixed` has
            cage = cages(n, per_arm)
            mouse, label = np.repeat(np.arange(2 * n), 2), np.repeat(cage.label, 2)
            x = np.column_stack([np.ones(label.size), label])
            outer = np.repeat(cage.unit, 2)
            for shared in (0.0, 0.3):
                told = f"normal; 30 % of the variance between mice, {shared:.0%} between cages"

                def draw(rng: np.random.Generator, x=x, mouse=mouse, outer=outer, shared=shared) -> Drawn:
                    y = values(rng, "normal", mouse, m, mouse.size)
                    if shared:
                        y = np.sqrt(0.7) * y + np.sqrt(shared) * rng.normal(size=(outer.max() + 1, m))[outer]
                    return _of(stats.mixed_nested(y, x, LABEL, mouse, outer))

                yield Cell("mixed_nested", f"{per_arm} cages per arm, 2 samples a mouse", n, told, draw)
        if n <= 20:
            yield from _slopes(n, m)


def _slopes(n: int, m: int) -> Iterator[Cell]:
    mouse, day = np.repeat(np.arange(2 * n), 4), np.tile(np.arange(4.0), 2 * n)
    label = (mouse >= n).astype(float)
    x = np.column_stack([np.ones(day.size), label, day, label * day])
    for spread in (0.0, 0.5):

        def draw(rng: np.random.Generator, spread: float = spread) -> Drawn:
            own = rng.normal(size=(2 * n, m))[mouse] + spread * rng.normal(size=(2 * n, m))[mouse] * day[:, None]
            return _of(stats.mixed_slope(rng.normal(size=(day.size, m)) + own, x, [0, 0, 0, 1.0], mouse, day))

        yield Cell(
            "mixed_slope, arm × day", "no units, 4 days a mouse", n, f"normal; slopes vary by {spread:g} a day", draw
        )


def present(m: int) -> Iterator[Cell]:
    """Presence: logistic, Firth's, random intercept, conditional."""
    for n in SIZES:
        for prevalence in (0.1, 0.3, 0.5):
            told = f"present in {prevalence:.0%}"
            for name, fitter in (("logistic", stats.logistic), ("firth", stats.firth)):
                yield Cell(name, "no units", n, told, _presence(free(n), prevalence, 0.0, m, fitter))
            home = households(n)
            for spread in (0.0, 1.0):
                more = f"{told}; standard deviation between units {spread:g}"
                conditional = lambda y, x, c, d=home: stats.conditional_logistic(y, x, c, d.unit)  # noqa: E731
                yield Cell(
                    "conditional_logistic", home.name, n, more, _presence(home, prevalence, spread, m, conditional)
                )
                if prevalence == 0.1 or n == 60:
                    continue  # a hundred times slower than the others: docs/decisions/logistic.md has more cells
                for layout in (home, cages(n, 3), cages(n, 8)):
                    fit = lambda y, x, c, d=layout: stats.logistic_mixed(y, x, c, d.unit)  # noqa: E731
                    draw = _presence(layout, prevalence, spread, m // 10, fit)
                    yield Cell("logistic_mixed", layout.name, n, more, draw)


def _presence(
    layout: Layout, prevalence: float, spread: float, m: int, fitter: Callable[..., object]
) -> Callable[[np.random.Generator], Drawn]:
    def draw(rng: np.random.Generator) -> Drawn:
        y = presence(rng, prevalence, layout.unit, m, layout.label.size, spread)
        return _of(fitter(y, layout.x, LABEL))

    return draw


def rearranged(m: int) -> Iterator[Cell]:
    """Permutation p of single features, and sign flips of pairs."""
    for n in SIZES:
        for layout in (free(n), households(n), *nested(n)):
            for kind in ("normal", "heavy", "zeros"):

                def label_p(rng: np.random.Generator, layout: Layout = layout, kind: str = kind) -> Drawn:
                    y = values(rng, kind, layout.unit, m, layout.label.size)
                    seed = int(rng.integers(1 << 31))
                    arranged = stats.permutations(layout.label, block=layout.unit, n=9999, seed=seed)
                    return Drawn(stats.label_p(y, arranged, layout.label))

                yield Cell("label_p", layout.name, n, KINDS[kind], label_p)
        for kind in ("normal", "heavy"):

            def flips(rng: np.random.Generator, n: int = n, kind: str = kind) -> Drawn:
                fit = stats.sign_flips(values(rng, kind, None, m, n), n=9999, seed=int(rng.integers(1 << 31)))
                return Drawn(np.asarray(fit.p, dtype=float))

            yield Cell("sign_flips", "pairs", n, KINDS[kind], flips)


def associated(m: int) -> Iterator[Cell]:
    """All pairs of two tables: pairs are independent two by two, which is what the rate's standard error needs."""
    for n in SIZES:
        for method in ("pearson", "spearman"):
            for kind in ("normal", "heavy", "zeros"):
                for home in (None, households(n)):
                    layout = "no units" if home is None else home.name
                    by_t = _pairs(n, method, kind, home, int(np.sqrt(m)), 0)
                    # Normal theory for values that are not normal; ranks of 16 samples, fewer of them inside homes.
                    doubtful = kind != "normal" if method == "pearson" else n == 8
                    instead = PERMUTED if doubtful else ""
                    yield Cell(f"associate, {method}", layout, n, KINDS[kind], by_t, instead=instead)
                    name = f"associate, {method}, permuted"
                    yield Cell(name, layout, n, KINDS[kind], _pairs(n, method, kind, home, 30, 4999), (0.05, 1e-3))


def _pairs(
    n: int, method: str, kind: str, home: Layout | None, side: int, arrangements: int
) -> Callable[[np.random.Generator], Drawn]:
    unit = None if home is None else home.unit

    def draw(rng: np.random.Generator) -> Drawn:
        x, y = (values(rng, kind, unit, side, 2 * n) for _ in range(2))
        seed = int(rng.integers(1 << 31))
        fit = stats.associate(x, y, method=method, block=unit, n_permutations=arrangements, seed=seed)
        return Drawn(fit.p.ravel())

    return draw
