"""Case against control: which samples of an assay lie on which side, and why the others do not."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.errors import DesignError, listing, nearest
from commensal.study.declared import Condition, Contrast
from commensal.study.loaded import Dropped, LoadedStudy, Sides
from commensal.study.variables import absent_level


def sides(loaded: LoadedStudy, contrast_name: str, assay_name: str) -> Sides:
    """Find the samples of one contrast in one assay.

    Parameters
    ----------
    loaded
        The study with its data.
    contrast_name, assay_name
        Names as in the study file.

    Returns
    -------
    Sides
        Samples with data, role ``sample``, all conditions of ``where`` met and a label on one side; in the order of the
        samples table. Every other sample with data is in ``dropped`` with its reason.

    Raises
    ------
    DesignError
        A level that does not occur in the study; a side that is empty, with the counts of both sides after each step.
    """
    contrast = _named(loaded.declared.contrasts, contrast_name, "contrast")
    match = _named(loaded.matches, assay_name, "loaded assay")
    labels = side_labels(loaded, contrast)
    label = labels.loc[list(match.matched)]
    case, control = label.isin(contrast.case).to_numpy(bool), label.isin(contrast.control).to_numpy(bool)
    frame = loaded.samples.loc[list(match.matched)]
    where = f"contrast {contrast_name} × assay {assay_name}"

    reason = np.full(len(frame), "", dtype=object)
    steps: list[tuple[str, int, int]] = [(f"with data in {assay_name}", int(case.sum()), int(control.sum()))]

    def leave_out(out: NDArray[np.bool_], text: NDArray[np.object_] | list[str], step: str | None) -> None:
        fresh = out & (reason == "")
        reason[fresh] = np.asarray(text, dtype=object)[fresh]
        if step:
            steps.append((step, int((case & (reason == "")).sum()), int((control & (reason == "")).sum())))

    role = frame["role"].to_numpy(object)
    leave_out(role != "sample", [f"its role is {one}" for one in role], "of role sample")
    for name, condition in contrast.where.items():
        holds, told = condition_holds(loaded, contrast, name, condition, frame[name])
        leave_out(~holds, told, f"where {name} is {condition_words(condition)}")
    gone = label.isna().to_numpy(bool)
    leave_out(gone, [f"its {contrast.column} is missing"] * len(frame), None)
    leave_out(~(case | control), [f"its {contrast.column} is {one}, on neither side" for one in label], None)

    keep = reason == ""
    dropped = tuple(
        Dropped("sample", where, str(sample), str(text))
        for sample, text in zip(frame.index, reason, strict=True)
        if text
    )
    if not (case & keep).any() or not (control & keep).any():
        raise _empty(loaded, contrast, assay_name, steps)
    return Sides(contrast_name, assay_name, tuple(map(str, frame.index[keep])), case[keep], dropped)


def side_labels(loaded: LoadedStudy, contrast: Contrast) -> pd.Series[Any]:
    """Return the contrast's labels of all samples as text, and refuse levels that do not occur.

    Raises
    ------
    DesignError
        A level that does not occur, or a column of numbers.
    """
    column = loaded.samples[contrast.column]
    if pd.api.types.is_float_dtype(column.dtype):
        raise DesignError(
            "a contrast compares levels",
            where=f"{_file(loaded)}, [contrasts.{contrast.name}] column",
            found=f"{contrast.column!r} holds numbers",
            expected="a category or a boolean",
            mend=f'declare it: [variables.{contrast.column}] type = "category"',
        )
    labels = texts(column)
    own = (loaded.samples["role"] == "sample").to_numpy(bool)
    present = Counter(str(value) for value in labels[own].dropna())
    for key, names in (("case", contrast.case), ("control", contrast.control)):
        for name in names:
            if name not in present:
                raise absent_level(
                    loaded.declared, f"contrasts.{contrast.name}", key, contrast.column, name, present, DesignError
                )
    return labels


def texts(column: pd.Series[Any]) -> pd.Series[Any]:
    """Return labels as the study file writes them: booleans are ``true`` and ``false``."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return column.map({True: "true", False: "false"}).astype("string")
    return column.astype("string")


