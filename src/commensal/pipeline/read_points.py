"""Points of an assay of reads: composition, quality, functions, and who carries which step of NAD's pathways."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from commensal import knowledge
from commensal.pipeline.read_tables import ALL, REST, Profiles
from commensal.reads.cohort_quality import Contaminant
from commensal.study import part_name
from commensal.tables import points

#: Species drawn by name; the rest is one colour.
TOP = 11
OTHER = "(other species)"
#: The family of pathways that is drawn step by step.
FAMILY = "NAD"
#: Key of a quality report → its unit.
MEASURES = {
    "reads_in": "reads", "trimmed_adapter": "reads", "trimmed_quality": "reads", "too_short": "reads",
    "host_reads": "reads", "kept": "reads", "unknown": "share of bases", "depth": "×",
    "duplicates": "share of reads", "insert_size": "bases", "read_length": "bases", "gc": "share of bases",
    "detection_floor": "share of reads",
}  # fmt: skip

Row = dict[str, object]


def read_points(one: Profiles, samples: pd.DataFrame, scores: Sequence[Contaminant]) -> pd.DataFrame:
    """Return the points of one assay of reads; ``figure`` says what they are for.

    ``composition`` (y: share of cells of a species in a sample), ``quality`` (y: ``measure`` of a sample),
    ``functions`` (y: share of a sample's cells that carry a whole pathway), ``steps`` (y: share of cells, mean over
    samples, in which ``group`` carries the step ``feature`` of the pathway ``measure``, named in ``block``; x: its
    place; ``side``: its role; ``note``: substrate → product), ``contaminants`` (y: score) and, of mapping, ``growth``
    (y: peak-to-trough ratio of the genome ``feature``; ``note``: interval and status).
    """
    facts = {str(name): row for name, row in samples.iterrows()}

    def base(sample: str, part: str) -> Row:
        row = facts[sample]
        specimen = row["specimen"]
        return {
            "assay": part_name(one.assay.name, part),
            "specimen": one.assay.specimen or (None if pd.isna(specimen) else str(specimen)),
            "sample": sample,
            "subject": None if pd.isna(row["subject"]) else str(row["subject"]),
            "group": str(row["role"]),
        }

    own = tuple(sample for sample in one.samples if facts[sample]["role"] == "sample") or one.samples
    rows: list[Row] = []
    for sample, label, share in _composition(one, _named(one, own)):
        rows.append({**base(sample, "taxa"), "figure": "composition", "feature": label, "label": label, "y": share,
                     "unit": "share of cells"})  # fmt: skip
    for sample, report in one.quality.items():
        for measure, unit in MEASURES.items():
            if report.get(measure) is not None:
                rows.append({**base(sample, "taxa"), "figure": "quality", "measure": measure,
                             "y": _rounded(float(report[measure])), "unit": unit,
                             "note": "; ".join(report.get("warnings", ())) or None})  # fmt: skip
    for sample, pathway, share in _functions(one):
        rows.append({**base(sample, "pathways"), "figure": "functions", "feature": pathway,
                     "label": knowledge.pathways()[pathway].name, "y": share, "unit": "share of cells"})  # fmt: skip
    for sample, row in _growth(one):
        rows.append({**base(sample, "taxa"), "figure": "growth", "unit": "peak-to-trough ratio", **row})
    common = {"specimen": one.assay.specimen}
    rows += [{**common, "assay": part_name(one.assay.name, "pathways"), **row} for row in _steps(one, own)]
    for score in scores:
        rows.append({**common, "assay": part_name(one.assay.name, "taxa"), "figure": "contaminants",
                     "measure": score.method, "feature": score.species, "label": score.species, "y": score.score,
                     "unit": "score", "note": f"in {score.samples} samples"
                     + ("" if score.blanks is None else f" and {score.blanks} blanks")})  # fmt: skip
    return points(rows)


def _composition(one: Profiles, named: list[str]) -> Iterator[tuple[str, str, float]]:
    """Yield (sample, species, share): the most abundant on average by name, the others together, and the unknown."""
    taxa = one.taxa
    known = taxa[taxa["genome"] != REST[0]]
    table = known.pivot_table(
        index="sample", columns="species", values="relative_abundance", aggfunc="sum", fill_value=0.0
    )
    table = table.reindex(list(one.samples), fill_value=0.0)
    rest = table.drop(columns=named).sum(axis=1)
    unknown = taxa[taxa["genome"] == REST[0]].set_index("sample")["relative_abundance"]
    shares = table[named].to_numpy(dtype=float)
    for i, sample in enumerate(one.samples):
        yield from ((sample, name, float(share)) for name, share in zip(named, shares[i], strict=True))
        if len(table.columns) > TOP:
            yield sample, OTHER, float(rest[sample])
        yield sample, REST[0], float(unknown[sample])


def _named(one: Profiles, own: Sequence[str]) -> list[str]:
    """Return the species that are drawn by name: the most abundant on average, blanks and the like left aside."""
    known = one.taxa[(one.taxa["genome"] != REST[0]) & one.taxa["sample"].isin(list(own))]
    sums = known.groupby("species")["relative_abundance"].sum().sort_values(ascending=False, kind="stable")
    return [str(name) for name in sums.index[:TOP]]


def _functions(one: Profiles) -> Iterator[tuple[str, str, float]]:
    """Yield (sample, pathway, share of cells) of the pathways that anyone carries whole."""
    rows = one.functions
    if rows.empty:
        return
    rows = rows[(rows["namespace"] == "pathway") & (rows["genome"] == ALL) & ~rows["id"].isin(REST)]
    carried = set(rows.loc[rows["abundance"] > 0, "id"]) & set(knowledge.pathways())
    rows = rows[rows["id"].isin(carried)]
    for sample, pathway, share in zip(rows["sample"], rows["id"], rows["abundance"].to_numpy(dtype=float), strict=True):
        yield str(sample), str(pathway), float(share)


def _growth(one: Profiles) -> Iterator[tuple[str, Row]]:
    """Yield (sample, row) of every genome looked at for growth; without a ratio the note says why."""
    if one.growth.empty:
        return
    species = dict(zip(one.taxa["genome"], one.taxa["species"], strict=True))
    for row in one.growth.to_dict("records"):
        genome = str(row["genome"])
        bounds = "" if pd.isna(row["ptr"]) else f"{row['low']:.2f} to {row['high']:.2f}; "
        note = "" if pd.isna(row["note"]) else f": {row['note']}"
        yield str(row["sample"]), {
            "feature": genome, "label": str(species.get(genome, genome)),
            "y": None if pd.isna(row["ptr"]) else float(row["ptr"]), "note": f"{bounds}{row['status']}{note}",
        }  # fmt: skip


def _steps(one: Profiles, own: Sequence[str]) -> Iterator[Row]:
    """Yield who carries each step of the pathways of `FAMILY`, as share of all cells, mean over samples ``own``."""
    rows = one.functions
    if rows.empty or not (rows["namespace"] == "KO").any():
        return
    rows = rows[(rows["namespace"] == "KO") & ~rows["genome"].isin([ALL]) & ~rows["id"].isin(REST)]
    rows = rows[(rows["abundance"] > 0) & rows["sample"].isin(list(own))]
    carried = {key: set(group["id"]) for key, group in rows.groupby(["sample", "genome"])}
    known = zip(
        one.taxa["sample"], one.taxa["genome"], one.taxa["relative_abundance"].to_numpy(dtype=float), strict=True
    )
    cells = {(sample, genome): float(share) for sample, genome, share in known}
    species = dict(zip(one.taxa["genome"], one.taxa["species"], strict=True))
    named = set(_named(one, own))
    for pathway in knowledge.pathways().values():
        if pathway.family != FAMILY:
            continue
        for place, step in enumerate(pathway.steps):
            shares: dict[str, float] = {}
            for key, kos in carried.items():
                if step.fulfilled(kos):
                    name = str(species[str(key[1])])
                    name = name if name in named else OTHER
                    shares[name] = shares.get(name, 0.0) + cells[(str(key[0]), str(key[1]))] / len(own)
            for name, share in _largest(shares):
                yield {
                    "figure": "steps", "measure": pathway.id, "feature": step.id, "label": step.name, "group": name,
                    "x": float(place), "y": share, "unit": "share of cells",
                    "note": f"{step.substrate} → {step.product}", "block": pathway.name, "side": step.role,
                }  # fmt: skip


def _largest(shares: dict[str, float]) -> list[tuple[str, float]]:
    """Return the carriers, largest first and the others last; nobody is a row of its own, so that the gap is drawn."""
    ranked = sorted(shares.items(), key=lambda item: (item[0] == OTHER, -item[1], item[0]))
    return ranked or [("(nobody)", 0.0)]


def _rounded(value: float) -> float:
    """Take what is left of a subtraction of equal numbers for the nothing that it is."""
    return 0.0 if abs(value) < 1e-12 else value
