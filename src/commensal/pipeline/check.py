"""``check``: is the file sound, and can this design answer these questions?"""

from __future__ import annotations

from pathlib import Path

from commensal import checks
from commensal.pipeline.load import load
from commensal.tables import Finding


def check(study: Path | str, data: Path | str | None = None) -> list[Finding]:
    """Read a study with its tables and return what a reviewer would ask about its design.

    Returns
    -------
    list of Finding
        Errors first, then warnings, then notes.

    Raises
    ------
    CommensalError
        The study cannot be read at all.

    Examples
    --------
    >>> import tempfile
    >>> from commensal import check, simulation
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     findings = check(simulation.cohort(Path(folder), seed=1))
    >>> [finding.code for finding in findings if finding.severity == "error"]
    []
    """
    return checks.check(load(study, data))
