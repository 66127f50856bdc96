"""Samples as a mass spectrometer runs them: batches, order, pooled controls, drift and limits of detection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
#: Pooled quality controls are run first, after every so many samples, and last.
QC_EVERY = 8


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One table of molecules as it was run: rows (r) are samples and pooled controls."""

    values: Floats  #: (r, m) intensities, 0 below detection
    row: Integers  #: (r,) row of the true values, −1 a pooled control
    batch: Integers  #: (r,)
    order: Integers  #: (r,) from 1


def spread(rng: np.random.Generator, groups: Integers, batches: int) -> Integers:
    """Spread the samples (n) of each group over the batches as evenly as they go, at random."""
    out = np.zeros(len(groups), dtype=np.int64)
    for one in range(int(groups.max()) + 1):
        at = np.flatnonzero(groups == one)
        out[rng.permutation(at)] = (np.arange(len(at)) + one) % batches
    return out


def measured(
    rng: np.random.Generator, log2: Floats, limit: Floats, batch: Integers, *, batch_sd: float, drift_sd: float
) -> Run:
    """Run samples in a random order within their batches, pooled controls between them, and cut at the limits.

    Parameters
    ----------
    rng
        The only source of chance.
    log2
        (n, m) true levels.
    limit
        (m,) log2 below which nothing is seen.
    batch
        (n,) batch of each sample, from 0.
    batch_sd, drift_sd
        SD (log2) of the batches' shifts, and of the drift from a batch's first to its last run, molecule by molecule.
    """
    batches, m = int(batch.max()) + 1, log2.shape[1]
    shift = rng.normal(0, batch_sd, size=(batches, m))
    drift = rng.normal(0, drift_sd, size=(batches, m))
    row: list[int] = []
    of_batch: list[int] = []
    order: list[int] = []
    place: list[float] = []
    for b in range(batches):
        own = rng.permutation(np.flatnonzero(batch == b)).tolist()
        queue = [-1]
        for i, one in enumerate(own):
            queue += [one, -1] if (i + 1) % QC_EVERY == 0 or i == len(own) - 1 else [one]
        row += queue
        of_batch += [b] * len(queue)
        order += list(range(len(order) + 1, len(order) + len(queue) + 1))
        place += np.linspace(-0.5, 0.5, len(queue)).tolist()
    index, which = np.array(row), np.array(of_batch)
    pooled = np.log2(np.exp2(log2).mean(axis=0))
    true = np.where((index >= 0)[:, None], log2[index], pooled + rng.normal(0, 0.1, size=(len(index), m)))
    seen = true + shift[which] + drift[which] * np.array(place)[:, None]
    values = np.where(seen < limit, 0.0, np.exp2(seen))
    return Run(values, index, which, np.array(order))
