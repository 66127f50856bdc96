"""What the verbs do: `commensal.run`, `commensal.profile` and the others; the only room that knows all the others.

Imports are late, so that a verb loads only what it needs.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from commensal.pipeline import reference, simulate
    from commensal.pipeline.check import check
    from commensal.pipeline.claims import claims
    from commensal.pipeline.demo import demo
    from commensal.pipeline.demo_again import demo_unchanged
    from commensal.pipeline.doctor import Health, doctor
    from commensal.pipeline.explain import Explained, explain
    from commensal.pipeline.export import Exported, export
    from commensal.pipeline.init import init
    from commensal.pipeline.load import load
    from commensal.pipeline.plan import Planned, plan
    from commensal.pipeline.profile import profile
    from commensal.pipeline.reasons import reasons
    from commensal.pipeline.replay import Replay, replay
    from commensal.pipeline.results import Result, read_results
    from commensal.pipeline.run import Progress, run
    from commensal.pipeline.score import Score, score
    from commensal.pipeline.unchanged import unchanged
    from commensal.pipeline.verify import verify

__all__ = [
    "Explained", "Exported", "Health", "Planned", "Progress", "Replay", "Result", "Score", "check", "claims", "demo",
    "demo_unchanged", "doctor", "explain", "export", "init", "load", "plan", "profile", "read_results", "reasons",
    "reference", "replay", "run", "score", "simulate", "unchanged", "verify",
]  # fmt: skip

#: Functions and classes by the module that holds them; what is not here is a module.
_HOME = {
    "Explained": "explain",
    "Exported": "export",
    "Health": "doctor",
    "Planned": "plan",
    "Progress": "run",
    "Replay": "replay",
    "Result": "results",
    "Score": "score",
    "check": "check",
    "claims": "claims",
    "demo": "demo",
    "demo_unchanged": "demo_again",
    "doctor": "doctor",
    "explain": "explain",
    "export": "export",
    "init": "init",
    "load": "load",
    "plan": "plan",
    "profile": "profile",
    "read_results": "results",
    "reasons": "reasons",
    "replay": "replay",
    "run": "run",
    "score": "score",
    "unchanged": "unchanged",
    "verify": "verify",
}


class _Verbs(ModuleType):
    """A package in which a verb's name is its function, although the function's module has the same name."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):  # an import would bind the module to the name
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Verbs


def __getattr__(name: str) -> Any:
    if name in _HOME:
        found = getattr(import_module(f"commensal.pipeline.{_HOME[name]}"), name)
        globals()[name] = found
        return found
    if name in __all__:
        return import_module(f"commensal.pipeline.{name}")
    raise AttributeError(f"module 'commensal.pipeline' has no attribute {name!r}")
