"""The sections of an mwTab file, from its text or its JSON: samples, tables of data, what the molecules are."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from commensal.errors import FormatError
from commensal.io.rows import Row, refuse_short, square
from commensal.io.text import Text, load_text

_MARK = re.compile(r"([A-Z_]+)_(START|END)\s*")
_UNITS = re.compile(r"([A-Z_]+_DATA):UNITS\s*\t(.*)")
_DATA = re.compile(r"(EXTENDED_)?\w+_DATA")


@dataclass(frozen=True, slots=True)
class Table:
    """A header, and rows of its width."""

    header: tuple[str, ...]
    rows: list[Row]


@dataclass(slots=True)
class Sections:
    """What an mwTab file holds that is read here."""

    file: str
    encoding: str
    word: str = "line"  #: what `Row.line` counts
    samples: list[dict[str, str]] = field(default_factory=list)  #: ``sample``, ``subject``, factors, further details
    lines: list[int] = field(default_factory=list)  #: line of each sample
    units: dict[str, str] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)  #: section → its table of data
    metabolites: Table | None = None


def parse(path: Path) -> Sections:
    """Read the sections of an mwTab file.

    Raises
    ------
    TableError
        No such file.
    FormatError
        Damaged, cut short, not mwTab, or with two sections of one name (two analyses in one file).
    """
    text = load_text(path)
    return _from_json(text) if text.data.lstrip().startswith(b"{") else _from_text(text)


def _from_text(text: Text) -> Sections:
    made = Sections(text.file, text.encoding)
    lines = text.data.decode().split("\n")
    if not lines[0].startswith("#METABOLOMICS WORKBENCH"):
        raise _not_mwtab(text.file, lines[0])
    blocks: dict[str, list[Row]] = {}
    inside, since = None, 0
    for number, line in enumerate(lines, 1):
        mark = _MARK.fullmatch(line)
        if mark is not None:
            if mark[2] == "START" and inside is None:
                if mark[1] in blocks:
                    raise _twice(text.file, f"line {number}", mark[1])
                inside, since, blocks[mark[1]] = mark[1], number, []
                continue
            if mark[2] == "END" and inside == mark[1]:
                inside = None
                continue
            raise FormatError(
                "the marks of a table do not pair", where=f"{text.file}, line {number}", found=line.strip(),
                expected=f"{inside}_END" if inside else "a START before it", mend="copy or download the file again",
            )  # fmt: skip
        if inside is not None:
            blocks[inside].append(Row(number, tuple(line.split("\t"))))
        elif line.startswith("SUBJECT_SAMPLE_FACTORS"):
            made.samples.append(_sample_line(line.split("\t"), f"{text.file}, line {number}"))
            made.lines.append(number)
        elif unit := _UNITS.fullmatch(line):
            made.units[unit[1]] = unit[2].strip()
    if inside is not None:
        raise FormatError(
            "the file is cut short", where=f"{text.file}, line {since}", found=f"{inside}_START and no {inside}_END",
            expected="both", mend="copy or download the file again",
        )  # fmt: skip
    for name, rows in blocks.items():
        _keep(made, name, rows)
    return made


def _keep(made: Sections, name: str, rows: Sequence[Row]) -> None:
    rows = [row for row in rows if any(cell.strip() for cell in row.cells)]
    if not rows:
        return
    header = list(rows[0].cells)
    while header and not header[-1].strip():
        header.pop()
    body = [row for i, row in enumerate(rows[1:]) if i or row.cells[0].strip().lower() != "factors"]
    if _DATA.fullmatch(name):
        if not name.startswith("EXTENDED_"):
            refuse_short(body, len(header), made.file)
        made.tables[name] = Table(tuple(header), square(body, len(header), made.file))
    elif name == "METABOLITES":
        made.metabolites = Table(_once(header), square(body, len(header), made.file))


def _sample_line(cells: Sequence[str], where: str) -> dict[str, str]:
    if len(cells) < 4 or not cells[2].strip():
        raise FormatError(
            "a line of samples is not complete", where=where, found=f"{len(cells)} cells: {' | '.join(cells)[:80]!r}",
            expected="SUBJECT_SAMPLE_FACTORS, subject, sample, factors, separated by tabs", mend="correct the line",
        )  # fmt: skip
    made = {"sample": cells[2], "subject": "" if cells[1].strip() in ("", "-") else cells[1]}
    factors = [part for part in cells[3].split("|") if part.strip() not in ("", "-")]
    details = [part for part in "\t".join(cells[4:]).split(";") if part.strip()]
    for parts, sign in ((factors, ":"), (details, "=")):
        for part in parts:
            key, found, value = part.partition(sign)
            name = key.strip() if found else "Factors"
            made[name if name not in made else f"{name} ({'factor' if sign == ':' else 'detail'})"] = (
                value.strip() if found else part.strip()
            )
    return made


def _from_json(text: Text) -> Sections:
    try:
        document = json.loads(text.data, object_pairs_hook=lambda pairs: _object(pairs, text.file))
    except (ValueError, RecursionError) as error:
        raise FormatError(
            "the JSON is damaged or cut short", where=text.file, found=str(error)[:100], expected="mwTab as JSON",
            mend="copy or download the file again",
        ) from error  # fmt: skip
    if not isinstance(document, dict) or "METABOLOMICS WORKBENCH" not in document:
        raise _not_mwtab(text.file, text.data[:60].decode(errors="replace"))
    made = Sections(text.file, text.encoding, "entry")
    for number, one in enumerate(_list(document.get("SUBJECT_SAMPLE_FACTORS"), "SUBJECT_SAMPLE_FACTORS", text.file), 1):
        made.samples.append(_sample_entry(one, f"{text.file}, SUBJECT_SAMPLE_FACTORS, entry {number}"))
        made.lines.append(number)
    for name, section in document.items():
        if not _DATA.fullmatch(name) or not isinstance(section, Mapping):
            continue
        made.units[name] = _cell(section.get("Units"))
        for key, kept in (("Data", name), ("Extended", f"EXTENDED_{name}"), ("Metabolites", "METABOLITES")):
            entries = _list(section.get(key), f"{name}, {key}", text.file)
            if not entries:
                continue
            header = list(dict.fromkeys(column for entry in entries for column in entry))
            rows = [Row(i, tuple(_cell(entry.get(c)) for c in header)) for i, entry in enumerate(entries, 1)]
            if kept == "METABOLITES":
                made.metabolites = Table(_once(header), rows)
            else:
                made.tables[kept] = Table(tuple(header), rows)
    return made


def _object(pairs: Sequence[tuple[str, Any]], file: str) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        raise _twice(file, "JSON", next(name for name in names if names.count(name) > 1))
    return made


def _list(value: object, name: str, file: str) -> list[Mapping[str, Any]]:
    if value is None:
        return []
    if isinstance(value, list) and all(isinstance(one, Mapping) for one in value):
        return value
    raise FormatError(
        "a section is no list of entries", where=f"{file}, {name}", found=type(value).__name__,
        expected="[{…}, {…}]", mend="download the file again",
    )  # fmt: skip


def _sample_entry(entry: Mapping[str, Any], where: str) -> dict[str, str]:
    sample = _cell(entry.get("Sample ID"))
    if not sample.strip():
        raise FormatError("a sample has no id", where=where, found=listed(entry), expected="Sample ID", mend="name it")
    subject = _cell(entry.get("Subject ID")).strip()
    made = {"sample": sample, "subject": "" if subject == "-" else subject}
    for key in ("Factors", "Additional sample data"):
        more = entry.get(key)
        for name, value in more.items() if isinstance(more, Mapping) else ():
            made[name if name not in made else f"{name} (detail)"] = _cell(value)
    return made


def listed(entry: Mapping[str, Any]) -> str:
    """Return the keys of an entry, for a message."""
    return ", ".join(map(str, list(entry)[:6])) or "an empty entry"


def _cell(value: object) -> str:
    return "" if value is None else str(value)


def _once(header: Sequence[str]) -> tuple[str, ...]:
    made: list[str] = []
    for j, name in enumerate(header):
        word = name.strip() or f"column {j + 1}"
        made.append(word if word not in made else f"{word} (column {j + 1})")
    return tuple(made)


def _twice(file: str, where: str, name: str) -> FormatError:
    return FormatError(
        "a name occurs twice where it may occur once", where=f"{file}, {where}", found=repr(name),
        expected="one analysis per file, every sample and molecule once", mend="split the file, or remove one of them",
    )  # fmt: skip


def _not_mwtab(file: str, found: str) -> FormatError:
    return FormatError(
        "the file is not mwTab", where=file, found=repr(found[:60]),
        expected="#METABOLOMICS WORKBENCH in the first line, or that key in JSON", mend="name the file as downloaded",
    )  # fmt: skip
