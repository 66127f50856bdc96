"""The model study whole, with known truth: mice, patients and those they live with, written as files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from commensal.errors import UsageError
from commensal.simulation import animal_files
from commensal.simulation.als_files import AlsDrawn, als_tables
from commensal.simulation.als_fluids import molecules_of_mice
from commensal.simulation.als_people import people_of
from commensal.simulation.als_plan import AlsPlan, als_plan
from commensal.simulation.als_reads import READS_SECTION, write_reads
from commensal.simulation.als_study import als_study_text
from commensal.simulation.als_truth import als_truth
from commensal.simulation.files import refuse_other_studies, write_files
from commensal.simulation.mice import mice
from commensal.simulation.mouse_gut import gut
from commensal.simulation.mouse_measures import measurements
from commensal.simulation.mouse_tissue import tissue


def als(
    out: Path,
    *,
    seed: int = 1,
    small: bool = False,
    effects: Mapping[str, float] | None = None,
    null: bool = False,
    false_link: str | None = None,
    mutant: bool = True,
    cages: int | None = None,
    animals: int | None = None,
    strains: int | None = None,
    doses: int | None = None,
    households: int | None = None,
    molecules: int | None = None,
    taxa: int | None = None,
    genes: int | None = None,
    times: int | None = None,
    measures: int | None = None,
    icc: float = 0.2,
    reads: bool = False,
    genomes: Mapping[str, Path] | None = None,
    read_samples: int = 2,
    pairs: int = 20_000,
) -> Path:
    """Simulate the model study with all seven questions, and write it to a folder.

    *Akkermansia muciniphila* helps diseased mice by raising nicotinamide, which falls where microbes are removed, helps
    when it is infused, and is low in patients, the more so the worse they are. Beside it are planted: a strain that
    harms, a strain that blooms and does nothing, strains that do not stay, a molecule that moves with the strain and
    does nothing, drugs, a molecule that goes with what households eat, and cages that are alike in everything. The
    models are those of `commensal.simulation.animal` and `commensal.simulation.cohort`.

    Parameters
    ----------
    out
        Folder to write to; made if absent. Files of the same names are overwritten only if a simulation wrote them.
    seed
        The same seed and options give the same bytes; what is planted moves no draw.
    small
        Sizes of the demo: fewer cages, strains, molecules and people.
    effects
        Sizes of what is planted, by the names of `commensal.simulation.als_plan.Effects`; 0 plants nothing.
    null
        Whether nothing at all is planted.
    false_link
        The one link that is not there: ``strain → outcome``, ``strain → molecule`` or ``molecule → outcome``.
    mutant
        Whether an arm is given a mutant of the first strain that cannot make the molecule.
    cages, animals
        Cages per arm, and animals per cage.
    strains, doses
        Strains given one at a time (1–11), and doses of nicotinamide (1–5).
    households
        Households with a patient.
    molecules, taxa, genes
        Features in blood and cerebrospinal fluid, in stool, and in the spinal cord.
    times, measures
        Ages at which mice are measured (3–40), and how many measures there are (1–6).
    icc
        Share of the variance between animals that cages have.
    reads
        Whether some stools of mice are sequenced as well: FASTQ in ``reads``, an assay of reads in the study file, and
        what is true of them in truth.json. The tables stay as they are.
    genomes
        FASTA files by name (``Genus_species…``) that reads are drawn from. None: invented genomes, written beside.
    read_samples, pairs
        Stools that are sequenced, and pairs of reads of each.

    Returns
    -------
    Path
        The study file; beside it its tables and truth.json.

    Raises
    ------
    UsageError
        An option out of its range, genomes without reads or of no taxon of the study, or a folder that holds a study
        that is not simulated.
    FormatError
        A genome that cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     study = als(Path(folder), small=True, cages=2, animals=2, households=6, genes=60)
    ...     sorted(path.name for path in study.parent.iterdir())  # doctest: +NORMALIZE_WHITESPACE
    ['cord.tsv', 'events.tsv', 'genomes.tsv', 'molecules.tsv', 'mouse_csf.tsv', 'mouse_serum.tsv', 'mouse_taxa.tsv',
     'mouse_tree.nwk', 'people_csf.tsv', 'people_genes.tsv', 'people_molecules.tsv', 'people_serum.tsv',
     'people_species.tsv', 'people_tree.nwk', 'phenotypes.tsv', 'samples.tsv', 'sets.gmt', 'study.toml', 'subjects.tsv',
     'truth.json']
    """
    sizes = {
        "cages": cages, "animals": animals, "strains": strains, "doses": doses, "households": households,
        "molecules": molecules, "taxa": taxa, "genes": genes, "times": times, "measures": measures,
    }  # fmt: skip
    plan = als_plan(
        seed=seed, small=small, sizes=sizes, mutant=mutant, icc=icc, null=null, false_link=false_link,
        effects=effects or {},
    )  # fmt: skip
    drawn = draw_als(plan)
    truth = als_truth(drawn)
    if genomes is not None and not reads:
        raise UsageError(
            "genomes without reads", where="genomes", mend="say reads (--reads) as well, or leave them out"
        )
    if reads:
        refuse_other_studies(out)
        truth["reads"] = write_reads(Path(out), drawn, genomes, samples=read_samples, pairs=pairs)
    texts = {
        **als_tables(drawn),
        "truth.json": json.dumps(truth, indent=1, ensure_ascii=False) + "\n",
        "study.toml": als_study_text(plan, READS_SECTION if reads else ""),
    }
    return write_files(out, texts)


def draw_als(plan: AlsPlan) -> AlsDrawn:
    """Draw a planned study. One stream of chance per part: a part that draws more never moves the others."""
    whom, shown, stool, cord, blood = (np.random.default_rng([plan.seed, part]) for part in range(70, 75))
    own = mice(whom, plan.mice)
    animals = animal_files.Drawn(
        plan=plan.mice,
        mice=own,
        measured=measurements(shown, plan.mice, own),
        gut=gut(stool, plan.mice, own),
        fluids=None,
        tissue=tissue(cord, plan.mice, own),
    )
    return AlsDrawn(plan, animals, molecules_of_mice(blood, plan, own), people_of(plan))
