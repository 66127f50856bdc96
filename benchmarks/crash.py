"""Runs killed at random moments: each must complete when it is run again, with the bytes of an undisturbed run.

python benchmarks/crash.py [--runs 200] [--seed 1]

Besides the run itself, one of two workers beside it is killed, or one of two of a Dask cluster: such a run must go on
by itself. "disk full" is a file system of its own, of a random size (as root: a tmpfs), else a limit of a file's size.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness import keep

COMMAND = [sys.executable, "-m", "commensal", "run", "study/study.toml", "--out", "out"]
TABLES = ("estimates.parquet", "points.parquet", "claims.parquet", "checklists.tsv", "findings.json", "report.html")
#: What a disturbed run may end with: done before it was disturbed, stopped, or an error in words. A run whose worker
#: was killed goes on with another.
MAY = {
    "kill -9": (0, -9), "SIGTERM": (0, 143), "Ctrl-C": (0, 130), "disk full": (0, 1),
    "worker killed": (0,), "Dask worker killed": (0,),
}  # fmt: skip
WAYS = tuple(MAY)
#: Python leaves half a compiled file where a file may not grow.
KEPT = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
SIGNALS = {"kill -9": signal.SIGKILL, "SIGTERM": signal.SIGTERM, "Ctrl-C": signal.SIGINT}
#: Of the model study: what claims need and no more, so that a run is short.
ASKED = ("screen", "mediators")


def study(folder: Path) -> None:
    """Write a study of mice with claims, answered in a few seconds."""
    from commensal import simulation

    path = simulation.als(
        folder / "study", seed=1, small=True, strains=1, molecules=20, taxa=20, genes=60, times=3, measures=1, doses=1
    )
    head, *questions = re.split(r"(?m)^(?=\[questions\.)", path.read_text())
    kept = [one for one in questions if one.split("]")[0].removeprefix("[questions.") in ASKED]
    path.write_text(head + "".join(kept).replace('"mouse_serum", "mouse_csf"', '"mouse_serum"'))


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


def children(pid: int) -> list[int]:
    """Name the processes that a process started, as Linux tells them."""
    with suppress(OSError):
        return [int(one) for path in Path(f"/proc/{pid}/task").glob("*/children") for one in path.read_text().split()]
    return []


@dataclass
class Bench:
    """The runs of one benchmark, and what came of them."""

    base: Path
    rng: random.Random
    seconds: float
    size: int
    expected: dict[str, bytes]
    dask: Any = None  #: a cluster on this machine, with nannies that start anew what is killed
    hit: Counter[str] = field(default_factory=Counter)  #: of each way: how many were disturbed before they ended

    def fault(self, place: Path, way: str) -> str:
        """Disturb one run, run again, and say what is wrong with what came of it; empty if nothing is."""
        status, said = self.disturbed(place, way)
        if status not in MAY[way] or "Traceback" in said:
            return f"ended with {status}: {said[-300:]}"
        again = subprocess.run(COMMAND, check=False, cwd=place, capture_output=True, text=True)
        if again.returncode != 0:
            return f"does not complete: {again.stderr[-300:]}"
        if written(place / "out") != self.expected:
            return "other bytes than the undisturbed run"
        left = [path.name for path in (place / "out").rglob("*") if path.name.endswith(".tmp")]
        return f"left {left}" if left else ""

    def disturbed(self, place: Path, way: str) -> tuple[int, str]:
        """Run and disturb; the exit status and what was said. A run that goes on must have the right bytes at once."""
        out = place / "out"
        out.mkdir()
        room = int(self.rng.uniform(0.01, 1.0) * self.size)
        limit = room // 6 if way == "disk full" and not mounted(out, room) else None  # no file may grow beyond
        before = (lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))) if limit else None
        words = {"worker killed": ["--workers", "2"]}.get(way, [])
        words += ["--cluster", self.dask.scheduler_address] if way == "Dask worker killed" else []
        run = subprocess.Popen([*COMMAND, *words], cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                               text=True, preexec_fn=before, env=KEPT if limit else None)  # noqa: PLW1509  # fmt: skip
        if way != "disk full":
            time.sleep(self.rng.uniform(0, self.seconds))
            self.hit[way] += self.hurt(run, way)
        said = run.communicate()[1]
        if way == "disk full":
            self.hit[way] += run.returncode != 0
            if os.path.ismount(out):
                subprocess.run(["mount", "-o", "remount,size=1g", str(out)], check=True)
        if "worker" in way and run.returncode == 0 and written(out) != self.expected:
            return -1, "other bytes than the undisturbed run, before it was run again"
        return run.returncode, said

    def hurt(self, run: subprocess.Popen[str], way: str) -> bool:
        """Send the signal, to the run or to one of its workers as soon as there is one; say if it reached any."""
        if way in SIGNALS:
            run.send_signal(SIGNALS[way])
            return run.poll() is None
        while run.poll() is None:
            own = children(run.pid) if way == "worker killed" else [
                worker.pid for worker in self.dask.workers.values() if worker.pid is not None
            ]  # fmt: skip
            if own:
                time.sleep(self.rng.uniform(0, self.seconds / 4) if way == "worker killed" else 0)
                with suppress(ProcessLookupError):
                    os.kill(self.rng.choice(own), signal.SIGKILL)
                    return True
            time.sleep(0.02)
        return False


def cluster(base: Path) -> Any:
    from distributed import LocalCluster

    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "local_directory": str(base)}
    return LocalCluster(processes=True, silence_logs=50, **options)  # type: ignore[arg-type]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    good, count, faults = Counter(), Counter(), []
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # a third of a short run is compiling what is not kept
        os.environ["PYTHONPYCACHEPREFIX"] = str(base / "compiled")
        first = base / "undisturbed"
        first.mkdir()
        study(first)
        began = time.perf_counter()
        subprocess.run(COMMAND, cwd=first, check=True, capture_output=True)
        seconds = time.perf_counter() - began
        size = sum(path.stat().st_size for path in (first / "out").rglob("*") if path.is_file())
        with cluster(base) as dask:
            bench = Bench(base, random.Random(asked.seed), seconds, size, written(first / "out"), dask)
            for number in range(asked.runs):
                way = WAYS[number % len(WAYS)]
                place = base / f"run{number}"
                place.mkdir()
                shutil.copytree(first / "study", place / "study")
                wrong = bench.fault(place, way)
                count[way] += 1
                good[way] += not wrong
                if wrong:
                    faults.append(f"{way}: {wrong}")
                print(f"{number + 1} of {asked.runs}: {way}: {wrong or 'whole'}", flush=True)
                by = {one: {"runs": count[one], "before_its_end": bench.hit[one], "whole": good[one]} for one in WAYS}
                figures = {"runs": number + 1, "asked": asked.runs, "whole": sum(good.values()), "by": by}
                keep("crash", {**figures, "seconds_undisturbed": round(seconds, 1)})  # also of a bench that is stopped
                if os.path.ismount(place / "out"):
                    subprocess.run(["umount", str(place / "out")], check=True)
                shutil.rmtree(place)
    print(f"{'disturbed by':<20}{'runs':>6}{'before its end':>16}{'whole when run again':>24}")
    for way in WAYS:
        print(f"{way:<20}{count[way]:>6}{bench.hit[way]:>16}{good[way]:>24}")
    print("\n".join(faults))
    whole = sum(good.values())
    print(
        f"crash: {whole} of {asked.runs} killed runs completed with the same bytes (goal {asked.runs} of {asked.runs})"
    )
    return int(whole < asked.runs)


if __name__ == "__main__":
    sys.exit(main())
