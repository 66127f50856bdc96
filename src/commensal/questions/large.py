"""``cohort`` of a table larger than memory: every feature by the default model in blocks; most rows go to a file.

What needs the whole table at once (composition, diversity, pathways and sets, contributions, severity) is left out; the
finding ``large_table`` says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal import stats
from commensal.errors import DesignError
from commensal.questions.answer import Answer
from commensal.questions.comparison import Comparison
from commensal.questions.pathway_members import unstratified
from commensal.questions.rows import feature_frame
from commensal.questions.scales import Scales, model_scales, scales
from commensal.stats.two_part_blocks import Each, in_turn
from commensal.study import AssayTable, StoredCells, StoredValues
from commensal.tables import ALL, COUNTED, WITH_P, estimates, points, write_estimates_in_parts

JOINT = "joint"
#: Features whose rows stay in memory and on the page: those with the smallest p.
SHOWN = 500
#: Declared false discovery rate of what is counted as found.
LEVEL = 0.05
#: Features of one row group of the file.
GROUP = 50_000


@dataclass(frozen=True, slots=True, eq=False)
class _Reader:
    """From numbers of features to their block on the scales of the model; small enough to be sent to a process."""

    cells: StoredCells
    rows: NDArray[np.intp]
    assay: AssayTable  #: its declaration alone
    total: NDArray[np.float64]

    def __call__(self, part: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        read = model_scales(self.assay, self.cells.block(part)[self.rows], self.total)
        return read.log2, read.present


def large_features(
    comparison: Comparison, stored: StoredValues, *, each: Each = in_turn, whole: bool = True
) -> tuple[Answer, Comparison, Scales]:
    """Test all features of a stored table; return the answer, and the comparison and scales of the features shown.

    Parameters
    ----------
    comparison
        Samples, sides and covariates; its own values are an excerpt and are not looked at.
    stored
        The whole table.
    each
        Who does the blocks of features.
    whole
        Whether the rows that are not shown are written to a file.

    Raises
    ------
    DesignError
        The table has not one feature to test.
    """
    row = {sample: i for i, sample in enumerate(comparison.assay.samples)}
    rows = np.array([row[sample] for sample in comparison.samples])
    keep = _kept(comparison, stored)
    features = stored.features[keep]
    fit = _fit(comparison, stored, rows, keep, each)
    tests = _with_q(comparison, [_with_p(test) for test in fit.tests])
    shown = np.zeros(len(features), bool)
    shown[_top(tests, fit.terms[0])] = True
    head = [_frame_row(comparison, term, frame, tests) for term, frame in fit.frames]
    head += [_counted(comparison, test) for test in tests]
    head += [_rows(comparison, test, features, np.flatnonzero(shown)) for test in tests]
    path = stored.folder / f"{comparison.question.name}.parquet"
    others = np.flatnonzero(~shown) if whole else np.empty(0, np.intp)
    if len(others):
        write_estimates_in_parts(_parts(comparison, tests, features, others), path)
    at = np.flatnonzero(keep)[shown]
    values = stored.columns(at)
    table = replace(comparison.assay, features=stored.features.iloc[at], values=values, stored=None)
    small = replace(comparison, assay=table, values=values[rows])
    answer = Answer(estimates(pd.concat(head, ignore_index=True)), points(), rest=(path,) if len(others) else ())
    return answer, small, scales(table, small.values, _totals(stored, rows, keep))


def with_totals(comparison: Comparison, stored: StoredValues) -> Comparison:
    """Return the comparison with one value per sample, its total: what tells whether anything was found in it."""
    row = {sample: i for i, sample in enumerate(comparison.assay.samples)}
    rows = np.array([row[sample] for sample in comparison.samples])
    total = np.where(stored.measured[rows] > 0, stored.totals[rows], np.nan)
    return replace(comparison, values=total[:, None])


def _kept(comparison: Comparison, stored: StoredValues) -> NDArray[np.bool_]:
    """Leave rows of a gene's parts by taxon out of the features, as in tables of any size."""
    if comparison.assay.assay.kind not in ("genes", "pathways"):
        return np.ones(len(stored.features), bool)
    whole = unstratified(stored.features)
    return whole if whole.any() else ~whole


def _fit(
    comparison: Comparison,
    stored: StoredValues,
    rows: NDArray[np.intp],
    keep: NDArray[np.bool_],
    each: Each,
) -> stats.DifferentialFit:
    if not keep.any():
        raise DesignError("the table has no feature", where=comparison.where, expected="at least one")
    question, total = comparison.question, _totals(stored, rows, keep)
    empty = scales(comparison.assay, np.zeros((len(rows), 1)), total)
    bare = AssayTable(comparison.assay.assay, (), stored.features.iloc[:0], np.empty((0, 0)))
    return stats.two_part_blocks(
        _Reader(stored.cells, rows, bare, total),
        stored.parts(keep),
        comparison.label,
        block=comparison.block,
        covariates=comparison.covariates,
        depth=empty.depth,
        relative=empty.relative,
        min_prevalence=question.min_prevalence,
        level=question.level,
        seed=question.seed,
        each=each,
    )


