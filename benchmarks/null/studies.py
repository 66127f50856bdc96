"""Cells of the estimators that take one study at a time: communities, sets, many arms, survival, families of p."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from commensal import stats
from null.designs import SIZES, Array, Cell, Drawn, Layout, cages, free, held, households, nested, values

#: One study gives p, and whether its interval holds the truth (NaN where it has none).
One = Callable[[np.random.Generator], tuple[float, float]]
NONE = float("nan")


def _studies(one: One, studies: int) -> Callable[[np.random.Generator], Drawn]:
    def draw(rng: np.random.Generator) -> Drawn:
        found = np.array([one(rng) for _ in range(studies)], dtype=float)
        return Drawn(found[:, 0], found[:, 1])

    return draw


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(1 << 31))


def communities(studies: int) -> Iterator[Cell]:
    """PERMANOVA and dispersion under the permutation that the units allow; maxima over features."""
    for n in SIZES:
        for layout in (free(n), households(n), *nested(n)):
            if n == 60 and layout.name in {"2 cages per arm", "4 cages per arm"}:
                continue  # as with 20 mice per arm: whole cages move
            for kind in ("normal", "heavy"):
                for name, one in (
                    ("permanova", _permanova(layout, kind)),
                    ("permanova_terms, the second of two", _terms(layout, kind)),
                    ("permdisp", _dispersion(layout, kind)),
                    ("max_t, any feature", _maxima(layout, kind)),
                ):
                    yield Cell(name, layout.name, n, f"10 features, {kind}", _studies(one, studies), (0.05,))


def _community(rng: np.random.Generator, layout: Layout, kind: str) -> tuple[Array, Array]:
    y = values(rng, kind, layout.unit, 10, layout.label.size)
    return y, stats.euclidean(y)


def _permanova(layout: Layout, kind: str) -> One:
    def one(rng: np.random.Generator) -> tuple[float, float]:
        arranged = stats.permutations(layout.label, block=layout.unit, n=199, seed=_seed(rng))
        return stats.permanova(_community(rng, layout, kind)[1], layout.label, permutations=arranged).p, NONE

    return one


def _terms(layout: Layout, kind: str) -> One:
    """The label after another column: of samples where labels move inside units, of whole units where those move."""

    def one(rng: np.random.Generator) -> tuple[float, float]:
        other = rng.permutation(layout.label)
        if layout.unit is not None and layout.name != "households of 2–4":
            other = rng.normal(size=int(layout.unit.max()) + 1)[layout.unit]
        design = np.column_stack([other, layout.label])
        rows = stats.permuted_rows(design, block=layout.unit, n=199, seed=_seed(rng))
        terms = {"other": other, "label": layout.label}
        return stats.permanova_terms(_community(rng, layout, kind)[1], terms, permutations=rows).p[1], NONE

    return one


def _dispersion(layout: Layout, kind: str) -> One:
    def one(rng: np.random.Generator) -> tuple[float, float]:
        arranged = stats.permutations(layout.label, block=layout.unit, n=199, seed=_seed(rng))
        return stats.permdisp(_community(rng, layout, kind)[1], layout.label, arranged).p, NONE

    return one


def _maxima(layout: Layout, kind: str) -> One:
    def one(rng: np.random.Generator) -> tuple[float, float]:
        arranged = stats.permutations(layout.label, block=layout.unit, n=199, seed=_seed(rng))
        fit = stats.max_t(_community(rng, layout, kind)[0], layout.label, permutations=arranged)
        return float(np.nanmin(np.append(fit.p_adjusted, 1.0))), NONE

    return one


def sets(studies: int) -> Iterator[Cell]:
    """A set of 20 among 120 features, its members correlated or not."""
    for n in (8, 20):
        for layout in (free(n), households(n), cages(n, 4)):
            for shared in (0.0, 0.3):
                told = f"120 features, a set of 20 with correlation {shared:g}"
                for name in ("set_permutation", "set_rotation", "set_competitive"):
                    if name != "set_permutation" and layout.unit is not None:
                        continue  # rotation and competition know no units
                    yield Cell(name, layout.name, n, told, _studies(_set(name, layout, shared), studies), (0.05,))


def _set(name: str, layout: Layout, shared: float) -> One:
    members, contrast = {"set": range(20)}, np.array([0.0, 1.0])

    def one(rng: np.random.Generator) -> tuple[float, float]:
        y = values(rng, "normal", layout.unit, 120, layout.label.size)
        y[:, :20] = np.sqrt(1 - shared) * y[:, :20] + np.sqrt(shared) * rng.normal(size=(len(y), 1))
        if name == "set_permutation":
            arranged = stats.permutations(layout.label, block=layout.unit, n=199, seed=_seed(rng))
            return stats.set_permutation(y, layout.label, members, permutations=arranged).p[0], NONE
        if name == "set_rotation":
            return stats.set_rotation(y, layout.x, contrast, members, n=199, seed=_seed(rng)).p[0], NONE
        return stats.set_competitive(y, layout.x, contrast, members).p[0], NONE

    return one


def arms(studies: int) -> Iterator[Cell]:
    """Three strains against one vehicle: any of them found, and all of their joint intervals hold."""
    for n in SIZES:
        for per_arm in (None, 2, 3, 4, 8):
            if per_arm is not None and n == 60 and per_arm < 8:
                continue  # cages count, not mice: as with 20
            for variances in ("equal", "unequal"):
                if per_arm == 2 and variances == "unequal":
                    continue  # two seconds a study
                layout = "no units" if per_arm is None else f"{per_arm} cages per arm"
                one = _dunnett(n, per_arm, variances)
                told = f"normal, 4 arms, variances taken as {variances}"
                yield Cell("dunnett, any arm", layout, n, told, _studies(one, studies), (0.05,))


def _dunnett(n: int, per_arm: int | None, variances: str) -> One:
    arm = np.repeat(np.arange(4), n)
    unit = None if per_arm is None else np.tile(np.sort(np.arange(n) % per_arm), 4) + per_arm * arm

    def one(rng: np.random.Generator) -> tuple[float, float]:
        y = values(rng, "normal", unit, 1, arm.size)[:, 0]
        fit = stats.dunnett(y, arm, 0, block=unit, variances=variances)
        if not np.isfinite(fit.p).any():
            return NONE, NONE
        return float(np.nanmin(fit.p)), float(held(fit.low, fit.high).min())

    return one


def survival(studies: int) -> Iterator[Cell]:
    """Two arms (and three against one) with the same hazard, censored at one time; cages share a frailty."""
    for n in SIZES:
        for per_arm in (None, 2, 3, 4, 8):
            layout = "no units" if per_arm is None else f"{per_arm} cages per arm"
            told = "Weibull" if per_arm is None else "Weibull, frailty of cages 0.7"
            for name, one in _survival_of(n, per_arm).items():
                yield Cell(name, layout, n, told, _studies(one, studies), (0.05,))


def _survival_of(n: int, per_arm: int | None) -> dict[str, One]:
    arm = np.repeat([0, 1, 2], n)
    unit = None if per_arm is None else np.tile(np.sort(np.arange(n) % per_arm), 3) + per_arm * arm
    two = arm < 2

    def drawn(rng: np.random.Generator) -> tuple[Array, Array, Array]:
        frailty = np.zeros(arm.size) if unit is None else 0.7 * rng.normal(size=int(unit.max()) + 1)[unit]
        death = rng.weibull(2.0, arm.size) / np.exp(frailty / 2)
        event = death <= 1.2
        change = np.where(event, np.nan, np.round(rng.normal(size=arm.size) - frailty, 1))
        return np.minimum(death, 1.2), event, change

    pair = {} if unit is None else {"cage": unit[two]}
    whole = {} if unit is None else {"cage": unit}

    def many(rng: np.random.Generator) -> tuple[float, float]:
        time, event, _ = drawn(rng)
        fit = stats.log_rank_many_to_one(time, event, arm, 0, n=199, seed=_seed(rng), **whole)
        return float(np.nanmin(np.append(fit.p_closed, 1.0))), NONE

    def rmst(rng: np.random.Generator) -> tuple[float, float]:
        time, event, _ = drawn(rng)
        fit = stats.rmst_difference(time[two], event[two], arm[two], 1.0, **pair)
        return float(fit.p), float(held(fit.low, fit.high))

    def ranks(rng: np.random.Generator) -> tuple[float, float]:
        time, event, change = drawn(rng)
        fit = stats.cafs_test(time[two], event[two], change[two], arm[two], n=199, seed=_seed(rng), **pair)
        return float(fit.p), NONE

    def wins(rng: np.random.Generator) -> tuple[float, float]:
        time, event, change = drawn(rng)
        options = {"change": change[two], "n": 199, "seed": _seed(rng), **pair}
        return float(stats.win_ratio(time[two], event[two], arm[two], **options).p), NONE

    found: dict[str, One] = {
        "log_rank_many_to_one, any arm": many,
        "rmst_difference": rmst,
        "cafs_test": ranks,
        "win_ratio": wins,
    }
    if unit is not None:
        return found

    def log_rank(rng: np.random.Generator) -> tuple[float, float]:
        time, event, _ = drawn(rng)
        return float(stats.log_rank(time[two], event[two], arm[two]).p), NONE

    def cox(rng: np.random.Generator, *, firth: bool) -> tuple[float, float]:
        time, event, _ = drawn(rng)
        fit = stats.cox(time[two], event[two], arm[two][:, None].astype(float), [1], firth=firth)
        return float(fit.p), float(held(fit.low, fit.high))

    found["log_rank"] = log_rank
    found["cox"] = lambda rng: cox(rng, firth=False)
    found["cox, Firth's"] = lambda rng: cox(rng, firth=True)
    return found


def families(studies: int) -> Iterator[Cell]:
    """Any discovery among null p, independent or with a common part; exactly r − 1 true lines of n."""
    for shared in (0.0, 0.5):
        told = "100 null p, independent" if not shared else "100 null p, correlation 0.5"
        for name, function in (("bh", stats.bh), ("by", stats.by), ("holm", stats.holm), ("storey", stats.storey)):
            if name == "storey" and shared:
                continue  # said in its docstring: for independent p

            def any_of(rng: np.random.Generator, function=function, shared=shared) -> tuple[float, float]:
                return float(function(_null_p(rng, shared), family="null").min()), NONE

            yield Cell(f"{name}, any discovery", "families", 100, told, _studies(any_of, studies), (0.05,))

        def tree(rng: np.random.Generator, shared: float = shared) -> tuple[float, float]:
            fit = stats.hierarchical(_null_p(rng, shared), np.repeat(np.arange(10), 10), family="null")
            return (0.0 if fit.rejected.any() else 1.0), NONE

        yield Cell("hierarchical, any discovery", "families", 100, told, _studies(tree, studies), (0.05,))

    for r, lines in ((2, 2), (2, 4), (3, 5)):
        for shared in (0.0, 0.5):

            def conjunction(rng: np.random.Generator, r=r, lines=lines, shared=shared) -> Drawn:
                p = _null_p(rng, shared, (50 * studies, lines))
                p[:, : r - 1] = 1e-9  # the least favourable null: exactly one line too few
                return Drawn(stats.partial_conjunction(p, r))

            told = f"{r} of {lines} lines, {r - 1} true" + ("" if not shared else ", correlation 0.5")
            yield Cell("partial_conjunction", "lines", lines, told, conjunction)

    def filtered(rng: np.random.Generator) -> tuple[float, float]:
        p = rng.random((500, 3))
        p[np.arange(500), rng.integers(3, size=500)] = 1e-9
        return (0.0 if stats.adafilter(p, 2, family="null", error="fwer").rejected.any() else 1.0), NONE

    yield Cell(
        "adafilter, any discovery (fwer)", "lines", 3, "2 of 3 lines, 1 true", _studies(filtered, studies), (0.05,)
    )

    def claims(rng: np.random.Generator) -> tuple[float, float]:
        lines = rng.random((200, 6))
        lines[:, :2] = 1e-9  # two of the three links hold, the third does not
        gate = lines[:, :3].max(axis=1)
        return (0.0 if stats.claim_strength(gate, lines, family="null").selected.any() else 1.0), NONE

    told = "200 claims, 2 of 3 links true"
    yield Cell("claim_strength, any claim", "lines", 6, told, _studies(claims, studies), (0.05,))


def _null_p(rng: np.random.Generator, shared: float, shape: tuple[int, ...] = (100,)) -> Array:
    from scipy.special import ndtr

    common = rng.normal(size=(*shape[:-1], 1))
    return np.asarray(ndtr(np.sqrt(1 - shared) * rng.normal(size=shape) + np.sqrt(shared) * common))
