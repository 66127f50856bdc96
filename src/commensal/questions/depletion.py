"""``depletion``: does removing the microbes change the disease?

Measures and events per level of ``by`` with the interaction (`outcomes`); in each assay what became of the microbes,
and every feature of the arms.
"""

from __future__ import annotations

from commensal.questions.answer import Answer, joined
from commensal.questions.arm_features import features_of_arms
from commensal.questions.communities import answered, community, community_points, depletion_rows
from commensal.study import LoadedStudy, Question


def depletion(loaded: LoadedStudy, question: Question, assay: str) -> Answer:
    """Answer whether depletion worked, in one assay.

    Raises
    ------
    DesignError
        As `community`: an arm without samples.
    """
    data = community(loaded, question, assay)
    parts = []
    if data.assay.assay.kind == "taxa":
        parts.append(answered(depletion_rows(data), data, community_points(data)))
    return joined([*parts, features_of_arms(loaded, question, data)])
