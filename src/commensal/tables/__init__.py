"""The schemas of Estimates and points, findings, statuses: a leaf that every room may know."""

from commensal.tables.estimates import ALL, ESTIMATE_COLUMNS, estimates, read_estimates, write_estimates
from commensal.tables.findings import Finding, Severity
from commensal.tables.points import POINT_COLUMNS, points, read_points, write_points
from commensal.tables.statuses import STATUSES, WITH_P

__all__ = [
    "ALL",
    "ESTIMATE_COLUMNS",
    "POINT_COLUMNS",
    "STATUSES",
    "WITH_P",
    "Finding",
    "Severity",
    "estimates",
    "points",
    "read_estimates",
    "read_points",
    "write_estimates",
    "write_points",
]
