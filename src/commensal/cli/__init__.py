"""The command line: one thin file per verb. A command parses, calls, prints; nothing is computed here."""

from __future__ import annotations

import os
import sys

from commensal.errors import CommensalError, printable

#: Exit status for a fault of ours, and for a run that was stopped by hand (128 + SIGINT).
FAULT, STOPPED = 70, 130


def main() -> None:
    """Run the command line and exit: 0 done, 1 errors in the input, 2 usage, 70 a fault of ours, 130 stopped."""
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
        print("commensal: stopped", file=sys.stderr)
        sys.exit(STOPPED)
    except SystemExit as leave:
        if leave.code == STOPPED:  # the command line's library turns Ctrl-C into this, without a word
            print("commensal: stopped", file=sys.stderr)
        raise
    except MemoryError:
        print(
            "commensal: there is not enough memory for this input\n"
            "  mend: run it on a larger machine, or check whether a file is damaged",
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
