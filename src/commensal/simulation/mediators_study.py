"""A study of mediators with known truth: arms, two fluids of the same animals, drugs, batches, detection limits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from commensal.simulation.files import tsv, write_files
from commensal.simulation.mediator_plan import (
    ANTIBIOTICS,
    MEDIATOR,
    MUTANT,
    SPECIMENS,
    STRAINS,
    VEHICLE,
    WATER,
    MediatorPlan,
    mediator_plan,
)
from commensal.simulation.runs import Run, measured, spread

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
#: Days: molecules are measured in living animals, the outcome a month later.
MOLECULES_AT, OUTCOME_AT = 90, 120
#: Molecules with a planted change lie below detection in at most this share of untreated animals.
SEEN = 0.2
#: Log2 intensity of a drug where it is given, above its molecule's mean.
DRUG_RISE = 6.0


def mediators_study(
    out: Path,
    *,
    seed: int = 1,
    cages: int = 5,
    animals: int = 3,
    strains: int = 2,
    mutant: bool = False,
    molecules: int = 1000,
    mediator: bool = True,
    falls: int = 50,
    rises: int = 50,
    drugs: int = 6,
    effect: float = 2.0,
    false_link: str | None = None,
    outcome_effect: float = 0.6,
    below: float = 0.3,
    sd: float = 0.8,
    icc: float = 0.2,
    shared: float = 0.5,
    batches: int = 3,
    batch_sd: float = 0.5,
    drift_sd: float = 0.3,
) -> Path:
    """Simulate mice whose first strain acts through one molecule, and write the study to a folder.

    Arms are water and antibiotics, the vehicle and the strains (and a mutant of the first that cannot make the
    molecule); cages are nested in arms. Log2 of molecule j in fluid f of animal i is m_jf + arm + √icc u_cage +
    √(1 − icc) (√shared v_i + √(1 − shared) w_if), the last three scaled by ``sd``, so that both fluids of an animal
    are alike; then a shift of its batch and a straight drift over the batch's run, and 0 below the detection limit.
    The outcome is ``outcome_effect`` SD per SD of the mediator in serum, a month later, plus noise.

    Parameters
    ----------
    out
        Folder to write to; made if absent. Files of the same names are overwritten only if a simulation wrote them.
    seed
        The same seed and options give the same bytes; what is planted moves no draw.
    cages, animals
        Cages per arm, and animals per cage.
    strains, mutant
        Strains given one at a time (1–4), and whether a mutant of the first is given too.
    molecules
        Molecules measured in serum and in cerebrospinal fluid.
    mediator
        Whether the first strain's molecule (nicotinamide) falls under antibiotics and rises with the strain.
    falls, rises
        Molecules that only fall under antibiotics, and that only rise with the first strain.
    drugs
        Antibiotics that are measured as molecules: there under antibiotics, nowhere else.
    effect
        Log2 size of all of these changes.
    false_link
        A link that the mediator lacks: ``removed serum``, ``removed csf``, ``given serum`` or ``given csf``.
    outcome_effect
        What the mediator does to the outcome.
    below
        Share of all values below detection, 0–0.9; of molecules with a planted change at most 0.2 where nothing is
        given or removed.
    sd, icc, shared
        SD between animals of an arm in log2, the share of its variance that cages have, and of the rest the share that
        is common to both fluids.
    batches, batch_sd, drift_sd
        Batches of measurement over which each arm's animals are spread at random, SD of their shifts, and of the drift
        from a batch's first to its last run.

    Returns
    -------
    Path
        The study file; beside it its tables and truth.json.

    Raises
    ------
    UsageError
        An option out of its range, or a folder that holds a study that is not simulated.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     study = mediators_study(Path(folder), cages=2, animals=2, molecules=80, falls=5, rises=5)
    ...     sorted(path.name for path in study.parent.iterdir())  # doctest: +NORMALIZE_WHITESPACE
    ['csf.tsv', 'mice.tsv', 'molecules.tsv', 'phenotypes.tsv', 'samples.tsv', 'serum.tsv', 'study.toml', 'truth.json']
    """
    plan = mediator_plan(**{name: value for name, value in locals().items() if name != "out"})
    arm = np.repeat(np.arange(len(plan.arms)), plan.cages * plan.animals)
    cage = np.repeat(np.arange(len(plan.arms) * plan.cages), plan.animals)
    runs, latent = _drawn(plan, arm, cage)
    rng = np.random.default_rng([plan.seed, 63])
    outcome = 150 + 25 * (plan.outcome_effect * latent + rng.normal(size=len(arm)))
    texts = _texts(plan, arm, cage, runs, outcome)
    return write_files(out, texts)


def _drawn(plan: MediatorPlan, arm: Integers, cage: Integers) -> tuple[dict[str, Run], Floats]:
    """Draw both fluids; the second value is the mediator's true level in serum, in SD."""
    from scipy.special import ndtri  # late: every verb would wait for it

    rng, m, n = np.random.default_rng([plan.seed, 60]), plan.molecules, len(arm)
    roles, shifts = plan.roles(), plan.shifts()
    own = rng.normal(size=(n, m))
    batch = spread(np.random.default_rng([plan.seed, 61]), arm, plan.batches)
    runs, latent = {}, np.zeros(n)
    for number, specimen in enumerate(SPECIMENS):
        rng = np.random.default_rng([plan.seed, 62, number])
        mean = rng.normal(17, 2.5, size=m)
        between = rng.normal(size=(cage.max() + 1, m))[cage]
        within = np.sqrt(plan.shared) * own + np.sqrt(1 - plan.shared) * rng.normal(size=(n, m))
        noise = np.sqrt(plan.icc) * between + np.sqrt(1 - plan.icc) * within
        planted = np.zeros((n, m))
        for (name, where), shift in shifts.items():
            if where == specimen:
                planted[arm == plan.arms.index(name)] += shift
        planted[np.ix_(arm == plan.arms.index(ANTIBIOTICS), np.flatnonzero(roles == "drug"))] += DRUG_RISE
        log2 = mean + plan.sd * noise + planted
        at = plan.names.index(MEDIATOR)
        if specimen == "serum":
            latent = (log2[:, at] - mean[at]) / max(plan.sd, 1e-9)
        # shares below detection differ among molecules: most are seen in nearly all animals, some in few
        share = rng.beta(0.6, 0.6 * (1 - plan.below) / max(plan.below, 1e-9), size=m) if plan.below else np.zeros(m)
        share = np.where(np.isin(roles, ("mediator", "falls", "rises")), np.minimum(share, SEEN), share)
        share = np.where(roles == "drug", 0.995, np.clip(share, 0, 0.97))
        width = np.hypot(plan.sd, plan.batch_sd)
        limit = np.where(share > 0, mean + width * ndtri(np.maximum(share, 1e-12)), -np.inf)
        runs[specimen] = measured(rng, log2, limit, batch, batch_sd=plan.batch_sd, drift_sd=plan.drift_sd)
    return runs, latent


