"""Read a study file: TOML in, a `Study` out, and one clear error for whatever does not fit."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from commensal.errors import StudyFileError
from commensal.limits import limit
from commensal.study.declared import TABLES, Study, Table
from commensal.study.read_parts import with_parts
from commensal.study.readers import Place, wrong_type
from commensal.study.references import check_references
from commensal.study.schema import SECTIONS, refuse_unknown
from commensal.study.toml_limits import require_size, require_sound, too_deep
from commensal.study.uniting import united


def read_study(path: str | Path) -> Study:
    """Read and check a study file. No table is opened.

    Parameters
    ----------
    path
        A TOML file in UTF-8 (a byte-order mark is passed over).

    Returns
    -------
    Study

    Raises
    ------
    StudyFileError
        The file is not there, not UTF-8, not TOML, or does not hold to the contract; names key, found, expected.
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file():
            raise OSError(0, "a folder, a pipe or a device")
        require_size(path, path.stat().st_size)
        raw = path.read_bytes()
    except OSError as error:
        raise StudyFileError(
            "the study file cannot be read",
            where=str(path),
            found="no such file" if isinstance(error, FileNotFoundError) else error.strerror,
            expected="a study file such as study.toml",
            mend="check the path, or write one with `commensal init DIR`",
        ) from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StudyFileError(
            "the study file is not UTF-8 text",
            where=f"{path.name}, line {len(raw[: error.start + 1].splitlines())}",
            found=f"byte 0x{raw[error.start]:02x}",
            expected="UTF-8",
            mend="save it as UTF-8 in your editor",
        ) from error
    return parse_study(text, path)


def parse_study(text: str, path: str | Path = "study.toml") -> Study:
    """Read and check the text of a study file.

    Parameters
    ----------
    text
        TOML.
    path
        Its file, for messages and as the folder that paths are relative to.

    Returns
    -------
    Study

    Raises
    ------
    StudyFileError
        As `read_study`.

    Examples
    --------
    >>> study = parse_study('''
    ... [study]
    ... name = "tiny"
    ... [tables.samples]
    ... file = "samples.tsv"
    ... [assays.taxa]
    ... kind = "taxa"
    ... file = "taxa.tsv"
    ... value = "counts"
    ... [contrasts.abx]
    ... column = "arm"
    ... case = "abx"
    ... control = "water"
    ... ''')
    >>> study.contrasts["abx"].case
    ('abx',)
    """
    path = Path(path)
    place = Place(path.name)
    document = _toml(text.removeprefix("\ufeff"), path.name)
    refuse_unknown(document, SECTIONS, place)
    _require(document, place)
    study = Study(path=path, **read_sections(document, place))
    check_references(study)
    return with_parts(study)


def read_sections(document: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """Read each section to its dataclass; nothing is asked about how they fit together."""
    parts: dict[str, Any] = {}
    for name, raw in document.items():
        section, here = SECTIONS[name], Place(place.file, name)
        if name == "study":
            parts |= section.values(raw, here)
        elif section.named is None:
            parts[name] = section.build(raw, here)
        else:
            parts[name] = _named(name, raw, place)
    return parts


def _named(section: str, raw: object, place: Place) -> dict[str, Any]:
    example = TABLES[0] if section == "tables" else "NAME"
    here = Place(place.file, section)
    if not isinstance(raw, dict):
        raise wrong_type(raw, here, f"sections [{section}.{example}]")
    if section == "tables":
        refuse_unknown(raw, dict.fromkeys(TABLES), here)
    lowered: dict[str, str] = {}
    built = {}
    for name, body in raw.items():
        inner = Place(place.file, f"{section}.{name}")
        if section == "tables" and isinstance(body, list):
            built[name] = _parts(name, body, inner)
            continue
        if not isinstance(body, dict):
            raise here.at(name).error(
                "a key stands where a named section should",
                found=f"[{section}] {name} = …",
                expected=f"[{section}.{example}] and the key below it",
                mend=f"give the {section} a name: [{section}.{example}]",
            )
        if section != "variables" and not re.fullmatch(r"\w[\w.-]*", name):
            raise inner.error("not a usable name", found=repr(name), expected="letters, digits, _ - . without blanks")
        if section != "variables" and name.lower() in lowered:
            raise inner.error(
                "two names that differ only in case",
                found=f"{lowered[name.lower()]}, {name}",
                expected="distinct names",
            )
        lowered[name.lower()] = name
        built[name] = SECTIONS[section].build(body, inner)
    return built


def _parts(name: str, body: list[object], inner: Place) -> Table:
    """Read ``[[tables.samples]]``: tables with columns of their own that are put one below the other."""
    if not body:
        raise inner.error("an empty list of tables", found="[]", expected=f"[[tables.{name}]] with a file in each")
    return united(name, [SECTIONS["tables"].build(one, inner) for one in body])


def _require(document: Mapping[str, object], place: Place) -> None:
    lines = {
        "study": '[study]\n    name = "…"',
        "tables": '[tables.samples]\n    file = "samples.tsv"',
        "assays": '[assays.taxa]\n    kind = "taxa"\n    file = "taxa.tsv"\n    value = "counts"',
        "contrasts": '[contrasts.NAME]\n    column = "…"\n    case = "…"\n    control = "…"',
    }
    for section, example in lines.items():
        if section not in document or (section != "study" and not document[section]):
            raise place.error(
                f"no [{section}{'' if section == 'study' else '.…'}] section",
                found=", ".join(f"[{name}]" for name in document) or "an empty file",
                expected=f"at least one [{section}] section" if section != "study" else "a [study] section",
                mend=f"add\n    {example}",
            )


def _toml(text: str, file: str) -> dict[str, Any]:
    try:
        document = tomllib.loads(text)
    except RecursionError as error:
        raise too_deep(file) from error
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        hit = re.search(r"\s*\(at (?:line (\d+), column (\d+)|(end of document))\)", message)
        where = f"{file}, line {hit[1]}, column {hit[2]}" if hit and hit[1] else f"{file}, at its end"
        line = (
            text.splitlines()[int(hit[1]) - 1].strip()
            if hit and hit[1] and int(hit[1]) <= len(text.splitlines())
            else None
        )
        twice = "overwrite" in message or "twice" in message
        raise StudyFileError(
            "the same key or section twice" if twice else "not TOML",
            where=where,
            found=line,
            expected=f"each name once ({message[: hit.start()] if hit else message})" if twice else "TOML",
            mend="remove or rename one of them" if twice else (message[: hit.start()] if hit else message),
        ) from error
    except ValueError as error:  # a number that Python will not convert, a date that is none
        raise StudyFileError(
            "a number or date that cannot be read", where=file, found=str(error)[:120],
            expected=f"numbers of at most {limit('TOML_DIGITS')} digits", mend="put it in quotes if it is a name",
        ) from error  # fmt: skip
    require_sound(document, file)
    return document
