"""How fast work goes and how long it will take yet, in words."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

#: Totals above this are bytes, not steps or samples.
BYTES = 100_000


class Pace:
    """The pace of work that comes in phases, each with its own total: of a phase it is what was done over the time.

    Examples
    --------
    >>> now = iter([0.0, 10.0, 20.0])
    >>> pace = Pace(lambda: next(now))
    >>> pace.told(0, 8), pace.told(2, 8), pace.told(4, 8)
    ('0 of 8', '2 of 8, 5.0 s each, about 30 s left', '4 of 8, 5.0 s each, about 20 s left')
    """

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self._clock = clock or monotonic
        self._total = -1
        self._first = self._done = 0
        self._began = 0.0

    def told(self, done: int, total: int) -> str:
        """Return the pace in words, now that so much is done."""
        now = self._clock()
        if total != self._total or done < self._done:
            self._total, self._first, self._began = total, done, now
        self._done = done
        large = total > BYTES
        where = f"{done / 1e6:,.0f} of {total / 1e6:,.0f} MB" if large else f"{done} of {total}"
        moved, seconds = done - self._first, now - self._began
        if moved <= 0 or seconds <= 0 or done >= total:
            return where
        left = seconds / moved * (total - done)
        rate = f"{moved / seconds / 1e6:,.1f} MB/s" if large else _rate(moved / seconds)
        return f"{where}, {rate}, about {spoken(left)} left"


def _rate(per_second: float) -> str:
    return f"{per_second:.1f} per s" if per_second > 1 else f"{1 / per_second:.1f} s each"


def spoken(seconds: float) -> str:
    """Write a duration as people say it, in two units at most.

    Examples
    --------
    >>> spoken(42.4), spoken(150), spoken(7300), spoken(200_000)
    ('42 s', '2 min 30 s', '2 h 1 min', '2 d 7 h')
    """
    whole = round(seconds)
    for big, small, size, unit in (("d", "h", 86400, 3600), ("h", "min", 3600, 60), ("min", "s", 60, 1)):
        if whole >= size:
            return f"{whole // size} {big} {whole % size // unit} {small}"
    return f"{whole} s"
