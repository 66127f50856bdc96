"""What a question about tissue says where the answer is known: planted genes, cages, litters, sets, reversal."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commensal.errors import DesignError, StudyFileError
from commensal.knowledge import gene_sets
from commensal.pipeline.load import load
from commensal.questions.host import host
from commensal.study import LoadedStudy, parse_study

GENES = 400


def counts_of(
    means: np.ndarray, factor: np.ndarray, rng: np.random.Generator, *, dispersion: float = 0.05
) -> np.ndarray:
    """Negative binomial counts (n, m) of means (m,) times 2 ** factor (n, m)."""
    mu = means * 2.0**factor * rng.uniform(0.7, 1.4, size=(len(factor), 1))
    return rng.negative_binomial(1 / dispersion, 1 / (1 + mu * dispersion))


def write_study(
    folder: Path,
    counts: np.ndarray,
    samples: pd.DataFrame,
    *,
    contrasts: Mapping[str, str],
    question: str,
    genes: Sequence[str] | None = None,
    value: str = "counts",
    more: str = "",
) -> Path:
    """Write a study of one assay of transcripts; ``samples`` is indexed by sample id."""
    names = list(genes) if genes is not None else [f"gene{j:04d}" for j in range(counts.shape[1])]
    pd.DataFrame(counts.T, index=pd.Index(names, name="gene"), columns=list(samples.index)).to_csv(
        folder / "counts.tsv", sep="\t"
    )
    samples.rename_axis("sample").to_csv(folder / "samples.tsv", sep="\t")
    told = "\n".join(f"[contrasts.{name}]\n{body}\n" for name, body in contrasts.items())
    study = folder / "study.toml"
    study.write_text(
        f'[study]\nname = "tissue"\n[tables.samples]\nfile = "samples.tsv"\n'
        f'[assays.rna]\nkind = "transcripts"\nfile = "counts.tsv"\nvalue = "{value}"\nspecimen = "spinal cord"\n'
        f'{told}\n[questions.tissue]\nkind = "host"\n{question}\n{more}',
        encoding="utf-8",
    )
    return study


def loaded_study(folder: Path, counts: np.ndarray, samples: pd.DataFrame, **given: object) -> LoadedStudy:
    """Write a study and load it."""
    return load(write_study(folder, counts, samples, **given))  # type: ignore[arg-type]


ARM = {"arm": 'column = "arm"\ncase = "drug"\ncontrol = "vehicle"'}
PLANTED = 40


def frame(**columns: object) -> pd.DataFrame:
    made = pd.DataFrame(columns)
    return made.set_axis([f"s{i:02d}" for i in range(len(made))])


def answered(
    folder: Path,
    samples: pd.DataFrame,
    *,
    block: str = "",
    spread: float = 0.0,
    seed: int = 1,
    effect: float = 1.5,
    change: dict[int, int] | None = None,
    **given: object,
) -> pd.DataFrame:
    """Answer a study whose first 40 genes differ by ±effect between arms, with noise of each block's own."""
    rng = np.random.default_rng(seed)
    label = (samples["arm"] == "drug").to_numpy(float)
    fold = np.zeros(GENES)
    fold[:PLANTED] = effect * np.where(np.arange(PLANTED) % 2, 1, -1)
    factor = np.outer(label, fold)
    if block:
        for unit in samples[block].unique():
            factor[(samples[block] == unit).to_numpy()] += rng.normal(0, spread, GENES)
    counts = counts_of(np.exp(rng.normal(5, 1.0, GENES)), factor, rng)
    for gene, row in (change or {}).items():
        counts[:, gene] = row
    declared = f'block = ["{block}"]' if block else ""
    loaded = loaded_study(folder, counts, samples, contrasts=ARM, question=f'contrast = "arm"\n{declared}', **given)
    return host(loaded, loaded.declared.questions["tissue"], "rna").estimates


def genes(rows: pd.DataFrame, term: str) -> pd.DataFrame:
    return rows[(rows["model"] == "expression") & (rows["term"] == term)].reset_index(drop=True)


