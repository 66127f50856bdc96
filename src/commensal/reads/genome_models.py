"""Genome-scale models in SBML: what a cell can export and take up while it grows, by flux variability (cobra)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from commensal import knowledge
from commensal.errors import FormatError, UsageError
from commensal.knowledge import Exchange
from commensal.reads.needs import needed

#: Keys of a metabolite's annotation that name it, and the kind of identifier.
_KEYS = {"bigg.metabolite": "bigg", "kegg.compound": "kegg", "chebi": "chebi"}
#: How much of a molecule is offered to see whether it is taken up (mmol/gDW/h).
OFFER = 10.0


def exchanges(
    path: Path | str, *, share: float = 0.5, medium: Mapping[str, float] | None = None
) -> dict[str, Exchange]:
    """Ask a model for the largest export and import of each molecule that it can exchange.

    The flux through a molecule's exchange reaction is maximised, and minimised with the molecule offered, while growth
    stays at ``share`` of its best or more. That is what the network allows, not what the cell does.

    Parameters
    ----------
    path
        SBML (``.xml``, ``.xml.gz``), level 3 with flux balance constraints, or what cobra reads besides.
    share
        Share of the best growth that is kept, above 0 and up to 1.
    medium
        Exchange reaction → largest uptake (mmol/gDW/h); the model's own medium when not given.

    Returns
    -------
    dict
        Molecule (by the names of the shipped reactions, else as the model calls it) → `knowledge.Exchange`.

    Raises
    ------
    CommensalError
        cobra is not installed.
    FormatError
        The file is no model, has no exchange reactions, or cannot grow in this medium.
    UsageError
        The share is out of range, or the medium names an exchange reaction that the model does not have.

    References
    ----------
    Mahadevan, Schilling (2003), doi:10.1016/j.ymben.2003.09.002 (flux variability)
    """
    if not 0 < share <= 1:
        raise UsageError("the share of growth is out of range", found=share, expected="above 0, up to 1")
    model = _read(Path(path))
    outward = _outward(model, Path(path).name)
    named = "its own medium"
    if medium is not None:
        unknown = [name for name in medium if name not in model.reactions]
        if unknown:
            raise UsageError("the medium names no exchange reaction of the model", found=unknown[0])
        model.medium = dict(medium)
        named = "the medium given"
    growth = float(model.slim_optimize(error_value=0.0))
    if not growth > 1e-6:
        raise FormatError(
            "the model does not grow",
            where=Path(path).name,
            found=f"growth {growth:.2g}/h in {named}",
            expected="growth above 0",
            mend="give a medium with its carbon source, or check its objective",
        )
    _hold(model, share * growth)
    found: dict[str, Exchange] = {}
    for reaction in outward:
        metabolite = next(iter(reaction.metabolites))
        sign = -1.0 if reaction.metabolites[metabolite] > 0 else 1.0
        out, taken = _extremes(model, reaction, sign)
        name = compound_of(metabolite)
        before = found.get(name)
        if before is not None:  # both hands of one molecule
            out, taken = max(out, before.most_out), max(taken, before.most_in)
        found[name] = Exchange(out, taken, growth, share, named)
    return found


def _read(path: Path) -> Any:
    cobra = needed("cobra")
    import logging

    logging.getLogger("cobra.io.sbml").setLevel(logging.CRITICAL)
    try:
        if path.name.removesuffix(".gz").endswith((".json", ".yml")):
            return cobra.io.load_json_model(path) if "json" in path.name else cobra.io.load_yaml_model(path)
        return cobra.io.read_sbml_model(str(path))
    except Exception as error:  # cobra and libsbml raise of every kind for what is no model
        raise FormatError(
            "this is no genome-scale model",
            where=path.name,
            found=str(error).splitlines()[0][:120] if str(error) else type(error).__name__,
            expected="SBML level 3 with flux balance constraints",
        ) from error


def _outward(model: Any, file: str) -> list[Any]:
    """Return the model's exchange reactions."""
    try:
        found = list(model.exchanges)
    except RuntimeError:  # cobra finds no outer compartment
        found = []
    if not found:
        raise FormatError(
            "the model has no exchange reactions",
            where=file,
            expected="reactions EX_… in a compartment e or extracellular",
        )
    return found


def _hold(model: Any, least: float) -> None:
    """Keep growth at ``least`` or more, whatever is asked for next."""
    kept = model.problem.Constraint(model.objective.expression, lb=least, name="growth_kept")
    model.add_cons_vars(kept)


def _extremes(model: Any, reaction: Any, sign: float) -> tuple[float, float]:
    """Return the largest export, and import when the molecule is offered; with ``sign`` 1 export is positive."""
    with model:
        model.objective = {reaction: sign}
        out = float(model.slim_optimize(error_value=0.0))
    with model:
        if sign > 0:
            reaction.lower_bound = min(reaction.lower_bound, -OFFER)
        else:
            reaction.upper_bound = max(reaction.upper_bound, OFFER)
        model.objective = {reaction: -sign}
        taken = float(model.slim_optimize(error_value=0.0))
    return max(out, 0.0), max(taken, 0.0)


def compound_of(metabolite: Any) -> str:
    """Name a model's metabolite as the shipped reactions do, by its annotation or its BiGG id; else by its own name."""
    texts: list[tuple[str, str]] = [("bigg", str(metabolite.id).rsplit("_", 1)[0])]
    for key, value in dict(metabolite.annotation).items():
        if key in _KEYS:
            texts += [(_KEYS[key], str(one)) for one in (value if isinstance(value, list) else [value])]
    for kind, value in texts:
        name = knowledge.compound_by(kind, value)
        if name:
            return name
    for kind, value in texts:
        found = knowledge.resolve(**{kind: value}) if kind != "bigg" else None
        if found is not None and found.status == "exact":
            return str(found.compound)
    known = {name.lower(): name for name in knowledge.known_compounds()}
    return known.get(str(metabolite.name).lower(), str(metabolite.name) or str(metabolite.id))