def _totals(stored: StoredValues, rows: NDArray[np.intp], keep: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return each sample's sum over the features kept, (n,)."""
    if keep.all():
        return stored.totals[rows]
    sums = np.zeros(len(rows))
    for values in stored.blocks(rows, keep):
        sums += np.nansum(values, axis=1)
    return sums


def _with_p(test: stats.FeatureTests) -> stats.FeatureTests:
    return replace(test, p=np.where(np.isin(test.status, list(WITH_P)), test.p, np.nan))


def _family(comparison: Comparison, test: stats.FeatureTests) -> str:
    known = {**comparison.identity(), "model": test.model, "term": test.term}
    named = [str(known[key]) for key in comparison.question.family if known.get(key) is not None]
    return " / ".join([*named, "features, joint" if test.model == JOINT else "features"])


def _with_q(comparison: Comparison, tests: list[stats.FeatureTests]) -> list[stats.FeatureTests]:
    """Put q over all features on the tests, one family per value of the question's ``family`` columns."""
    families: dict[str, list[int]] = {}
    for i, test in enumerate(tests):
        families.setdefault(_family(comparison, test), []).append(i)
    out = list(tests)
    for family, members in families.items():
        q = stats.bh(np.concatenate([tests[i].p for i in members]), family=family)
        for i, part in zip(members, np.split(q, len(members)), strict=True):
            out[i] = replace(tests[i], q=part)
    return out


def _top(tests: list[stats.FeatureTests], term: str) -> NDArray[np.intp]:
    """Return the features with the smallest p of the term that is read first: of its joint test, where there is one.

    And the one with the smallest p of every test: each is called the strongest of its own.
    """
    own = [test for test in tests if test.term == term]
    read = next((test for test in own if test.model == JOINT), own[0])
    best = [np.nanargmin(test.p) for test in tests if np.isfinite(test.p).any()]
    smallest = np.argsort(np.where(np.isfinite(read.p), read.p, np.inf), kind="stable")[:SHOWN]
    return np.append(smallest, best).astype(np.intp)


def _counted(comparison: Comparison, test: stats.FeatureTests) -> pd.DataFrame:
    """Count the features of one test, whose rows are not all held."""
    found = test.q < LEVEL
    counts = {
        "table": len(test),
        "tested": np.isfinite(test.p).sum(),
        "found": found.sum(),
        "higher": (found & (test.direction > 0)).sum(),
    }
    row = {**comparison.identity(), "feature": ALL, "model": COUNTED, "label": test.model, "term": test.term}
    made = [
        row | {"measure": what, "effect": float(n), "unit": "features", "status": "ok"} for what, n in counts.items()
    ]
    return pd.DataFrame(made)


def _frame_row(
    comparison: Comparison, term: str, frame: stats.ReferenceFrame, tests: list[stats.FeatureTests]
) -> pd.DataFrame:
    from commensal.questions.features import judged, reference_row

    own = next(test for test in tests if (test.term, test.model) == (term, "abundance"))
    line = reference_row(comparison, term, frame)
    return line.assign(
        note=judged(str(line["note"].iloc[0]), int((own.q < LEVEL).sum()), int(np.isfinite(own.p).sum()))
    )


def _rows(
    comparison: Comparison, test: stats.FeatureTests, features: pd.DataFrame, at: NDArray[np.intp]
) -> pd.DataFrame:
    """Return the rows of some features of one test, as `feature_rows` writes them."""
    arrays: dict[str, Any] = {field.name: getattr(test, field.name) for field in fields(test)}
    chosen: dict[str, Any] = {name: held[at] for name, held in arrays.items() if isinstance(held, np.ndarray)}
    part = replace(test, **chosen)
    table = replace(comparison.assay, features=features.iloc[at], stored=None)
    frame = feature_frame(replace(comparison, assay=table), part)
    frame["q"] = part.q
    frame["family"] = _family(comparison, test)
    frame.loc[frame["p"].isna(), "family"] = pd.NA
    return frame


def _parts(
    comparison: Comparison, tests: list[stats.FeatureTests], features: pd.DataFrame, others: NDArray[np.intp]
) -> Iterator[pd.DataFrame]:
    for test in tests:
        for first in range(0, len(others), GROUP):
            yield estimates(_rows(comparison, test, features, others[first : first + GROUP]))
