"""A run's folder: taken up where an earlier run stopped, filled in one go, and remembered for the next."""

from __future__ import annotations

import glob
import json
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commensal import execution
from commensal.execution.files import unwritable
from commensal.pipeline.keeping import Kept
from commensal.pipeline.kept_shuffles import KeptShuffles
from commensal.pipeline.load import input_files
from commensal.pipeline.unchanged import (
    FIGURES,
    LAST,
    VOLATILE,
    inputs_of,
    outputs_in,
    profiles_in,
    read_last,
    reads_of,
    same_outputs,
    write_last,
)

if TYPE_CHECKING:
    from commensal.page import PageView
    from commensal.study import Study
    from commensal.tables import Finding

#: The rooms, and the libraries, that draw a page.
DRAWING = ("page", "tables", "study", "knowledge", "errors")
DRAWN_WITH = ("altair", "vl-convert-python", "jinja2", "pandas", "numpy")
#: What a page is made of: taken away before anything is replaced, put there last.
PAGE = "report.html"
#: Drawn with it.
REFERENCES = "methods.bib"
_HELD = "held.json"
#: Folders that are a run's own: outputs on their way, and tables larger than memory.
_PASSING = ("new", "large")
_STAGED = ("estimates.parquet", "points.parquet", "claims.parquet", "checklists.tsv", "findings.json")


@dataclass(slots=True)
class Going:
    """One run on its way."""

    folder: Path
    hidden: Path
    keeper: Kept
    last: Mapping[str, Any] | None
    page: str = ""  #: the hash of what the page is drawn from
    _drawn: bool = field(default=False)
    _shuffles: list[KeptShuffles] = field(default_factory=list)

    @property
    def stage(self) -> Path:
        """The folder that outputs are written to before they take their places together."""
        return self.hidden / "new"

    def kept_shuffles(self, study: str) -> KeptShuffles:
        """Return what is kept of the shuffles of a study."""
        self._shuffles.append(kept := KeptShuffles(self.keeper.store, study, self.keeper.fresh))
        return kept

    def same_page(self, view: PageView) -> bool:
        """Whether the page that is there is the one that would be drawn."""
        code = [execution.source_digest(f"commensal.{room}") for room in DRAWING]
        self.page = execution.digest([view, code, execution.versions(DRAWN_WITH)])
        last = self.last
        drawn = (PAGE, REFERENCES, FIGURES)
        self._drawn = last is None or last["page"] != self.page or not same_outputs(last, self.folder, drawn)
        return not self._drawn

    def publish(self) -> None:
        """Put the outputs in their places; from here on a run that is killed is finished by the next."""
        (self.hidden / LAST).unlink(missing_ok=True)
        staged = self.stage
        held = {
            "tables": [name for name in _STAGED if (staged / name).is_file()],
            "figures": sorted(path.name for path in (staged / FIGURES).glob("*")) if self._drawn else None,
            "page": self._drawn,
        }
        execution.write_whole(staged / _HELD, json.dumps(held).encode())
        try:
            for path in staged.rglob("*"):
                execution.settle(path)
            staged.replace(self.hidden / "ready")
            execution.settle(self.hidden)
        except OSError as error:
            raise unwritable(staged, error) from error
        placed(self.folder, self.hidden)

    def remember(
        self,
        request: Mapping[str, object],
        code: str,
        inputs: dict[str, Any] | None,
        headlines: Sequence[str],
        findings: Iterable[Finding],
    ) -> None:
        """Leave for the next run what this one did; called when everything is written."""
        shuffles = (key for kept in self._shuffles for key in kept.keys)
        self.keeper.store.used([*(one.key for one in self.keeper.plan), *shuffles])
        told = {"headlines": list(headlines), "findings": [one.to_dict() for one in findings]}
        asked = {"request": request, "code": code, "inputs": inputs, "page": self.page}
        made = {"outputs": outputs_in(self.folder), "profiles": profiles_in(self.folder)}
        write_last(self.hidden, {**asked, **told, **made})


