"""The command line: one thin file per verb. A command parses, calls, prints; nothing is computed here."""

from __future__ import annotations

import errno
import os
import signal
import sys
from types import FrameType

from commensal.errors import CommensalError, printable

#: Exit status for a fault of ours, and for a run that was stopped by hand (128 + SIGINT).
FAULT, STOPPED = 70, 130
#: What the system answers when there is no room or no leave to write.
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES)
#: Verbs that keep what is done, and go on with it.
KEEPING = ("run", "replay", "demo", "reference")
_asked_to_end: list[int] = []


def _end(number: int, _frame: FrameType | None) -> None:
    """Stop so that what is half written is taken away, and remember which signal it was.

    Not by KeyboardInterrupt: Python ends itself by SIGINT after one that came while it ran code from a string, as
    libraries do when they are imported, whatever became of it.
    """
    _asked_to_end.append(number)
    raise SystemExit(128 + number)


def _go_on() -> str:
    """Say what running the same command again does: some verbs keep what is done, the others begin anew."""
    verb = next((word for word in sys.argv[1:] if not word.startswith("-")), "")
    kept = "what is done is kept" if verb in KEEPING else "it begins anew"
    return f"run the same command {'to go on' if verb in KEEPING else 'again'}, {kept}"


def _stopped() -> int:
    """Say that a run was stopped, and return the status: 128 + the signal's number."""
    number = _asked_to_end[-1] if _asked_to_end else signal.SIGINT
    word = "by Ctrl-C" if number == signal.SIGINT else f"by {signal.Signals(number).name}"
    print(f"commensal: stopped {word}: {_go_on()}", file=sys.stderr)
    return 128 + number


def main() -> None:
    """Run the command line and exit: 0 done, 1 errors in the input, 2 usage, 70 our fault, 128 + signal stopped."""
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) is signal.SIG_DFL:
            signal.signal(getattr(signal, name), _end)
    from commensal.cli.app import app

    try:
        app()
    except CommensalError as error:
        print(f"commensal: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our output has gone (`… | head`): nothing more to say, and no traceback at shutdown.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(_stopped())
    except SystemExit as leave:
        if leave.code == STOPPED or _asked_to_end:  # the command line's library turns Ctrl-C into this, without a word
            sys.exit(_stopped())
        raise
    except MemoryError:
        print(
            "commensal: there is not enough memory for this input\n"
            "  mend: run it on a larger machine, or check whether a file is damaged",
            file=sys.stderr,
        )
        sys.exit(1)
    except OSError as error:
        if error.errno not in _NO_ROOM or os.environ.get("COMMENSAL_DEBUG"):
            raise
        print(
            f"commensal: {error.filename or 'a file'} cannot be written\n  found: {error.strerror}\n"
            f"  mend: make room, then {_go_on()}",
            file=sys.stderr,
        )
        sys.exit(1)
    except Exception as error:  # the last door: a user sees a sentence, a developer the traceback
        if os.environ.get("COMMENSAL_DEBUG"):
            raise
        print(
            f"commensal: a fault of ours, not of your data: {type(error).__name__}: {printable(str(error))}\n"
            "  mend: run again with COMMENSAL_DEBUG=1 and report what it prints",
            file=sys.stderr,
        )
        sys.exit(FAULT)