def _texts(plan: MediatorPlan, arm: Integers, cage: Integers, runs: dict[str, Run], outcome: Floats) -> dict[str, str]:
    ids = [f"m{i + 1:03d}" for i in range(len(arm))]
    roles, feature = plan.roles(), [f"M{i + 1:04d}" for i in range(plan.molecules)]
    within = cage % plan.cages + 1
    mice = zip(ids, (plan.arms[i] for i in arm), map(str, within), _batch(runs, len(ids)), strict=True)
    drug = ["drug: antibiotic" if role == "drug" else "" for role in roles]
    measured = ((one, str(OUTCOME_AT), f"{y:.1f}") for one, y in zip(ids, outcome, strict=True))
    texts = {
        "samples.tsv": tsv(["sample", "mouse", "specimen", "day", "role", "run", "order"], _samples(runs, ids)),
        "mice.tsv": tsv(["mouse", "arm", "cage", "batch"], mice),
        "molecules.tsv": tsv(["id", "name", "exogenous"], zip(feature, plan.names, drug, strict=True)),
        "phenotypes.tsv": tsv(["mouse", "day", "rotarod"], measured),
    }
    for specimen, run in runs.items():
        names = [_sample(i, specimen, ids, k) for i, k in zip(run.row, run.order, strict=True)]
        rows = ((feature[j], *(f"{v:.6g}" for v in run.values[:, j])) for j in range(plan.molecules))
        texts[f"{specimen}.tsv"] = tsv(["id", *names], rows)
    texts["truth.json"] = json.dumps(_truth(plan), indent=1, ensure_ascii=False) + "\n"
    texts["study.toml"] = _study(plan)
    return texts


