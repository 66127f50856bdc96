"""Who does the work: a crew maps a function over tasks and gives the results back in the order of the tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, TypeVar

Shared = TypeVar("Shared")
Task = TypeVar("Task")
Made = TypeVar("Made")

#: Called before each task that starts: (done, of how many, its name).
Tell = Callable[[int, int, str], None]
#: Called in the process that asked, for each result as it comes: (place of the task, what was made of it).
Done = Callable[[int, Made], None]


class Crew(Protocol):
    """One process, several, or a cluster: the results are the same, bit for bit."""

    #: Processes that do the work, and a sentence where they are other than asked for.
    workers: int
    said: str | None

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
        """Return ``function(shared, task)`` of each task, in the order of the tasks.

        The function is one of a module, not a closure; ``shared`` is handed to each worker once, not once a task.
        ``done`` is called in the process that asked, as results come, in any order: what it keeps stays when a later
        task ends the map.
        """
        ...


class Serial:
    """A crew of this process alone.

    Examples
    --------
    >>> Serial().map(pow, [1, 2, 3], shared=2, names=["a", "b", "c"])
    [2, 4, 8]
    """

    workers = 1
    said: str | None = None

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
        """Do one task after the other."""
        made = []
        for i, (task, name) in enumerate(zip(tasks, names, strict=True)):
            if tell is not None:
                tell(i, len(tasks), name)
            with one_thread():
                one = function(shared, task)
            if done is not None:
                done(i, one)
            made.append(one)
        return made


@contextmanager
def one_thread() -> Iterator[None]:
    """Let linear algebra run in one thread: how it parts its sums, and so the last bits, depends on how many there are.

    Examples
    --------
    >>> with one_thread():
    ...     pass
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield
