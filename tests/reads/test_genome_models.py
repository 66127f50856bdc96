"""Genome-scale models: what a real model and a made one can export; skips where cobra is not installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from commensal import knowledge
from commensal.errors import CommensalError, FormatError, UsageError
from commensal.reads.genome_models import exchanges

#: What Escherichia coli K-12 makes, and what it never does. Butyrate is left out: its breakdown of fatty acids has the
#: same EC numbers, and EC numbers alone say "makes" of it, which is wrong.
MAKES = (
    "NAD", "L-tryptophan", "indole", "acetate", "formate", "lactate", "succinate", "GABA", "putrescine", "cadaverine",
    "spermidine", "agmatine", "riboflavin", "tetrahydrofolate", "pantothenate", "pyridoxal phosphate",
    "phosphatidylethanolamine",
)  # fmt: skip
NEVER = (
    "p-cresol", "tyramine", "histamine", "L-kynurenine", "indole-3-propionate", "skatole", "deoxycholate",
    "adenosylcobalamin", "dopamine", "serotonin",
)  # fmt: skip
#: The solver's tolerance on fluxes.
CLOSE = 1e-4


@pytest.fixture(scope="module")
def cobra():
    return pytest.importorskip("cobra", reason="genome-scale models need cobra: pip install 'commensal[models]'")


def made(cobra, tmp_path, *, nadase: bool = True, pnca: bool = False) -> Path:
    """A cell that grows on glucose and NAD made of it; with and without release of nicotinamide, and its use."""
    model = cobra.Model("made")
    outside = {name: cobra.Metabolite(f"{name}_e", name=name, compartment="e") for name in ("glc", "ncam")}
    outside["ncam"].annotation = {"kegg.compound": "C00153"}
    inside = {name: cobra.Metabolite(f"{name}_c", name=name, compartment="c") for name in ("glc", "nad", "ncam")}

    def reaction(name: str, change: dict, low: float = 0.0, high: float = 1000.0) -> None:
        one = cobra.Reaction(name, lower_bound=low, upper_bound=high)
        one.add_metabolites(change)
        model.add_reactions([one])

    model.add_metabolites([*outside.values(), *inside.values()])
    for metabolite in outside.values():
        model.add_boundary(metabolite, type="exchange", lb=-10 if metabolite.name == "glc" else 0)
    reaction("glc_in", {outside["glc"]: -1, inside["glc"]: 1})
    reaction("nad_made", {inside["glc"]: -2, inside["nad"]: 1})
    reaction("ncam_t", {outside["ncam"]: -1, inside["ncam"]: 1}, low=-1000)
    reaction("growth", {inside["glc"]: -1, inside["nad"]: -0.1})
    if nadase:
        reaction("nadase", {inside["nad"]: -1, inside["ncam"]: 1})
    if pnca:
        reaction("pncA", {inside["ncam"]: -1})
    model.objective = "growth"
    place = tmp_path / f"made_{nadase}_{pnca}.xml"
    cobra.io.write_sbml_model(model, str(place))
    return place


def test_a_made_model_exports_what_its_growth_leaves_over(cobra, tmp_path):
    """Growth takes 1.2 glucose: at most 10 / 1.2; at half of it 5 glucose are left, two for each nicotinamide."""
    one = exchanges(made(cobra, tmp_path))["nicotinamide"]
    assert one.growth == pytest.approx(10 / 1.2, abs=CLOSE)
    assert one.most_out == pytest.approx(2.5, abs=CLOSE)
    assert one.most_in == pytest.approx(0, abs=CLOSE)
    assert exchanges(made(cobra, tmp_path), share=1.0)["nicotinamide"].most_out == pytest.approx(0, abs=CLOSE)


def test_without_release_nothing_leaves_and_with_pnca_it_is_taken_up(cobra, tmp_path):
    assert exchanges(made(cobra, tmp_path, nadase=False))["nicotinamide"].most_out == pytest.approx(0, abs=CLOSE)
    user = exchanges(made(cobra, tmp_path, nadase=False, pnca=True))["nicotinamide"]
    assert user.most_out == pytest.approx(0, abs=CLOSE)
    assert user.most_in == pytest.approx(10, abs=CLOSE)


def test_a_real_model_ferments(cobra):
    """cobra's core model of Escherichia coli: at half of its growth on glucose with oxygen."""
    place = Path(cobra.__file__).parent / "data" / "textbook.xml.gz"
    found = exchanges(place)
    assert found["acetate"].growth == pytest.approx(0.8739, abs=1e-3)  # the growth that the model is published with
    # flux_variability_analysis(model, ["EX_ac_e"], fraction_of_optimum=0.5) says the same
    model = cobra.io.read_sbml_model(str(place))
    slow = cobra.flux_analysis.flux_variability_analysis(model, ["EX_ac_e", "EX_succ_e"], fraction_of_optimum=0.5)
    assert found["acetate"].most_out == pytest.approx(slow.loc["EX_ac_e", "maximum"], abs=1e-3)
    assert found["succinate"].most_out == pytest.approx(slow.loc["EX_succ_e", "maximum"], abs=1e-3)
    assert {"lactate", "formate", "pyruvate", "L-glutamate"} <= set(found)


def test_escherichia_coli_by_the_ec_numbers_of_its_model(cobra):
    """What a century of physiology says of K-12, from the EC numbers of iJO1366 alone."""
    model = cobra.io.read_sbml_model(str(Path(cobra.__file__).parent / "data" / "iJO1366.xml.gz"))
    ecs: set[str] = set()
    for reaction in model.reactions:
        numbers = reaction.annotation.get("ec-code", [])
        ecs |= {numbers} if isinstance(numbers, str) else set(numbers)
    verdicts = {name: knowledge.capability((), name, ecs=ecs).verdict for name in (*MAKES, *NEVER)}
    assert {name for name in MAKES if not verdicts[name].startswith("makes")} == set()
    assert {name for name in NEVER if verdicts[name].startswith("makes")} == set()
    assert "pncA" in knowledge.capability((), "nicotinamide", ecs=ecs).consuming


def test_a_medium_of_ones_own(cobra, tmp_path):
    place = made(cobra, tmp_path)
    assert exchanges(place, medium={"EX_glc_e": 5.0})["nicotinamide"].most_out == pytest.approx(1.25, abs=CLOSE)
    with pytest.raises(FormatError, match="does not grow"):
        exchanges(place, medium={})
    with pytest.raises(UsageError, match="no exchange reaction"):
        exchanges(place, medium={"EX_fru_e": 5.0})


@pytest.mark.parametrize("text", ["", "gene\tKO\na\tK00278\n", "<sbml></sbml>", '<?xml version="1.0"?><html/>'])
def test_what_is_no_model_is_refused(cobra, tmp_path, text):
    place = tmp_path / "m.xml"
    place.write_text(text)
    with pytest.raises(FormatError, match=r"no genome-scale model|no exchange reactions"):
        exchanges(place)


@pytest.mark.parametrize("share", [0.0, 1.5, -1.0])
def test_a_share_out_of_range_is_refused(share):
    with pytest.raises(UsageError, match="share"):
        exchanges("m.xml", share=share)


def test_without_cobra_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "cobra", None)
    with pytest.raises(CommensalError, match="reading genome-scale models needs cobra") as raised:
        exchanges("m.xml")
    assert "pip install 'commensal[models]'" in str(raised.value)
