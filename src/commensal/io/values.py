"""Numbers held against what the study file says they are."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from commensal.errors import StudyFileError, TableError
from commensal.io.contents import Matrix
from commensal.study.declared import Assay

#: A count may differ from a whole number by this much (text that went through single precision).
WHOLE = 1e-6
#: A sample's relative values may miss 1 (or 100 %) by this share: tables are rounded to a few decimals.
TOTAL = 0.01

_LOG = ("log2", "log10", "ln")
_NONNEGATIVE = ("counts", "relative", "absolute", "intensity", "concentration")


def check_values(
    matrix: Matrix, assay: Assay, keep: NDArray[np.bool_], known: Collection[str] = ()
) -> NDArray[np.float64]:
    """Check values (n, m) against ``assay.value``; return those of the features that are kept.

    Counts come back whole, relative values as shares of 1. A relative table may sum to 1 or 100 before or after the
    excluded features are taken out.

    Parameters
    ----------
    matrix, assay
        The table and its declaration.
    keep
        (m,) features that the study file does not exclude.
    known
        Ids of the samples table, so that the message can say when an offending column is no sample.

    Returns
    -------
    ndarray, shape (n, kept)

    Raises
    ------
    StudyFileError
        ``value`` is not declared.
    TableError
        Infinite or negative values, counts that are not whole, relative values with other sums: the first offence, how
        many there are, and which ``value`` would fit.
    """
    if assay.value is None:
        raise StudyFileError(
            "the assay does not say what its values are",
            where=f"[assays.{assay.name}]",
            expected="value = counts, relative, absolute, intensity, concentration, log2, log10 or ln",
            mend=f"{_fitting(matrix.values)} would fit these numbers",
        )
    values = matrix.values[:, keep]
    columns = np.flatnonzero(keep)

    def refuse(bad: NDArray[np.bool_], what: str, expected: str, mend: str) -> None:
        if not bad.any():
            return
        i, k = (int(x) for x in np.argwhere(bad)[0])
        j = int(columns[k])
        sample = matrix.samples[i]
        if known and sample not in known:
            mend += f"; {sample!r} is no id of the samples table: if it is an annotation, name it in features.columns"
        total = int(bad.sum())
        raise TableError(
            f"assay {assay.name}: {what}",
            where=matrix.place(i, j),
            found=f"{values[i, k]:.10g} for sample {sample!r}, feature {matrix.features[j]!r}"
            + (f", and {total - 1} more" if total > 1 else ""),
            expected=expected,
            mend=mend,
        )

    refuse(np.isinf(values), "a value is infinite", "finite numbers", "write such values as missing")
    if np.isnan(values).all():
        raise TableError(
            f"assay {assay.name} holds no values",
            where=matrix.file,
            found=f"{values.size} missing cells",
            mend="check it",
        )
    if assay.value in _NONNEGATIVE:
        expected = f'value = "{assay.value}" is never negative'
        mend = 'value = "log2", "log10" or "ln" if these are logarithms; standardised values need their raw table'
        refuse(values < 0, "a value is negative", expected, mend)
    if assay.value == "counts":
        whole = np.rint(values)
        mend = f"give the raw counts, or write {_fitting(values)}"
        refuse(np.abs(values - whole) > WHOLE, "a count is not whole", 'value = "counts" is whole numbers', mend)
        return whole
    if assay.value == "relative":
        return _shares(matrix, assay, keep)
    return values


def _shares(matrix: Matrix, assay: Assay, keep: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Bring relative values to shares of 1, by the table's nominal total: rounding stays as it is."""
    total: float | None = None
    for columns in (np.ones_like(keep), keep):
        part = matrix.values[:, columns]
        sums = np.nansum(part, axis=1)
        filled = sums[sums > 0]  # a sample in which nothing was found is kept, and is no evidence
        total = next((t for t in (1.0, 100.0) if len(filled) and (np.abs(filled / t - 1) <= TOTAL).all()), None)
        if total is not None:
            return matrix.values[:, keep] / total
    off = int(np.argmax(np.minimum(np.abs(sums - 1), np.abs(sums / 100 - 1)) * (sums > 0)))
    low, high = (filled.min(), filled.max()) if len(filled) else (0.0, 0.0)
    mend = 'if features were taken out before, write value = "absolute" or "intensity", or give counts'
    if high > 2 and any("|" in name or ";" in name for name in matrix.features):
        mend = "if the table holds several ranks at once, keep one rank: exclude the others"
    raise TableError(
        f"assay {assay.name}: the samples do not sum to 1 or to 100",
        where=matrix.file,
        found=f"sums from {low:.6g} to {high:.6g}; sample {matrix.samples[off]!r} sums to {sums[off]:.6g}",
        expected=f'value = "relative": every sample sums to 1, or every one to 100, within {TOTAL:.0%}',
        mend=mend,
    )


def _fitting(values: NDArray[np.float64]) -> str:
    """Say which ``value`` would fit these numbers."""
    if (values < 0).any():
        return 'value = "log2", "log10" or "ln"'
    sums = np.nansum(values, axis=1)
    filled = sums[sums > 0]
    if len(filled) and any((np.abs(filled / total - 1) <= TOTAL).all() for total in (1.0, 100.0)):
        return 'value = "relative"'
    if not (np.abs(values - np.rint(values)) > WHOLE).any():
        return 'value = "counts"'
    return 'value = "intensity", "concentration" or "absolute"'
