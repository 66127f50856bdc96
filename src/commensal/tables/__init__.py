"""The schemas of Estimates, Claims and points, findings, statuses: a leaf that every room may know."""

from commensal.tables.checklists import (
    ANSWERED,
    CHECKLIST_COLUMNS,
    OPEN_ITEM,
    PARTLY,
    checklist_rows,
    write_checklists,
)
from commensal.tables.claims import CLAIM, CLAIM_COLUMNS, claims, read_claims, write_claims
from commensal.tables.estimates import (
    ALL,
    COUNTED,
    ESTIMATE_COLUMNS,
    estimates,
    estimates_in_parts,
    estimates_of,
    read_estimates,
    rewrite_estimates,
    write_estimates,
    write_estimates_in_parts,
)
from commensal.tables.findings import Finding, Findings, Severity
from commensal.tables.outcome_words import outcome_phrase
from commensal.tables.points import POINT_COLUMNS, points, read_points, write_points
from commensal.tables.statuses import STATUSES, WITH_P

__all__ = [
    "ALL",
    "ANSWERED",
    "CHECKLIST_COLUMNS",
    "CLAIM",
    "CLAIM_COLUMNS",
    "COUNTED",
    "ESTIMATE_COLUMNS",
    "OPEN_ITEM",
    "PARTLY",
    "POINT_COLUMNS",
    "STATUSES",
    "WITH_P",
    "Finding",
    "Findings",
    "Severity",
    "checklist_rows",
    "claims",
    "estimates",
    "estimates_in_parts",
    "estimates_of",
    "outcome_phrase",
    "points",
    "read_claims",
    "read_estimates",
    "read_points",
    "rewrite_estimates",
    "write_checklists",
    "write_claims",
    "write_estimates",
    "write_estimates_in_parts",
    "write_points",
]
