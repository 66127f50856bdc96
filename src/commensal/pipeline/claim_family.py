"""The family of a study's claims, from its study file and what was measured: nothing of what was found."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from commensal import knowledge
from commensal.errors import nearest
from commensal.evidence import CORROBORATING, Family, Molecule, Outcome, Strain
from commensal.questions.ends import asked_events, asked_measures, primary
from commensal.questions.mediator_lines import keyed
from commensal.study import LoadedStudy, Question
from commensal.tables import Finding


def claim_family(loaded: LoadedStudy) -> Family | None:
    """Return the family of claims; None where no strain was given, no molecule measured, or nothing followed.

    Strains are the arms of the questions of kind ``screen``, but for mutants; molecules those of the tables that
    ``mediators`` asks about; outcomes those that `[design] primary` names.
    """
    screens, mediators, rescues = (_of_kind(loaded, kind) for kind in ("screen", "mediators", "rescue"))
    if not screens or not mediators:
        return None
    mutants = {arm for one in mediators for arm in one.mutants}
    strains = tuple(one for one in _strains(loaded, screens) if one.name not in mutants)
    molecules = _molecules(loaded, mediators)
    outcomes = _outcomes(loaded, [*screens, *rescues])
    family = Family(
        strains=strains,
        molecules=molecules,
        outcomes=outcomes,
        given=_given(rescues, molecules),
        cases={name: contrast.case for name, contrast in loaded.declared.contrasts.items()},
        removed=frozenset(one.contrast for one in mediators),
        sick=_sick(loaded),
        severities={name: _better(one.better) for name, one in loaded.declared.measures.items()},
        chose=frozenset(name for one in screens for name in one.chosen_by),
    )
    return _with_lines(loaded, family) if family.size else None


def _of_kind(loaded: LoadedStudy, kind: str) -> list[Question]:
    return [one for one in loaded.declared.questions.values() if one.kind == kind]


def _strains(loaded: LoadedStudy, screens: Iterable[Question]) -> tuple[Strain, ...]:
    """Return each arm once, with the features of the taxon that was given in it, in every table that has it."""
    taxa: dict[str, set[tuple[str, str]]] = {}
    for question in screens:
        for arm in loaded.declared.contrasts[question.contrast].case:
            own = taxa.setdefault(arm, set())
            feature = question.strains.get(arm)
            if feature is not None:
                own |= {(name, feature) for name, table in loaded.assays.items() if feature in table.features.index}
    return tuple(Strain(arm, frozenset(own)) for arm, own in taxa.items())


def _molecules(loaded: LoadedStudy, mediators: Iterable[Question]) -> tuple[Molecule, ...]:
    """Return the union of the molecules of all tables of molecules, without those that a body cannot have made."""
    asked: dict[str, None] = {}
    for question in mediators:
        names = question.assays or tuple(n for n, t in loaded.assays.items() if t.assay.kind == "metabolites")
        asked |= dict.fromkeys(names)
    tables = [name for name, table in loaded.assays.items() if table.assay.kind == "metabolites"]
    found: dict[str, set[tuple[str, str]]] = {}
    labels: dict[str, str] = {}
    for name in dict.fromkeys((*asked, *tables)):
        frame = keyed(loaded.assays[name].features)
        for key, label, feature, exogenous in zip(
            frame["key"], frame["label"], frame["feature"], frame["exogenous"], strict=True
        ):
            if isinstance(exogenous, str) or (name not in asked and key not in found):
                continue  # people's molecules join those of the animals; alone they are in no claim
            found.setdefault(key, set()).add((name, str(feature)))
            labels.setdefault(key, str(label))
    made = _made_by()
    return tuple(Molecule(key, frozenset(own), frozenset(made.get(key, ()))) for key, own in found.items())


def _made_by() -> dict[str, set[str]]:
    """Return product → the pathways that make it, of those that ship."""
    made: dict[str, set[str]] = {}
    for name, pathway in knowledge.pathways().items():
        for step in pathway.steps:
            if step.role in ("synthesis", "release"):
                for product in step.product.split(", "):
                    made.setdefault(product, set()).add(name)
    return made


def _outcomes(loaded: LoadedStudy, questions: Iterable[Question]) -> tuple[Outcome, ...]:
    names: dict[str, int] = {}
    for question in questions:
        asked = (*asked_measures(loaded, question), *asked_events(loaded, question))
        for name in primary(loaded, question, list(asked)):
            measure, event = loaded.declared.measures.get(name), loaded.declared.events.get(name)
            better = measure.better if measure else event.better if event else "higher"
            names.setdefault(name, _better(better))
    return tuple(Outcome(name, better) for name, better in names.items())


def _better(word: str) -> int:
    return 1 if word in ("higher", "later") else -1


def _given(rescues: Iterable[Question], molecules: Iterable[Molecule]) -> dict[str, str]:
    """Return arm → molecule of the family, by any of its names or a feature id of it."""
    known: dict[str, str] = {}
    for one in molecules:
        known |= dict.fromkeys((one.name.casefold(), *(feature.casefold() for _, feature in one.features)), one.name)
    named: dict[str, str] = {}
    for question in rescues:
        for arm, name in question.gives.items():
            compound = knowledge.resolve(name).compound or ""
            found = known.get(name.casefold()) or known.get(compound.casefold())
            if found:
                named[arm] = found
    return named


def claim_findings(loaded: LoadedStudy) -> Iterator[Finding]:
    """Yield what keeps the study's claims open without anybody noticing: a molecule of no table, a level unknown."""
    family = claim_family(loaded)
    if family is None:
        return
    for question in _of_kind(loaded, "rescue"):
        for arm, name in question.gives.items():
            if arm in family.given:
                continue
            near = nearest(name, [one.name for one in family.molecules])
            yield Finding(
                "given_not_measured",
                "warning",
                f"[questions.{question.name}] gives",
                f"no table that mediators asks about has {name!r}, given in {arm}: claims about it stay open.",
                f"did you mean {near[0]!r}?" if near else "give its name or its feature id as the table has it",
                contrast=question.contrast,
            )
        if not question.gives:
            yield Finding(
                "gives_not_said",
                "note",
                f"[questions.{question.name}]",
                "what was given in its arms is not said: no claim has the link molecule → outcome from it.",
                'say it: gives = { "ARM" = "MOLECULE" }',
                contrast=question.contrast,
            )
    for kind in ("screen", "rescue", "depletion"):
        for question in _of_kind(loaded, kind):
            if question.by and question.name not in family.sick:
                yield Finding(
                    "claims_level_unknown",
                    "warning",
                    f"[questions.{question.name}] by",
                    f"which level of {question.by} has the disease cannot be told: its rows count for no claim.",
                    f"give [variables.{question.by}] a reference, the healthy one of two levels",
                    contrast=question.contrast,
                )


