"""``screen``: which single strains help, which harm? Each arm against the shared vehicle (`outcomes`).

In an assay of taxa: did each strain stay in its arm, and is it found in others? Other assays are for `mediators`.
"""

from __future__ import annotations

from commensal.questions.answer import Answer, joined
from commensal.questions.communities import answered, community, community_points, engraftment_rows
from commensal.study import LoadedStudy, Question


def screen(loaded: LoadedStudy, question: Question, assay: str) -> Answer:
    """Answer whether the strains of a screen stayed, in one assay.

    Raises
    ------
    DesignError
        As `community`: an arm without samples.
    """
    if loaded.assays[assay].assay.kind != "taxa" or not question.strains:
        return joined([])
    if not set(question.strains.values()) & set(map(str, loaded.assays[assay].features.index)):
        return joined([])
    data = community(loaded, question, assay)
    return answered(engraftment_rows(data), data, community_points(data))
