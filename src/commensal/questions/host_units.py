"""What stands beside what in a question about tissue: samples, or means of cages, or samples inside litters."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from commensal.errors import DesignError
from commensal.questions.comparison import BETWEEN, OVERALL, WITHIN, Comparison, compare
from commensal.stats._counts import enough_reads, log_cpm, size_factors
from commensal.study import LoadedStudy, Question, blocks, is_nested, varies_within

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """One comparison on a logarithmic scale. Its rows are samples, or units of which each carries one label."""

    samples: Comparison  #: sample by sample, as in the table
    rows: Comparison  #: what is compared: samples or unit means, u rows; its block is what the label varies in
    log2: Array  #: (u, m) log2 counts per million, or the table's logarithms
    enough: NDArray[np.bool_]  #: (m,) genes with reads enough for a logarithm
    shown: Array  #: (n, m) what a reader sees, sample by sample
    unit: str  #: of ``shown``
    averaged: str | None  #: what rows are means of, for example cages
    blocks: tuple[str, ...]  #: the levels of units, outermost first

    @property
    def counts(self) -> bool:
        """Whether the table holds counts."""
        return self.samples.assay.assay.value == "counts"


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """The linear model of one term: y (u, m) on x (u, k), contrast (k,)."""

    term: str
    y: Array
    x: Array
    contrast: Array
    case: NDArray[np.bool_]  #: (u,)
    n_blocks: int | None
    single: bool  #: a side is one unit only: its effect cannot be told from the unit


def laid_out(loaded: LoadedStudy, question: Question, assay: str) -> Layout:
    """Lay out a question about tissue on one assay.

    Repeated samples and whole units (cages in arms) are averaged on the logarithmic scale to the outermost unit that
    carries one label; a unit inside which the label varies (litter, subject before and after) becomes the block.

    Raises
    ------
    DesignError
        As `compare`; units that are not nested; values whose logarithm is not known.
    """
    comparison = replace(compare(loaded, replace(question, block=()), assay), question=question)
    found = blocks(loaded, question, comparison.samples)
    levels = level_labels(found.labels, comparison.samples)
    values, enough, shown, unit = _scales(comparison)
    own = replace(comparison, block=None, block_name=None)
    carrying, around = carrying_level(comparison.case, found.names, levels, comparison.where)
    if carrying is not None:
        own, values = _means(own, values, levels[carrying], levels[around] if around is not None else None)
    elif around is not None:
        own = replace(own, block=levels[around])
    if around is not None:
        own = replace(own, block_name=found.names[around])
    averaged = None if carrying is None else found.names[carrying]
    return Layout(comparison, own, values, enough, shown, unit, averaged, found.names)


def level_labels(labels: tuple[NDArray[np.object_], ...], samples: tuple[str, ...]) -> list[NDArray[np.str_]]:
    """Return the labels (n,) of each level of units; a sample without a label is a unit of its own."""
    return [
        np.array([label or f"{sample} (alone)" for label, sample in zip(level, samples, strict=True)], dtype=np.str_)
        for level in labels
    ]


def _scales(comparison: Comparison) -> tuple[Array, NDArray[np.bool_], Array, str]:
    assay, values = comparison.assay.assay, comparison.values
    if assay.value == "counts":
        known = np.nan_to_num(values)
        factors, _ = size_factors(known)
        logs = log_cpm(known, factors)
        million = known / (factors * np.exp(np.mean(np.log(np.maximum(known.sum(axis=1), 1)))))[:, None] * 1e6
        return logs, enough_reads(known, factors, comparison.case), million, "counts per million"
    if assay.value in ("log2", "log10", "ln"):
        scale = {"log2": 1.0, "log10": np.log2(10), "ln": np.log2(math.e)}[assay.value]
        return values * scale, np.asarray(np.isfinite(values).all(axis=0)), values, str(assay.value)
    raise DesignError(
        "expression is compared on counts or on logarithms",
        where=f"[assays.{assay.name}] value",
        found=f'value = "{assay.value}"',
        expected='value = "counts" (raw counts), or "log2", "log10", "ln"',
        mend="give the raw counts: TPM, FPKM and other shares of reads have lost how sure each value is",
    )


def carrying_level(
    label: NDArray[Any], names: tuple[str, ...], levels: list[NDArray[np.str_]], where: str
) -> tuple[int | None, int | None]:
    """Return the outermost level that carries one label, and the level around it in which the label varies.

    Raises
    ------
    DesignError
        Levels that are not nested.
    """
    for outer, inner in zip(range(len(levels) - 1), range(1, len(levels)), strict=True):
        if not is_nested(levels[inner], levels[outer]):
            raise DesignError(
                f"{names[inner]} is not nested in {names[outer]}",
                where=where,
                found=f"a {names[inner]} with samples in several of {names[outer]}",
                expected="each inner unit in one outer unit",
                mend="leave out one of them from block",
            )
    around = None
    for at, labels in enumerate(levels):
        if not varies_within(label, labels):
            several = len(set(labels)) < len(labels)
            return (at if several else None), around
        around = at
    return None, around


def _means(
    comparison: Comparison, values: Array, unit: NDArray[np.str_], block: NDArray[np.str_] | None
) -> tuple[Comparison, Array]:
    """Average rows of one unit: values, covariates; sides and blocks are the unit's own."""
    names, first, weights = averaging(unit)
    made = replace(
        comparison,
        samples=tuple(str(name) for name in names),
        subjects=tuple(comparison.subjects[i] for i in first),
        groups=tuple(comparison.groups[i] for i in first),
        values=comparison.values[first],
        case=comparison.case[first],
        block=None if block is None else block[first],
        covariates=weights @ comparison.covariates,
    )
    return made, weights @ values


