"""Effects that a plan plants, as the command line has them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

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
        removed = {one.contrast for one in declared.questions.values() if one.kind in ("depletion", "mediators")}
        for name in declared.contrasts:
            way = -1.0 if name in removed else 1.0
            made.append(Effect(name, None, LOG2, SHARE))
            made += [
                Effect(name, one.name, way * (SD if one.better == "higher" else -SD))
                for one in declared.measures.values()
            ]
            made += [
                Effect(name, one.name, way * (-LOG_HAZARD if one.better == "later" else LOG_HAZARD))
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


def planted_words(declared: Study, planted: Sequence[Effect], needed: pd.DataFrame) -> list[str | None]:
    """Say of each row of what is needed which effect it is about, such as 1 SD or a hazard ratio of 2."""
    return [
        _words(declared, planted, str(contrast), assay, measure, float(size))
        for contrast, assay, measure, size in needed[["contrast", "assay", "measure", "size"]].itertuples(index=False)
    ]


def _words(
    declared: Study, planted: Sequence[Effect], contrast: str, assay: object, measure: object, scale: float
) -> str | None:
    for target in (measure, assay, None):
        own = [one for one in planted if one.contrast == contrast and one.target == target]
        if not own or (target is None and assay is None):
            continue
        size = abs(own[0].size * scale)
        if measure in declared.events:
            return f"a hazard ratio of {np.exp(size):.2g}"
        if target == measure and target is not None:
            return f"an effect of {size:.2g} SD"
        return f"a change of {size:.2g} log2 in {100 * own[0].share:.3g} % of features"
    return None
