"""Names that simulated species and molecules bear: real names, invented numbers."""

from __future__ import annotations

from commensal.errors import UsageError

#: Family → (phylum, species). The families are the clades of the simulated tree.
_FAMILIES: dict[str, tuple[str, str]] = {
    "Akkermansiaceae": ("Verrucomicrobiota", "Akkermansia muciniphila"),
    "Bacteroidaceae": (
        "Bacteroidota",
        "Bacteroides uniformis, Bacteroides thetaiotaomicron, Bacteroides ovatus, Bacteroides fragilis, "
        "Bacteroides caccae, Bacteroides stercoris, Bacteroides xylanisolvens, Bacteroides eggerthii, "
        "Bacteroides cellulosilyticus, Phocaeicola vulgatus, Phocaeicola dorei, Phocaeicola plebeius",
    ),
    "Prevotellaceae": ("Bacteroidota", "Segatella copri, Prevotella stercorea, Paraprevotella clara"),
    "Rikenellaceae": (
        "Bacteroidota",
        "Alistipes putredinis, Alistipes finegoldii, Alistipes onderdonkii, Alistipes shahii, Alistipes indistinctus",
    ),
    "Tannerellaceae": (
        "Bacteroidota",
        "Parabacteroides distasonis, Parabacteroides merdae, Parabacteroides goldsteinii",
    ),
    "Odoribacteraceae": ("Bacteroidota", "Odoribacter splanchnicus, Butyricimonas virosa"),
    "Barnesiellaceae": ("Bacteroidota", "Barnesiella intestinihominis, Coprobacter fastidiosus"),
    "Lachnospiraceae": (
        "Bacillota",
        "Agathobacter rectalis, Roseburia intestinalis, Roseburia inulinivorans, Roseburia hominis, "
        "Roseburia faecis, Anaerostipes hadrus, Anaerostipes caccae, Blautia obeum, Blautia wexlerae, "
        "Blautia massiliensis, Blautia hydrogenotrophica, Coprococcus comes, Coprococcus eutactus, "
        "Coprococcus catus, Dorea longicatena, Dorea formicigenerans, Fusicatenibacter saccharivorans, "
        "Lachnospira eligens, Lachnospira pectinoschiza, Ruminococcus torques, Ruminococcus gnavus, "
        "Tyzzerella nexilis, Enterocloster bolteae, Enterocloster clostridioformis, Hungatella hathewayi, "
        "Butyrivibrio crossotus, Eisenbergiella tayi, Sellimonas intestinalis",
    ),
    "Oscillospiraceae": (
        "Bacillota",
        "Faecalibacterium prausnitzii, Subdoligranulum variabile, Gemmiger formicilis, Ruminococcus bromii, "
        "Ruminococcus bicirculans, Ruminococcus callidus, Ruminococcus lactaris, Flavonifractor plautii, "
        "Oscillibacter ruminantium, Intestinimonas butyriciproducens, Agathobaculum butyriciproducens, "
        "Pseudoflavonifractor capillosus, Anaerotruncus colihominis, Eubacterium siraeum",
    ),
    "Eubacteriaceae": ("Bacillota", "Anaerobutyricum hallii, Anaerobutyricum soehngenii, Eubacterium ventriosum"),
    "Christensenellaceae": ("Bacillota", "Christensenella minuta"),
    "Clostridiaceae": ("Bacillota", "Clostridium butyricum, Clostridium perfringens, Clostridium disporicum"),
    "Peptostreptococcaceae": ("Bacillota", "Intestinibacter bartlettii, Romboutsia timonensis"),
    "Erysipelotrichaceae": (
        "Bacillota",
        "Holdemanella biformis, Turicibacter sanguinis, Catenibacterium mitsuokai, Clostridium innocuum, "
        "Faecalitalea cylindroides",
    ),
    "Veillonellaceae": (
        "Bacillota",
        "Dialister invisus, Veillonella parvula, Veillonella dispar, Megasphaera elsdenii",
    ),
    "Acidaminococcaceae": ("Bacillota", "Phascolarctobacterium faecium, Acidaminococcus intestini"),
    "Lactobacillaceae": (
        "Bacillota",
        "Limosilactobacillus reuteri, Lactobacillus gasseri, Lacticaseibacillus rhamnosus, "
        "Ligilactobacillus salivarius",
    ),
    "Streptococcaceae": (
        "Bacillota",
        "Streptococcus salivarius, Streptococcus thermophilus, Streptococcus parasanguinis",
    ),
    "Enterococcaceae": ("Bacillota", "Enterococcus faecalis, Enterococcus faecium"),
    "Bifidobacteriaceae": (
        "Actinomycetota",
        "Bifidobacterium longum, Bifidobacterium adolescentis, Bifidobacterium pseudocatenulatum, "
        "Bifidobacterium bifidum, Bifidobacterium breve",
    ),
    "Coriobacteriaceae": ("Actinomycetota", "Collinsella aerofaciens, Eggerthella lenta, Adlercreutzia equolifaciens"),
    "Enterobacteriaceae": (
        "Pseudomonadota",
        "Escherichia coli, Klebsiella pneumoniae, Citrobacter freundii, Enterobacter cloacae",
    ),
    "Sutterellaceae": (
        "Pseudomonadota",
        "Sutterella wadsworthensis, Parasutterella excrementihominis",
    ),
    "Pasteurellaceae": ("Pseudomonadota", "Haemophilus parainfluenzae"),
    "Desulfovibrionaceae": ("Pseudomonadota", "Bilophila wadsworthia, Desulfovibrio piger"),
    "Fusobacteriaceae": ("Fusobacteriota", "Fusobacterium mortiferum"),
    "Methanobacteriaceae": ("Methanobacteriota", "Methanobrevibacter smithii"),
}

