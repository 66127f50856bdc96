"""A crew of processes on this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self

from commensal.errors import ExecutionError, UsageError
from commensal.execution.crew import Done, Made, Shared, Task, Tell
from commensal.execution.frames import packed, receive, send, unpacked
from commensal.execution.memory import available, fitting, words

#: A task whose worker dies is done anew; one that ends its worker so often is not tried again.
TRIES = 3
#: Linear algebra in one thread: its last bits depend on how many there are, and the workers share the processors.
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "RAYON_NUM_THREADS"), "1"
)


class _Worker:
    """One process, and what it was told already."""

    def __init__(self, memory: int | None) -> None:
        self._memory = memory
        self._process: subprocess.Popen[bytes] | None = None
        self._knows = 0
        self._lock = threading.Lock()
        self._closed = False

    def do(self, task: bytes, shared: bytes, version: int) -> tuple[str, Any] | None:
        """Do a task; None when the process died of it."""
        with self._lock:
            if self._closed:
                return None
            if self._process is None:
                self._start()
            process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            if self._knows != version:
                send(process.stdin, shared)
                self._knows = version
            send(process.stdin, task)
            answer = receive(process.stdout)
        except (OSError, ValueError):  # its pipe is broken, or was closed by the crew
            answer = None
        return None if answer is None else unpacked(answer)

    def _start(self) -> None:
        words_of = [sys.executable, "-m", "commensal.execution.worker"]
        words_of += [] if self._memory is None else [str(self._memory)]
        self._process = subprocess.Popen(  # noqa: S603  our own interpreter with our own module, no shell
            words_of, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **ONE_THREAD}
        )
        self._knows = 0
        assert self._process.stdin is not None
        send(self._process.stdin, packed(("path", [os.path.abspath(one) for one in sys.path])))  # noqa: PTH100

    def end(self, *, closed: bool = False) -> int | None:
        """End the process whatever it does; return what it ended with."""
        with self._lock:
            self._closed = closed
            process, self._process = self._process, None
        if process is None:
            return None
        process.kill() if process.poll() is None else None
        code = process.wait()
        for pipe in (process.stdin, process.stdout):
            try:
                if pipe is not None:
                    pipe.close()
            except OSError:
                continue
        return code

    def died_of(self) -> int | None:
        """Wait for a process whose pipe ended; return its status."""
        with self._lock:
            process = self._process
        if process is None:
            return None
        try:
            code: int | None = process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            code = None
        self.end()
        return code


class Local:
    """A crew of processes on this machine: one task each at a time, started when needed, kept for the next map.

    A worker that dies (the system ends processes that take too much memory) is started anew and its task done again.
    Workers end when the crew is closed, and by themselves when its process is gone, however that ended.

    Parameters
    ----------
    workers
        Processes.
    memory
        Bytes that each may take; an allocation past them fails and the step is named. Fewer processes are started where
        they would not fit into the memory that is free; `said` tells it. None: no limit.

    Raises
    ------
    UsageError
        Less than one worker.

    Examples
    --------
    >>> with Local(workers=2) as crew:
    ...     crew.map(pow, [1, 2, 3], shared=2, names=["a", "b", "c"])
    [2, 4, 8]
    """

    def __init__(self, workers: int, memory: int | None = None) -> None:
        if workers < 1:
            raise UsageError("there is no worker", where="--workers", found=workers, expected="1 or more")
        self.workers, self.said = fitting(workers, memory, available() if memory is not None else None)
        self._memory = memory
        self._team = [_Worker(memory) for _ in range(self.workers)]
        self._version = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End all workers."""
        for worker in self._team:
            worker.end(closed=True)

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
        """Do the tasks side by side; see `Crew`. The error of the first task, in their order, that has one is raised.

        Raises
        ------
        ExecutionError
            A task ended its worker three times, or took more memory than it may.
        """
        if len(names) != len(tasks):
            raise ValueError(f"{len(names)} names for {len(tasks)} tasks")
        if not tasks:
            return []
        self._version += 1
        job = _Job(function, tasks, names, packed(("shared", shared)), self._version, self._memory)
        threads = [
            threading.Thread(target=job.serve, args=(worker,), daemon=True) for worker in self._team[: len(tasks)]
        ]
        for thread in threads:
            thread.start()
        whole = False
        try:
            made = job.collect(tell, done)
            whole = True
        finally:
            job.stop()
            if not whole:
                for worker in self._team:
                    worker.end(closed=True)
            for thread in threads:
                thread.join()
            if not whole:  # what they were at is of no use: the next map starts them anew
                self._team = [_Worker(self._memory) for _ in self._team]
        return made


