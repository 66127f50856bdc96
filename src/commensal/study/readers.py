"""From one TOML value to one checked Python value: a reader per type, each with the same error."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from commensal.errors import StudyFileError, nearest

Reader = Callable[[object, "Place"], Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the study file a value stands; writes itself as ``study.toml, [contrasts.ibd] case``."""

    file: str
    section: str = ""
    key: str = ""

    def __str__(self) -> str:
        return f"{self.file}, [{self.section}] {self.key}".rstrip() if self.section else self.file

    def at(self, key: str) -> Place:
        """Return the place of a key in this section, or of a key inside this key."""
        return Place(self.file, self.section, f"{self.key}.{key}" if self.key else key)

    def error(
        self, what: str, *, found: object = None, expected: object = None, mend: str | None = None
    ) -> StudyFileError:
        """Return the error to raise about this place."""
        return StudyFileError(what, where=str(self), found=found, expected=expected, mend=mend)


def describe(value: object) -> str:
    """Name a TOML value and its type, as errors show what was found.

    Examples
    --------
    >>> describe(3), describe("x"), describe([1])
    ('3 (a whole number)', "'x' (text)", '[1] (a list)')
    """
    if isinstance(value, bool):
        return f"{str(value).lower()} (true or false)"
    names: tuple[tuple[type, str], ...] = (
        (str, "text"),
        (int, "a whole number"),
        (float, "a number"),
        (list, "a list"),
        (dict, "a table"),
    )
    kind = next((name for type_, name in names if isinstance(value, type_)), "a date or time")
    shown = repr(value)
    return f"{shown if len(shown) <= 60 else shown[:57] + '…'} ({kind})"


def wrong_type(value: object, place: Place, expected: str, mend: str | None = None) -> StudyFileError:
    """Return the error for a value of the wrong type."""
    return place.error("wrong type", found=describe(value), expected=expected, mend=mend)


def text(value: object, place: Place) -> str:
    """Read text that is not blank."""
    if not isinstance(value, str):
        plain = isinstance(value, int | float) and not isinstance(value, bool)
        raise wrong_type(value, place, "text", f'put it in quotes: "{value}"' if plain else None)
    if not value.strip():
        raise place.error("empty text", found=repr(value), expected="some text", mend="write it, or leave the key out")
    return value


def number(value: object, place: Place) -> float:
    """Read a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong_type(value, place, "a number", "write it without quotes" if isinstance(value, str) else None)
    if not math.isfinite(value):
        raise place.error("not a finite number", found=value, expected="a finite number")
    return float(value)


def whole(value: object, place: Place) -> int:
    """Read a whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong_type(value, place, "a whole number", "write it without quotes or decimals")
    return value


def level(value: object, place: Place) -> str:
    """Read a level as it stands in a table; whole numbers and true/false need no quotes."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() else repr(value)
    return text(value, place)


def code(value: object, place: Place) -> str:
    """Read a missing code: like a level, and the empty text is welcome."""
    return "" if value == "" else level(value, place)


def one_of(options: Iterable[str]) -> Reader:
    """Return a reader of one of these words."""
    words = tuple(options)

    def read(value: object, place: Place) -> str:
        if not isinstance(value, str):
            raise wrong_type(value, place, f"one of {', '.join(words)}")
        if value not in words:
            near = nearest(value, words)
            mend = f'did you mean "{near[0]}"?' if near else None
            raise place.error("unknown word", found=repr(value), expected=f"one of {', '.join(words)}", mend=mend)
        return value

    return read


def list_of(item: Reader, *, empty: bool = True) -> Reader:
    """Return a reader of a list without repeats; a single item stands for a list of one."""

    def read(value: object, place: Place) -> tuple[Any, ...]:
        if isinstance(value, dict):
            raise wrong_type(value, place, "a list, or a single item")
        many = value if isinstance(value, list) else [value]
        items = tuple(item(one, place) for one in many)
        twice = sorted({str(one) for one in items if items.count(one) > 1})
        if twice:
            raise place.error("the same item twice", found=", ".join(twice), expected="each once", mend="remove one")
        if not items and not empty:
            raise place.error(
                "empty list", found="[]", expected="at least one item", mend="name one, or remove the key"
            )
        return items

    return read


def table_of(item: Reader, key: Reader | None = None) -> Reader:
    """Return a reader of an inline table whose values are all read alike."""

    def read(value: object, place: Place) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise wrong_type(value, place, 'a table, for example { name = "value" }')
        return {(key(name, place.at(name)) if key else name): item(one, place.at(name)) for name, one in value.items()}

    return read


def within(read: Reader, rule: Callable[[Any], bool], expected: str) -> Reader:
    """Return a reader that also holds its value to a rule."""

    def checked(value: object, place: Place) -> Any:
        result = read(value, place)
        if not rule(result):
            raise place.error("out of range", found=value, expected=expected)
        return result

    return checked


def relative_path(value: object, place: Place) -> str:
    """Read a path that stays inside the folder of the study file (or ``--data``)."""
    name = text(value, place)
    reason = None
    if name.startswith(("/", "\\")):
        reason = "absolute path"
    elif re.match(r"[A-Za-z]:", name):
        reason = "path with a drive letter"
    elif name.startswith("~"):
        reason = "path into a home folder"
    elif "://" in name:
        reason = "web address"
    elif ".." in re.split(r"[/\\]", name):
        reason = "path that leaves the folder"
    elif "\\" in name:
        reason = "path with backslashes"
    if reason:
        raise place.error(
            f"{reason} refused",
            found=repr(name),
            expected='a path below the folder of the study file, with "/", for example "tables/taxa.tsv"',
            mend="move the file beside the study file, or give its folder as --data DIR",
        )
    return name


def truth(value: object, place: Place) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise wrong_type(value, place, "true or false")
    return value


def from_hint(hint: Any) -> Reader:
    """Return the reader that a dataclass field's type asks for.

    Examples
    --------
    >>> from_hint(tuple[str, ...])("abx", Place("study.toml"))
    ('abx',)
    """
    if get_origin(hint) in (Union, UnionType):
        return from_hint(next(part for part in get_args(hint) if part is not NoneType))
    if get_origin(hint) is Literal:
        return one_of(get_args(hint))
    if get_origin(hint) is tuple:
        return list_of(from_hint(get_args(hint)[0]))
    if hint in (str, float, int, bool):
        return {str: text, float: number, int: whole, bool: truth}[hint]
    return table_of(text)
