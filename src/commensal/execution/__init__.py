"""Files written whole, one run at a time, the run's journal, what is kept for the next run, and who does the work."""

from commensal.execution.crate import CRATE, STUDY_COPY, files_of, outputs_of, read_crate, write_crate
from commensal.execution.crew import Crew, Done, Serial, Tell, one_thread
from commensal.execution.digest import array_digest, column_digest, digest, source_digest
from commensal.execution.engines import crew_of
from commensal.execution.environment import python, versions
from commensal.execution.files import folder, settle, sha256, sha256_or_none, sweep, whole, write_whole
from commensal.execution.journal import Journal, put_by
from commensal.execution.lock import KEPT, locked
from commensal.execution.pseudonyms import is_private, key_of, keyed, own_place, pseudonym, require_apart
from commensal.execution.staging import MIXED, together
from commensal.execution.store import Entry, Store

__all__ = [
    "CRATE", "KEPT", "MIXED", "STUDY_COPY", "Crew", "Done", "Entry", "Journal", "Serial", "Store", "Tell",
    "array_digest", "column_digest", "crew_of", "digest", "files_of", "folder", "is_private", "key_of", "keyed",
    "locked", "one_thread", "outputs_of", "own_place", "pseudonym", "put_by", "python", "read_crate", "require_apart",
    "settle", "sha256", "sha256_or_none", "source_digest", "sweep", "together", "versions", "whole", "write_crate",
    "write_whole",
]  # fmt: skip
