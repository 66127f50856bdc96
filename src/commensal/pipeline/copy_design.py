"""``simulate --design``: a declared design copied with everything that is measured in it drawn anew, and its truth."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from commensal.cells import tsv
from commensal.errors import UsageError
from commensal.pipeline.copy_truth import truth_of
from commensal.pipeline.load import place
from commensal.pipeline.plan_claims import argument
from commensal.pipeline.plan_effects import effect_words, parse_effects
from commensal.pipeline.plan_read import read_design
from commensal.pipeline.toml_text import toml_text
from commensal.simulation.design import blueprint, drawn
from commensal.simulation.files import write_files
from commensal.study import AssayTable, LoadedStudy

#: Keys of an assay that say how the old file is read, and what has been done to it.
OF_OLD_FILES = ("files", "format", "sheet", "missing", "exclude", "orientation", "tx2gene", "strandedness", "prepare",
                "reference", "mode", "position", "plate", "dna", "expected", "tree", "features")  # fmt: skip
#: Annotations that are made on reading, not read.
MADE = ("compound", "identity", "identity_level", "exogenous")


def copied(
    study: Path | str,
    out: Path | str,
    data: Path | str | None = None,
    *,
    seed: int = 1,
    effects: Sequence[str] = (),
    size: float = 1.0,
) -> Path:
    """Copy a declared design with everything that is measured in it drawn anew, and return the new study file.

    Who is in the study, in which arm, cage or household, when each was sampled, which tables and questions there are:
    all that stays. Every value of an assay, a measure and an event is drawn from parameters that are fitted to the
    tables (or, of a design that is only planned, usual ones), with what is planted.

    Parameters
    ----------
    study, data
        As in `load`; a study file with ``[planned]`` groups needs no tables.
    out
        Folder to write to: study.toml, its tables, and truth.json.
    seed
        The same seed and options give the same bytes.
    effects
        As in `plan`.
    size
        The effects are multiplied by this; 0 plants nothing.

    Returns
    -------
    Path
        The study file.

    Raises
    ------
    UsageError
        An effect that does not fit, or a folder that holds a study that is not simulated.
    CommensalError
        The study cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from commensal import load, simulation
    >>> from commensal.pipeline import simulate
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     first = simulation.cohort(Path(folder) / "first", households=6)
    ...     copy = simulate.design(first, Path(folder) / "copy", seed=2)
    ...     same = list(load(first).samples.index) == list(load(copy).samples.index)
    >>> same
    True
    """
    if size < 0 or not np.isfinite(size):
        raise UsageError("effects have a size", where="--size", found=size, expected="0 or more")
    where = place(study, data)
    design = read_design(where.study, where.root)
    loaded = design.loaded
    planted = tuple(replace(one, size=one.size * size) for one in parse_effects(loaded.declared, effects))
    plan = blueprint(loaded, assumed=design.planned)
    argued = argument(drawn(plan, (), np.random.SeedSequence(seed)).loaded)
    copy = drawn(plan, planted, np.random.SeedSequence(seed), pinned=argued.pinned if argued else None)
    options = {
        "design": where.study.name,
        "seed": seed,
        "size": size,
        "effects": [effect_words(one) for one in planted],
    }
    truth = {"kind": "design", "options": options, **truth_of(copy, argued)}
    texts = _tables(copy.loaded)
    document = tomllib.loads(where.study.read_text(encoding="utf-8-sig"))
    kept = _files(document, where.root)
    texts |= kept | {
        "study.toml": "# A copy of a design: everything measured is invented, and truth.json says what was planted.\n\n"
        + toml_text(_document(document, copy.loaded, texts, kept)),
        "truth.json": json.dumps(truth, indent=1, ensure_ascii=False) + "\n",
    }
    return write_files(Path(out), texts)


def _tables(loaded: LoadedStudy) -> dict[str, str]:
    """Return the tables as text, by file name."""
    samples = loaded.samples.rename_axis("sample").reset_index()
    texts = {"samples.tsv": tsv(samples)}
    if "subjects" in loaded.declared.tables:
        texts["subjects.tsv"] = tsv(loaded.subjects.rename_axis("subject").reset_index())
    if loaded.phenotypes is not None:
        texts["phenotypes.tsv"] = tsv(loaded.phenotypes)
    if loaded.events is not None and len(loaded.events):
        events = loaded.events.copy()
        events["time"] = events["time"].astype(float).round(3)
        texts["events.tsv"] = tsv(events)
    for name, table in loaded.assays.items():
        texts[f"{name}.tsv"] = _values(table, loaded)
        known = table.features.drop(columns=[one for one in MADE if one in table.features])
        known.insert(0, "feature id", [str(one) for one in known.index])
        texts[f"{name}_features.tsv"] = tsv(known.reset_index(drop=True))
        if table.tree is not None:
            texts[f"{name}.nwk"] = table.tree.strip() + "\n"
    return texts


def _values(table: AssayTable, loaded: LoadedStudy) -> str:
    known = set(map(str, loaded.samples.index))
    at = [i for i, sample in enumerate(table.samples) if sample in known]
    whole = table.assay.value == "counts"
    rows = table.values[at].T
    columns: dict[str, object] = {"feature": [str(one) for one in table.features.index]}
    for i, k in enumerate(at):
        own = rows[:, i]
        columns[table.samples[k]] = (
            pd.array(np.where(np.isnan(own), 0, own).round().astype(np.int64), dtype="Int64") if whole
            else np.array([float(f"{value:.6g}") for value in own])
        )  # fmt: skip
    return tsv(pd.DataFrame(columns), missing="")


def _files(document: Mapping[str, Any], root: Path) -> dict[str, str]:
    """Return the small files of knowledge that the copy keeps as they are: gene sets, the table of genomes."""
    names = [name for one in document.get("questions", {}).values() for name in _listed(one.get("sets"))]
    genomes = document.get("genomes", {}).get("file")
    found = {}
    for name in dict.fromkeys([*names, *([genomes] if genomes else [])]):
        path = root / name
        if path.is_file() and path.suffix != ".gz":
            found[path.name] = path.read_text(encoding="utf-8")
    return found


def _listed(value: object) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else list(value)  # type: ignore[call-overload]


def _document(
    old: Mapping[str, Any], loaded: LoadedStudy, texts: Mapping[str, str], kept: Mapping[str, str]
) -> dict[str, Any]:
    """Return the study file of the copy: the same design and questions, the new tables."""
    new: dict[str, Any] = {"study": dict(old["study"])}
    new["study"]["name"] = f"{old['study']['name']}-copy"
    if "title" in new["study"]:
        new["study"]["title"] += " (simulated copy of the design)"
    new |= {name: old[name] for name in ("design", "onset", "load", "measures", "contrasts") if name in old}
    new["tables"] = {name: {"file": f"{name}.tsv"} for name in ("samples", "subjects", "phenotypes", "events")
                     if f"{name}.tsv" in texts}  # fmt: skip
    variables = {name: _without(one, "map", "missing") for name, one in old.get("variables", {}).items()}
    new["variables"] = {name: one for name, one in variables.items() if one}
    new["events"] = {name: _without(one, "column", "expected") for name, one in old.get("events", {}).items()}
    new["assays"] = {name: _assay(old, name, table, texts) for name, table in loaded.assays.items()}
    questions = {name: dict(one) for name, one in old.get("questions", {}).items()}
    genomes = old.get("genomes", {})
    if genomes.get("file") and Path(genomes["file"]).name in kept:
        new["genomes"] = {"file": Path(genomes["file"]).name}
    for one in questions.values():
        if "genomes" not in new:
            one.pop("genomes", None)
        sets = [Path(name).name for name in _listed(one.pop("sets", None)) if Path(name).name in kept]
        one.update({"sets": sets} if sets else {})
        if "assays" in one:
            names = _listed(one["assays"])
            left = [name for name in names if name in new["assays"] or any(
                part.startswith(f"{name}_") for part in new["assays"])]  # fmt: skip
            one["assays"] = left
            if names and not left:
                one.pop("assays")
    new["questions"] = questions
    return {name: one for name, one in new.items() if one}


def _assay(old: Mapping[str, Any], name: str, table: AssayTable, texts: Mapping[str, str]) -> dict[str, Any]:
    own = _without(old["assays"].get(name, {}), *OF_OLD_FILES)
    assay = table.assay
    own |= {"kind": assay.kind, "value": assay.value, "file": f"{name}.tsv", "orientation": "samples_in_columns",
            "features": {"file": f"{name}_features.tsv", "id": "feature id", "label": "label"}}  # fmt: skip
    if assay.specimen:
        own["specimen"] = assay.specimen
    identity = {key: one for key, one in own.pop("identity", {}).items() if one in table.features}
    own |= {"identity": identity} if identity else {}
    if f"{name}.nwk" in texts:
        own["tree"] = f"{name}.nwk"
    return own


def _without(section: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {name: one for name, one in section.items() if name not in keys}


__all__ = ["copied"]