def condition_holds(
    loaded: LoadedStudy, contrast: Contrast, name: str, condition: Condition, column: pd.Series[Any]
) -> tuple[NDArray[np.bool_], list[str]]:
    """Return where a condition holds, and for each sample the reason why it would not."""
    where = f"{_file(loaded)}, [contrasts.{contrast.name}] where.{name}"
    numbers = pd.api.types.is_float_dtype(column.dtype)
    if condition.levels and not numbers:
        everyone = texts(loaded.samples[name])
        present = Counter(str(value) for value in everyone.dropna())
        for level in condition.levels:
            if level not in present:
                raise absent_level(
                    loaded.declared, f"contrasts.{contrast.name}", f"where.{name}", name, level, present, DesignError
                )
        labels = texts(column)
        holds = labels.isin(condition.levels).to_numpy(bool)
        shown = ["missing" if pd.isna(value) else str(value) for value in labels]
    elif condition.levels:
        try:
            wanted = [float(level) for level in condition.levels]
        except ValueError as error:
            raise DesignError(
                "a level for a column of numbers",
                where=where,
                found=listing(condition.levels),
                expected="numbers, or { min, max }",
            ) from error
        holds = column.isin(wanted).to_numpy(bool)
        shown = ["missing" if pd.isna(value) else f"{value:g}" for value in column]
    elif not numbers:
        raise DesignError(
            "a range for a column that does not hold numbers",
            where=where,
            found=listing(texts(column).dropna().unique(), 3),
            expected="numbers",
            mend=f'name levels instead, or declare [variables.{name}] type = "number"',
        )
    else:
        low = -np.inf if condition.min is None else condition.min
        high = np.inf if condition.max is None else condition.max
        holds = column.between(low, high).to_numpy(bool)
        shown = ["missing" if pd.isna(value) else f"{value:g}" for value in column]
    # A reason speaks of the rule where values are many, so that equal reasons can be counted together.
    rule = condition_words(condition)
    outside = f"its {name} is not {rule}"
    return holds, [
        f"its {name} is missing" if one == "missing" else (outside if numbers else f"its {name} is {one}, not {rule}")
        for one in shown
    ]


def condition_words(condition: Condition) -> str:
    """Write a condition in words."""
    if condition.levels:
        return " or ".join(condition.levels)
    if condition.max is None:
        return f"{condition.min:g} or more"
    if condition.min is None:
        return f"{condition.max:g} or less"
    return f"{condition.min:g} to {condition.max:g}"


def _empty(loaded: LoadedStudy, contrast: Contrast, assay: str, steps: list[tuple[str, int, int]]) -> DesignError:
    case, control = steps[-1][1:]
    side = "both sides" if not case and not control else f"the {'control' if case else 'case'} side"
    verb = "are" if side == "both sides" else "is"
    emptied = next(step for step, n_case, n_control in steps if not n_case or not n_control)
    return DesignError(
        f"{side} of the contrast {verb} empty in assay {assay}",
        where=f"{_file(loaded)}, [contrasts.{contrast.name}]",
        found=f"{case} case and {control} control samples; "
        + "; ".join(f"{step}: {n_case} case, {n_control} control" for step, n_case, n_control in steps),
        expected="at least 1 sample on each side",
        mend=f"it became empty {emptied}: loosen that, name other levels, or leave assay {assay} out of the question",
    )


def _named(items: Any, name: str, kind: str) -> Any:
    if name not in items:
        near = nearest(name, items)
        raise DesignError(
            f"no {kind} {name!r}",
            found=name,
            expected=f"one of {', '.join(items)}",
            mend=f"did you mean {near[0]!r}?" if near else None,
        )
    return items[name]


def _file(loaded: LoadedStudy) -> str:
    return loaded.declared.path.name
