"""Animal studies written out in the tests: a study file's text and its tables as frames, joined as io would."""

from __future__ import annotations

import numpy as np
import pandas as pd

from commensal.study import AssayTable, LoadedStudy, assemble, parse_study

HEAD = """
[study]
name = "mice"
time_unit = "day"
[tables.samples]
file = "samples.tsv"
columns = {{ subject = "mouse", time = "day" }}
[tables.subjects]
file = "mice.tsv"
columns = {{ subject = "mouse" }}
{tables}
[assays.taxa]
kind = "taxa"
file = "taxa.tsv"
value = "counts"
specimen = "stool"
"""
PHENOTYPES = '[tables.phenotypes]\nfile = "phenotypes.tsv"\ncolumns = { subject = "mouse", time = "day" }'
EVENTS = '[tables.events]\nfile = "events.tsv"\ncolumns = {{ subject = "mouse"{} }}'


def text_cells(frame: pd.DataFrame, file: str) -> pd.DataFrame:
    """A frame as io reads it: text, blank where missing."""
    cells = frame.map(lambda value: "" if pd.isna(value) else f"{value:g}" if isinstance(value, float) else str(value))
    cells.attrs["file"] = file
    return cells.astype(object)


def animals(
    text: str,
    mice: pd.DataFrame,
    *,
    phenotypes: pd.DataFrame | None = None,
    events: pd.DataFrame | None = None,
    samples: pd.DataFrame | None = None,
    counts: np.ndarray | None = None,
) -> LoadedStudy:
    """Join a study of mice; without samples each mouse has one at day 0, with the counts given or ones."""
    if samples is None:
        samples = pd.DataFrame({"sample": [f"s-{mouse}" for mouse in mice["mouse"]], "mouse": mice["mouse"], "day": 0})
    tables = [PHENOTYPES] * (phenotypes is not None)
    if events is not None:
        tables.append(EVENTS.format(', time = "day"' if "day" in events else ""))
    study = parse_study(HEAD.format(tables="\n".join(tables)) + text)
    frames = {"samples": text_cells(samples, "samples.tsv"), "subjects": text_cells(mice, "mice.tsv")}
    if phenotypes is not None:
        frames["phenotypes"] = text_cells(phenotypes, "phenotypes.tsv")
    if events is not None:
        frames["events"] = text_cells(events, "events.tsv")
    values = np.ones((len(samples), 2)) if counts is None else counts
    names = [f"f{index + 1}" for index in range(values.shape[1])]
    features = pd.DataFrame({"label": names}, index=names)
    table = AssayTable(study.assays["taxa"], tuple(samples["sample"]), features, values.astype(float))
    return assemble(study, frames, {"taxa": table})
