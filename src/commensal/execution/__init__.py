"""Files written whole, the run's journal, and what it ran with; cache and workers grow here."""

from commensal.execution.crew import Crew, Done, Serial, Tell
from commensal.execution.environment import python, versions
from commensal.execution.files import folder, sha256, whole
from commensal.execution.journal import Journal

__all__ = ["Crew", "Done", "Journal", "Serial", "Tell", "folder", "python", "sha256", "versions", "whole"]
