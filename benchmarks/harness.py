"""What benchmarks share: a command measured as a process, and figures kept with versions and processor."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
NOT_MEASURED = 3


@dataclass(frozen=True)
class Measured:
    seconds: float
    peak_gb: float
    status: int


def measured(command: list[str]) -> Measured:
    """Run a command with its output thrown away; wall seconds and its own peak memory."""
    began = time.perf_counter()
    quiet = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
    pid = os.posix_spawn(command[0], command, dict(os.environ), file_actions=quiet)
    _, status, usage = os.wait4(pid, 0)
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Measured(time.perf_counter() - began, peak / 1e9, os.waitstatus_to_exitcode(status))


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0]}, {len(names)} processors" if names else platform.machine()


def keep(name: str, figures: dict[str, object]) -> None:
    """Write the figures to ``results/NAME.json``, with what they were measured on."""
    packages = ("commensal", "numpy", "scipy", "pandas", "scikit-bio", "altair")
    record = {
        "benchmark": name,
        "date": time.strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        "packages": {package: version(package) for package in packages},
        "processor": processor(),
        **figures,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(record, indent=2) + "\n")


def absent(name: str, what: str) -> int:
    print(f"{name}: NOT MEASURED ({what})")
    return NOT_MEASURED
