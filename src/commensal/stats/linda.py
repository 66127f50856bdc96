"""Other ways to compare every feature: log-ratios with a bias taken off, moderated logs, ANCOM-BC2."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats._asked import Asked, Table, asked
from commensal.stats._comparing import Comparing, Layout
from commensal.stats.differential_fit import BETWEEN, OVERALL, FeatureTests, family_q
from commensal.stats.fits import Array, Fit
from commensal.stats.reference_frame import ReferenceFrame, against
from commensal.stats.two_part import feature_tests

#: What is added to counts so that zeros have a logarithm.
PSEUDOCOUNT = 0.5
#: Grid steps and widths of the bias's density.
_GRID, _WIDTHS = 2001, 3.0


def linda(
    counts: Table,
    label: ArrayLike,
    *,
    reference: object = None,
    block: ArrayLike | None = None,
    covariates: Table | None = None,
    level: float = 0.95,
) -> FeatureTests:
    """Compare centred log-ratios of counts (n, m), the common bias of all coefficients taken off: as LinDA does.

    y = log2(count + ½) less its mean over the features of a sample; least squares, or with a block the mixed model;
    the bias is the mode of the m coefficients (:func:`mode`), which is that of features that do not change. A zero
    counts as half a read, whatever the depth: rare features follow depth, and a fall is read as a fall of logs.

    Parameters
    ----------
    counts, label, reference, block, covariates, level
        As in :func:`differential`.

    Returns
    -------
    FeatureTests, m features
        Model ``linda``, of the first term (``within`` where the label varies inside blocks); effects in log2 fold
        change.

    Raises
    ------
    StatisticsError
        As :func:`differential`.

    References
    ----------
    Zhou, He, Chen & Zhang (2022) Genome Biology 23:95. The mode is found by another estimator than theirs.

    Examples
    --------
    >>> import numpy as np
    >>> counts = np.random.default_rng(1).poisson(50, (20, 30)) * np.r_[[1] * 10, [4] * 10][:, None] ** np.eye(30)[0]
    >>> fit = linda(counts, [0] * 10 + [1] * 10)
    >>> int(fit.p.argmin()), float(fit.effect[0].round(0))
    (0, 2.0)
    """
    found = _asked_counts(counts, label, reference, block, covariates)
    logs = np.log2(np.nan_to_num(found.values) + PSEUDOCOUNT)
    term, fit, comparing = _first_fit(found, logs - logs.mean(axis=1, keepdims=True), level)
    known = np.isfinite(fit.p)
    if known.sum() > 1:
        fit = against(fit, ReferenceFrame(mode(fit.effect[known]), 0.0, int(known.sum())), level=level)
    return _told("linda", term, fit, comparing, found)


def moderated_logs(
    values: Table,
    label: ArrayLike,
    *,
    value: str = "counts",
    reference: object = None,
    block: ArrayLike | None = None,
    covariates: Table | None = None,
    level: float = 0.95,
) -> FeatureTests:
    """Compare logs of all samples (n, m) with moderated variances: as limma does.

    Counts: log2 of (count + ½) / (total + 1) in parts per million. Other values: log2, zeros as half the smallest
    value above 0 of the feature. Nothing is taken off for composition. With a block it is the mixed model, whose
    variances are not moderated (limma's one correlation for all features is another model).

    Parameters
    ----------
    values, label, value, reference, block, covariates, level
        As in :func:`differential`.

    Returns
    -------
    FeatureTests, m features
        Model ``moderated logs``, of the first term; effects in log2 fold change.

    Raises
    ------
    StatisticsError
        As :func:`differential`.

    References
    ----------
    Law et al. (2014) Genome Biology 15:R29, without the weights; Smyth (2004).

    Examples
    --------
    >>> import numpy as np
    >>> counts = np.random.default_rng(1).poisson(50, (8, 30)) * np.r_[[1] * 4, [4] * 4][:, None] ** np.eye(30)[0]
    >>> int(moderated_logs(counts, [0] * 4 + [1] * 4).p.argmin())
    0
    """
    found = asked(
        values, label, value=value, reference=reference, zero="absent", block=block, covariates=covariates, load=None
    )
    if value == "counts":
        held = np.nan_to_num(found.values)
        logs = np.log2((held + PSEUDOCOUNT) / (held.sum(axis=1, keepdims=True) + 1) * 1e6)
    else:
        least = np.nanmin(np.where(np.isfinite(found.log2), found.log2, np.inf), axis=0)
        logs = np.where(found.values == 0, least - 1, found.log2) if found.present is not None else found.log2
        logs = np.where(np.isinf(logs), np.nan, logs)
    term, fit, comparing = _first_fit(found, logs, level, moderate=True)
    return _told("moderated logs", term, fit, comparing, found)


def ancom_bc2(
    counts: Table, label: ArrayLike, *, reference: object = None, covariates: Table | None = None
) -> FeatureTests:
    """Compare counts (n, m) by ANCOM-BC2 as scikit-bio has it.

    Without a block: scikit-bio's has no random effects. In `make bench-truth` its false discoveries were far above the
    nominal rate (0.5 and more at q < 0.05); it is here because readers ask for it.

    Parameters
    ----------
    counts, label, reference, covariates
        As in :func:`differential`.

    Returns
    -------
    FeatureTests, m features
        Model ``ancom-bc2``; effects in log2 fold change. Features without an answer have status ``not_identified``.

    Raises
    ------
    StatisticsError
        As :func:`differential`.

    References
    ----------
    Lin & Peddada (2024) Nature Methods 21:83.

    Examples
    --------
    >>> import numpy as np
    >>> counts = np.random.default_rng(1).poisson(50, (20, 30)) * np.r_[[1] * 10, [4] * 10][:, None] ** np.eye(30)[0]
    >>> int(ancom_bc2(counts, [0] * 10 + [1] * 10).statistic.argmax())
    0
    """
    found = _asked_counts(counts, label, reference, None, covariates)
    return _scikit_bio(found, "ancombc2")


def _scikit_bio(found: Asked, name: str) -> FeatureTests:
    """Run one of scikit-bio's ANCOM-BC and put its answers of the label into their places."""
    import warnings

    import pandas as pd
    from skbio.stats import composition

    values = np.nan_to_num(found.values) + (0 if name == "ancombc2" else 1)
    names = [f"f{j}" for j in range(values.shape[1])]
    samples = [f"s{i}" for i in range(len(values))]
    columns = {"case": found.label} | {f"c{k}": column for k, column in enumerate(found.covariates.T)}
    metadata = pd.DataFrame(columns, index=samples)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        run = getattr(composition, name)
        answer = run(pd.DataFrame(values, samples, names), metadata, " + ".join(columns)).result
    rows = answer.xs("case", level=-1).reindex(names)
    log = next(column for column in rows.columns if column.startswith("Log"))
    effect = rows[log].to_numpy(float) / np.log(2)
    se = rows["SE"].to_numpy(float) / np.log(2)
    statistic = rows["W" if "W" in rows else "T"].to_numpy(float)
    p = rows["pvalue"].to_numpy(float)
    m = len(names)
    missing, none = np.full(m, np.nan), np.zeros(m, np.int64)
    tests = FeatureTests(
        model="ancom-bc2" if name == "ancombc2" else "ancom-bc",
        term=OVERALL,
        unit="log2 fold change",
        test="scikit-bio",
        effect=effect,
        se=se,
        df=missing,
        statistic=statistic,
        p=p,
        q=missing,
        low=missing,
        high=missing,
        status=np.where(np.isfinite(p), "ok", "not_identified").astype(object),
        note=np.full(m, "", object),
        n=np.full(m, len(values)),
        n_case=np.full(m, int(found.label.sum())),
        n_blocks=none,
        n_permutations=none,
        direction=np.sign(np.nan_to_num(effect)).astype(np.int64),
    )
    return replace(tests, q=family_q([tests], f"features, {tests.model}")[0])


def mode(values: Array) -> float:
    """Return the mode of numbers (m,): the highest point of their density under a normal kernel.

    The kernel's width is Silverman's, 0.9 min(sd, interquartile range / 1.34) m^(−1/5).

    Examples
    --------
    >>> mode(np.array([0.0, 0.1, -0.1, 0.05, 6.0])).__round__(1)
    0.0
    """
    spread = float(
        min(values.std(ddof=1), np.subtract(*np.quantile(values, [0.75, 0.25])) / 1.34) or values.std(ddof=1)
    )
    width = 0.9 * spread * len(values) ** -0.2
    if not width > 0:
        return float(np.median(values))
    low, high = values.min() - _WIDTHS * width, values.max() + _WIDTHS * width
    for _ in range(3):
        grid = np.linspace(low, high, _GRID)
        density = np.exp(-0.5 * ((grid[:, None] - values) / width) ** 2).sum(axis=1)
        at = int(density.argmax())
        low, high = grid[max(at - 1, 0)], grid[min(at + 1, _GRID - 1)]
    return float(grid[at])


def _asked_counts(
    counts: Table, label: ArrayLike, reference: object, block: ArrayLike | None, covariates: Table | None
) -> Asked:
    return asked(
        counts,
        label,
        value="counts",
        reference=reference,
        zero="absent",
        block=block,
        covariates=covariates,
        load=None,
    )


def _first_fit(found: Asked, logs: Array, level: float, *, moderate: bool = False) -> tuple[str, Fit, Comparing]:
    if not 0 < level < 1:
        raise StatisticsError("no such confidence level", found=level, expected="a number between 0 and 1, like 0.95")
    comparing = Comparing(found.label, found.block, found.covariates, level=level, moderate=moderate)
    term, fit = next(iter(comparing.fits(logs).items()))
    return term, fit, comparing


def _told(name: str, term: str, fit: Fit, comparing: Comparing, found: Asked) -> FeatureTests:
    m, n = found.values.shape[1], len(found.label)
    seen = np.ones((n, m), bool)
    layout = Layout(
        status=np.full(m, "", object),
        n=fit.n,
        n_case=np.full(m, int(found.label.sum())),
        n_blocks=comparing.blocks_seen(seen),
        n_both=comparing.blocks_with_both(seen),
    )
    note = "whole blocks" if term == BETWEEN else ""
    tests = feature_tests(comparing, name, term, fit, layout, "log2 fold change", note)
    nothing = np.nansum(found.values, axis=0) == 0 if found.present is not None else np.zeros(m, bool)
    status, p = tests.status.copy(), tests.p.copy()
    status[nothing], p[nothing] = "all_zero", np.nan
    tests = replace(tests, status=status, p=p)
    return replace(tests, q=family_q([tests], f"features, {name}, {term}")[0])
