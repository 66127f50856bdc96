"""``run``: from a study file to estimates, points, figures and the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from commensal import checks, execution, page
from commensal.errors import UsageError
from commensal.evidence import join
from commensal.pipeline.answering import answered, steps_of
from commensal.pipeline.checklists import checklists
from commensal.pipeline.claim_family import claim_family, claim_findings
from commensal.pipeline.claim_points import claim_points
from commensal.pipeline.claims import CLAIMS
from commensal.pipeline.going_on import going, inputs_to_remember, steady
from commensal.pipeline.load import input_files, load_with_reads, place
from commensal.pipeline.prepare_points import preparation_points
from commensal.pipeline.private import Veil, veil_of
from commensal.pipeline.read_report import read_report
from commensal.pipeline.read_tables import Profiles
from commensal.pipeline.shuffles import noise, shuffled
from commensal.pipeline.unchanged import Unchanged, command, request, unchanged
from commensal.pipeline.unchanged import code as code_now
from commensal.questions import Answer, joined
from commensal.study import Dropped, LoadedStudy, Study, read_study
from commensal.tables import (
    Finding,
    claims,
    estimates,
    read_claims,
    read_estimates,
    read_points,
    write_checklists,
    write_claims,
    write_estimates,
    write_points,
)

#: Called with a sentence for each step: (done, total, what comes now).
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What a run wrote, and its tables."""

    folder: Path
    report: Path
    estimates: pd.DataFrame
    points: pd.DataFrame
    claims: pd.DataFrame
    findings: tuple[Finding, ...]
    headlines: tuple[str, ...]

    @property
    def failed(self) -> tuple[Finding, ...]:
        """The comparisons that could not be made."""
        return tuple(finding for finding in self.findings if finding.code == "not_answered")


def run(
    study: Path | str,
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
        As in `load`.
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
    tell = progress or (lambda _done, _total, _what: None)
    folder = execution.folder(Path(out))
    veil = veil_of(study, folder, private)
    started = datetime.now(UTC)
    options = {"shuffle": shuffle, "private": private}
    if not fresh and (same := unchanged(study, out, data, only=only, **options)) is not None:
        return _result_of(same)
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
        where = place(study, data)
        loaded, reads = load_with_reads(read_study(where.study), where.root, veil.profiles, veil.told(tell), crew)
        told = read_report(loaded, reads.profiles)
        inputs = veil.put(where.study, _inputs(loaded.declared, where.root, reads.profiles))
        files = inputs_to_remember(loaded.declared, input_files(loaded.declared, where.root), where.root)
        loaded = veil.hide(loaded)
        for name, profiles in reads.profiles.items():
            journal.event("reads", assay=name, samples=len(profiles.samples), taken_up=reads.taken_up[name])
        _shufflable(loaded, shuffle)
        journal.events("input", inputs)
        steps = steps_of(loaded.declared, only)
        journal.event("seeds", questions=(seeds := {step.question.name: step.question.seed for step in steps}))
        total = len(steps) + 3
        tell(1, total, "checking the design")
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
            run_on.stage,
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
        if not run_on.same_page(view):
            page.write(view, run_on.stage)
        run_on.publish()
        headlines = (*page.claims_headline(argued, view.study), *page.headlines(answer.estimates, view.study))
        journal.event("end", estimates=len(answer.estimates), points=len(answer.points), dropped=len(dropped))
        told_of |= {
            "options": {"only": list(only), "shuffle": shuffle, **veil.options},
            "seeds": seeds,
            "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        execution.write_crate(folder, told_of, execution.outputs_of(folder))
        run_on.remember(asked, code, files, headlines, findings)
        tell(total, total, "done")
    return Result(folder, folder / "report.html", answer.estimates, answer.points, argued, tuple(findings), headlines)


def _result_of(same: Unchanged) -> Result:
    """Return what the last run returned, read from what it wrote."""
    there = same.folder / CLAIMS
    findings = tuple(Finding(**one) for one in same.last["findings"])
    tables = (read_estimates(same.folder / "estimates.parquet"), read_points(same.folder / "points.parquet"))
    argued = read_claims(there) if there.is_file() else claims()
    return Result(same.folder, same.report, *tables, argued, findings, same.headlines)


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
        loaded, answer.estimates, dropped=dropped, findings=len(findings), versions=versions, inputs=len(inputs)
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
    folder: Path,
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
        (folder / CLAIMS).unlink(missing_ok=True)  # of an earlier run
        return claims()
    found = join(answer.estimates, family, findings=findings)
    if shuffle:
        found = noise(loaded, family, found, shuffle, findings=tuple(findings), crew=crew, tell=tell)
    found = veil.words(found)
    with execution.whole(folder / CLAIMS) as path:
        write_claims(found, path)
    return found


def _write_tables(folder: Path, answer: Answer) -> None:
    with execution.whole(folder / "estimates.parquet") as path:
        write_estimates(answer.estimates, path)
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
