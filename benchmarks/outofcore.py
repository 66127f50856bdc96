"""A gene table larger than memory, made on the fly: reading, filtering, testing, FDR, page; peak memory and time.

The table is written as BIOM 2.1 (HDF5) in pieces and `commensal run` reads it in a process of its own, whose peak is
told by the system. A quick run takes two sizes, the second with ten times the features, to show how the peak follows
the table, and the second once more with its blocks shared by two workers: the seconds of both, and the same bytes of
estimates. ``--full`` sends 10,000 samples × 1 M genes through.
"""
# ruff: noqa: E402  threads are set before numpy reads how many there may be

from __future__ import annotations

import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import argparse
import json
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np
from harness import keep, measured

from commensal.tables import estimates_in_parts

GOAL_GB, REPORT_MB = 4.0, 10.0
#: Share of cells that are not 0, as in tables of genes of many people; planted genes are four times as abundant.
DENSITY, PLANTED, PIECE = 0.02, 50, 2000
QUICK, FULL = ((2_000, 4_000), (2_000, 40_000)), ((10_000, 1_000_000),)

STUDY = """[study]
name = "large"
[tables.samples]
file = "samples.tsv"
[assays.genes]
kind = "genes"
file = "genes.biom"
value = "counts"
[contrasts.arm]
column = "arm"
case = "case"
control = "control"
[questions.als]
kind = "cohort"
contrast = "arm"
"""


def make(folder: Path, n: int, m: int) -> None:
    """Write a study whose gene table never is in memory."""
    ids = [f"S{i}" for i in range(n)]
    arms = np.arange(n) % 2
    lines = [f"{name}\t{name}\t{('control', 'case')[arm]}\n" for name, arm in zip(ids, arms, strict=True)]
    (folder / "samples.tsv").write_text("sample\tsubject\tarm\n" + "".join(lines))
    (folder / "study.toml").write_text(STUDY)
    with h5py.File(folder / "genes.biom", "w") as file:
        file["sample/ids"] = [name.encode() for name in ids]
        file["observation/ids"] = [f"G{j:07d}".encode() for j in range(m)]
        growing = {"maxshape": (None,), "chunks": (1 << 18,), "compression": "gzip", "compression_opts": 1}
        cells = file.create_dataset("observation/matrix/data", (0,), np.uint16, **growing)
        rows = file.create_dataset("observation/matrix/indices", (0,), np.int32, **growing)
        ends = [np.zeros(1, np.int64)]
        for first in range(0, m, PIECE):
            rng = np.random.default_rng(first)
            width = min(PIECE, m - first)
            share = np.minimum(rng.gamma(0.5, 2 * DENSITY, width), 0.9)
            found = rng.random((width, n), np.float32) < share[:, None]
            feature, sample = np.nonzero(found)
            counts = rng.geometric(0.2, len(feature))
            counts[(feature + first < PLANTED) & (arms[sample] == 1)] *= 4
            for dataset, values in ((cells, counts), (rows, sample)):
                dataset.resize(len(dataset) + len(values), 0)
                dataset[len(dataset) - len(values) :] = values
            ends.append(ends[-1][-1] + np.cumsum(np.bincount(feature, minlength=width)))
        file["observation/matrix/indptr"] = np.concatenate(ends)


def child(folder: Path, workers: int) -> None:
    """Run the study; no limit on the address space, of which the drawing of figures reserves more than it uses."""
    from commensal import run

    run(folder / "study.toml", folder / f"out{workers}", workers=workers)


def answering(out: Path) -> float:
    """Return the seconds that the question took, of which only these are shared."""
    lines = [json.loads(line) for line in (out / "run.jsonl").read_text().splitlines()]
    return float(sum(line["took"] for line in lines if line["event"] == "answer"))


def shared(folder: Path, alone: Path) -> dict[str, float]:
    """Run the study again with two workers, and compare."""
    done = measured([sys.executable, __file__, "--child", str(folder), "--workers", "2"])
    if done.status != 0:
        raise SystemExit(f"outofcore: two workers ended with {done.status}")
    tables = [(out / "estimates.parquet").read_bytes() for out in (alone, folder / "out2")]
    if tables[0] != tables[1]:
        raise SystemExit("outofcore: two workers wrote other bytes than one process")
    one, two = answering(alone), answering(folder / "out2")
    print(f"  answered in {one:,.1f} s, by two workers in {two:,.1f} s: {two / one:.2f} of one's time", flush=True)
    return {"answer_seconds": round(one, 1), "answer_seconds_two": round(two, 1), "ratio": round(two / one, 3)}


def one(n: int, m: int, scratch: Path | None, *, two: bool) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=scratch) as place:
        folder = Path(place)
        make(folder, n, m)
        print(f"  {n:,} × {m:,} made: {(folder / 'genes.biom').stat().st_size / 1e6:,.0f} MB", flush=True)
        done = measured([sys.executable, __file__, "--child", str(folder)])
        if done.status != 0:
            raise SystemExit(f"outofcore: {n:,} × {m:,} ended with {done.status}")
        out = folder / "out1"
        report = (out / "report.html").stat().st_size / 1e6
        rows = sum(len(part) for part in estimates_in_parts(out / "estimates.parquet"))
        row = {
            "samples": n, "features": m, "seconds": round(done.seconds, 1), "peak_gb": round(done.peak_gb, 3),
            "values_per_second": round(n * m / done.seconds), "rows": rows, "report_mb": round(report, 2),
        }  # fmt: skip
        row |= shared(folder, out) if two else {}
    print(
        f"  {n:,} × {m:,}: {row['seconds']:,.0f} s, {row['values_per_second'] / 1e6:.1f} M values/s, peak "
        f"{row['peak_gb']:.2f} GB, {rows:,} rows, report {report:.1f} MB", flush=True,
    )  # fmt: skip
    return row


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="10,000 samples × 1 M genes")
    parser.add_argument("--size", nargs=2, type=int, action="append", metavar=("SAMPLES", "FEATURES"))
    parser.add_argument("--scratch", type=Path, help="where the table is made")
    parser.add_argument("--workers", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        child(chosen.child, chosen.workers)
        return 0
    os.environ.setdefault("COMMENSAL_TABLE_LIMIT", "10000000")
    sizes = [tuple(size) for size in chosen.size or ()] or list(FULL if chosen.full else QUICK)
    rows = [one(n, m, chosen.scratch, two=size == sizes[-1] and not chosen.full) for size in sizes for n, m in [size]]
    peak, report = max(row["peak_gb"] for row in rows), max(row["report_mb"] for row in rows)
    keep("outofcore", {"density": DENSITY, "goals": {"peak_gb": GOAL_GB, "report_mb": REPORT_MB}, "rows": rows})
    print(f"outofcore: {peak:.2f} GB (goal {GOAL_GB:.0f} GB)")
    return 0 if peak < GOAL_GB and report < REPORT_MB else 1


if __name__ == "__main__":
    sys.exit(main())
