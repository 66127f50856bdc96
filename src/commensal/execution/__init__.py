"""Files written whole, the run's journal, and what it ran with; cache and workers grow here."""

from commensal.execution.crate import CRATE, STUDY_COPY, files_of, outputs_of, read_crate, write_crate
from commensal.execution.crew import Crew, Serial, Tell
from commensal.execution.environment import python, versions
from commensal.execution.files import folder, sha256, whole
from commensal.execution.journal import Journal

__all__ = [
    "CRATE", "STUDY_COPY", "Crew", "Journal", "Serial", "Tell", "files_of", "folder", "outputs_of", "python",
    "read_crate", "sha256", "versions", "whole", "write_crate",
]  # fmt: skip
