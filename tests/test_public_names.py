"""What users may import is what ``__all__`` says; a change here needs a line in the changelog."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

PINNED = {
    "commensal": [
        "CommensalError",
        "__version__",
        "check",
        "claims",
        "demo",
        "doctor",
        "explain",
        "export",
        "init",
        "load",
        "plan",
        "plot",
        "profile",
        "read_results",
        "read_study",
        "reasons",
        "reference",
        "replay",
        "run",
        "score",
        "verify",
    ],
}


@pytest.mark.parametrize(
    "room", ["commensal", "commensal.tables", "commensal.study", "commensal.stats", "commensal.io"]
)
def test_all_is_importable(room):
    module = import_module(room)
    assert all(hasattr(module, name) for name in module.__all__)


@pytest.mark.parametrize("room", PINNED)
def test_public_names_are_pinned(room):
    assert sorted(import_module(room).__all__) == PINNED[room]


def test_a_name_that_does_not_exist_is_an_attribute_error():
    import commensal

    with pytest.raises(AttributeError, match="nothing_here"):
        _ = commensal.nothing_here


def test_importing_commensal_imports_no_heavy_library():
    code = (
        "import commensal, commensal.cli.app, sys; print([m for m in ('numpy', 'pandas', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
