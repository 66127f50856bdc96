"""From reads to who is there and what they can do: references, and samples profiled against them.

Imports are late: the libraries of the extra ``reads`` are asked for where they are needed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from commensal.reads.profile import Profile, profile_sample
    from commensal.reads.reference_build import add_to_reference, build_reference
    from commensal.reads.reference_folder import Reference, check_reference, open_reference

_HOME = {
    "Profile": "profile",
    "Reference": "reference_folder",
    "add_to_reference": "reference_build",
    "build_reference": "reference_build",
    "check_reference": "reference_folder",
    "open_reference": "reference_folder",
    "profile_sample": "profile",
}

__all__ = [
    "Profile",
    "Reference",
    "add_to_reference",
    "build_reference",
    "check_reference",
    "open_reference",
    "profile_sample",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"commensal.reads.{_HOME[name]}"), name)
    raise AttributeError(f"module 'commensal.reads' has no attribute {name!r}")
