"""The declared study: schema, variables, contrasts, joined tables."""

from commensal.study.declared import (
    ASSAY_KINDS,
    QUESTION_KINDS,
    ROLES,
    VALUES,
    Assay,
    Condition,
    Contrast,
    Design,
    Features,
    Load,
    Measure,
    Onset,
    Question,
    Study,
    Table,
    Variable,
)
from commensal.study.loaded import AssayTable, LoadedStudy, Match, Sides

__all__ = [
    "ASSAY_KINDS",
    "QUESTION_KINDS",
    "ROLES",
    "VALUES",
    "Assay",
    "AssayTable",
    "Condition",
    "Contrast",
    "Design",
    "Features",
    "Load",
    "LoadedStudy",
    "Match",
    "Measure",
    "Onset",
    "Question",
    "Sides",
    "Study",
    "Table",
    "Variable",
]
