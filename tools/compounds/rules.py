"""Names that follow from a rule, for molecules that no list of names has: peptides, conjugates, acylcarnitines."""

from __future__ import annotations

ACIDS = {
    "alanine": "alanyl", "arginine": "arginyl", "asparagine": "asparaginyl", "aspartic acid": "alpha-aspartyl",
    "cysteine": "cysteinyl", "glutamine": "glutaminyl", "glutamic acid": "alpha-glutamyl", "glycine": "glycyl",
    "histidine": "histidyl", "isoleucine": "isoleucyl", "leucine": "leucyl", "lysine": "lysyl",
    "methionine": "methionyl",
    "phenylalanine": "phenylalanyl", "proline": "prolyl", "serine": "seryl", "threonine": "threonyl",
    "tryptophan": "tryptophyl", "tyrosine": "tyrosyl", "valine": "valyl",
}  # fmt: skip
#: Molecules of gut microbes and their hosts that the sources' lists lack, by the name they are known by.
MICROBIAL = {
    "imidazole propionate": "3-(1H-imidazol-4-yl)propanoic acid",
    "delta-valerobetaine": "5-(trimethylazaniumyl)pentanoate",
    "13-methylmyristate": "13-methyltetradecanoic acid",
    "15-methylpalmitate": "15-methylhexadecanoic acid",
    "4-hydroxyhippurate": "N-(4-hydroxybenzoyl)glycine",
    "3-hydroxyhippurate": "N-(3-hydroxybenzoyl)glycine",
    "2-hydroxyhippurate": "N-(2-hydroxybenzoyl)glycine",
    "3-hydroxypalmitate": "3-hydroxyhexadecanoic acid",
    "3-hydroxymyristate": "3-hydroxytetradecanoic acid",
    "3-hydroxyhexanoate": "3-hydroxyhexanoic acid",
    "3-hydroxyoctanoate": "3-hydroxyoctanoic acid",
    "2-hydroxystearate": "2-hydroxyoctadecanoic acid",
    "2-hydroxydecanoate": "2-hydroxydecanoic acid",
    "10-hydroxystearate": "10-hydroxyoctadecanoic acid",
    "10-hydroxy-12-octadecenoate": "(12Z)-10-hydroxyoctadec-12-enoic acid",
    "3-hydroxypyridine": "pyridin-3-ol",
    "2-hydroxy-3-methylvalerate": "2-hydroxy-3-methylpentanoic acid",
    "6-oxopiperidine-2-carboxylate": "6-oxopiperidine-2-carboxylic acid",
}
SHORT = {
    "alanine": "Ala", "arginine": "Arg", "asparagine": "Asn", "aspartic acid": "Asp", "cysteine": "Cys",
    "glutamine": "Gln",
    "glutamic acid": "Glu", "glycine": "Gly", "histidine": "His", "isoleucine": "Ile", "leucine": "Leu",
    "lysine": "Lys",
    "methionine": "Met", "phenylalanine": "Phe", "proline": "Pro", "serine": "Ser", "threonine": "Thr",
    "tryptophan": "Trp", "tyrosine": "Tyr", "valine": "Val",
}  # fmt: skip
ACYLS = (
    "acetyl", "propionyl", "butyryl", "isobutyryl", "valeryl", "isovaleryl", "hexanoyl", "octanoyl", "decanoyl",
    "lauroyl",
    "myristoyl", "palmitoyl", "palmitoleoyl", "stearoyl", "oleoyl", "linoleoyl", "phenylacetyl", "benzoyl", "tigloyl",
    "crotonoyl", "malonyl", "succinyl", "glutaryl", "adipoyl",
)  # fmt: skip


#: Sulfates and glucuronides of what microbes make of amino acids, by the names that laboratories use.
SULFATES = {
    "phenol sulfate": "phenyl hydrogen sulfate", "p-cresol sulfate": "4-methylphenyl hydrogen sulfate",
    "indoxyl sulfate": "1H-indol-3-yl hydrogen sulfate", "catechol sulfate": "2-hydroxyphenyl hydrogen sulfate",
    "4-ethylphenyl sulfate": "4-ethylphenyl hydrogen sulfate",
    "4-vinylphenol sulfate": "4-ethenylphenyl hydrogen sulfate",
    "3-methyl catechol sulfate": "2-hydroxy-3-methylphenyl hydrogen sulfate",
    "guaiacol sulfate": "2-methoxyphenyl hydrogen sulfate",
    "p-cresol glucuronide": "4-methylphenyl beta-D-glucopyranosiduronic acid",
    "phenol glucuronide": "phenyl beta-D-glucopyranosiduronic acid",
}  # fmt: skip
ACYLS_OF_CARNITINE = (
    *ACYLS,
    "pentadecanoyl",
    "heptadecanoyl",
    "heptanoyl",
    "nonanoyl",
    "pimeloyl",
    "suberoyl",
    "sebacoyl",
)


def names() -> dict[str, str]:
    """Return name → the name that OPSIN reads as one structure; amino acids and carnitine without a mark are L."""
    same = [f"{first}{second}" for first in ACIDS.values() for second in ACIDS]
    same += [f"gamma-glutamyl{acid}" for acid in ACIDS]
    same += [f"N-{acyl}{acid}" for acyl in ("acetyl", "formyl", "lactoyl", "methyl") for acid in ACIDS]
    same += [f"N-{acyl}{end}" for acyl in ACYLS for end in ("glycine", "taurine")]
    made = {name: name for name in same}
    for acid, short in SHORT.items():
        made[f"gamma-Glu-{short}"] = f"gamma-glutamyl{acid}"
        made |= {f"{one}-{short}": f"{ACIDS[first]}{acid}" for first, one in SHORT.items()}
    made |= {f"{acyl}{end}": f"N-{acyl}{end}" for acyl in ACYLS for end in ("glycine", "taurine")}
    made |= {f"{acyl}carnitine": f"O-{acyl}-L-carnitine" for acyl in ACYLS_OF_CARNITINE}
    return made | SULFATES | MICROBIAL
