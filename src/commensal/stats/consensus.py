"""Several methods on one table, side by side: where they agree, and where and why they do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats._asked import Table
from commensal.stats.differential_abundance import differential
from commensal.stats.differential_fit import ABUNDANCE, JOINT, PREVALENCE, DifferentialFit, FeatureTests
from commensal.stats.fits import Array, Counts, Texts
from commensal.stats.linda import ancom_bc2, linda, moderated_logs
from commensal.stats.wilcoxon import wilcoxon_blocks

if TYPE_CHECKING:
    import pandas as pd

#: What `consensus` can run.
METHODS = ("default", "linda", "moderated logs", "wilcoxon", "ancom-bc2")


@dataclass(frozen=True, slots=True)
class ConsensusFit:
    """What several methods say of m features.

    Attributes
    ----------
    features : (m,)
        Names.
    methods : (k,)
        Names of the methods.
    direction : (k, m)
        1 higher in cases, −1 lower, 0 not told.
    p, q : (k, m)
        Of each method, q within its own family.
    effect : (k, m)
        In the unit of each method: log2 fold change, but `wilcoxon`'s chance less ½; the default's is its abundance
        effect.
    found : (m,)
        Methods with q below `level`, whichever way.
    agree : (m,)
        Of all methods that tell a direction, how many tell the commoner one.
    largest_q : (m,)
        Largest q among the methods that give one: below it all of them, and no fewer, find the feature.
    spread : (m,)
        Largest less smallest log2 fold change.
    why : (m,)
        ``all``, ``none``, or what sets methods apart.
    level : float
        The q of `found`.
    default : DifferentialFit
        The default's own answer, part by part.
    """

    features: tuple[object, ...]
    methods: tuple[str, ...]
    direction: Counts
    p: Array
    q: Array
    effect: Array
    found: Counts
    agree: Counts
    largest_q: Array
    spread: Array
    why: Texts
    level: float
    default: DifferentialFit

    def __len__(self) -> int:
        """Return the number of features."""
        return len(self.features)

    def table(self) -> pd.DataFrame:
        """Return a DataFrame with one row per feature: the agreement, then effect, p and q of every method."""
        import pandas as pd

        columns: dict[str, object] = {"feature": list(self.features), "found": self.found, "methods": len(self.methods)}
        columns |= {"agree": self.agree, "largest_q": self.largest_q, "spread": self.spread, "why": self.why}
        for k, name in enumerate(self.methods):
            columns |= {f"{name}: {field}": getattr(self, field)[k] for field in ("direction", "effect", "p", "q")}
        return pd.DataFrame(columns)


def consensus(
    counts: Table,
    label: ArrayLike,
    *,
    methods: Sequence[str] = ("default", "linda", "moderated logs", "wilcoxon"),
    reference: object = None,
    block: ArrayLike | None = None,
    covariates: Table | None = None,
    level: float = 0.05,
) -> ConsensusFit:
    """Run several methods on counts (n, m) and report feature by feature where they agree. It is no vote.

    Methods share their data, and so their errors: that four agree is not four times the evidence, and no p comes of
    it. What is reported is in how many the feature passes, whether directions agree, how far effects lie apart, and
    what explains a disagreement: the frame (a shift common to all taxa, which `moderated logs` and `wilcoxon` keep),
    presence (a change in zeros, which abundance where present does not see), a covariate (which `wilcoxon` leaves out),
    or a q near the line.

    Parameters
    ----------
    counts, label, reference, block, covariates
        As in :func:`differential`.
    methods
        Of ``default`` (always run), ``linda``, ``moderated logs``, ``wilcoxon`` and ``ancom-bc2`` (no block).
    level
        q below which a method finds a feature.

    Returns
    -------
    ConsensusFit, m features

    Raises
    ------
    StatisticsError
        An unknown method, ``ancom-bc2`` with a block, a level outside 0 and 1, and as :func:`differential`.

    Examples
    --------
    >>> import numpy as np
    >>> counts = np.random.default_rng(1).poisson(50, (20, 30)) * np.r_[[1] * 10, [4] * 10][:, None] ** np.eye(30)[0]
    >>> fit = consensus(counts, [0] * 10 + [1] * 10)
    >>> int(fit.found[0]), int(fit.agree[0]), fit.why[0]
    (4, 4, 'all')
    """
    chosen = tuple(dict.fromkeys(["default", *methods]))
    unknown = [name for name in chosen if name not in METHODS]
    if unknown:
        raise StatisticsError("no such method", found=unknown, expected=", ".join(METHODS))
    if "ancom-bc2" in chosen and block is not None:
        raise StatisticsError(
            "scikit-bio's ANCOM-BC2 has no random effects",
            found="a block",
            mend="leave ancom-bc2 out: ignoring blocks makes false discoveries",
        )
    if not 0 < level < 1:
        raise StatisticsError("a level lies between 0 and 1", found=level, expected="such as 0.05")
    default = differential(counts, label, reference=reference, block=block, covariates=covariates)
    runs = {
        "linda": lambda: linda(counts, label, reference=reference, block=block, covariates=covariates),
        "moderated logs": lambda: moderated_logs(
            counts, label, reference=reference, block=block, covariates=covariates
        ),
        "wilcoxon": lambda: wilcoxon_blocks(counts, label, reference=reference, block=block),
        "ancom-bc2": lambda: ancom_bc2(counts, label, reference=reference, covariates=covariates),
    }
    tests = [default.test(JOINT)] + [runs[name]() for name in chosen[1:]]
    direction = np.stack([np.where(np.isfinite(test.p), test.direction, 0) for test in tests]).astype(np.int64)
    q = np.stack([test.q for test in tests])
    effect = np.stack([default.test(ABUNDANCE).effect, *(test.effect for test in tests[1:])])
    logs = np.array([name != "wilcoxon" for name in chosen])
    known = np.where(np.isfinite(effect[logs]), effect[logs], np.nan)
    some = np.isfinite(known).any(axis=0)
    spread = np.full(effect.shape[1], np.nan)
    spread[some] = np.nanmax(known[:, some], axis=0) - np.nanmin(known[:, some], axis=0)
    hits = np.nan_to_num(q, nan=1.0) < level
    return ConsensusFit(
        features=default.features,
        methods=chosen,
        direction=direction,
        p=np.stack([test.p for test in tests]),
        q=q,
        effect=effect,
        found=hits.sum(axis=0),
        agree=np.maximum((direction > 0).sum(axis=0), (direction < 0).sum(axis=0)),
        largest_q=np.where(np.isfinite(q).any(axis=0), np.max(np.nan_to_num(q, nan=-1.0), axis=0), np.nan),
        spread=spread,
        why=_why(default, tests, chosen, hits, covariates is not None, level),
        level=level,
        default=default,
    )


def _why(
    default: DifferentialFit,
    tests: list[FeatureTests],
    chosen: tuple[str, ...],
    hits: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
    adjusted: bool,
    level: float,
) -> Texts:
    """Say for each feature what sets the methods apart; the first reason that fits, and never more than is seen."""
    m = hits.shape[1]
    why = np.full(m, "", object)
    abundance, presence = default.test(ABUNDANCE), default.test(PREVALENCE)
    frame = abs(default.frames[0][1].effect) if default.frames else 0.0
    framed = np.array([name in ("default", "linda", "ancom-bc2") for name in chosen])
    for j in range(m):
        tested = np.array([np.isfinite(test.p[j]) for test in tests])
        inside = hits[tested, j]
        if not tested.any():
            why[j] = f"not tested: {tests[0].status[j]}"
        elif not inside.any():
            why[j] = "none"
        elif inside.all():
            opposed = len({int(test.direction[j]) for test in tests if test.direction[j]}) > 1
            why[j] = "all, in different directions" if opposed else "all"
        elif framed.any() and not framed.all() and _apart(hits[:, j], framed, tested) and frame > abundance.se[j]:
            why[j] = f"frame: the median coefficient is {default.frames[0][1].effect:+.2f} log2"
        elif hits[0, j] and presence.q[j] < level and not abundance.q[j] < level:
            why[j] = "presence differs, abundance where present does not"
        elif hits[0, j] and abundance.q[j] < level and not presence.q[j] < level:
            why[j] = "abundance where present differs, presence does not"
        elif adjusted and "wilcoxon" in chosen and hits[chosen.index("wilcoxon"), j] and hits[:, j].sum() == 1:
            why[j] = "covariates: wilcoxon leaves them out"
        else:
            least = min(float(test.q[j]) for test, told in zip(tests, tested, strict=True) if told)
            why[j] = f"power: q from {least:.2g} up"
    return why


def _apart(
    hits: np.ndarray[tuple[int], np.dtype[np.bool_]],
    framed: np.ndarray[tuple[int], np.dtype[np.bool_]],
    tested: np.ndarray[tuple[int], np.dtype[np.bool_]],
) -> bool:
    """Whether the methods with a frame say one thing and those without another."""
    one, two = hits[framed & tested], hits[~framed & tested]
    return bool(one.size and two.size and (one.all() or not one.any()) and (two.all() or not two.any()))
