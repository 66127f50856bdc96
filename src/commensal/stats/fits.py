"""What a fit is: frozen arrays, one entry per feature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from commensal.errors import StatisticsError

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Counts = NDArray[np.int64]
Mask = NDArray[np.bool_]
Texts = NDArray[np.object_]


def unnamed() -> Texts:
    """Names of features before there are any."""
    return np.empty(0, object)


def fill_names(fit: Any, shape: tuple[int, ...]) -> None:
    """Put None for every feature's name where there are no names, in a frozen result that is being made."""
    if np.shape(fit.features) != shape:
        object.__setattr__(fit, "features", np.full(shape, None, object))


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
    features : (m,)
        Names of the features: the columns of y when it was a data frame, else None.
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
    features: Texts = field(default_factory=unnamed)

    def __post_init__(self) -> None:
        """Give every feature a place for its name."""
        fill_names(self, self.effect.shape)

    def __len__(self) -> int:
        """Return the number of features."""
        return len(self.effect)

    def table(self, features: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a DataFrame with one row per feature and one column per field.

        Parameters
        ----------
        features : m names, optional
            The index; without them the names that y had, or numbers from 0.

        Examples
        --------
        >>> from commensal import stats
        >>> fit = stats.linear([[1.0], [2], [4], [5], [7], [6]], [[1, 0]] * 3 + [[1, 1]] * 3, [0, 1])
        >>> fit.table(["Akkermansia"]).loc["Akkermansia", "status"]
        'ok'
        """
        return tabulated(columns_of(self), features)


@dataclass(frozen=True, slots=True)
class SplitFit:
    """A label's effect inside groups, and its effect between group means, from one model."""

    within: Fit
    between: Fit

    def __len__(self) -> int:
        """Return the number of features."""
        return len(self.within)

    def table(self, features: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a DataFrame with two rows per feature, its `term` within and between, and a column per field."""
        import pandas as pd

        parts = {"within": self.within.table(features), "between": self.between.table(features)}
        for at, (name, part) in enumerate(parts.items()):
            part.insert(0, "term", name)
            part["order"] = 2 * np.arange(len(part)) + at
        return pd.concat(list(parts.values())).sort_values("order").drop(columns="order")


@dataclass(frozen=True, slots=True)
class NestedFit:
    """One contrast in one model with two nested levels of units, for m features; missing is NaN.

    Attributes
    ----------
    effect, se, df, statistic, p, low, high, status, n, var_residual, df_satterthwaite, note : (m,)
        As in `Fit`.
    n_inner, n_outer : (m,)
        Inner and outer units in which the feature is present.
    var_inner, var_outer : (m,)
        Variance components of inner units within outer ones, and of outer units.
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
    n_inner: Counts
    n_outer: Counts
    var_inner: Array
    var_outer: Array
    var_residual: Array
    df_satterthwaite: Array
    note: Texts
    features: Texts = field(default_factory=unnamed)

    def __post_init__(self) -> None:
        """Give every feature a place for its name."""
        fill_names(self, self.effect.shape)

    def __len__(self) -> int:
        """Return the number of features."""
        return len(self.effect)

    def table(self, features: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a DataFrame with one row per feature and one column per field."""
        return tabulated(columns_of(self), features)


@dataclass(frozen=True, slots=True)
class SlopeFit:
    """One contrast in one model with a random intercept and slope, for m features; missing is NaN.

    Attributes
    ----------
    effect, se, df, statistic, p, low, high, status, n, n_groups, var_residual, df_satterthwaite, note : (m,)
        As in `Fit`.
    var_intercept, var_slope, covariance : (m,)
        Of groups' intercepts (where the slope's variable is 0) and slopes.
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
    var_intercept: Array
    var_slope: Array
    covariance: Array
    var_residual: Array
    df_satterthwaite: Array
    note: Texts
    features: Texts = field(default_factory=unnamed)

    def __post_init__(self) -> None:
        """Give every feature a place for its name."""
        fill_names(self, self.effect.shape)

    def __len__(self) -> int:
        """Return the number of features."""
        return len(self.effect)

    def table(self, features: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a DataFrame with one row per feature and one column per field."""
        return tabulated(columns_of(self), features)


@dataclass(frozen=True, slots=True)
class ContrastsFit:
    """Several contrasts of one model, for m features: the fields of `Fit`, each (c, m)."""

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
    features: Texts = field(default_factory=unnamed)

    def __post_init__(self) -> None:
        """Give every feature a place for its name."""
        fill_names(self, self.effect.shape)

    def __len__(self) -> int:
        """Return the number of features."""
        return int(self.effect.shape[1])

    def contrast(self, number: int) -> Fit:
        """Return one contrast as a Fit."""
        return Fit(**{item.name: getattr(self, item.name)[number] for item in fields(self)})

    def table(self, features: Sequence[str] | None = None, contrasts: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a DataFrame with a row per feature and contrast: `contrast` (its name, or number), then the fields."""
        import pandas as pd

        count = len(self.effect)
        if contrasts is not None and len(contrasts) != count:
            raise StatisticsError(
                "the names do not fit the contrasts", found=f"{len(contrasts)} names", expected=f"{count}"
            )
        parts = []
        for number in range(count):
            part = self.contrast(number).table(features)
            part.insert(0, "contrast", number if contrasts is None else contrasts[number])
            part["order"] = np.arange(len(part)) * count + number
            parts.append(part)
        return pd.concat(parts).sort_values("order").drop(columns="order")


@dataclass(frozen=True, slots=True)
class FTest:
    """Several contrasts tested at once, for m features; missing is NaN, and `status` says why.

    Attributes
    ----------
    statistic, df, df2, p : (m,)
        F, the rank of the hypothesis, the denominator's degrees of freedom that p uses, and the chance of a larger F.
    status : (m,)
        ``ok`` and ``boundary`` have a p, the others say why there is none.
    n, n_groups : (m,)
        Samples in which the feature is present, and groups among them.
    df_satterthwaite : (m,)
        Denominator's degrees of freedom before the cap.
    note : (m,)
        What there is to add to the status, else "".
    """

    statistic: Array
    df: Array
    df2: Array
    p: Array
    status: Texts
    n: Counts
    n_groups: Counts
    df_satterthwaite: Array
    note: Texts
    features: Texts = field(default_factory=unnamed)

    def __post_init__(self) -> None:
        """Give every feature a place for its name."""
        fill_names(self, self.statistic.shape)

    def __len__(self) -> int:
        """Return the number of features."""
        return len(self.statistic)

    def table(self, features: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a DataFrame with one row per feature and one column per field."""
        return tabulated(columns_of(self), features)


@dataclass(frozen=True, slots=True)
class VarianceTest:
    """Whether groups differ beyond the columns, for m features; missing is NaN, and `status` says why.

    Attributes
    ----------
    statistic, p : (m,)
        Twice the gain in log-likelihood over no group variance, and its p.
    var_group, var_residual, share : (m,)
        Variance components, and var_group / (var_group + var_residual).
    status : (m,)
        ``ok`` and ``boundary`` (the group variance is 0; statistic 0, p 1) have a p.
    n, n_groups : (m,)
        Samples in which the feature is present, and groups among them.
    note : (m,)
        What there is to add to the status, else "".
    """

    statistic: Array
    p: Array
    var_group: Array
    var_residual: Array
    share: Array
    status: Texts
    n: Counts
    n_groups: Counts
    note: Texts
    features: Texts = field(default_factory=unnamed)

    def __post_init__(self) -> None:
        """Give every feature a place for its name."""
        fill_names(self, self.statistic.shape)

    def __len__(self) -> int:
        """Return the number of features."""
        return len(self.statistic)

    def table(self, features: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a DataFrame with one row per feature and one column per field."""
        return tabulated(columns_of(self), features)


def columns_of(fit: Any) -> dict[str, NDArray[np.generic]]:
    """Fields of a result with an entry per feature, by name."""
    return {item.name: getattr(fit, item.name) for item in fields(fit)}


def tabulated(columns: dict[str, NDArray[np.generic]], features: Sequence[str] | None) -> pd.DataFrame:
    """Columns (m,) as a DataFrame, indexed by the names of features if there are any, given or among the columns."""
    import pandas as pd

    own = columns.pop("features", None)
    m = len(next(iter(columns.values())))
    if features is None and own is not None and m and own[0] is not None:
        features = own.tolist()
    if features is not None and len(features) != m:
        raise StatisticsError("the names do not fit the features", found=f"{len(features)} names", expected=f"{m}")
    index = pd.RangeIndex(m) if features is None else pd.Index(list(features), dtype=object)
    return pd.DataFrame(columns, index=index.rename("feature"))


T = TypeVar("T", Fit, FTest, VarianceTest, NestedFit, SlopeFit)


def joined(parts: Sequence[T], places: Sequence[Counts]) -> T:
    """Put the results of some features each into one, every feature in its place."""
    if len(parts) == 1:
        return parts[0]
    order = np.argsort(np.concatenate(places), kind="stable")
    columns = {item.name: [getattr(part, item.name) for part in parts] for item in fields(parts[0])}
    return type(parts[0])(**{name: np.concatenate(values)[order] for name, values in columns.items()})
