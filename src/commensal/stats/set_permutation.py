"""Self-contained set tests by restricted permutation of one label."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from commensal.stats._frames import framed
from commensal.stats._labelled import CHUNK, labelled
from commensal.stats._sets import Counts, SetFit, assembled, members_of, set_statistics
from commensal.stats.permutation import Permutations


@framed
def set_permutation(
    y: ArrayLike,
    label: ArrayLike,
    sets: Mapping[str, ArrayLike],
    *,
    permutations: Permutations,
    fixed: ArrayLike | None = None,
    statistic: str = "mean",
) -> SetFit:
    """Test whether the features of a set go with a label (n,), by rearranging the label over y (n, m).

    Self-contained: the null is that no member changes. Each member's t (after fixed columns, in its own samples) is
    turned into a normal score z as in :func:`commensal.stats.max_t`; a set's statistic is the mean of z, or of z² on
    either side of 0; arrangements keep the correlation among members, so the test is exact wherever the label is
    exchangeable: within households, over whole cages.

    Parameters
    ----------
    y
        (n, m) features; NaN is missing.
    label
        (n,) two groups coded by any two numbers, or a numeric label.
    sets
        Name to feature numbers (from 0), or to a mask (m,).
    permutations
        Arrangements of this label, from :func:`commensal.stats.permutations`.
    fixed
        (n, k) columns that stay with their samples; the intercept is implied.
    statistic
        ``"mean"``: members shift together (mixed: mean |z|); ``"mean square"``: a few strong members count for more.

    Returns
    -------
    SetFit
        ``p`` two-sided, ``p_up``, ``p_down``, ``p_mixed`` (members change in either direction), and the leading
        members: those with z beyond √2 in the set's direction. Status ``too_few``: no member can be tested, or the
        label has one arrangement.

    Raises
    ------
    StatisticsError
        Arrays that do not fit together, infinite values, a set that lists features that are not there.

    See Also
    --------
    set_rotation : For few samples and covariates, under normal errors. set_competitive : Against the other features.

    Examples
    --------
    >>> from commensal import stats
    >>> rng, label = np.random.default_rng(1), np.repeat([0.0, 1.0], 8)
    >>> y = rng.normal(size=(16, 30))
    >>> y[:, :10] += 0.8 * label[:, None]
    >>> fit = stats.set_permutation(y, label, {"first": range(10), "last": range(20, 30)},
    ...                             permutations=stats.permutations(label))
    >>> fit.direction[0], bool(fit.p[0] < 0.001), bool(fit.p[1] > 0.05)
    ('up', True, True)
    """
    made = labelled(y, label, fixed, permutations)
    members = members_of(sets, made.status == "ok")
    weights = members.weights()
    scores = made.scores(made.label[None, :])[0]
    observed = set_statistics(scores[None, members.union], weights, statistic)
    counts = Counts(observed)
    step = max(1, CHUNK // max(made.status.size, made.label.size))
    for start in range(0, permutations.labels.shape[0], step):
        null = made.scores(permutations.labels[start : start + step])[:, members.union]
        counts.add(set_statistics(null, weights, statistic))
    s = len(members.name)
    means = set_statistics(scores[None, members.union], weights, "mean")[0, 0]
    return assembled(
        members,
        scores,
        counts.p(exact=permutations.exact),
        statistic=means,
        direction=observed[0, 0] - observed[1, 0],
        correlation=np.full(s, np.nan),
        said=members.said(),
        n_permutations=permutations.labels.shape[0] if permutations.n_distinct > 1 else 0,
        method=f"self-contained, permutation ({permutations.scheme}), {statistic}",
    )
