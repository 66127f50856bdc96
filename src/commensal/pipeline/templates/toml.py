"""Write TOML: strings, keys and comments that any TOML reader reads back as they were."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_SHORT = {"\b": r"\b", "\t": r"\t", "\n": r"\n", "\f": r"\f", "\r": r"\r", '"': r"\"", "\\": r"\\"}


def string(text: str) -> str:
    r"""Write text as a TOML basic string.

    Examples
    --------
    >>> print(string('say "aah"\n'))
    "say \"aah\"\n"
    """
    return '"' + "".join(_SHORT.get(sign) or (_code(sign) if _control(sign) else sign) for sign in text) + '"'


def key(name: str) -> str:
    """Write a key: bare where TOML allows it, else quoted.

    Examples
    --------
    >>> key("age"), key("Study.Group")
    ('age', '"Study.Group"')
    """
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else string(name)


def strings(items: Sequence[str]) -> str:
    """Write a list of strings; a single one stands alone.

    Examples
    --------
    >>> strings(["CD", "UC"]), strings(["Normal"])
    ('["CD", "UC"]', '"Normal"')
    """
    return string(items[0]) if len(items) == 1 else f"[{', '.join(map(string, items))}]"


def table(entries: Mapping[str, str]) -> str:
    """Write an inline table of values that are TOML already.

    Examples
    --------
    >>> table({"type": string("number")})
    '{ type = "number" }'
    """
    return f"{{ {', '.join(f'{key(name)} = {value}' for name, value in entries.items())} }}"


def comment(text: str) -> str:
    r"""Write text after a number sign, control characters as codes.

    Examples
    --------
    >>> print(comment("guessed: a\tb"))
    # guessed: a\tb
    """
    return "# " + "".join(_SHORT.get(sign, _code(sign)) if _control(sign) else sign for sign in text)


def _control(sign: str) -> bool:
    # Line separators and the next-line sign are no control characters to TOML, but they break lines in editors.
    return ord(sign) < 32 or 127 <= ord(sign) <= 159 or sign in "\u2028\u2029"


def _code(sign: str) -> str:
    return f"\\u{ord(sign):04x}"
