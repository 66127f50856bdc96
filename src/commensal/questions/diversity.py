"""Whole communities: diversity within samples, distance between them, and where samples lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal import stats
from commensal.questions.answer import Answer
from commensal.questions.comparison import BETWEEN, WITHIN, Comparison
from commensal.questions.rows import with_q
from commensal.questions.scales import Scales
from commensal.questions.terms import FEWEST_BLOCKS, blocks_with_both, fits_of_terms
from commensal.study import Dropped
from commensal.tables import ALL, estimates, points

Array = NDArray[np.float64]
MIDPOINT = "the tree has no root: rooted at the midpoint of its longest path"


def diversity(comparison: Comparison, scale: Scales) -> Answer:
    """Compare richness at even depth, Shannon's index and, with a tree, Faith's phylogenetic diversity."""
    y, units, notes, dropped = _indices(comparison, scale)
    rows: list[dict[str, object]] = []
    for term, fit in fits_of_terms(comparison, np.column_stack(list(y.values()))).items():
        for index, name in enumerate(y):
            seen = np.isfinite(y[name])
            rows.append(
                {
                    **comparison.identity(),
                    "feature": ALL,
                    "measure": name,
                    "model": "linear model" if comparison.block is None else "linear mixed model",
                    "term": term,
                    "unit": units[name],
                    "level": comparison.question.level,
                    "test": "t" if comparison.block is None else "t, Satterthwaite",
                    **{
                        column: getattr(fit, column)[index]
                        for column in ("effect", "se", "low", "high", "statistic", "df", "p", "status")
                    },
                    "n": int(seen.sum()),
                    "n_case": int(seen[comparison.case].sum()),
                    "n_control": int(seen[~comparison.case].sum()),
                    "n_blocks": _blocks_that_speak(comparison, seen, term),
                    "note": "; ".join(filter(None, [fit.note[index], notes.get(name)])) or None,
                }
            )
    if "richness" not in y:
        rows.append(_not_measured(comparison, "richness", "reads per sample are not in the table"))
    frame = with_q(estimates(rows), comparison, "diversity")
    drawn = [_sample_points(comparison, "diversity", name, units[name], y=values) for name, values in y.items()]
    return Answer(frame, points(pd.concat(drawn, ignore_index=True)), tuple(dropped))


def composition(comparison: Comparison, scale: Scales) -> Answer:
    """Compare communities: PERMANOVA and dispersion per distance, and principal coordinates."""
    rows: list[dict[str, object]] = []
    drawn = []
    for name, (distance, note) in _distances(comparison, scale).items():
        for term in comparison.terms:
            rows += _permanova_rows(comparison, name, distance, term, note)
        ordination = stats.pcoa(distance, axes=2)
        for axis in range(2):
            rows.append(
                {
                    **comparison.identity(),
                    **comparison.counts(),
                    "feature": f"axis {axis + 1}",
                    "measure": name,
                    "model": "pcoa",
                    "effect": ordination.share[axis],
                    "unit": "share",
                    "status": "ok",
                }
            )
        x, y = ordination.coordinates.T
        drawn.append(_sample_points(comparison, "ordination", name, "distance", x=x, y=y))
    frame = estimates(rows)
    omnibus = frame["model"].isin(["permanova", "permdisp"])
    tested = [with_q(frame[frame["model"] == model], comparison, model) for model in ("permanova", "permdisp")]
    frame = pd.concat([*tested, frame[~omnibus]]).sort_index()
    return Answer(frame, points(pd.concat(drawn, ignore_index=True)))


def _indices(
    comparison: Comparison, scale: Scales
) -> tuple[dict[str, Array], dict[str, str], dict[str, str], list[Dropped]]:
    amounts = scale.amounts
    y: dict[str, Array] = {}
    units = {"richness": "taxa", "shannon": "nats", "faith_pd": "branch length"}
    notes: dict[str, str] = {}
    dropped: list[Dropped] = []
    depth = None
    if scale.depth is not None:
        depth = stats.even_depth(scale.depth)
        y["richness"] = stats.rarefied_richness(amounts, depth)
        notes["richness"] = f"expected number of taxa in {depth:,.0f} reads"
        shallow = np.flatnonzero(scale.depth < depth)
        reason = f"richness: fewer reads than the even depth of {depth:,.0f} (too_shallow)"
        dropped = [Dropped("sample", comparison.where, comparison.samples[i], reason) for i in shallow]
        if shallow.size:
            notes["richness"] += f"; {shallow.size} sample{'s are' if shallow.size > 1 else ' is'} too_shallow"
    y["shannon"] = stats.shannon(amounts)
    if comparison.assay.tree is not None:
        ids = [str(name) for name in comparison.assay.features.index]
        tree = comparison.assay.tree
        if depth is None:
            y["faith_pd"] = stats.faith_pd(amounts, ids, tree)
        else:
            y["faith_pd"] = stats.rarefied_faith_pd(amounts, depth, ids, tree)
            notes["faith_pd"] = f"expected in {depth:,.0f} reads"
        if not stats.is_rooted(tree):
            notes["faith_pd"] = "; ".join([*filter(None, [notes.get("faith_pd")]), MIDPOINT])
    if absent := _taken_as_absent(scale):
        notes = {name: "; ".join([*filter(None, [notes.get(name)]), absent]) for name in y}
    return y, units, notes, dropped


def _blocks_that_speak(comparison: Comparison, seen: NDArray[np.bool_], term: str) -> int | None:
    if comparison.block is None:
        return None
    if term == WITHIN:
        return int(blocks_with_both(comparison, seen[:, None])[0])
    return len(np.unique(comparison.block[seen]))


def _taken_as_absent(scale: Scales) -> str | None:
    """Say how many missing values a whole community has as absent."""
    return f"missing values of the table are taken as absent: {scale.missing:,}" if scale.missing else None


def _distances(comparison: Comparison, scale: Scales) -> dict[str, tuple[Array, str | None]]:
    """Return distance (n, n) and a note by name."""
    if comparison.assay.assay.kind != "taxa":
        filled, note = _filled(comparison, scale)
        return {"euclidean": (stats.euclidean(filled), note)}
    amounts, absent = scale.amounts, _taken_as_absent(scale)
    # Reads are compared as shares: else a difference in depth counts as one in composition.
    shares = amounts if scale.depth is None else amounts / scale.depth[:, None]
    found: dict[str, tuple[Array, str | None]] = {
        "bray_curtis": (stats.bray_curtis(shares), absent),
        "aitchison": (stats.aitchison(amounts), absent),
    }
    if comparison.assay.tree is not None:
        ids = [str(name) for name in comparison.assay.features.index]
        for weighted in (False, True):
            name = "weighted_unifrac" if weighted else "unweighted_unifrac"
            distance = stats.unifrac(amounts, ids, comparison.assay.tree, weighted=weighted)
            root = None if stats.is_rooted(comparison.assay.tree) else MIDPOINT
            found[name] = (distance, "; ".join(filter(None, [root, absent])) or None)
    return found


def _filled(comparison: Comparison, scale: Scales) -> tuple[Array, str]:
    """Log2 values scaled to unit variance; for the distance only, what is missing lies 1 below the lowest seen."""
    seen = np.isfinite(scale.log2)
    keep = seen.mean(axis=0) >= max(comparison.question.min_prevalence, 2 / len(seen))
    log2 = scale.log2[:, keep]
    lowest = np.nanmin(log2, axis=0) - 1 if log2.size else np.zeros(0)
    filled = np.where(np.isfinite(log2), log2, lowest)
    spread = filled.std(axis=0)
    filled = filled[:, spread > 0] / spread[spread > 0]
    note = f"log2, unit variance, {filled.shape[1]} features; not detected or missing = half of the lowest seen"
    return filled, note


@dataclass(frozen=True, slots=True, eq=False)
class _Layout:
    """What a term's whole-community tests compare: samples, or the centroids of blocks."""

    distance: Array
    label: Array
    fixed: Array | None
    permuted: stats.Permutations
    smallest_p: float
    n_blocks: int | None
    note: str


