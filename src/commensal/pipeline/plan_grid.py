"""The sizes at which a design is drawn: those that are asked for, or a ladder around the declared one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from commensal.errors import UsageError
from commensal.simulation.design_units import grown, scaled, unit_named
from commensal.study import LoadedStudy

#: Multiples of the declared units that are drawn where no sizes are asked for.
LADDER = (0.5, 1.0, 1.5, 2.0)
#: How the declared design is called.
DECLARED = "as declared"


@dataclass(frozen=True, slots=True, eq=False)
class Size:
    """One size of a design."""

    words: str
    loaded: LoadedStudy
    along: str | None = None  #: the unit that was grown; None on the ladder


def sizes_of(loaded: LoadedStudy, grow: Sequence[str], seed: int) -> tuple[list[Size], int]:
    """Return the sizes of a design, and which of them is told as the design's own.

    Raises
    ------
    UsageError
        A size that is no whole number, or no such unit.
    """
    if not grow:
        words = {one: DECLARED if one == 1 else f"units × {one:g}" for one in LADDER}
        return [Size(words[one], scaled(loaded, one, seed=seed)) for one in LADDER], LADDER.index(1.0)
    axes = [[(unit_named(loaded, word), n) for n in counts] for word, counts in map(_read, grow)]
    grid = [dict(one) for one in product(*axes)]
    along = axes[0][0][0]
    made = [Size(", ".join(f"{name} = {n}" for name, n in one.items()), grown(loaded, one, seed=seed), along)
            for one in grid]  # fmt: skip
    return made, 0


def _read(text: str) -> tuple[str, list[int]]:
    word, _, numbers = text.partition("=")
    try:
        counts = [int(one) for one in numbers.split(",")]
    except ValueError:
        counts = []
    if not counts or min(counts) < 1:
        raise UsageError(
            "a size that is no whole number", where="--grow", found=text, expected="UNIT=N,N,…", mend="cage=3,4,6"
        )
    return word.strip(), sorted(set(counts))


__all__ = ["DECLARED", "LADDER", "Size", "sizes_of"]
