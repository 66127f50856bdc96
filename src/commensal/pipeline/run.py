"""``run``: from a study file to estimates, points, figures and the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from commensal import checks, execution, page
from commensal.errors import UsageError
from commensal.evidence import join
from commensal.pipeline.answering import answered, steps_of
from commensal.pipeline.checklists import checklists
from commensal.pipeline.claim_family import claim_family, claim_findings
from commensal.pipeline.claim_points import claim_points
from commensal.pipeline.claims import CLAIMS
from commensal.pipeline.going_on import Going, going, inputs_to_remember, seen_reads, steady
from commensal.pipeline.kept_shuffles import study_key
from commensal.pipeline.large import write_all
from commensal.pipeline.load import Place, input_files, load_with_reads, place
from commensal.pipeline.prepare_points import preparation_points
from commensal.pipeline.private import Veil, veil_of
from commensal.pipeline.read_assays import Gathered
from commensal.pipeline.read_report import ReadReport, read_report
from commensal.pipeline.read_tables import Profiles
from commensal.pipeline.results import Result, results_in, write_said
from commensal.pipeline.shuffles import noise, shuffled
from commensal.pipeline.unchanged import code as code_now
from commensal.pipeline.unchanged import command, request, unchanged
from commensal.questions import Answer, joined
from commensal.study import Dropped, LoadedStudy, Study, read_study
from commensal.study.as_read import files_of
from commensal.tables import (
    Finding,
    Findings,
    claims,
    estimates,
    write_checklists,
    write_claims,
    write_points,
)

#: Called with a sentence for each step: (done, total, what comes now).
Progress = Callable[[int, int, str], None]


def run(
    study: LoadedStudy | Path | str,
    out: Path | str,
    data: Path | str | None = None,
    *,
    only: Sequence[str] = (),
    shuffle: int = 0,
    fresh: bool = False,
    workers: int = 1,
    cluster: str | None = None,
    memory: str | None = None,
    private: bool | None = None,
    progress: Progress | None = None,
) -> Result:
    """Run a study and write its folder.

    Parameters
    ----------
    study, data
        As in `load`; or a study that `load` (`commensal.read_study`) returned. Its files are read again, so that the
        run can be repeated from them: one that was changed in memory is refused.
    out
        Folder to write ``estimates.parquet``, ``points.parquet``, ``report.html``, ``figures/``, ``run.jsonl`` and
        the crate to.
    only
        Names of the questions to answer; all when empty.
    shuffle
        How many times to join the claims again with the labels rearranged as the design allows: how often noise makes a
        claim as strong is then part of each claim. Takes about as long as the questions do, each time.
    fresh
        Answer every step anew, whatever earlier runs kept. Otherwise only what depends on something that changed runs.
    workers, cluster, memory
        Who does the work, as in `execution.crew_of`: this process, processes beside it, or a Dask cluster. The results
        are the same, bit for bit.
    private
        Let nothing of single people out of the run: the page and the points have intervals and counts of at least five
        people in place of their values, ids are pseudonyms, and what the next run may take up lies beside the folder,
        in ``OUT.private``. As the study file demands it when None; False runs a study that demands it in the open.
    progress
        Called before each step with (steps done, steps in all, what comes now).

    Raises
    ------
    CommensalError
        The study cannot be read, none of its comparisons can be made, or the folder cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from commensal import run, simulation
    >>> with tempfile.TemporaryDirectory() as folder:                      # doctest: +SKIP
    ...     result = run(simulation.cohort(Path(folder) / "study"), Path(folder) / "out")
    """
    study, data = files_of(study, data)
    tell = progress or (lambda _done, _total, _what: None)
    folder = execution.folder(Path(out))
    veil = veil_of(study, folder, private)
    started = datetime.now(UTC)
    options = {"shuffle": shuffle, "private": private}
    if not fresh and unchanged(study, out, data, only=only, **options) is not None:
        return results_in(folder)
    with (
        veil.guard(),
        going(folder, fresh=fresh, kept=veil.hidden, quiet=veil.private) as run_on,
        execution.crew_of(workers, cluster, memory) as crew,
        execution.Journal(folder / "run.jsonl") as journal,
    ):
        code, asked = code_now(), request(study, out, data, only, options)
        journal.event("start", **veil.start(Path(study)), only=list(only), versions=execution.versions())
        journal.event("crew", workers=crew.workers, said=crew.said)
        tell(0, 1, "reading the study")
        loaded, reads, told, inputs, remembered = _read(place(study, data), veil, tell, crew)
        _shufflable(loaded, shuffle)
        journal.events("reads", reads.told())
        journal.events("input", inputs)
        steps = steps_of(loaded.declared, only)
        journal.event("seeds", questions=(seeds := {step.question.name: step.question.seed for step in steps}))
        tell(1, total := len(steps) + 3, "checking the design")
        findings = [*claim_findings(loaded), *checks.check(loaded)]
        to_do = sum(one.runs for one in run_on.keeper.planned(loaded, steps))
        journal.events("damaged", [veil.key({"key": key}) for key in run_on.keeper.damaged])
        answers, failures = answered(
            loaded,
            steps,
            crew,
            journal,
            lambda done, _, what: tell(done + 2, total - len(steps) + to_do, what),
            run_on.keeper,
        )
        findings = checks.ordered([*failures, *veil.early([*reads.findings, *told.findings]), *findings])
        journal.events("finding", map(veil.journal, findings))
        answer = joined([*answers, Answer(estimates(), told.points), Answer(estimates(), preparation_points(loaded))])
        dropped = tuple(dict.fromkeys((*loaded.dropped, *answer.dropped)))
        argued = _claims(
            run_on,
            loaded,
            answer,
            findings,
            shuffle,
            crew,
            lambda i, n: tell(i, n, f"shuffle {min(i + 1, n)} of {n}"),
            veil,
        )
        answer = joined([answer, Answer(estimates(), claim_points(loaded, answer.estimates, argued))])
        answer, findings = veil.answer(answer, loaded), veil.findings(findings)
        _write_tables(run_on.stage, answer)
        lists = _lists(run_on.stage, loaded, answer, dropped, findings, inputs, veil)
        tell(total - 1, total, "drawing the page")
        told_of = _provenance(veil.command(command(study, out, data, only, shuffle)), started, journal.seconds, inputs)
        view = page.PageView(
            study=veil.study(loaded.declared),
            estimates=answer.estimates,
            points=answer.points,
            findings=findings,
            dropped=veil.dropped(dropped),
            matches=veil.matches(loaded.matches),
            claims=argued,
            checklists=lists,
            provenance=steady(told_of),
            private=veil.private,
            hidden=veil.missing(),
        )
        headlines = (*page.claims_headline(argued, view.study), *page.headlines(answer.estimates, view.study))
        write_said(run_on.stage, headlines, findings, len(answer.estimates))
        if not run_on.same_page(view):
            page.write(view, run_on.stage)
        run_on.publish()
        lost = {} if veil.private else {"dropped": len(dropped)}
        journal.event("end", estimates=len(answer.estimates), points=len(answer.points), **lost)
        told_of |= {
            "options": {"only": list(only), "shuffle": shuffle, **veil.options},
            "seeds": seeds,
            "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        execution.write_crate(folder, told_of, execution.outputs_of(folder))
        run_on.remember(asked, code, remembered, headlines, findings)
        tell(total, total, "done")
    made = (answer.estimates, answer.points, argued, Findings(findings))
    return Result(folder, folder / "report.html", *made, headlines)


def _read(
    where: Place, veil: Veil, tell: Progress, crew: execution.Crew
) -> tuple[LoadedStudy, Gathered, ReadReport, list[dict[str, Any]], dict[str, Any] | None]:
    """Return the study as its questions may see it, its reads and their report, inputs to tell of and to remember."""
    declared = read_study(where.study)
    seen = seen_reads(declared, where.root)
    loaded, reads = load_with_reads(
        declared, where.root, veil.profiles, veil.told(tell), crew, large=veil.hidden / "large"
    )
    told = read_report(loaded, reads.profiles)
    inputs = veil.put(where.study, _inputs(loaded.declared, where.root, reads.profiles))
    remembered = inputs_to_remember(declared, where.root, seen, failed=bool(reads.failed))
    return veil.hide(loaded), reads, told, inputs, remembered


def _lists(
    stage: Path,
    loaded: LoadedStudy,
    answer: Answer,
    dropped: Sequence[Dropped],
    findings: Sequence[Finding],
    inputs: Sequence[object],
    veil: Veil,
) -> pd.DataFrame:
    """Fill the reviewers' checklists and write them."""
    versions = execution.versions()
    lists = checklists(
        loaded,
        answer.estimates,
        dropped=veil.dropped(dropped),
        findings=len(findings),
        versions=versions,
        inputs=len(inputs),
    )
    lists = veil.words(lists)
    with execution.whole(stage / "checklists.tsv") as path:
        write_checklists(lists, path)
    return lists


