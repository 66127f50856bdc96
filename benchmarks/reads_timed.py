"""One timed piece of work on a sample, in a process of its own: prints CPU and wall seconds and peak memory as JSON.

``bare``: decompress, parse and sketch, nothing else: dnaio over isal, pysylph's sketcher. ``fast`` and ``mapping``: the
whole of `commensal.reads.profile_sample`, loading the reference and writing the profile included, imports not.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path


def bare(r1: str, r2: str) -> int:
    import dnaio
    import pysylph
    from isal import igzip

    with igzip.open(r1, "rb") as first, igzip.open(r2, "rb") as second:
        one = (record.sequence for record in dnaio.open(first, fileformat="fastq"))
        two = (record.sequence for record in dnaio.open(second, fileformat="fastq"))
        drawn = pysylph.Sketcher(c=200, k=31, fpr=0.0).sketch_paired("sample", one, two)
        return len(drawn.kmer_counts)


def whole(r1: str, r2: str, reference: str, mode: str) -> int:
    from commensal.reads import profile_sample

    with tempfile.TemporaryDirectory() as folder:
        return len(profile_sample(r1, r2, reference, folder, sample="timed", mode=mode).taxa)


def main() -> None:
    what, r1, r2, reference = sys.argv[1:5]
    # libraries first: both sides are measured from the first byte to the last result
    import dnaio  # noqa: F401
    import numpy  # noqa: F401
    import pysylph  # noqa: F401

    import commensal.knowledge
    import commensal.reads.profile  # noqa: F401

    before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    size = bare(r1, r2) if what == "bare" else whole(r1, r2, reference, what)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"cpu": cpu, "wall": wall, "peak_mb": peak_mb(after.ru_maxrss), "size": size}))


def peak_mb(maxrss: int) -> float:
    """Peak memory of this process alone: on Linux ru_maxrss begins with the peak of whoever started it."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return maxrss / (1e6 if sys.platform == "darwin" else 1024)
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    main()
