"""Everything left out, and why: samples and features dropped, rows without a p, ids that met nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from commensal.page.words import count, plural
from commensal.study import Dropped, Match
from commensal.tables import STATUSES

#: Fewer who are not named are not counted.
FEW = 5


@dataclass(frozen=True, slots=True)
class Omitted:
    """Names that share a place and a reason."""

    what: str
    where: str
    reason: str
    names: tuple[str, ...]  #: empty texts where nobody is named

    @property
    def named(self) -> bool:
        """Whether they are named."""
        return any(self.names)

    @property
    def counted(self) -> str:
        """How many they are, in words; of few who are not named, that they are few."""
        n = len(self.names)
        if n < FEW and not self.named:
            return f"fewer than five {plural(self.what)}"
        return f"{count(n)} {plural(self.what, n)}"


def dropped_groups(dropped: Iterable[Dropped]) -> list[Omitted]:
    """Group what was dropped by place and reason, in the order of first mention.

    Examples
    --------
    >>> gone = [Dropped("sample", "assay taxa", "S1", "a blank"), Dropped("sample", "assay taxa", "S2", "a blank")]
    >>> [(group.reason, group.names) for group in dropped_groups(gone)]
    [('a blank', ('S1', 'S2'))]
    """
    found: dict[tuple[str, str, str], list[str]] = {}
    for item in dropped:
        found.setdefault((item.what, item.where, item.reason), []).append(item.name)
    return [Omitted(*key, tuple(names)) for key, names in found.items()]


def mismatches(matches: Mapping[str, Match]) -> list[Omitted]:
    """Return the ids of each assay that met nothing on the other side (matching is exact)."""
    told = []
    for match in matches.values():
        place = f"assay {match.assay}"
        if match.samples_without_data:
            told.append(
                Omitted("sample", place, "in the samples table, without data in this assay", match.samples_without_data)
            )
        if match.data_without_samples:
            told.append(Omitted("sample", place, "in this assay, not in the samples table", match.data_without_samples))
    return told


def status_counts(estimates: pd.DataFrame) -> list[tuple[str, int, str]]:
    """Count the rows of each status that occurs, in the order in which statuses are declared, with its meaning."""
    counts = estimates["status"].value_counts()
    return [(status, int(counts[status]), meaning) for status, meaning in STATUSES.items() if status in counts]
