"""Profiles of samples put together: the taxa, genes and pathways of a study, as tables like any other."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from commensal.errors import StudyFileError, listing
from commensal.io.exclude import matches
from commensal.study import Assay, AssayTable, Dropped, part_name
from commensal.study.read_parts import part_assays

#: Rows of a profile that are no feature.
REST = ("(unknown)", "(unmapped)", "(unannotated)")
ALL = "(all)"


@dataclass(frozen=True, slots=True, eq=False)
class Profiles:
    """The profiles of one assay of reads, one row per sample × thing, samples in the order of the study."""

    assay: Assay
    samples: tuple[str, ...]  #: profiled, with reads left
    quality: Mapping[str, dict[str, Any]]  #: sample → its quality report; also of samples without reads left
    taxa: pd.DataFrame
    functions: pd.DataFrame
    growth: pd.DataFrame
    genomes: pd.DataFrame  #: the reference's genomes

    @property
    def empty(self) -> tuple[str, ...]:
        """Samples none of whose reads were left."""
        return tuple(sample for sample in self.quality if sample not in self.samples)


def gather(assay: Assay, folder: Path, samples: Sequence[str], genomes: pd.DataFrame) -> Profiles:
    """Read the profiles of these samples from ``folder/SAMPLE``."""
    quality = {sample: json.loads((folder / sample / "quality.json").read_text(encoding="utf-8")) for sample in samples}
    full = tuple(sample for sample in samples if quality[sample]["kept"])
    return Profiles(
        assay, full, quality, _stacked(folder, full, "taxa"), _stacked(folder, full, "functions"),
        _stacked(folder, full, "growth"), genomes,
    )  # fmt: skip


def _stacked(folder: Path, samples: Sequence[str], name: str) -> pd.DataFrame:
    filters = [("namespace", "in", ["KO", "pathway"])] if name == "functions" else None
    paths = [folder / sample / f"{name}.parquet" for sample in samples]
    frames = [pd.read_parquet(path, filters=filters) for path in paths if path.is_file()]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def assay_tables(profiles: Profiles) -> dict[str, AssayTable]:
    """Return the tables of an assay of reads by name; without functions in the reference only the taxa.

    A species that a profile does not list is 0 in this sample: not seen, which is said as such (detection floor).

    Raises
    ------
    StudyFileError
        A pattern of ``exclude`` that fits nothing.
    """
    parts = {"taxa": _taxa(profiles), **_functions(profiles)}
    hits: set[str] = set()
    tables = {}
    for part, (values, features, dropped) in parts.items():
        keep, left_out = _excluded(profiles.assay, part_name(profiles.assay.name, part), features, hits)
        name = part_name(profiles.assay.name, part)
        tables[name] = AssayTable(
            assay=part_assays(profiles.assay)[name],
            samples=profiles.samples,
            features=features[keep],
            values=values[:, keep],
            dropped=(*dropped, *left_out),
        )
    idle = [pattern for pattern in profiles.assay.exclude if pattern not in hits]
    if idle:
        raise StudyFileError(
            "a pattern excludes nothing",
            where=f"[assays.{profiles.assay.name}] exclude",
            found=listing(map(repr, idle)),
            expected="the id or label of a species, KO number or pathway",
            mend="correct or remove the pattern; case matters, * stands for anything",
        )
    return tables


_Part = tuple[Any, pd.DataFrame, tuple[Dropped, ...]]


def _taxa(profiles: Profiles) -> _Part:
    rows = profiles.taxa[~profiles.taxa["genome"].isin(REST)] if len(profiles.taxa) else profiles.taxa
    values, ids = _wide(rows, "species", "relative_abundance", profiles.samples)
    ranks = [rank for rank in ("phylum", "family", "genus") if rank in profiles.genomes]
    known = profiles.genomes.assign(species=profiles.genomes["species"].fillna(profiles.genomes["name"]))
    known = known.drop_duplicates("species").set_index("species")[ranks].reindex(ids).astype("string")
    features = pd.concat([pd.DataFrame({"label": ids}, index=ids), known], axis=1)
    where = f"assay {part_name(profiles.assay.name, 'taxa')}"
    rest = Dropped(
        "feature", where, REST[0], "what no genome of the reference explains is no species; drawn on the page"
    )
    return values, features, (rest,)


def _functions(profiles: Profiles) -> dict[str, _Part]:
    from commensal import knowledge

    rows = profiles.functions
    if rows.empty or not ((rows["namespace"] == "KO") & ~rows["id"].isin(REST)).any():
        return {}
    rows = rows[(rows["genome"] == ALL) & ~rows["id"].isin(REST)]
    names = {name: pathway.name for name, pathway in knowledge.pathways().items()}
    parts: dict[str, _Part] = {}
    for part, namespace in (("genes", "KO"), ("pathways", "pathway")):
        values, ids = _wide(rows[rows["namespace"] == namespace], "id", "abundance", profiles.samples)
        parts[part] = (values, pd.DataFrame({"label": [names.get(one, one) for one in ids]}, index=ids), ())
    return parts


def _wide(rows: pd.DataFrame, feature: str, value: str, samples: Sequence[str]) -> tuple[Any, list[str]]:
    """Return values (samples, features), 0 where a sample has no row, and the features in order of their sum."""
    if rows.empty:
        return np.zeros((len(samples), 0)), []
    table = rows.pivot_table(index="sample", columns=feature, values=value, aggfunc="sum", fill_value=0.0)
    table = table.reindex(list(samples), fill_value=0.0)
    order = np.argsort(-table.to_numpy(dtype=float).sum(axis=0), kind="stable")
    table = table.iloc[:, order]
    return table.to_numpy(dtype=np.float64), [str(name) for name in table.columns]


def _excluded(assay: Assay, name: str, features: pd.DataFrame, hits: set[str]) -> tuple[Any, list[Dropped]]:
    keep = np.ones(len(features), dtype=bool)
    dropped = []
    for i, (one, label) in enumerate(zip(features.index, features["label"], strict=True)):
        fits = [pattern for pattern in assay.exclude if matches(str(one), pattern) or matches(str(label), pattern)]
        hits.update(fits)
        if fits:
            keep[i] = False
            dropped.append(Dropped("feature", f"assay {name}", str(one), f"excluded by the study file: {fits[0]!r}"))
    return keep, dropped