def _sample(animal: int, specimen: str, ids: list[str], order: int) -> str:
    return f"{ids[animal]}-{specimen}" if animal >= 0 else f"qc{order:03d}-{specimen}"


def _batch(runs: dict[str, Run], n: int) -> list[str]:
    run = runs[SPECIMENS[0]]
    of = {int(i): int(b) for i, b in zip(run.row, run.batch, strict=True)}
    return [f"b{of[i] + 1}" for i in range(n)]


def _samples(runs: dict[str, Run], ids: list[str]) -> Iterator[tuple[str, ...]]:
    for specimen, run in runs.items():
        for i, batch, order in zip(run.row, run.batch, run.order, strict=True):
            whose = (ids[i], specimen, str(MOLECULES_AT), "") if i >= 0 else ("", specimen, "", "qc")
            yield (_sample(i, specimen, ids, order), *whose, f"b{batch + 1}", str(order))


def _truth(plan: MediatorPlan) -> dict[str, object]:
    roles, names = plan.roles(), plan.names
    links = {} if not plan.mediator else {
        f"{part} {specimen}": plan.false_link != f"{part} {specimen}"
        for part in ("removed", "given") for specimen in SPECIMENS
    }  # fmt: skip
    whole = bool(links) and all(links.values())
    return {
        "kind": "mediators",
        "options": asdict(plan),
        "strain": STRAINS[0],
        "mediator": MEDIATOR if whole else None,
        "links": links,
        "outcome_effect": plan.outcome_effect,
        "roles": {name: role for name, role in zip(names, roles, strict=True) if role != "other"},
    }


def _study(plan: MediatorPlan) -> str:
    strains = [*STRAINS[: plan.strains], *([MUTANT] if plan.mutant else [])]
    mutants = f'mutants = {{ "{MUTANT}" = "{STRAINS[0]}" }}\n' if plan.mutant else ""
    return _STUDY.replace("@STRAINS@", json.dumps(strains)).replace("@MUTANTS@", mutants)


_STUDY = f"""\
# Mice, their molecules in two fluids, and one molecule through which a strain acts: simulated, see truth.json.

[study]
name = "simulated-mediators"
title = "Through which molecule does a strain act? (simulated)"
time_unit = "day"

[design]
randomised = "cage"
blinded = ["rotarod", "serum", "csf"]
exclusions = "none"
primary = ["rotarod"]

[tables.samples]                               # a row per tube; pooled controls have the role qc
file = "samples.tsv"
columns = {{ subject = "mouse", time = "day" }}

[tables.subjects]
file = "mice.tsv"
columns = {{ subject = "mouse" }}

[tables.phenotypes]                            # a month after the molecules
file = "phenotypes.tsv"
columns = {{ subject = "mouse", time = "day" }}

[variables.arm]
type = "category"
reference = "{WATER}"

[variables.cage]
type = "category"
nested_in = ["arm"]

[variables.batch]
type = "category"
reference = "b1"

[assays.serum]
kind = "metabolites"
file = "serum.tsv"
value = "intensity"
specimen = "serum"
zero = "below_detection"                       # a 0 is a molecule that was not seen
features = {{ file = "molecules.tsv", id = "id", label = "name" }}

[assays.csf]
kind = "metabolites"
file = "csf.tsv"
value = "intensity"
specimen = "csf"
zero = "below_detection"
features = {{ file = "molecules.tsv", id = "id", label = "name" }}

[measures.rotarod]
kind = "latency"
better = "higher"
unit = "s"

[contrasts.microbes_removed]
column = "arm"
case = "{ANTIBIOTICS}"
control = "{WATER}"

[contrasts.strains]
column = "arm"
case = @STRAINS@
control = "{VEHICLE}"

[questions.mediators]                          # through which molecule?
kind = "mediators"
contrast = "microbes_removed"
supplements = "strains"
assays = ["serum", "csf"]
block = ["cage"]
covariates = ["batch"]
@MUTANTS@"""
