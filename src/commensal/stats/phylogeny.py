"""Diversity along a tree: Faith's PD and UniFrac."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError, listing
from commensal.stats._arrays import Floats, abundances, refuse_empty, whole_numbers
from commensal.stats.diversity import seen_among


def faith_pd(counts: ArrayLike, feature_ids: Sequence[str], newick: str) -> Floats:
    """Faith's phylogenetic diversity of each sample, abundances (n, m) → (n,), in the tree's branch length.

    The summed length of all branches between the root and the features present; a stem above the root is no part of
    it. An unrooted tree (its outermost node
    has three branches or more) is rooted at the midpoint of its longest path, as QIIME 2's pipeline does; see
    :func:`is_rooted`. NaN for a sample without anything in it.

    Parameters
    ----------
    counts
        (n, m) abundances; only presence matters.
    feature_ids
        (m,) names of the tree's tips, matched exactly. Tips that are no feature are welcome.
    newick
        The tree as text. Underscores are kept as they are.

    Raises
    ------
    StatisticsError
        Features without a tip, tips with one name, branches without a length or with a negative one, text that is no
        Newick tree, negative or missing abundances.

    References
    ----------
    Faith (1992) Biol Conserv 61:1–10; with the root: Faith & Baker (2006).

    Examples
    --------
    >>> faith_pd([[3, 1, 0], [0, 0, 2]], ["a", "b", "c"], "((a:1,b:2):1,c:3);").tolist()
    [4.0, 3.0]
    """
    table = abundances(counts, "the abundances")
    below, length = _along_branches((table > 0).astype(np.float64), feature_ids, newick)
    pd: Floats = (below > 0) @ length
    return np.where(table.sum(axis=1) > 0, pd, np.nan)


def rarefied_faith_pd(counts: ArrayLike, depth: float, feature_ids: Sequence[str], newick: str) -> Floats:
    """Faith's PD expected among ``depth`` reads of each sample, counts (n, m) → (n,), in the tree's branch length.

    Each branch counts with the chance that a read from below it is among the ``depth`` drawn without replacement:
    PD = Σ_b l_b (1 − C(N − N_b, depth) / C(N, depth)), N_b the reads below branch b. NaN where the sample has fewer
    than ``depth`` reads. Arguments, rooting and errors as in :func:`faith_pd`; counts must be whole.

    References
    ----------
    Nipperess & Matsen (2013) Methods Ecol Evol 4:566–572.

    Examples
    --------
    One read: the mean length from the root to a read's tip.

    >>> rarefied_faith_pd([[3, 1, 0]], 1, ["a", "b", "c"], "((a:1,b:2):1,c:3);").round(9).tolist()
    [2.25]
    """
    table = whole_numbers(counts, "the counts")
    below, length = _along_branches(table, feature_ids, newick)
    pd: Floats = seen_among(below, table.sum(axis=1), depth) @ length
    return pd


def unifrac(counts: ArrayLike, feature_ids: Sequence[str], newick: str, *, weighted: bool) -> Floats:
    """UniFrac distances between samples, abundances (n, m) → (n, n).

    With pᵢ_b the share of sample i below branch b of length l_b: weighted Σ_b l_b |pᵢ_b − pⱼ_b| (not normalised, what
    QIIME 2 calls weighted UniFrac), unweighted the length below which one of the two samples is, over the length
    below which any of them is. Counts and relative abundances give the same. Arguments, rooting and errors as in
    :func:`faith_pd`; a sample without anything in it is refused.

    Parameters
    ----------
    counts, feature_ids, newick
        As for :func:`faith_pd`.
    weighted
        By shares, or by presence.

    References
    ----------
    Lozupone & Knight (2005) Appl Environ Microbiol 71:8228–8235; weighted: Lozupone et al. (2007) ibid. 73:1576–1585.

    Examples
    --------
    >>> tree = "((a:1,b:2):1,c:3);"
    >>> unifrac([[1, 1, 0], [0, 1, 1]], ["a", "b", "c"], tree, weighted=True).tolist()
    [[0.0, 2.5], [2.5, 0.0]]
    >>> unifrac([[1, 1, 0], [0, 1, 1]], ["a", "b", "c"], tree, weighted=False)[0].round(6).tolist()
    [0.0, 0.571429]
    """
    from scipy.spatial.distance import pdist, squareform

    table = abundances(counts, "the abundances")
    refuse_empty(table, "UniFrac")
    shares = table / table.sum(axis=1, keepdims=True)
    if not weighted:
        shares = (table > 0).astype(np.float64)
    below, length = _along_branches(shares, feature_ids, newick)
    if not weighted:
        below = (below > 0).astype(np.float64)
    apart: Floats = pdist(below * length, "cityblock") if table.shape[0] > 1 else np.zeros(0)
    if not weighted:
        first, second = np.triu_indices(table.shape[0], 1)
        held = below @ length
        # |A ∪ B| = (|A| + |B| + |A Δ B|) / 2; a tree whose shared branches are all of length 0 sets nothing apart.
        union = (held[first] + held[second] + apart) / 2
        apart = np.divide(apart, union, out=np.zeros_like(apart), where=union > 0)
    square: Floats = squareform(apart) if table.shape[0] > 1 else np.zeros((table.shape[0],) * 2)
    return square


def is_rooted(newick: str) -> bool:
    """Say whether the tree has a root: at most two branches at its outermost node.

    Parameters
    ----------
    newick
        The tree as text.

    Examples
    --------
    >>> is_rooted("((a:1,b:2):1,c:3);"), is_rooted("(a:1,b:2,c:3);")
    (True, False)
    """
    return len(_read(newick).children) <= 2


def _along_branches(values: Floats, feature_ids: Sequence[str], newick: str) -> tuple[Floats, Floats]:
    """Return the sum of values (n, m) below each branch, (n, branches), and the branches' lengths (branches,)."""
    if len(feature_ids) != values.shape[1]:
        raise StatisticsError(
            "the feature ids do not fit the table", found=f"{len(feature_ids)} ids", expected=values.shape[1]
        )
    tree = _rooted(newick)
    _refuse_mismatch(tree, feature_ids)
    column = {name: j for j, name in enumerate(feature_ids)}
    branches = [node for node in tree.postorder() if not node.is_root()]
    place = {id(node): b for b, node in enumerate(branches)}
    below = np.zeros((len(branches), values.shape[0]))
    for b, node in enumerate(branches):
        if node.is_tip():
            if node.name in column:
                below[b] = values[:, column[node.name]]
        else:
            below[b] = below[[place[id(child)] for child in node.children]].sum(axis=0)
    return below.T, np.array([node.length for node in branches], dtype=np.float64)


