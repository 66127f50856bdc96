"""The rules of a question about mediators: two contrasts, strains with genomes, mutants with parents."""

from __future__ import annotations

from collections.abc import Iterable

from commensal.errors import StudyFileError, nearest
from commensal.study.declared import Question, Study

#: Keys that only mediators have.
OWN = ("supplements", "genomes", "mutants")
#: Keys of other questions about arms that have no meaning here: what is compared is chosen with ``where``.
NOT_HERE = ("by", "dose", "baseline", "washout")


def check_mediators(study: Study, question: Question) -> None:
    """Check the keys of a question about mediators, and that no other question has them.

    Raises
    ------
    StudyFileError
        A name that is not declared, a key that has no meaning in this kind, one contrast in both parts.
    """
    given = [key for key in OWN if getattr(question, key)]
    if question.kind != "mediators":
        if given:
            raise _error(
                study,
                question,
                given[0],
                f"{given[0]} is for mediators",
                found=f'kind = "{question.kind}"',
                expected='kind = "mediators"',
                mend=f"remove {given[0]}, or change the kind",
            )
        return
    stray = [key for key in NOT_HERE if getattr(question, key) is not None]
    if stray:
        raise _error(
            study,
            question,
            stray[0],
            f"{stray[0]} has no meaning for mediators",
            found=f"{stray[0]} = {getattr(question, stray[0])!r}",
            expected="the animals and times of each contrast chosen with `where`",
            mend=f"remove {stray[0]}",
        )
    _contrasts(study, question)
    _arms(study, question)


def _contrasts(study: Study, question: Question) -> None:
    name = question.supplements
    if name is None:
        raise _error(
            study,
            question,
            "supplements",
            "the key is missing",
            found="one contrast",
            expected="contrast = what removes the microbes, supplements = the contrast of the arms given a strain",
            mend=f"add supplements = one of {_names(study.contrasts)}",
        )
    if name not in study.contrasts:
        near = nearest(name, study.contrasts)
        raise _error(
            study,
            question,
            "supplements",
            f"contrast {name!r} is not declared",
            found=repr(name),
            expected=f"one of {_names(study.contrasts)}",
            mend=f"did you mean {near[0]!r}?" if near else "declare it, or correct the name",
        )
    if name == question.contrast:
        raise _error(
            study,
            question,
            "supplements",
            "removing and giving are the same contrast",
            found=name,
            expected="contrast = what removes the microbes, supplements = the arms given a strain",
        )
    column = study.contrasts[name].column
    for key in ("block", "covariates"):
        if column in getattr(question, key):
            raise _error(
                study,
                question,
                key,
                f"{column!r} is what the contrast compares",
                found=f"[contrasts.{name}] column = {column!r}",
                expected="other columns",
                mend=f"remove {column!r} from {key}",
            )


def _arms(study: Study, question: Question) -> None:
    """Check that genomes and mutants speak of arms that are given a strain."""
    given = study.contrasts[str(question.supplements)].case
    for key, names in (("genomes", question.genomes), ("mutants", (*question.mutants, *question.mutants.values()))):
        for arm in names:
            if arm not in given:
                near = nearest(arm, given)
                raise _error(
                    study,
                    question,
                    key,
                    f"{arm!r} is no arm that is given a strain",
                    found=repr(arm),
                    expected=f"one of {_names(given)}: the case levels of [contrasts.{question.supplements}]",
                    mend=f"did you mean {near[0]!r}?" if near else "correct the name",
                )
    loops = [arm for arm, parent in question.mutants.items() if parent in question.mutants]
    if loops:
        raise _error(
            study,
            question,
            "mutants",
            "the parent of a mutant is a mutant itself",
            found=f"{loops[0]} = {question.mutants[loops[0]]!r}",
            expected="a parent strain that can make the molecule",
        )


def _names(items: Iterable[str]) -> str:
    return ", ".join(items) or "none"


def _error(
    study: Study, question: Question, key: str, what: str, *, found: object, expected: object, mend: str | None = None
) -> StudyFileError:
    where = f"{study.path.name}, [questions.{question.name}] {key}"
    return StudyFileError(what, where=where, found=found, expected=expected, mend=mend)
