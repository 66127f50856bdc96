"""A cluster of SLURM jobs that grows and shrinks with the work, by dask-jobqueue: ``pip install dask-jobqueue``.

python adaptive.py study.toml results
"""

from __future__ import annotations

import sys

from dask_jobqueue import SLURMCluster

import commensal


def main(study: str, out: str) -> None:
    """Start jobs of 8 workers each, as many as there is work for, and run the study on them."""
    with SLURMCluster(
        cores=8,
        processes=8,  # one process per core: a process does one task at a time
        memory="32GB",
        walltime="04:00:00",
        queue="normal",
        job_script_prologue=["export OMP_NUM_THREADS=1"],
        # worker_extra_args=["--lifetime", "225m", "--lifetime-stagger", "5m"] ends workers before SLURM does
    ) as cluster:
        cluster.adapt(minimum=8, maximum=800)
        result = commensal.run(study, out, cluster=cluster.scheduler_address, memory="3GB")
    sys.stdout.write(f"{result.report}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
