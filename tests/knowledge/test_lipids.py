"""Shorthand of lipids: one writing for each molecule or sum of chains, and levels of knowing kept apart."""

from __future__ import annotations

import pytest

from commensal.knowledge import resolve
from commensal.knowledge.lipids import acylcarnitine, species, sums


@pytest.mark.parametrize(
    ("name", "shorthand"),
    [  # shorthand: Liebisch et al. 2020, doi:10.1194/jlr.S120001025
        ("1-palmitoyl-2-oleoyl-gpc (16:0/18:1)", "PC 16:0/18:1(9Z)"),
        ("1-hexadecanoyl-2-(9z)-octadecenoyl-sn-glycero-3-phosphocholine", "PC 16:0/18:1(9Z)"),
        ("1-(1-enyl-palmitoyl)-2-oleoyl-gpe (p-16:0/18:1)", "PE P-16:0/18:1(9Z)"),
        ("1-stearoyl-gpi (18:0)", "LPI 18:0/0:0"),
        ("2-palmitoyl-gpc (16:0)", "LPC 0:0/16:0"),
        ("1-oleoylglycerol (18:1)", "MG 18:1(9Z)/0:0/0:0"),
        ("pc(16:0/0:0)", "LPC 16:0/0:0"),
        ("lysopc(16:0)", "LPC 16:0"),
        ("c16:0 lpc", "LPC 16:0"),
        ("pc(34:1)", "PC 34:1"),
        ("sm(d18:1/16:0)", "SM d18:1/16:0"),
        ("palmitoyl sphingomyelin (d18:1/16:0)", "SM d18:1/16:0"),
        ("n-palmitoyl-sphingosine (d18:1/16:0)", "Cer d18:1/16:0"),
        ("c52:2 tag", "TG 52:2"),
        ("palmitoyl-oleoyl-glycerol (16:0/18:1)", "DG 16:0_18:1(9Z)"),
    ],
)
def test_ways_of_writing_a_lipid(name, shorthand):
    assert species(name) == (shorthand,)


@pytest.mark.parametrize("name", ["nicotinamide", "palmitate", "1-methylhistidine", "", "16:0", "dg", "pc"])
def test_what_is_no_lipid_shorthand(name):
    assert species(name) == sums(name) == acylcarnitine(name) == ()


def test_counted_and_placed_double_bonds_are_two_levels():
    assert resolve("PC(16:0/18:1)").compound != resolve("1-palmitoyl-2-oleoyl-GPC (16:0/18:1)").compound


def test_carnitines_by_their_carbons():
    assert resolve("C16 carnitine").compound == resolve("palmitoylcarnitine").compound == resolve("CAR 16:0").compound
    assert resolve("C4 carnitine").status == "ambiguous"
    assert resolve("C18:1-OH carnitine").compound == "CAR 18:1-OH"
