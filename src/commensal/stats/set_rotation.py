"""Self-contained set tests by rotation: permutation's continuous cousin, for few samples and any linear model."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats._arrays import Floats
from commensal.stats._frames import framed
from commensal.stats._sets import Counts, SetFit, assembled, effects_of, hill, members_of, set_statistics
from commensal.stats.moderation import Moderation, moderate

#: Numbers held at once by a chunk of rotations (32 MB).
_CHUNK = 4_000_000


@framed
def set_rotation(
    y: ArrayLike,
    x: ArrayLike,
    contrast: ArrayLike,
    sets: Mapping[str, ArrayLike],
    *,
    statistic: str = "mean",
    n: int = 9999,
    seed: int = 1,
) -> SetFit:
    """Test whether the features of a set follow a contrast (k,) of columns x (n, k), by rotating y (n, m).

    Self-contained, as limma's roast. On orthonormal axes a feature is its effect along the contrast and d = n − rank
    residual effects, all of one variance under the null. A random rotation, the same for all features, mixes them: the
    correlation among features stays, the contrast goes. Each rotation gives moderated t (prior and s0² of
    :func:`commensal.stats.moderate`, over all features), their normal scores z, and a set statistic.

    Parameters
    ----------
    y
        (n, m) features. Those with a missing value, or that do not vary, are left out of their sets, which say so.
    x, contrast
        (n, k) columns of the model with the intercept, and the contrast (k,). Put block indicators among the columns to
        compare inside blocks: what differs between blocks is then taken off. A contrast of whole blocks (cages) must
        not be tested here on their samples: average each block first.
    sets
        Name to feature numbers (from 0), or to a mask (m,).
    statistic
        ``"mean"`` or ``"mean square"``, as in :func:`commensal.stats.set_permutation`.
    n, seed
        Rotations and their seed.

    Returns
    -------
    SetFit
        p = (1 + #)/(1 + n). Exact under normal errors of equal variance; unlike permutation it has no smallest p that
        the design sets.

    Raises
    ------
    StatisticsError
        Arrays that do not fit together, a contrast that x cannot tell, no residual degree of freedom.

    References
    ----------
    Langsrud (2005) Stat. Comput. 15:53–60; Wu et al. (2010) Bioinformatics 26:2176–2182.

    Examples
    --------
    >>> from commensal import stats
    >>> rng, label = np.random.default_rng(1), np.repeat([0.0, 1.0], 4)
    >>> y = rng.normal(size=(8, 30))
    >>> y[:, :10] -= 1.5 * label[:, None]
    >>> fit = stats.set_rotation(y, np.column_stack([np.ones(8), label]), [0, 1], {"first": list(range(10))}, n=999)
    >>> fit.direction[0], bool(fit.p[0] < 0.01)
    ('down', True)
    """
    if n < 1:
        raise StatisticsError("no rotations were asked for", found=f"n = {n}", expected="at least 1")
    effects = effects_of(y, x, contrast)
    usable, d = effects.usable, effects.residual.shape[0]
    prior = moderate((effects.residual[:, usable] ** 2).sum(axis=0) / d, d)
    members = members_of(sets, usable)
    weights = members.weights()
    table = np.vstack([effects.along, effects.residual])[:, members.union]
    square = (table**2).sum(axis=0)
    scores = np.zeros(usable.size)
    scores[members.union] = _scores(table[:1], square, prior, d)[0]
    observed = set_statistics(scores[None, members.union], weights, statistic)
    counts = Counts(observed)
    rng = np.random.default_rng(seed)
    step = max(1, _CHUNK // max(1, table.shape[1], d + 1))
    for start in range(0, n, step):
        axes = rng.normal(size=(min(step, n - start), d + 1))
        axes /= np.linalg.norm(axes, axis=1, keepdims=True)
        counts.add(set_statistics(_scores(axes @ table, square, prior, d), weights, statistic))
    return assembled(
        members,
        scores,
        counts.p(exact=False),
        statistic=set_statistics(scores[None, members.union], weights, "mean")[0, 0],
        direction=observed[0, 0] - observed[1, 0],
        correlation=np.full(len(members.name), np.nan),
        said=members.said(),
        n_permutations=n,
        method=f"self-contained, rotation, {statistic}",
    )


def _scores(along: Floats, square: Floats, prior: Moderation, d: int) -> Floats:
    """Return normal scores of moderated t for effects (R, u); with residual squares they add up to square (u,)."""
    own = np.maximum(square - along**2, 0.0) / d
    if np.isinf(prior.prior_df):
        variance = np.full_like(own, prior.prior_variance)
    elif prior.prior_df > 0:
        variance = (d * own + prior.prior_df * prior.prior_variance) / (d + prior.prior_df)
    else:
        variance = own
    t = along / np.sqrt(np.maximum(variance, 1e-30 * square))
    return hill(t, d + prior.prior_df)
