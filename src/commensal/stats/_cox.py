"""Cox's partial likelihood as sums over deaths, its maximum, and the score residuals that a sandwich is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from commensal.stats._arrays import Floats
from commensal.stats._survival import Followed, RiskSets

#: Newton's decrement g'H⁻¹g at which to stop: the effect is then within 1e-9 standard errors of the maximum.
_STOP = 1e-18
_ROUNDS = 80
#: Log hazards of two subjects farther apart than this have no maximum, and soon no number to stand for them.
FAR = 150.0
#: Where the information along a direction falls below this share of that at β = 0, the maximum is at infinity.
FLAT = 1e-5


@dataclass(frozen=True, slots=True)
class Likelihood:
    """The partial likelihood of n subjects with M deaths, one column per death."""

    x: Floats  # (n, k) centred and scaled columns
    weight: Floats  # (n, M) 1 at risk, less what Efron takes off those who die together, 0 not at risk
    died: Floats  # (n, M) share of this death's column that is the subject's own: 1/d for d tied deaths
    total: Floats  # (k,) sum of x over deaths

    def at(self, beta: Floats) -> Moments:
        """Return what the likelihood is made of at coefficients (k,)."""
        eta = self.x @ beta
        shift = float(eta.max())
        risk = np.exp(eta - shift)
        s0 = self.weight.T @ risk
        mean = (self.weight.T @ (risk[:, None] * self.x)) / s0[:, None]
        each = self.weight @ (1 / s0) * risk
        information = (self.x * each[:, None]).T @ self.x - mean.T @ mean
        value = float(self.total @ beta - np.log(s0).sum() - s0.size * shift)
        return Moments(risk, s0, mean, self.total - mean.sum(axis=0), information, value)

    def residuals(self, at: Moments) -> Floats:
        """Return each subject's score residual (n, k); they sum to the score.

        L_i = Σ_m died_im (x_i − x̄_m) − e^{x_i'β} Σ_m w_im (x_i − x̄_m) / S0_m (Lin & Wei 1989; with ties by Efron as
        in Therneau & Grambsch 2000).
        """
        hazard = self.weight / at.s0
        own: Floats = self.died.sum(axis=1)[:, None] * self.x - self.died @ at.mean
        own -= at.risk[:, None] * (hazard.sum(axis=1)[:, None] * self.x - hazard @ at.mean)
        return own


@dataclass(frozen=True, slots=True)
class Moments:
    """Pieces of the partial likelihood at one β."""

    risk: Floats  # (n,) e^{x'β} up to a factor
    s0: Floats  # (M,) its weighted sum over the risk set
    mean: Floats  # (M, k) x̄, weighted by risk
    score: Floats  # (k,)
    information: Floats  # (k, k)
    value: float  # log partial likelihood


def likelihood(subjects: Followed, x: Floats, risk: RiskSets, ties: str) -> Likelihood:
    """Return the partial likelihood, every death a column of its own."""
    deaths = risk.event.sum(axis=0).astype(np.int64)
    column = np.repeat(np.arange(deaths.size), deaths)
    order = np.arange(column.size) - np.repeat(np.cumsum(deaths) - deaths, deaths)
    share = order / deaths[column] if ties == "efron" else np.zeros(column.size)
    weight = risk.at_risk[:, column] - share * risk.event[:, column]
    died = risk.event[:, column] / deaths[column]
    return Likelihood(x, weight, died, x[subjects.event].sum(axis=0))


def maximum(model: Likelihood, *, firth: bool = False) -> tuple[Floats, Moments]:
    """Return the coefficients (k,) of the largest (penalised) likelihood by Newton's steps, halved where needed."""
    beta = np.zeros(model.x.shape[1])
    here = model.at(beta)
    level = _value(here, firth)
    for _ in range(_ROUNDS):
        score = here.score + penalty_score(model, here) if firth else here.score
        step = np.linalg.lstsq(here.information, score, rcond=None)[0]
        decrement = float(score @ step)
        step = step * min(1.0, FAR / max(float(np.ptp(model.x @ step)), 1.0))
        for _ in range(30):
            there = model.at(beta + step)
            value = _value(there, firth)
            if value >= level - 1e-9 * (1 + abs(level)):
                break
            step = step / 2
        beta, here, level = beta + step, there, value
        if abs(decrement) <= _STOP or np.ptp(model.x @ beta) > FAR:
            break
    return beta, here


def held(model: Likelihood, direction: Floats, value: float, *, start: Floats) -> tuple[Floats, float]:
    """Return the coefficients (k,) of the largest penalised likelihood among those with direction'β = value, and it.

    Steps of Newton with the information as curvature, kept in the plane and halved where needed.
    """
    size = float(direction @ direction)
    beta = start + direction * (value - float(direction @ start)) / size
    plane = np.linalg.svd(direction[None, :])[2][1:].T
    here = model.at(beta)
    level = _value(here, firth=True)
    for _ in range(_ROUNDS):
        if not plane.shape[1]:
            break
        score = plane.T @ (here.score + penalty_score(model, here))
        step = np.linalg.lstsq(plane.T @ here.information @ plane, score, rcond=None)[0]
        decrement, move = float(score @ step), plane @ step
        move = move * min(1.0, FAR / max(float(np.ptp(model.x @ move)), 1.0))
        for _ in range(30):
            there = model.at(beta + move)
            reached = _value(there, firth=True)
            if reached >= level - 1e-12 * (1 + abs(level)):
                break
            move = move / 2
        beta, here, level = beta + move, there, reached
        if abs(decrement) <= _STOP:
            break
    return beta, level


def profile(model: Likelihood, beta: Floats, direction: Floats, chance: float) -> tuple[float, float, float]:
    """Return p of direction'β = 0 and the limits of the profile penalised likelihood; a limit may be infinite."""
    from scipy.optimize import brentq
    from scipy.special import chdtrc, chdtri

    best = _value(model.at(beta), firth=True)
    centre = float(direction @ beta)
    drop = float(chdtri(1.0, 1 - chance)) / 2

    def lost(value: float) -> float:
        return best - held(model, direction, value, start=beta)[1]

    def short(value: float) -> float:
        return lost(value) - drop

    def beyond(move: float) -> bool:
        return bool(np.ptp(model.x @ (beta + direction * move / float(direction @ direction))) > FAR)

    p = float(chdtrc(1.0, max(2 * lost(0.0), 0.0)))
    inverse = np.linalg.pinv(model.at(beta).information)
    step = 2 * float(np.sqrt(np.maximum(direction @ inverse @ direction, 1e-12)))
    limits: list[float] = []
    for side in (-1.0, 1.0):
        far = step
        while not beyond(side * far) and lost(centre + side * far) < drop:
            far *= 2
        limits.append(side * np.inf if beyond(side * far) else float(brentq(short, centre, centre + side * far)))
    return p, limits[0], limits[1]


def penalty_score(model: Likelihood, at: Moments) -> Floats:
    """Return the derivative (k,) of ½ log det I(β): half the trace of I⁻¹ ∂I/∂β, from third central moments."""
    inverse = np.linalg.pinv(at.information)
    share = model.weight * (at.risk[:, None] / at.s0)
    away = model.x[:, None, :] - at.mean[None, :, :]
    spread = np.einsum("imk,kl,iml->im", away, inverse, away)
    score: Floats = 0.5 * np.einsum("im,im,imk->k", share, spread, away)
    return score


def _value(at: Moments, firth: bool) -> float:
    if not firth:
        return at.value
    sign, logdet = np.linalg.slogdet(at.information)
    return at.value + 0.5 * float(logdet) if sign > 0 else -np.inf
