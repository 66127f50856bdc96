"""What a reference costs per genome: processor seconds, memory, bytes on disk: ``make bench-reference``."""

from __future__ import annotations

import argparse
import gzip
import resource
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from harness import Measured, absent, keep, measured

COMMENSAL = str(Path(sys.executable).parent / "commensal")
LENGTH = 3_400_000  # the mean of the 22 real genomes


def built(out: Path, genomes: list[Path], *more: str) -> tuple[Measured, dict[str, int]]:
    """Build once; processor seconds and memory of the process, and bytes of each part of the folder."""
    before = _spent()
    run = measured([COMMENSAL, "reference", "build", *map(str, genomes), "--out", str(out), *more])
    run = replace(run, seconds=_spent() - before)  # of the processor: the same on a busy machine
    sizes: dict[str, int] = {}
    for path in out.rglob("*"):
        if path.is_file():
            part = path.relative_to(out).parts[0]
            sizes[part] = sizes.get(part, 0) + path.stat().st_size
    return run, sizes


def _spent() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def generated(folder: Path, number: int) -> list[Path]:
    """Random genomes in species of five that are 98 % alike, so that neighbours are found and counted."""
    rng = np.random.default_rng(1)
    letters = np.frombuffer(b"ACGT", dtype=np.uint8)
    paths = []
    for at in range(number):
        if at % 5 == 0:
            first = rng.integers(0, 4, LENGTH, dtype=np.uint8)
        own = np.where(rng.random(LENGTH) < 0.02, (first + 1) % 4, first)
        path = folder / f"g{at:05}.fna.gz"
        text = f">c{at}\n".encode() + letters[own].tobytes() + b"\n"
        path.write_bytes(gzip.compress(text, 1))
        paths.append(path)
    return paths


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--many", type=int, default=200)
    chosen = parser.parse_args()
    data = chosen.data / "genomes"
    real = sorted(data.glob("*.fna.gz"))
    if not real:
        return absent("reference", f"no genomes in {data}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bare, sizes = built(folder / "bare", real)
        noted, full = built(folder / "noted", real, "--annotations", str(data / "annotations"))
        made = generated(folder, chosen.many)
        few, _ = built(folder / "few", made[:20])
        many, large = built(folder / "many", made)
    if any(run.status for run in (bare, noted, few, many)):
        print("reference: a build failed")
        return 1
    more = chosen.many - 20
    mb = {part: round(size / len(real) / 1e6, 3) for part, size in sorted(sizes.items())}
    figures = {
        "genomes": len(real),
        "seconds": round(bare.seconds, 2),
        "seconds_with_annotation_of_8": round(noted.seconds, 2),
        "peak_mb": round(1000 * noted.peak_gb),
        "seconds_per_genome": round((many.seconds - few.seconds) / more, 3),
        "peak_mb_per_1000_genomes": round(1e6 * (many.peak_gb - few.peak_gb) / more),
        "mb_per_genome": mb,
        "mb_per_annotated_genome": round((full["genes.parquet"] + full["functions.parquet"]) / 8 / 1e6, 3),
        "database_mb_per_1000_genomes": round(large["genomes.syldb"] / chosen.many / 1e3),
    }
    keep("reference", {**figures, "generated": chosen.many})
    for key, figure in figures.items():
        print(f"{key:32} {figure}")
    print(
        f"reference: {figures['seconds_per_genome']} processor seconds and {sum(mb.values()):.2f} MB per genome, "
        f"{figures['peak_mb_per_1000_genomes']} MB of memory per 1,000 genomes (no goal is set)"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
