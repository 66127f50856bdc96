"""``run.jsonl``: what a run did, one JSON object a line, written as it happens."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

from commensal.errors import OutputError
from commensal.execution.files import unwritable

#: So many journals of earlier runs are kept.
JOURNALS = 20


def put_by(path: Path, folder: Path) -> None:
    """Move the journal of an earlier run to a folder of its own, under the time of its end; the oldest leave."""
    if not path.is_file():
        return
    folder.mkdir(parents=True, exist_ok=True)
    ended = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    path.replace(folder / f"run-{ended:%Y%m%dT%H%M%S.%fZ}.jsonl")
    for old in sorted(folder.glob("run-*.jsonl"))[:-JOURNALS]:
        old.unlink()


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
        self._path = path
        self._began = monotonic()

    def event(self, event: str, /, **details: object) -> None:
        """Write one event with the time, the seconds since the start, and its details."""
        line: Mapping[str, object] = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "seconds": round(self.seconds, 3),
            "event": event,
            **details,
        }
        try:
            self._handle.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
            self._handle.flush()
        except OSError as error:
            with contextlib.suppress(OSError):
                self._handle.close()  # what could not be written is not tried again
            raise unwritable(self._path, error) from error

    def events(self, event: str, told: Iterable[Mapping[str, object]], /) -> None:
        """Write one event of the same name for each of several details."""
        for details in told:
            self.event(event, **details)

    @property
    def seconds(self) -> float:
        """Seconds since the journal was opened."""
        return monotonic() - self._began

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is not None and not self._handle.closed:
            with contextlib.suppress(OutputError):  # the disk is full, say: the first error is the one to tell
                self.event("failed", error=type(error).__name__)  # its message may name people: the verb prints it
        with contextlib.suppress(OSError):
            self._handle.close()
