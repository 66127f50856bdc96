"""A comparison that the linter calls meaningless keeps its effects and has no p."""

from __future__ import annotations

import numpy as np
import pytest

import commensal
from commensal import checks
from commensal.tables import WITH_P

STUDY = """
[study]
name = "donors"
[tables.samples]
file = "samples.tsv"
columns = {{ sample = "id" }}
[assays.taxa]
kind = "taxa"
file = "taxa.tsv"
value = "counts"
[contrasts.sick]
column = "arm"
case = "sick"
control = "well"
[questions.mice]
kind = "cohort"
contrast = "sick"
permutations = 199
{block}
"""


def written(folder, cages, block=""):
    """24 mice, 12 per arm, in the given number of cages per arm."""
    rng = np.random.default_rng(5)
    rows, counts = ["id\tarm\tcage"], ["id\t" + "\t".join(f"t{j}" for j in range(12))]
    for mouse in range(24):
        arm = "sick" if mouse < 12 else "well"
        rows.append(f"m{mouse}\t{arm}\t{arm}{mouse % cages}")
        counts.append(f"m{mouse}\t" + "\t".join(map(str, rng.poisson(50, 12))))
    (folder / "samples.tsv").write_text("\n".join(rows))
    (folder / "taxa.tsv").write_text("\n".join(counts))
    study = folder / "study.toml"
    study.write_text(STUDY.format(block=block))
    return study


@pytest.mark.parametrize(("cages", "status"), [(1, "one_cage"), (3, "unit_not_in_block")])
def test_no_p_where_the_units_are_not_the_models(tmp_path, cages, status):
    result = commensal.run(written(tmp_path, cages), tmp_path / "out")
    rows = result.estimates
    assert rows[["p", "q", "low", "high"]].isna().all(axis=None)
    assert status in set(rows["status"])
    held = rows[(rows["status"] == status) & (rows["model"] != "joint")]  # a joint test has no effect
    assert held["effect"].notna().all()
    assert held["note"].str.contains("cage").all()
    assert any(finding.severity == "error" for finding in result.findings)


def test_a_declared_cage_keeps_its_p(tmp_path):
    study = written(tmp_path, 3, 'block = ["cage"]')
    assert checks.withheld(commensal.load(study)) == {}
    rows = commensal.run(study, tmp_path / "out").estimates
    assert rows.loc[rows["model"] == "abundance", "status"].isin(WITH_P).all()
    assert rows.loc[rows["model"] == "abundance", "p"].notna().all()
