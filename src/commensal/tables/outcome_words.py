"""What a claim says of an outcome: a life is lengthened, an onset delayed, a measure improved."""

from __future__ import annotations

from typing import Literal

#: Names of the event that ends a life.
_LIFE = ("death", "died", "dead", "surviv", "mortal", "killed", "end_point", "endpoint", "euthan")
#: An event by its name, where nothing else says that it is one.
_EVENT = ("onset", "relapse", "diagnosis", "symptom", "paralysis")

#: What an outcome is: ``later`` and ``earlier`` are events, by when they had better come.
Outcome = Literal["later", "earlier", "measure"]


def outcome_phrase(outcome: str, direction: str, kind: Outcome | None = None) -> str:
    """Return the verb and object of a claim.

    Parameters
    ----------
    outcome
        The measure or event, as the study file names it.
    direction
        ``helps`` or ``harms``.
    kind
        What it is; None: told by its name, and a measure where the name does not tell.

    Examples
    --------
    >>> outcome_phrase("death", "helps"), outcome_phrase("symptom_onset", "harms"), outcome_phrase("grip", "helps")
    ('lengthens survival', 'hastens symptom onset', 'improves grip')
    >>> outcome_phrase("recovery", "helps", "earlier"), outcome_phrase("weight_loss", "harms", "measure")
    ('hastens recovery', 'worsens weight loss')
    """
    better = direction == "helps"
    name, words = outcome.casefold(), outcome.replace("_", " ")
    if kind is None:
        kind = "later" if any(part in name for part in (*_LIFE, *_EVENT)) else "measure"
    if kind == "measure":
        return f"{'improves' if better else 'worsens'} {words}"
    if kind == "later" and any(part in name for part in _LIFE):
        return f"{'lengthens' if better else 'shortens'} survival"
    return f"{'delays' if better == (kind == 'later') else 'hastens'} {words}"
