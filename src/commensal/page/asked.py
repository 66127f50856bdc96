"""What was asked: the declared question in words, and how many samples each assay brings to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from commensal.page.arms import ARM_KINDS, arm_unit_words
from commensal.page.feature_counts import features_in
from commensal.page.found import feature_rows, share_words
from commensal.page.found_host import block_words as host_block_words
from commensal.page.found_host import is_host
from commensal.page.omitted import FEW
from commensal.page.view import Group, PageView, sides
from commensal.page.words import count, listed, missing, number, plural, sentence
from commensal.study import Condition, Contrast, Question

KIND_WORDS = {
    "cohort": "does it hold in people?",
    "depletion": "does removing the microbes change the disease?",
    "course": "what differs as the disease runs?",
    "screen": "which single strains help, which harm?",
    "mediators": "through which molecule?",
    "rescue": "does the molecule or strain itself help?",
    "host": "what does the tissue do?",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One question in words."""

    name: str
    kind: str
    sentences: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]  #: assay, samples, case, control, blocks, in the table, samples without data
    block: str
    case: str
    control: str


def where_words(where: Mapping[str, Condition]) -> str:
    """Write the conditions of a contrast.

    Examples
    --------
    >>> where_words({"sex": Condition(("F",)), "time": Condition(min=60, max=90)})
    'sex is F and time from 60 to 90'
    """
    told = []
    for name, condition in where.items():
        if condition.levels:
            told.append(f"{name} is {listed(list(condition.levels), 'or')}")
        ends = [
            f"{word} {number(end)}" for word, end in (("from", condition.min), ("to", condition.max)) if end is not None
        ]
        if ends:
            told.append(f"{name} {' '.join(ends)}")
    return listed(told)


def _comparison(question: Question, contrast: Contrast | None) -> str:
    if contrast is None:
        return sentence(f"contrast {question.contrast}, which the study file no longer declares")
    case, control = sides(contrast)
    text = f"{case} is compared with {control} (column {contrast.column})"
    if contrast.where:
        text += f", among samples where {where_words(contrast.where)}"
    return sentence(f"{text}; every effect is {case} minus {control}")


def _given(view: PageView, question: Question) -> list[str]:
    """Word the second contrast of a question about mediators, what its genomes and mutants are."""
    if question.supplements is None:
        return []
    told = [
        _comparison(replace(question, contrast=question.supplements), view.study.contrasts.get(question.supplements))
    ]
    if question.genomes:
        told.append(sentence(f"genomes: {listed([f'{arm} is {name}' for arm, name in question.genomes.items()])}"))
    told += [sentence(f"{mutant} is a mutant of {parent}") for mutant, parent in question.mutants.items()]
    return told


def _adjustment(question: Question, own: list[Group], column: str) -> list[str]:
    """Word the block as the estimates used it: by their terms, apart where assays differ in them."""
    worded: dict[str, list[str]] = {}
    for group in own:
        if group.terms:
            worded.setdefault(_block_words(group, column), []).append(group.name)
    if not worded:
        declared = f"{listed(list(question.block))} is declared as block" if question.block else "no block is declared"
        worded[f"{declared}; nothing was estimated"] = []
    told = [sentence(text if len(worded) == 1 else f"in {listed(names)}, {text}") for text, names in worded.items()]
    adjusted = f"adjusted for {listed(list(question.covariates))}" if question.covariates else "no covariates"
    return [*told, sentence(adjusted)]


def _of_people(view: PageView, question: Question) -> list[str]:
    """Word what a question about people asks besides: other controls, chosen molecules, severity, producers."""
    told = []
    for specimen, name in question.controls.items():
        case, control = sides(view.study.contrasts.get(name))
        told.append(sentence(f"in {specimen}, {case} is compared with other controls: {control} (contrast {name})"))
    if question.targeted:
        told.append(sentence(f"molecules chosen beforehand: {listed(list(question.targeted))}"))
    if question.severity is not None and question.kind == "cohort":
        told.append(sentence(f"severity is {question.severity['measure']} ({question.severity['at']} value)"))
    if question.producers:
        pairs = " and ".join(listed(list(question.producers[key])) for key in ("taxa", "molecules"))
        told.append(sentence(f"microbes and molecules are set beside each other: {pairs}"))
    return told


def _block_words(group: Group, column: str) -> str:
    unit = group.block or "block"
    if group.kind in (*ARM_KINDS, "mediators"):
        return arm_unit_words(group)
    if group.kind == "course":
        row = group.first(model="course", term="design")
        return "nothing could be compared" if row is None else str(row["note"])
    if is_host(group):
        return host_block_words(group, column)
    if group.split:
        text = (
            f"samples of the same {unit} are compared with each other first (within {plural(unit)}): the {unit} is a "
            f"random effect, and permutations stay inside it"
        )
        if "between" in group.terms:
            text += f". The comparison between {plural(unit)} stands apart; its effects are {share_words(group)}"
        return text
    if "between" in group.terms:
        return (
            f"the label ({column}) never varies within {plural(unit)}: whole {plural(unit)} are compared; samples of "
            f"the same {unit} share a random effect, and permutations move whole {plural(unit)}"
        )
    return "there is no block: samples are taken as independent"


#: A side of more levels than this heads its column by their number.
MANY_LEVELS = 2


def asked(view: PageView, cut: list[Group]) -> list[Asked]:
    """Word every declared question, those without any estimate too."""
    told = []
    for name, question in view.study.questions.items():
        own = [group for group in cut if group.question == name]
        contrast = view.study.contrasts.get(question.contrast)
        case, control = sides(contrast)
        column = contrast.column if contrast else question.contrast
        block = next((group.block for group in own if group.block), question.block[0] if question.block else "")
        rows = [_row(view, group) for group in own]
        known = {group.assay for group in own}
        wanted = question.assays or tuple(
            assay for assay, each in view.study.assays.items() if question.kind != "host" or each.kind == "transcripts"
        )
        rows += [(assay, "no estimates", "–", "–", "–", "–", "–") for assay in wanted if assay not in known]
        told.append(
            Asked(
                name=name,
                kind=f"{question.kind}: {KIND_WORDS.get(question.kind, '')}",
                sentences=(
                    _comparison(question, contrast),
                    *_given(view, question),
                    *_adjustment(question, own, column),
                    *_of_people(view, question),
                ),
                rows=tuple(rows),
                block=plural(block) if block else "blocks",
                case=case if contrast is None or len(contrast.case) <= MANY_LEVELS else f"{len(contrast.case)} levels",
                control=control,
            )
        )
    return told


def _row(view: PageView, group: Group) -> tuple[str, ...]:
    size = group.size
    match = view.matches.get(group.assay)
    return (
        group.name,
        *(
            "–" if size is None or missing(size[n]) else count(size[n])
            for n in ("n", "n_case", "n_control", "n_blocks")
        ),
        count(features_in(group, feature_rows(group))),
        "–" if match is None else _lost(len(match.samples_without_data), private=view.private),
    )


def _lost(n: int, *, private: bool) -> str:
    """Return how many samples have no data; a private page does not count few."""
    return "fewer than five" if private and 0 < n < FEW else count(n)
