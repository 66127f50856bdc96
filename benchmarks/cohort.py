"""jacobs2016 from table to page, and the start-up of the command line: ``make bench-cohort``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median

from harness import absent, keep, measured

ROOT = Path(__file__).parents[1]
GOALS = {"seconds": 30.0, "peak_gb": 1.5, "help_seconds": 0.5}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=3)
    chosen = parser.parse_args()
    data = chosen.data / "jacobs2016"
    if not data.is_dir():
        return absent("cohort", f"no {data}")
    commensal = str(Path(sys.executable).parent / "commensal")
    study = str(ROOT / "examples" / "jacobs2016" / "study.toml")
    with tempfile.TemporaryDirectory() as folder:
        command = [commensal, "run", study, "--data", str(data), "--out", folder]
        runs = [measured(command) for _ in range(chosen.runs)]
        page = (Path(folder) / "report.html").stat().st_size / 1e6
    starts = [measured([commensal, "--help"]) for _ in range(5)]
    if any(run.status for run in [*runs, *starts]):
        print("cohort: the command failed")
        return 1
    figures = {
        "seconds": round(median(run.seconds for run in runs), 2),
        "peak_gb": round(max(run.peak_gb for run in runs), 3),
        "help_seconds": round(median(start.seconds for start in starts), 3),
    }
    keep("cohort", {**figures, "page_mb": round(page, 2), "runs": len(runs), "goals": GOALS})
    for name, figure in figures.items():
        print(f"{name:14} {figure:8}   goal ≤ {GOALS[name]}")
    print(f"{'page_mb':14} {page:8.2f}")
    met = all(figures[name] <= goal for name, goal in GOALS.items())
    print(
        f"cohort: {figures['seconds']} s, {figures['peak_gb']} GB, --help {figures['help_seconds']} s "
        f"(goal ≤ {GOALS['seconds']} s, ≤ {GOALS['peak_gb']} GB, ≤ {GOALS['help_seconds']} s)"
    )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
