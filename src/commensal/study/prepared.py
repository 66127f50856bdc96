"""What the preparation of a table did, step by step: facts that findings, figures and sentences are made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One step, and the table after it."""

    name: str  #: ``as measured``, ``internal standards``, ``drift`` …
    said: str  #: what was done, in words, without a full stop
    rsd: Floats  #: (m',) relative standard deviation of the features over pooled controls; NaN without
    spread: Floats  #: (m',) standard deviation of log2 over the samples


@dataclass(frozen=True, slots=True, eq=False)
class Preparation:
    """How one assay's table was prepared."""

    assay: str
    steps: tuple[Step, ...]
    samples: tuple[str, ...]
    roles: tuple[str, ...]
    order: Floats  #: (n,) place in the run, NaN where not known
    batch: tuple[str | None, ...]
    before: Floats  #: (n,) median over features of log2, less each feature's own median over samples, as measured
    after: Floats  #: (n,) likewise, at the end
    below: int = 0  #: values of samples below a limit of detection
    values: int = 0  #: values of samples that are known
    tied: int = 0  #: of those below: tied minima
    filled: str | None = None  #: how values below the limit were filled in
    uncontrolled: int = 0  #: features that a batch has no pooled control of
    removed: tuple[tuple[str, int], ...] = ()  #: reason → features that left
