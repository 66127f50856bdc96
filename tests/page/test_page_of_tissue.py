"""The page of a question about tissue: how genes were compared, gene sets, reversal; nothing said that no row has."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commensal import run
from commensal.knowledge import gene_sets
from commensal.page import PageView
from commensal.page.figures import gene_sets as sets_figure
from commensal.page.figures import reversal as reversal_figure
from commensal.page.figures import volcano
from commensal.page.found import headlines, sentences
from commensal.page.methods import methods
from commensal.page.view import groups
from commensal.pipeline.run import Result
from commensal.study import Study, read_study

GENES = 400


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Result]:
    """A study whose drug moves 60 % of the disease back, in which microglia turn; run to its page."""
    folder: Path = tmp_path_factory.mktemp("tissue")
    rng = np.random.default_rng(1)
    shipped = list(dict.fromkeys(gene for one in gene_sets() for gene in one.mouse))[:GENES]
    names = shipped + [f"x{j}" for j in range(GENES - len(shipped))]
    arm = np.repeat(["healthy", "vehicle", "drug"], 6)
    turned = {one.id: one for one in gene_sets()}["disease_associated_microglia"].mouse
    signature = np.where(np.isin(names, turned), 2.0, rng.normal(0, 1, GENES) * (rng.random(GENES) < 0.3))
    factor = np.outer(arm != "healthy", signature) - 0.6 * np.outer(arm == "drug", signature)
    mean = np.exp(rng.normal(5, 1, GENES)) * 2.0**factor
    counts = rng.negative_binomial(20, 1 / (1 + mean * 0.05))
    ids = [f"m{i:02d}" for i in range(18)]
    pd.DataFrame(counts.T, index=pd.Index(names, name="gene"), columns=ids).to_csv(folder / "counts.tsv", sep="\t")
    pd.DataFrame({"sample": ids, "arm": arm}).to_csv(folder / "samples.tsv", sep="\t", index=False)
    (folder / "study.toml").write_text(
        '[study]\nname = "tissue"\n[tables.samples]\nfile = "samples.tsv"\n'
        '[assays.cord]\nkind = "transcripts"\nfile = "counts.tsv"\nvalue = "counts"\nspecimen = "spinal cord"\n'
        '[contrasts.drug]\ncolumn = "arm"\ncase = "drug"\ncontrol = "vehicle"\n'
        '[contrasts.disease]\ncolumn = "arm"\ncase = "vehicle"\ncontrol = "healthy"\n'
        '[questions.rescue]\nkind = "host"\ncontrast = "drug"\nreverses = "disease"\n'
    )
    return read_study(folder / "study.toml"), run(folder / "study.toml", folder / "out")


def told(made: tuple[Study, Result]) -> str:
    study, result = made
    (group,) = groups(study, result.estimates)
    return "\n".join(line for _, lines in sentences(group) for line in lines)


def test_words_say_how_genes_were_compared_what_sets_do_and_what_is_moved_back(made):
    words = told(made)
    assert "Genes were compared by negative binomial model of raw counts (DESeq2), Wald test." in words
    assert "Disease-associated microglia (lower" in words
    assert "Drug moves the signature of disease back: rank correlation −0." in words
    assert "% of the signature is moved back (interval" in words
    assert "6 of 18 units are in both contrasts" in words
    assert "Shannon" not in words


def test_numbers_in_words_are_rows(made):
    _, result = made
    rows = result.estimates.set_index("model")
    score, share = rows.loc["reversal"], rows.loc["reversal, share"]
    words = told(made)
    assert f"rank correlation −{abs(score['effect']):.2g}"[:22] in words
    assert f"{100 * share['effect']:.2g} % of the signature" in words


def test_headlines_name_the_reversal_and_no_diversity(made):
    study, result = made
    lines = headlines(result.estimates, study)
    assert any("moves the signature of disease back" in line for line in lines)
    assert not any("diversity" in line for line in lines)


def test_figures(made):
    study, result = made
    (group,) = groups(study, result.estimates)
    (sets,) = sets_figure(group)
    assert len(sets.rows) == len(gene_sets())
    assert "Disease-associated microglia" in sets.alt
    (moved,) = reversal_figure(group, result.points)
    assert {row["side"] for row in moved.rows} <= {"moved back", "moved on"}
    back = sum(row["side"] == "moved back" for row in moved.rows) / len(moved.rows)
    assert back > 0.5
    assert any(row["lead"] for row in moved.rows)
    assert any("no animal is on both" in line for line in moved.caption)
    (expressed,) = volcano(group)
    assert expressed.title.startswith("Expression of every gene")
    names = {path.name for path in (result.folder / "figures").iterdir()}
    assert {"sets", "reversal", "volcano"} <= {name.split("-")[1] for name in names}


def test_methods_name_what_was_done_and_its_sources(made):
    study, result = made
    paragraphs, references = methods(PageView(study, result.estimates, result.points))
    text = " ".join(paragraphs)
    for words in ("DESeq2’s negative binomial model", "rotating residuals", "both contrasts made anew each time"):
        assert words in text
    for name in ("Love MI", "Muzellec", "Wu D", "Lamb J"):
        assert any(one.startswith(name) for one in references)
    assert "ordinary least squares" not in text


def test_a_very_large_volcano_is_thinned_and_says_so(made):
    study, result = made
    genes = result.estimates[result.estimates["model"] == "expression"]
    many = pd.concat([genes] * 20, ignore_index=True)
    (group,) = groups(study, many)
    (figure,) = volcano(group)
    assert len(figure.rows) < 4100
    assert any("all of them are in the estimates" in line for line in figure.caption)
