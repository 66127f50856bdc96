"""Who a unit is: the label of a nested unit together with those of the units around it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from commensal.study.declared import Study

#: Between the parts of a nested unit's identity.
JOINT = " / "


def inside(outer: Iterable[Any], inner: Iterable[Any]) -> list[str]:
    """Write inner labels (n,) with those of the outer units (n,) before them; missing where either is.

    An identity that begins with the outer one already is not written twice.

    Returns
    -------
    list of str
        ``""`` where a label is missing.

    Examples
    --------
    >>> inside(["abx", "water", "abx"], ["1", "1", "abx / 2"])
    ['abx / 1', 'water / 1', 'abx / 2']
    """
    written = []
    for around, label in zip(outer, inner, strict=True):
        if pd.isna(around) or pd.isna(label) or around == "" or label == "":
            written.append("")
        elif str(label).startswith(f"{around}{JOINT}"):
            written.append(str(label))
        else:
            written.append(f"{around}{JOINT}{label}")
    return written


def nest(
    declared: Study, frame: pd.DataFrame, raw: dict[str, pd.Series[Any]], names: Iterable[str] | None = None
) -> None:
    """Give nested variables of a frame their identity, in place; their labels go to ``raw``.

    Parameters
    ----------
    declared
        The study file.
    frame
        A typed table.
    raw
        Variables that have their identity already; takes the labels of those that get it here.
    names
        Variables to look at; all when not given. One whose outer units are not all in the frame keeps its labels.
    """

    def settle(name: str) -> pd.Series[Any]:
        variable = declared.variables.get(name)
        labels = frame[name].astype("string")
        if (
            variable is None
            or not variable.nested_in
            or name in raw
            or not set(variable.nested_in) <= set(frame.columns)
        ):
            return labels
        around = settle(variable.nested_in[0])
        for outer in variable.nested_in[1:]:
            around = pd.Series(inside(around, settle(outer)), frame.index, dtype="string")
        identity = pd.Series(inside(around, labels), frame.index, dtype="string")
        raw[name], frame[name] = labels, identity.mask(identity == "")
        return frame[name]

    for name in declared.variables if names is None else names:
        if name in frame.columns:
            settle(name)
