"""A worker process of a local crew, as `Local` starts it: ``python -m commensal.execution.worker [BYTES]``.

It reads messages from its standard input and answers on its standard output. When the crew's process is gone, however
that ended, the input ends, and the worker ends itself at once, also in the midst of a task: nothing is left running.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from queue import SimpleQueue
from typing import Any

from commensal.execution.crew import one_thread
from commensal.execution.frames import packed, receive, send, unpacked


def main(memory: int | None) -> None:
    """Do tasks until the crew is gone."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not fall among the answers
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the crew's to deal with
    if memory is not None:
        limit(memory)
    asked: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(asked,), daemon=True).start()
    shared: Any = None
    while True:
        what, *rest = unpacked(asked.get())
        if what == "path":
            sys.path[:] = rest[0]
            continue
        if what == "shared":
            shared = rest[0]
            continue
        send(answers, _answer(shared, rest[0]))


def limit(memory: int) -> None:
    """Let this process, and what it starts, hold so many bytes at most: past them an allocation fails, by name.

    Where the system knows no such limit (it does on Linux) nothing is limited.
    """
    try:
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        soft = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
    except (ImportError, OSError, ValueError):
        return


def _listen(asked: SimpleQueue[bytes]) -> None:
    pipe = os.fdopen(0, "rb", closefd=False)
    while (message := receive(pipe)) is not None:
        asked.put(message)
    os._exit(0)


def _answer(shared: Any, task: bytes) -> bytes:
    """Do one task and pack what came of it; an error travels as it is where it can, else by its name and words."""
    try:
        function, one = unpacked(task)
        with one_thread():
            return packed(("made", function(shared, one)))
    except Exception as error:
        error.add_note("in a worker process:\n" + "".join(traceback.format_exception(error)))
        try:
            data = packed(("failed", error))
            unpacked(data)
        except Exception:
            said = RuntimeError(f"{type(error).__name__}: {error}")
            said.add_note("\n".join(getattr(error, "__notes__", [])))
            return packed(("failed", said))
        return data


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else None)
