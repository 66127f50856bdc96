"""Principal coordinates: distances as a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats._arrays import Floats, distances, gower

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Ordination:
    """Coordinates of samples on the first principal axes."""

    coordinates: Floats  # (n, axes), in units of the distance
    share: Floats  # (axes,) eigenvalue / sum of the positive eigenvalues

    def table(self) -> pd.DataFrame:
        """Return one row per sample and one column per axis, ``axis 1 (31 %)`` when it holds that share."""
        import pandas as pd

        names = [f"axis {number} ({100 * share:.0f} %)" for number, share in enumerate(self.share, 1)]
        return pd.DataFrame(self.coordinates, columns=names)


def pcoa(distance: ArrayLike, axes: int = 2) -> Ordination:
    """Principal coordinates of distances (n, n) on the first ``axes`` axes.

    Eigenvectors of Gower's G = −½ C d² C, scaled by the root of their eigenvalue. ``share`` is the eigenvalue over
    the sum of the positive ones, as scikit-bio has it: distances that are not Euclidean have negative eigenvalues
    too, which no picture can show. An axis beyond the positive eigenvalues has coordinates and share 0. An axis has
    no sign of its own: it is turned so that its largest coordinate is positive.

    Raises
    ------
    StatisticsError
        Distances that are not square, symmetric and finite; fewer axes than 1.

    References
    ----------
    Gower (1966) Biometrika 53:325–338. R: ``stats::cmdscale``.

    Examples
    --------
    >>> import numpy as np
    >>> at = np.array([0.0, 1.0, 5.0])
    >>> result = pcoa(np.abs(at[:, None] - at))
    >>> result.coordinates[:, 0].round(6).tolist(), result.share.round(6).tolist()
    ([-2.0, -1.0, 3.0], [1.0, 0.0])
    """
    if axes < 1:
        raise StatisticsError("an ordination has at least one axis", found=axes)
    d = distances(distance)
    n = d.shape[0]
    coordinates, share = np.zeros((n, axes)), np.zeros(axes)
    scale = d.max(initial=0.0)
    if scale == 0:
        return Ordination(coordinates, share)
    values, vectors = np.linalg.eigh(gower(d / scale))
    values, vectors = values[::-1], vectors[:, ::-1]
    # The centring axis has eigenvalue 0 up to rounding, of either sign.
    positive = np.flatnonzero(values > 1e-12 * values[0])
    shown = positive[:axes]
    placed = vectors[:, shown] * np.sqrt(values[shown]) * scale
    peak = placed[np.abs(placed).argmax(axis=0), np.arange(shown.size)]
    coordinates[:, : shown.size] = placed * np.where(peak < 0, -1.0, 1.0)
    share[: shown.size] = values[shown] / values[positive].sum()
    return Ordination(coordinates, share)
