"""What one part of the study file says about another: names that must exist, and rules across keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from commensal.errors import StudyFileError, nearest
from commensal.study.declared import Assay, Contrast, NoneAsked, Question, Study, Variable
from commensal.study.genomes import check_genomes
from commensal.study.mediating import check_mediators
from commensal.study.people import check_people
from commensal.study.planning import check_planned
from commensal.study.read_parts import check_reads, names_with_parts


def check_references(study: Study) -> None:
    """Check everything about a study file that needs more than one key.

    Raises
    ------
    StudyFileError
        A name that is not declared, keys that exclude each other, a comparison of a level with itself.
    """
    if "samples" not in study.tables:
        raise _error(study, "tables", "", "no samples table", found=_names(study.tables), expected="[tables.samples]")
    for variable in study.variables.values():
        _variable(study, variable)
    for assay in study.assays.values():
        _assay(study, assay)
    for contrast in study.contrasts.values():
        _contrast(study, contrast)
    for measure in study.measures.values():
        logs = measure.scale == "log10"
        if (measure.floor is not None and not logs) or (measure.ceiling is not None and logs):
            key = "ceiling" if logs else "floor"
            found, wanted = f"{key} beside scale = {measure.scale!r}", "linear" if logs else "log10"
            raise _error(
                study, f"measures.{measure.name}", key, f"{key} is for the scale {wanted}", found=found, expected=wanted
            )
    for question in study.questions.values():
        _question(study, question)
    check_genomes(study.genomes, study.path.name)
    check_planned(study)
    _design(study)
    _onset_and_events(study)


def _error(
    study: Study, section: str, key: str, what: str, *, found: object, expected: object, mend: str | None = None
) -> StudyFileError:
    where = f"{study.path.name}, [{section}] {key}".rstrip()
    return StudyFileError(what, where=where, found=found, expected=expected, mend=mend)


def _names(items: Iterable[str]) -> str:
    return ", ".join(items) or "none"


def _known(study: Study, section: str, key: str, name: str, known: Mapping[str, object], kind: str) -> None:
    if name not in known:
        near = nearest(name, known)
        raise _error(
            study,
            section,
            key,
            f"{kind} {name!r} is not declared",
            found=repr(name),
            expected=f"one of {_names(known)}",
            mend=f"did you mean {near[0]!r}?" if near else "declare it, or correct the name",
        )


def _variable(study: Study, variable: Variable) -> None:
    section = f"variables.{variable.name}"
    if variable.name == "sample":
        raise _error(
            study,
            section,
            "",
            "sample ids are matched as they stand",
            found="[variables.sample]",
            expected="no such section",
            mend="remove it",
        )
    words = [name for name in ("map", "reference", "levels", "nested_in") if getattr(variable, name)]
    if variable.type in ("number", "boolean") and words and not (variable.type == "boolean" and words == ["map"]):
        raise _error(
            study,
            section,
            words[0],
            f"{words[0]} is for categories",
            found=f'type = "{variable.type}"',
            expected='type = "category"',
            mend=f"change the type, or remove {words[0]}",
        )
    if variable.levels and variable.reference is not None and variable.reference not in variable.levels:
        near = nearest(variable.reference, variable.levels)
        raise _error(
            study,
            section,
            "reference",
            "the reference is not one of the levels",
            found=repr(variable.reference),
            expected=_names(variable.levels),
            mend=f"did you mean {near[0]!r}?" if near else None,
        )
    seen: list[str] = []
    queue = list(variable.nested_in)
    while queue:
        outer = queue.pop()
        if outer == variable.name:
            raise _error(
                study,
                section,
                "nested_in",
                "a variable nested in itself",
                found=_names([*seen, outer]),
                expected="an outer unit",
            )
        if outer not in seen:
            seen.append(outer)
            queue.extend(study.variables[outer].nested_in if outer in study.variables else ())


def _assay(study: Study, assay: Assay) -> None:
    section = f"assays.{assay.name}"
    each = assay.kind == "reads" or assay.files is not None
    wanted, other = ("files", "file") if each else ("file", "files")
    if getattr(assay, wanted) is None or getattr(assay, other) is not None:
        raise _error(
            study,
            section,
            wanted,
            f"an assay of kind {assay.kind} has {wanted}",
            found=other if getattr(assay, other) is not None else "neither file nor files",
            expected='files = "reads/{sample}_{mate}.fastq.gz"' if assay.kind == "reads" else 'file = "table.tsv"',
        )
    if assay.kind == "reads":
        check_reads(study, assay)
        return
    only = [name for name in ("reference", "mode", "position", "plate", "dna") if getattr(assay, name) is not None]
    if only:
        raise _error(
            study,
            section,
            only[0],
            f"{only[0]} is for reads",
            found=f'kind = "{assay.kind}"',
            expected='kind = "reads"',
            mend=f"remove {only[0]}, or change the kind",
        )
    counted = [name for name in ("strandedness", "tx2gene") if getattr(assay, name) is not None]
    if counted and (assay.kind != "transcripts" or assay.files is None):
        raise _error(
            study,
            section,
            counted[0],
            f"{counted[0]} is for one file of counts per sample",
            found=f'kind = "{assay.kind}", {"files" if assay.files else "file"}',
            expected='kind = "transcripts" and files = "star/{sample}/ReadsPerGene.out.tab"',
            mend=f"remove {counted[0]}, or give files",
        )
    if assay.value is None:
        raise _error(
            study,
            section,
            "value",
            "the key is missing",
            found="no value",
            expected="what the numbers are: counts, relative, absolute, intensity, concentration, log2, log10 or ln",
            mend='for example value = "counts" for reads per taxon, value = "intensity" for peak areas',
        )
    features = assay.features
    if features.file and features.columns:
        raise _error(
            study,
            section,
            "features",
            "both file and columns",
            found="file, columns",
            expected="a file beside the table, or columns inside it",
        )
    if features.file and not features.id:
        raise _error(
            study,
            section,
            "features.id",
            "the key is missing",
            found=f"file = {features.file!r}",
            expected="the column of that file which holds the feature ids",
        )


def _contrast(study: Study, contrast: Contrast) -> None:
    section = f"contrasts.{contrast.name}"
    both = [name for name in contrast.case if name in contrast.control]
    if both:
        raise _error(
            study,
            section,
            "case",
            "case and control are the same",
            found=f"{_names(both)} on both sides",
            expected="each level on one side",
            mend="remove it from one side",
        )
    variable = study.variables.get(contrast.column)
    if variable is not None and variable.type in ("number", "text"):
        raise _error(
            study,
            section,
            "column",
            "a contrast compares levels",
            found=f'[variables.{contrast.column}] type = "{variable.type}"',
            expected='type = "category" or "boolean"',
        )
    for name, condition in contrast.where.items():
        variable = study.variables.get(name)
        ranged = condition.min is not None or condition.max is not None
        if ranged and variable is not None and variable.type not in (None, "number"):
            raise _error(
                study,
                section,
                f"where.{name}",
                "a range is for numbers",
                found=f'[variables.{name}] type = "{variable.type}"',
                expected="a level or a list of levels",
            )


def _question(study: Study, question: Question) -> None:
    section = f"questions.{question.name}"
    _known(study, section, "contrast", question.contrast, study.contrasts, "contrast")
    for name in question.assays:
        _known(study, section, "assays", name, names_with_parts(study.assays), "assay")
    if question.severity is not None:
        _known(study, section, "severity.measure", question.severity["measure"], study.measures, "measure")
    _arms(study, question)
    if question.reverses is not None:
        _known(study, section, "reverses", question.reverses, study.contrasts, "contrast")
    _only_host(study, question)
    check_mediators(study, question)
    check_people(study, question)
    column = study.contrasts[question.contrast].column
    for key in ("block", "covariates"):
        if column in getattr(question, key):
            raise _error(
                study,
                section,
                key,
                f"{column!r} is what the contrast compares",
                found=f"[contrasts.{question.contrast}] column = {column!r}",
                expected="other columns",
                mend=f"remove {column!r} from {key}",
            )
    for name in question.block:
        variable = study.variables.get(name)
        if variable is not None and variable.type in ("number", "boolean"):
            raise _error(
                study,
                section,
                "block",
                "a block is a unit such as a household or a cage",
                found=f'[variables.{name}] type = "{variable.type}"',
                expected='type = "category"',
            )
    both = [name for name in question.block if name in question.covariates]
    if both:
        raise _error(
            study,
            section,
            "covariates",
            "a block is not a covariate as well",
            found=_names(both),
            expected="each column in one of block and covariates",
        )


#: Kinds of questions that have measures and events to ask about where they ask about no table.
_WITHOUT_ASSAYS = ("depletion", "screen", "rescue")


def _none_asked(study: Study, question: Question) -> None:
    """Refuse ``assays = []`` where a question is about nothing but tables."""
    if isinstance(question.assays, NoneAsked) and question.kind not in _WITHOUT_ASSAYS:
        raise _error(
            study,
            f"questions.{question.name}",
            "assays",
            "empty list",
            found=f'[] in a question of kind "{question.kind}"',
            expected=f"at least one assay; only {', '.join(_WITHOUT_ASSAYS)} may be of measures and events alone",
            mend="name one, or remove the key",
        )


def _arms(study: Study, question: Question) -> None:
    """Check what a question about arms names: measures, events, the arms of strains, columns."""
    section, contrast = f"questions.{question.name}", study.contrasts[question.contrast]
    _none_asked(study, question)
    for name in question.measures:
        _known(study, section, "measures", name, study.measures, "measure")
    for name in question.events:
        _known(study, section, "events", name, study.events, "event")
    for arm in question.strains:
        _known(study, section, "strains", arm, dict.fromkeys(contrast.case), "case level")
    for arm in question.gives:
        _known(study, section, "gives", arm, dict.fromkeys(contrast.case), "case level")
    for name in question.chosen_by:
        _known(study, section, "chosen_by", name, study.questions, "question")
    for key in ("by", "dose", "concurrent", "washout"):
        name = getattr(question, key)
        if name is not None and (name == contrast.column or name in question.block):
            raise _error(
                study,
                section,
                key,
                f"{name!r} has another part in this question",
                found=f"{name!r} is {'what the contrast compares' if name == contrast.column else 'a block'}",
                expected="another column of the subjects",
            )


def _only_host(study: Study, question: Question) -> None:
    section = f"questions.{question.name}"
    asked = ("reverses",) if question.kind == "cohort" else ("sets", "reverses")
    given = [key for key in asked if getattr(question, key)]
    if given and question.kind != "host":
        raise _error(
            study,
            section,
            given[0],
            f"{given[0]} is for what the tissue does",
            found=f'kind = "{question.kind}"',
            expected='kind = "host"',
            mend=f"remove {given[0]}, or change the kind",
        )
    if question.reverses == question.contrast:
        raise _error(
            study,
            section,
            "reverses",
            "a contrast cannot reverse itself",
            found=question.contrast,
            expected="the treatment as contrast, the disease's own contrast as reverses",
        )


def _design(study: Study) -> None:
    assays = names_with_parts(study.assays)
    known = {"unknown": 0, "survival": 0, **study.measures, **study.events, **assays, **study.questions}
    for key in ("blinded", "primary"):
        for name in getattr(study.design, key) or ():
            _known(study, "design", key, name, known, "outcome")


def _onset_and_events(study: Study) -> None:
    for event in study.events.values():
        for name in event.competing:
            _known(study, f"events.{event.name}", "competing", name, study.events, "event")
    onset = study.onset
    if onset is None:
        return
    given = [
        key
        for key, value in (("at", onset.at), ("event", onset.event), ("column", onset.columns or None))
        if value is not None
    ]
    if len(given) != 1:
        raise _error(
            study, "onset", "", "onset is said in one way", found=_names(given), expected="at, event or column"
        )
    if onset.event is not None and "events" not in study.tables:
        _known(study, "onset", "event", onset.event, study.events, "event")