@contextmanager
def going(folder: Path, *, fresh: bool = False, kept: Path | None = None, quiet: bool = False) -> Iterator[Going]:
    """Hold a run's folder: finish what an earlier run had begun to put in place, and tidy up after it.

    ``kept`` is where it keeps what the next run may take up: its own place in the folder when not given;
    ``quiet`` tells the journal of no hash.

    Raises
    ------
    OutputError
        Another run is writing to the folder, or it cannot be written to.
    """
    with execution.locked(folder, kept) as hidden:
        store = hidden / "kept"
        try:
            if (hidden / "ready").is_dir():
                placed(folder, hidden)
            for left in _PASSING:
                shutil.rmtree(hidden / left, ignore_errors=True)
            for place in (folder, folder / FIGURES, hidden, store):
                execution.sweep(place)
            (hidden / "new").mkdir()
            (folder / execution.CRATE).unlink(missing_ok=True)  # of an earlier run: a run that stops has none
            execution.put_by(folder / "run.jsonl", hidden / "journals")
        except OSError as error:
            raise unwritable(hidden, error) from error
        yield Going(folder, hidden, Kept(execution.Store(store), fresh, quiet), None if fresh else read_last(hidden))
        for left in _PASSING:
            shutil.rmtree(hidden / left, ignore_errors=True)


def placed(folder: Path, hidden: Path) -> None:
    """Move finished outputs to their places.

    The page goes first and comes last, so that none stands beside the tables of another run. What was moved already,
    by a run that was killed in the middle, is left: this can be done again.

    Raises
    ------
    OutputError
        The folder cannot be written to.
    """
    ready = hidden / "ready"
    try:
        held = json.loads((ready / _HELD).read_bytes())
        if held["page"]:
            (folder / PAGE).unlink(missing_ok=True)
            (folder / FIGURES).mkdir(exist_ok=True)
            for path in (folder / FIGURES).glob("[0-9][0-9]-*.*"):
                if path.name not in held["figures"]:
                    path.unlink()
        for name in _STAGED:
            if name not in held["tables"]:
                (folder / name).unlink(missing_ok=True)  # of an earlier run; this one has none
        names = [*held["tables"], *(f"{FIGURES}/{name}" for name in held["figures"] or ())]
        for name in [*names, REFERENCES, PAGE]:
            if (ready / name).is_file():  # else it was moved before the run was killed, or is not drawn anew
                (ready / name).replace(folder / name)
        execution.settle(folder)
        shutil.rmtree(ready)
    except OSError as error:
        raise unwritable(folder, error) from error


def steady(provenance: Mapping[str, object]) -> dict[str, object]:
    """Return the facts that are the same each time, for the page: ``run.jsonl`` has the times."""
    return {name: value for name, value in provenance.items() if name not in VOLATILE}


def seen_reads(declared: Study, root: Path) -> dict[str, dict[str, list[int]]]:
    """Return sizes and times of change of all files of reads, to be taken before any is read."""
    shapes = {one.files for one in declared.reads.values() if one.files}
    return reads_of(root, sorted("*".join(map(glob.escape, re.split(r"\{sample\}|\{mate\}", one))) for one in shapes))


def inputs_to_remember(declared: Study, root: Path, reads: Mapping[str, Any], *, failed: bool) -> dict[str, Any] | None:
    """Return the inputs of a study by their hashes, reads as `seen_reads` saw them.

    None where a sample of reads ``failed``: what stopped its profile may be gone, so that the next run tries again.
    """
    if failed:
        return None
    tables = [one for one in declared.assays.values() if one.reference is None]
    shapes = [one.files.split("{sample}") for one in tables if one.files is not None]
    if declared.genomes is not None:
        shapes += [one.split("{genome}") for one in (declared.genomes.files, declared.genomes.models) if one]
    manifests = [root / str(one.reference) / "manifest.json" for one in declared.reads.values()]
    found = inputs_of(
        [*input_files(declared, root), *manifests],
        declared.path,
        root,
        ["*".join(map(glob.escape, one)) for one in shapes],
    )
    return {**found, "reads": dict(reads)}