def _shufflable(loaded: LoadedStudy, shuffle: int) -> None:
    """Say at once, not after all questions, that there is nothing to shuffle.

    Raises
    ------
    UsageError
        The study makes no claim.
    DesignError
        No label of it can be rearranged.
    """
    if not shuffle:
        return
    if claim_family(loaded) is None:
        raise UsageError(
            "this study makes no claim, so that there is none to set beside noise",
            where="--shuffle",
            expected="questions of kind screen and mediators, with a primary outcome and molecules",
            mend="run without --shuffle",
        )
    shuffled(loaded, seed=1)


def _claims(
    run_on: Going,
    loaded: LoadedStudy,
    answer: Answer,
    findings: Sequence[Finding],
    shuffle: int,
    crew: execution.Crew,
    tell: Callable[[int, int], None],
    veil: Veil,
) -> pd.DataFrame:
    """Join the answers into claims and write them; a study that cannot make any has no such file."""
    family = claim_family(loaded)
    if family is None:
        return claims()
    found = join(answer.estimates, family, findings=findings)
    if shuffle:
        kept = run_on.kept_shuffles(study_key(loaded, family, findings))
        found = noise(loaded, family, found, shuffle, findings=tuple(findings), crew=crew, tell=tell, kept=kept)
    found = veil.words(found)
    with execution.whole(run_on.stage / CLAIMS) as path:
        write_claims(found, path)
    return found


