"""Readers: one file per format, each with a sniffer; one registry; ids match exactly. And writers for others."""

from commensal.io.assay import read_assay
from commensal.io.contents import Format, Matrix
from commensal.io.exchange import attach, to_mudata, write_mudata
from commensal.io.gmt import read_sets
from commensal.io.large import read_large
from commensal.io.paths import locate, require_inside
from commensal.io.registry import FORMATS, sniff
from commensal.io.rows import OFFERED
from commensal.io.table import read_table

__all__ = [
    "FORMATS", "OFFERED", "Format", "Matrix", "attach", "locate", "read_assay", "read_large", "read_sets",
    "read_table", "require_inside", "sniff", "to_mudata", "write_mudata",
]  # fmt: skip
