"""What a question about people says besides its contrast: controls of a specimen, molecules chosen beforehand."""

from __future__ import annotations

from dataclasses import replace

from commensal.errors import StudyFileError, nearest
from commensal.study.declared import Question, Study
from commensal.study.read_parts import names_with_parts

#: Keys that only a question of this kind knows.
ONLY = {"targeted": "cohort", "controls": "cohort", "producers": "cohort"}


def for_assay(study: Study, question: Question, assay: str) -> Question:
    """Return the question as it is asked of one assay: with the contrast of its specimen's own controls, if declared.

    Cerebrospinal fluid is seldom had from a member of the household: a specimen may have another group of controls.
    """
    declared = study.assays.get(assay)
    specimen = None if declared is None else declared.specimen
    contrast = question.controls.get(specimen) if specimen else None
    return question if contrast is None else replace(question, contrast=contrast)


def check_people(study: Study, question: Question) -> None:
    """Check the keys of a question about people.

    Raises
    ------
    StudyFileError
        A key of another kind of question, a specimen, contrast or assay that is not declared, an assay that does not
        hold what the key is about.
    """
    for key, kind in ONLY.items():
        if getattr(question, key) and question.kind != kind:
            raise _error(
                study, question, key, f"{key} is for people", found=f'kind = "{question.kind}"',
                expected=f'kind = "{kind}"', mend=f"remove {key}, or change the kind",
            )  # fmt: skip
    specimens = {assay.specimen: 0 for assay in study.assays.values() if assay.specimen}
    for specimen, contrast in question.controls.items():
        _known(study, question, f"controls.{specimen}", specimen, specimens, "specimen")
        _known(study, question, f"controls.{specimen}", contrast, study.contrasts, "contrast")
        for key in ("block", "covariates"):
            if study.contrasts[contrast].column in getattr(question, key):
                column = study.contrasts[contrast].column
                raise _error(
                    study, question, f"controls.{specimen}", f"{column!r} is what this contrast compares",
                    found=f"{column!r} in {key}", expected="other columns", mend=f"remove {column!r} from {key}",
                )  # fmt: skip
    for key, kinds in (("taxa", ("taxa",)), ("molecules", ("metabolites",))):
        for name in question.producers.get(key, ()):
            where = f"producers.{key}"
            _known(study, question, where, name, names_with_parts(study.assays), "assay")
            if name in study.assays and study.assays[name].kind not in kinds:
                raise _error(
                    study, question, where, f"assay {name!r} holds no {key}",
                    found=f'kind = "{study.assays[name].kind}"', expected=f'kind = "{kinds[0]}"',
                )  # fmt: skip
            if question.assays and name not in question.assays:
                raise _error(
                    study, question, where, f"assay {name!r} is not among the question's",
                    found=", ".join(question.assays), expected=f"{name!r} in assays", mend=f"add {name!r} to assays",
                )  # fmt: skip
    if len(question.producers.get("taxa", ())) > 1:
        raise _error(
            study, question, "producers.taxa", "one table of taxa is asked at a time",
            found=", ".join(question.producers["taxa"]), expected="one assay", mend="ask a second question",
        )  # fmt: skip


def _known(study: Study, question: Question, key: str, name: str, known: object, kind: str) -> None:
    names = list(known)  # type: ignore[call-overload]
    if name not in names:
        near = nearest(name, names)
        raise _error(
            study, question, key, f"{kind} {name!r} is not declared", found=repr(name),
            expected=f"one of {', '.join(map(str, names)) or 'none'}",
            mend=f"did you mean {near[0]!r}?" if near else "declare it, or correct the name",
        )  # fmt: skip


def _error(
    study: Study, question: Question, key: str, what: str, *, found: object, expected: object, mend: str | None = None
) -> StudyFileError:
    where = f"{study.path.name}, [questions.{question.name}] {key}"
    return StudyFileError(what, where=where, found=found, expected=expected, mend=mend)