#: Species that can be planted, abundant in most guts: lost in patients first, then gained.
DEPLETED = (
    "Akkermansia muciniphila",
    "Faecalibacterium prausnitzii",
    "Agathobacter rectalis",
    "Roseburia intestinalis",
    "Bifidobacterium adolescentis",
    "Anaerobutyricum hallii",
)
ENRICHED = (
    "Ruminococcus torques",
    "Parabacteroides distasonis",
    "Escherichia coli",
    "Eggerthella lenta",
    "Enterocloster bolteae",
    "Ruminococcus gnavus",
)
#: The species that patients carry more seldom.
VANISHING = "Butyrivibrio crossotus"

#: Molecules that can be planted, lowered in patients first, then raised.
LOWERED = (
    "nicotinamide",
    "nicotinic acid riboside",
    "indole-3-propionic acid",
    "riboflavin",
    "tryptophan",
    "hippuric acid",
)
RAISED = ("p-cresol sulfate", "phenylacetylglutamine", "creatine", "trimethylamine N-oxide", "kynurenine", "glutamate")

_MOLECULES: dict[str, str] = {
    "amino acids": "alanine, arginine, asparagine, aspartate, citrulline, glutamate, glutamine, glycine, histidine, "
    "isoleucine, leucine, lysine, methionine, ornithine, phenylalanine, proline, serine, threonine, tryptophan, "
    "tyrosine, valine, creatine, creatinine, sarcosine, taurine",
    "tryptophan metabolism": "kynurenine, kynurenic acid, quinolinic acid, xanthurenic acid, serotonin, "
    "indole-3-acetic acid, indole-3-lactic acid, indole-3-propionic acid, indoxyl sulfate",
    "vitamins and cofactors": "nicotinamide, nicotinic acid, nicotinic acid riboside, 1-methylnicotinamide, "
    "riboflavin, pyridoxate, pantothenate, biotin, thiamine, alpha-tocopherol, retinol",
    "microbial products": "hippuric acid, p-cresol sulfate, p-cresol glucuronide, phenylacetylglutamine, "
    "trimethylamine N-oxide, trimethylamine, butyrate, propionate, 4-ethylphenyl sulfate, equol sulfate, urolithin A",
    "bile acids": "cholic acid, chenodeoxycholic acid, deoxycholic acid, lithocholic acid, ursodeoxycholic acid, "
    "glycocholic acid, taurocholic acid, glycodeoxycholic acid, taurodeoxycholic acid",
    "lipids": "carnitine, acetylcarnitine, propionylcarnitine, palmitoylcarnitine, oleoylcarnitine, palmitate, oleate, "
    "linoleate, arachidonate, docosahexaenoate, sphingosine, LysoPC 16:0, LysoPC 18:0, LysoPC 18:1, PC 34:1, PC 36:2",
    "energy and sugars": "glucose, fructose, lactate, pyruvate, citrate, succinate, fumarate, malate, "
    "3-hydroxybutyrate, inositol, mannitol",
    "purines and pyrimidines": "adenosine, inosine, hypoxanthine, xanthine, urate, uridine, cytidine, pseudouridine",
}


def species_names(n: int) -> list[tuple[str, str, str]]:
    """Return n (species, family, phylum) in alphabetical order, the species that can be planted among them.

    Examples
    --------
    >>> species_names(20)[0]
    ('Agathobacter rectalis', 'Lachnospiraceae', 'Bacillota')
    """
    known = {
        species: (species, family, phylum)
        for family, (phylum, listed) in _FAMILIES.items()
        for species in listed.split(", ")
    }
    first = [*DEPLETED, *ENRICHED, VANISHING]
    _enough(n, len(first) + 2, "species")  # two commoner species are never planted
    order = first + [species for species in known if species not in first]
    extra = [
        (f"Lachnospiraceae bacterium S{i:04d}", "Lachnospiraceae", "Bacillota") for i in range(len(order) + 1, n + 1)
    ]
    return sorted(([known[species] for species in order] + extra)[:n])


def molecule_names(n: int) -> list[tuple[str, str]]:
    """Return n (molecule, class) in alphabetical order, those that can be planted among them.

    Where no name is known they are ``("", "unknown")``, at the end.

    Examples
    --------
    >>> molecule_names(12)[0]
    ('creatine', 'amino acids')
    """
    known = {name: (name, family) for family, listed in _MOLECULES.items() for name in listed.split(", ")}
    first = [*LOWERED, *RAISED]
    _enough(n, len(first), "molecules")
    # One molecule in five stays unknown, as in an untargeted run.
    named = [known[name] for name in first + [name for name in known if name not in first]]
    named = named[: max(len(first), round(0.8 * n))]
    return (sorted(named) + [("", "unknown")] * n)[:n]


def _enough(n: int, least: int, what: str) -> None:
    if n < least:
        raise UsageError(f"too few {what} to simulate", found=n, expected=f"at least {least}")
