"""Odd studies through every estimator: an answer, a status or a refusal in words (`make bad-input` tries 10,000)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "bad_input.py"


@pytest.mark.parametrize("first", [0, 1_000_000])
def test_no_case_ends_in_a_traceback_a_warning_or_a_p_without_reason(first):
    command = [sys.executable, str(SCRIPT), "--cases", "3000", "--first", str(first)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "never answered: none" in done.stdout


def test_a_fault_is_found(monkeypatch):
    """The check can fail: a p that is missing while all is said to be well, an exception, a warning."""
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    import warnings

    import bad_input
    import numpy as np

    from commensal import stats

    fit = stats.linear(np.arange(8.0)[:, None] ** 2, np.column_stack([np.ones(8), np.arange(8) % 2]), [0, 1])
    assert bad_input.wrong(fit) is None
    fit.p[:] = np.nan
    assert "no p" in str(bad_input.wrong(fit))
    fit.p[:] = 2
    assert "outside" in str(bad_input.wrong(fit))
    assert bad_input.outcome(lambda: 1 / 0)[0] == "fault"
    assert bad_input.outcome(lambda: warnings.warn("odd", stacklevel=1))[0] == "fault"
