"""Microbes beside molecules across people: who goes with which molecule, and whether a genome agrees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal import knowledge, stats
from commensal.errors import DesignError
from commensal.questions.answer import Answer
from commensal.questions.comparison import BETWEEN, OVERALL, WITHIN, Comparison, compare
from commensal.questions.names import COMPOUND, exogenous, targeted_columns
from commensal.questions.scales import scales
from commensal.questions.severity import ranked_lowest, unit_means
from commensal.study import LoadedStudy, Question
from commensal.tables import ALL, WITH_P, estimates, points

Array = NDArray[np.float64]
PRODUCER, PAIRS = "producer", "producers, all pairs"
#: Pairs with a row of their own, besides those of molecules chosen beforehand: the smallest p of each term.
SHOWN = 250
#: Molecules and taxa of the heat map.
DRAWN = 24
FEWEST = 5


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """One table of molecules beside the taxa of the same people."""

    molecules: Comparison
    y: Array  #: (n, q) log2, absence lowest
    x: Array  #: (n, p) of taxa, likewise
    taxa: pd.DataFrame  #: p rows
    covariates: Array  #: (n, k), the label first
    block: NDArray[np.str_] | None
    tested: NDArray[np.bool_]  #: (q,)
    usual: NDArray[np.bool_]  #: (p,)
    matched: str


def producers(loaded: LoadedStudy, question: Question, assay: str) -> Answer:
    """Associate every taxon with every molecule that the question asks; called for the first table of molecules.

    All pairs of all tables are one family per term: within blocks first, between their means apart.
    """
    asked = question.producers.get("molecules", ())
    if not asked or assay != asked[0]:
        return Answer(estimates(), points())
    taxa = question.producers["taxa"][0]
    held = {name for name, table in loaded.assays.items() if table.stored is None}
    if not held.issuperset((taxa, *asked)):  # larger than memory, as its finding says
        return Answer(estimates(), points())
    tables = [_table(loaded, question, taxa, name) for name in asked]
    frames, drawn = [], []
    blocked = any(table.block is not None for table in tables)
    for term in (WITHIN, BETWEEN) if blocked else (OVERALL,):
        found = [_associated(table, term) for table in tables]
        family = f"{question.name} / {question.contrast} / microbes × molecules, all pairs / {term}"
        p = np.concatenate([one.p.ravel() for one in found if one is not None] or [np.empty(0)])
        q = stats.bh(p, family=family)
        start = 0
        for table, one in zip(tables, found, strict=True):
            if one is None:
                frames.append(_none(table, term))
                continue
            own = q[start : start + one.p.size].reshape(one.p.shape)
            start += one.p.size
            rows = _rows(loaded, table, one, own, term, family, int(np.isfinite(p).sum()))
            frames.append(rows)
            if term != BETWEEN:
                drawn.append(_drawn(table, one, own, rows))
    return Answer(estimates(pd.concat(frames, ignore_index=True)), points(pd.concat(drawn)) if drawn else points())


def _table(loaded: LoadedStudy, question: Question, taxa: str, molecules: str) -> _Table:
    first, second = compare(loaded, question, taxa), compare(loaded, question, molecules)
    left, right, words = _matched(loaded, first, second)
    if len(left) < FEWEST:
        raise DesignError(
            f"too few people have both {taxa} and {molecules}", where=f"[questions.{question.name}] producers",
            found=f"{len(left)} pairs of samples ({words})", expected=f"at least {FEWEST}",
            mend="give both tables the same sample ids, or the samples table a subject",
        )  # fmt: skip
    scale_x, scale_y = scales(first.assay, first.values), scales(second.assay, second.values)
    x, y = ranked_lowest(scale_x)[left], ranked_lowest(scale_y)[right]
    need = max(FEWEST, question.min_prevalence * len(left))
    return _Table(
        second, y, x, first.assay.features, np.column_stack([second.label, second.covariates])[right],
        None if second.block is None else second.block[right],
        np.isfinite(scale_y.log2[right]).sum(axis=0) >= need, np.isfinite(scale_x.log2[left]).sum(axis=0) >= need,
        words,
    )  # fmt: skip


def _matched(loaded: LoadedStudy, one: Comparison, other: Comparison) -> tuple[Any, Any, str]:
    """Pair the samples of two tables: the same sample, else the same subject (at the same time, where one is known)."""
    if set(one.samples) & set(other.samples):
        keys, words = (one.samples, other.samples), "the same sample"
    else:
        words, keys = "the same person", (one.subjects, other.subjects)
        if "time" in loaded.samples.columns and any(len(set(each)) < len(each) for each in keys):
            words = "the same person at the same time"
            time = loaded.samples["time"].astype("string").fillna("")
            keys = tuple(  # type: ignore[assignment]
                tuple(f"{who} {time[sample]}" for who, sample in zip(each.subjects, each.samples, strict=True))
                for each in (one, other)
            )
    place = {key: i for i, key in reversed(list(enumerate(keys[0])))}
    pairs = [(place[key], j) for j, key in enumerate(keys[1]) if key in place]
    return [i for i, _ in pairs], [j for _, j in pairs], words


def _associated(table: _Table, term: str) -> stats.Associations | None:
    """Correlate all pairs of one term; the label and the covariates are held fixed. None where nothing can be."""
    x, y, fixed, block = table.x[:, table.usual], table.y[:, table.tested], table.covariates, table.block
    if not x.size or not y.size:
        return None
    if term == BETWEEN and block is not None:
        both, fixed, n = unit_means(np.column_stack([x, y]), fixed, np.asarray(block, dtype=object))
        x, y, block = both[:, : x.shape[1]], both[:, x.shape[1] :], None
        if n < FEWEST:
            return None
    if term == WITHIN and block is None:
        return None
    fixed = fixed[:, np.ptp(fixed, axis=0) > 0]
    return stats.associate(x, y, covariates=fixed if fixed.size else None, block=block)


def _none(table: _Table, term: str) -> pd.DataFrame:
    return pd.DataFrame(
        [{**table.molecules.identity(), "feature": ALL, "model": PAIRS, "term": term, "status": "too_few"}]
    )


def _rows(
    loaded: LoadedStudy, table: _Table, found: stats.Associations, q: Array, term: str, family: str, total: int
) -> pd.DataFrame:
    comparison = table.molecules
    columns, rows = np.flatnonzero(table.tested), np.flatnonzero(table.usual)
    chosen = targeted_columns(comparison.assay.features, comparison.question.targeted)
    keep = np.zeros(found.p.shape, dtype=bool)
    keep[:, [int(at) in chosen for at in columns]] = True
    flat = np.where(np.isfinite(found.p), found.p, np.inf).ravel()
    smallest = np.argsort(flat, kind="stable")[:SHOWN]
    keep.ravel()[smallest[np.isfinite(flat[smallest])]] = True
    i, j = np.nonzero(keep)
    low, high = found.interval(comparison.question.level)
    features = comparison.assay.features
    frame = pd.DataFrame({"feature": features.index.astype(str)[columns[j]], "model": PRODUCER})
    frame["label"] = features["label"].astype(str).to_numpy()[columns[j]]
    frame["measure"] = table.taxa["label"].astype(str).to_numpy()[rows[i]]
    frame["unit"], frame["test"], frame["family"] = "Spearman's r", "t", family
    values = {"effect": found.r, "low": low, "high": high, "df": found.df, "p": found.p, "q": q, "n": found.n}
    for name, held in values.items():
        frame[name] = held[i, j]
    frame["status"] = found.status()[i, j]
    frame.loc[~frame["status"].isin(WITH_P), ["p", "q", "low", "high"]] = np.nan
    frame.loc[frame["p"].isna(), "family"] = pd.NA
    reason = exogenous(features)[columns[j]]
    frame["note"] = [
        "; ".join(filter(None, (_capable(loaded, table.taxa, int(a), features, int(b), r), why)))
        for a, b, r, why in zip(rows[i], columns[j], frame["effect"], reason, strict=True)
    ]
    frame = frame.sort_values("p", kind="stable")
    hits = int((q < 0.05).sum())
    summary = {
        "feature": ALL, "model": PAIRS, "status": "ok", "n": len(table.y),
        "note": f"{len(rows)} of {len(table.usual)} taxa × {len(columns)} of {len(table.tested)} molecules (found in "
        f"enough samples): {found.p.size:,} pairs here, {total:,} in the family; {hits:,} at q < 0.05; rows for "
        f"{len(frame):,}: the smallest p and molecules chosen beforehand; {table.matched}; sides and covariates held "
        "fixed",
    }  # fmt: skip
    made = pd.concat([pd.DataFrame([summary]), frame], ignore_index=True)
    shared: dict[str, Any] = {**comparison.identity(), "term": term, "level": comparison.question.level}
    for name, value in shared.items():
        made[name] = value
    if table.block is not None:
        made["n_blocks"] = len(np.unique(table.block))
    return made


def _capable(
    loaded: LoadedStudy, taxa: pd.DataFrame, taxon: int, features: pd.DataFrame, molecule: int, r: float
) -> str:
    """Say what a genome of this taxon can do with this molecule, where that is known, and whether r agrees."""
    genomes = loaded.genomes
    if not genomes:
        return ""
    named = features[COMPOUND].iloc[molecule] if COMPOUND in features else features["label"].iloc[molecule]
    if pd.isna(named):
        return ""
    words = {str(taxa.index[taxon]).casefold(), str(taxa["label"].iloc[taxon]).casefold()}
    for genome in genomes.values():
        if {str(genome.name).casefold(), str(genome.label).casefold()} & words:
            verdict = str(knowledge.capability(genome.kos, str(named), ecs=genome.ecs).verdict)
            agrees = r > 0 if verdict in ("makes", "releases") else r < 0 if verdict == "consumes" else None
            told = "" if agrees is None else ", which agrees" if agrees else ", which does not agree"
            can = "cannot make it" if verdict == "cannot" else f"{verdict} it"
            return f"its genome {can}{told}" if verdict != "unknown" else "its genome: unknown"
    return ""


def _drawn(table: _Table, found: stats.Associations, q: Array, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the heat map: the molecules and taxa of the smallest p, all of their pairs."""
    own = rows[(rows["model"] == PRODUCER) & rows["p"].notna()]
    molecules = own["feature"].drop_duplicates().head(DRAWN)
    taxa = own.loc[own["feature"].isin(molecules), "measure"].drop_duplicates().head(DRAWN)
    features, columns = table.molecules.assay.features, np.flatnonzero(table.tested)
    ids = features.index.astype(str).to_numpy()[columns]
    labels = table.taxa["label"].astype(str).to_numpy()[np.flatnonzero(table.usual)]
    low, high = found.interval(table.molecules.question.level)
    shared = {key: value for key, value in table.molecules.identity().items() if key != "kind"}
    notes = {
        (one["measure"], one["feature"]): one["note"] for one in own[["measure", "feature", "note"]].to_dict("records")
    }
    made = []
    for name in taxa:
        i = int(np.flatnonzero(labels == name)[0])
        for molecule in molecules:
            j = int(np.flatnonzero(ids == molecule)[0])
            cell = {"feature": molecule, "label": str(features["label"].iloc[columns[j]]), "measure": name}
            cell |= {"y": found.r[i, j], "low": low[i, j], "high": high[i, j], "n": found.n[i, j], "x": q[i, j]}
            cell |= {"group": "q < 0.05" if q[i, j] < 0.05 else None, "note": notes.get((name, molecule)) or None}
            made.append({**shared, "figure": "producers", "unit": "Spearman's r", **cell})
    return pd.DataFrame(made)
