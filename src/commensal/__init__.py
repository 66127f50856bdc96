"""From gut microbes to mechanism: a whole microbiome-disease study, answered with honest error control.

Each verb of the command line is a function here with the same name and defaults. Imports are late, so that
``import commensal`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "check": "commensal.pipeline",
    "claims": "commensal.pipeline",
    "demo": "commensal.pipeline",
    "doctor": "commensal.pipeline",
    "explain": "commensal.pipeline",
    "export": "commensal.pipeline",
    "init": "commensal.pipeline",
    "load": "commensal.pipeline",
    "plan": "commensal.pipeline",
    "profile": "commensal.pipeline",
    "reasons": "commensal.pipeline",
    "read_results": "commensal.pipeline",
    "read_study": "commensal.pipeline",
    "reference": "commensal.pipeline",
    "replay": "commensal.pipeline",
    "run": "commensal.pipeline",
    "score": "commensal.pipeline",
    "verify": "commensal.pipeline",
    "CommensalError": "commensal.errors",
}

#: Second names of one function.
_ALSO = {"read_study": "load"}

#: Rooms that ``import commensal`` reaches by their names, when they are asked for.
_ROOMS = ("plot", "stats")

__all__ = [
    "CommensalError", "__version__", "check", "claims", "demo", "doctor", "explain", "export", "init", "load",
    "plan", "plot", "profile", "read_results", "read_study", "reasons", "reference", "replay", "run", "score", "verify",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"commensal.{name}")
    if name in _HOME:
        return getattr(import_module(_HOME[name]), _ALSO.get(name, name))
    raise AttributeError(f"module 'commensal' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
