"""Covariates and blocks of some samples, as a model wants them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from commensal.errors import DesignError, listing
from commensal.study.declared import Question
from commensal.study.identity import inside
from commensal.study.loaded import Blocks, Covariates, LoadedStudy


def covariates(loaded: LoadedStudy, samples: Sequence[str], names: Sequence[str]) -> Covariates:
    """Build the columns of covariates for n samples.

    Parameters
    ----------
    loaded
        The study with its data.
    samples
        n sample ids.
    names
        Columns of the samples.

    Returns
    -------
    Covariates
        ``matrix`` (n, k). A category with levels L among the complete samples has one 0/1 column for each but the
        declared reference; a boolean one column; a number one column, centred on its mean over the complete samples.
        Covariates that do not vary among the complete samples are left out and named in ``constant``.

    Raises
    ------
    DesignError
        A category without a declared reference, free text, or a column that is not there.
    """
    for name in names:
        _usable(loaded, name)
    return _modelled(loaded, loaded.samples.loc[list(samples)], names)


def subject_covariates(loaded: LoadedStudy, subjects: Sequence[str], names: Sequence[str]) -> Covariates:
    """Build the columns of covariates for n subjects, as :func:`covariates` does for samples.

    Parameters
    ----------
    loaded
        The study with its data.
    subjects
        n subject ids.
    names
        Columns that are constant per subject.

    Raises
    ------
    DesignError
        As `covariates`; a column that differs among the samples of a subject.
    """
    for name in names:
        _usable(loaded, name)
        if name not in loaded.subjects.columns:
            raise DesignError(
                f"covariate {name!r} is no column of the subjects",
                where=f"{loaded.declared.path.name}, covariates",
                found=f"{name!r} differs among the samples of a subject",
                expected="one value per subject: measures and events are compared between subjects",
                mend="leave it out of covariates, or give the subjects a column with one value each",
            )
    return _modelled(loaded, loaded.subjects.loc[list(subjects)], names)


def _modelled(loaded: LoadedStudy, frame: pd.DataFrame, names: Sequence[str]) -> Covariates:
    gone = {name: frame[name].isna().to_numpy(bool) for name in names}
    complete = ~np.any([gone[name] for name in names], axis=0) if names else np.ones(len(frame), dtype=bool)
    missing = {name: tuple(map(str, frame.index[gone[name]])) for name in names if gone[name].any()}

    columns: list[str] = []
    parts: list[NDArray[np.float64]] = []
    constant: list[str] = []
    notes: list[str] = []
    for name in names:
        judged = complete if complete.any() else ~gone[name]
        seen = frame[name][judged]
        if seen.nunique() < 2:
            constant.append(name)
            continue
        labels, values, note = _columns(loaded, name, frame[name], judged)
        columns += labels
        parts += values
        notes += note
    matrix = np.column_stack(parts) if parts else np.empty((len(frame), 0))
    return Covariates(matrix, tuple(columns), complete, missing, tuple(constant), tuple(notes))


def _usable(loaded: LoadedStudy, name: str) -> None:
    where = f"{loaded.declared.path.name}, covariates"
    if name not in loaded.samples.columns:
        raise DesignError(f"no column {name!r}", where=where, found=listing(loaded.samples.columns, 20), expected=name)
    column, variable = loaded.samples[name], loaded.declared.variables.get(name)
    if pd.api.types.is_bool_dtype(column.dtype) or pd.api.types.is_float_dtype(column.dtype):
        return
    if variable is not None and variable.type == "text":
        raise DesignError(
            f"{name!r} is free text",
            where=f"{loaded.declared.path.name}, [variables.{name}] type",
            found='type = "text"',
            expected="a category, a number or a boolean as a covariate",
            mend='change the type to "category", or leave it out of covariates',
        )
    if variable is None or variable.reference is None:
        counts = Counter(str(value) for value in column.dropna())
        levels = listing((f"{level} ({n})" for level, n in counts.most_common()), 10)
        common = counts.most_common(1)[0][0] if counts else "…"
        key = name if name.replace("_", "").replace("-", "").isalnum() else f'"{name}"'
        raise DesignError(
            f"covariate {name!r} is a category without a reference level",
            where=f"{loaded.declared.path.name}, [variables.{name}] reference",
            found=f"levels {levels}",
            expected="the level that the others are compared with, written and never guessed",
            mend=f'add to the study file\n    [variables.{key}]\n    reference = "{common}"',
        )


def _columns(
    loaded: LoadedStudy, name: str, column: pd.Series, judged: NDArray[np.bool_]
) -> tuple[list[str], list[NDArray[np.float64]], list[str]]:
    gone = column.isna().to_numpy(bool)
    if pd.api.types.is_float_dtype(column.dtype):
        values: NDArray[np.float64] = np.asarray(column, dtype=np.float64)
        return [name], [values - float(values[judged].mean())], []
    if pd.api.types.is_bool_dtype(column.dtype):
        return [f"{name}=true"], [np.asarray(column.astype("float64"), dtype=np.float64)], []
    variable = loaded.declared.variables[name]
    counts = Counter(str(value) for value in column[judged])
    ordered = [level for level in variable.levels if level in counts] or sorted(
        counts, key=lambda one: (-counts[one], one)
    )
    base, notes = variable.reference, []
    if base not in counts:
        base = ordered[0]
        notes = [f"{name}: the reference {variable.reference} is not among these samples; {base} stands in for it"]
    others = [level for level in ordered if level != base]
    indicators: list[NDArray[np.float64]] = []
    for level in others:
        indicator = np.asarray((column == level).fillna(False), dtype=np.float64)
        indicator[gone] = np.nan
        indicators.append(indicator)
    return [f"{name}={level}" for level in others], indicators, notes


def blocks(loaded: LoadedStudy, question: Question, samples: Sequence[str]) -> Blocks:
    """Return the random-intercept units of n samples for a question, outermost first.

    ``subject`` is used where, and only where, a subject has several of these samples: it is added by itself as the
    innermost unit, and a declared ``subject`` without repeats is left out because it would be the residual again.

    Parameters
    ----------
    loaded
        The study with its data.
    question
        Its ``block`` names columns, outermost first.
    samples
        n sample ids.

    Returns
    -------
    Blocks
        ``labels``: per block n texts. A unit's label carries those of the units around it (``abx / 1``), so that cage 1
        of two arms are two cages. Subjects keep their own id, which is theirs in the whole study: a subject that moves
        between cages stays one subject.
    """
    frame = loaded.samples.loc[list(samples)]
    repeated = bool(frame["subject"].duplicated().any())
    names = [name for name in question.block if name != "subject"] + ["subject"] * repeated
    labels: list[NDArray[np.object_]] = []
    outer: NDArray[np.object_] | None = None
    missing = np.zeros(len(frame), dtype=bool)
    for name in names:
        own = frame[name].astype("string").fillna("").to_numpy(object)
        if name != "subject" and outer is not None:
            own = np.array(inside(outer, own), dtype=object)
        missing |= own == ""
        labels.append(own)
        outer = own
    return Blocks(tuple(names), tuple(labels), tuple(map(str, frame.index[missing])))


def varies_within(values: ArrayLike, block: ArrayLike) -> bool:
    """Whether values (n,) differ inside at least one block (n,).

    Examples
    --------
    >>> varies_within(["case", "control", "case"], ["H1", "H1", "H2"])
    True
    >>> varies_within(["case", "case", "control"], ["H1", "H1", "H2"])
    False
    """
    seen: dict[Hashable, Hashable] = {}
    return any(
        seen.setdefault(unit, value) != value
        for value, unit in zip(np.asarray(values).tolist(), np.asarray(block).tolist(), strict=True)
    )


def is_nested(inner: ArrayLike, outer: ArrayLike) -> bool:
    """Whether every inner unit (n,) lies in one outer unit (n,).

    Examples
    --------
    >>> is_nested(["cage 1", "cage 1", "cage 2"], ["abx", "abx", "water"])
    True
    """
    return not varies_within(outer, inner)
