"""What the linter asks of questions about arms: each fault, and a design without it."""

import numpy as np
import pandas as pd
from tests.questions.animals import animals

from commensal.checks import check

TEXT = """
[design]
primary = ["rotarod"]
[variables.cage]
nested_in = ["arm"]
[contrasts.strains]
column = "arm"
case = ["a", "b"]
control = "vehicle"
[measures.rotarod]
better = "higher"
{margin}
[questions.screen]
kind = "screen"
contrast = "strains"
block = ["cage"]
{keys}
"""


def codes(mice: pd.DataFrame, keys: str = "", margin: str = "margin = 20") -> dict[str, str]:
    values = pd.DataFrame({"mouse": mice["mouse"], "day": 1, "rotarod": np.arange(len(mice)) + 10.0})
    loaded = animals(TEXT.format(keys=keys, margin=margin), mice, phenotypes=values)
    return {finding.code: f"{finding.severity}: {finding.message}" for finding in check(loaded)}


def mice(**columns) -> pd.DataFrame:
    arm = np.repeat(["vehicle", "a", "b"], 6)
    frame = pd.DataFrame({"mouse": [f"m{i}" for i in range(18)], "arm": arm, "cage": np.tile([1, 1, 2, 2, 3, 3], 3)})
    return frame.assign(**columns)


OURS = {
    "no_margin",
    "strain_not_in_table",
    "one_unit_in_arm",
    "no_concurrent_control",
    "concurrent_not_declared",
    "washout_differs",
}


def test_a_sound_screen_has_none_of_them():
    assert not OURS & set(codes(mice(), 'strains = { a = "f1", b = "f2" }'))


def test_a_primary_measure_without_a_margin_is_told():
    assert "never equivalent" in codes(mice(), margin="")["no_margin"]


def test_a_strain_that_no_table_has_is_told():
    assert "'f9'" in codes(mice(), 'strains = { a = "f9" }')["strain_not_in_table"]


def test_an_arm_of_one_cage_is_told():
    one = mice(cage=np.r_[np.tile([1, 1, 2, 2, 3, 3], 2), np.ones(6, dtype=int)])
    assert codes(one)["one_unit_in_arm"].startswith("warning: b is one cage")


def test_an_arm_without_a_control_of_its_batch_is_told():
    batch = np.r_[np.repeat("one", 12), np.repeat("two", 6)]
    assert "b has no control in the same batch" in codes(mice(batch=batch))["no_concurrent_control"]
    assert "b has no control" in codes(mice(batch=batch), 'concurrent = "batch"')["no_concurrent_control"]


def test_batches_that_all_have_controls_are_asked_to_be_declared():
    batch = np.tile(["one", "two"], 9)
    assert "concurrent_not_declared" in codes(mice(batch=batch))
    assert not OURS & set(codes(mice(batch=batch), 'concurrent = "batch"'))


def test_another_washout_than_the_control_is_told():
    days = np.r_[np.repeat(7.0, 12), np.repeat(2.0, 6)]
    assert (
        "b has another washout than the control (7)"
        in codes(mice(washout=days), 'washout = "washout"')["washout_differs"]
    )
