"""A run that the system asks to end says so and has the status of that, wherever the signal finds it."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

#: What libraries do when they are imported: code from a string, in the midst of which the signal comes.
SCRIPT = """
import os, signal, sys, time
import commensal.cli.app as verbs
from commensal.cli import main
def work():
    try:
        exec("os.kill(os.getpid(), signal.{name}); time.sleep(20)", globals())
    finally:
        print("tidied up")
verbs.app = work
main()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="signals of POSIX systems")
@pytest.mark.parametrize(
    ("name", "verb", "said"),
    [
        ("SIGTERM", "run", "to go on, what is done is kept"),
        ("SIGHUP", "run", "to go on, what is done is kept"),
        ("SIGTERM", "plan", "again, it begins anew"),
    ],
)
def test_a_signal_ends_in_one_sentence_and_its_status(tmp_path, name, verb, said):
    (tmp_path / "worker.py").write_text(SCRIPT.format(name=name))
    done = subprocess.run(
        [sys.executable, "-m", "worker", verb, "study.toml"],
        check=False,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "tidied up\n"
    assert done.stderr == f"commensal: stopped by {name}: run the same command {said}\n"
    assert done.returncode == 128 + getattr(signal, name)
