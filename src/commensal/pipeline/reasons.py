"""``run --explain``: which steps would run, and why; nothing is run or written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from commensal import execution
from commensal.pipeline.unchanged import read_last, unchanged


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
    from commensal.study import read_study

    where = place(study, data)
    declared = read_study(where.study)
    veil = veil_of(study, Path(out), private, look=True)
    with veil.guard():
        loaded = veil.hide(load_with_reads(declared, where.root, None)[0])
    hidden = veil.hidden
    plan = Kept(execution.Store(hidden / "kept"), fresh).planned(loaded, steps_of(loaded.declared, only))
    told = [one.sentence for one in plan]
    if declared.reads:
        told.append("samples of reads: those without a profile are profiled first; then the steps that read them run")
    if shuffle:
        told.append("shuffles: those that were made of this study as it is now are kept, the others run")
    runs = sum(one.runs for one in plan)
    first = "the first run" if read_last(hidden) is None else "a step, a setting, the code or an output has changed"
    told.append(f"claims and page: checked again: {first}")
    return (*told, f"{runs} of {len(plan)} steps run, {len(plan) - runs} are kept")
