"""Real tables into which `truth.py` implants signals, and the signals.

As Wirbel et al. (2024, Genome Biology 25:247): groups are drawn at random from real samples, so that no real difference
is between them, and a known change is made in a random tenth of the features. What is changed are the counts
themselves: their distribution, zeros and correlations stay real.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from commensal import io
from commensal.study import Assay

#: Tables on which the default was chosen, and tables that were not looked at for it.
DEVELOPMENT, HELD_OUT = ("jacobs2016", "kostic2015"), ("jenior2018", "pd_mouse2016")
#: Features present in fewer of the drawn samples are not of the truth: no method tests them.
PREVALENCE = 0.1
#: Share of features that get a signal, of the rest that follow a confounder, and that fall in a collapse.
SIGNAL, CONFOUNDED, COLLAPSED = 0.1, 0.2, 0.7


@dataclass(frozen=True)
class Table:
    """Counts (n, m) with the unit and, where there is one, the homogeneous side of each sample."""

    name: str
    counts: np.ndarray
    unit: np.ndarray  #: (n,) family, infant, cage or mouse
    side: np.ndarray  #: (n,) True on the homogeneous side


@dataclass(frozen=True)
class Cell:
    """One kind of data set."""

    table: str
    signal: str  #: nonzero, all, prevalence, both, one way, confounder, null, collapse
    n: int  #: samples per group; for repeated units: units in all
    fold: float = 4.0
    shift: float = 0.3
    units: str = "none"  #: none; whole (label of whole units); within (label inside units)

    @property
    def name(self) -> str:
        """How the results name it."""
        words = {"none": f"n {self.n}", "whole": f"{self.n} units, repeated", "within": f"{self.n} units, label inside"}
        return f"{self.table}: {self.signal} x{self.fold:g}, {words[self.units]}"


@dataclass(frozen=True)
class Drawn:
    """One data set with its truth."""

    counts: np.ndarray  #: (n, m)
    label: np.ndarray  #: (n,) 0 or 1
    block: np.ndarray | None
    covariate: np.ndarray | None
    load: np.ndarray  #: (n,) measured absolute load
    changed: np.ndarray  #: (m,) True where a signal was implanted


def read(name: str, data: Path) -> Table:
    """Read one of the four tables."""
    return {"jacobs2016": _people, "kostic2015": _people, "jenior2018": _jenior, "pd_mouse2016": _sampson}[name](
        name, data / name
    )


def _people(name: str, folder: Path) -> Table:
    metadata = pd.read_csv(folder / "metadata.tsv.gz", sep="\t", dtype=str).set_index("Sample")
    counts = pd.read_csv(folder / "genera.counts.tsv.gz", sep="\t").set_index("Sample")
    metadata = metadata.loc[counts.index]
    well = metadata["Study.Group"].isin(["Normal", "control"]).to_numpy()
    unit = metadata["Family_ID" if name == "jacobs2016" else "Subject"].to_numpy(dtype=str)
    return Table(name, counts.to_numpy(float), unit, well)


def _jenior(name: str, folder: Path) -> Table:
    shared = pd.read_csv(folder / "otus.shared.gz", sep="\t", dtype={"Group": str}).set_index("Group")
    metadata = pd.read_csv(folder / "metadata.tsv", sep="\t").set_index("name")
    shared = shared.loc[[sample for sample in shared.index if sample in metadata.index]]
    metadata = metadata.loc[shared.index]
    unit = (metadata["abx"] + "/" + metadata["infection"] + "/" + metadata["cage"].astype(str)).to_numpy(dtype=str)
    counts = shared.drop(columns=["label", "numOtus"]).to_numpy(float)
    return Table(name, counts, unit, np.ones(len(counts), bool))


def _sampson(name: str, folder: Path) -> Table:
    declared = Assay("taxa", "taxa", file="dada2_table.qza", value="counts")
    metadata = pd.read_csv(folder / "metadata.tsv", sep="\t", dtype=str, comment="#").set_index("sample_name")
    table = io.read_assay(declared, folder, list(metadata.index))
    unit = metadata.loc[list(table.samples), "mouse_id"].to_numpy(dtype=str)
    return Table(name, table.values, unit, np.ones(len(unit), bool))


def draw(cell: Cell, table: Table, seed: int) -> Drawn:
    """Draw groups and implant the cell's signal; all that is random follows from the seed."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, *cell.name.encode()]))
    rows, label, block = _groups(cell, table, rng)
    counts = table.counts[rows]
    present = (counts > 0).mean(axis=0)
    counts = counts[:, present >= PREVALENCE]
    m = counts.shape[1]
    covariate = None
    if cell.signal == "confounder":
        of_label = rng.random(len(label)) < np.where(label == 1, 0.75, 0.25)
        covariate = of_label.astype(float)
    changed = np.zeros(m, bool)
    amounts = counts.copy()
    if cell.signal == "collapse":
        fall = rng.random(m) < COLLAPSED
        amounts[np.ix_(label == 1, fall)] /= 16
        changed = fall
    elif cell.signal != "null":
        chosen = rng.choice(m, max(1, round(SIGNAL * m)), replace=False)
        changed[chosen] = True
        for j in chosen.tolist():
            amounts[:, j] = _implanted(cell, amounts[:, j], label == 1, rng)
        if covariate is not None:
            for j in np.flatnonzero(~changed & (rng.random(m) < CONFOUNDED)).tolist():
                amounts[:, j] = _implanted(cell, amounts[:, j], covariate == 1, rng)
    load = 1e9 * amounts.sum(axis=1) / counts.sum(axis=1) * np.exp2(rng.normal(0, 0.5, len(label)))
    return Drawn(_sequenced(amounts, counts.sum(axis=1), rng), label, block, covariate, load, changed)


