"""Tables of docs/scale.md, from results/scale.json: ``python benchmarks/scale_page.py``.

With options (``--price 0.05 --nodes 20 …``) it prints the tables of another model and leaves the page as it is.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results" / "scale.json"
PAGE = Path(__file__).parents[1] / "docs" / "scale.md"
BEGIN, END = "<!-- made by benchmarks/scale_page.py: begin -->", "<!-- end -->"


@dataclass(frozen=True)
class Model:
    """What is assumed beside what was measured."""

    nodes: int = 100
    cores: int = 32  #: per node
    price: float = 0.05  #: of a core for an hour
    pairs: float = 10.0  #: million pairs of reads per sample
    genomes: int = 5000  #: of the reference
    features: int = 20_000  #: tested, over all assays
    steps: int = 8  #: that they are spread over: a step is one worker's
    busy: float = 0.8  #: share of the cores' time that is work: queues, stragglers, files


def costs(figures: dict[str, Any], samples: int, model: Model) -> dict[str, Any]:
    """Return hours, core-hours, price, memory and traffic of a study of so many samples."""
    sample, slots = figures["sample"], model.nodes * model.cores
    extra = max(model.genomes - sample["genomes"], 0) / 1000
    seconds = sample["cpu_seconds_fixed"] + model.pairs * sample["cpu_seconds_per_million_pairs"]
    seconds += extra * sample["cpu_seconds_per_1000_genomes"]
    rounds = -(-samples // slots)
    profiling = max(rounds * seconds / model.busy, samples * figures["task"]["dask_ms"] / 1e3)
    row = tested(figures, samples)
    growth = samples / row["people"]
    testing = row["cpu_ms_per_feature"] / 1e3 * growth * model.features + row["cpu_seconds_once"] * growth**3
    core_hours = (samples * seconds / model.busy + testing) / 3600
    gb = model.pairs * sample["gb_per_million_pairs"]
    return {
        "design": row["design"],
        "profiling_hours": profiling / 3600,
        "testing_hours": testing / model.steps / 3600,
        "core_hours": core_hours,
        "price": core_hours * model.price,
        "memory": sample["peak_gb"] + extra * sample["peak_gb_per_1000_genomes"],
        "gb": samples * gb,
        "gb_per_second": min(samples, slots) * gb / (seconds / model.busy),
    }


def tested(figures: dict[str, Any], samples: int) -> dict[str, Any]:
    """Return the measured design to go by: households while so many were measured, else unrelated people."""
    rows: list[dict[str, Any]] = figures["feature"]
    homes = [row for row in rows if row["design"] == "households" and row["people"] >= samples]
    return min(homes or [row for row in rows if row["design"] == "unrelated"], key=lambda row: row["people"])


def tables(figures: dict[str, Any], model: Model) -> str:
    sample, task, workers = figures["sample"], figures["task"], figures["workers"]
    text = f"Measured {figures['date']} on {figures['processor']}.\n\n| | measured |\n|---|---|\n"
    rows = [
        ("profiling a sample, fixed part", f"{sample['cpu_seconds_fixed']} CPU s"),
        ("… per million pairs (2 × 150)", f"{sample['cpu_seconds_per_million_pairs']} CPU s"),
        ("… per 1,000 genomes of the reference", f"{sample['cpu_seconds_per_1000_genomes']} CPU s"),
        (f"memory of one sample, {sample['genomes']} genomes", f"{sample['peak_gb']} GB"),
        ("… per 1,000 genomes more", f"{sample['peak_gb_per_1000_genomes']} GB"),
    ]
    for row in figures["feature"]:
        rows.append(
            (
                f"testing a feature, {row['people']:,} people, {row['design']}",
                f"{row['cpu_ms_per_feature']} CPU ms, and {row['cpu_seconds_once']} CPU s once; "
                f"{row['features']:,} features in {row['peak_gb']} GB",
            )
        )
    rows.append(("a task, by local workers and by Dask", f"{task['local_ms']} ms, {task['dask_ms']} ms"))
    turns = f"{workers['ratio']} of one's time (median of {len(workers['seconds'])} turns)"
    rows.append((f"two workers on {workers['samples']} samples of {workers['pairs']:,} pairs", turns))
    text += "".join(f"| {what} | {value} |\n" for what, value in rows) + "\n"
    text += f"On {model.nodes} nodes of {model.cores} cores, at {model.price:g} per core and hour:\n\n"
    sizes = (1_000, 100_000)
    found = [costs(figures, n, model) for n in sizes]
    text += "| | " + " | ".join(f"{n:,} metagenomes" for n in sizes) + " |\n|---|---|---|\n"
    text += "| people tested as | " + " | ".join(str(one["design"]) for one in found) + " |\n"
    for label, key, form in (
        ("profiling, hours", "profiling_hours", ",.2f"), ("testing, hours", "testing_hours", ",.2f"),
        ("core-hours", "core_hours", ",.0f"), ("cost", "price", ",.0f"), ("memory of each core, GB", "memory", ".1f"),
        ("reads, GB", "gb", ",.0f"),
        ("what the files must give, GB/s", "gb_per_second", ",.1f"),
    ):  # fmt: skip
        text += f"| {label} | " + " | ".join(format(one[key], form) for one in found) + " |\n"
    return text


def page(figures: dict[str, Any], written: str, model: Model) -> str:
    """Put the tables between the marks of the page."""
    head, rest = written.split(BEGIN)
    return head + BEGIN + "\n\n" + tables(figures, model) + "\n" + END + rest.split(END)[1]


def main() -> None:
    parser = argparse.ArgumentParser()
    for field in fields(Model):
        parser.add_argument(f"--{field.name}", type=type(field.default), default=field.default)
    model = Model(**vars(parser.parse_args()))
    figures = json.loads(RESULTS.read_text())
    if model == Model():
        PAGE.write_text(page(figures, PAGE.read_text(encoding="utf-8"), model), encoding="utf-8")
    print(tables(figures, model))


if __name__ == "__main__":
    main()
