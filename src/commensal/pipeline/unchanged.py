"""Whether a run would change anything: told in under two seconds, without reading a table.

Nothing heavy is imported here. A run leaves ``OUT/.commensal/last.json``: what was asked, the hashes of the code, of
every input and of every output, and what it said. If all of it is still so, running again would give the same bytes.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commensal import execution

#: The files that a run writes into its folder, besides figures; the journal and profiles are apart.
OUTPUTS = (
    "estimates.parquet", "points.parquet", "claims.parquet", "checklists.tsv", "findings.json", "methods.bib",
    "study-as-run.toml", "ro-crate-metadata.json", "report.html",
)  # fmt: skip
FIGURES = "figures"
LAST = "last.json"
#: Facts that differ from run to run; the page and the hashes do without them, ``run.jsonl`` has them.
VOLATILE = ("started", "ended", "seconds")
FORMAT = 2


@dataclass(frozen=True, slots=True)
class Told:
    """One finding, as plain text."""

    code: str
    severity: str
    where: str
    message: str
    mend: str


@dataclass(frozen=True, slots=True)
class Unchanged:
    """What the last run said, where running again would say the same."""

    folder: Path
    report: Path
    headlines: tuple[str, ...]
    findings: tuple[Told, ...]
    last: Mapping[str, Any]

    @property
    def failed(self) -> tuple[Told, ...]:
        """The comparisons that could not be made."""
        return tuple(finding for finding in self.findings if finding.code == "not_answered")


def command(study: Path | str, out: Path | str, data: Path | str | None, only: Sequence[str], shuffle: int = 0) -> str:
    """Return the command line of a run, as the page shows it."""
    words = ["commensal", "run", str(study), "--out", str(out)]
    words += ["--data", str(data)] if data is not None else []
    words += ["--shuffle", str(shuffle)] if shuffle else []
    return shlex.join([*words, *(word for name in only for word in ("--only", name))])


def unchanged(
    study: Path | str, out: Path | str, data: Path | str | None = None, *, only: Sequence[str] = (), **options: object
) -> Unchanged | None:
    """Return what the last run said if a run would change nothing, else None.

    Every input and output is read and hashed: a file that was touched and is the same is the same, and a result that
    was changed or removed is made again. Reads are known by size and time of change, as hashing them takes as long as
    the run was to save; their profiles are hashed.

    Raises
    ------
    OutputError
        Another run is writing to the folder.
    """
    folder = Path(out)
    options["private"] = is_asked(study, options.get("private"))
    place = execution.own_place(folder) / "kept" if options["private"] else folder / execution.KEPT
    if not (place / LAST).is_file():
        return None
    execution.require_apart(folder, private=bool(options["private"]))
    with execution.locked(folder, place) as hidden:
        last = read_last(hidden)
        if last is None or last["request"] != request(study, out, data, only, options):
            return None
        if (hidden / "ready").exists() or last["code"] != code():
            return None
        file = Path(study) / "study.toml" if Path(study).is_dir() else Path(study)
        root = Path(data) if data is not None else file.parent
        if not (_same_inputs(last, file, root) and same_outputs(last, folder) and _same_profiles(last, folder)):
            return None
    findings = tuple(Told(*(str(one[key]) for key in Told.__dataclass_fields__)) for one in last["findings"])
    return Unchanged(folder, folder / "report.html", tuple(last["headlines"]), findings, last)


def request(
    study: Path | str, out: Path | str, data: Path | str | None, only: Sequence[str], options: Mapping[str, object]
) -> dict[str, object]:
    """Return what a run is asked, as it stands in ``last.json``."""
    options = {**options, "private": is_asked(study, options.get("private"))}
    given = {name: value for name, value in options.items() if value}
    return {"command": command(study, out, data, only), "options": given}


def is_asked(study: Path | str, private: object) -> bool:
    """Whether a run is private: as it is asked, else (None) as ``[study] private`` of the study file demands.

    A file that cannot be read demands nothing.
    """
    if private is not None:
        return bool(private)
    import tomllib

    file = Path(study) / "study.toml" if Path(study).is_dir() else Path(study)
    try:
        head = tomllib.loads(file.read_text(encoding="utf-8-sig")).get("study", {})
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(head, dict) and head.get("private") is True


def code() -> str:
    """Return the hash of this version: its whole source, the libraries and Python."""
    from importlib.metadata import distributions

    found = sorted({f"{one.metadata['Name']} {one.version}" for one in distributions()})
    return execution.digest([execution.source_digest("commensal"), found, execution.python()])


def read_last(hidden: Path) -> dict[str, Any] | None:
    """Return what the last run left, or None where it is not there, not whole, or of another version."""
    try:
        content = json.loads((hidden / LAST).read_bytes())
        last: dict[str, Any] = content["last"]
        whole = content["sha256"] == execution.digest(last) and last["format"] == FORMAT
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return last if whole else None


def write_last(hidden: Path, last: Mapping[str, Any]) -> None:
    """Leave for the next run what this one was asked, read, wrote and said."""
    plain = json.loads(json.dumps({"format": FORMAT, **last}, default=str))
    text = json.dumps({"sha256": execution.digest(plain), "last": plain}, ensure_ascii=True)
    execution.write_whole(hidden / LAST, text.encode())


def inputs_of(paths: Iterable[Path], study: Path, root: Path, shapes: Iterable[str]) -> dict[str, Any]:
    """Return the inputs by their hashes, and what matches the patterns of files that are one per sample."""
    files = {path.relative_to(root).as_posix(): execution.sha256(path) for path in paths if path != study}
    return {"study": execution.sha256(study), "files": files, "shapes": {one: _matching(root, one) for one in shapes}}


def reads_of(root: Path, shapes: Iterable[str]) -> dict[str, dict[str, list[int]]]:
    """Return, for each pattern of files of reads, what matches it: bytes and time of change in nanoseconds."""
    return {shape: {name: _stamp(root / name) for name in _matching(root, shape)} for shape in shapes}


def profiles_in(folder: Path) -> dict[str, str]:
    """Return the files of every profile that lies among a run's results, by their hashes."""
    place = folder / "profiles"
    paths = sorted(path for path in place.glob("*/*/*") if path.is_file() and not path.name.startswith("."))
    return {path.relative_to(place).as_posix(): execution.sha256(path) for path in paths}


