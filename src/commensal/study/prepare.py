"""How a table of molecules is prepared before anything is asked of it: ``[assays.NAME.prepare]``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from commensal.study.readers import Place, number, text, wrong_type

BelowDetection = Literal["censored", "apart", "half_minimum", "qrilc"]


@dataclass(frozen=True, slots=True)
class Normalise:
    """What each sample is divided by."""

    by: Literal["pqn", "sum", "column", "feature"]
    name: str | None = None  #: the column of the samples, or the feature


@dataclass(frozen=True, slots=True)
class Prepare:
    """What is done to one table right after it is read, in this order."""

    tied_minimum: Literal["value", "below_detection"] = "value"  #: what a value shared by a feature's lowest ones is
    limit: float | str | None = None  #: of detection: a number, or a column of the features' annotation
    internal_standards: tuple[str, ...] = ()  #: features added in the same amount to every sample, by id or label
    nearest: str | None = None  #: column of the annotation: each feature by the standard nearest in it
    blank_ratio: float | None = None  #: features whose samples are not so many times their blanks leave
    order: str | None = None  #: column of the samples with the place in the run
    batch: str | None = None  #: column of the samples with the batch
    drift: Literal["qc_loess", "batch_median"] | None = None
    normalise: Normalise | None = None
    max_rsd: float | None = None  #: of the quality controls, as a share; features above leave
    below_detection: BelowDetection = "censored"
    seed: int = 1  #: of the draws of qrilc


def read_normalise(value: object, place: Place) -> Normalise:
    """Read ``normalise``: a word, or a table with one column or feature."""
    expected = '"pqn", "sum", { column = "…" } or { feature = "…" }'
    if isinstance(value, str):
        if value not in ("pqn", "sum"):
            raise place.error("unknown word", found=repr(value), expected=expected)
        return Normalise("pqn" if value == "pqn" else "sum")
    if not isinstance(value, dict) or len(value) != 1 or next(iter(value)) not in ("column", "feature"):
        raise wrong_type(value, place, expected)
    ((key, name),) = value.items()
    return Normalise("column" if key == "column" else "feature", text(name, place.at(str(key))))


def read_limit(value: object, place: Place) -> Any:
    """Read ``limit``: a number above 0, or a column of the annotation."""
    if isinstance(value, str):
        return text(value, place)
    limit = number(value, place)
    if limit <= 0:
        raise place.error("no limit of detection", found=limit, expected="a number above 0, or a column")
    return limit
