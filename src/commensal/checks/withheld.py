"""Which comparisons may have effects but no p, because their units are not what the model takes them for."""

from __future__ import annotations

from dataclasses import dataclass

from commensal.checks.balance import group_sizes
from commensal.checks.context import contexts
from commensal.checks.nesting import nested_units
from commensal.study import LoadedStudy
from commensal.tables import Finding

#: Code of a finding of severity ``error`` → status of the rows that lose their p.
_STATUS = {"one_unit_per_side": "one_cage", "nested_units": "unit_not_in_block"}


@dataclass(frozen=True, slots=True)
class Withheld:
    """Why a comparison's rows have no p."""

    status: str
    note: str


def withheld(loaded: LoadedStudy) -> dict[tuple[str, str], Withheld]:
    """Return the comparisons, (question, assay), whose p would be meaningless, and why.

    One unit (cage, isolator, donor, subject) on a side: the effect cannot be told from the unit. Several that are
    nested in the sides and that no block accounts for: their samples are not independent. Both are errors of the
    linter, and what the linter calls an error the results must not contradict.
    """
    found: dict[tuple[str, str], Withheld] = {}
    for context in contexts(loaded):
        if isinstance(context, Finding):
            continue
        faults = [finding for finding in (*nested_units(context), *group_sizes(context)) if finding.severity == "error"]
        faults.sort(key=lambda finding: list(_STATUS).index(finding.code))
        if faults:
            first = faults[0]
            found[context.question.name, context.assay.name] = Withheld(_STATUS[first.code], first.message)
    return found
