"""A verb loads what it needs, and its name is its function whatever was imported before."""

from __future__ import annotations

import subprocess
import sys


def test_verbs_stay_functions_after_their_modules_are_imported():
    code = (
        "import commensal.pipeline.run, commensal.pipeline.load, commensal.pipeline.profile;"
        "from commensal import pipeline;"
        "print(all(callable(getattr(pipeline, name)) for name in ('run', 'load', 'profile', 'check', 'demo', 'init')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


def test_profile_loads_no_statistics():
    code = (
        "import sys; from commensal import pipeline; pipeline.profile; import commensal.reads.profile;"
        "print([m for m in ('scipy', 'commensal.stats', 'commensal.questions', 'commensal.page') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
