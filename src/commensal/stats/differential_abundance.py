"""Differential abundance of a whole table in one call: the documented default for taxa and for molecules."""

from __future__ import annotations

from numpy.typing import ArrayLike

from commensal.stats._asked import Table, asked
from commensal.stats.differential_fit import DifferentialFit
from commensal.stats.two_part import two_part


def differential(
    values: Table,
    label: ArrayLike,
    *,
    value: str = "counts",
    reference: object = None,
    zero: str = "absent",
    block: ArrayLike | None = None,
    covariates: Table | None = None,
    load: ArrayLike | None = None,
    moderate: bool = False,
    min_prevalence: float = 0.05,
    level: float = 0.95,
    seed: int = 1,
) -> DifferentialFit:
    """Compare every feature of a table (n, m) between the two sides of a label (n,): abundance, presence, both.

    The default for **taxa** (``value="counts"`` or ``"relative"``): log2 of the share of reads among the samples where
    the taxon is, its coefficient measured from the median coefficient (`reference_frame`, `against`); presence as 0
    and 1, for counts beside log2 depth, its p held to rearranged labels in up to 200 samples; and one joint test. For
    **molecules** (``value="intensity"`` or ``"concentration"``) the same without a reference frame.

    With a block both are mixed models with a random intercept (REML, Satterthwaite); where the label varies inside
    blocks it is split into ``within`` and ``between``. Without a block it is least squares.

    The joint p is the Cauchy combination of five looks: abundance, presence, the sum of their normal deviates (a
    change of both in one direction), a test of ranks in which absence is the lowest (Wilcoxon's), and one of
    logarithms in which absence is half of what could be seen (of shares, centred by sample), the last two with the same
    block, covariates and frame. It is what q should be read from: one test per feature.

    Parameters
    ----------
    values : (n, m)
        Samples × features, an array or a DataFrame whose columns name the features; NaN is missing.
    label : (n,)
        0 control and 1 case, booleans, or two levels with `reference`.
    value
        What the values are: ``counts``, ``relative``, ``absolute``, ``intensity``, ``concentration``, or logarithms
        (``log2``, ``log10``, ``ln``), which have no zeros and no joint test.
    reference
        The level of the control side.
    zero
        ``absent`` (or below detection), or ``missing``: neither present nor absent. In counts and relative values a
        zero is always an absence.
    block : (n,), optional
        Household, cage, subject: the unit of the random intercept.
    covariates : (n, k), optional
        Numbers, one column each.
    load : (n,), optional
        Absolute load of each sample (cells or copies per gram). Shares × load are absolute: then nothing is measured
        from the median, which in a collapse falls with the community (docs/statistics.md).
    moderate
        Draw residual variances of least squares together (`moderated`): for few samples per side. Mixed models stay.
    min_prevalence
        Features present in a smaller share of the samples are not tested: status ``below_prevalence``.
    level, seed
        Of the intervals; of the arrangements.

    Returns
    -------
    DifferentialFit, m features
        For each term its `FeatureTests`: ``abundance`` (log2 fold change), ``prevalence`` (difference in the share of
        samples) and ``joint``. Statuses without p as in `mixed` and `linear`, and ``too_few``, ``below_prevalence``,
        ``always_present``, ``all_zero``, ``not_measured``.

    Raises
    ------
    StatisticsError
        Arrays that do not fit together; a label without two sides, or with levels and no reference; infinite or
        negative values; empty samples; covariates that are no numbers, do not vary or follow from others (named); a
        load that is missing or not above 0.

    See Also
    --------
    linda, ancom_bc2, wilcoxon_blocks, moderated_logs : Other ways. consensus : Several of them side by side.

    Examples
    --------
    One taxon is eight times as abundant in cases where it is present, and one is lost from half of them:

    >>> import numpy as np
    >>> from commensal import stats
    >>> rng = np.random.default_rng(2)
    >>> means = np.exp(rng.normal(4, 1, (60, 40)) + rng.normal(0, 0.7, (60, 1)))
    >>> counts = rng.poisson(means) * (rng.random((60, 40)) < 0.7)
    >>> case = np.repeat([0, 1], 30)
    >>> counts[case == 1, 0] *= 8
    >>> counts[(case == 1) & (rng.random(60) < 0.8), 1] = 0
    >>> fit = stats.differential(counts, case)
    >>> np.flatnonzero(fit.test("joint").q < 0.05).tolist()
    [0, 1]
    >>> fit.table().query("feature == '1' and model == 'prevalence'")["effect"].round(1).tolist()
    [-0.5]
    """
    found = asked(
        values,
        label,
        value=value,
        reference=reference,
        zero=zero,
        block=block,
        covariates=covariates,
        load=load,
    )
    return two_part(
        found.log2,
        found.present,
        found.label,
        block=found.block,
        covariates=found.covariates,
        depth=found.depth,
        relative=found.relative,
        moderate=moderate,
        min_prevalence=min_prevalence,
        level=level,
        seed=seed,
        features=found.features,
    )
