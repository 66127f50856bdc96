"""``host``: what does the tissue do? Expression of every gene, gene sets, and whether a signature moves back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from commensal.errors import DesignError
from commensal.questions.answer import Answer, joined
from commensal.questions.comparison import BETWEEN, OVERALL
from commensal.questions.diversity import composition
from commensal.questions.host_genes import MODEL, gene_rows
from commensal.questions.host_reversal import reversal
from commensal.questions.host_sets import set_answer
from commensal.questions.host_units import Layout, columns_of, laid_out
from commensal.questions.scales import Scales
from commensal.study import LoadedStudy, Question
from commensal.tables import ALL, estimates, points

#: Genes whose values are kept for the page, per assay.
TOP = 12


def host(loaded: LoadedStudy, question: Question, assay: str) -> Answer:
    """Answer a question about tissue for one assay of transcripts; other assays have no part in it.

    Raises
    ------
    DesignError
        The comparison cannot be made with these samples, or the question names an assay of another kind.
    """
    declared = loaded.assays[assay].assay
    if declared.kind != "transcripts":
        if not question.assays:
            return Answer(estimates(), points())
        raise DesignError(
            "a question of kind host is about transcripts",
            where=f"[questions.{question.name}] assays",
            found=f'assay {assay} of kind "{declared.kind}"',
            expected='an assay of kind "transcripts"',
            mend='name the assay of transcripts, or ask by kind = "cohort"',
        )
    layout = laid_out(loaded, question, assay)
    columns = columns_of(layout)
    rows = gene_rows(layout, columns)
    parts = [_samples(layout), Answer(rows, _values(layout, rows), layout.samples.dropped)]
    parts.append(set_answer(loaded, layout, columns))
    if question.reverses is not None:
        parts.append(reversal(loaded, question, layout, columns[0].term))
    return joined([*parts, _counting(layout)])


def _counting(layout: Layout) -> Answer:
    """Say how many reads count for no gene, sample by sample, where the counter told."""
    comparison, quality = layout.samples, layout.samples.assay.quality
    if quality is None:
        return Answer(estimates(), points())
    own = quality.loc[list(comparison.samples)]
    genes = np.nansum(comparison.values, axis=1)
    amounts = own.to_numpy(float)
    lost = amounts.sum(axis=1)
    share = lost / np.maximum(lost + genes, 1)
    worst = int(np.argmax(share))
    identity = comparison.identity()
    row = {
        **identity, **comparison.counts(), "feature": ALL, "model": "reads without a gene",
        "effect": float(np.median(share)), "unit": "share", "status": "ok",
        "note": f"median over samples; highest {share[worst]:.0%} in {comparison.samples[worst]}",
    }  # fmt: skip
    drawn = [
        {**{key: value for key, value in identity.items() if key != "kind"},
         "figure": "counting", "measure": str(reason),
         "sample": sample, "subject": subject, "group": group, "y": float(amounts[i, k]), "unit": "reads"}
        for i, (sample, subject, group) in enumerate(
            zip(comparison.samples, comparison.subjects, comparison.groups, strict=True)
        )
        for k, reason in enumerate(own.columns)
    ]  # fmt: skip
    return Answer(estimates([row]), points(drawn))


def _samples(layout: Layout) -> Answer:
    """Compare whole profiles of expression, and say where samples lie."""
    log2 = np.where(layout.enough, layout.log2, np.nan)
    if not layout.enough.any():
        return Answer(estimates(), points())
    scale = Scales(log2, None, np.nan_to_num(log2), 0, log2, "log2", relative=False, depth=None)
    made = composition(layout.rows, scale)
    if layout.averaged is None or layout.rows.block is not None:
        return made
    # rows are whole units: the comparison is between them, as that of the genes
    rows = made.estimates.copy()
    own = rows["term"] == OVERALL
    rows.loc[own, "term"] = BETWEEN
    rows.loc[own, "n_blocks"] = len(layout.log2)
    return replace(made, estimates=estimates(rows))


def _values(layout: Layout, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the values (points) of the genes with the smallest p of the term that is read first."""
    genes = rows[(rows["model"] == MODEL) & rows["p"].notna()]
    if genes.empty:
        return points()
    first = genes[genes["term"] == genes["term"].iloc[0]]
    ranked = first.sort_values(["p", "q"], kind="stable").head(TOP)
    comparison, block = layout.samples, layout.rows.block_name
    column = {str(name): index for index, name in enumerate(comparison.assay.features.index)}
    shared = {key: value for key, value in comparison.identity().items() if key != "kind"}
    frames = [
        pd.DataFrame(
            {
                **shared,
                "figure": "values",
                "feature": feature,
                "label": label,
                "sample": comparison.samples,
                "subject": comparison.subjects,
                "block": comparison.block
                if comparison.block is not None and block
                else [None] * len(comparison.samples),
                "side": np.where(comparison.case, "case", "control"),
                "group": comparison.groups,
                "y": layout.shown[:, column[str(feature)]],
                "unit": layout.unit,
            }
        )
        for feature, label in zip(ranked["feature"], ranked["label"], strict=True)
    ]
    return points(pd.concat(frames, ignore_index=True))
