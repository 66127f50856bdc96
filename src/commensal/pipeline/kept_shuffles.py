"""What shuffled studies gave, kept one by one: a run of many shuffles that is stopped goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from commensal import execution
from commensal.evidence import Family
from commensal.pipeline.step_keys import LIBRARIES, ROOMS
from commensal.study import LoadedStudy
from commensal.tables import Finding

#: How strong the strongest claim is (past the gate, lines that hold, minus the gate's p), and what was not answered.
Strongest = tuple[tuple[bool, int, float], frozenset[str]]
#: The rooms whose source makes a shuffle, besides those that make an answer.
_ROOMS = ("evidence", "pipeline.shuffles", "pipeline.kept_shuffles")


@dataclass(slots=True)
class KeptShuffles:
    """Results of shuffles in a store, each under the hash of the study, of what is claimed in it, and of its seed.

    Parameters
    ----------
    store
        Where they are kept.
    study
        The hash of everything but the seed, from `study_key`.
    fresh
        Look at none that is kept.
    keys
        Those that were used.
    """

    store: execution.Store
    study: str
    fresh: bool = False
    keys: list[str] = field(default_factory=list)

    def get(self, seed: int) -> Strongest | None:
        """Return what the shuffle of a seed gave, or None where it is not kept."""
        key = self._key(seed)
        entry = None if self.fresh else self.store.get(key)
        if entry is None:
            return None
        (gate, lines, minus_p), lacking = json.loads(entry.parts["strongest"])
        return (gate, lines, minus_p), frozenset(lacking)

    def put(self, seed: int, made: Strongest) -> None:
        """Keep what the shuffle of a seed gave."""
        (gate, lines, minus_p), lacking = made
        plain = [[bool(gate), int(lines), float(minus_p)], sorted(lacking)]
        self.store.put(self._key(seed), {"shuffle": seed}, {"strongest": json.dumps(plain).encode()})

    def _key(self, seed: int) -> str:
        key = execution.digest({"shuffled study": self.study, "seed": seed})
        if key not in self.keys:
            self.keys.append(key)
        return key


def study_key(loaded: LoadedStudy, family: Family, findings: Sequence[Finding]) -> str:
    """Return the hash of what every shuffle of a study depends on: all of it but how it is reported, and the code.

    A shuffle joins all questions, so that it is made anew when anything changes that one of them could read.
    """
    declared = loaded.declared
    told = replace(declared, path=Path(declared.path.name), title="", reporting=type(declared.reporting)())
    assays = {
        name: table if table.stored is None else replace(table, stored=replace(table.stored, folder=Path()))
        for name, table in loaded.assays.items()
    }  # of a table larger than memory what it holds, not where
    code = [execution.source_digest(f"commensal.{room}") for room in (*ROOMS, *_ROOMS)]
    made_with = [code, execution.versions(LIBRARIES), execution.python()]
    return execution.digest(
        [replace(loaded, declared=told, assays=assays, preparation={}), family, findings, made_with]
    )


__all__ = ["KeptShuffles", "Strongest", "study_key"]
