"""Facts that a reader asks for and no table has."""

from __future__ import annotations

from collections.abc import Iterator

from commensal.checks.words import ANIMALS, parts, words
from commensal.errors import listing
from commensal.study import LoadedStudy
from commensal.tables import Finding

#: What a reader of a study of people (of animals) asks for: name → parts of columns that answer it.
_PEOPLE_ASKED = {
    "age": {"age"},
    "sex": {"sex", "gender"},
    "BMI": {"bmi", "weight"},
    "drugs (antibiotics above all)": {"drug", "drugs", "medication", "abx", "antibiotic", "antibiotics", "riluzole"},
    "diet": {"diet", "food", "meat", "fruits", "milk", "bf", "formula", "feeding"},
    "stool consistency": {"stool", "bristol", "consistency", "bss"},
}
_NEURO_ASKED = {
    "riluzole": {"riluzole"},
    "vitamin B3": {"vitamin", "niacin", "nicotinamide", "nam"},
    "feeding route": {"feeding", "peg", "gastrostomy"},
    "disease duration": {"duration", "onset"},
}
_HOUSEHOLD_ASKED = {
    "relation to the patient": {"relation", "relationship", "pedigree", "kinship", "spouse"},
    "years of living together": {"years", "together", "cohabitation", "living"},
}
_ANIMALS_ASKED = {
    "litter": {"litter", "dam"},
    "cage": {"cage"},
    "sex": {"sex", "gender"},
    "batch": {"batch", "run", "plate"},
    "chow": {"chow", "diet"},
}
_GIVEN_ASKED = {"dose": {"dose"}, "washout": {"washout"}}
_NEURO = words("als sod parkinson parkinsons alzheimer alzheimers motor neurology neurodegeneration dementia ms")


def _held(loaded: LoadedStudy) -> set[str]:
    frames = [frame for frame in (loaded.samples, loaded.subjects, loaded.phenotypes) if frame is not None]
    return {word for frame in frames for column in frame.columns for word in parts(str(column))}


def of_animals(loaded: LoadedStudy) -> bool:
    """Say whether this is a study of animals: by its questions, or by columns that only animals have."""
    kinds = {question.kind for question in loaded.declared.questions.values()}
    return bool(kinds - {"cohort"}) or bool(ANIMALS & _held(loaded))


def absent_covariates(loaded: LoadedStudy) -> Iterator[Finding]:
    """One line that lists what a reader asks for and no table has."""
    declared = loaded.declared
    if not declared.questions:
        return
    held, animals = _held(loaded), of_animals(loaded)
    asked = dict(_ANIMALS_ASKED if animals else _PEOPLE_ASKED)
    if animals and any(question.kind in ("depletion", "rescue", "screen") for question in declared.questions.values()):
        asked |= _GIVEN_ASKED
    if not animals:
        if any("household" in question.block or "family" in question.block for question in declared.questions.values()):
            asked |= _HOUSEHOLD_ASKED
        if _NEURO & set(parts(f"{declared.name} {declared.title}")):
            asked |= _NEURO_ASKED
    absent = [name for name, answers in asked.items() if not answers & held]
    if absent:
        yield Finding(
            "covariates_absent",
            "note",
            "samples",
            f"no table has {listing(absent, 12)}: what a reader of a study of "
            f"{'animals' if animals else 'people'} asks for.",
            "add the columns if they were recorded; otherwise say in the text that they were not",
            counts={"absent": float(len(absent))},
        )
