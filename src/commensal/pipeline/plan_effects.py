"""Effects that a plan plants, as the command line has them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from commensal.errors import UsageError, listing, nearest
from commensal.simulation.design import Effect
from commensal.study import Study

#: Effects of full size, where none is given: SD of a measure, log hazard ratio, log2 of one feature in ten.
SD, LOG_HAZARD, LOG2, SHARE = 1.0, float(np.log(2)), 1.0, 0.1


def parse_effects(declared: Study, given: Sequence[str]) -> tuple[Effect, ...]:
    """Read effects as the command line has them, or the usual ones.

    Raises
    ------
    UsageError
        An unknown contrast or target, or a size that is no number.
    """
    if not given:
        made = []
        for name in declared.contrasts:
            made.append(Effect(name, None, LOG2, SHARE))
            made += [
                Effect(name, one.name, SD if one.better == "higher" else -SD) for one in declared.measures.values()
            ]
            made += [
                Effect(name, one.name, -LOG_HAZARD if one.better == "later" else LOG_HAZARD)
                for one in declared.events.values()
            ]
        return tuple(made)
    return tuple(_one_effect(declared, text) for text in given)


def _one_effect(declared: Study, text: str) -> Effect:
    left, _, right = text.partition("=")
    contrast, _, target = left.partition("/")
    outcomes = (*declared.measures, *declared.events)
    for name, known, what in ((contrast, tuple(declared.contrasts), "contrast"),
                              (target, (*declared.assays, *outcomes, ""), "assay, measure or event")):  # fmt: skip
        if name not in known:
            near = nearest(name, known)
            raise UsageError(
                f"no {what} is called {name!r}", where="--effect", found=text, expected=listing(filter(None, known)),
                mend=f"did you mean {near[0]!r}?" if near else "name one that the study file declares",
            )  # fmt: skip
    share, colon, size = right.partition(":")
    try:
        numbers = (float(share), float(size) if colon else 0.0)
        good = bool(np.isfinite(numbers).all())
    except ValueError:
        good, numbers = False, (0.0, 0.0)
    of_outcome = target in outcomes
    if not good or bool(colon) == of_outcome or (colon and not 0 < numbers[0] <= 1):
        form = "SD, or a log hazard ratio" if of_outcome else "SHARE:LOG2 with a share above 0 and up to 1"
        raise UsageError(
            "an effect that cannot be read", where="--effect", found=text, expected=f"{left}={form}",
            mend=f"for example {left}={'0.8' if of_outcome else '0.1:1'}",
        )  # fmt: skip
    return (
        Effect(contrast, target or None, numbers[0])
        if of_outcome
        else Effect(contrast, target or None, numbers[1], numbers[0])
    )


def effect_words(one: Effect) -> str:
    """Write an effect as `parse_effects` reads it."""
    where = one.contrast + (f"/{one.target}" if one.target else "")
    return f"{where}={one.size:g}" if one.share == 1.0 else f"{where}={one.share:g}:{one.size:g}"
