"""``ro-crate-metadata.json``: what a run read, ran and wrote, as a Process Run Crate (RO-Crate 1.1)."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from commensal.errors import UsageError
from commensal.execution.files import sha256, whole

#: The file that makes a folder a crate.
CRATE = "ro-crate-metadata.json"
#: The copy of the study file that a run keeps, so that it can be run again after the study file changed.
STUDY_COPY = "study-as-run.toml"

_NAMES = (
    STUDY_COPY,
    "checklists.tsv",
    "claims.parquet",
    "estimates.parquet",
    "findings.json",
    "methods.bib",
    "points.parquet",
    "report.html",
    "run.jsonl",
)
_FOLDERS = ("figures", "profiles")
_CONTEXT = ["https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run/context"]
_PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
_FORMATS = {
    ".bib": "application/x-bibtex",
    ".csv": "text/csv",
    ".gz": "application/gzip",
    ".html": "text/html",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".parquet": "application/vnd.apache.parquet",
    ".pdf": "application/pdf",
    ".svg": "image/svg+xml",
    ".toml": "application/toml",
    ".tsv": "text/tab-separated-values",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def files_of(folder: Path) -> list[Path]:
    """Return the files where a run writes, in the order of their names, without the crate and what is hidden.

    Other folders (a demo's study, say) are none of a run's business.
    """
    inside = [path for name in _FOLDERS for path in (folder / name).rglob("*")]
    found = (path for path in sorted([*folder.glob("*"), *inside]) if path.is_file() and path != folder / CRATE)
    return [path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts)]


def outputs_of(folder: Path) -> list[Path]:
    """Return the files that a run wrote: those of its names, and those in the folders that are its own."""
    return [path for path in files_of(folder) if path.parent != folder or path.name in _NAMES]


def write_crate(folder: Path, provenance: Mapping[str, Any], outputs: Sequence[Path]) -> Path:
    """Write the crate of a run, after everything else of it.

    Parameters
    ----------
    folder
        The run's folder.
    provenance
        ``version``, ``started``, ``ended``, ``python``, ``packages``, ``options`` (of the run, by name),
        ``seeds`` (of each question) and ``inputs`` (each ``file``, ``bytes``, ``sha256`` and, below
        the data folder, ``path``).
    outputs
        Files below the folder that the run wrote.

    Raises
    ------
    OutputError
        The folder cannot be written to.
    """
    files = [_file(path, folder) for path in outputs]
    inputs = [_input(number, entry) for number, entry in enumerate(provenance["inputs"], 1)]
    options = [
        {"@id": f"#option/{name}", "@type": "PropertyValue", "name": name, "value": json.dumps(value)}
        for name, value in provenance["options"].items()
    ]
    options += [
        {"@id": f"#seed/{name}", "@type": "PropertyValue", "name": f"seed of question {name}", "value": seed}
        for name, seed in provenance["seeds"].items()
    ]
    software = [
        {"@id": f"#software/{name}", "@type": "SoftwareApplication", "name": name, "softwareVersion": version}
        for name, version in provenance["packages"].items()
    ]
    instrument = {
        "@id": "#commensal",
        "@type": "SoftwareApplication",
        "name": "commensal run",
        "softwareVersion": provenance["version"],
        "softwareRequirements": [{"@id": one["@id"]} for one in software],
        "runtimePlatform": provenance["python"],
        "processorRequirements": f"run on {os.cpu_count()} processors, {platform.system()} {platform.machine()}",
    }
    action = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": "the study's questions answered",
        "instrument": {"@id": "#commensal"},
        "object": [{"@id": one["@id"]} for one in (*inputs, *options)],
        "result": [{"@id": one["@id"]} for one in files],
        "startTime": provenance["started"],
        "endTime": provenance["ended"],
        "actionStatus": {"@id": "http://schema.org/CompletedActionStatus"},
    }
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": "A run of commensal",
        "description": "Estimates, points, claims, figures and the page of one study, and what they were made from.",
        "datePublished": provenance["ended"],
        "license": "Not stated: ask those who ran the study.",
        "conformsTo": {"@id": _PROFILE},
        "hasPart": [{"@id": one["@id"]} for one in files],
        "mentions": [{"@id": "#run"}],
    }
    descriptor = {
        "@id": CRATE,
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
    }
    profile = {"@id": _PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}
    graph = [descriptor, root, profile, action, instrument, *software, *options, *inputs, *files]
    with whole(folder / CRATE) as path:
        path.write_text(json.dumps({"@context": _CONTEXT, "@graph": graph}, indent=1) + "\n", encoding="utf-8")
    return folder / CRATE


def read_crate(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the entities of a run's crate by their ids.

    Raises
    ------
    UsageError
        The folder holds no crate, or one that cannot be read.
    """
    path = folder / CRATE
    try:
        graph = json.loads(path.read_text(encoding="utf-8"))["@graph"]
        held = {str(entity["@id"]): dict(entity) for entity in graph}
        if "#run" not in held:
            raise KeyError("#run")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            "this folder holds no crate of a run",
            where=str(path),
            found="no such file" if isinstance(error, FileNotFoundError) else f"{type(error).__name__}: {error}",
            expected="the file that `commensal run` writes last",
            mend="run the study again; a run that was stopped leaves no crate",
        ) from error
    return held


def _file(path: Path, folder: Path) -> dict[str, Any]:
    return {"@id": path.relative_to(folder).as_posix(), "@type": "File", "name": path.name, **_bytes_of(path)}


def _bytes_of(path: Path) -> dict[str, Any]:
    return {"contentSize": str(path.stat().st_size), "sha256": sha256(path), "encodingFormat": _format(path.name)}


def _input(number: int, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Describe an input; it lies outside the crate, so it is no part of it."""
    return {
        "@id": f"#input/{number}",
        "@type": "CreativeWork",
        "name": str(entry["file"]),
        **({"alternateName": entry["path"]} if "path" in entry else {}),
        "contentSize": str(entry["bytes"]),
        **_known_by(str(entry["sha256"])),
        "encodingFormat": _format(str(entry["file"])),
    }


def _known_by(summed: str) -> dict[str, str]:
    """Return the hash of an input; one under a key is no SHA-256 that anybody could compare."""
    return {"identifier": summed} if summed.startswith("keyed ") else {"sha256": summed}


def _format(name: str) -> str:
    return _FORMATS.get(Path(name).suffix.lower(), "application/octet-stream")