def _write_tables(folder: Path, answer: Answer) -> None:
    with execution.whole(folder / "estimates.parquet") as path:
        write_all(answer, path)
    with execution.whole(folder / "points.parquet") as path:
        write_points(answer.points, path)


def _inputs(declared: Study, root: Path, profiles: Mapping[str, Profiles]) -> list[dict[str, object]]:
    """Name every file by its hash; those of reads were taken when they were read."""
    tables: list[dict[str, object]] = [
        {
            "file": path.name,
            "path": execution.STUDY_COPY if path == declared.path else path.relative_to(root).as_posix(),
            "bytes": path.stat().st_size,
            "sha256": execution.sha256(path),
        }
        for path in input_files(declared, root)
    ]
    reads = [file for one in profiles.values() for report in one.quality.values() for file in report["inputs"]]
    manifests = [root / str(one.assay.reference) / "manifest.json" for one in profiles.values()]
    references = [
        {"file": f"{path.parent.name}/{path.name}", "bytes": path.stat().st_size, "sha256": execution.sha256(path)}
        for path in manifests
    ]
    return [*tables, *references, *reads]


def _provenance(command: str, started: datetime, seconds: float, inputs: list[dict[str, object]]) -> dict[str, object]:
    packages = execution.versions()
    return {
        "version": packages.get("commensal", "unknown"),
        "started": started.isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "command": command,
        "python": execution.python(),
        "packages": packages,
        "inputs": inputs,
    }