def _layout(comparison: Comparison, distance: Array, term: str) -> _Layout:
    """Lay out a term: within blocks, blocks stay; between them, each block is one row, however many samples it has."""
    question, block = comparison.question, comparison.block
    label, fixed, n_blocks = comparison.label, [*comparison.covariates.T], comparison.n_blocks
    scheme = note = None
    if term == WITHIN:
        assert block is not None
        fixed += [(block == unit).astype(float) for unit in np.unique(block)[1:]]
        scheme = "within blocks"
        n_blocks = int(blocks_with_both(comparison, np.ones((len(label), 1), dtype=bool))[0])
    elif term == BETWEEN:
        assert block is not None
        distance, names = stats.block_centroids(distance, block)
        means = pd.DataFrame(np.column_stack([label, *fixed])).groupby(block).mean().loc[names].to_numpy()
        label, fixed, block = means[:, 0], [column for column in means[:, 1:].T if np.ptp(column) > 0], None
        note = f"centroids of {len(names)} blocks"
    permuted = stats.permutations(label, block=block, scheme=scheme, n=question.permutations, seed=question.seed)
    mirrored = stats.is_mirrored(label, block, scheme)
    smallest = stats.smallest_p(permuted.n_distinct, question.permutations, mirrored=mirrored)
    way = "whole blocks" if term == BETWEEN else permuted.scheme
    words = f"{way}: {_count(permuted.n_distinct)} distinct arrangements, smallest p {smallest:.2g}"
    words += ", all enumerated" if permuted.exact else ""
    matrix = np.column_stack(fixed) if fixed else None
    return _Layout(distance, label, matrix, permuted, smallest, n_blocks, "; ".join(filter(None, [words, note])))


