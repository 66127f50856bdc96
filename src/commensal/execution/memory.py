"""Memory: how much a worker may take, how much there is, how many workers fit."""

from __future__ import annotations

import os
import re
from pathlib import Path

from commensal.errors import UsageError

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}
#: A worker with its libraries takes about 0.3 GB before it does anything.
LEAST = 500 * 10**6


def size(text: str) -> int:
    """Return the bytes that a text such as ``4GB`` or ``512 MiB`` names.

    Raises
    ------
    UsageError
        It names no size, or one in which no worker can live.

    Examples
    --------
    >>> size("4GB"), size("1.5 GiB")
    (4000000000, 1610612736)
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?i?)b?\s*", text.lower())
    if found is None or found[2] not in _UNITS:
        raise UsageError("no size of memory", where="--memory", found=repr(text), expected="such as 4GB or 512MiB")
    n = int(float(found[1]) * _UNITS[found[2]])
    if n < LEAST:
        raise UsageError(
            "too little memory for a worker", where="--memory", found=text, expected=f"at least {words(LEAST)}"
        )
    return n


def words(n: int) -> str:
    """Write bytes as people read them.

    Examples
    --------
    >>> words(4_000_000_000)
    '4.0 GB'
    """
    return f"{n / 1e9:.1f} GB" if n >= 1e9 else f"{n / 1e6:.0f} MB"


def available() -> int | None:
    """Return the bytes that this machine, or the container that we are in, has free; None where that is not known."""
    free = _free()
    try:
        most = int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii"))
        used = int(Path("/sys/fs/cgroup/memory.current").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return free
    return max(most - used, 0) if free is None else min(free, max(most - used, 0))


def _free() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def fitting(workers: int, memory: int | None, free: int | None) -> tuple[int, str | None]:
    """Return how many workers of so much memory fit into what is free, and a sentence where they are fewer than asked.

    Examples
    --------
    >>> fitting(8, 4 * 10**9, 10 * 10**9)
    (2, '2 workers instead of 8: each may take 4.0 GB, and 10.0 GB are free')
    >>> fitting(2, None, 10**9)
    (2, None)
    """
    if memory is None or free is None or workers * memory <= free:
        return workers, None
    fit = max(free // memory, 1)
    if fit >= workers:
        return workers, f"a worker may take {words(memory)}, and {words(free)} are free"
    return fit, (
        f"{fit} {'worker' if fit == 1 else 'workers'} instead of {workers}: each may take {words(memory)}, "
        f"and {words(free)} are free"
    )