def _same_profiles(last: Mapping[str, Any], folder: Path) -> bool:
    return not last["inputs"]["reads"] or profiles_in(folder) == last["profiles"]


def _stamp(path: Path) -> list[int]:
    try:
        seen = path.stat()
    except OSError:
        return []
    return [seen.st_size, seen.st_mtime_ns]


def outputs_in(folder: Path) -> dict[str, str]:
    """Return every file that a run wrote, by its hash."""
    paths = [folder / name for name in OUTPUTS] + sorted((folder / FIGURES).glob("[0-9][0-9]-*.*"))
    return {path.relative_to(folder).as_posix(): execution.sha256(path) for path in paths if path.is_file()}


def same_outputs(last: Mapping[str, Any], folder: Path, only: tuple[str, ...] = ()) -> bool:
    """Whether the outputs are there as the last run left them; ``only`` those whose names begin so."""
    names = {name: summed for name, summed in last["outputs"].items() if not only or name.startswith(only)}
    return bool(names) and all(execution.sha256_or_none(folder / name) == summed for name, summed in names.items())


def _same_inputs(last: Mapping[str, Any], study: Path, root: Path) -> bool:
    inputs = last["inputs"]
    if inputs is None or execution.sha256_or_none(study) != inputs["study"]:
        return False
    if any(_matching(root, shape) != names for shape, names in inputs["shapes"].items()):
        return False
    if reads_of(root, inputs["reads"]) != inputs["reads"]:
        return False
    return all(execution.sha256_or_none(root / name) == summed for name, summed in inputs["files"].items())


def _matching(root: Path, shape: str) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.glob(shape))


__all__ = ["Told", "Unchanged", "unchanged"]
