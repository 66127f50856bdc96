"""Figures: one file per kind, each a function from a view and a group to figures."""

from commensal.page.figures.arms import arm_figures
from commensal.page.figures.capability import capability
from commensal.page.figures.course import course_figures
from commensal.page.figures.diversity import diversity
from commensal.page.figures.drawn import Figure, Panel, static_spec, to_files
from commensal.page.figures.features import features
from commensal.page.figures.host import gene_sets, reversal
from commensal.page.figures.levels import levels
from commensal.page.figures.mediators import triangulation
from commensal.page.figures.ordination import ordination
from commensal.page.figures.pathway import pathway
from commensal.page.figures.preparation import preparation_figures, preparation_told
from commensal.page.figures.private import left_out_words, private_figures
from commensal.page.figures.producers import producers
from commensal.page.figures.samples_of_reads import quality_tables, reads_figures
from commensal.page.figures.severity import severity
from commensal.page.figures.survival import survival_figures
from commensal.page.figures.volcano import volcano

__all__ = [
    "Figure",
    "Panel",
    "arm_figures",
    "capability",
    "course_figures",
    "diversity",
    "features",
    "gene_sets",
    "left_out_words",
    "levels",
    "ordination",
    "pathway",
    "preparation_figures",
    "preparation_told",
    "private_figures",
    "producers",
    "quality_tables",
    "reads_figures",
    "reversal",
    "severity",
    "static_spec",
    "survival_figures",
    "to_files",
    "triangulation",
    "volcano",
]
