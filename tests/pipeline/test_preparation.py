"""Tables of molecules from file to answer: drift, standards, limits of detection, what is told and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from commensal import load, run
from commensal.checks import check
from commensal.errors import CommensalError
from commensal.pipeline.prepare_points import preparation_points
from commensal.questions.exogenous import without_exogenous
from commensal.tables import estimates

STUDY = """
[study]
name = "made"
[tables.samples]
file = "samples.tsv"
constants = {{ specimen = "serum" }}
[assays.serum]
kind = "metabolites"
file = "serum.tsv"
value = "{value}"
specimen = "serum"
zero = "{zero}"
{section}
[contrasts.abx]
column = "arm"
case = "abx"
control = "water"
[questions.abx]
kind = "{kind}"
contrast = "abx"
block = ["cage"]
permutations = 99
"""
WHOLE = """
order = "order"
batch = "batch"
blank_ratio = 3
internal_standards = ["* (IS)"]
drift = "qc_loess"
normalise = "pqn"
max_rsd = 0.3
"""


def molecules(seed=4, m=40, confounded=False):
    """Eighty injections in two batches with drift, standards, blanks, and a fifth of the amounts below a limit."""
    rng = np.random.default_rng(seed)
    n, order = 80, np.arange(1, 81)
    batch = np.where(order <= 40, "a", "b")
    role = np.where((order % 8 == 1) | (order == 40) | (order == 80), "qc", "sample").astype(object)
    role[[4, 44]] = "blank"
    arm = np.where(order <= 40 if confounded else rng.permutation(n) % 2 == 0, "abx", "water")
    path = rng.normal(size=m) * np.sin((order - 1) % 40 / 18)[:, None] + rng.normal(size=m) * (batch == "b")[:, None]
    own = 0.5 * rng.normal(size=(n, m)) * (role != "qc")[:, None]
    own[:, 0] -= 2.5 * ((arm == "abx") & (role == "sample"))
    y = np.exp(10 + rng.normal(size=m) + path + own + 0.1 * rng.normal(size=(n, m)))
    y[role == "blank"] *= 0.02
    amount = np.exp(0.3 * rng.normal(size=(n, 1)))  # what of the sample was injected
    standards = np.exp(11 + 0.02 * rng.normal(size=(n, 2))) * amount
    y *= amount
    limit = np.quantile(y[role == "sample"], 0.2, axis=0)
    table = pd.DataFrame(np.column_stack([np.where(y < limit, 0, y), standards]).round(4))
    table.columns = [*(f"M{j}" for j in range(m)), "Trp-d5 (IS)", "Nam-d4 (IS)"]
    table.insert(0, "sample", [f"s{i}" for i in order])
    meta = pd.DataFrame({"sample": table["sample"], "role": role, "order": order, "batch": batch})
    meta["subject"] = [f"m{i}" for i in order]
    meta["arm"] = np.where(role == "sample", arm, "")
    meta["cage"] = np.where(role == "sample", [f"{a}{i % 5}" for a, i in zip(arm, order, strict=True)], "")
    meta["protein"] = np.exp(rng.normal(size=n)).round(3)
    return table, meta


@pytest.fixture
def study(tmp_path):
    def make(keys=WHOLE, *, value="intensity", zero="below_detection", kind="cohort", change=None, **options):
        table, meta = molecules(**options)
        if change is not None:
            table, meta = change(table, meta)
        table.to_csv(tmp_path / "serum.tsv", sep="\t", index=False)
        meta.to_csv(tmp_path / "samples.tsv", sep="\t", index=False)
        section = "" if keys is None else f"[assays.serum.prepare]\n{keys}"
        (tmp_path / "study.toml").write_text(STUDY.format(value=value, zero=zero, section=section, kind=kind))
        return tmp_path / "study.toml"

    return make


def steps(loaded):
    rows = preparation_points(loaded)
    return rows[rows["measure"] == "rsd"].set_index("label")["y"]


def test_drift_standards_and_noise_leave_and_every_step_is_told(study):
    loaded = load(study())
    rsd = steps(loaded)
    assert list(rsd.index) == [
        "as measured",
        "internal standards",
        "blanks",
        "drift",
        "normalisation",
        "noisy features",
    ]
    assert rsd["as measured"] > 0.4
    assert rsd["internal standards"] < rsd["as measured"]
    assert rsd["drift"] < 0.15 < rsd["internal standards"]
    table = loaded.assays["serum"]
    assert not table.features["label"].str.contains("IS").any()
    gone = {one.name: one.reason for one in loaded.dropped if one.what == "feature"}
    assert "internal standard" in gone["Nam-d4 (IS)"]
    assert table.limits.shape == table.values.shape == (80, len(table.features))
    told = {one.code: one for one in check(loaded)}
    assert "2 internal standards" in told["prepared"].message
    assert "of the values lie below detection" in told["prepared"].message
    assert {"order_confounded", "batch_confounded", "standards_among_molecules", "preparation_worse"} & set(
        told
    ) == set()


def test_limits_move_with_what_is_divided_by(study):
    """A limit that was shared is each sample's own after its amount is taken off: zeros lie below it, values above."""
    table = load(study('internal_standards = ["* (IS)"]')).assays["serum"]
    hidden = table.values == 0
    own = table.limits[:, hidden.any(axis=0)]
    assert (own.max(axis=0) / own.min(axis=0)).min() > 2
    seen = (table.values > 0) & np.isfinite(table.limits)
    assert (table.values[seen] >= table.limits[seen] * (1 - 1e-9)).all()


