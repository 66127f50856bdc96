"""Which null rates are too high, and which coverages are off: exact binomial tests at 1 %, Holm over all cells."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binom

from null.designs import Cell, Drawn

#: Level of the judgement.
JUDGE = 0.01
COVERED = 0.95


def measured(cell: Cell, drawn: Drawn) -> list[dict[str, object]]:
    """One row per nominal rate, and one for coverage where there are intervals."""
    known = drawn.p[np.isfinite(drawn.p)]
    base = {"estimator": cell.estimator, "layout": cell.layout, "n": cell.n, "values": cell.values}
    base |= {"no_p": 1 - known.size / drawn.p.size, "instead": cell.instead}
    rows = []
    for nominal in cell.nominal:
        hits = int((known <= nominal * (1 + 1e-9)).sum())
        rows.append({**base, "what": "p", "nominal": nominal, "studies": known.size, "hits": hits})
    if drawn.holds is not None and np.isfinite(drawn.holds).any():
        holds = drawn.holds[np.isfinite(drawn.holds)]
        rows.append({**base, "what": "coverage", "nominal": COVERED, "studies": holds.size, "hits": int(holds.sum())})
    return rows


def judged(rows: list[dict[str, object]]) -> pd.DataFrame:
    """Add rate, its standard error, the p of its being worse than nominal, and whether it is rejected.

    A rate of p is worse when it is higher. Coverage is judged on both sides: ``low`` intervals are too short and
    mislead; ``high`` ones are wider than they need be, as a p below its rate is.
    """
    table = pd.DataFrame(rows)
    n, k, nominal = (table[name].to_numpy(float) for name in ("studies", "hits", "nominal"))
    p = table["what"].to_numpy() == "p"
    with np.errstate(invalid="ignore", divide="ignore"):
        table["rate"] = k / n
        table["se"] = np.sqrt(nominal * (1 - nominal) / n)
    table["p_worse"] = np.where(n == 0, 1.0, np.where(p, binom.sf(k - 1, n, nominal), binom.cdf(k, n, nominal)))
    table["rejected"] = holm(table["p_worse"].to_numpy()) < JUDGE
    wide = np.where(p | (n == 0), 1.0, binom.sf(k - 1, n, nominal))
    table["wide"] = holm(wide) < JUDGE
    return table


def holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Holm's adjusted p."""
    order = np.argsort(p)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * (p.size - np.arange(p.size))), 1)
    return adjusted
