"""``run.jsonl``: what a run did, one JSON object a line, written as it happens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

from commensal.errors import OutputError


class Journal:
    """A log of events, opened anew at each run.

    Values of single people never go in here: names of files, counts, settings and durations do.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Journal(Path(folder) / "run.jsonl") as journal:
    ...         journal.event("start", version="0.1.0")
    ...     line = (Path(folder) / "run.jsonl").read_text()
    >>> '"event": "start"' in line
    True
    """

    def __init__(self, path: Path) -> None:
        try:
            self._handle = path.open("w", encoding="utf-8")
        except OSError as error:
            raise OutputError(f"{path.name} cannot be written", where=str(path.parent), found=error.strerror) from error
        self._began = monotonic()

    def event(self, event: str, /, **details: object) -> None:
        """Write one event with the time, the seconds since the start, and its details."""
        line: Mapping[str, object] = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "seconds": round(self.seconds, 3),
            "event": event,
            **details,
        }
        self._handle.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
        self._handle.flush()

    @property
    def seconds(self) -> float:
        """Seconds since the journal was opened."""
        return monotonic() - self._began

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is not None:
            self.event("failed", error=type(error).__name__, message=str(error))
        self._handle.close()
