"""Which assays of a study are larger than memory, where they are stored, and what a reader must know of it."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from commensal import io
from commensal.errors import DesignError
from commensal.questions import Answer
from commensal.study import Assay, AssayTable, LoadedStudy, Question
from commensal.tables import Finding, estimates_in_parts, write_estimates, write_estimates_in_parts

if TYPE_CHECKING:
    from commensal.pipeline.answering import Step

Tell = Callable[[int, int, str], None]
#: Code of the finding about such a table.
LARGE = "large_table"
#: Kinds of question that a stored table can be asked.
ASKED = ("cohort",)


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
            "sets and pathways, contributions, severity, chosen molecules, carriers. Checks of the design saw "
            f"{len(table.features)} features, spread evenly. The page shows the features with the smallest p; all are "
            "in estimates.parquet",
            f"on a machine with more memory, set {io.LIMIT_NAME} to more bytes: everything is then done",
            assay=name,
            counts={"samples": float(len(table.samples)), "features": float(len(table.stored.features))},
        )
        for name, table in assays.items()
        if table.stored is not None
    ]


def refuse_excerpt(loaded: LoadedStudy, question: Question, part: str | None) -> None:
    """Refuse to answer from the excerpt of a stored table.

    Raises
    ------
    DesignError
        The question reads a stored table and is of a kind that needs all of it.
    """
    large = _stored_of(loaded, question, part)
    if large and question.kind not in ASKED:
        raise DesignError(
            f"the table of {large[0]} is larger than memory, and this kind of question needs all of it at once",
            where=f"[questions.{question.name}]",
            found=f'kind = "{question.kind}"',
            expected=f"kind {', '.join(ASKED)}",
            mend=f"leave the assay out of this question, or set {io.LIMIT_NAME} to more bytes on a larger machine",
        )


def reads_stored(loaded: LoadedStudy, step: Step) -> bool:
    """Whether a step reads a table larger than memory."""
    return bool(_stored_of(loaded, step.question, step.part))


def _stored_of(loaded: LoadedStudy, question: Question, part: str | None) -> list[str]:
    read = (part,) if part else (question.assays or tuple(loaded.assays))
    return [name for name in read if name in loaded.assays and loaded.assays[name].stored is not None]


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


__all__ = ["LARGE", "large_findings", "reads_stored", "refuse_excerpt", "stored_assay", "write_all"]
