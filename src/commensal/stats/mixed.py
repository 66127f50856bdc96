"""The linear mixed model with one random intercept, for many features at once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

import numpy as np
from numpy.typing import ArrayLike

from commensal.stats._design import checked, checked_split
from commensal.stats._frames import framed
from commensal.stats._solved import fits_of, random_intercept
from commensal.stats.fits import Fit, SplitFit


@framed
def mixed(
    y: ArrayLike,
    x: ArrayLike,
    contrast: ArrayLike,
    groups: Iterable[Hashable],
    *,
    level: float = 0.95,
    method: str = "REML",
    weights: ArrayLike | None = None,
) -> Fit:
    """Mixed model of each column of y (n, m) on x (n, k) with a random intercept per group (n,), contrast (k,).

    y = Xβ + b_group + e, b ~ N(0, σ²_group), e ~ N(0, σ²_residual), by restricted maximum likelihood; each feature is
    fitted to the samples in which it is present. The global optimum is sought, and a variance that is best at 0 is
    exactly 0.

    Parameters
    ----------
    y : (n, m)
        Responses; NaN is missing.
    x : (n, k)
        Columns of the model, with an intercept column if one is wanted; complete.
    contrast : (k,)
        Weights of the coefficients: the effect is c'β, in units of y per unit of the contrast.
    groups : (n,)
        The block of each row: any hashable labels, none missing.
    level
        Of the confidence interval.
    method
        ``"REML"``, or ``"ML"``: unrestricted maximum likelihood, whose variances are too small by what the columns
        use up; its degrees of freedom have n in place of n − rank. For comparing likelihoods of different columns.
    weights : (n,) or (n, m), optional
        Observation weights w > 0: the residual variance of a sample is σ²_residual / w.

    Returns
    -------
    Fit, m features
        t = c'β / se with se² = c'(X'V⁻¹X)⁻¹c, against Student's t with Satterthwaite's degrees of freedom,
        2 f² / (g'Ag), f = se², g its gradient in the two variances and A the inverse observed information of the
        restricted likelihood. Where every column that the contrast weighs is constant within groups, p and the
        interval use at most (groups present − rank of the columns that are constant within groups) degrees of
        freedom; `df_satterthwaite` is not capped.

        Statuses with p: ``ok``; ``boundary``, the group variance is 0 and df_satterthwaite n − rank. The intercept
        is not identifiable when every group has one sample, or there is one group: then it is left out, and the
        status is ``boundary`` with a note.
        Statuses without p: ``too_few`` (fewer than 2 residual degrees of freedom; a two-valued contrast of which one
        side has no sample; no residual degrees of freedom inside groups, when the contrast is not constant there; no
        more groups than columns that are constant within groups), ``constant`` (y, or what is left of
        it, does not vary), ``rank_deficient`` (the note gives the redundant columns; the effect is kept where it is
        estimable), ``one_cage`` (a two-valued contrast constant within groups, one side of which is a single group:
        effect and se are kept), ``not_converged``.

    Raises
    ------
    StatisticsError
        Arrays that do not fit together; infinite values in y; missing or infinite values in x; missing groups.

    References
    ----------
    Laird and Ware 1982, Biometrics 38:963; Giesbrecht and Burns 1985, Biometrics 41:477. In R: ``lmerTest::lmer``.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.column_stack([np.ones(8), np.repeat([0, 1], 4)])  # four cages of two animals, arms of two cages
    >>> y = np.array([[1.0, 2, 3, 4, 5, 6, 8, 9]]).T
    >>> fit = mixed(y, x, [0, 1], ["a", "a", "b", "b", "c", "c", "d", "d"])
    >>> print(fit.effect[0].round(3), fit.se[0].round(3), fit.df[0].round(3), fit.p[0].round(4), fit.status[0])
    4.5 1.803 2.0 0.1299 ok
    """
    with np.errstate(all="ignore"):
        design = checked(y, x, contrast, groups, level, weights=weights, method=method)
        return fits_of(design, random_intercept(design), level)[0]


@framed
def mixed_split(
    y: ArrayLike,
    x: ArrayLike,
    column: int,
    groups: Iterable[Hashable],
    *,
    also: Iterable[int] = (),
    level: float = 0.95,
) -> SplitFit:
    """Mixed model of y (n, m) on x (n, k) in which x[:, column] is split into its parts inside and between groups.

    The label ℓ becomes two columns, w = ℓ − (group mean of ℓ) and b = (group mean of ℓ), means being taken over the
    samples in which the feature is present. w's coefficient compares samples of the same group; b's compares groups,
    and holds whatever else differs between them (Neuhaus and Kalbfleisch 1998).

    Parameters
    ----------
    y, x, groups, level
        As for `mixed`.
    column
        Number of the label's column in x.
    also
        Numbers of covariates' columns whose group means join the model as columns of their own. Without them a
        covariate has one coefficient inside and between groups, and what differs between groups with it leaks into
        the comparison inside groups (Neuhaus and Kalbfleisch 1998): give every covariate that varies in both ways.

    Returns
    -------
    SplitFit
        ``within`` and ``between``, each a Fit of m features as of `mixed`. A part that does not vary for a feature
        leaves the model there: no group with both sides makes ``within`` ``too_few``, equal shares in all groups make
        ``between`` ``rank_deficient``; the other part is estimated all the same. Degrees of freedom of ``between``
        are capped as in `mixed`, those of ``within`` at samples − groups − rank of the columns inside groups;
        ``one_cage`` when the group means take two values and one belongs to a single group.

    Raises
    ------
    StatisticsError
        As `mixed`; and a column that x does not have.

    References
    ----------
    Neuhaus and Kalbfleisch 1998, Biometrics 54:638.

    Examples
    --------
    Three households; the patient is 2 above the others of each:

    >>> import numpy as np
    >>> x = np.column_stack([np.ones(8), [1, 0, 0, 1, 0, 1, 0, 0]])
    >>> y = np.array([[7.0, 5.1, 4.9, 3.1, 0.9, 11.9, 10.1, 9.9]]).T
    >>> fit = mixed_split(y, x, 1, [1, 1, 1, 2, 2, 3, 3, 3])
    >>> print(fit.within.effect[0].round(2), fit.within.df[0].round(2), fit.within.p[0].round(6))
    2.02 4.0 2.9e-05
    >>> print(fit.between.status[0], fit.between.note[0])
    one_cage one side of the contrast is a single group
    """
    with np.errstate(all="ignore"):
        design = checked_split(y, x, column, groups, also, level)
        within, between = fits_of(design, random_intercept(design), level)
    return SplitFit(within, between)
