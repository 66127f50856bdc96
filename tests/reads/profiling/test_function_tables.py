"""Function tables against sums by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from commensal import knowledge
from commensal.reads.function import ALL, UNANNOTATED, UNMAPPED, functions

GENES = pd.DataFrame({"genome": ["a"] * 4 + ["b"] * 2, "gene": ["a1", "a2", "a3", "a4", "b1", "b2"]})
TERMS = pd.DataFrame(
    {
        "genome": ["a", "a", "a", "b"],
        "gene": ["a1", "a2", "a2", "b1"],
        "namespace": "KO",
        "id": ["K1", "K1", "K2", "K1"],
    }
)
CELLS = {"a": 0.5, "b": 0.3}


def of(table, genome, namespace="KO"):
    rows = table[(table["namespace"] == namespace) & (table["genome"] == genome)]
    return dict(zip(rows["id"], rows["abundance"], strict=True))


def test_abundance_is_cells_times_copies():
    table = functions("s", CELLS, 0.2, {"a": 4e3, "b": 2e3}, GENES, TERMS)
    whole = of(table, ALL)
    # a carries K1 twice, b once; a3, a4 and b2 have no KO; the unknown part has the mean number of genes, 2.6 / 0.8
    assert whole == pytest.approx({"K1": 1.3, "K2": 0.5, UNANNOTATED: 1.3, UNMAPPED: 0.2 * 2.6 / 0.8})
    assert of(table, "a") == pytest.approx({"K1": 1.0, "K2": 0.5, UNANNOTATED: 1.0})
    assert of(table, "b") == pytest.approx({"K1": 0.3, UNANNOTATED: 0.3})
    rows = table[(table["namespace"] == "KO") & (table["genome"] == ALL)]
    assert rows["relative"].sum() == pytest.approx(1.0)
    # a2 counts half for either of its two KOs: (0.5 + 0.25 + 0.3) of all copies
    assert rows.set_index("id")["relative"]["K1"] == pytest.approx(1.05 / (2.6 + 0.65))


def test_strata_sum_to_the_whole():
    table = functions("s", CELLS, 0.2, {"a": 4e3, "b": 2e3}, GENES, TERMS)
    ko = table[(table["namespace"] == "KO") & (table["id"] != UNMAPPED)]
    strata = ko[ko["genome"] != ALL].groupby("id")[["abundance", "relative"]].sum()
    whole = ko[ko["genome"] == ALL].set_index("id")[["abundance", "relative"]]
    pd.testing.assert_frame_equal(strata.sort_index(), whole.sort_index(), check_names=False, check_dtype=False)


def test_a_lost_gene_counts_only_in_mapping_mode():
    copies = pd.DataFrame({"genome": GENES["genome"], "gene": GENES["gene"], "copies": [0.0, 1, 1, 1, 2, 1]})
    table = functions("s", CELLS, 0.2, {"a": 4e3, "b": 2e3}, GENES, TERMS, copies=copies)
    assert of(table, ALL)["K1"] == pytest.approx(0.5 + 0.6)
    default = functions("s", CELLS, 0.2, {"a": 4e3, "b": 2e3}, GENES, TERMS)
    assert default["note"].str.contains("--mode mapping").sum() == 1
    assert table["note"].isna().all()


def test_genomes_without_genes_are_unannotated_not_absent():
    table = functions("s", {**CELLS, "c": 0.2}, 0.0, {"a": 4e3, "b": 2e3, "c": 10_500.0}, GENES, TERMS)
    assert of(table, "c") == pytest.approx({UNANNOTATED: 0.2 * 10})
    assert "no gene calls" in table[(table["genome"] == "c")]["note"].iloc[0]


def test_nothing_found_is_all_unmapped():
    empty = GENES.iloc[:0], TERMS.iloc[:0]
    table = functions("s", {}, 1.0, {}, *empty, pathways=knowledge.pathways())
    assert set(table["id"]) >= {UNMAPPED, UNANNOTATED}
    assert of(table, ALL, "pathway")[UNMAPPED] == 1.0


def test_pathways_need_a_genome_that_carries_all_steps():
    route = next(one for one in knowledge.pathways().values() if any("K00278" in kos for kos in _kos(one)))
    kos = sorted({ko for step in route.steps for ko in step.alternatives[0]})
    genes = pd.DataFrame({"genome": ["a"] * len(kos) + ["b"], "gene": [f"a{i}" for i in range(len(kos))] + ["b0"]})
    terms = genes.assign(namespace="KO", id=[*kos, kos[0]])
    given = {"cells": CELLS, "unknown": 0.2, "sizes": {"a": 1e4, "b": 1e4}, "pathways": {route.id: route}}
    whole = functions("s", genes=genes, terms=terms, **given)
    assert of(whole, ALL, "pathway")[route.id] == pytest.approx(0.5)
    split = terms.assign(genome=["a"] * (len(kos) - 1) + ["b"] * 2).iloc[1:]
    parted = functions("s", genes=genes.assign(genome=["a"] * (len(kos) - 1) + ["b"] * 2), terms=split, **given)
    rows = parted[(parted["namespace"] == "pathway") & (parted["id"] == route.id)].set_index("genome")
    assert rows.loc[ALL, "abundance"] == 0


def _kos(pathway):
    return [kos for step in pathway.steps for kos in step.alternatives]
