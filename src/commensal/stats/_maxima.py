"""Westfall and Young's step-down maxima, gathered chunk by chunk."""

from __future__ import annotations

import numpy as np

from commensal.stats._arrays import TIE, Floats


class StepDown:
    """Counts of rearranged statistics (P, m) that reach the observed ones (m,), alone and as successive maxima.

    With features in the order of their observed statistics, largest first, a feature's adjusted p is the share of
    arrangements in which the largest statistic among it and all features after it reaches its own; adjusted p never
    fall along this order (Westfall & Young 1993, algorithm 4.1).
    """

    def __init__(self, observed: Floats) -> None:
        self.order = np.argsort(-observed, kind="stable")
        self.bar = observed - TIE * np.abs(observed)
        self.single = np.zeros(observed.size, dtype=np.int64)
        self.joint = np.zeros(observed.size, dtype=np.int64)
        self.total = 0

    def add(self, statistics: Floats) -> None:
        """Count one chunk of arrangements (P, m)."""
        self.total += statistics.shape[0]
        self.single += np.count_nonzero(statistics >= self.bar, axis=0)
        backward = statistics[:, self.order[::-1]]
        np.maximum.accumulate(backward, axis=1, out=backward)
        self.joint[self.order[::-1]] += np.count_nonzero(backward >= self.bar[self.order[::-1]], axis=0)

    def p(self, *, exact: bool) -> tuple[Floats, Floats]:
        """Return p and adjusted p, (m,) each: shares when all arrangements were there, else (1 + #)/(1 + P)."""
        extra = 0 if exact else 1
        single, joint = ((counts + extra) / (self.total + extra) for counts in (self.single, self.joint))
        adjusted = np.empty_like(joint)
        adjusted[self.order] = np.maximum.accumulate(joint[self.order])
        return single, adjusted