def how(rows: pd.DataFrame, term: str) -> str:
    return str(rows[(rows["model"] == "expression model") & (rows["term"] == term)]["note"].iloc[0])


def test_planted_genes_are_found_with_direction_and_interval(tmp_path):
    rows = answered(tmp_path, frame(arm=["drug"] * 6 + ["vehicle"] * 6))
    own = genes(rows, "overall")
    assert how(rows, "overall").startswith("negative binomial model of raw counts (DESeq2)")
    assert set(own["test"]) == {"Wald"}
    planted = own.iloc[:PLANTED]
    assert (planted["q"] < 0.05).mean() > 0.95
    assert (np.sign(planted["effect"]) == np.where(np.arange(PLANTED) % 2, 1, -1)).all()
    held = (planted["low"] < 1.5 * np.sign(planted["effect"])) & (1.5 * np.sign(planted["effect"]) < planted["high"])
    assert held.mean() > 0.85
    assert (own.iloc[PLANTED:]["q"] < 0.05).mean() < 0.02
    assert set(own["unit"]) == {"log2 fold change"}


def test_every_gene_keeps_its_row_and_says_why_it_has_no_p(tmp_path):
    one = np.zeros(12, dtype=int)
    one[3] = 5
    far = np.full(12, 40)
    far[2] = 90_000
    rows = genes(
        answered(tmp_path, frame(arm=["drug"] * 6 + ["vehicle"] * 6), change={50: np.zeros(12, int), 51: one, 52: far}),
        "overall",
    )
    assert len(rows) == GENES
    assert rows["status"].iloc[50] == "all_zero"
    assert rows["status"].iloc[51] == "below_prevalence"
    assert rows["status"].iloc[52] == "outlier"
    assert (rows["p"].notna() == (rows["status"] == "ok")).all()
    assert (rows["q"].notna() == rows["p"].notna()).all()


def test_a_gene_without_reads_on_one_side_says_that_its_size_is_not_known(tmp_path):
    gone = np.r_[np.full(6, 60), np.zeros(6, int)] + np.r_[np.arange(6), np.zeros(6, int)]
    row = genes(answered(tmp_path, frame(arm=["drug"] * 6 + ["vehicle"] * 6), change={60: gone}), "overall").iloc[60]
    assert row["effect"] > 4
    assert "no reads in any control sample" in row["note"]


def test_cages_in_arms_are_the_units(tmp_path):
    arm = np.repeat(["drug", "vehicle"], 12)
    cage = np.repeat([f"c{i}" for i in range(8)], 3)
    rows = answered(tmp_path, frame(arm=arm, cage=cage), block="cage", spread=0.5)
    own = genes(rows, "between")
    assert "each cage counted once" in how(rows, "between")
    assert set(own["n_blocks"].dropna()) == {8}
    assert set(own["n"]) == {24}
    null = own.iloc[PLANTED:]
    assert (null["p"].dropna() < 0.05).mean() < 0.09
    naive = genes(answered(tmp_path, frame(arm=arm, cage=cage).assign(x=1), seed=1, spread=0.0), "overall")
    assert (naive.iloc[PLANTED:]["p"].dropna() < 0.05).mean() < 0.09  # the same genes without noise of cages


def test_ignoring_cages_finds_what_is_not_there(tmp_path):
    """The naive analysis of the same counts: why cages must be units."""
    arm = np.repeat(["drug", "vehicle"], 12)
    cage = np.repeat([f"c{i}" for i in range(8)], 3)
    rng = np.random.default_rng(4)
    factor = np.zeros((24, GENES))
    for unit in np.unique(cage):
        factor[cage == unit] += rng.normal(0, 0.5, GENES)
    counts = counts_of(np.exp(rng.normal(5, 1.0, GENES)), factor, rng)
    shares = {}
    for block in ("", 'block = ["cage"]'):
        loaded = loaded_study(
            tmp_path, counts, frame(arm=arm, cage=cage), contrasts=ARM, question=f'contrast = "arm"\n{block}'
        )
        rows = host(loaded, loaded.declared.questions["tissue"], "rna").estimates
        shares[block] = (rows.loc[rows["model"] == "expression", "p"].dropna() < 0.05).mean()
    assert shares[""] > 0.15
    assert shares['block = ["cage"]'] < 0.09


