"""One sample in a process of its own, as a study starts it: ``python -m commensal.reads.one_sample JOB``.

It is `profile_sample` behind the least that can be imported: the command line's verbs would cost each sample a second.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time

from commensal.errors import CommensalError


def main(job: str) -> int:
    """Profile the sample of a job (JSON: reads, reference, out, sample, mode); return the exit status."""
    from commensal.reads.profile import profile_sample

    threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()
    asked = json.loads(job)
    first, *second = asked["reads"]
    try:
        profile_sample(
            first,
            second[0] if second else None,
            asked["reference"],
            asked["out"],
            sample=asked["sample"],
            mode=asked["mode"],
        )
    except CommensalError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _watch(parent: int) -> None:
    """End this process when the one that waits for it is gone: nobody would take its profile."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
