"""``claims``: what a run's answers amount to, claim by claim and line by line."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from commensal.errors import UsageError, nearest
from commensal.tables import read_claims

#: The file of a run's folder that holds its claims.
CLAIMS = "claims.parquet"


def claims(
    folder: Path | str, *, microbe: str | None = None, molecule: str | None = None, outcome: str | None = None
) -> pd.DataFrame:
    """Return the claims of a run and their lines, those of some microbe, molecule or outcome only where it is named.

    Parameters
    ----------
    folder
        What ``run`` wrote.
    microbe, molecule, outcome
        Names as the claims have them; case does not matter.

    Returns
    -------
    pandas.DataFrame
        Claims by rank, each followed by its lines; columns as in `commensal.tables.CLAIM_COLUMNS`.

    Raises
    ------
    UsageError
        The folder holds no claims, or none of the name.

    Examples
    --------
    >>> from commensal import claims
    >>> claims("out", molecule="nicotinamide")                              # doctest: +SKIP
    """
    path = Path(folder) / CLAIMS
    if not path.is_file():
        raise UsageError(
            "this folder holds no claims",
            where=str(folder),
            expected=f"{CLAIMS}, as `commensal run` writes it where a study gives strains and measures molecules",
            mend="run the study again; a study without questions of kind screen and mediators makes no claim",
        )
    found = read_claims(path)
    for column, name in (("strain", microbe), ("molecule", molecule), ("outcome", outcome)):
        if name is None:
            continue
        same = found[column].str.casefold() == name.casefold()
        if not same.any():
            known = list(dict.fromkeys(found[column]))
            raise UsageError(
                f"no claim is about the {'microbe' if column == 'strain' else column} {name!r}",
                where=str(path),
                expected=nearest(name, known) or known[:10],
            )
        found = found[same]
    return found.reset_index(drop=True)
