"""What a sample and a feature cost, what workers bring and what Dask adds to a task.

Run as ``python benchmarks/scale.py --data ../shared/data``; ``scale_page.py`` makes the tables of docs/scale.md and the
model of many nodes from it.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import scale_tasks
from harness import absent, keep

from commensal.execution import Crew, Serial, crew_of
from commensal.execution.local import Local
from commensal.pipeline.load import load_with_reads
from commensal.study import read_study

GOAL = 0.6
SAMPLES = 8
PAIRS = (50_000, 400_000)
TASKS = 500
#: Random genomes of 3 Mb added to the reference, to see what larger ones cost.
MORE = 100


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--rounds", type=int, default=5, help="How often one and two workers take turns.")
    asked = parser.parse_args()
    if not (asked.data / "genomes").is_dir():
        return absent("scale", f"no real genomes in {asked.data}")
    figures: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as folder:
        studies = {pairs: reads_of(asked.data / "genomes", Path(folder) / str(pairs), pairs) for pairs in PAIRS}
        figures["sample"] = sample_cost(studies, Path(folder))
        figures["workers"] = turns(studies[PAIRS[1]], Path(folder), asked.rounds)
        figures["feature"] = feature_cost()
        figures["task"] = task_cost(Path(folder))
    keep("scale", figures)
    ratio = figures["workers"]["ratio"]  # type: ignore[index]
    print(f"scale: two workers take {ratio:.2f} of one's time on {SAMPLES} samples (goal {GOAL})")
    return 0 if ratio <= GOAL else 1


def reads_of(genomes: Path, out: Path, pairs: int) -> Path:
    """Write a study of 8 samples of reads of the real genomes, and their reference."""
    from commensal.reads import build_reference
    from commensal.simulation.read_study import read_study as simulated

    files = {path.name.removesuffix(".fna.gz"): path for path in sorted(genomes.glob("*.fna.gz"))}
    study = simulated(out, files, households=SAMPLES // 2, n_pairs=pairs)
    build_reference(list(files.values()), out / "reference", annotations=sorted((genomes / "annotations").glob("*.gz")))
    return study


def profiled(study: Path, out: Path, crew: Crew) -> float:
    """Profile the samples of a study; return wall seconds."""
    began = time.perf_counter()
    load_with_reads(read_study(study), study.parent, out, crew=crew)
    return time.perf_counter() - began


def sample_cost(studies: dict[int, Path], folder: Path) -> dict[str, float]:
    """CPU seconds of a sample at two depths, and beside a larger reference, give what each adds; likewise memory."""
    few, many = PAIRS
    rows = {few: alone(studies[few], folder / "few")}
    before = peak_gb()
    enlarge(studies[few], folder)
    larger = alone(studies[few], folder / "larger")
    rise = peak_gb() - before
    rows[many] = alone(studies[many], folder / "many")
    million = (rows[many] - rows[few]) / (many - few) * 1e6
    reads = sum(path.stat().st_size for path in (studies[many].parent / "reads").glob("*.gz")) / SAMPLES / many
    return {
        "cpu_seconds_fixed": round(rows[few] - million * few / 1e6, 2),
        "cpu_seconds_per_million_pairs": round(million, 2),
        "cpu_seconds_per_1000_genomes": round(max(larger - rows[few], 0) / MORE * 1000, 2),
        "gb_per_million_pairs": round(reads * 1e6 / 1e9, 3),
        "peak_gb": round(peak_gb(), 2),
        "peak_gb_per_1000_genomes": round(max(rise, 0) / MORE * 1000, 2),
        "genomes": len(list((studies[few].parent / "reference" / "sequences").glob("*"))) - MORE,
    }


def peak_gb() -> float:
    """Peak of the largest process waited for so far."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e9


def alone(study: Path, out: Path) -> float:
    """CPU seconds of a sample, one after the other."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    profiled(study, out, Serial())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / SAMPLES
    print(f"{study.parent.name}, {out.name}: {seconds:.2f} CPU s per sample", flush=True)
    return seconds


def enlarge(study: Path, folder: Path) -> None:
    """Add random genomes to the reference of a study."""
    from commensal.reads import add_to_reference

    place = folder / "random"
    place.mkdir()
    rng = np.random.default_rng(1)
    for i in range(MORE):
        bases = np.frombuffer(b"ACGT", np.uint8)[rng.integers(0, 4, 3_000_000)].tobytes().decode()
        lines = "\n".join(bases[at : at + 80] for at in range(0, len(bases), 80))
        (place / f"random{i}.fna").write_text(f">random{i}\n{lines}\n")
    add_to_reference(study.parent / "reference", place)


def turns(study: Path, folder: Path, rounds: int) -> dict[str, object]:
    """Let one and two workers take turns, so that whoever else uses the machine slows both; each round is a ratio."""
    rows = []
    for i in range(rounds):
        seconds = {}
        for workers in (1, 2) if i % 2 == 0 else (2, 1):
            with crew_of(workers) as crew:
                seconds[workers] = profiled(study, folder / f"turn{i}_{workers}", crew)
        rows.append([round(seconds[1], 2), round(seconds[2], 2)])
        print(f"one worker {seconds[1]:.1f} s, two {seconds[2]:.1f} s: {seconds[2] / seconds[1]:.2f}", flush=True)
    ratio = median(two / one for one, two in rows)
    return {"seconds": rows, "ratio": round(ratio, 3), "samples": SAMPLES, "pairs": PAIRS[1]}


def feature_cost() -> list[dict[str, object]]:
    """CPU seconds of the default model, of a feature and once for the design, in households and unrelated people."""
    rows = []
    for design, n, few, many in (
        ("households", 1000, 200, 2000), ("households", 4000, 100, 1000), ("unrelated", 100_000, 10, 50),
    ):  # fmt: skip
        with Local(1) as crew:  # a process of its own, so that the peak is this design's
            tasks = [(design == "households", n, m) for m in (few, few, many)]  # the first one compiles
            _, less, more = crew.map(scale_tasks.features, tasks, shared=None, names=[design] * 3)
        each = (more[0] - less[0]) / (many - few)
        once, peak = max(less[0] - each * few, 0), more[1]
        row = {
            "design": design, "people": n, "features": many, "cpu_ms_per_feature": round(each * 1e3, 2),
            "cpu_seconds_once": round(once, 2), "peak_gb": round(peak, 2),
        }  # fmt: skip
        rows.append(row)
        print(row, flush=True)
    return rows


def task_cost(folder: Path) -> dict[str, float]:
    """Milliseconds that a crew adds to a task, once its workers are there."""
    from distributed import LocalCluster

    def each(crew: Crew) -> float:
        tasks, names = range(TASKS), [str(i) for i in range(TASKS)]
        crew.map(scale_tasks.nothing, tasks[:20], shared=None, names=names[:20])
        took = []
        for _ in range(3):
            began = time.perf_counter()
            crew.map(scale_tasks.nothing, tasks, shared=None, names=names)
            took.append((time.perf_counter() - began) / TASKS * 1e3)
        return round(min(took), 3)

    rows = {"serial_ms": each(Serial())}
    with Local(2) as local:
        rows["local_ms"] = each(local)
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "local_directory": str(folder)}
    with LocalCluster(processes=True, **options) as dask, crew_of(cluster=dask.scheduler_address) as crew:  # type: ignore[arg-type]
        rows["dask_ms"] = each(crew)
    print(f"a task costs {rows['local_ms']} ms in local workers, {rows['dask_ms']} ms by Dask", flush=True)
    return rows


if __name__ == "__main__":
    sys.exit(main())
