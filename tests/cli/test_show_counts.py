"""What ``run`` prints of the linter's findings: one warning is no "1 warnings"."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from commensal.cli import show
from commensal.tables import Finding


def test_one_is_not_many(capsys: pytest.CaptureFixture[str]) -> None:
    def found(severity: str) -> Finding:
        return Finding(code="depth", severity=severity, where="here", message="so", mend="do")

    findings = (found("warning"), found("note"), found("note"))
    show.result(SimpleNamespace(headlines=(), findings=findings, report=Path("report.html"), failed=()))
    assert "design: 0 errors, 1 warning, 2 notes" in capsys.readouterr().out
