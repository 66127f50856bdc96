"""The smallest p that a restricted permutation can reach with this layout."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from commensal.checks.context import Context
from commensal.checks.nesting import layouts
from commensal.stats import count_arrangements, is_mirrored, smallest_p
from commensal.tables import Finding

#: A test that cannot reach this, whatever the data, is worth a warning.
REACH = 0.05


def smallest_reachable_p(context: Context) -> Iterator[Finding]:
    """Count the distinct arrangements of the labels over what may be exchanged."""
    if context.question.kind == "course":
        return  # nothing is permuted there
    if len(context.blocks.names) > 1:
        return  # told by `several_block_levels`: there is no such test in this version
    block, units = _exchanged(context)
    label = context.case.astype(float)
    n_distinct, scheme = count_arrangements(label, block)
    p = smallest_p(n_distinct, context.question.permutations, mirrored=is_mirrored(label, block))
    how = {
        "free": "samples may change sides freely",
        "within blocks": f"labels change places within {units}",
        "whole blocks": f"whole {units} change sides",
    }[scheme]
    out_of_reach = p >= REACH
    many = f"{n_distinct:,.0f}" if n_distinct < 1e6 else f"about {n_distinct:.0e}".replace("e+", "e")
    message = f"{how}: {many} distinct arrangements, so the smallest p that a permutation test can reach is {p:.3g}"
    message += ", whatever the data." if out_of_reach else "."
    if out_of_reach:
        mend = f"more {units} are needed; read PERMANOVA and PERMDISP here as description, not as tests"
    elif n_distinct > context.question.permutations:
        mend = "nothing needed; more `permutations` in the question make p finer"
    else:
        mend = "nothing needed; every arrangement is tried"
    yield context.finding(
        "smallest_p",
        "warning" if out_of_reach else "note",
        message,
        mend,
        n_distinct=min(n_distinct, 1e300),
        smallest_p=p,
        samples=len(label),
    )


def _exchanged(context: Context) -> tuple[NDArray[np.object_] | None, str]:
    """Return the block of each sample and its name: declared, or else the coarsest housing unit nested in the sides.

    An undeclared cage is counted too: the true number of arrangements is what the reader needs to hear.
    """
    nested = [layout for layout in layouts(context) if layout.nested and layout.unit.family in ("housing", "donor")]
    found: tuple[NDArray[np.object_], str] | None = None
    if context.blocks.names:
        name = context.blocks.names[0]
        words = next((unit.many for unit in context.units if unit.column == name), None)
        found = (
            context.block(0),
            words or ("subjects" if name == "subject" else f"levels of {name}"),
        )
    for layout in nested:
        fewer = found is None or layout.n_case + layout.n_control < len(set(found[0].tolist()))
        # Labels of a declared block that stand for several units each are counted as those units.
        mistaken = bool(layout.unit.inferred) and layout.unit.column in context.blocks.names
        if (fewer or mistaken) and (layout.codes >= 0).all():
            found = (np.array([str(code) for code in layout.codes], dtype=object), layout.unit.many)
    return found if found is not None else (None, "samples")
