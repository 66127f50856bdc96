"""Runs killed at random moments: each must complete when it is run again, with the bytes of an undisturbed run.

python benchmarks/crash.py [--runs 200] [--seed 1]
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from harness import keep

COMMAND = [sys.executable, "-m", "commensal", "run", "study/study.toml", "--out", "out"]
TABLES = ("estimates.parquet", "points.parquet", "report.html")
WAYS = ("kill -9", "SIGTERM", "Ctrl-C", "disk full")
#: What a disturbed run may end with: done before it was disturbed, stopped, or an error in words.
MAY = {"kill -9": (0, -9), "SIGTERM": (0, 143), "Ctrl-C": (0, 130), "disk full": (0, 1)}


def study(folder: Path) -> None:
    from commensal import simulation

    path = simulation.cohort(folder / "study", seed=1)
    text = path.read_text()
    text = text.replace(
        'assays = ["species", "serum", "genes", "csf"]', 'assays = ["species", "csf"]\npermutations = 99'
    )
    text = text.replace('producers = { taxa = "species", molecules = ["serum"] }\n', "")
    path.write_text(text)


def written(out: Path) -> dict[str, bytes]:
    """What is compared: tables, page and SVG; the objects of a PDF have no order of their own."""
    paths = [out / name for name in TABLES] + sorted((out / "figures").glob("*.svg"))
    return {path.name: path.read_bytes() for path in paths}


def mounted(folder: Path, size: int) -> bool:
    if os.geteuid() != 0:
        return False
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=False, capture_output=True
    )
    return made.returncode == 0


def disturbed(place: Path, way: str, after: float, room: int) -> tuple[int, str]:
    """Run and disturb; the exit status and what was said."""
    out = place / "out"
    out.mkdir()
    limit = None
    if way == "disk full" and not mounted(out, room):
        limit = room // 6  # no file may grow beyond
    before = (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))) if limit else None
    run = subprocess.Popen(COMMAND, cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                           preexec_fn=before)  # noqa: PLW1509  # fmt: skip
    if way != "disk full":
        time.sleep(after)
        run.send_signal({"kill -9": signal.SIGKILL, "SIGTERM": signal.SIGTERM, "Ctrl-C": signal.SIGINT}[way])
    said = run.communicate()[1]
    if way == "disk full" and os.path.ismount(out):
        subprocess.run(["mount", "-o", "remount,size=1g", str(out)], check=True)
    return run.returncode, said


def fault(place: Path, way: str, rng: random.Random, seconds: float, size: int, expected: dict[str, bytes]) -> str:
    """Disturb one run, run again, and say what is wrong with what came of it; empty if nothing is."""
    status, said = disturbed(place, way, rng.uniform(0, seconds), int(rng.uniform(0.01, 1.0) * size))
    if status not in MAY[way] or "Traceback" in said:
        return f"ended with {status}: {said[-300:]}"
    again = subprocess.run(COMMAND, check=False, cwd=place, capture_output=True, text=True)
    if again.returncode != 0:
        return f"does not complete: {again.stderr[-300:]}"
    if written(place / "out") != expected:
        return "other bytes than the undisturbed run"
    left = [path.name for path in (place / "out").rglob("*") if path.name.endswith(".tmp")]
    return f"left {left}" if left else ""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    rng = random.Random(asked.seed)
    good, count, faults = Counter(), Counter(), []
    with tempfile.TemporaryDirectory() as base:
        first = Path(base) / "undisturbed"
        first.mkdir()
        study(first)
        began = time.perf_counter()
        subprocess.run(COMMAND, cwd=first, check=True, capture_output=True)
        seconds = time.perf_counter() - began
        expected = written(first / "out")
        size = sum(path.stat().st_size for path in (first / "out").rglob("*") if path.is_file())
        for number in range(asked.runs):
            way = WAYS[number % len(WAYS)]
            place = Path(base) / f"run{number}"
            place.mkdir()
            shutil.copytree(first / "study", place / "study")
            wrong = fault(place, way, rng, seconds, size, expected)
            count[way] += 1
            good[way] += not wrong
            if wrong:
                faults.append(f"{way}: {wrong}")
            if os.path.ismount(place / "out"):
                subprocess.run(["umount", str(place / "out")], check=True)
            shutil.rmtree(place)
    print(f"{'disturbed by':<14}{'runs':>6}{'whole when run again':>24}")
    for way in WAYS:
        print(f"{way:<14}{count[way]:>6}{good[way]:>24}")
    print("\n".join(faults))
    whole = sum(good.values())
    figures = {"runs": asked.runs, "whole": whole, "by": {way: [good[way], count[way]] for way in WAYS}}
    keep("crash", {**figures, "seconds_undisturbed": round(seconds, 1)})
    print(
        f"crash: {whole} of {asked.runs} killed runs completed with the same bytes (goal {asked.runs} of {asked.runs})"
    )
    return int(whole < asked.runs)


if __name__ == "__main__":
    sys.exit(main())
