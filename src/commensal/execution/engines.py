"""From what was asked for on the command line to a crew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from commensal.errors import UsageError
from commensal.execution.crew import Crew, Serial
from commensal.execution.memory import size


@contextmanager
def crew_of(workers: int = 1, cluster: str | None = None, memory: str | None = None) -> Iterator[Crew]:
    """Give a crew: this process, processes beside it, or a Dask cluster; it ends with the block.

    Parameters
    ----------
    workers
        Processes on this machine; 1 is this process itself, unless `memory` is given.
    cluster
        Address of a Dask scheduler (``tcp://host:8786``, ``tls://host:8786``), or its scheduler file (``….json``).
    memory
        What a worker may take, such as ``4GB``.

    Raises
    ------
    UsageError
        Workers and a cluster, less than one worker, or no size of memory.
    ExecutionError
        The cluster cannot be used.

    Examples
    --------
    >>> with crew_of(workers=1) as crew:
    ...     crew.map(pow, [1, 2], shared=3, names=["a", "b"])
    [3, 9]
    """
    if workers < 1:
        raise UsageError("there is no worker", where="--workers", found=workers, expected="1 or more")
    bytes_each = None if memory is None else size(memory)
    if cluster is not None:
        if workers != 1:
            raise UsageError(
                "processes here and a cluster cannot be had together",
                where="--workers, --cluster",
                found=f"{workers} and {cluster}",
                mend="leave out one of them: a cluster's workers are started with the cluster",
            )
        from commensal.execution.cluster import Cluster

        with Cluster(cluster, memory=bytes_each) as crew:
            yield crew
    elif workers == 1 and bytes_each is None:
        yield Serial()
    else:
        from commensal.execution.local import Local

        with Local(workers, bytes_each) as local:
            yield local