def test_the_answer_has_one_model_of_all_samples_and_the_page_shows_the_preparation(study, tmp_path):
    result = run(study(), tmp_path / "out")
    rows = result.estimates[result.estimates["feature"].str.startswith("M").fillna(False)]
    assert set(rows["model"]) == {"abundance"}
    assert set(rows["test"]) == {"t, left-censored"}
    assert set(rows["unit"]) == {"log2 fold change, latent"}
    first = rows.sort_values("p").iloc[0]
    assert first["feature"] == "M0"
    assert first["effect"] == pytest.approx(-2.5 / np.log(2), abs=0.8)
    assert "below the limit of detection" in first["note"]
    assert (rows["df"].dropna() <= 10 - 2).all()  # ten cages, two arms
    page = result.report.read_text()
    assert 'id="preparation"' in page
    assert "Internal standards: divided by the geometric mean of the 2 internal standards" in page
    assert "known only to lie there: a left-censored model" in page
    assert (tmp_path / "out" / "figures" / "01-preparation-serum.svg").is_file()


def test_arms_are_answered_by_the_same_model(study, tmp_path):
    result = run(study(kind="depletion"), tmp_path / "out")
    rows = result.estimates[result.estimates["test"] == "t, left-censored"]
    assert set(rows["term"]) == {"abx"}
    assert rows.sort_values("p").iloc[0]["feature"] == "M0"
    cohort = run(study(kind="cohort"), tmp_path / "other").estimates
    other = cohort[cohort["test"] == "t, left-censored"].set_index("feature")
    np.testing.assert_allclose(rows.set_index("feature")["p"], other["p"], rtol=1e-6)


def test_apart_and_no_section_are_the_two_part_model(study, tmp_path):
    for name, keys in (("apart", 'below_detection = "apart"\ninternal_standards = ["* (IS)"]'), ("none", None)):
        result = run(study(keys), tmp_path / name)
        assert {"abundance", "prevalence", "joint"} <= set(result.estimates["model"].dropna())
        assert ("prepared" in {one.code for one in result.findings}) == (name == "apart")
        assert ("standards_among_molecules" in {one.code for one in result.findings}) == (name == "none")


@pytest.mark.parametrize("how", ["half_minimum", "qrilc"])
def test_fill_ins_are_offered_and_warned_of(study, how):
    loaded = load(study(f'below_detection = "{how}"\ninternal_standards = ["* (IS)"]'))
    own = loaded.samples["role"].reindex(list(loaded.assays["serum"].samples)).isin(["sample", "qc"]).to_numpy()
    assert (loaded.assays["serum"].values[own] > 0).all()
    assert loaded.assays["serum"].limits is None
    told = {one.code: one for one in check(loaded)}
    assert "filled in by" in told["filled_in"].message


def tied(table, meta):
    """The way of some laboratories: what is missing has the feature's smallest value."""
    names = [name for name in table.columns if name.startswith("M")]
    for name in names:
        lowest = table.loc[table[name] > 0, name].min()
        table[name] = table[name].where(table[name] > 0, lowest)
    return table, meta


def test_filled_in_minima_are_found_and_can_be_taken_for_what_they_are(study):
    left = load(study(None, zero="value", change=tied))
    found = next(one for one in check(left) if one.code == "filled_minimum")
    assert found.counts["share"] == pytest.approx(0.2, abs=0.03)
    assert 'tied_minimum = "below_detection"' in found.mend
    taken = load(study('tied_minimum = "below_detection"', zero="value", change=tied))
    assert "filled_minimum" not in {one.code for one in check(taken)}
    assert (taken.assays["serum"].values == 0).mean() > 0.15
    assert taken.assays["serum"].assay.zero == "below_detection"


