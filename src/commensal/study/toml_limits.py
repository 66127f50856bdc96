"""What a study file may hold before anything is asked of its meaning: size, depth, numbers, characters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from commensal.errors import StudyFileError, printable
from commensal.limits import exceeded, limit


def require_size(path: Path, size: int) -> None:
    """Refuse a study file larger than TOML."""
    if size > limit("TOML"):
        raise exceeded("TOML", path.name, f"{size:,} bytes", StudyFileError)


def too_deep(file: str) -> StudyFileError:
    """Build the error of brackets in brackets without end."""
    found = exceeded("TOML_DEPTH", file, "brackets within brackets, or a key of very many parts", StudyFileError)
    return StudyFileError(found.what, where=file, found=found.found, expected=found.expected, mend=found.mend)


def require_sound(document: dict[str, Any], file: str) -> None:
    """Walk through everything that was read, without recursion.

    Raises
    ------
    StudyFileError
        Deeper than TOML_DEPTH, a number of more than TOML_DIGITS digits, or a control character in a key or text.
    """
    deepest, bits = limit("TOML_DEPTH"), int(limit("TOML_DIGITS") * 3.33)
    waiting: list[tuple[object, str, int]] = [(document, "", 0)]
    while waiting:
        value, key, depth = waiting.pop()
        where = f"{file}, {printable(key, 80)}" if key else file
        if depth > deepest:
            raise too_deep(where)
        if isinstance(value, dict):
            for name, one in value.items():
                _refuse_controls(name, where)
                waiting.append((one, f"{key}.{name}" if key else name, depth + 1))
        elif isinstance(value, list):
            waiting.extend((one, key, depth + 1) for one in value)
        elif isinstance(value, str):
            _refuse_controls(value, where)
        elif isinstance(value, int) and value.bit_length() > bits:
            digits = f"a whole number of some {value.bit_length() * 3 // 10:,} digits"
            raise exceeded("TOML_DIGITS", where, digits, StudyFileError)


def _refuse_controls(text: str, where: str) -> None:
    if text.isprintable():
        return
    strange = next((c for c in text if (ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0), None)
    if strange is not None:
        raise StudyFileError(
            "a control character in a name or text", where=where, found=printable(repr(text[:60])),
            expected="letters that can be seen", mend=f"remove {strange!a}",
        )  # fmt: skip
