"""What was planted in the simulated model study: every link, under the names of the lines of claims, and the decoys."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from commensal.simulation.als_files import AlsDrawn


def als_truth(drawn: AlsDrawn) -> dict[str, Any]:
    plan = drawn.plan
    return {"kind": "als", "effects": asdict(plan.effects)}
