"""Files written whole, the run's journal, and what it ran with, and who does its work."""

from commensal.execution.crew import Crew, Done, Serial, Tell
from commensal.execution.engines import crew_of
from commensal.execution.environment import python, versions
from commensal.execution.files import folder, sha256, whole
from commensal.execution.journal import Journal

__all__ = ["Crew", "Done", "Journal", "Serial", "Tell", "crew_of", "folder", "python", "sha256", "versions", "whole"]
