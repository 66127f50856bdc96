"""Names that follow from a rule, for molecules that no list of names has: peptides, conjugates, acylcarnitines."""

from __future__ import annotations

ACIDS = {
    "alanine": "alanyl", "arginine": "arginyl", "asparagine": "asparaginyl", "aspartic acid": "alpha-aspartyl",
    "cysteine": "cysteinyl", "glutamine": "glutaminyl", "glutamic acid": "alpha-glutamyl", "glycine": "glycyl",
    "histidine": "histidyl", "isoleucine": "isoleucyl", "leucine": "leucyl", "lysine": "lysyl", "methionine": "methionyl",
    "phenylalanine": "phenylalanyl", "proline": "prolyl", "serine": "seryl", "threonine": "threonyl",
    "tryptophan": "tryptophyl", "tyrosine": "tyrosyl", "valine": "valyl",
}  # fmt: skip
ACYLS = (
    "acetyl", "propionyl", "butyryl", "isobutyryl", "valeryl", "isovaleryl", "hexanoyl", "octanoyl", "decanoyl", "lauroyl",
    "myristoyl", "palmitoyl", "palmitoleoyl", "stearoyl", "oleoyl", "linoleoyl", "phenylacetyl", "benzoyl", "tigloyl",
    "crotonoyl", "malonyl", "succinyl", "glutaryl", "adipoyl",
)  # fmt: skip


def names() -> list[str]:
    """Return the names, each of which OPSIN reads as one structure (amino acids without a mark are L)."""
    made = [f"{first}{second}" for first in ACIDS.values() for second in ACIDS]
    made += [f"gamma-glutamyl{acid}" for acid in ACIDS]
    made += [f"N-{acyl}{acid}" for acyl in ("acetyl", "formyl", "lactoyl", "methyl") for acid in ACIDS]
    made += [f"N-{acyl}{end}" for acyl in ACYLS for end in ("glycine", "taurine")]
    made += [f"{acyl}{end}" for acyl in ACYLS for end in ("glycine", "taurine")]
    made += [f"O-{acyl}carnitine" for acyl in ACYLS]
    return made
