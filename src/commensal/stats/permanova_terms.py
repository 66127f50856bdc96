"""PERMANOVA of several terms, each of one or more columns, sequential or marginal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commensal.errors import StatisticsError, listing
from commensal.stats._arrays import Floats, Integers, distances, gower, numbers, same_length
from commensal.stats.permanova import fixed_basis
from commensal.stats.permutation import permutation_p
from commensal.stats.permuted_rows import PermutedRows

if TYPE_CHECKING:
    import pandas as pd

#: A column of which the columns before it leave less than this share is explained by them.
_EXPLAINED = 1e-10
#: Numbers held at once by a chunk of permutations (32 MB).
_CHUNK = 4_000_000


@dataclass(frozen=True, slots=True)
class TermsFit:
    """What PERMANOVA says about t terms; missing numbers are NaN."""

    term: tuple[str, ...]  # (t,)
    r2: Floats  # (t,) share of the total sum of squared distances
    f: Floats  # (t,) pseudo-F
    df: Integers  # (t,) columns that the term adds
    p: Floats  # (t,)
    status: NDArray[np.object_]  # (t,) ok | too_few | rank_deficient | constant
    note: NDArray[np.object_]  # (t,)
    df2: float  # n − rank of the whole model
    residual_r2: float  # share that fixed columns and terms leave over
    n_permutations: int  # arrangements compared, all of them when exact
    n_distinct: float
    exact: bool
    by: str  # sequential | marginal

    def table(self) -> pd.DataFrame:
        """Return one row per term."""
        import pandas as pd

        columns = {name: getattr(self, name) for name in ("r2", "f", "df", "p", "status", "note")}
        once = {name: getattr(self, name) for name in ("df2", "n_permutations", "n_distinct", "exact", "by")}
        return pd.DataFrame({"term": self.term, **columns}).assign(**once)


def permanova_terms(
    distance: ArrayLike,
    terms: Mapping[str, ArrayLike],
    *,
    permutations: PermutedRows,
    by: Literal["sequential", "marginal"] = "sequential",
    fixed: ArrayLike | None = None,
) -> TermsFit:
    """Partition squared distances (n, n) by several terms, each of shape (n,) or (n, k).

    With Gower's G, Z the intercept and the fixed columns, and Q_j an orthonormal basis of what Z and the other terms
    (those before it, or all of them) leave of term j's columns: SS_j = tr(Q_j'GQ_j), and
    F_j = (SS_j / df_j) / (SS_res / df2), SS_res = tr(G) − SS_Z − SS_terms. R² = SS_j / tr(G). F and R² equal
    ``vegan::adonis2`` with ``by = "terms"`` (the fixed columns first) or ``by = "margin"``.

    The rows of all terms move together, the fixed columns stay with their samples, and F_j is computed anew: without
    fixed columns, or with block indicators under permutation inside blocks, this is vegan's test. Under the null that
    no term matters it is exact wherever rows are exchangeable. For one term beside others that do matter it is
    approximate, as F's denominator changes with every arrangement; to hold others where they are, give them as
    ``fixed`` and test the one.

    Parameters
    ----------
    distance
        (n, n) symmetric, zero diagonal; need not be Euclidean.
    terms
        Name to (n,) or (n, k) columns; a factor of k + 1 levels has k indicator columns (k + 1 do no harm).
    permutations
        Arrangements of the terms' rows, from ``permuted_rows(np.column_stack(list(terms.values())), …)``.
    by
        ``"sequential"``: each term after those before it; ``"marginal"``: after all others.
    fixed
        (n, k) covariates and block indicator columns; the intercept is implied.

    Returns
    -------
    TermsFit
        Status per term. ``rank_deficient``: the columns before it (or the others) explain the term; ``too_few``: one
        arrangement only, or no residual degree of freedom; ``constant``: all distances are 0.

    Raises
    ------
    StatisticsError
        Arrays that do not fit together, missing values, distances that are not symmetric, permutations of other rows.

    References
    ----------
    Anderson (2001) Austral Ecology 26:32–46; McArdle & Anderson (2001) Ecology 82:290–297.

    Examples
    --------
    >>> import numpy as np
    >>> from commensal import stats
    >>> at = np.array([0.0, 1.0, 5.0, 6.0, 10.0, 12.0])
    >>> diet = np.repeat(np.eye(3), 2, axis=0)[:, 1:]
    >>> rows = stats.permuted_rows(diet)
    >>> fit = stats.permanova_terms(np.abs(at[:, None] - at), {"diet": diet}, permutations=rows)
    >>> fit.table()[["term", "f", "df", "df2", "p"]].round(3).to_dict("records")
    [{'term': 'diet', 'f': 55.167, 'df': 2, 'df2': 3.0, 'p': 0.067}]
    """
    d = distances(distance)
    n = d.shape[0]
    bases = _bases(terms, n)
    _check(permutations, terms, n)
    if by not in ("sequential", "marginal"):
        raise StatisticsError("no such kind of sum of squares", found=repr(by), expected="'sequential' or 'marginal'")
    outside = fixed_basis(fixed, n)
    orders = _orders([basis.shape[1] for basis in bases], by)
    columns = np.hstack(bases)
    scale = d.max(initial=0.0)
    g = gower(d / scale) if scale > 0 else np.zeros_like(d)
    here = np.arange(n)[None, :]
    ss, whole, df, rank = (part[0] for part in _sums(columns, here, g, outside, orders))
    total, df2 = float(np.trace(g)), float(n - outside.shape[1] - rank)
    left = total - float(np.sum((outside.T @ g) * outside.T))
    status, note = _said(df, df2, scale, permutations)
    tested = np.isin(status, ["ok"])
    known = tested | ((status == "too_few") & (df2 >= 1))
    exact = abs(left - whole) <= _EXPLAINED * total
    f = _f(ss[None], np.array([whole]), left, df, df2, total)[0]
    p = np.full(len(bases), np.nan)
    if tested.any():
        null = _null(columns, permutations.rows, g, outside, orders, (left, df, df2, total))
        for j in np.flatnonzero(tested):
            p[j] = permutation_p(null[:, j], float(f[j]), permutations)
    if exact:
        note[known & (note == "")] = "no variation is left beside the terms: F is infinite"
    return TermsFit(
        term=tuple(terms),
        r2=np.where(known, ss / (total or 1.0), np.nan),
        f=np.where(known & np.isfinite(f), f, np.nan),
        df=df.astype(np.int64),
        p=p,
        status=status,
        note=note,
        df2=df2,
        residual_r2=(left - whole) / total if total else float("nan"),
        n_permutations=permutations.rows.shape[0] if tested.any() else 0,
        n_distinct=permutations.n_distinct,
        exact=permutations.exact,
        by=by,
    )


def _bases(terms: Mapping[str, ArrayLike], n: int) -> list[Floats]:
    """Return an orthonormal basis (n, rank) of each term's centred columns."""
    if not terms:
        raise StatisticsError("there is no term to test", found="no terms", expected="at least one")
    bases = []
    for name, given in terms.items():
        array = np.asarray(given)
        columns = numbers(array[:, None] if array.ndim == 1 else array, f"term {name!r}", dimensions=2)
        bases.append(fixed_basis(same_length(columns, f"term {name!r}", n), n)[:, 1:])
    return bases


