"""Association of two tables: every column of one with every column of the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commensal.errors import StatisticsError, listing
from commensal.stats import _pairs as pairs
from commensal.stats._arrays import TIE, Floats, numbers
from commensal.stats.hierarchical import refuse_level
from commensal.stats.permutation import Permutations, permutations

if TYPE_CHECKING:
    import pandas as pd

Mask = NDArray[np.bool_]
Texts = NDArray[np.object_]
METHODS = ("spearman", "pearson")
#: What `state` counts from 0.
STATES = ("ok", "constant", "too_few")


@dataclass(frozen=True, slots=True)
class Associations:
    """Correlations of all pairs (p, q) of two tables' columns; missing is NaN, and `status` says why.

    Attributes
    ----------
    r : (p, q)
        Correlation, partial where there are covariates or blocks.
    p, q : (p, q)
        Two-sided p, and Benjamini–Hochberg's q over all pairs that have one.
    n, df : (p, q)
        Samples that both columns have, and n − (columns that were held fixed, the mean among them) − 1.
    exact : (p, q)
        Whether p comes from the distribution over all orders instead of t.
    state : (p, q)
        Index into :data:`STATES`; :meth:`status` has the words.
    x_names, y_names : (p,), (q,)
        Names of the columns, else their numbers.
    method : str
        ``"spearman"`` or ``"pearson"``.
    p_from : str
        How p was computed.
    family : str
        What q is over.
    """

    r: Floats
    p: Floats
    q: Floats
    n: Floats
    df: Floats
    exact: Mask
    state: NDArray[np.uint8]
    x_names: Texts
    y_names: Texts
    method: str
    p_from: str
    family: str

    def __len__(self) -> int:
        """Return the number of pairs."""
        return self.r.size

    def status(self) -> Texts:
        """Return the status (p, q) of every pair in words: ``ok``, ``constant`` or ``too_few``."""
        return np.asarray(np.array(STATES, object)[self.state])

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Return both ends (p, q) of approximate intervals of r by Fisher's z.

        z = artanh r with variance 1 / (df − 1), for Spearman (1 + r²/2) / (df − 1) (Bonett & Wright 2000).
        """
        from scipy.special import ndtri

        refuse_level(level)
        variance = 1 + (self.r**2 / 2 if self.method == "spearman" else 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            half = ndtri((1 + level) / 2) * np.sqrt(np.where(self.df > 1, variance / (self.df - 1), np.nan))
            z = np.arctanh(np.clip(self.r, -1, 1))
            return np.tanh(z - half), np.tanh(z + half)

    def table(self, top: int | None = None, *, level: float = 0.95) -> pd.DataFrame:
        """Return the pairs by increasing p, the first ``top`` if asked, with intervals at ``level``."""
        import pandas as pd

        flat = np.where(np.isnan(self.p), np.inf, self.p).reshape(-1)
        size = np.abs(np.nan_to_num(self.r)).reshape(-1)
        if top is not None and 0 < top < flat.size:
            cut = np.partition(flat, top - 1)[top - 1]
            chosen = np.flatnonzero(flat <= cut)
        else:
            chosen = np.arange(flat.size if top is None or top > 0 else 0)
        chosen = chosen[np.lexsort((-size[chosen], flat[chosen]))][:top]
        i, j = np.unravel_index(chosen, self.r.shape)
        part = replace(
            self, **{name: getattr(self, name)[i, j] for name in ("r", "p", "q", "n", "df", "exact", "state")}
        )
        low, high = part.interval(level)
        return pd.DataFrame(
            {"x": self.x_names[i], "y": self.y_names[j], "r": part.r, "low": low, "high": high, "p": part.p}
            | {"q": part.q, "n": part.n.astype(np.int64), "df": part.df, "status": part.status()}
        )


def associate(
    x: ArrayLike,
    y: ArrayLike,
    *,
    method: str = "spearman",
    covariates: ArrayLike | None = None,
    block: ArrayLike | None = None,
    n_permutations: int = 0,
    seed: int = 1,
    family: str = "all pairs of columns",
) -> Associations:
    """Correlate every column of x (n, p) with every column of y (n, q), all pairs at once.

    Pearson's r, or Spearman's: r of average ranks. With `covariates` and `block` it is the partial correlation: of the
    residuals on the mean, the covariates and a column for each block (for Spearman covariates are ranked too, as in
    R's ppcor). t = r √(df / (1 − r²)) has df = n − rank − 1, the rank counting the mean. With blocks Spearman's ranks
    are taken inside each block, over its size + 1: ranks over all blocks spread least in the lowest and highest block,
    in both tables at once, and t on their residuals rejects too often (docs/decisions/association.md).

    A pair is taken over the samples that both columns have; with blocks or covariates these are fitted anew for each
    pattern, by matrix products, without a loop over pairs. Spearman's ranks are taken once per column, among all
    its present values: with missing values r is therefore not quite that of ranks taken anew for each pair.

    Parameters
    ----------
    x, y
        (n, p) and (n, q) numbers, NaN = missing; arrays, or data frames with the same index.
    method
        ``"spearman"`` or ``"pearson"``.
    covariates
        (n, k) numbers without gaps.
    block
        (n,) household, subject, batch: associations are inside blocks.
    n_permutations
        If above 0, p is the share of that many arrangements of the samples (all, where there are no more) with an |r|
        as large: within blocks where given; of residuals where there are covariates, which is approximate. Needs
        tables without gaps. The honest choice for few, small blocks.
    seed
        Of the permutations.
    family
        What q is over, in words.

    Returns
    -------
    Associations
        Spearman's p are exact for up to 9 samples and pairs without ties, gaps, covariates or blocks.

    Raises
    ------
    StatisticsError
        Tables that do not fit, infinite or non-numeric values, an unknown method, gaps in covariates or blocks,
        permutations of tables with gaps.

    References
    ----------
    Fisher (1924) Metron 3:329–332; Kendall & Gibbons (1990) Rank correlation methods. R: ``cor.test``.

    Examples
    --------
    >>> microbes = np.array([[3.0, 1, 9], [5, 2, 9], [9, 4, 9], [11, 3, 9], [20, 6, 9], [31, 5, 9]])
    >>> found = associate(microbes, np.array([[0.1, 0.2, 0.5, 0.6, 1.1, 1.3]]).T)
    >>> found.r[:, 0].round(4).tolist(), found.p[:, 0].round(4).tolist(), found.status()[:, 0].tolist()
    ([1.0, 0.8857, nan], [0.0028, 0.0333, nan], ['ok', 'ok', 'constant'])
    """
    if method not in METHODS:
        raise StatisticsError("no such correlation", found=repr(method), expected=", ".join(METHODS))
    if not family.strip():
        raise StatisticsError("the family of a correction has no name", expected="words", mend='give family="…"')
    left, right, x_names, y_names = _tables(x, y)
    n = len(left)
    codes = _blocks(block, n)
    fixed = _fixed(covariates, n, method, codes)
    design = np.ones((n, 1)) if codes is None else (codes[:, None] == np.arange(codes.max() + 1)).astype(np.float64)
    design = np.column_stack([design, fixed])
    plain = design.shape[1] == 1
    ties = (pairs.tied(left), pairs.tied(right)) if n <= pairs.EXACT_TO else None
    if method == "spearman":
        left, right = _ranked(left, codes), _ranked(right, codes)
    gaps = (np.asarray(np.isnan(left).any(axis=0)), np.asarray(np.isnan(right).any(axis=0)))
    if n_permutations > 0:
        if gaps[0].any() or gaps[1].any():
            raise StatisticsError(
                "permutations need tables without gaps", mend="leave out columns or samples with gaps"
            )
        return _permuted((left, right, x_names, y_names), design, block, (n_permutations, seed), method, family)
    r, count, rank = _correlations(left, right, design, gaps)
    df = count - rank - 1
    if not (gaps[0].any() or gaps[1].any()):
        p = pairs.p_of_r(r, float(df.flat[0])) if df.flat[0] >= 1 else np.full(r.shape, np.nan)
    else:
        p = pairs.p_of_r(r, np.where(df >= 1, df, np.nan))
    exact: Mask = np.broadcast_to(np.zeros(1, dtype=bool), r.shape)
    if method == "spearman" and plain and ties is not None and n >= 3:
        exact = np.outer(~ties[0] & ~gaps[0], ~ties[1] & ~gaps[1]) & ~np.isnan(r)
        d = np.rint((1 - r[exact]) * (n**3 - n) / 6).astype(np.int64)
        p[exact] = pairs.spearman_tail(n)[d]
    p_from = "t" if not exact.any() else "all orders where nothing is tied, else t"
    return _result(r, p, (count, df, exact), (x_names, y_names), (method, p_from, family))


def _result(
    r: Floats, p: Floats, counts: tuple[Floats, Floats, Mask], names: tuple[Texts, Texts], words: tuple[str, str, str]
) -> Associations:
    """Give every pair its state, and take r and p from those that cannot have them."""
    n, df, exact = counts
    few = ~(df >= 1)
    state = np.zeros(r.shape, dtype=np.uint8)
    lost = np.isnan(r)
    if lost.any() or few.any():
        state[lost] = STATES.index("constant")
        state[few] = STATES.index("too_few")
        r[few] = np.nan
        p[lost | few] = np.nan
    return Associations(r, p, pairs.step_up(p), n, df, np.asarray(exact), state, *names, *words)


def _correlations(x: Floats, y: Floats, design: Floats, gaps: tuple[Mask, Mask]) -> tuple[Floats, Floats, Floats]:
    """Return r, n and rank (p, q): one matrix product for columns without gaps, products under masks for the others."""
    n = len(x)
    basis = pairs.orthonormal(design)
    if not (gaps[0].any() or gaps[1].any()):
        r = _complete(x, y, basis)
        return r, np.broadcast_to(float(n), r.shape), np.broadcast_to(float(basis.shape[1]), r.shape)
    shape = (x.shape[1], y.shape[1])
    r, count, rank = np.full(shape, np.nan), np.full(shape, float(n)), np.full(shape, float(basis.shape[1]))
    whole = np.ix_(~gaps[0], ~gaps[1])
    r[whole] = _complete(x[:, ~gaps[0]], y[:, ~gaps[1]], basis)
    for rows, columns in ((gaps[0], np.ones_like(gaps[1])), (~gaps[0], gaps[1])):
        if rows.any() and columns.any():
            place = np.ix_(rows, columns)
            r[place], count[place], rank[place] = pairs.masked_r(x[:, rows], y[:, columns], design)
    return np.clip(r, -1.0, 1.0), count, rank


def _complete(x: Floats, y: Floats, basis: Floats) -> Floats:
    """Return r (p, q) of tables without gaps, given an orthonormal basis of what is held fixed."""
    rows, flat_x = pairs.unit_residuals(x, basis)
    columns, flat_y = pairs.unit_residuals(y, basis)
    r = rows @ columns.T
    np.clip(r, -1.0, 1.0, out=r)
    r[flat_x] = np.nan
    r[:, flat_y] = np.nan
    return np.asarray(r)


def _permuted(
    tables: tuple[Floats, Floats, Texts, Texts],
    design: Floats,
    block: ArrayLike | None,
    draws: tuple[int, int],
    method: str,
    family: str,
) -> Associations:
    """Move the rows of x's residuals among samples, within blocks, and count |r| as large as the observed one."""
    x, y, x_names, y_names = tables
    n = len(x)
    basis = pairs.orthonormal(design)
    rows, flat_x = pairs.unit_residuals(x, basis)
    columns, flat_y = pairs.unit_residuals(y, basis)
    r = np.clip(rows @ columns.T, -1.0, 1.0)
    arranged: Permutations = permutations(np.arange(n), block=block, scheme=None if block is None else "within blocks",
                                          n=draws[0], seed=draws[1])  # fmt: skip
    reach = np.abs(r) * (1 - TIE)
    above = np.zeros(r.shape)
    for order in arranged.labels.astype(np.int64):
        moved = rows[:, order]
        length = np.sqrt(np.maximum(1 - ((moved @ basis) ** 2).sum(axis=1), NOTHING_LEFT))
        above += np.abs((moved / length[:, None]) @ columns.T) >= reach
    total = len(arranged.labels)
    p = above / total if arranged.exact else (1 + above) / (1 + total)
    if arranged.n_distinct <= 1:
        p[:] = np.nan
    r[flat_x] = np.nan
    r[:, flat_y] = np.nan
    count = np.broadcast_to(float(n), r.shape)
    df = np.broadcast_to(float(n - basis.shape[1] - 1), r.shape)
    exact = np.broadcast_to(np.bool_(arranged.exact), r.shape)
    words = f"{total} arrangements, {arranged.scheme}" + (", all there are" if arranged.exact else "")
    return _result(r, p, (count, df, exact), (x_names, y_names), (method, words, family))


#: Least squared length of moved residuals: they cannot lie wholly in what is held fixed but by rounding.
NOTHING_LEFT = 1e-12


def _tables(x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats, Texts, Texts]:
    """Return both tables as floats with the same samples, NaN = missing, and their columns' names."""
    indices: list[Any] = [getattr(table, "index", None) for table in (x, y)]
    if all(hasattr(index, "equals") for index in indices) and not indices[0].equals(indices[1]):
        raise StatisticsError(
            "the two tables do not list the same samples in the same order",
            found=" and ".join(f"{listing(index[:3])} …" for index in indices),
            mend="bring both to one index first",
        )
    tables = []
    for name, given in (("x", x), ("y", y)):
        try:
            table = np.asarray(given, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise StatisticsError(f"{name} does not hold numbers", found=error) from error
        if table.ndim != 2 or 0 in table.shape:
            raise StatisticsError(f"{name} is no table", found=f"shape {table.shape}", expected="(samples, columns)")
        if np.isinf(table).any():
            raise StatisticsError(f"{name} holds infinite values", found=int(np.isinf(table).sum()), expected="numbers")
        tables.append(table)
    if len(tables[0]) != len(tables[1]):
        raise StatisticsError("x and y have other samples", found=f"{len(tables[0])} and {len(tables[1])} rows")
    names = []
    for given, table in zip((x, y), tables, strict=True):
        labels = np.empty(table.shape[1], object)
        columns = getattr(given, "columns", None)
        labels[:] = list(range(table.shape[1])) if columns is None else list(columns)
        names.append(labels)
    return tables[0], tables[1], names[0], names[1]


def _ranked(x: Floats, codes: NDArray[np.int64] | None) -> Floats:
    """Return ranks of each column, inside blocks where there are any."""
    return pairs.ranks(x) if codes is None else pairs.ranks_in_blocks(x, codes)


def _fixed(covariates: ArrayLike | None, n: int, method: str, codes: NDArray[np.int64] | None) -> Floats:
    """Return covariates (n, k), centred, scaled, and ranked for Spearman."""
    if covariates is None:
        return np.empty((n, 0))
    given: NDArray[np.generic] = np.asarray(covariates)
    z = numbers(given[:, None] if given.ndim == 1 else given, "covariates", dimensions=2)
    if len(z) != n:
        raise StatisticsError("covariates do not fit the tables", found=f"{len(z)} rows", expected=n)
    z = _ranked(z, codes) if method == "spearman" else z
    z = z - z.mean(axis=0)
    scale = np.sqrt((z**2).mean(axis=0))
    return np.asarray(z / np.where(scale > 0, scale, 1.0))


def _blocks(block: ArrayLike | None, n: int) -> NDArray[np.int64] | None:
    """Return block codes (n,), none of them missing."""
    if block is None:
        return None
    given: NDArray[np.generic] = np.asarray(block)
    if given.shape != (n,):
        raise StatisticsError("block does not fit the tables", found=f"shape {given.shape}", expected=f"({n},)")
    labels = given.tolist()
    missing = [i for i, label in enumerate(labels) if label is None or label != label]  # noqa: PLR0124  NaN
    if missing:
        raise StatisticsError("block is missing for some samples", found=f"rows {listing(missing)}")
    places = {label: code for code, label in enumerate(dict.fromkeys(labels))}
    return np.array([places[label] for label in labels], dtype=np.int64)