def _sick(loaded: LoadedStudy) -> dict[str, str]:
    """Return question → the level of ``by`` that is not the reference: the animals that have the disease."""
    found = {}
    for name, question in loaded.declared.questions.items():
        variable = loaded.declared.variables.get(question.by or "")
        if question.by is None or variable is None or variable.reference is None:
            continue
        column = loaded.subjects[question.by] if question.by in loaded.subjects else loaded.samples[question.by]
        others = [level for level in column.dropna().unique() if level != variable.reference]
        if len(others) == 1:
            found[name] = str(others[0])
    return found


def _with_lines(loaded: LoadedStudy, family: Family) -> Family:
    """Return the family with the lines that the study file asks for."""
    from dataclasses import replace

    there = asked_lines(loaded, family.chose)
    return replace(family, lines=tuple(name for name in CORROBORATING if there[name]))


def asked_lines(loaded: LoadedStudy, chose: Collection[str] = ()) -> dict[str, bool]:
    """Return corroborating line → whether the study file asks for it; questions of ``chose`` count for none."""
    cohorts = _of_kind(loaded, "cohort")
    tables = {kind: {n for n, t in loaded.assays.items() if t.assay.kind == kind} for kind in _TABLES}

    def asks(questions: Iterable[Question], kind: str) -> bool:
        return any(tables[kind] & set(one.assays or loaded.assays) for one in questions)

    followed = [one for one in _of_kind(loaded, "course") if one.name not in chose]
    there = {
        "depletion": bool(_of_kind(loaded, "depletion") or _of_kind(loaded, "mediators")),
        "necessity": any(one.mutants for one in _of_kind(loaded, "mediators")),
        "difference": asks(cohorts, "taxa"),
        "precedence": asks(followed, "taxa"),
        "host reversal": any(one.reverses for one in _of_kind(loaded, "host")),
        "human genes": asks(cohorts, "genes"),
        "human level": asks(cohorts, "metabolites"),
        "human severity": asks([one for one in cohorts if one.severity], "metabolites"),
    }
    assert set(there) == set(CORROBORATING)  # every line is decided about
    return there


_TABLES = ("taxa", "genes", "metabolites")
