"""Before onset, with progression, both, neither, or undetermined: classes by contrasts, their difference, a margin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commensal.errors import StatisticsError
from commensal.stats._arrays import Floats, Integers, with_gaps
from commensal.stats.hierarchical import hierarchical, refuse_level

if TYPE_CHECKING:
    import pandas as pd

Mask = NDArray[np.bool_]
Texts = NDArray[np.object_]
BEFORE, WITH, DIFFERENCE = range(3)
#: The classes; the last says that these data cannot tell.
CLASSES = ("before", "with", "both", "neither", "undetermined")


@dataclass(frozen=True, slots=True)
class CourseClasses:
    """The class of each feature (m,), and what it rests on.

    Attributes
    ----------
    name : (m,)
        One of :data:`CLASSES`.
    reason : (m,)
        What decided, in words.
    look : (m,)
        Which look (first axis of the input) the class was read from; −1 where none could be tested.
    omnibus_p, omnibus_q : (m,)
        p of the feature as a whole, Bonferroni over its looks, and its Benjamini–Hochberg q.
    selected : (m,)
        omnibus_q ≤ 1 − level: only these features' contrasts are tested.
    adjusted : (3, m)
        p of the contrasts of that look, corrected for the looks and the selection; NaN where not selected.
    """

    name: Texts
    reason: Texts
    look: Integers
    omnibus_p: Floats
    omnibus_q: Floats
    selected: Mask
    adjusted: Floats

    def __len__(self) -> int:
        """Return the number of features."""
        return len(self.name)

    def table(self) -> pd.DataFrame:
        """Return one row per feature: name, reason, look, omnibus_p, omnibus_q, selected and the adjusted p."""
        import pandas as pd

        columns = {key: getattr(self, key) for key in ("name", "reason", "look", "omnibus_p", "omnibus_q", "selected")}
        parts = {f"adjusted_{part}": self.adjusted[at] for at, part in enumerate(("before", "with", "difference"))}
        return pd.DataFrame(columns | parts)


def course_classes(
    omnibus: ArrayLike,
    p: ArrayLike,
    effect: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    margin: ArrayLike,
    *,
    family: str,
    level: float = 0.95,
) -> CourseClasses:
    """Class m features by their contrasts before onset, with progression, and the difference of the two.

    First the omnibus tests, by Benjamini–Hochberg at α = 1 − level over features; then, at α R / m for R of m selected
    (:func:`hierarchical`), the three contrasts of a selected feature. Any two of their null hypotheses imply the third
    and with it the omnibus null, so that a feature once selected has each at that level without further correction
    (closed testing). A feature with several looks (abundance and presence) is read from the look with the smallest
    omnibus p, and pays for the choice: its p are multiplied by its looks.

    - ``both``: before and with are rejected.
    - ``before``: before is rejected; so is the difference, which brings the contrast towards 0; with is not rejected,
      and its estimate is inside the margin. ``with``: the same, turned.
    - ``neither``: in every look that was tested both intervals lie inside the margin, whatever was rejected.
    - ``undetermined``: anything else. A phase that was not rejected is not thereby shown to be without a difference.

    Parameters
    ----------
    omnibus : (looks, m)
        p of the omnibus test of each look; NaN where there is none.
    p, effect, low, high : (looks, 3, m)
        Of the contrasts before, with, and with − before.
    margin : (looks,)
        A difference smaller than this does not matter, in the units of each look.
    family
        What the features are, in words.
    level
        1 − α; low and high are ends of intervals at this level.

    Raises
    ------
    StatisticsError
        Shapes that do not fit, a margin that is not above 0, a level outside (0, 1).

    References
    ----------
    Benjamini & Bogomolov (2014) J R Stat Soc B 76:297–318; Marcus, Peritz & Gabriel (1976) Biometrika 63:655–660.

    Examples
    --------
    A taxon that is lower before onset and back with progression, and one of which nothing is known:

    >>> p = [[[0.001, 0.3], [0.6, 0.4], [0.002, 0.8]]]
    >>> effect = [[[-2.0, 0.5], [-0.2, 0.6], [1.8, 0.1]]]
    >>> low, high = [[[-3.0, -1], [-0.9, -1], [1.0, -1]]], [[[-1.0, 2], [0.5, 2], [2.6, 1]]]
    >>> course_classes([[0.002, 0.5]], p, effect, low, high, [1.0], family="taxa").name.tolist()
    ['before', 'undetermined']
    """
    refuse_level(level)
    whole, margins = with_gaps(omnibus, "omnibus", dimensions=2), with_gaps(margin, "margin", dimensions=1)
    given = {"p": p, "effect": effect, "low": low, "high": high}
    parts, estimate, bottom, top = (with_gaps(one, name, dimensions=3) for name, one in given.items())
    m = whole.shape[1]
    _refuse(whole, (parts, estimate, bottom, top), margins)
    tested = np.isfinite(whole)
    count = tested.sum(axis=0)
    filled = np.where(tested, whole, np.inf)
    look = np.where(count > 0, filled.argmin(axis=0), -1)
    least = np.where(count > 0, filled.min(axis=0), 1.0)
    joint = np.where(count > 0, np.minimum(count * least, 1.0), np.nan)
    at = np.maximum(look, 0), np.arange(m)
    own_p = np.minimum(parts[at[0], :, at[1]].T * count, 1.0)
    own_p[:, count == 0] = np.nan
    adjusted = np.full((3, m), np.nan)
    omnibus_q, selected = np.full(m, np.nan), np.zeros(m, bool)
    if m:
        for one in range(3):
            tree = hierarchical(own_p[one], np.arange(m), family=family, omnibus=joint, level=1 - level)
            adjusted[one] = tree.adjusted
        omnibus_q, selected = tree.omnibus_q, tree.selected
    inside = (bottom > -margins[:, None, None]) & (top < margins[:, None, None])
    read = _Read(
        estimate[at[0], :, at[1]].T, np.asarray(margins[at[0]]), inside[at[0], :, at[1]].T, adjusted, 1 - level
    )
    nothing = (count > 0) & np.where(tested, inside[:, BEFORE] & inside[:, WITH], True).all(axis=0)
    name, reason = _named(read, nothing, selected, count > 0)
    return CourseClasses(name, reason, look.astype(np.int64), joint, omnibus_q, selected, adjusted)


@dataclass(frozen=True, slots=True)
class _Read:
    """The look that each feature is read from: effect, inside, adjusted (3, m), margin (m,), α."""

    effect: Floats
    margin: Floats
    inside: Mask
    adjusted: Floats
    alpha: float

    def holds(self, at: int) -> Mask:
        return np.asarray((self.adjusted[at] <= self.alpha) & ~self.inside[at])

    def only(self, at: int, other: int) -> Mask:
        """Say where one contrast holds, the other is shown to be nearer 0, and its estimate is inside the margin."""
        change = self.adjusted[DIFFERENCE] <= self.alpha
        nearer = np.abs(self.effect[other]) < np.abs(self.effect[at])
        quiet = ~(self.adjusted[other] <= self.alpha) & np.isfinite(self.adjusted[other])
        small = np.abs(self.effect[other]) < self.margin
        return np.asarray(self.holds(at) & change & nearer & quiet & small)


def _refuse(whole: Floats, cubes: tuple[Floats, ...], margins: Floats) -> None:
    if not len(whole) or any(cube.shape != (whole.shape[0], 3, whole.shape[1]) for cube in cubes):
        raise StatisticsError(
            "the contrasts do not fit the omnibus tests",
            found=f"{whole.shape} and {', '.join(str(cube.shape) for cube in cubes)}",
            expected="(looks, m) and (looks, 3, m)",
        )
    if margins.shape != (len(whole),) or not (margins > 0).all():
        raise StatisticsError(
            "a margin above 0 for each look", found=margins.tolist(), expected=f"{len(whole)} of them"
        )


def _named(read: _Read, nothing: Mask, selected: Mask, tested: Mask) -> tuple[Texts, Texts]:
    m = len(nothing)
    name, reason = np.full(m, "undetermined", object), np.full(m, "", object)
    before, after = read.holds(BEFORE), read.holds(WITH)
    both = before & after
    turned = both & (np.sign(read.effect[BEFORE]) != np.sign(read.effect[WITH]))
    changed = read.adjusted[DIFFERENCE] <= read.alpha
    told = [
        (~tested, "undetermined", "no contrast could be tested"),
        (tested & ~selected, "undetermined", "not shown to differ at any time, nor shown not to"),
        (selected, "undetermined", "differs, but its contrasts do not say when"),
        (selected & before & ~after, "undetermined", "differs before onset; whether also with progression is open"),
        (selected & after & ~before, "undetermined", "differs with progression; whether also before onset is open"),
        (both, "both", "differs before onset and with progression"),
        (both & changed, "both", "differs before onset and with progression, not equally"),
        (turned, "both", "differs before onset and with progression, in opposite directions"),
        (read.only(BEFORE, WITH), "before", "differs before onset, and less with progression"),
        (read.only(WITH, BEFORE), "with", "differs with progression, and less before onset"),
        (nothing, "neither", "both intervals lie inside the margin"),
    ]
    for where, word, text in told:
        name[where], reason[where] = word, text
    return name, reason
