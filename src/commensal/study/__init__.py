"""The declared study: schema, variables, contrasts, joined tables."""

from commensal.study.assembling import assemble
from commensal.study.cells import stack
from commensal.study.comparing import side_labels, sides
from commensal.study.declared import (
    ASSAY_KINDS,
    DEFAULT_MISSING,
    FAMILY_PARTS,
    QUESTION_KINDS,
    ROLES,
    TABLES,
    VALUES,
    Assay,
    Condition,
    Contrast,
    Design,
    Event,
    Features,
    Load,
    Measure,
    Onset,
    Question,
    Study,
    Table,
    Variable,
)
from commensal.study.genomes import Genome, Genomes, known_genomes
from commensal.study.identity import JOINT
from commensal.study.ids import lookalikes
from commensal.study.joining import sample_frame
from commensal.study.loaded import AssayTable, Blocks, Covariates, Dropped, GeneSet, LoadedStudy, Match, Sides
from commensal.study.modelling import blocks, covariates, is_nested, subject_covariates, varies_within
from commensal.study.onset import onset_intervals
from commensal.study.people import for_assay
from commensal.study.planned import Planned
from commensal.study.prepare import Normalise, Prepare
from commensal.study.prepared import Preparation, Step
from commensal.study.read_parts import READ_PARTS, part_name, without_assays
from commensal.study.reading import parse_study, read_study
from commensal.study.reporting import Reporting
from commensal.study.stored import TABLE_LIMIT, StoredCells, StoredValues
from commensal.study.uniting import cohort_of, plain, unite

__all__ = [
    "ASSAY_KINDS",
    "DEFAULT_MISSING",
    "FAMILY_PARTS",
    "JOINT",
    "QUESTION_KINDS",
    "READ_PARTS",
    "ROLES",
    "TABLES",
    "TABLE_LIMIT",
    "VALUES",
    "Assay",
    "AssayTable",
    "Blocks",
    "Condition",
    "Contrast",
    "Covariates",
    "Design",
    "Dropped",
    "Event",
    "Features",
    "GeneSet",
    "Genome",
    "Genomes",
    "Load",
    "LoadedStudy",
    "Match",
    "Measure",
    "Normalise",
    "Onset",
    "Planned",
    "Preparation",
    "Prepare",
    "Question",
    "Reporting",
    "Sides",
    "Step",
    "StoredCells",
    "StoredValues",
    "Study",
    "Table",
    "Variable",
    "assemble",
    "blocks",
    "cohort_of",
    "covariates",
    "for_assay",
    "is_nested",
    "known_genomes",
    "lookalikes",
    "onset_intervals",
    "parse_study",
    "part_name",
    "plain",
    "read_study",
    "sample_frame",
    "side_labels",
    "sides",
    "stack",
    "subject_covariates",
    "unite",
    "varies_within",
    "without_assays",
]
