"""``demo``: the model study, simulated small with known truth, run to its page."""

from __future__ import annotations

from pathlib import Path

from commensal import simulation
from commensal.errors import OutputError
from commensal.pipeline.run import Progress, Result, run


def demo(out: Path | str = "demo", *, seed: int = 1, progress: Progress | None = None) -> Result:
    """Simulate the small model study with known truth into ``out/study`` and run it to ``out``.

    All seven questions are asked, and their answers joined into claims: mice in arms, patients in households.

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
    if folder.is_dir() and any(folder.iterdir()) and not (study / "truth.json").is_file():
        raise OutputError(
            "the folder holds something else than a demo",
            where=str(folder),
            mend="give an empty or new folder with --out",
        )
    return run(simulation.als(study, seed=seed, small=True), folder, progress=progress)
