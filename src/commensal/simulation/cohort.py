"""A whole household cohort with known truth, written as the files that a lab would have."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from commensal.errors import UsageError
from commensal.simulation.communities import communities
from commensal.simulation.files import Drawn, write_cohort
from commensal.simulation.genes import genes as draw_genes
from commensal.simulation.molecules import molecules as draw_molecules
from commensal.simulation.patients import fluid, visits
from commensal.simulation.people import people


def cohort(
    out: Path,
    *,
    seed: int = 1,
    households: int = 24,
    unmatched: int = 4,
    species: int = 120,
    molecules: int = 150,
    species_changed: int = 6,
    molecules_changed: int = 8,
    abundance_effect: float = 2.0,
    prevalence_effect: float = 0.6,
    richness_effect: float = 0.35,
    molecule_effect: float = 1.2,
    severity_effect: float = 0.6,
    fluid_controls: int = 12,
    covariates: tuple[str, ...] = ("age", "sex"),
) -> Path:
    r"""Simulate patients beside members of their households, and write the study to a folder.

    Each household of 2–4 has one patient; a few unmatched people live alone. Person :math:`i` of household :math:`h`
    carries species :math:`j` where a latent normal (household share 0.35) falls below the species' prevalence; the
    log abundance where carried is

    .. math::

        \log a_{ij} = \mu_j + u_{hj} + d_j \, \mathrm{fibre}_i
        + \log 2 \cdot \beta_j \, \mathrm{patient}_i + e_{ij},

    and the counts are multinomial with depths log-uniform from 8,000 to 80,000. Molecules are log-normal with the
    same parts (age in place of fibre) and are cut at a detection limit: 0 = below detection. Genes are copies per
    genome of what the species carry; those of NAD's own synthesis are carried by species that fall.
    Cerebrospinal fluid is had from some patients and from
    controls of no household, and patients have a score that goes with their nicotinamide.
    With every effect at 0 nothing differs between patients and others, whatever the seed.

    Parameters
    ----------
    out
        Folder to write to; made if absent. Files of the same names are overwritten only if a simulation wrote them.
    seed
        Seed; the same seed and options give the same bytes.
    households, unmatched
        Number of households with a patient, and of people who match nobody (patients and controls in turn).
    species, molecules
        Number of features in stool (at least 15) and in serum (at least 12).
    species_changed, molecules_changed
        How many of them differ in patients (at most 12): the first half falls, the rest rises.
    abundance_effect, molecule_effect
        Size of these differences, log2 fold.
    prevalence_effect
        Share of its carriers that *Butyrivibrio crossotus* loses among patients, 0–1.
    richness_effect
        Share of their carriers that the rarer third of the species loses among patients, 0–1.
    severity_effect
        Correlation of nicotinamide in serum with the functional score among patients, 0–1.
    fluid_controls
        Number of people with another neurological disease whose cerebrospinal fluid patients are compared with.
    covariates
        Covariates that the study file declares for its question.

    Returns
    -------
    Path
        The study file; beside it samples.tsv, people.tsv, visits.tsv, species.tsv, tree.nwk, genes.tsv, serum.tsv,
        serum_features.tsv, csf.tsv and truth.json, which lists every planted effect.

    Raises
    ------
    UsageError
        An option out of its range, or a folder that holds a study that is not simulated.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     study = cohort(Path(folder), households=4, species=20, molecules=20)
    ...     sorted(path.name for path in study.parent.iterdir())  # doctest: +NORMALIZE_WHITESPACE
    ['csf.tsv', 'genes.tsv', 'people.tsv', 'samples.tsv', 'serum.tsv', 'serum_features.tsv', 'species.tsv',
     'study.toml', 'tree.nwk', 'truth.json', 'visits.tsv']
    """
    _at_least("seed", seed, 0)
    _at_least("households", households, 2)
    _at_least("unmatched", unmatched, 0)
    for name, value in (("species_changed", species_changed), ("molecules_changed", molecules_changed)):
        _within(name, value, 0, 12)
    _at_least("fluid_controls", fluid_controls, 0)
    shares = {"prevalence_effect": prevalence_effect, "richness_effect": richness_effect}
    for name, share in (shares | {"severity_effect": severity_effect}).items():
        _within(name, share, 0, 1)
    # One stream per part: a part that draws more never moves the others.
    whom, gut, blood, coded, spine, score = (np.random.default_rng([seed, part]) for part in range(6))
    drawn = people(whom, households=households, unmatched=unmatched)
    stool = communities(
        gut,
        drawn,
        species=species,
        changed=species_changed,
        abundance_effect=abundance_effect,
        prevalence_effect=prevalence_effect,
        richness_effect=richness_effect,
    )
    serum = draw_molecules(blood, drawn, number=molecules, changed=molecules_changed, effect=molecule_effect)
    carried = draw_genes(coded, stool)
    csf = fluid(spine, drawn, controls=fluid_controls, effect=molecule_effect)
    day = score.integers(0, 400, size=drawn.n)
    seen = visits(score, drawn, serum, day, correlation=severity_effect)
    options = {
        "seed": seed,
        "households": households,
        "unmatched": unmatched,
        "species": species,
        "molecules": molecules,
        "abundance_effect": abundance_effect,
        "prevalence_effect": prevalence_effect,
        "richness_effect": richness_effect,
        "molecule_effect": molecule_effect,
        "severity_effect": severity_effect,
        "fluid_controls": fluid_controls,
    }
    return write_cohort(out, Drawn(drawn, stool, serum, carried, csf, day, seen), options, covariates)


def _at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise UsageError(
            f"{name} is too small", found=value, expected=f"at least {least}", mend=f"give {name}={least} or more"
        )


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise UsageError(
            f"{name} is out of its range", found=value, expected=f"{low} to {high}", mend=f"give {name} in this range"
        )
