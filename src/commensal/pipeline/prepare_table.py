"""A table of molecules on its way through preparation: what is known of its samples, what lies below detection."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal import stats
from commensal.errors import DesignError, StudyFileError, listing, nearest
from commensal.study import AssayTable, Dropped, Prepare, Step

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
#: Declared value → the base of its logarithm.
BASES = {"log2": 2.0, "log10": 10.0, "ln": math.e}


@dataclass(slots=True, eq=False)
class Molecules:
    """Amounts (n, m), linear, 0 where below detection, with the features' own table and the samples' facts.

    Changed in place, step by step; the steps taken are kept.
    """

    name: str
    plan: Prepare
    values: Floats
    below: Mask
    limits: Floats
    features: pd.DataFrame
    facts: pd.DataFrame  #: one row per sample of the table; role is missing where the samples table has no row
    steps: list[Step] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    removed: dict[str, int] = field(default_factory=dict)
    uncontrolled: int = 0
    tied: int = 0

    @classmethod
    def of(cls, table: AssayTable, plan: Prepare, samples: pd.DataFrame) -> Molecules:
        """Take up a table, and find what lies below detection."""
        values = np.array(table.values, dtype=float)
        base = BASES.get(table.assay.value or "")
        if base is not None:
            values = base**values
        facts = samples.reindex(list(table.samples))
        below = (values <= 0) if table.assay.zero == "below_detection" else np.zeros(values.shape, bool)
        out = cls(table.name, plan, values, below, np.full(values.shape, np.nan), table.features, facts)
        out._find_limits()
        said = f"values {table.assay.value}, taken back to amounts" if base is not None else "as measured"
        out.record("as measured", said)
        return out

    @property
    def where(self) -> str:
        """How messages name its section."""
        return f"[assays.{self.name}.prepare]"

    def role(self, *names: str) -> Mask:
        """Which samples have one of these roles."""
        out: Mask = self.facts["role"].isin(names).to_numpy(dtype=bool)
        return out

    @property
    def own(self) -> Mask:
        """Which samples are a subject's."""
        return self.role("sample", "replicate")

    @property
    def seen(self) -> Floats:
        """Amounts, NaN where below detection or missing."""
        return np.where((self.values > 0) & ~self.below, self.values, np.nan)

    @property
    def logs(self) -> Floats:
        """Natural logarithms of what was seen."""
        return np.asarray(np.log(self.seen))

    def record(self, name: str, said: str) -> None:
        """Keep how the table stands after a step."""
        quality = stats.control_quality(np.nan_to_num(self.seen), self.role("qc"))
        logs = self.logs[self.own] / np.log(2)
        known = ~np.isnan(logs)
        n = known.sum(axis=0)
        mean = np.where(known, logs, 0.0).sum(axis=0) / np.maximum(n, 1)
        square = np.where(known, (logs - mean) ** 2, 0.0).sum(axis=0) / np.maximum(n - 1, 1)
        self.steps.append(Step(name, said, quality.rsd, np.where(n > 2, np.sqrt(square), np.nan)))

    def scale(self, by: Floats) -> None:
        """Divide amounts, and the limits with them, by (n, m) or (n, 1)."""
        self.values = np.where(self.below, 0.0, self.values / by)
        self.limits = self.limits / by

    def leave(self, gone: Mask, reason: str, words: list[str]) -> None:
        """Leave features out, each with its reason."""
        if not gone.any():
            return
        if gone.all():
            raise DesignError(
                "no feature is left",
                where=f"{self.where}: {reason}",
                found=f"all {len(gone)} features",
                expected="at least one",
                mend="loosen it, or look whether the roles of the samples are right",
            )
        names = self.features.index.astype(str)[gone]
        self.dropped += [
            Dropped("feature", f"assay {self.name}", name, why) for name, why in zip(names, words, strict=True)
        ]
        self.removed[reason] = self.removed.get(reason, 0) + int(gone.sum())
        kept = ~gone
        self.values, self.below, self.limits = self.values[:, kept], self.below[:, kept], self.limits[:, kept]
        self.features = self.features[kept]

    def named(self, patterns: tuple[str, ...], key: str) -> Mask:
        """Which features a list of ids or labels names, ``*`` as wildcard."""
        ids, labels = self.features.index.astype(str), self.features["label"].astype(str)
        found = np.zeros(len(ids), bool)
        for pattern in patterns:
            own = np.array(
                [fnmatchcase(a, pattern) or fnmatchcase(b, pattern) for a, b in zip(ids, labels, strict=True)], bool
            )
            if not own.any():
                near = nearest(pattern.strip("*"), [*ids, *labels])
                raise StudyFileError(
                    f"no feature is called {pattern!r}",
                    where=f"{self.where} {key}",
                    found=f"{len(ids)} features, such as {listing(list(ids[:3]))}",
                    expected="an id or a label of the table, * as wildcard",
                    mend=f"did you mean {near[0]!r}?" if near else "correct it",
                )
            found |= own
        return found

    def column(self, name: str, key: str) -> pd.Series:
        """Return a column of the samples."""
        if name not in self.facts.columns:
            near = nearest(name, [str(one) for one in self.facts.columns])
            raise StudyFileError(
                f"the samples have no column {name!r}",
                where=f"{self.where} {key}",
                found=listing([str(one) for one in self.facts.columns], 12),
                expected="a column of the samples",
                mend=f"did you mean {near[0]!r}?" if near else "add it to the samples table",
            )
        return self.facts[name]

    def number(self, name: str, key: str) -> Floats:
        """Return a column of the samples as numbers, NaN where missing."""
        column = pd.to_numeric(self.column(name, key), errors="coerce")
        out: Floats = column.to_numpy(dtype=float, na_value=np.nan)
        if np.isnan(out).all():
            raise StudyFileError(
                f"the column {name!r} holds no numbers", where=f"{self.where} {key}", expected="numbers"
            )
        return out

    def _find_limits(self) -> None:
        limit = self.plan.limit
        if limit is not None:
            given = (
                np.full(self.values.shape[1], limit) if isinstance(limit, float) else self._annotated(limit, "limit")
            )
            with np.errstate(invalid="ignore"):
                self.below |= self.values <= given
            self.limits = np.broadcast_to(given, self.values.shape).copy()
        known = np.where((self.values > 0) & ~self.below, self.values, np.inf)
        lowest = known.min(axis=0, initial=np.inf)
        if self.plan.tied_minimum == "below_detection":
            tied = (known == lowest) & np.isfinite(lowest)
            tied &= tied.sum(axis=0) > 1
            self.below |= tied
            self.tied = int(tied[self.own].sum())
        if limit is None:
            hidden = self.below.any(axis=0) & np.isfinite(lowest)
            self.limits = np.broadcast_to(np.where(hidden, lowest, np.nan), self.values.shape).copy()
        self.values = np.where(self.below, 0.0, self.values)

    def _annotated(self, name: str, key: str) -> Floats:
        if name not in self.features.columns:
            raise StudyFileError(
                f"the features have no column {name!r}",
                where=f"{self.where} {key}",
                found=listing([str(one) for one in self.features.columns], 12),
                expected="a column of their annotation",
            )
        column = pd.to_numeric(self.features[name], errors="coerce")
        out: Floats = column.to_numpy(dtype=float, na_value=np.nan)
        return out

    def annotated(self, name: str, key: str) -> Floats:
        """Return a column of the features' annotation as numbers, NaN where missing."""
        return self._annotated(name, key)