def _check(arranged: PermutedRows, terms: Mapping[str, ArrayLike], n: int) -> None:
    """Refuse arrangements of other rows: those taken as alike must be alike in every term."""
    fits = arranged.alike.size == n
    if fits:
        first = np.unique(arranged.alike, return_index=True)[1][arranged.alike]
        unlike = [name for name, columns in terms.items() if (np.asarray(columns)[first] != np.asarray(columns)).any()]
        fits = not unlike
    if not fits:
        found = (
            f"arrangements of {arranged.alike.size} rows" if arranged.alike.size != n else f"other {listing(unlike)}"
        )
        raise StatisticsError(
            "these permutations belong to other terms",
            found=found,
            expected=f"arrangements of the {n} rows of these terms",
            mend="make them by permuted_rows(columns of all terms side by side, …)",
        )


def _orders(sizes: list[int], by: str) -> list[tuple[Integers, list[Integers]]]:
    """Return orders of all columns, each with the places of the terms that are read off in it."""
    edges = np.cumsum([0, *sizes])
    own = [np.arange(a, b) for a, b in pairwise(edges.tolist())]
    if by == "sequential":
        return [(np.arange(edges[-1]), own)]
    orders = []
    for columns in own:
        others = np.setdiff1d(np.arange(edges[-1]), columns)
        orders.append((np.concatenate([others, columns]), [np.arange(others.size, edges[-1])]))
    return orders


