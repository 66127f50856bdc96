"""What a fit is: frozen arrays, one entry per feature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Counts = NDArray[np.int64]
Mask = NDArray[np.bool_]
Texts = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Fit:
    """One contrast in one model, for m features; missing is NaN, and `status` says why.

    Attributes
    ----------
    effect, se : (m,)
        The contrast's estimate and its standard error, in the units of y per unit of the contrast.
    df : (m,)
        Degrees of freedom that p, low and high use: `df_satterthwaite`, capped where the contrast is constant
        within groups.
    statistic, p : (m,)
        t = effect / se and its two-sided p.
    low, high : (m,)
        Ends of the confidence interval.
    status : (m,)
        ``ok`` and ``boundary`` have a p, the others say why there is none.
    n, n_groups : (m,)
        Samples in which the feature is present, and groups among them.
    var_group, var_residual : (m,)
        Variance components (REML), in squared units of y. The linear model's `var_group` is NaN.
    df_satterthwaite : (m,)
        Degrees of freedom before the cap (n − rank at the boundary and in the linear model).
    note : (m,)
        What there is to add to the status, else "".
    """

    effect: Array
    se: Array
    df: Array
    statistic: Array
    p: Array
    low: Array
    high: Array
    status: Texts
    n: Counts
    n_groups: Counts
    var_group: Array
    var_residual: Array
    df_satterthwaite: Array
    note: Texts

    def __len__(self) -> int:
        """Return the number of features."""
        return len(self.effect)


@dataclass(frozen=True, slots=True)
class SplitFit:
    """A label's effect inside groups, and its effect between group means, from one model."""

    within: Fit
    between: Fit


def joined(parts: Sequence[Fit]) -> Fit:
    """Put the fits of consecutive features one after the other."""
    return Fit(**{field.name: np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Fit)})
