"""What readers hand over: a matrix with its annotations, and the shape of a format."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.errors import TableError, listing
from commensal.limits import require_short
from commensal.study.declared import Assay
from commensal.study.loaded import Dropped

#: Cells of an assay that mean "no value", besides those that the study file declares.
MISSING = ("", "NA", "NaN", "nan", "N/A", "null")


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """One table of measurements as its file holds it, samples in rows whatever the file's orientation."""

    file: str  #: name of the file, for messages
    samples: tuple[str, ...]  #: n ids, in the file's order
    features: tuple[str, ...]  #: m ids, in the file's order
    values: NDArray[np.float64]  #: (n, m); NaN where the file has no value
    annotations: pd.DataFrame  #: m rows of text from the same file; no columns when it has none
    place: Callable[[int, int], str]  #: (sample i, feature j) → where in the file, for messages
    dropped: tuple[Dropped, ...] = ()
    encoding: str = "utf-8"
    quality: pd.DataFrame | None = None  #: n rows: reads that count for no feature, by reason
    label: str | None = None  #: the annotation to call features by, where the study file names none


@dataclass(frozen=True, slots=True)
class Format:
    """One file format: how it is recognised, and what can be read from it (None: it holds no such thing)."""

    name: str
    description: str
    sniff: Callable[[Path], bool]  #: looks at the first bytes only; never raises on strange contents
    read_assay: Callable[[Path, Assay, Sequence[str]], Matrix] | None = None
    read_table: Callable[[Path], pd.DataFrame] | None = None
    read_tree: Callable[[Path], str] | None = None
    read_files: Callable[[Mapping[str, Path], Assay, Path], Matrix] | None = None  #: sample → its file
    sheets: bool = False  #: whether one file holds several tables, of which ``sheet`` names one


def require_unique(ids: Sequence[str], places: Callable[[int], str], *, what: str, file: str) -> None:
    """Refuse ids that are empty or occur more than once, naming them and where they stand.

    Raises
    ------
    TableError
        An empty id, or a duplicated one.

    Examples
    --------
    >>> require_unique(["a", "b", "a"], lambda i: f"line {i + 2}", what="feature", file="t.tsv")
    Traceback (most recent call last):
    commensal.errors.TableError: t.tsv: 1 feature id occurs more than once
      found: 'a' (line 2, line 4)
      ...
    """
    empty = [i for i, name in enumerate(ids) if not name.strip()]
    if empty:
        raise TableError(
            f"a {what} has no id",
            where=f"{file}, {places(empty[0])}",
            found=f"{len(empty)} empty {what} id{'s' * (len(empty) > 1)}",
            expected=f"a unique id for every {what}",
            mend="name it in the file, or take it out of the file",
        )
    require_short(list(ids), places, file)
    if len(set(ids)) == len(ids):
        return
    seen: dict[str, list[int]] = {}
    for i, name in enumerate(ids):
        seen.setdefault(name, []).append(i)
    twice = {name: [places(i) for i in rows] for name, rows in seen.items() if len(rows) > 1}
    raise TableError(
        f"{len(twice)} {what} id{'s occur' if len(twice) > 1 else ' occurs'} more than once",
        where=file,
        found=listing((f"{name!r} ({listing(spots, 4)})" for name, spots in twice.items()), 3),
        expected=f"every {what} id once",
        mend="rename them in the file, or name a column with unique ids: features = { id = ... }"
        if what == "feature"
        else "rename or merge them in the file",
    )


def no_annotations(features: Sequence[str]) -> pd.DataFrame:
    """Return the annotations of a file that has none: an index and no columns."""
    return pd.DataFrame(index=pd.Index(list(features), dtype="object"))


def cell_text(value: Any) -> str:
    """Write a value of a typed table as text files have it: a whole number without a point, nothing for missing.

    Examples
    --------
    >>> [cell_text(one) for one in (3.0, 0.25, True, None, "x", float("nan"))]
    ['3', '0.25', 'TRUE', '', 'x', '']
    """
    if value is None or value is np.ma.masked or value is pd.NA or value != value:  # noqa: PLR0124  NaN
        return ""
    if isinstance(value, bool | np.bool_):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float | np.floating):
        return f"{value:.15g}"
    return str(value)
