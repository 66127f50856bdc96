"""``run --explain``: which steps would run, and why; nothing is run or written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from commensal import execution
from commensal.pipeline.unchanged import read_last, unchanged

if TYPE_CHECKING:
    from commensal.pipeline.keeping import Kept
    from commensal.study import LoadedStudy
    from commensal.tables import Finding


def reasons(
    study: Path | str,
    out: Path | str,
    data: Path | str | None = None,
    *,
    only: Sequence[str] = (),
    shuffle: int = 0,
    fresh: bool = False,
    private: bool | None = None,
) -> tuple[str, ...]:
    """Say of each step of a run whether it would run, and why.

    Parameters
    ----------
    study, out, data, only, shuffle, fresh, private
        As in `commensal.run`.

    Returns
    -------
    tuple of str
        One sentence per step, then one for the claims and the page.

    Raises
    ------
    CommensalError
        The study cannot be read, or another run is writing to the folder.

    Examples
    --------
    >>> from commensal import reasons
    >>> reasons("study.toml", "out")                                       # doctest: +SKIP
    ('patients: serum: runs: covariates changed (age → age, sex)',)
    """
    if not fresh and unchanged(study, out, data, only=only, shuffle=shuffle, private=private) is not None:
        return ("nothing runs: no input, setting, output or code has changed",)
    from commensal.pipeline.answering import steps_of
    from commensal.pipeline.keeping import Kept
    from commensal.pipeline.load import load_with_reads, place
    from commensal.pipeline.private import veil_of
    from commensal.pipeline.read_report import read_report
    from commensal.study import read_study

    where = place(study, data)
    declared = read_study(where.study)
    veil = veil_of(study, Path(out), private, look=True)
    with veil.guard():
        read, reads = load_with_reads(declared, where.root, None)
        found = [*reads.findings, *read_report(read, reads.profiles).findings]
        loaded = veil.hide(read)
    hidden = veil.hidden
    keeper = Kept(execution.Store(hidden / "kept"), fresh)
    plan = keeper.planned(loaded, steps_of(loaded.declared, only))
    told = [one.sentence for one in plan]
    if declared.reads:
        told.append("samples of reads: those without a profile are profiled first; then the steps that read them run")
    if shuffle and declared.reads:  # what is found wrong with reads is known when they are profiled
        told.append("shuffles: those that were made of this study as it is now are kept, the others run")
    elif shuffle:
        told.append(_shuffles(keeper, loaded, veil.early(found), shuffle))
    runs = sum(one.runs for one in plan)
    first = "the first run" if read_last(hidden) is None else "a step, a setting, the code or an output has changed"
    told.append(f"claims and page: checked again: {first}")
    return (*told, f"{runs} of {len(plan)} steps run, {len(plan) - runs} are kept")


def _shuffles(keeper: Kept, loaded: LoadedStudy, early: Sequence[Finding], n: int) -> str:
    """Say how many shuffles are kept and how many run: each rests on the whole study and on what is found wrong in it.

    What a step that is to run will find wrong is not known yet: its shuffles are counted as if it were nothing.
    """
    from commensal import checks
    from commensal.pipeline.answering import not_answered
    from commensal.pipeline.claim_family import claim_family, claim_findings
    from commensal.pipeline.kept_shuffles import KeptShuffles, study_key

    family = claim_family(loaded)
    if family is None:
        return "shuffles: none, as this study makes no claim"
    failures = [one for plan in keeper.plan if (made := keeper.found(plan)) for one in not_answered(plan.step, made)]
    findings = checks.ordered([*failures, *early, *claim_findings(loaded), *checks.check(loaded)])
    there = KeptShuffles(keeper.store, study_key(loaded, family, findings), keeper.fresh)
    kept = sum(there.get(seed) is not None for seed in range(1, n + 1))
    if any(plan.runs for plan in keeper.plan) and kept:
        return f"shuffles: {kept} of {n} are kept and {n - kept} run, unless a step that runs cannot be answered"
    return f"shuffles: {kept} of {n} are kept, {n - kept} run"
