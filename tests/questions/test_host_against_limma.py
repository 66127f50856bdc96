"""The moderated routes of `host` against limma: means of cages, and arms inside litters (recipe beside the values)."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commensal.pipeline.load import load
from commensal.questions.host import host

HERE = Path(__file__).parents[1] / "references" / "tissue"
#: limma stops Newton's method for the trigamma function at 1e-8, ours at 1e-13.
CLOSE = 1e-6


@pytest.mark.parametrize(("column", "term", "file"), [("arm", "between", "cages"), ("inside", "within", "litters")])
def test_rows_are_limmas(tmp_path, column, term, file):
    table = pd.read_csv(HERE / "counts.tsv", sep="\t")
    samples, counts = table[["sample", "arm", "inside", "cage"]], table.filter(regex="^g").set_index(table["sample"])
    samples.to_csv(tmp_path / "samples.tsv", sep="\t", index=False)
    counts.T.rename_axis("gene").to_csv(tmp_path / "counts.tsv", sep="\t")
    (tmp_path / "study.toml").write_text(
        '[study]\nname = "limma"\n[tables.samples]\nfile = "samples.tsv"\n[assays.rna]\nkind = "transcripts"\n'
        'file = "counts.tsv"\nvalue = "counts"\n'
        f'[contrasts.drug]\ncolumn = "{column}"\ncase = "drug"\ncontrol = "vehicle"\n'
        '[questions.q]\nkind = "host"\ncontrast = "drug"\nblock = ["cage"]\n'
    )
    loaded = load(tmp_path / "study.toml")
    rows = host(loaded, loaded.declared.questions["q"], "rna").estimates
    own = rows[(rows["model"] == "expression") & (rows["term"] == term) & rows["p"].notna()].set_index("feature")
    theirs = pd.read_csv(HERE / f"{file}.tsv", sep="\t", skipinitialspace=True).set_index("gene")
    theirs.index = theirs.index.str.strip()
    assert list(own.index) == list(theirs.index)
    for ours, name in (("effect", "effect"), ("se", "se"), ("df", "df"), ("statistic", "t")):
        np.testing.assert_allclose(own[ours].to_numpy(float), theirs[name], rtol=CLOSE, atol=CLOSE)
    np.testing.assert_allclose(np.log10(own["p"].to_numpy(float)), np.log10(theirs["p"]), atol=1e-5)
    assert (own["q"].iloc[:16] < 0.05).sum() >= 6
