"""Whether the demo's study is there as it was simulated: told without simulating it, or importing what does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from commensal import execution
from commensal.pipeline.unchanged import Unchanged, code, unchanged

#: What was simulated, in the folder of what runs keep.
SIMULATED = "demo.json"


def study_is_there(out: Path, seed: int) -> bool:
    """Whether ``out/study`` holds, byte for byte, what this version simulated from this seed."""
    try:
        held: dict[str, Any] = json.loads((out / execution.KEPT / SIMULATED).read_bytes())
    except (OSError, ValueError):
        return False
    return held == _held(out, seed)


def note_study(out: Path, seed: int) -> None:
    """Note what was simulated, for `study_is_there`.

    Raises
    ------
    OutputError
        The folder cannot be written to.
    """
    with execution.locked(out) as kept:
        execution.write_whole(kept / SIMULATED, json.dumps(_held(out, seed)).encode())


def demo_unchanged(out: Path | str = "demo", *, seed: int = 1) -> Unchanged | None:
    """Return what the last demo said if another would write the same, else None.

    Raises
    ------
    OutputError
        A run is writing to the folder.
    """
    folder = Path(out)
    return unchanged(folder / "study" / "study.toml", folder) if study_is_there(folder, seed) else None


def _held(out: Path, seed: int) -> dict[str, Any]:
    study = out / "study"
    paths = sorted(path for path in study.rglob("*") if path.is_file())
    return {
        "seed": seed, "code": code(),
        "files": {path.relative_to(study).as_posix(): execution.sha256(path) for path in paths},
    }  # fmt: skip


__all__ = ["demo_unchanged", "note_study", "study_is_there"]
