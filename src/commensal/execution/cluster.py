"""A crew of Dask's: workers of a cluster that runs already, on whatever machines."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic
from types import TracebackType
from typing import Any, Self

from commensal.errors import ExecutionError, UsageError, listing
from commensal.execution.crew import Done, Made, Shared, Task, Tell, one_thread
from commensal.execution.environment import numerics
from commensal.execution.memory import words

#: Seconds to wait for the scheduler, and then for the first worker.
PATIENCE = 30.0
#: How often tasks are sent anew when the cluster loses what they share.
TRIES = 3
#: Seconds that a hand-out of what tasks share may go on once a worker that was to have it is gone.
GRACE = 5.0
#: One task at a time in each process, also where its worker has several threads: libraries' settings are the process's.
_ALONE = threading.Lock()


@dataclass(frozen=True, slots=True)
class Tls:
    """Files, in PEM: the authority that both sides trust, and this side's certificate and key."""

    ca: Path
    cert: Path
    key: Path


class Cluster:
    """A crew of the workers of a Dask cluster.

    Dask does the scheduling: it sends a task anew when its worker dies, and gives up when three workers died of it
    (``distributed.scheduler.allowed-failures``). What the tasks share is sent to each worker once. Workers must have
    the same versions of Python, commensal and the libraries that compute; this is looked at before anything is sent.

    Parameters
    ----------
    cluster
        Address of the scheduler (``tcp://host:port``, ``tls://host:port``; ``host:port`` is tcp), or its scheduler file
        (``….json``).
    tls
        Certificates for ``tls://``; None takes those of Dask's own configuration (``distributed.comm.tls``, also as
        ``DASK_DISTRIBUTED__COMM__TLS__CA_FILE`` and so on in the environment).
    memory
        Bytes that a task may take: a cluster whose workers have less is refused.
    patience
        Seconds to wait for the scheduler and for a worker.

    Raises
    ------
    ExecutionError
        Dask is not installed; no scheduler or no worker answers; versions or memory do not fit.
    UsageError
        No such scheduler file, or ``tls://`` without certificates.

    Examples
    --------
    >>> with Cluster("tcp://127.0.0.1:8786") as crew:                                # doctest: +SKIP
    ...     crew.map(pow, [1, 2, 3], shared=2, names=["a", "b", "c"])
    [2, 4, 8]
    """

    def __init__(
        self, cluster: str, *, tls: Tls | None = None, memory: int | None = None, patience: float = PATIENCE
    ) -> None:
        self._where, self._memory = cluster, memory
        self._client = _client(cluster, tls, patience)
        try:
            self.workers = self._fit(patience)
        except BaseException:
            self.close()
            raise
        self.said: str | None = f"{self.workers} {'worker' if self.workers == 1 else 'workers'} of {cluster}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Leave the cluster; it goes on for others."""
        with suppress(Exception):  # a cluster that is gone is left already
            self._client.close(timeout=5)

    def _fit(self, patience: float) -> int:
        """Wait for a worker, and compare what all of them are; return how many there are."""
        try:
            self._client.wait_for_workers(1, timeout=patience)
        except TimeoutError as error:
            raise ExecutionError(
                "the cluster has no worker", where=self._where, found=f"none within {patience:.0f} s",
                expected="at least one", mend="start some: `dask worker ADDRESS --nworkers 4 --nthreads 1`",
            ) from error  # fmt: skip
        _same(self._where, self._client.run(_versions, on_error="return"))
        self._room()
        return len(self._facts())

    def _facts(self) -> Mapping[str, Mapping[str, Any]]:
        found: Mapping[str, Mapping[str, Any]] = self._client.scheduler_info(n_workers=-1)["workers"]
        return found

    def _room(self) -> None:
        if self._memory is None:
            return
        small = [
            f"{address} ({words(facts['memory_limit'])})"
            for address, facts in self._facts().items()
            if 0 < (facts.get("memory_limit") or 0) < self._memory
        ]
        if small:
            raise ExecutionError(
                "workers of the cluster have less memory than a task may take", where="--memory",
                found=listing(small, 3), expected=f"{words(self._memory)} each",
                mend="start them with --memory-limit, or ask for less",
            )  # fmt: skip

    def map(
        self,
        function: Callable[[Shared, Task], Made],
        tasks: Sequence[Task],
        *,
        shared: Shared,
        names: Sequence[str],
        tell: Tell | None = None,
        done: Done[Made] | None = None,
    ) -> list[Made]:
        """Do the tasks on the cluster; see `Crew`. The error of the first task, in their order, that has one is raised.

        Raises
        ------
        ExecutionError
            A task ended its workers, took more memory than there is, or the cluster went away.
        """
        if len(names) != len(tasks):
            raise ValueError(f"{len(names)} names for {len(tasks)} tasks")
        made: dict[int, Made] = {}
        if tell is not None and tasks:
            tell(0, len(tasks), names[0])
        for attempt in range(TRIES):
            left = [i for i in range(len(tasks)) if i not in made]
            if not left:
                break
            try:
                self._round(function, {i: tasks[i] for i in left}, shared, names, made, tell, done)
            except _Lost as lost:
                if attempt == TRIES - 1:
                    raise self._gone(lost) from lost
        return [made[i] for i in range(len(tasks))]

    def _round(
        self,
        function: Callable[[Any, Any], Any],
        left: Mapping[int, Any],
        shared: Any,
        names: Sequence[str],
        made: dict[int, Any],
        tell: Tell | None,
        done: Done[Any] | None,
    ) -> None:
        """Send what is left and take what comes; `_Lost` when the cluster lost it."""
        from distributed import as_completed
        from distributed.client import FutureCancelledError

        held: list[Any] = []
        failed: dict[int, BaseException] = {}
        try:
            held.append(self._handed_out(shared))
            run = uuid.uuid4().hex
            sent = {
                self._client.submit(
                    _do, function, held[0], task, key=f"commensal-{run}-{i}", pure=False, retries=0
                ): i
                for i, task in left.items()
            }  # fmt: skip
            held += sent
            for future in as_completed(list(sent), loop=self._client.loop):
                i = sent[future]
                if future.status == "error":
                    failed[i] = future.exception()
                elif future.status == "finished":
                    made[i] = future.result()
                    if done is not None:
                        done(i, made[i])
                    if tell is not None:
                        tell(len(made), len(names), names[i])
                else:
                    raise _Lost(f"{names[i]} was {future.status}")
                future.release()
                if failed and all(k in made for k in left if k < min(failed)):
                    break
        except (FutureCancelledError, OSError, TimeoutError) as error:
            raise _Lost(f"{type(error).__name__}: {error}") from error
        finally:
            with suppress(Exception):
                self._client.cancel(held, force=True)
        if failed:
            self._raise(names[min(failed)], failed[min(failed)])

    def _handed_out(self, shared: Any) -> Any:
        """Send what the tasks share to one worker; the others fetch it from whoever has it, once each.

        Sent to all at once (``broadcast``), it holds a lock of the scheduler, for ever when a worker dies meanwhile: no
        run could use the cluster again. Whoever dies while it is sent to one is waited for or a KeyError, too: then it
        is sent anew.
        """
        made: SimpleQueue[Any] = SimpleQueue()

        def scatter() -> None:
            try:
                made.put(self._client.scatter(shared, hash=False))
            except BaseException as error:
                made.put(error)

        before = set(self._facts())
        threading.Thread(target=scatter, daemon=True).start()
        gone: float | None = None
        while True:
            try:
                held = made.get(timeout=0.2)
            except Empty:
                if before <= set(self._facts()):
                    continue
                gone = monotonic() if gone is None else gone
                if monotonic() - gone > GRACE:
                    raise _Lost("a worker went away while it was sent what the tasks share") from None
                continue
            if isinstance(held, KeyError | OSError | TimeoutError):
                raise _Lost(f"{type(held).__name__}: {held}") from held
            if isinstance(held, BaseException):
                raise held
            return held

    def _raise(self, name: str, error: BaseException) -> None:
        from distributed.scheduler import KilledWorker

        if isinstance(error, KilledWorker):
            raise ExecutionError(
                "a step ended its workers, again and again", where=name, found=str(error).splitlines()[0],
                mend="give the workers more memory (--memory-limit, or the memory of each job); their logs say more",
            ) from error  # fmt: skip
        if isinstance(error, MemoryError):
            raise ExecutionError(
                "a step needs more memory than its worker has", where=name, mend="start the workers with more memory"
            ) from error
        raise error

    def _gone(self, lost: Exception) -> ExecutionError:
        return ExecutionError(
            "the cluster lost the steps of the run",
            where=self._where,
            found=str(lost),
            mend="look at the scheduler's log; run again: finished steps that were kept are taken up",
        )