def _refuse_mismatch(tree: Any, feature_ids: Sequence[str]) -> None:
    """Refuse features or tips that occur twice, and features without a tip."""
    tips = [node.name for node in tree.tips()]
    for names, what in ((list(feature_ids), "features"), (tips, "tips of the tree")):
        seen: set[str] = set()
        double = [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]
        if double:
            raise StatisticsError(f"{what} bear the same name", found=listing(double), expected="each name once")
    known = set(tips)
    absent = [name for name in feature_ids if name not in known]
    if absent:
        raise StatisticsError(
            f"{len(absent)} of {len(feature_ids)} features are not in the tree",
            found=listing(absent),
            expected=f"tips such as {listing(tips, most=3)}",
            mend="give the tree of exactly these features: names are never matched approximately",
        )


def _rooted(newick: str) -> Any:
    """Return the tree with lengths on all branches and a root."""
    tree = _read(newick)
    branches = [node for node in tree.traverse() if not node.is_root()]
    bare = [node.name or "(inner node)" for node in branches if node.length is None]
    if bare:
        raise StatisticsError(
            f"{len(bare)} of {len(branches)} branches have no length",
            where="tree",
            found=listing(bare),
            expected="a length on every branch",
            mend="export the tree with branch lengths",
        )
    negative = [f"{node.name or '(inner node)'} ({node.length:g})" for node in branches if node.length < 0]
    if negative:
        raise StatisticsError("branches have negative lengths", where="tree", found=listing(negative))
    return tree if len(tree.children) <= 2 else tree.root_at_midpoint()


def _read(newick: str) -> Any:
    """Return the parsed tree; names keep their underscores."""
    from io import StringIO

    from skbio import TreeNode
    from skbio.io import NewickFormatError

    if not newick.strip():
        raise StatisticsError("the tree is empty", where="tree", expected="Newick text")
    try:
        return TreeNode.read(StringIO(newick), format="newick", convert_underscores=False, verify=False)
    except NewickFormatError as error:
        raise StatisticsError("the tree is not in Newick format", where="tree", found=error) from error
