"""Measures and events of a question about arms: trajectories, survival and verdicts in one answer."""

from __future__ import annotations

from commensal.questions.answer import Answer, joined
from commensal.questions.arms import arms
from commensal.questions.ends import asked_events, asked_measures, ends, survival_event
from commensal.questions.function_survival import function_and_survival
from commensal.questions.survival import survival
from commensal.questions.together import together
from commensal.questions.trajectories import trajectory
from commensal.questions.verdicts import verdict_rows
from commensal.study import LoadedStudy, Question
from commensal.tables import estimates, points


def outcomes(loaded: LoadedStudy, question: Question) -> Answer:
    """Answer a question about arms by its measures and events.

    Verdicts come first (jointly over arms and primary outcomes), then each measure over time, then each event. An
    outcome that cannot be had becomes a row with its reason and is told as refused, and the others go on. Without any
    measure and event there is nothing to say here.

    Raises
    ------
    DesignError
        The arms cannot be told, or no outcome can be had at all.
    """
    if not (*asked_measures(loaded, question), *asked_events(loaded, question)):
        return joined([])
    compared = arms(loaded, question)
    found, refused = ends(loaded, question, compared)
    if refused and not found:
        raise refused[0].error
    rows = verdict_rows(compared, found, refused)
    parts = [Answer(estimates(rows), points(), compared.dropped, tuple(refused))]
    wrong = {one.name for one in refused}
    for name in asked_measures(loaded, question):
        if name not in wrong:
            parts.append(trajectory(loaded, question, compared, loaded.declared.measures[name]))
    several = [loaded.declared.measures[name] for name in asked_measures(loaded, question) if name not in wrong]
    parts.append(together(loaded, question, compared, several))
    for name in asked_events(loaded, question):
        if name not in wrong:
            parts.append(survival(loaded, question, compared, loaded.declared.events[name]))
    last = survival_event(loaded)
    if last is not None and last in asked_events(loaded, question) and last not in wrong:
        for name in asked_measures(loaded, question):
            if name not in wrong:
                declared = loaded.declared
                parts.append(
                    function_and_survival(loaded, question, compared, declared.events[last], declared.measures[name])
                )
    return joined(parts)
