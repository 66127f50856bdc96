"""An assay of reads stands for three tables: who is there, which genes, which pathways."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from commensal.errors import StudyFileError
from commensal.study.declared import Assay, Features, Study

#: Part → what its numbers are, and their unit. Each becomes an assay ``NAME_PART`` of this kind.
READ_PARTS: dict[str, tuple[str, str | None]] = {
    "taxa": ("relative", None),
    "genes": ("absolute", "copies per genome"),
    "pathways": ("absolute", "share of cells"),
}
#: Keys of a table that reads have not.
_OF_TABLES = ("value", "unit", "format", "orientation", "tree", "missing", "sheet")


def part_name(assay: str, part: str) -> str:
    """Return the name of one table of an assay of reads.

    Examples
    --------
    >>> part_name("stool", "taxa")
    'stool_taxa'
    """
    return f"{assay}_{part}"


def part_assays(assay: Assay) -> dict[str, Assay]:
    """Return the assays that an assay of reads becomes, by name.

    Examples
    --------
    >>> list(part_assays(Assay("stool", "reads", files="{sample}.fq", reference="gut")))
    ['stool_taxa', 'stool_genes', 'stool_pathways']
    """
    return {
        part_name(assay.name, part): replace(
            assay,
            name=part_name(assay.name, part),
            kind=part,  # type: ignore[arg-type]  # the parts are kinds
            value=value,  # type: ignore[arg-type]
            unit=unit,
            exclude=(),
        )
        for part, (value, unit) in READ_PARTS.items()
    }


def names_with_parts(assays: Mapping[str, Assay]) -> dict[str, Assay]:
    """Return every name that a question may give: the declared assays, and the parts of those of reads."""
    names = dict(assays)
    for assay in assays.values():
        if assay.kind == "reads":
            names |= part_assays(assay)
    return names


def with_parts(study: Study) -> Study:
    """Put the three tables of each assay of reads in its place; questions that name it ask all three."""
    reads = {name: assay for name, assay in study.assays.items() if assay.kind == "reads"}
    if not reads:
        return study
    assays: dict[str, Assay] = {}
    for name, assay in study.assays.items():
        assays |= part_assays(assay) if name in reads else {name: assay}
    questions = {
        name: question
        if not len(question.assays)
        else replace(
            question,
            assays=tuple(
                dict.fromkeys(
                    one
                    for given in question.assays
                    for one in (part_assays(reads[given]) if given in reads else (given,))
                )
            ),
        )
        for name, question in study.questions.items()
    }
    return replace(study, assays=assays, questions=questions, reads=reads)


def without_assays(study: Study, absent: Collection[str]) -> Study:
    """Return the study without these assays; a question that asked nothing else is gone too."""
    if not absent:
        return study
    assays = {name: assay for name, assay in study.assays.items() if name not in absent}
    questions = {}
    for name, question in study.questions.items():
        kept = tuple(one for one in question.assays if one not in absent)
        if not len(question.assays):
            questions[name] = question
        elif kept:
            questions[name] = replace(question, assays=kept)
    return replace(study, assays=assays, questions=questions)


def check_reads(study: Study, assay: Assay) -> None:
    """Check the keys of an assay of reads, and that its tables' names are free.

    Raises
    ------
    StudyFileError
        A key that only tables have, no reference, a name that is taken, a plate without positions.
    """
    where = f"{study.path.name}, [assays.{assay.name}]"
    given = [key for key in _OF_TABLES if getattr(assay, key)]
    given += ["features"] if assay.features != Features() else []
    given += ["zero"] if assay.zero != "value" else []
    if given:
        raise StudyFileError(
            f"{given[0]} is for tables",
            where=f"{where} {given[0]}",
            found='kind = "reads"',
            expected="files, reference, specimen, exclude, mode, position, plate, dna",
            mend=f"remove {given[0]}",
        )
    if assay.reference is None:
        raise StudyFileError(
            "the key is missing",
            where=f"{where} reference",
            found="no reference",
            expected="the folder of a reference",
            mend='make one: commensal reference build GENOMES --out REF, then reference = "REF"',
        )
    if assay.plate is not None and assay.position is None:
        raise StudyFileError(
            "a plate without positions", where=f"{where} plate", found=f"plate = {assay.plate!r}",
            expected="position = the column with the wells", mend="add position, or remove plate",
        )  # fmt: skip
    for name in part_assays(assay):
        if name in study.assays:
            raise StudyFileError(
                f"two assays {name!r}", where=where,
                found=f"[assays.{name}], which is also what the reads become",
                expected="distinct names", mend="rename one of them",
            )  # fmt: skip
