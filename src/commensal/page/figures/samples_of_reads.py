"""The page's section on samples of reads: its figures, and the table of their quality."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from commensal.page.figures.composition import composition, species_colours
from commensal.page.figures.drawn import Figure
from commensal.page.figures.functions import heat_map, steps
from commensal.page.words import count, missing, number, percent

#: Measure of a point → heading of its column.
HEADINGS = {
    "reads_in": "Reads", "too_short": "Too short", "host_reads": "Host", "kept": "Kept", "unknown": "Unknown",
    "duplicates": "Duplicates", "insert_size": "Insert size (bp)", "gc": "G + C", "detection_floor": "Not seen below",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class QualityTable:
    """The quality of the samples of one assay: headings, and a row of texts per sample."""

    assay: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def reads_figures(points: pd.DataFrame) -> list[Figure]:
    """Draw composition, functions and NAD's pathways of every assay of reads."""
    drawn: list[Figure] = []
    for own in _assays(points):
        colours = species_colours(own)
        drawn += [*composition(own, colours), *heat_map(own), *steps(own, colours)]
    return drawn


def quality_tables(points: pd.DataFrame) -> list[QualityTable]:
    """Write the quality of each sample; what was not measured is a dash."""
    tables = []
    for own in _assays(points):
        quality = own[own["figure"] == "quality"]
        if quality.empty:
            continue
        present = [measure for measure in HEADINGS if (quality["measure"] == measure).any()]
        rows = []
        for sample, part in quality.groupby("sample", sort=False):
            cells = {str(m): (y, unit) for m, y, unit in zip(part["measure"], part["y"], part["unit"], strict=True)}
            note = part["note"].dropna()
            texts = [_text(*cells.get(measure, (None, None))) for measure in present]
            rows.append((str(sample), *texts, str(note.iloc[0]) if len(note) else ""))
        headings = ("Sample", *(HEADINGS[measure] for measure in present), "Warnings")
        tables.append(QualityTable(str(quality["assay"].iloc[0]), headings, tuple(rows)))
    return tables


def _assays(points: pd.DataFrame) -> list[pd.DataFrame]:
    """Cut the points of no question by the assay of reads that they come from."""
    own = points[points["question"].isna() & points["assay"].notna()]
    stems = own["assay"].astype(str).str.replace(r"_(taxa|genes|pathways)$", "", regex=True)
    return [own[stems == stem] for stem in dict.fromkeys(stems)]


def _text(value: object, unit: object) -> str:
    if missing(value):
        return "–"
    x = float(str(value))
    if str(unit).startswith("share"):
        return percent(x)
    return count(int(x)) if unit == "reads" else number(x)