def test_arms_inside_litters_are_compared_there(tmp_path):
    arm = np.tile(["drug", "vehicle", "vehicle"], 8)
    litter = np.repeat([f"l{i}" for i in range(8)], 3)
    rows = answered(tmp_path, frame(arm=arm, litter=litter), block="litter", spread=0.8)
    own = genes(rows, "within")
    assert "inside each litter" in how(rows, "within")
    assert (own.iloc[:PLANTED]["q"] < 0.05).mean() > 0.9
    assert (own.iloc[PLANTED:]["p"].dropna() < 0.05).mean() < 0.09
    assert set(own["n_blocks"].dropna()) == {8}


def test_samples_of_one_animal_are_averaged_and_cages_counted(tmp_path):
    subject = np.repeat([f"m{i:02d}" for i in range(12)], 2)
    cage = np.repeat([f"c{i}" for i in range(6)], 4)
    samples = frame(arm=np.repeat(["drug", "vehicle"], 12), subject=subject, cage=cage)
    rows = answered(tmp_path, samples, block="cage", spread=0.4)
    own = genes(rows, "between")
    assert set(own["n_blocks"].dropna()) == {6}
    assert (own.iloc[PLANTED:]["p"].dropna() < 0.05).mean() < 0.1


def test_one_cage_in_an_arm_has_effects_and_no_p(tmp_path):
    samples = frame(arm=np.repeat(["drug", "vehicle"], 6), cage=np.repeat(["a", "b", "c"], [6, 3, 3]))
    rows = answered(tmp_path, samples, block="cage")
    own = genes(rows, "between")
    assert own["p"].isna().all()
    assert "one_cage" in set(own["status"])
    assert own.loc[own["status"] == "one_cage", "effect"].notna().all()
    assert rows.loc[rows["model"].str.startswith("set").fillna(False), "p"].isna().all()


def test_two_samples_have_effects_of_nothing_and_no_p(tmp_path):
    own = genes(answered(tmp_path, frame(arm=["drug", "vehicle"])), "overall")
    assert own["p"].isna().all()
    assert set(own["status"]) <= {"too_few", "below_prevalence", "all_zero"}


def test_logarithms_are_compared_by_moderated_t(tmp_path):
    rng = np.random.default_rng(1)
    values = rng.normal(8, 1, size=(10, GENES))
    loaded = loaded_study(
        tmp_path, values, frame(arm=["drug", "vehicle"] * 5), contrasts=ARM, question='contrast = "arm"', value="log2"
    )
    own = genes(host(loaded, loaded.declared.questions["tissue"], "rna").estimates, "overall")
    assert set(own["test"]) == {"t, moderated"}
    assert (own["df"] > 8).all()


def test_tpm_is_refused_with_the_reason(tmp_path):
    values = np.random.default_rng(1).uniform(0, 90, size=(6, GENES))
    loaded = loaded_study(
        tmp_path,
        values,
        frame(arm=["drug", "vehicle"] * 3),
        contrasts=ARM,
        question='contrast = "arm"',
        value="absolute",
    )  # fmt: skip
    with pytest.raises(DesignError, match="counts or on logarithms"):
        host(loaded, loaded.declared.questions["tissue"], "rna")


def test_a_covariate_is_adjusted_for(tmp_path):
    arm, batch = np.tile(["drug", "vehicle"], 8), np.r_[["a"] * 10, ["b"] * 6]
    rng = np.random.default_rng(2)
    factor = np.outer(batch == "b", np.full(GENES, 1.0) * np.where(np.arange(GENES) % 2, 1, -1))
    counts = counts_of(np.exp(rng.normal(5, 1, GENES)), factor, rng)
    loaded = loaded_study(
        tmp_path, counts, frame(arm=arm, batch=batch), contrasts=ARM,
        question='contrast = "arm"\ncovariates = ["batch"]',
        more='[variables.batch]\ntype = "category"\nreference = "a"\n',
    )  # fmt: skip
    rows = host(loaded, loaded.declared.questions["tissue"], "rna").estimates
    assert "covariates: batch=b" in how(rows, "overall")
    assert (genes(rows, "overall")["p"].dropna() < 0.05).mean() < 0.09


