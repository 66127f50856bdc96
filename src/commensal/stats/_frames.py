"""Data frames at the door: samples must be the same in all of them, and names of features stay with the result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec, TypeVar

import numpy as np

from commensal.errors import StatisticsError

P = ParamSpec("P")
R = TypeVar("R")
#: Arguments that have no entry per sample.
NOT_SAMPLES = {"contrast", "contrasts", "hypothesis", "sets", "column", "also"}


def framed(function: Callable[P, R]) -> Callable[P, R]:
    """Let the first argument (n, m) be a data frame whose columns name the result's features, and others frames too.

    Raises
    ------
    StatisticsError
        From the function made: frames or series of samples with different index. Pandas would align them by it and
        numpy by place; neither is done in silence. One without ids of its own (0, 1, 2 …) goes by place.
    """
    parameters = list(signature(function).parameters)

    @wraps(function)
    def call(*arguments: P.args, **options: P.kwargs) -> R:
        given = dict(zip(parameters, arguments, strict=False)) | options
        _refuse_other_samples(given)
        result = function(*arguments, **options)
        names = getattr(given.get(parameters[0]), "columns", None)
        return result if names is None else _named(result, np.asarray(names, dtype=object))

    return call


def _refuse_other_samples(given: dict[str, Any]) -> None:
    first = None
    for name, value in given.items():
        index = getattr(value, "index", None)
        if name in NOT_SAMPLES or index is None or not hasattr(index, "equals") or _is_counted(index):
            continue
        if first is None:
            first = name, index
        elif not index.equals(first[1]):
            both = zip(first[1], index, strict=False)
            place = next((i for i, (one, other) in enumerate(both) if one != other), min(len(index), len(first[1])))
            told = [repr(i[place]) if place < len(i) else "nothing" for i in (first[1], index)]
            raise StatisticsError(
                f"{first[0]} and {name} are not of the same samples in the same order",
                found=f"at row {place} {first[0]} has {told[0]}, {name} {told[1]}",
                expected="the same index",
                mend=f"put {name}.loc[{first[0]}.index]",
            )


def _is_counted(index: Any) -> bool:
    return bool(index.equals(type(index)(range(len(index))))) if type(index).__name__ == "RangeIndex" else False


def _named(result: Any, names: Any) -> Any:
    """Return the result, or its parts, with names of features where it has room for them."""
    if isinstance(result, tuple):
        return tuple(_named(one, names) for one in result)
    if not is_dataclass(result) or isinstance(result, type):
        return result
    held = {item.name: getattr(result, item.name) for item in fields(result)}
    if "features" in held:
        return replace(result, features=np.broadcast_to(names, np.shape(held["features"])))
    parts = {name: _named(value, names) for name, value in held.items() if is_dataclass(value)}
    return replace(result, **parts)
