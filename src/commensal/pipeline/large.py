"""Which assays of a study are larger than memory, where they are stored, and what a reader must know of it."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import pandas as pd

from commensal import execution, io
from commensal.questions import QUESTIONS, Answer
from commensal.stats.two_part_blocks import Each
from commensal.study import TABLE_LIMIT, Assay, AssayTable, LoadedStudy
from commensal.tables import Finding, estimates_in_parts, write_estimates, write_estimates_in_parts

if TYPE_CHECKING:
    from commensal.pipeline.answering import Step

Tell = Callable[[int, int, str], None]
#: Code of the finding about such a table.
LARGE = "large_table"


def stored_assay(
    assay: Assay, root: Path, samples: Sequence[str], folder: Path | None, tell: Tell
) -> AssayTable | None:
    """Read an assay into a store below ``folder`` where it is too large for memory, else None.

    Without a folder the store is a temporary one, removed when Python ends.
    """
    if folder is not None:
        return io.read_large(assay, root, samples, folder / assay.name, tell)
    place = Path(tempfile.mkdtemp(prefix="commensal-"))
    table = io.read_large(assay, root, samples, place / "table", tell)
    if table is None:
        place.rmdir()
    else:
        atexit.register(shutil.rmtree, place, ignore_errors=True)
    return table


def large_findings(assays: Mapping[str, AssayTable]) -> list[Finding]:
    """Say of every stored table what was looked at and what was left out."""
    return [
        Finding(
            LARGE,
            "warning",
            f"assay {name}",
            f"{len(table.samples):,} samples × {len(table.stored.features):,} features are too large for memory: "
            "every feature is tested in blocks, by the default model. Left out for this table: composition, diversity, "
            "sets and pathways, contributions, severity, chosen molecules, carriers, microbes beside molecules. "
            "Checks of the design saw "
            f"{len(table.features)} features, spread evenly. The page shows the features with the smallest p; all are "
            "in estimates.parquet",
            f"on a machine with more memory, set {TABLE_LIMIT} to more bytes: everything is then done",
            assay=name,
            counts={"samples": float(len(table.samples)), "features": float(len(table.stored.features))},
        )
        for name, table in assays.items()
        if table.stored is not None
    ]


def reads_stored(loaded: LoadedStudy, step: Step) -> bool:
    """Whether a step reads a table larger than memory."""
    kind = QUESTIONS[step.question.kind]
    return bool(kind.stored_assays(loaded, step.question, step.part))


def blocks_of(crew: execution.Crew, step: Step, say: Callable[[str], None] | None) -> Each:
    """Have a crew do the blocks of features of a step whose table is larger than memory; say how far it is."""
    passes = count(1)

    def each(function: Callable[[Any, Any], Any], parts: Sequence[Any], shared: Any, /) -> list[Any]:
        which, began = next(passes), monotonic()

        def tell(done: int, of: int, name: str) -> None:
            if say is not None:
                left = (monotonic() - began) / done * (of - done) if done else None
                say(name if left is None else f"{name}, about {left:,.0f} s left")

        names = [f"{step.name}, pass {which}, block {i + 1:,} of {len(parts):,}" for i in range(len(parts))]
        return crew.map(function, parts, shared=shared, names=names, tell=tell)

    return each


def write_all(answer: Answer, path: Path) -> None:
    """Write the Estimates in memory, and behind them those in files, which are then removed with their stores."""

    def parts() -> Iterator[pd.DataFrame]:
        yield answer.estimates
        for file in answer.rest:
            yield from estimates_in_parts(file)

    if not answer.rest:
        write_estimates(answer.estimates, path)
        return
    write_estimates_in_parts(parts(), path)
    for store in {file.parent for file in answer.rest}:
        shutil.rmtree(store, ignore_errors=True)


__all__ = ["LARGE", "blocks_of", "large_findings", "reads_stored", "stored_assay", "write_all"]
