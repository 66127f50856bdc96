"""What a differential analysis answers: tests of every feature, model by model and term by term."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from commensal.stats.fits import Array, Counts, Texts
from commensal.stats.multiplicity import bh
from commensal.stats.reference_frame import ReferenceFrame

if TYPE_CHECKING:
    import pandas as pd

#: The models of a feature, in the order in which they are told.
ABUNDANCE, PREVALENCE, JOINT = "abundance", "prevalence", "joint"
#: Which side of a block the label varies on: inside, whole blocks, or no block.
WITHIN, BETWEEN, OVERALL = "within", "between", "overall"


@dataclass(frozen=True, slots=True)
class FeatureTests:
    """One model of one term for all m features; missing is NaN, and `status` says why.

    Attributes
    ----------
    model, term, unit, test : str
        ``abundance``, ``prevalence``, ``joint`` or the name of another method; ``overall``, ``within`` or ``between``
        blocks; what the effect is measured in; what gave p.
    effect, se, df, statistic, p, low, high : (m,)
        As in `Fit`. A joint test has no effect of its own: only statistic and p.
    q : (m,)
        Benjamini–Hochberg. Abundance and prevalence of a term are one family, its joint tests another.
    status, note : (m,)
        ``ok`` and ``boundary`` have a p; the others say why there is none.
    n, n_case, n_blocks : (m,)
        Samples that the model used, cases among them, and blocks that speak (0 without blocks).
    n_permutations : (m,)
        Arrangements behind p, 0 where p is not held to any.
    direction : (m,)
        1 higher in cases, −1 lower, 0 unknown: the sign of the effect; of a joint test that of its smallest part.
    """

    model: str
    term: str
    unit: str
    test: str
    effect: Array
    se: Array
    df: Array
    statistic: Array
    p: Array
    q: Array
    low: Array
    high: Array
    status: Texts
    note: Texts
    n: Counts
    n_case: Counts
    n_blocks: Counts
    n_permutations: Counts
    direction: Counts

    def __len__(self) -> int:
        """Return the number of features."""
        return len(self.p)

    def table(self, features: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a DataFrame with one row per feature and one column per field."""
        import pandas as pd

        names = list(range(len(self))) if features is None else list(features)
        return pd.DataFrame({"feature": names} | {field.name: getattr(self, field.name) for field in fields(self)})


@dataclass(frozen=True, slots=True)
class DifferentialFit:
    """Every feature of a table, case against control.

    Attributes
    ----------
    features : (m,)
        Their names; numbers from 0 where none were given.
    tests : tuple of FeatureTests
        Term by term (the one to read first in front): abundance, prevalence where zeros are absences, joint.
    frames : tuple of (term, ReferenceFrame)
        What abundances are measured from, where a table is relative and has enough features.
    """

    features: tuple[object, ...]
    tests: tuple[FeatureTests, ...]
    frames: tuple[tuple[str, ReferenceFrame], ...]

    def __len__(self) -> int:
        """Return the number of features."""
        return len(self.features)

    @property
    def terms(self) -> tuple[str, ...]:
        """The terms, the one to read first in front."""
        return tuple(dict.fromkeys(test.term for test in self.tests))

    def test(self, model: str = JOINT, term: str | None = None) -> FeatureTests:
        """Return one model of one term (the first without one).

        Raises
        ------
        KeyError
            There is none: presence is not tested where zeros are values or missing.
        """
        wanted = self.terms[0] if term is None else term
        for test in self.tests:
            if (test.model, test.term) == (model, wanted):
                return test
        raise KeyError(f"no {model} of {wanted}: {[(test.model, test.term) for test in self.tests]}")

    def table(self) -> pd.DataFrame:
        """Return a DataFrame with a row per feature, model and term."""
        import pandas as pd

        names = [str(name) for name in self.features]
        return pd.concat([test.table(names) for test in self.tests], ignore_index=True)


def family_q(tests: Sequence[FeatureTests], what: str) -> list[Array]:
    """Return Benjamini–Hochberg q of several tests of m features that are one family."""
    q = bh(np.concatenate([test.p for test in tests]), family=what)
    return list(np.split(q, len(tests)))