def averaging(unit: NDArray[np.str_]) -> tuple[NDArray[np.str_], NDArray[np.intp], Array]:
    """Return units (u,) as they first come, the first sample of each (u,), and the weights (u, n) of their means."""
    names, first, code = np.unique(unit, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    weights = np.zeros((len(names), len(unit)))
    weights[rank[code], np.arange(len(unit))] = 1
    return names[order], first[order], weights / weights.sum(axis=1, keepdims=True)


def columns_of(layout: Layout) -> list[Columns]:
    """Return the linear model of each term, the one to read first in front."""
    rows, y = layout.rows, layout.log2
    if rows.block is None:
        term = BETWEEN if layout.averaged else OVERALL
        x = np.column_stack([np.ones(len(y)), rows.label, rows.covariates])
        n_blocks = len(y) if layout.averaged else None
        return [_columns(term, y, x, rows.case, n_blocks)]
    names, code = np.unique(rows.block, return_inverse=True)
    inside = (code[:, None] == np.arange(len(names))).astype(float)
    both = np.array([np.ptp(rows.label[code == i]) > 0 for i in range(len(names))])
    means = inside.T / inside.sum(axis=0)[:, None]
    moved = rows.covariates - inside @ (means @ rows.covariates)
    x = np.column_stack([inside, rows.label, moved[:, _independent(np.column_stack([inside, rows.label]), moved)]])
    # the label comes after the blocks
    contrast = np.zeros(x.shape[1])
    contrast[len(names)] = 1.0
    made = [Columns(WITHIN, y, x, contrast, rows.case, int(both.sum()), single=False)]
    share = means @ rows.label
    if np.ptp(share) > 1e-9:
        wide = np.column_stack([np.ones(len(names)), share, means @ rows.covariates])
        made.append(_columns(BETWEEN, means @ y, wide, share > share.mean(), len(names), whole=share))
    return made


def _columns(
    term: str, y: Array, x: Array, case: NDArray[np.bool_], n_blocks: int | None, whole: Array | None = None
) -> Columns:
    keep = [0, 1, *(2 + k for k in _independent(x[:, :2], x[:, 2:]))]
    contrast = np.zeros(len(keep))
    contrast[1] = 1.0
    counted = x[:, 1] if whole is None else whole
    single = n_blocks is not None and len(np.unique(counted)) == 2 and min(case.sum(), (~case).sum()) < 2
    return Columns(term, y, x[:, keep], contrast, case, n_blocks, single=bool(single))


def _independent(first: Array, more: Array) -> list[int]:
    """Return which columns of ``more`` (u, k) add to those before them: constants and copies are left out."""
    kept: list[int] = []
    for k in range(more.shape[1]):
        tried = np.column_stack([first, more[:, [*kept, k]]])
        if np.linalg.matrix_rank(tried) == tried.shape[1]:
            kept.append(k)
    return kept
