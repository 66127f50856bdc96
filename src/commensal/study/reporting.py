"""What authors say of their study for a reviewer's checklists, and the items that they may answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from commensal.errors import nearest
from commensal.study.readers import Place, text, wrong_type

#: Numbers of the items of STORMS 1.03 and ARRIVE 2.0; their wording is in the knowledge that ships.
STORMS: tuple[str, ...] = (
    "1.0", "1.1", "1.2", "1.3", "2.0", "2.1", "3.0", "3.1", "3.2", "3.3", "3.4", "3.5",
    "3.6", "3.7", "3.8", "3.9", "4.0", "4.1", "4.2", "4.3", "4.4", "4.5", "4.6", "4.7",
    "4.8", "4.9", "4.10", "4.11", "4.12", "4.13", "4.14", "4.15", "4.16", "5.0", "6.0", "6.1",
    "7.0", "7.1", "7.2", "7.3", "7.4", "7.5", "7.6", "7.7", "7.8", "7.9", "8.0", "8.1",
    "8.2", "8.3", "8.4", "8.5", "9.0", "10.0", "10.1", "10.2", "10.3", "10.4", "11.0", "12.0",
    "13.0", "13.1", "13.2", "14.0", "15.0", "15.1", "15.2", "16.0", "17.0",
)  # fmt: skip
ARRIVE: tuple[str, ...] = (
    "1a", "1b", "2a", "2b", "3a", "3b", "3c", "4a", "4b", "5", "6a", "6b",
    "7a", "7b", "8a", "8b", "9a", "9b", "9c", "9d", "10a", "10b", "11", "12a",
    "12b", "13", "14", "15", "16a", "16b", "16c", "17a", "17b", "18", "19", "20",
    "21a", "21b",
)  # fmt: skip
WHO = ("animals", "people")


@dataclass(frozen=True, slots=True)
class Reporting:
    """The section ``[reporting]``: free text where a reviewer's item has no other home. None: not said."""

    subjects: tuple[str, ...] = ()  #: animals, people or both; empty: as the questions tell
    ethics: str | None = None
    funding: str | None = None
    registration: str | None = None
    housing: str | None = None
    interests: str | None = None
    data_access: str | None = None
    code_access: str | None = None
    storms: Mapping[str, str] = field(default_factory=dict)  #: item → the authors' answer
    arrive: Mapping[str, str] = field(default_factory=dict)


def read_storms(value: object, place: Place) -> dict[str, str]:
    """Read answers to STORMS by item: ``4.1 = "…"``, with or without quotes around the number."""
    return _answers(value, place, STORMS)


def read_arrive(value: object, place: Place) -> dict[str, str]:
    """Read answers to ARRIVE by item: ``5 = "…"``, ``8a = "…"``."""
    return _answers(value, place, ARRIVE)


def _answers(value: object, place: Place, known: tuple[str, ...]) -> dict[str, str]:
    if not isinstance(value, dict):
        raise wrong_type(value, place, f'a table of items, for example {{ "{known[0]}" = "…" }}')
    flat: dict[str, str] = {}
    for name, one in value.items():
        inner = {f"{name}.{part}": each for part, each in one.items()} if isinstance(one, dict) else {name: one}
        for item, answer in inner.items():
            if item not in known:
                near = nearest(item, known)
                raise place.at(item).error(
                    f"no item {item!r}",
                    found=item,
                    expected=f"an item of the list: {', '.join(known)}",
                    mend=f"did you mean {near[0]!r}?" if near else "remove it",
                )
            flat[item] = text(answer, place.at(item))
    return flat