def _groups(cell: Cell, table: Table, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    if cell.units == "none":
        pool = np.flatnonzero(table.side)
        if len(pool) < 2 * cell.n:
            pool = np.arange(len(table.side))
        # Where the table has fewer samples, they are drawn again: labels are as random among copies.
        rows = rng.choice(pool, 2 * cell.n, replace=len(pool) < 2 * cell.n)
        return rows, np.repeat([0.0, 1.0], cell.n), None
    units = np.unique(table.unit)
    rows = np.flatnonzero(np.isin(table.unit, rng.choice(units, min(cell.n, len(units)), replace=False)))
    block = table.unit[rows]
    label = np.zeros(len(rows))
    if cell.units == "whole":
        names = np.unique(block)
        label[np.isin(block, rng.choice(names, len(names) // 2, replace=False))] = 1
    else:
        for name in np.unique(block):
            inside = rng.permutation(np.flatnonzero(block == name))
            label[inside[: len(inside) // 2 + int(len(inside) % 2 and rng.random() < 0.5)]] = 1
    return rows, label, block


def _implanted(cell: Cell, amount: np.ndarray, case: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return one feature's amounts (n,) with the signal in the cases."""
    up = cell.signal == "one way" or rng.random() < 0.5
    fold = cell.fold if up else 1 / cell.fold
    out = amount.copy()
    here = amount > 0
    if cell.signal != "prevalence":
        out[case] *= fold
    if cell.signal == "all" and up:
        # What lay below detection is fold times as much too: some of it is seen, near the least that is seen.
        gained = case & ~here & (rng.random(len(out)) < 0.35)
        least = amount[here & (amount <= np.quantile(amount[here], 0.25))]
        out[gained] = rng.choice(least, int(gained.sum()))
    if cell.signal == "all" and not up:
        out[case & (out < amount[here].min())] = 0
    if cell.signal in {"prevalence", "both", "confounder"}:
        share = here[case].mean()
        if up:
            gained = case & ~here & (rng.random(len(out)) < cell.shift / max(1 - share, cell.shift))
            out[gained] = rng.choice(amount[here], int(gained.sum())) * (1 if cell.signal == "prevalence" else fold)
        else:
            out[case & here & (rng.random(len(out)) < cell.shift / max(share, cell.shift))] = 0
    return out


def _sequenced(amounts: np.ndarray, depth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return counts at the old depth: amounts scaled, fractions of reads rounded at random so that means stay."""
    scaled = amounts * (depth / np.maximum(amounts.sum(axis=1), 1e-300))[:, None]
    return np.asarray(np.floor(scaled + rng.random(scaled.shape) * (scaled > 0)), dtype=float)