class _Lost(Exception):  # noqa: N818  no error of the data's or the user's: a reason to send the tasks anew
    pass


def _do(function: Callable[[Any, Any], Any], shared: Any, task: Any) -> Any:
    with _ALONE, one_thread():
        return function(shared, task)


def _versions() -> dict[str, str]:
    return numerics()


def _client(cluster: str, tls: Tls | None, patience: float) -> Any:
    """Connect to the scheduler.

    Raises
    ------
    ExecutionError, UsageError
        As `Cluster`.
    """
    try:
        from distributed import Client, Security
    except ImportError as error:
        raise ExecutionError(
            "Dask is not installed", where="--cluster", mend="pip install 'commensal[cluster]', here and on the workers"
        ) from error
    file = cluster.endswith(".json") or Path(cluster).is_file()
    if file and not Path(cluster).is_file():
        raise UsageError(
            "no such scheduler file", where="--cluster", found=cluster,
            expected="the file that `dask scheduler --scheduler-file` writes", mend="is the scheduler running?",
        )  # fmt: skip
    address = cluster if "://" in cluster or file else f"tcp://{cluster}"
    security = Security(
        tls_ca_file=str(tls.ca), tls_client_cert=str(tls.cert), tls_client_key=str(tls.key), require_encryption=True
    ) if tls else Security()  # fmt: skip
    if address.startswith("tls://") and not security.get_tls_config_for_role("client").get("cert"):
        raise UsageError(
            "no certificates for an encrypted cluster", where="--cluster", found=cluster,
            expected="distributed.comm.tls.ca-file, client.cert and client.key in Dask's configuration",
            mend="set DASK_DISTRIBUTED__COMM__TLS__CA_FILE, …__TLS__CLIENT__CERT and …__TLS__CLIENT__KEY",
        )  # fmt: skip
    where: dict[str, Any] = {"scheduler_file": cluster} if file else {"address": address}
    try:
        return Client(**where, security=security, timeout=patience, set_as_default=False, name="commensal")
    except (OSError, ValueError, TypeError, KeyError) as error:  # TimeoutError is an OSError
        raise ExecutionError(
            "the scheduler does not answer", where="--cluster", found=f"{cluster}: {error}" if str(error) else cluster,
            expected=f"a Dask scheduler within {patience:.0f} s",
            mend="is it running, is the address right, does it want TLS (tls://)?",
        ) from error  # fmt: skip


def _same(where: str, workers: Mapping[str, Any]) -> None:
    """Compare versions here and on the workers: other versions may give other numbers.

    Raises
    ------
    ExecutionError
        They differ, or a worker has no commensal.
    """
    own = numerics()
    odd = []
    for address, theirs in workers.items():
        if not isinstance(theirs, dict):
            odd.append(f"{address}: {type(theirs).__name__}: {theirs}")
            continue
        differ = [f"{name} {theirs.get(name, 'missing')}" for name in own if theirs.get(name) != own[name]]
        odd += [f"{address}: {', '.join(differ)}"] if differ else []
    if odd:
        raise ExecutionError(
            "workers of the cluster are not what is here", where=where, found=listing(odd, 3),
            expected=", ".join(f"{name} {version}" for name, version in own.items()),
            mend="install the same lock file on the workers, and start them anew",
        )  # fmt: skip
