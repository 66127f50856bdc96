"""Function: what the genomes that were found can do, times how many of them there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import dataset

from commensal.reads.tables import frame

#: Rows that belong to no single feature or genome.
ALL, UNMAPPED, UNANNOTATED = "(all)", "(unmapped)", "(unannotated)"
#: Bacteria have about one gene per this many bases: used where a genome comes without gene calls.
BASES_PER_GENE = 1_050
#: What the default cannot see, said in the table itself.
BLIND = "genes of the reference genomes: what the sample's strain has lost is not seen without --mode mapping"


def annotation(reference: Path, genomes: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read genes and functions of these genomes only: (genome, gene, length), (genome, gene, namespace, id)."""
    return (
        _read(reference / "genes.parquet", ["genome", "gene", "contig", "start", "end", "length"], genomes),
        _read(reference / "functions.parquet", ["genome", "gene", "namespace", "id"], genomes),
    )


def functions(
    sample: str,
    cells: Mapping[str, float],
    unknown: float,
    sizes: Mapping[str, float],
    genes: pd.DataFrame,
    terms: pd.DataFrame,
    *,
    copies: pd.DataFrame | None = None,
    pathways: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Abundance of every function, in sum and by genome.

    ``abundance`` is copies per genome equivalent: the sum over genomes of (share of cells) × (genes that carry the
    function), where the unknown part counts as cells without known genes. ``relative`` is its share of all gene
    copies, so that a namespace's rows of the whole community, with ``(unmapped)`` (genes of the unknown part, at the
    known genomes' mean number) and ``(unannotated)`` (genes without an entry in this namespace), sum to 1. A gene
    with two entries counts in both, half in ``relative``.

    Parameters
    ----------
    sample
        Name of the sample.
    cells, unknown
        Share of cells of each genome, and of what no genome explains; together 1.
    sizes
        Length of each genome in bases.
    genes, terms
        As from `annotation`.
    copies
        Mapping mode: genome, gene, copies (0: absent). None: every gene of a genome is there once, which cannot see a
        gene that the sample's strain has lost.
    pathways
        Definitions as `commensal.knowledge.pathways` gives them; None leaves pathways out.

    Returns
    -------
    pandas.DataFrame
        The table ``functions`` of a profile. Rows ``(all)`` first, then by genome.
    """
    names = list(cells)
    weights = pd.Series({name: float(cells[name]) for name in names}, dtype=float)
    carried = _copies(genes, names, copies)
    number = carried.groupby("genome")["copies"].sum().reindex(names)
    called = set(genes["genome"])
    guessed = [name for name in names if name not in called]
    for name in guessed:
        number[name] = sizes[name] / BASES_PER_GENE
    terms = _placed(terms, carried)
    known = weights.sum()
    note = BLIND if copies is None and names else None
    lost = unknown * float((weights * number).sum() / known) if known > 0 else np.nan
    parts = [
        _namespace(namespace, terms[terms["namespace"] == namespace], carried, weights, number, lost, guessed, note)
        for namespace in sorted(set(terms["namespace"]) | ({"KO"} if len(terms) == 0 else set()))
    ]
    if len(genes):
        parts.append(_genes(carried, weights, number, lost))
    if pathways:
        parts.append(_pathways(terms[terms["namespace"].isin(["KO"])], carried, weights, pathways, unknown))
    rows = pd.concat(parts, ignore_index=True)
    return frame("functions", {column: rows[column].to_numpy() for column in rows.columns}, sample)


def _copies(genes: pd.DataFrame, names: list[str], copies: pd.DataFrame | None) -> pd.DataFrame:
    """Genes of the genomes found, with the genome's number among these (``code``) and the gene's copies."""
    code = pd.Categorical(genes["genome"], categories=names).codes
    own = genes.loc[code >= 0, ["genome", "gene"]].assign(code=code[code >= 0].astype(int), copies=1.0)
    own = own.reset_index(drop=True)
    if copies is None:
        return own
    measured = own[["genome", "gene"]].merge(copies[["genome", "gene", "copies"]], on=["genome", "gene"], how="left")
    return own.assign(copies=measured["copies"].fillna(0.0))


def _placed(terms: pd.DataFrame, carried: pd.DataFrame) -> pd.DataFrame:
    """Add to each term the row of its gene; terms of genes that are not there are left out."""
    at = {pair: i for i, pair in enumerate(zip(carried["genome"], carried["gene"], strict=True))}
    row = np.array([at.get(pair, -1) for pair in zip(terms["genome"], terms["gene"], strict=True)], dtype=np.int64)
    return terms[row >= 0].assign(row=row[row >= 0])


def _namespace(
    namespace: str,
    terms: pd.DataFrame,
    carried: pd.DataFrame,
    weights: pd.Series[float],
    number: pd.Series[float],
    lost: float,
    guessed: list[str],
    note: str | None,
) -> pd.DataFrame:
    names, genome = list(weights.index), carried["code"].to_numpy()
    codes, ids = pd.factorize(terms["id"], sort=True)
    row, term = np.divmod(np.unique(terms["row"].to_numpy() * max(len(ids), 1) + codes), max(len(ids), 1))
    own = weights.to_numpy()[genome[row]] * carried["copies"].to_numpy()[row]
    half = own / np.bincount(row)[row] if len(row) else own
    groups, which = np.unique(term * len(names) + genome[row], return_inverse=True)
    sums = [np.bincount(which, part, len(groups)) for part in (own, half)]
    by_genome = pd.DataFrame(
        {
            "id": np.asarray(ids, dtype=object)[groups // max(len(names), 1)],
            "genome": np.array(names, dtype=object)[groups % max(len(names), 1)],
            "abundance": sums[0],
            "relative": sums[1],
        }
    )
    whole = pd.DataFrame(
        {
            "id": np.asarray(ids, dtype=object),
            "abundance": np.bincount(term, own, len(ids)),
            "relative": np.bincount(term, half, len(ids)),
        }
    )
    entered = np.unique(row)
    annotated = np.bincount(genome[entered], carried["copies"].to_numpy()[entered], len(names))
    bare = (number - annotated).clip(lower=0.0) * weights
    notes = dict.fromkeys(guessed, "gene number from the genome's length: no gene calls")
    rest = pd.DataFrame(
        {"id": UNANNOTATED, "genome": bare.index, "abundance": bare.to_numpy(), "relative": bare.to_numpy()}
    )
    rest["note"] = rest["genome"].map(notes)
    ends = pd.DataFrame(
        {
            "id": [UNMAPPED, UNANNOTATED],
            "abundance": [lost, bare.sum()],
            "relative": [lost, bare.sum()],
            "note": [None, note],
        }
    )
    rows = pd.concat([pd.concat([whole, ends]).assign(genome=ALL), by_genome, rest], ignore_index=True)
    total = rows.loc[rows["genome"] == ALL, "relative"].sum()
    return rows.assign(namespace=namespace, relative=rows["relative"] / total if total > 0 else np.nan)


def _genes(carried: pd.DataFrame, weights: pd.Series[float], number: pd.Series[float], lost: float) -> pd.DataFrame:
    abundance = carried["genome"].map(weights).to_numpy(dtype=float) * carried["copies"].to_numpy(dtype=float)
    total = float((weights * number).sum()) + (0.0 if np.isnan(lost) else lost)
    rows = pd.DataFrame({"id": carried["gene"], "genome": carried["genome"], "abundance": abundance})
    ends = pd.DataFrame({"id": [UNMAPPED], "genome": [ALL], "abundance": [lost]})
    rows = pd.concat([ends, rows], ignore_index=True)
    return rows.assign(namespace="gene", relative=rows["abundance"] / total if total > 0 else np.nan)


def _pathways(
    terms: pd.DataFrame,
    carried: pd.DataFrame,
    weights: pd.Series[float],
    pathways: Mapping[str, Any],
    unknown: float,
) -> pd.DataFrame:
    """Share of cells that carry a whole pathway; completeness by genome, and by what the community has together."""
    from commensal import knowledge

    there = terms[carried["copies"].to_numpy()[terms["row"].to_numpy()] > 0]
    own: dict[str, set[str]] = {}
    for genome, term in zip(there["genome"], there["id"], strict=True):
        own.setdefault(genome, set()).add(term)
    together = set().union(*own.values()) if own else set()
    rows: list[dict[str, object]] = []
    for name, pathway in pathways.items():
        carriers = 0.0
        each: list[dict[str, object]] = []
        for genome, kos in own.items():
            judged = knowledge.completeness(kos, pathway)
            share = float(weights[genome]) if judged.complete else 0.0
            carriers += share
            if judged.share > 0:
                each.append({"id": name, "genome": genome, "abundance": share, "completeness": judged.share})
        judged = knowledge.completeness(together, pathway)
        note = "complete only together: no genome carries all of it" if judged.complete and not carriers else None
        rows.append(
            {"id": name, "genome": ALL, "abundance": carriers, "completeness": judged.share, "note": note},
        )
        rows += each
    rows.append({"id": UNMAPPED, "genome": ALL, "abundance": unknown})
    bare = float(weights.sum() - sum(weights[name] for name in own))
    rows.append({"id": UNANNOTATED, "genome": ALL, "abundance": bare})
    table = pd.DataFrame(rows, columns=["id", "genome", "abundance", "completeness", "note"])
    return table.assign(namespace="pathway", relative=table["abundance"])


def _read(path: Path, columns: list[str], genomes: Sequence[str]) -> pd.DataFrame:
    if not path.is_file():
        return pd.DataFrame({column: pd.Series(dtype=object) for column in columns})
    chosen = dataset.field("genome").isin(pa.array(list(genomes), type=pa.string()))
    read: pd.DataFrame = dataset.dataset(path, format="parquet").to_table(columns=columns, filter=chosen).to_pandas()
    return read
