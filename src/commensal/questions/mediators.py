"""``mediators``: through which molecule? Those that fall where microbes are removed AND rise where a strain is given.

Every molecule of every specimen in every arm (`molecule_levels`), the lines that these are (`mediator_lines`), and the
molecules in which all lines hold (`candidates`), ranked. Beside a candidate, in no p: what its strain's genome can make,
and what a mutant that cannot make it does.
"""

from __future__ import annotations

from commensal.errors import DesignError
from commensal.questions.answer import Answer, Refused, joined
from commensal.questions.candidates import Candidates, candidates
from commensal.questions.mediator_lines import GIVEN, REMOVED, Molecules, lines, molecules
from commensal.questions.mediator_rows import arm_rows, candidate_rows, triangulation_points
from commensal.questions.molecule_levels import Compared, Levels, compare, molecule_levels
from commensal.study import LoadedStudy, Question
from commensal.tables import estimates, points

Found = list[tuple[str, Levels, list[Compared]]]


def mediators(loaded: LoadedStudy, question: Question) -> Answer:
    """Answer through which molecule a strain may act, over all tables of the question at once.

    Candidates come first, then every molecule in every arm. A table without samples of one contrast is told as
    refused, its lines count as not measured.

    Raises
    ------
    DesignError
        The arms cannot be told, or no table has samples of the control and an arm.
    """
    found, refused = _compared(loaded, question)
    if not found:
        raise refused[0].error
    tables = {levels.assay.name: levels for _, levels, _ in found}
    union = molecules(list(tables.values()))
    strains = [arm for arm in _given(loaded, question) if arm not in question.mutants]
    judged = candidates(lines(found, union), union, strains, level=question.level)
    shared = _shared(loaded, question)
    parts = []
    if judged is not None:
        rows = candidate_rows(judged, union, shared, _beside(loaded, question, judged, union))
        own = {key: value for key, value in shared.items() if key not in ("kind", "level")}
        parts.append(Answer(rows, triangulation_points(judged, union, own)))
    for _, levels, compared in found:
        parts.append(Answer(arm_rows(levels, compared), points(), levels.dropped))
    return joined([*parts, Answer(estimates(), points(), refused=tuple(refused))])


def metabolites(loaded: LoadedStudy) -> tuple[str, ...]:
    """Return the tables that a question asks of where it names none: those of molecules."""
    return tuple(name for name, table in loaded.assays.items() if table.assay.kind == "metabolites")


def _given(loaded: LoadedStudy, question: Question) -> tuple[str, ...]:
    return loaded.declared.contrasts[str(question.supplements)].case


def _compared(loaded: LoadedStudy, question: Question) -> tuple[Found, list[Refused]]:
    """Compare the arms of both contrasts in every table; what cannot be had is told."""
    found: Found = []
    refused: list[Refused] = []
    for name in question.assays or metabolites(loaded):
        for part, contrast in ((REMOVED, question.contrast), (GIVEN, str(question.supplements))):
            try:
                levels = molecule_levels(loaded, question, name, contrast=contrast)
            except DesignError as error:
                refused.append(Refused(f"{contrast} in {name}", error))
                continue
            found.append((part, levels, compare(levels)))
    return found, refused


def _shared(loaded: LoadedStudy, question: Question) -> dict[str, object]:
    return {
        "question": question.name,
        "kind": question.kind,
        "contrast": question.contrast,
        "cohort": loaded.declared.name,
        "level": question.level,
    }


def _beside(
    loaded: LoadedStudy, question: Question, judged: Candidates, union: Molecules
) -> dict[tuple[int, int], str]:
    return {}


__all__ = ["mediators"]
