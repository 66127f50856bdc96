"""Who does the work: a crew maps a function over tasks and gives the results back in the order of the tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

Shared = TypeVar("Shared")
Task = TypeVar("Task")
Made = TypeVar("Made")

#: Called before each task that starts: (done, of how many, its name).
Tell = Callable[[int, int, str], None]


class Crew(Protocol):
    """One process, several, or a cluster: the results are the same, bit for bit."""

    def map(
        self,
        function: Callable[[Shared, Task], Made],
        tasks: Sequence[Task],
        *,
        shared: Shared,
        names: Sequence[str],
        tell: Tell | None = None,
    ) -> list[Made]:
        """Return ``function(shared, task)`` of each task, in the order of the tasks.

        The function is one of a module, not a closure; ``shared`` is handed to each worker once, not once a task.
        """
        ...


class Serial:
    """A crew of this process alone.

    Examples
    --------
    >>> Serial().map(pow, [1, 2, 3], shared=2, names=["a", "b", "c"])
    [2, 4, 8]
    """

    def map(
        self,
        function: Callable[[Shared, Task], Made],
        tasks: Sequence[Task],
        *,
        shared: Shared,
        names: Sequence[str],
        tell: Tell | None = None,
    ) -> list[Made]:
        """Do one task after the other."""
        made = []
        for done, (task, name) in enumerate(zip(tasks, names, strict=True)):
            if tell is not None:
                tell(done, len(tasks), name)
            made.append(function(shared, task))
        return made