class _Job:
    """One map: tasks are given out in their order; what happens is told to the thread that asked."""

    def __init__(
        self,
        function: Callable[[Any, Any], Any],
        tasks: Sequence[Any],
        names: Sequence[str],
        shared: bytes,
        version: int,
        memory: int | None,
    ) -> None:
        self._function, self._tasks, self._names = function, tasks, names
        self._shared, self._version, self._memory = shared, version, memory
        self._next = iter(range(len(tasks)))
        self._lock = threading.Lock()
        self._stopped = False
        self._told: SimpleQueue[tuple[str, int, Any]] = SimpleQueue()

    def stop(self) -> None:
        """Give out no more tasks."""
        self._stopped = True

    def serve(self, worker: _Worker) -> None:
        """Have one worker do tasks until none is left."""
        while True:
            with self._lock:
                i = None if self._stopped else next(self._next, None)
            if i is None:
                return
            try:
                what, value = self._one(worker, i)
            except BaseException as error:  # also of packing: whoever waits must hear of it
                what, value = "failed", error
            self._told.put((what, i, value))

    def _one(self, worker: _Worker, i: int) -> tuple[str, Any]:
        task = packed(("task", packed((self._function, self._tasks[i]))))
        code: int | None = None
        for attempt in range(TRIES):
            self._told.put(("starts", i, attempt))
            answer = worker.do(task, self._shared, self._version)
            if answer is not None:
                what, value = answer
                return what, _no_memory(self._names[i], self._memory) if isinstance(value, MemoryError) else value
            if self._stopped:
                return "stopped", None
            code = worker.died_of()
        return "failed", _killed(self._names[i], code, self._memory)

    def collect(self, tell: Tell | None, done: Done[Any] | None) -> list[Any]:
        """Wait for all results; raise the error of the first task in order, once those before it are done."""
        made: dict[int, Any] = {}
        failed: dict[int, Exception] = {}
        while len(made) < (min(failed) if failed else len(self._tasks)):
            what, i, value = self._told.get()
            if what == "starts" and tell is not None:
                tell(len(made), len(self._tasks), self._names[i] + (" (again: its worker died)" if value else ""))
            elif what == "failed":
                self.stop()
                failed[i] = value
                made = {k: one for k, one in made.items() if k < min(failed)}
            elif what == "made" and (not failed or i < min(failed)):
                made[i] = value
            if what == "made" and done is not None:
                done(i, value)
        if failed:
            raise failed[min(failed)]
        return [made[i] for i in range(len(self._tasks))]


def _no_memory(name: str, memory: int | None) -> ExecutionError:
    return ExecutionError(
        "a step needs more memory than it may take",
        where=name,
        found=f"more than {words(memory)}" if memory else "more than there is",
        mend="give its worker more with --memory (and fewer --workers), or run it on a larger machine",
    )


def _killed(name: str, code: int | None, memory: int | None) -> ExecutionError:
    how = "ended" if code is None else f"ended by signal {-code}" if code < 0 else f"ended with status {code}"
    limit = f", with at most {words(memory)} each" if memory else ""
    return ExecutionError(
        f"a step ended its worker {TRIES} times",
        where=name,
        found=f"its process was {how}{limit}" + (" (the system ends those that take too much memory)" if code else ""),
        mend="use fewer --workers, so that each has more memory, or a larger machine; its messages are above",
    )