def _permanova_rows(
    comparison: Comparison, name: str, distance: Array, term: str, note: str | None
) -> list[dict[str, object]]:
    layout = _layout(comparison, distance, term)
    base = {**comparison.identity(), **comparison.counts(), "feature": ALL, "measure": name, "term": term}
    base["n_blocks"] = layout.n_blocks
    composed = stats.permanova(layout.distance, layout.label, fixed=layout.fixed, permutations=layout.permuted)
    rows = [
        {
            **base,
            "model": "permanova",
            "effect": composed.r2,
            "unit": "share",
            "test": "pseudo-F, permutation",
            **_tested(composed, layout, term),
            "note": "; ".join(text for text in (composed.note, layout.note, note) if text),
        }
    ]
    if term != BETWEEN or comparison.terms == (BETWEEN,):
        spread = stats.permdisp(layout.distance, layout.label, layout.permuted)
        rows.append(
            {
                **base,
                "model": "permdisp",
                "effect": spread.effect,
                "unit": "distance",
                "test": "F, permutation",
                **_tested(spread, layout, term),
                "note": "; ".join(text for text in (spread.note, layout.note) if text),
            }
        )
    return rows


def _tested(fit: stats.PermanovaFit | stats.DispersionFit, layout: _Layout, term: str) -> dict[str, object]:
    """Return the columns of a permutation test; no p where the design has none below 1, or too few blocks speak."""
    few = term == WITHIN and layout.n_blocks is not None and layout.n_blocks < FEWEST_BLOCKS
    bare = fit.status == "ok" and (layout.smallest_p >= 1 or few)
    return {
        "statistic": fit.f,
        "df": fit.df,
        "df2": fit.df2,
        "n_permutations": fit.n_permutations,
        "p": float("nan") if bare else fit.p,
        "status": "too_few" if bare else fit.status,
    }


def _count(n: float) -> str:
    return f"{n:,.0f}" if n < 1e6 else f"{n:.1e}"


def _sample_points(
    comparison: Comparison, figure: str, measure: str, unit: str, *, y: Array, x: Array | None = None
) -> pd.DataFrame:
    return points(
        pd.DataFrame(
            {
                **{key: value for key, value in comparison.identity().items() if key != "kind"},
                "figure": figure,
                "measure": measure,
                "sample": comparison.samples,
                "subject": comparison.subjects,
                "block": comparison.block if comparison.block is not None else [None] * len(comparison.samples),
                "side": np.where(comparison.case, "case", "control"),
                "group": comparison.groups,
                "x": x if x is not None else np.full(len(comparison.samples), np.nan),
                "y": y,
                "unit": unit,
            }
        )
    )


def _not_measured(comparison: Comparison, measure: str, why: str) -> dict[str, object]:
    return {
        **comparison.identity(),
        "feature": ALL,
        "measure": measure,
        "term": comparison.terms[0],
        "status": "not_measured",
        "note": why,
    }


__all__ = ["composition", "diversity"]
