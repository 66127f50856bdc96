"""``check``: is the file sound, and can this design answer these questions?"""

from __future__ import annotations

from pathlib import Path

from commensal import checks
from commensal.pipeline.claim_family import claim_findings
from commensal.pipeline.load import load_with_reads, place
from commensal.study import read_study
from commensal.tables import Finding


def check(study: Path | str, data: Path | str | None = None) -> list[Finding]:
    """Read a study with its tables and return what a reviewer would ask about its design.

    Reads are not profiled: their files, sizes and reference are looked at.

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
    where = place(study, data)
    loaded, reads = load_with_reads(read_study(where.study), where.root, None)
    return checks.ordered([*reads.findings, *claim_findings(loaded), *checks.check(loaded)])
