"""``run``: from a study file to estimates, points, figures and the page."""

from __future__ import annotations

import shlex
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
from commensal.pipeline.load import input_files, load_with_reads, place
from commensal.pipeline.prepare_points import preparation_points
from commensal.pipeline.read_report import read_report
from commensal.pipeline.read_tables import Profiles
from commensal.pipeline.showing_results import result_html, result_text
from commensal.pipeline.shuffles import noise, shuffled
from commensal.questions import Answer, joined
from commensal.study import LoadedStudy, Study, read_study
from commensal.study.as_read import files_of
from commensal.tables import (
    Finding,
    Findings,
    claims,
    estimates,
    write_checklists,
    write_claims,
    write_estimates,
    write_points,
)

#: Called with a sentence for each step: (done, total, what comes now).
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Result:
    """What a run wrote, and its tables."""

    folder: Path
    report: Path
    estimates: pd.DataFrame
    points: pd.DataFrame
    claims: pd.DataFrame
    findings: Findings  #: a tuple of findings; ``findings.table()`` is a data frame
    headlines: tuple[str, ...]

    @property
    def failed(self) -> tuple[Finding, ...]:
        """The comparisons that could not be made."""
        return tuple(finding for finding in self.findings if finding.code == "not_answered")

    def __post_init__(self) -> None:
        object.__setattr__(self, "findings", Findings(self.findings))

    def __repr__(self) -> str:
        return result_text(self)

    def _repr_html_(self) -> str:
        return result_html(self)


def run(
    study: LoadedStudy | Path | str,
    out: Path | str,
    data: Path | str | None = None,
    *,
    only: Sequence[str] = (),
    shuffle: int = 0,
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
    started = datetime.now(UTC)
    (folder / execution.CRATE).unlink(missing_ok=True)  # of an earlier run: a run that stops has none
    with execution.Journal(folder / "run.jsonl") as journal:
        journal.event("start", study=Path(study).name, only=list(only), versions=execution.versions())
        tell(0, 1, "reading the study")
        where = place(study, data)
        loaded, reads = load_with_reads(read_study(where.study), where.root, folder / "profiles", tell)
        told = read_report(loaded, reads.profiles)
        for name, profiles in reads.profiles.items():
            journal.event("reads", assay=name, samples=len(profiles.samples), taken_up=reads.taken_up[name])
        if shuffle:
            _shufflable(loaded)
        inputs = _inputs(loaded.declared, where.root, reads.profiles)
        with execution.whole(folder / execution.STUDY_COPY) as path:
            path.write_bytes(where.study.read_bytes())
        for entry in inputs:
            journal.event("input", **entry)
        steps = steps_of(loaded.declared, only)
        seeds = {step.question.name: step.question.seed for step in steps}
        journal.event("seeds", questions=seeds)
        total = len(steps) + 3
        tell(1, total, "checking the design")
        findings = [*claim_findings(loaded), *checks.check(loaded)]
        answers, failures = answered(
            loaded, steps, execution.Serial(), journal, lambda done, _, what: tell(done + 2, total, what)
        )
        findings = checks.ordered([*failures, *reads.findings, *told.findings, *findings])
        for finding in findings:
            told_in = {key: value for key, value in finding.to_dict().items() if key not in ("message", "mend")}
            journal.event("finding", **told_in)  # sentences may name people: they are on the page only
        answer = joined([*answers, Answer(estimates(), told.points), Answer(estimates(), preparation_points(loaded))])
        dropped = tuple(dict.fromkeys((*loaded.dropped, *answer.dropped)))
        argued = _claims(
            folder, loaded, answer, findings, shuffle, lambda i, n: tell(total - 2, total, f"shuffle {i + 1} of {n}")
        )
        answer = joined([answer, Answer(estimates(), claim_points(loaded, answer.estimates, argued))])
        _write_tables(folder, answer)
        versions = execution.versions()
        lists = checklists(
            loaded, answer.estimates, dropped=dropped, findings=len(findings), versions=versions, inputs=len(inputs)
        )
        with execution.whole(folder / "checklists.tsv") as path:
            write_checklists(lists, path)
        tell(total - 1, total, "drawing the page")
        told_of = _provenance(_command(study, out, data, only, shuffle), started, journal.seconds, inputs)
        report = page.write(
            page.PageView(
                study=loaded.declared,
                estimates=answer.estimates,
                points=answer.points,
                findings=findings,
                dropped=dropped,
                matches=loaded.matches,
                claims=argued,
                checklists=lists,
                provenance=told_of,
            ),
            folder,
        )
        headlines = (*page.claims_headline(argued, loaded.declared), *page.headlines(answer.estimates, loaded.declared))
        journal.event("end", estimates=len(answer.estimates), points=len(answer.points), dropped=len(dropped))
        tell(total, total, "done")
    options = {"only": list(only), "shuffle": shuffle}
    told_of |= {"options": options, "seeds": seeds, "ended": datetime.now(UTC).isoformat(timespec="seconds")}
    execution.write_crate(folder, told_of, execution.outputs_of(folder))
    return Result(folder, report, answer.estimates, answer.points, argued, Findings(findings), headlines)


def _shufflable(loaded: LoadedStudy) -> None:
    """Say at once, not after all questions, that there is nothing to shuffle.

    Raises
    ------
    UsageError
        The study makes no claim.
    DesignError
        No label of it can be rearranged.
    """
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
    tell: Callable[[int, int], None],
) -> pd.DataFrame:
    """Join the answers into claims and write them; a study that cannot make any has no such file."""
    family = claim_family(loaded)
    if family is None:
        (folder / CLAIMS).unlink(missing_ok=True)  # of an earlier run
        return claims()
    found = join(answer.estimates, family, findings=findings)
    if shuffle:
        found = noise(loaded, family, found, shuffle, findings=tuple(findings), tell=tell)
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


def _command(study: Path | str, out: Path | str, data: Path | str | None, only: Sequence[str], shuffle: int) -> str:
    words = ["commensal", "run", str(study), "--out", str(out)]
    words += ["--data", str(data)] if data is not None else []
    words += ["--shuffle", str(shuffle)] if shuffle else []
    return shlex.join([*words, *(word for name in only for word in ("--only", name))])


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