def _sums(
    columns: Floats, rows: Integers, g: Floats, outside: Floats, orders: list[tuple[Integers, list[Integers]]]
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return for arrangements (P, n): SS of each term (P, t), of all (P,), df of each (P, t), rank of all (P,)."""
    moved = columns[rows]  # (P, n, k)
    rest = moved - np.matmul(outside, np.matmul(outside.T, moved))
    gram = np.matmul(rest.transpose(0, 2, 1), rest)
    n, k = columns.shape
    flat = rest.transpose(1, 0, 2).reshape(n, len(rows) * k)
    pulled = (g @ flat).reshape(n, len(rows), k).transpose(1, 0, 2)
    form = np.matmul(rest.transpose(0, 2, 1), pulled)
    ss: list[Floats] = []
    df: list[Floats] = []
    for order, read in orders:
        each, used = _eliminated(gram[:, order][:, :, order], form[:, order][:, :, order])
        ss.extend(each[:, places].sum(axis=1) for places in read)
        df.extend(used[:, places].sum(axis=1) for places in read)
    return np.stack(ss, axis=1), each.sum(axis=1), np.stack(df, axis=1), used.sum(axis=1)


def _eliminated(gram: Floats, form: Floats) -> tuple[Floats, Floats]:
    """Return what each column explains after those before it, (P, k), and whether it adds to the rank.

    Gram–Schmidt on inner products: with v_c the rest of column c, gram and form hold v'v and v'Gv.
    """
    k = gram.shape[1]
    explained, used = np.zeros(gram.shape[:2]), np.zeros(gram.shape[:2])
    gram, form = gram.copy(), form.copy()
    for c in range(k):
        pivot = gram[:, c, c].copy()
        counts = pivot > _EXPLAINED
        inverse = np.divide(1.0, pivot, out=np.zeros_like(pivot), where=counts)
        explained[:, c], used[:, c] = form[:, c, c] * inverse, counts
        share = gram[:, c, :] * inverse[:, None]
        row, own = form[:, c, :].copy(), form[:, c, c].copy()
        gram -= share[:, :, None] * gram[:, c, None, :]
        form -= share[:, :, None] * row[:, None, :] + row[:, :, None] * share[:, None, :]
        form += own[:, None, None] * share[:, :, None] * share[:, None, :]
    return explained, used


def _null(
    columns: Floats,
    rows: Integers,
    g: Floats,
    outside: Floats,
    orders: list[tuple[Integers, list[Integers]]],
    sizes: tuple[float, Floats, float, float],
) -> Floats:
    """Return F of every term under every arrangement, (P, t), in chunks that fit in memory."""
    left, df, df2, total = sizes
    step = max(1, _CHUNK // max(1, columns.size))
    parts = []
    for start in range(0, rows.shape[0], step):
        ss, whole, _, _ = _sums(columns, rows[start : start + step], g, outside, orders)
        parts.append(_f(ss, whole, left, df, df2, total))
    return np.concatenate(parts)


def _f(ss: Floats, whole: Floats, left: float, df: Floats, df2: float, total: float) -> Floats:
    """Return pseudo-F (P, t); infinite where nothing is left over."""
    residual = (left - whole)[:, None]
    over = np.where(np.abs(residual) <= _EXPLAINED * total, 0.0, residual)
    above = np.where(np.abs(ss) <= _EXPLAINED * total, 0.0, ss) / np.maximum(df, 1)
    below = np.broadcast_to(over / max(df2, 1.0), above.shape)
    never = np.where(above > 0, np.inf, 0.0)
    return np.divide(above, below, out=never, where=below != 0)


def _said(
    df: Floats, df2: float, scale: float, arranged: PermutedRows
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Return status and note of each term."""
    status, note = np.full(df.size, "ok", dtype=object), np.full(df.size, "", dtype=object)

    def give(where: NDArray[np.bool_], name: str, words: str) -> None:
        chosen = where & (status == "ok")
        status[chosen], note[chosen] = name, words

    every = np.ones(df.size, dtype=bool)
    give(every & (scale == 0), "constant", "all distances are 0")
    give(df == 0, "rank_deficient", "the columns before it explain the term, or it does not vary")
    give(every & (df2 < 1), "too_few", "no residual degree of freedom is left")
    give(every & (arranged.n_distinct <= 1), "too_few", "the rows have one arrangement only")
    return status, note
