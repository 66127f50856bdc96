"""Tables too large for memory: features pass through a fit in blocks, and only what is asked for stays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from commensal.errors import StatisticsError
from commensal.stats.multiplicity import bh

if TYPE_CHECKING:
    import pandas as pd

Values = NDArray[Any]
#: What is kept unless told otherwise.
KEEP = ("effect", "se", "p", "status")


@dataclass(frozen=True, slots=True)
class Streamed:
    """What was kept of m features that passed through in blocks.

    Attributes
    ----------
    columns : mapping of name to (m,) or (c, m)
        The fields asked for, features last; of a result in parts each has the part's name before it, as in
        ``within.p``. ``q`` (``within.q``) stands there when a family was given.
    features : (m,) or None
        Names of the features, when the blocks were data frames.
    n_blocks : int
        Blocks that passed.
    family : str or None
        What q is over.
    """

    columns: Mapping[str, Values]
    features: NDArray[np.object_] | None
    n_blocks: int
    family: str | None

    def __len__(self) -> int:
        """Return the number of features."""
        return int(next(iter(self.columns.values())).shape[-1])

    def __getitem__(self, name: str) -> Values:
        """Return one of the columns."""
        return self.columns[name]

    def table(self) -> pd.DataFrame:
        """Return one row per feature; a column of several contrasts becomes ``effect.0``, ``effect.1`` and so on."""
        import pandas as pd

        flat: dict[str, Values] = {}
        for name, values in self.columns.items():
            if values.ndim == 1:
                flat[name] = values
            else:
                flat |= {f"{name}.{number}": row for number, row in enumerate(values)}
        index = pd.RangeIndex(len(self)) if self.features is None else pd.Index(self.features)
        return pd.DataFrame(flat, index=index.rename("feature"))


def column_blocks(table: Any, size: int = 4096) -> Iterator[Any]:
    """Cut a table of samples × features (n, m) into blocks of ``size`` columns, one in memory at a time.

    Parameters
    ----------
    table
        Anything with a ``shape`` that ``table[:, a:b]`` cuts: an array, ``numpy.memmap``, an HDF5 or zarr dataset, the
        ``X`` of an AnnData file opened backed, a scipy sparse matrix; or a data frame, whose blocks are data frames.
        Blocks are quick where columns lie together in the file.
    size
        Columns of a block; the last one may have fewer.

    Yields
    ------
    (n, ≤ size) array or data frame
        Sparse blocks are made dense, so that a zero stays a zero.

    Raises
    ------
    StatisticsError
        A table that has not two dimensions, or a size below 1.

    Examples
    --------
    >>> import numpy as np
    >>> [block.shape for block in column_blocks(np.zeros((3, 10)), size=4)]
    [(3, 4), (3, 4), (3, 2)]
    """
    shape: tuple[int, ...] = tuple(getattr(table, "shape", ()))
    if len(shape) != 2:
        raise StatisticsError("the table has no rows and columns", found=f"shape {shape}", expected="(n, m)")
    if size < 1:
        raise StatisticsError("a block without columns", found=f"size {size}", expected="1 or more")
    return _cut(table, int(shape[1]), int(size))


def _cut(table: Any, m: int, size: int) -> Iterator[Any]:
    for first in range(0, m, size):
        cut = slice(first, min(first + size, m))
        block = table.iloc[:, cut] if hasattr(table, "iloc") else table[:, cut]
        yield block.toarray() if hasattr(block, "toarray") else block


def stream(
    fit: Callable[[Any], Any],
    blocks: Iterable[Any],
    *,
    keep: Sequence[str] = KEEP,
    family: str | None = None,
) -> Streamed:
    """Fit blocks of features (n, b), one after the other, and keep only some fields of each feature.

    Memory holds one block, its fit and the kept columns, 8 bytes per number: a million features with four fields are
    32 MB. Features do not see each other, so results do not depend on where blocks end (what learns from all
    features, such as `moderated` or `max_t`, must not be streamed). With a family, q is Benjamini and Hochberg's over
    the p of all blocks together, for each contrast and each part of the result apart.

    Parameters
    ----------
    fit
        From a block to a frozen result with a field per feature: any of `linear`, `mixed`, `mixed_split`, `mixed_f`,
        `logistic`, `logistic_mixed`, … with its other arguments filled in.
    blocks
        Blocks of features, samples in the same order in all of them: from :func:`column_blocks`, or any iterable,
        such as a generator that reads files. Data frames carry the features' names.
    keep
        Names of fields. Of a result in parts (`mixed_split`) ``"p"`` means that of every part, ``"within.p"`` that
        of one.
    family
        What the family is, in words, for q; then ``"p"`` must be among the kept.

    Returns
    -------
    Streamed

    Raises
    ------
    StatisticsError
        A field that the result does not have, or that has no entry per feature; blocks of which some have names and
        some have none; no block at all; whatever the fit refuses, with the block in which it was.

    References
    ----------
    Benjamini and Hochberg 1995, J. R. Stat. Soc. B 57:289.

    Examples
    --------
    >>> import numpy as np
    >>> from commensal import stats
    >>> rng = np.random.default_rng(1)
    >>> cage = np.repeat(np.arange(8), 4)
    >>> x = np.column_stack([np.ones(32), cage % 2])
    >>> blocks = (rng.normal(size=(32, 500)) for _ in range(4))  # never all in memory
    >>> made = stats.stream(lambda y: stats.mixed(y, x, [0, 1], cage), blocks, family="2,000 features of noise")
    >>> len(made), sorted(made.columns), bool(made["q"].min() > 0.05)
    (2000, ['effect', 'p', 'q', 'se', 'status'], True)
    """
    kept: dict[str, list[Values]] = {}
    names: list[Any] = []
    count = features = 0
    for block in blocks:
        width = int(np.shape(block)[1]) if np.ndim(block) == 2 else 0
        where = f"block {count}, features {features} to {features + width - 1}"
        try:
            result = fit(block)
        except StatisticsError as error:
            told = f"{where}: {error.where}" if error.where else where
            raise StatisticsError(
                error.what, where=told, found=error.found, expected=error.expected, mend=error.mend
            ) from error
        chosen = _chosen(result, keep, width, where)
        if kept and list(chosen) != list(kept):
            raise StatisticsError("blocks have different fields", where=where, found=list(chosen), expected=list(kept))
        for name, values in chosen.items():
            kept.setdefault(name, []).append(values)
        names.append(_names(block))
        if (names[-1] is None) != (names[0] is None):
            raise StatisticsError("some blocks name their features, some do not", where=where, mend="name all, or none")
        count, features = count + 1, features + width
    if not kept:
        raise StatisticsError(
            "no block came", expected="at least one block of features", mend="is the iterator used up?"
        )
    columns = {name: np.concatenate(parts, axis=-1) for name, parts in kept.items()}
    if family is not None:
        columns |= _over_all(columns, family)
    return Streamed(MappingProxyType(columns), None if names[0] is None else np.concatenate(names), count, family)


def _names(block: Any) -> NDArray[np.object_] | None:
    return np.asarray(block.columns, dtype=object) if hasattr(block, "columns") else None


def _fields_of(result: Any, before: str = "") -> dict[str, Any]:
    """Fields of a result and of its parts, by name."""
    if not is_dataclass(result):
        raise StatisticsError(
            "the fit does not return a result with fields", found=type(result).__name__, expected="a frozen result"
        )
    found: dict[str, Any] = {}
    for item in fields(result):
        value = getattr(result, item.name)
        found |= _fields_of(value, f"{item.name}.") if is_dataclass(value) else {before + item.name: value}
    return found


def _chosen(result: Any, keep: Sequence[str], width: int, where: str) -> dict[str, Values]:
    """Return the fields asked for, each with one entry per feature."""
    found = _fields_of(result)
    chosen: dict[str, Values] = {}
    for name in keep:
        matching = [full for full in found if name in (full, full.rpartition(".")[2])]
        if not matching:
            near = get_close_matches(name, found, 1)
            raise StatisticsError(
                f"the result has no field {name!r}",
                where="keep",
                found=type(result).__name__,
                expected=f"some of {', '.join(found)}",
                mend=f"did you mean {near[0]!r}?" if near else None,
            )
        for full in matching:
            values = np.asarray(found[full])
            if values.ndim not in (1, 2) or values.shape[-1] != width:
                raise StatisticsError(
                    f"{full} has no entry per feature",
                    where=where,
                    found=f"shape {values.shape}",
                    expected=f"(…, {width}), one per column of the block",
                )
            chosen[full] = values
    return chosen


def _over_all(columns: Mapping[str, Values], family: str) -> dict[str, Values]:
    tested = [name for name in columns if name.rpartition(".")[2] == "p"]
    if not tested:
        raise StatisticsError("a family without p", found=f"kept {', '.join(columns)}", expected="p among the kept")
    made = {}
    for name in tested:
        rows = np.atleast_2d(columns[name])
        q = np.stack([bh(row, family=family) for row in rows])
        made[name[:-1] + "q"] = q if columns[name].ndim == 2 else q[0]
    return made
