"""Who speaks for a comparison of people: households with both sides first, unmatched people second and apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal import stats
from commensal.questions.comparison import BETWEEN, OVERALL, WITHIN, Comparison
from commensal.questions.severity import unit_means
from commensal.questions.terms import fits_of_terms
from commensal.stats._comparing import FEWEST_PER_SIDE

Array = NDArray[np.float64]
#: People of households in which there is one side only: a row of its own, after those of households with both.
UNMATCHED = "unmatched"
FIELDS = ("effect", "se", "low", "high", "statistic", "df", "p", "status", "note")


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The samples of one term, and how they are compared."""

    term: str
    rows: NDArray[np.intp]  #: (r,) samples of the comparison
    comparison: Comparison

    def fit(self, y: Array) -> dict[str, Any]:
        """Compare y (n, m) of all samples; returns the fields of a fit, (m,) each."""
        if self.term != UNMATCHED:
            fit = fits_of_terms(self.comparison, y)[self.term]
            return {name: getattr(fit, name) for name in FIELDS}
        own, x, case = self.of_units(y)
        found = stats.linear(own, x, np.eye(x.shape[1])[1], level=self.comparison.question.level)
        made: dict[str, Any] = {name: np.array(getattr(found, name)) for name in FIELDS}
        seen = np.isfinite(own)
        few = np.minimum(seen[case].sum(axis=0), seen[~case].sum(axis=0)) < FEWEST_PER_SIDE
        for name in ("p", "low", "high"):
            made[name][few] = np.nan
        made["status"][few & (made["status"] == "ok")] = "too_few"
        return made

    def of_units(self, y: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
        """Return y of whole households (u, m), the model's columns (u, k), and which are cases (u,)."""
        assert self.comparison.block is not None
        unit = np.asarray(self.comparison.block[self.rows], dtype=object)
        held = np.column_stack([self.comparison.label[self.rows], self.comparison.covariates[self.rows]])
        own, columns, _ = unit_means(y[self.rows], held, unit)
        keep = [0, *(j for j in range(1, columns.shape[1]) if np.ptp(columns[:, j]) > 0)]
        return own, np.column_stack([np.ones(len(columns)), columns[:, keep]]), columns[:, 0] == 1


def parts_of(comparison: Comparison) -> list[Part]:
    """Return the terms that are told of people, the one to read first in front."""
    everyone = np.arange(len(comparison.samples))
    if comparison.block is None:
        return [Part(OVERALL, everyone, comparison)]
    shares = pd.Series(comparison.label).groupby(comparison.block).transform("mean").to_numpy()
    both = (shares > 0) & (shares < 1)
    if not both.any():
        return [Part(BETWEEN, everyone, comparison)]
    first = Part(WITHIN, np.flatnonzero(both), comparison)
    alone = np.flatnonzero(~both)
    return [first, Part(UNMATCHED, alone, comparison)] if _two_sided(comparison, alone) else [first]


def _two_sided(comparison: Comparison, rows: NDArray[np.intp]) -> bool:
    return bool(len(rows)) and 0 < comparison.case[rows].sum() < len(rows)
