"""People of the model study: the simulated cohort's parts, with a drug that patients take and what households eat."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from commensal.simulation.als_plan import DIETARY, MEDIATOR, PEOPLES_DRUG, AlsPlan
from commensal.simulation.communities import communities
from commensal.simulation.files import Drawn
from commensal.simulation.genes import genes
from commensal.simulation.molecules import Molecules, logs, molecules
from commensal.simulation.patients import PANEL, PERSON_SD, Fluid, fluid, visits
from commensal.simulation.people import People, people

#: Pathways whose carriers fall: those that set nicotinamide free.
ROUTES = ("nicotinamide_release", "nicotinamide_release_by_riboside")
#: Share of patients who take the drug; log2 of its level in them, mean and SD.
TAKERS, TAKEN, TAKEN_SD = 0.8, 15.0, 0.7
#: Log2 of the dietary molecule per SD of the fibre that a person eats, most of which the household shares.
PER_FIBRE = 1.0
#: Correlation of the molecule in a patient's serum and cerebrospinal fluid.
TOGETHER = 0.9
#: Species and molecules that differ in patients.
CHANGED = 6


def people_of(plan: AlsPlan) -> Drawn:
    """Draw patients, those they live with, their stool, serum, genes, cerebrospinal fluid and visits.

    One stream of chance per part, and as many draws whatever the effects are: as in `commensal.simulation.cohort`.
    """
    e = plan.effects
    whom, gut, blood, coded, spine, score, more = (np.random.default_rng([plan.seed, part]) for part in range(80, 87))
    drawn = people(whom, households=plan.households, unmatched=4)
    stool = communities(
        gut, drawn, species=max(plan.taxa, 20), changed=CHANGED, abundance_effect=e.difference, prevalence_effect=0.0,
        richness_effect=0.0,
    )  # fmt: skip
    serum = molecules(blood, drawn, number=plan.molecules, changed=CHANGED + 2, effect=e.level)
    day = score.integers(0, 400, size=drawn.n)
    csf = fluid(spine, drawn, controls=max(10, plan.households // 2), effect=e.level)
    seen = visits(score, drawn, serum, day, correlation=e.severity)
    fluids = _with_others(more, drawn, serum), _following(csf, drawn, serum)
    return Drawn(drawn, stool, fluids[0], genes(coded, stool, routes=ROUTES), fluids[1], day, seen)


def _following(csf: Fluid, whom: People, serum: Molecules) -> Fluid:
    """Let the molecule in a patient's cerebrospinal fluid follow that in the serum: correlation `TOGETHER`."""
    at, where = [name for name, _, _ in PANEL].index(MEDIATOR), serum.names.index(MEDIATOR)
    every = logs(serum.values[:, where])
    blood = every[whom.patient]
    score = (every[list(csf.patients)] - blood.mean()) / (blood.std() or 1.0)
    values, n = csf.values.copy(), len(csf.patients)
    usual = np.log2(PANEL[at][1]) + csf.log2_fold[at]
    seen = np.flatnonzero(values[:n, at] > 0)  # what lies below the detection limit stays there
    own = (np.log2(values[seen, at]) - usual) / PERSON_SD
    values[seen, at] = np.exp2(usual + PERSON_SD * (TOGETHER * score[seen] + np.sqrt(1 - TOGETHER**2) * own))
    return replace(csf, values=values)


def _with_others(rng: np.random.Generator, whom: People, serum: Molecules) -> Molecules:
    """Add the drug, and let one molecule go with the diet, which is nearly the same for all of a household."""
    values = serum.values.copy()
    fibre = (whom.fibre - whom.fibre.mean()) / whom.fibre.std()
    values[:, serum.names.index(DIETARY)] *= np.exp2(PER_FIBRE * fibre)
    takes = whom.patient & (rng.random(whom.n) < TAKERS)
    drug = np.where(takes, np.exp2(rng.normal(TAKEN, TAKEN_SD, size=whom.n)), 0.0)
    return replace(
        serum,
        ids=(*serum.ids, f"M{len(serum.ids) + 1:04d}"),
        names=(*serum.names, PEOPLES_DRUG),
        classes=(*serum.classes, "drugs"),
        mz=np.append(serum.mz, 234.0075),
        minutes=np.append(serum.minutes, 7.4),
        values=np.column_stack([values, drug]),
        log2_fold=np.append(serum.log2_fold, 0.0),
    )
