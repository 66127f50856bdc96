"""``rescue``: does the molecule or strain itself help? Each dose or arm against the vehicle (`outcomes`).

In an assay: every feature of the arms, adjusted for the subject's own baseline where there is one; and whether a given
strain is found.
"""

from __future__ import annotations

from commensal.questions.answer import Answer, joined
from commensal.questions.arm_features import features_of_arms
from commensal.questions.communities import answered, community, community_points, engraftment_rows
from commensal.study import LoadedStudy, Question


def rescue(loaded: LoadedStudy, question: Question, assay: str) -> Answer:
    """Answer what an infusion, or a strain, changed in one assay.

    Raises
    ------
    DesignError
        As `community`: an arm without samples.
    """
    data = community(loaded, question, assay)
    parts = []
    if data.assay.assay.kind == "taxa" and question.strains:
        parts.append(answered(engraftment_rows(data), data, community_points(data)))
    return joined([*parts, features_of_arms(loaded, question, data)])
