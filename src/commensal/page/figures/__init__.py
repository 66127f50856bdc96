"""Figures: one file per kind, each a function from a view and a group to figures."""

from commensal.page.figures.arms import arm_figures
from commensal.page.figures.course import course_figures
from commensal.page.figures.diversity import diversity
from commensal.page.figures.drawn import Figure, Panel, static_spec, to_files
from commensal.page.figures.features import features
from commensal.page.figures.host import gene_sets, reversal
from commensal.page.figures.ordination import ordination
from commensal.page.figures.preparation import preparation_figures, preparation_told
from commensal.page.figures.samples_of_reads import quality_tables, reads_figures
from commensal.page.figures.survival import survival_figures
from commensal.page.figures.volcano import volcano

__all__ = [
    "Figure",
    "Panel",
    "arm_figures",
    "course_figures",
    "diversity",
    "features",
    "gene_sets",
    "ordination",
    "preparation_figures",
    "preparation_told",
    "quality_tables",
    "reads_figures",
    "reversal",
    "static_spec",
    "survival_figures",
    "to_files",
    "volcano",
]
