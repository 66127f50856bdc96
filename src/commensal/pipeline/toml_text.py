"""A study file written from its sections."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")
#: Sections whose keys are names: each of them is a section of its own.
NAMED = ("tables", "variables", "events", "assays", "load", "measures", "contrasts", "questions")


def toml_text(document: Mapping[str, Any]) -> str:
    """Write sections of plain values as TOML that `commensal.study.parse_study` reads back the same.

    Examples
    --------
    >>> print(toml_text({"study": {"name": "a"}, "contrasts": {"x y": {"case": ["b", "c"], "where": {"n": 1.5}}}}))
    [study]
    name = "a"
    <BLANKLINE>
    [contrasts."x y"]
    case = ["b", "c"]
    where = { n = 1.5 }
    <BLANKLINE>
    """
    parts = []
    for name, section in document.items():
        own = {f"{name}.{_key(one)}": body for one, body in section.items()} if name in NAMED else {name: section}
        for heading, body in own.items():
            parts.append("".join([f"[{heading}]\n", *(f"{_key(key)} = {_value(one)}\n" for key, one in body.items())]))
    return "\n".join(parts)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_key(str(key))} = {_value(one)}" for key, one in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return _text(str(value))


__all__ = ["toml_text"]
