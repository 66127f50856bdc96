"""``mediators``: through which molecule? Those that fall where microbes are removed AND rise where a strain is given.

Every molecule of every specimen in every arm (`molecule_levels`), the lines that these are (`mediator_lines`), and the
molecules in which all lines hold (`candidates`), ranked. Beside a candidate, in no p: what its strain's genome can
make, and what a mutant that cannot make it does.
"""

from __future__ import annotations

import numpy as np

from commensal.errors import DesignError
from commensal.questions.answer import Answer, Refused, joined
from commensal.questions.candidates import Candidates, candidates
from commensal.questions.capable import Capable, capable
from commensal.questions.mediator_lines import GIVEN, REMOVED, Line, Molecules, absent, lines, molecules
from commensal.questions.mediator_rows import arm_rows, candidate_rows, triangulation_points
from commensal.questions.molecule_levels import Compared, Levels, compare, molecule_levels
from commensal.questions.necessity import measures_of_mutants, molecules_of_mutants, necessity_frame, necessity_notes
from commensal.questions.through import mediation_rows
from commensal.study import LoadedStudy, Question, cohort_of
from commensal.tables import estimates, points

Found = list[tuple[str, Levels, list[Compared]]]
Mutants = list[tuple[Levels, list[Compared]]]
#: Beside so many candidates of the best ranks stands what their genomes can do.
BESIDE = 100


def mediators(loaded: LoadedStudy, question: Question) -> Answer:
    """Answer through which molecule a strain may act, over all tables of the question at once.

    Candidates come first, then mediation, necessity, and every molecule in every arm. A table without samples of one
    contrast is told as refused, and its lines count as not measured.

    Raises
    ------
    DesignError
        The arms cannot be told, or no table has samples of the control and an arm.
    """
    found, refused = _compared(loaded, question)
    if not found:
        raise refused[0].error if refused else _nothing(question)
    union = molecules(list({levels.assay.name: levels for _, levels, _ in found}.values()))
    given = [levels for part, levels, _ in found if part == GIVEN]
    mutants = molecules_of_mutants(question, given)
    strains = [arm for arm in _given(loaded, question) if arm not in question.mutants]
    parts = []
    judged = candidates(_lines(loaded, question, found, union), union, strains, level=question.level)
    if judged is not None:
        shared = _shared(loaded, question)
        best = np.argwhere(judged.selected | (judged.rank <= BESIDE)).tolist()
        able = capable(loaded, question, union, list(dict.fromkeys(at for _, at in best)), shared)
        rows = candidate_rows(judged, union, shared, _beside(able, best, judged, union, mutants))
        own = {key: value for key, value in shared.items() if key not in ("kind", "level")}
        parts += [Answer(rows, triangulation_points(judged, union, own)), able.answer]
        through, failed = mediation_rows(loaded, question, given, judged, union)
        parts.append(Answer(estimates(through), points(), refused=tuple(failed)))
    if given:
        measures, failed = measures_of_mutants(loaded, question, given[0])
        parts.append(Answer(estimates(measures), points(), refused=tuple(failed)))
    parts += [Answer(frame, points()) for frame in necessity_frame(mutants)]
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


def _lines(loaded: LoadedStudy, question: Question, found: Found, union: Molecules) -> list[Line]:
    """Return the lines of all arms and specimens that were asked for: one that could not be had was not measured."""
    had = lines(found, union)
    seen = {(line.part, line.arm, line.specimen) for line in had}
    specimens = list(
        dict.fromkeys(loaded.assays[name].assay.specimen or name for name in question.assays or metabolites(loaded))
    )
    out = list(had)
    for part, contrast in ((REMOVED, question.contrast), (GIVEN, str(question.supplements))):
        declared = loaded.declared.contrasts[contrast]
        for arm in declared.case:
            out += [
                absent(part, arm, " or ".join(declared.control), specimen, len(union.key))
                for specimen in specimens
                if (part, arm, specimen) not in seen
            ]
    return out


def _nothing(question: Question) -> DesignError:
    return DesignError(
        "the study has no table of molecules",
        where=f"[questions.{question.name}] assays",
        found="no assay of kind metabolites",
        expected="at least one",
        mend='declare [assays.NAME] with kind = "metabolites"',
    )


def _shared(loaded: LoadedStudy, question: Question) -> dict[str, object]:
    return {
        "question": question.name,
        "kind": question.kind,
        "contrast": question.contrast,
        "cohort": _cohort(loaded, question),
        "level": question.level,
    }


def _cohort(loaded: LoadedStudy, question: Question) -> str:
    """Name the study of the animals in either contrast."""
    own = np.zeros(len(loaded.samples), dtype=bool)
    for name in (question.contrast, str(question.supplements)):
        contrast = loaded.declared.contrasts[name]
        own |= loaded.samples[contrast.column].astype(str).isin((*contrast.case, *contrast.control)).to_numpy(bool)
    return cohort_of(loaded.declared, loaded.samples[own])


def _beside(
    able: Capable, best: list[list[int]], judged: Candidates, union: Molecules, mutants: Mutants
) -> dict[tuple[int, int], str]:
    """Say beside the best candidates (block, molecule) what the genome can make, and what a mutant does."""
    out = {}
    for block, at in best:
        strain = judged.strains[block]
        told = [able.notes.get((strain, at), ""), necessity_notes(mutants, union, strain, at)]
        if any(told):
            out[block, at] = "; ".join(filter(None, told))
    return out


__all__ = ["mediators", "metabolites"]