# ---- gene sets


def symbols(species: str = "mouse", upper: bool = False) -> list[str]:
    shipped = list(dict.fromkeys(g for one in gene_sets() for g in getattr(one, species)))
    names = [f"x{j}" for j in range(GENES)]
    names[: len(shipped)] = [g.upper() for g in shipped] if upper else shipped
    return names


def of_sets(rows: pd.DataFrame, model: str) -> pd.DataFrame:
    return rows[rows["model"] == f"set, {model}"].set_index("feature")


def test_a_planted_set_is_found_both_ways_and_others_are_not(tmp_path):
    rng = np.random.default_rng(3)
    names = symbols()
    inside = {one.id: one for one in gene_sets()}["disease_associated_microglia"].mouse
    factor = np.outer(np.repeat([1.0, 0.0], 6), np.isin(names, inside) * 1.0)
    counts = counts_of(np.exp(rng.normal(5, 1, GENES)), factor, rng)
    gmt = tmp_path / "own.gmt"
    gmt.write_text("OWN\tmine\t" + "\t".join(names[:12]) + "\nABSENT\tna\tfoo\tbar\tbaz\n")
    loaded = loaded_study(
        tmp_path, counts, frame(arm=["drug"] * 6 + ["vehicle"] * 6), contrasts=ARM, genes=names,
        question='contrast = "arm"\nsets = "own.gmt"',
    )  # fmt: skip
    rows = host(loaded, loaded.declared.questions["tissue"], "rna").estimates
    for model in ("self-contained", "competitive"):
        own = of_sets(rows, model)
        assert own.loc["disease_associated_microglia", "q"] < 0.01
        assert own.loc["disease_associated_microglia", "effect"] == pytest.approx(1.0, abs=0.35)
        assert own.loc["myelin", "q"] > 0.05
        assert own.loc["OWN", "measure"] == "own.gmt"
        assert own.loc["ABSENT", "status"] == "not_measured"
        assert "own.gmt" in own.loc["OWN", "family"]
    row = of_sets(rows, "self-contained").loc["disease_associated_microglia"]
    assert row["low"] < row["effect"] < row["high"]
    assert "Apoe" in row["note"] or "leading, up" in row["note"]


def test_human_symbols_are_matched_as_they_stand(tmp_path):
    rng = np.random.default_rng(3)
    counts = counts_of(np.exp(rng.normal(5, 1, GENES)), np.zeros((8, GENES)), rng)
    loaded = loaded_study(
        tmp_path, counts, frame(arm=["drug", "vehicle"] * 4), contrasts=ARM, genes=symbols("human"),
        question='contrast = "arm"',
    )  # fmt: skip
    own = of_sets(host(loaded, loaded.declared.questions["tissue"], "rna").estimates, "competitive")
    assert own["p"].notna().all()


def test_genes_of_no_known_name_say_so(tmp_path):
    rows = answered(tmp_path, frame(arm=["drug", "vehicle"] * 4))
    own = of_sets(rows, "self-contained")
    assert set(own["status"]) == {"not_measured"}
    assert own["note"].str.contains("none of").all()


def test_a_set_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(Exception, match="there is no file"):
        answered_with = loaded_study(
            tmp_path, np.ones((4, 5), int), frame(arm=["drug", "vehicle"] * 2), contrasts=ARM,
            question='contrast = "arm"\nsets = "gone.gmt"',
        )  # fmt: skip
        assert answered_with


# ---- reversal

BOTH = {
    "drug": 'column = "arm"\ncase = "drug"\ncontrol = "vehicle"',
    "disease": 'column = "arm"\ncase = "vehicle"\ncontrol = "healthy"',
}