def test_logarithms_are_prepared_as_amounts(study):
    def logs(table, meta):
        numbers = table.iloc[:, 1:]
        table.iloc[:, 1:] = np.log2(numbers.where(numbers > 0))
        return table, meta

    keys = 'internal_standards = ["* (IS)"]\ndrift = "qc_loess"\norder = "order"'
    plain = load(study(keys, zero="value"))
    taken = load(study(keys, value="log2", zero="value", change=logs))
    one, other = plain.assays["serum"].values, taken.assays["serum"].values
    seen = (one > 0) & ~np.isnan(other)
    np.testing.assert_allclose(other[seen], one[seen], rtol=1e-4)


@pytest.mark.parametrize(
    ("how", "factor"),
    [
        ('"sum"', lambda table, _: table.iloc[:, 1:].sum(axis=1)),
        ('{ column = "protein" }', lambda _, meta: meta["protein"]),
        ('{ feature = "Nam-d4 (IS)" }', lambda table, _: table["Nam-d4 (IS)"]),
    ],
)
def test_samples_are_divided_by_what_is_named(study, how, factor):
    table, meta = molecules()
    by = np.asarray(factor(table, meta), dtype=float)
    own = (meta["role"] == "sample").to_numpy()
    expected = table.iloc[:, 1:].to_numpy() / (by / np.exp(np.log(by[own]).mean()))[:, None]
    found = load(study(f"normalise = {how}")).assays["serum"].values
    np.testing.assert_allclose(found[own], expected[own], rtol=1e-9)


def test_batches_without_controls_move_to_one_median(study):
    def without(table, meta):
        return table, meta.assign(role=meta["role"].replace("qc", "mock"))

    loaded = load(study('drift = "batch_median"\nbatch = "batch"', change=without))
    values, frame = loaded.assays["serum"].values, loaded.samples
    logs = np.log(np.where(values > 0, values, np.nan))
    own = (frame["role"] == "sample").to_numpy()
    medians = [np.nanmedian(logs[own & (frame["batch"] == one).to_numpy()], axis=0) for one in "ab"]
    np.testing.assert_allclose(medians[0], medians[1], atol=1e-9)


def test_a_run_that_goes_with_the_groups_is_named(study):
    found = {one.code: one for one in check(load(study(confounded=True)))}
    assert found["order_confounded"].counts["later"] < 0.01
    assert found["batch_confounded"].counts["share"] == 1.0
    assert "not_answered" not in found


@pytest.mark.parametrize(
    ("keys", "change", "words"),
    [
        ('drift = "qc_loess"', None, "needs its order"),
        ('drift = "qc_loess"\norder = "ordre"', None, "did you mean 'order'"),
        ('drift = "batch_median"', None, "no batches"),
        ("max_rsd = 0.001", None, "no feature is left"),
        ("max_rsd = 0.3", lambda t, m: (t, m.assign(role=m["role"].replace("qc", "mock"))), "role qc"),
        ("blank_ratio = 3", lambda t, m: (t, m.assign(role=m["role"].replace("blank", "mock"))), "role blank"),
        ('internal_standards = ["IS *"]', None, "no feature is called"),
        ('normalise = { column = "protein" }', lambda t, m: (t, m.assign(protein=0.0)), "cannot be normalised"),
        ('normalise = { columns = "protein" }', None, "normalise"),
        ('normalise = "quantile"', None, "unknown word"),
        ("limit = -3", None, "limit"),
        ('limit = "LOD"', None, "the features have no column 'LOD'"),
        ('drift = "loess"', None, "unknown word"),
        ('driftt = "qc_loess"', None, "did you mean 'drift'"),
        (
            'drift = "qc_loess"\norder = "order"',
            lambda t, m: (t, m.assign(order=m["order"].where(m["order"] > 3))),
            "place in the run",
        ),
    ],
)
def test_what_a_step_lacks_is_said(study, keys, change, words):
    with pytest.raises(CommensalError, match=words):
        load(study(keys, change=change))


def test_exogenous_molecules_keep_their_effect_and_lose_their_p():
    features = pd.DataFrame({"label": ["a", "b"], "exogenous": ["drug: antibiotic", None]}, index=["a", "b"])
    rows = estimates([{"feature": name, "effect": 3.0, "p": 1e-9, "status": "ok", "note": "x"} for name in ("a", "b")])
    out = without_exogenous(rows, features)
    assert out["status"].tolist() == ["exogenous", "ok"]
    assert out["p"].isna().tolist() == [True, False]
    assert out["note"].tolist() == ["drug: antibiotic; x", "x"]
    assert out["effect"].tolist() == [3.0, 3.0]
    pd.testing.assert_frame_equal(without_exogenous(rows, features[["label"]]), rows)
