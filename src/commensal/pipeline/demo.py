"""``demo``: the model study, simulated small with known truth, run to its page."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from commensal import execution, simulation
from commensal.errors import CommensalError, OutputError
from commensal.pipeline.demo_again import note_study, study_is_there
from commensal.pipeline.results import Result
from commensal.pipeline.run import Progress, run


def demo(out: Path | str = "demo", *, seed: int = 1, progress: Progress | None = None) -> Result:
    """Simulate the small model study with known truth into ``out/study`` and run it to ``out``.

    All seven questions are asked, and their answers joined into claims: mice in arms, patients in households. Where the
    reads extra is installed, one stool also has reads, which are profiled against a reference of invented genomes,
    built beside them; no question asks them, and no claim rests on them. Where it is not, a headline says so.
    A study that is there as it was simulated from the same seed is not simulated again.

    Parameters
    ----------
    out
        Folder of the results; the simulated study goes to ``study`` in it, with ``truth.json``.
    seed
        Same seed, same study.

    Raises
    ------
    OutputError
        The folder holds something else.
    """
    folder = Path(out)
    study = folder / "study"
    if folder.is_dir() and any(folder.iterdir()) and not ((study / "truth.json").is_file() or _begun(folder)):
        raise OutputError(
            "the folder holds something else than a demo",
            where=str(folder),
            mend="give an empty or new folder with --out",
        )
    lacking = _lacking()
    if not study_is_there(folder, seed):
        simulation.als(study, seed=seed, small=True, reads=not lacking, read_samples=1)
        if not lacking:
            if progress is not None:
                progress(0, 1, "building a reference for the reads")
            _build_reference(study)
        note_study(folder, seed)
    made = run(study / "study.toml", folder, progress=progress)
    return replace(made, headlines=(*made.headlines, lacking)) if lacking else made


def _begun(folder: Path) -> bool:
    """Whether a folder holds no more than the beginning of a demo that was stopped: a study without its file."""
    names = {path.name for path in folder.iterdir()}
    return names <= {"study", execution.KEPT} and not (folder / "study" / "study.toml").exists()


def _lacking() -> str:
    """Say in a sentence that reads are left out, or return "" where what profiles them is installed."""
    from commensal.reads.needs import needed

    try:
        for name in ("pysylph", "dnaio"):
            needed(name)
    except CommensalError as error:
        return f"No reads were profiled: {error.what}. To see them: {error.mend}, then `commensal demo` again."
    return ""


def _build_reference(study: Path) -> None:
    """Build the reference that the study file names from the genomes that lie beside it, in place of an older one."""
    from commensal.reads import build_reference

    target = study / "reference"
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    build_reference(study / "genomes", target, annotations=study / "annotations", taxonomy=study / "taxonomy.tsv")