def reversed_rows(folder: Path, back: float, *, cage: bool = False, n: int = 6, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    arm = np.repeat(["healthy", "vehicle", "drug"], n)
    signature = rng.normal(0, 1, GENES) * (rng.random(GENES) < 0.3)
    factor = np.outer(arm != "healthy", signature) - back * np.outer(arm == "drug", signature)
    counts = counts_of(np.exp(rng.normal(5, 1, GENES)), factor, rng)
    samples = frame(arm=arm)
    block = ""
    if cage:
        samples["cage"] = [f"c{i // 2}" for i in range(3 * n)]
        block = 'block = ["cage"]'
    loaded = loaded_study(
        folder, counts, samples, contrasts=BOTH, question=f'contrast = "drug"\nreverses = "disease"\n{block}'
    )
    answer = host(loaded, loaded.declared.questions["tissue"], "rna")
    drawn = answer.points[answer.points["figure"] == "reversal"]
    assert len(drawn) > 50
    return answer.estimates[answer.estimates["model"].str.startswith("reversal").fillna(False)].set_index("model")


def test_a_signature_that_moves_back_is_said_to(tmp_path):
    rows = reversed_rows(tmp_path, 0.6)
    score, share = rows.loc["reversal"], rows.loc["reversal, share"]
    assert score["effect"] < -0.2
    assert score["p"] < 0.01
    assert share["low"] < 0.6 < share["high"]
    assert score["measure"] == "disease"
    assert "6 of 18 units are in both contrasts" in score["note"]


def test_a_drug_that_does_nothing_is_not_said_to_reverse(tmp_path):
    found = [reversed_rows(tmp_path, 0.0, n=4, seed=seed) for seed in range(100, 112)]
    said = [str(rows.loc["reversal", "note"]) for rows in found]
    plain = np.array([float(re.search(r"in both it would be (\S+),", text)[1]) for text in said])
    score = np.array([rows.loc["reversal", "effect"] for rows in found])
    assert plain.mean() < -0.15  # what the usual score would say
    assert abs(score.mean()) < 0.1
    assert sum(rows.loc["reversal", "p"] < 0.05 for rows in found) <= 2


def test_cages_are_rearranged_as_wholes(tmp_path):
    row = reversed_rows(tmp_path, 0.6, cage=True).loc["reversal"]
    assert row["n_permutations"] == 20  # 6 cages, 3 of them treated
    assert row["n"] == 6
    assert "unit: cage" in row["note"]
    assert "smallest p 0.1" in row["note"]
    assert row["p"] >= 0.1 - 1e-12


def test_a_part_of_an_arm_in_the_disease_contrast_is_refused(tmp_path):
    rng = np.random.default_rng(1)
    counts = counts_of(np.exp(rng.normal(5, 1, GENES)), np.zeros((12, GENES)), rng)
    samples = frame(arm=np.repeat(["healthy", "vehicle", "drug"], 4), batch=["a", "b"] * 6)
    contrasts = BOTH | {"disease": BOTH["disease"] + '\nwhere = { batch = "a" }'}
    loaded = loaded_study(
        tmp_path, counts, samples, contrasts=contrasts, question='contrast = "drug"\nreverses = "disease"'
    )
    with pytest.raises(DesignError, match="only in part"):
        host(loaded, loaded.declared.questions["tissue"], "rna")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('kind = "cohort"\nreverses = "b"', "reverses is for"),
        ('kind = "course"\nsets = "x.gmt"', "sets is for"),
        ('kind = "host"\nreverses = "a"', "cannot reverse itself"),
        ('kind = "host"\nreverses = "c"', "not declared"),
        ('kind = "host"\nsets = "../x.gmt"', "leaves the folder"),
    ],
)
def test_keys_that_do_not_fit_are_refused(line, words):
    text = (
        '[study]\nname = "x"\n[tables.samples]\nfile = "s.tsv"\n[assays.rna]\nkind = "transcripts"\nfile = "c.tsv"\n'
        'value = "counts"\n[contrasts.a]\ncolumn = "arm"\ncase = "x"\ncontrol = "y"\n'
        f'[contrasts.b]\ncolumn = "arm"\ncase = "y"\ncontrol = "z"\n[questions.q]\ncontrast = "a"\n{line}\n'
    )
    with pytest.raises(StudyFileError, match=words):
        parse_study(text)
