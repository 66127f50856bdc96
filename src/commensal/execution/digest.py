"""What a thing is, as a hash: settings, arrays and tables that are the same have the same one, and only they."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

#: Files whose contents are code, or facts that ship with it.
_SOURCES = (".py", ".toml", ".tsv", ".xz", ".gz", ".j2", ".js", ".css", ".json", ".parquet")


def digest(thing: object) -> str:
    """Return the SHA-256, in hexadecimal, of a setting, array, table, or of dataclasses, mappings and lists of these.

    Numbers are the same only if all of their bits are; the order of a list or mapping counts, that of a set does not.

    Raises
    ------
    TypeError
        A thing whose sameness is not known: better no key than a wrong one.

    Examples
    --------
    >>> digest({"covariates": ("age",)}) == digest({"covariates": ["age"]})
    True
    >>> digest(0.1 + 0.2) == digest(0.3)
    False
    """
    return hashlib.sha256(json.dumps(_plain(thing), ensure_ascii=True).encode()).hexdigest()


def _plain(thing: object) -> Any:  # noqa: PLR0911  one line per kind of thing
    """Return the thing in JSON, each kind under a name of its own where two could be taken for one."""
    if thing is None or isinstance(thing, bool):
        return thing
    if isinstance(thing, str):
        return str(thing)
    if isinstance(thing, int):
        return int(thing)
    if isinstance(thing, float):
        return {"float": float(thing).hex()}
    if isinstance(thing, bytes):
        return {"bytes": hashlib.sha256(thing).hexdigest()}
    if isinstance(thing, Path):
        return {"path": thing.as_posix()}
    if isinstance(thing, Mapping):
        return {"pairs": [[_plain(key), _plain(value)] for key, value in thing.items()]}
    if isinstance(thing, frozenset | set):
        return {"set": sorted(json.dumps(_plain(item)) for item in thing)}
    if isinstance(thing, list | tuple):
        items = [_plain(item) for item in thing]
        return items if type(thing) in (list, tuple) else {type(thing).__name__: items}  # it may mean something else
    if is_dataclass(thing) and not isinstance(thing, type):
        return {type(thing).__name__: [[one.name, _plain(getattr(thing, one.name))] for one in fields(thing)]}
    return _of_libraries(thing)


def _of_libraries(thing: Any) -> Any:
    import numpy as np
    import pandas as pd

    if isinstance(thing, np.ndarray):
        return {"array": array_digest(thing)}
    if isinstance(thing, np.generic):
        return _plain(thing.item())
    if thing is pd.NA:
        return {"missing": None}
    if isinstance(thing, pd.Series):
        return {"column": column_digest(thing), "index": column_digest(thing.index.to_series())}
    if isinstance(thing, pd.DataFrame):
        columns = [[str(name), column_digest(thing.iloc[:, at])] for at, name in enumerate(thing.columns)]
        return {"table": columns, "index": column_digest(thing.index.to_series())}
    raise TypeError(f"no hash is known of a {type(thing).__name__}")


def array_digest(array: Any) -> str:
    """Return the SHA-256 of an array: its type, shape and bits."""
    import numpy as np

    if array.dtype == object:
        return _of_items(array.ravel().tolist(), f"object {array.shape}")
    summed = hashlib.sha256(f"{array.dtype.str} {array.shape} ".encode())
    summed.update(np.ascontiguousarray(array).data if array.size else b"")
    return summed.hexdigest()


def column_digest(column: pd.Series[Any]) -> str:
    """Return the SHA-256 of a column's type and values, its index aside; whatever is missing is the same."""
    import numpy as np
    import pandas as pd

    kind = str(column.dtype)
    if isinstance(column.dtype, pd.CategoricalDtype):  # the order of its levels may count
        kind += f" {column.dtype.ordered} {digest(column.dtype.categories.tolist())}"
    if isinstance(column.dtype, np.dtype) and column.dtype != object:
        return array_digest(column.to_numpy())
    return _of_items((None if gone else value for value, gone in zip(column, column.isna(), strict=True)), kind)


def _of_items(items: Iterable[object], kind: str) -> str:
    summed = hashlib.sha256(f"{kind} ".encode())
    for item in items:
        if item is None:
            summed.update(b"\x00")
        elif isinstance(item, str):
            text = item.encode("utf-8", "surrogatepass")
            summed.update(b"\x01%d:" % len(text) + text)
        else:
            summed.update(b"\x02" + json.dumps(_plain(item)).encode())
    return summed.hexdigest()


@cache
def source_digest(package: str) -> str:
    """Return the SHA-256 of a room's source: of every file of code, and of facts that ship with it, by its name.

    Examples
    --------
    >>> source_digest("commensal.errors") == source_digest("commensal.tables")
    False
    """
    head, _, room = package.partition(".")
    base = Path(str(files(head)))
    found = base.joinpath(*room.split(".")) if room else base
    paths = [found.with_suffix(".py")] if not found.is_dir() else sorted(found.rglob("*"))
    summed = hashlib.sha256()
    for path in paths:
        if path.suffix in _SOURCES and path.is_file():
            content = path.read_bytes()
            summed.update(f"{path.relative_to(base).as_posix()} {len(content)} ".encode())
            summed.update(content)
    return summed.hexdigest()
