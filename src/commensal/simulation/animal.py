"""A whole study of animals with known truth, written as the files that a lab would have."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from commensal.simulation.animal_files import Drawn, tables
from commensal.simulation.animal_plan import Plan, plan
from commensal.simulation.animal_study import study_text
from commensal.simulation.animal_truth import truth
from commensal.simulation.files import write_files
from commensal.simulation.mice import mice
from commensal.simulation.mouse_gut import gut
from commensal.simulation.mouse_measures import measurements
from commensal.simulation.mouse_molecules import fluids
from commensal.simulation.mouse_tissue import tissue


def animal(
    out: Path,
    *,
    seed: int = 1,
    animals: int = 8,
    cages: int = 4,
    strains: int = 4,
    doses: int = 2,
    germ_free: bool = False,
    facilities: int = 1,
    times: int = 6,
    measures: int = 4,
    taxa: int = 60,
    molecules: int = 60,
    genes: int = 300,
    csf: bool = False,
    taxa_changed: int = 12,
    molecules_changed: int = 8,
    icc: float = 0.2,
    litter_icc: float = 0.0,
    linked: float = 0.6,
    found_dead: float = 0.03,
    dropout: float = 0.03,
    depletion_effect: float = -1.2,
    depletion_healthy: float = 0.0,
    depletion_hazard: float = 3.0,
    strain_effect: float = 1.2,
    strain_hazard: float = 0.35,
    harm_effect: float = -1.2,
    harm_hazard: float = 2.5,
    infusion_effect: float = 0.9,
    infusion_hazard: float = 0.5,
    course_effect: float = 2.0,
    engraftment: float = 5.0,
    molecule_effect: float = 1.5,
    gene_effect: float = 1.5,
    reversal: float = 0.6,
) -> Path:
    """Simulate mice in arms, measured over time until they die, and write the study to a folder.

    Diseased (SOD1) and healthy (WT) mice get water or antibiotics, or are germ-free; diseased mice get one strain after
    antibiotics, or the vehicle; others are infused with nicotinamide, or with saline. Cages are nested in these groups,
    and animals of a cage are alike in everything. The models, with their formulas, are in the parts' docstrings:
    `commensal.simulation.mice` (onset and death), ``mouse_measures``, ``mouse_gut``, ``mouse_molecules`` and
    ``mouse_tissue``. Missing because dead is missing here too: with ``linked`` above 0 the survivors at a late age are
    the ones whose disease began late.

    Parameters
    ----------
    out
        Folder to write to; made if absent. Files of the same names are overwritten only if a simulation wrote them.
    seed
        Seed; the same seed and options give the same bytes.
    animals, cages
        Animals per group (at least 2) and cages (isolators of germ-free animals) that they are spread over.
    strains, doses
        Strains given one at a time (0–11) and doses infused (0–5). The first strain helps, the second harms, the others
        do nothing, and the last of three or more does not stay.
    germ_free
        Whether there are germ-free animals, with a half stronger effect than antibiotics; deaths before genotyping on
        day 21 are never seen, which the column ``entry`` says.
    facilities
        1 or 2: half of each group's cages in each; their taxa differ, and every second changed taxon changes in one.
    times, measures
        Ages of measurement from day 40 to day 130 (2–40), and how many measures there are (1–6: rotarod latency,
        score, weight, missteps, grip, stride).
    taxa, molecules, genes
        Features in stool (15 or more), in serum (12 or more, or 0: no serum) and in the spinal cord (60 or more, or 0).
    csf
        Whether molecules are measured in cerebrospinal fluid as well.
    taxa_changed
        Taxa that differ in disease: before onset, with progression or both, in turn; at most a third of all.
    molecules_changed
        Molecules that microbes change (at most 12): they fall and rise in turn where microbes are removed.
    icc, litter_icc
        Share of the variance between animals that cages and litters have, 0–0.95 together.
    linked
        Correlation between the times of onset and of death, 0–1.
    found_dead, dropout
        Share of animals found dead without an end point, and lost to the study, until its end.
    depletion_effect, depletion_healthy
        Effect of antibiotics on every measure at the last age in the diseased and in the healthy, in standard
        deviations of a measurement at the first age; above 0 is better. Effects grow in a straight line from day 40 on.
    depletion_hazard
        Their hazard ratio of death in the diseased.
    strain_effect, strain_hazard, harm_effect, harm_hazard
        The same of the strain that helps and of the one that harms, against the vehicle.
    infusion_effect, infusion_hazard
        The same of the highest dose; lower ones have their share (of the log hazard ratio).
    course_effect
        Log2 difference of a changed taxon: whole from birth, or 25 days after its departure.
    engraftment
        Log2 gain of a strain that stays, against the vehicle arm.
    molecule_effect
        Log2 change of molecules.
    gene_effect
        Log2 change, on average, of the genes that disease changes.
    reversal
        Share of their change that the highest dose takes back in three fifths of these genes, 0–1.

    Returns
    -------
    Path
        The study file; beside it its tables and truth.json, which lists every planted effect, what is true of each
        strain and taxon, and when the disease began in each animal.

    Raises
    ------
    UsageError
        An option out of its range, or a folder that holds a study that is not simulated.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     study = animal(Path(folder), animals=2, cages=2, strains=1, doses=1, times=3, taxa=15, taxa_changed=3)
    ...     sorted(path.name for path in study.parent.iterdir())  # doctest: +NORMALIZE_WHITESPACE
    ['cord.tsv', 'events.tsv', 'mice.tsv', 'molecules.tsv', 'phenotypes.tsv', 'samples.tsv', 'serum.tsv', 'sets.gmt',
     'study.toml', 'taxa.tsv', 'tree.nwk', 'truth.json']
    """
    options = {name: value for name, value in locals().items() if name != "out"}
    drawn = draw(plan(**options))
    texts = {
        **tables(drawn),
        "truth.json": json.dumps(truth(drawn), indent=1, ensure_ascii=False) + "\n",
        "study.toml": study_text(drawn),
    }
    return write_files(out, texts)


def draw(chosen: Plan) -> Drawn:
    """Draw a planned study. One stream of chance per part: a part that draws more never moves the others."""
    whom, shown, stool, blood, cord = (np.random.default_rng([chosen.seed, part]) for part in range(40, 45))
    drawn = mice(whom, chosen)
    return Drawn(
        plan=chosen,
        mice=drawn,
        measured=measurements(shown, chosen, drawn),
        gut=gut(stool, chosen, drawn),
        fluids=fluids(blood, chosen, drawn) if chosen.molecules else None,
        tissue=tissue(cord, chosen, drawn) if chosen.genes else None,
    )
