"""What only shows when samples are laid side by side: leaks between samples, swaps, and what came with the reagents."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: A leak must bring at least this many species, all on one line.
FEWEST = 6
#: Half-width of this line, log10.
WIDTH = 0.15
#: Share of the source's species that should have come along which lie on the line.
ON_LINE = 0.6
#: A leak above this share is a mixture of two samples that this method does not tell from kinship.
MOST = 0.3
#: Two samples of unrelated subjects that overlap by this much look like one sample twice.
SAME = 0.85
#: A sample is nearer to another subject's than to its own subject's by at least this overlap.
APART = 0.2
#: Scores below this call a contaminant (the default of decontam).
THRESHOLD = 0.1


@dataclass(frozen=True, slots=True)
class Leak:
    """A sample that seems to hold a little of another one: ``rate`` is its share, ``species`` how many tell."""

    source: str
    target: str
    rate: float
    species: int
    neighbours: bool | None  #: on neighbouring wells of a plate; None where positions are not known


@dataclass(frozen=True, slots=True)
class Likeness:
    """Two samples alike, or a sample unlike those of its subject; overlaps are of genomes, 0–1."""

    sample: str
    other: str
    overlap: float
    own: float | None  #: largest overlap with a sample of its own subject; None where it is the only one


@dataclass(frozen=True, slots=True)
class Contaminant:
    """A species that came with the reagents: ``score`` near 0 says so, near 1 says it did not."""

    species: str
    method: str  #: ``prevalence`` or ``frequency``
    score: float
    blanks: int | None  #: blanks that hold it
    samples: int  #: samples that hold it


def leaks(
    shares: Array, samples: Sequence[str], subjects: Sequence[str], floors: Array, wells: Mapping[str, tuple[str, str]]
) -> list[Leak]:
    r"""Find samples of unrelated subjects that hold a small share of another one.

    If a share :math:`c` of sample :math:`t` came from :math:`s`, every species of :math:`s` is in :math:`t` with at
    least :math:`c\,s_j`, and those that :math:`t` had none of lie on the line :math:`\log t_j = \log s_j + \log c`
    (the idea of the contamination line: Goulet et al., CroCoDeEL, 2025). For each pair the lowest such line is looked
    for: of the species that :math:`c\,s_j` would bring above the target's detection floor at least
    `FEWEST` and a share `ON_LINE` must lie on it, and none below. It is a hint: a real leak of few species, or between
    alike samples, is not seen.

    Parameters
    ----------
    shares
        Relative abundance (n, m) of species.
    samples, subjects
        Names of the samples, and whose they are (n each); samples of one subject are not compared.
    floors
        Smallest share that could be seen in each sample (n,).
    wells
        Sample → its plate and well, where known.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> s = rng.lognormal(0, 2, 40); t = np.where(rng.random(40) < 0.3, rng.lognormal(0, 2, 40), 0)
    >>> s, t = s / s.sum(), t / t.sum()
    >>> leaks(np.stack([s, 0.97 * t + 0.03 * s]), ["s", "t"], ["1", "2"], np.array([1e-5, 1e-5]), {})[0].source
    's'
    """
    found = []
    for i, source in enumerate(samples):
        for k, target in enumerate(samples):
            if i == k or subjects[i] == subjects[k]:
                continue
            line = _line(shares[i], shares[k], float(floors[k]))
            if line is not None:
                found.append(Leak(source, target, *line, adjacent(wells.get(source), wells.get(target))))
    return sorted(found, key=lambda leak: (-leak.species, leak.source, leak.target))


def _line(source: Array, target: Array, floor: float) -> tuple[float, int] | None:
    both = (source > 0) & (target > 0)
    if both.sum() < FEWEST:
        return None
    there = np.log10(source[source > 0])
    here = np.where(target[source > 0] > 0, np.log10(np.maximum(target[source > 0], 1e-300)), -np.inf)
    ratio = here - there
    best: tuple[float, int] | None = None
    for rate in np.unique(ratio[np.isfinite(ratio)]):
        centre = rate + WIDTH
        if centre > np.log10(MOST):
            break
        # Near the floor a species may be missed though it leaked: only those clearly above it must be there.
        due = there + centre > np.log10(floor) + 0.5
        on = due & (np.abs(ratio - centre) <= WIDTH)
        below = due & (ratio < centre - WIDTH)
        if on.sum() >= FEWEST and on.sum() >= ON_LINE * due.sum() and not below.any():
            best = max(best or (0.0, 0), (float(10 ** np.median(ratio[on])), int(on.sum())), key=lambda one: one[1])
    return best


def adjacent(one: tuple[str, str] | None, other: tuple[str, str] | None) -> bool | None:
    """Say whether two wells touch, also by a corner; None where one is not known or unreadable.

    Examples
    --------
    >>> adjacent(("p1", "B7"), ("p1", "C08")), adjacent(("p1", "B7"), ("p2", "B7")), adjacent(None, ("p1", "A1"))
    (True, False, None)
    """
    if one is None or other is None:
        return None
    places = [re.fullmatch(r"\s*([A-Pa-p])\s*0*(\d{1,2})\s*", well) for _, well in (one, other)]
    if places[0] is None or places[1] is None:
        return None
    if one[0] != other[0]:
        return False
    rows, columns = zip(*((ord(place[1].upper()), int(place[2])) for place in places if place), strict=True)
    return bool(max(abs(rows[0] - rows[1]), abs(columns[0] - columns[1])) <= 1)


def overlaps(shares: Array) -> Array:
    r"""Overlap of samples (n, n): :math:`\sum_j \min(a_j, b_j)` of shares scaled to 1; genomes tell strains.

    Examples
    --------
    >>> overlaps(np.array([[0.2, 0.2], [0.4, 0.0]])).tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    total = shares.sum(axis=1, keepdims=True)
    scaled = shares / np.where(total > 0, total, 1.0)
    return np.array([np.minimum(scaled, row).sum(axis=1) for row in scaled])


def twins(shares: Array, samples: Sequence[str], subjects: Sequence[str]) -> list[Likeness]:
    """Find pairs of samples of different subjects that look like one sample twice; shares (n, m) are of genomes."""
    alike = overlaps(shares)
    return [
        Likeness(samples[i], samples[k], float(alike[i, k]), None)
        for i in range(len(samples))
        for k in range(i + 1, len(samples))
        if subjects[i] != subjects[k] and alike[i, k] >= SAME and shares[i].sum() > 0
    ]


def strays(shares: Array, samples: Sequence[str], subjects: Sequence[str]) -> list[Likeness]:
    """Find samples far nearer to another subject's sample than to any of their own subject's; shares (n, m)."""
    alike = overlaps(shares)
    np.fill_diagonal(alike, -1.0)
    whose = np.array(subjects, dtype=object)
    found = []
    for i, sample in enumerate(samples):
        own = (whose == whose[i]) & (np.arange(len(whose)) != i)
        if not own.any() or not (whose != whose[i]).any():
            continue
        other = int(np.argmax(np.where(whose == whose[i], -1.0, alike[i])))
        nearest = float(alike[i][own].max())
        if alike[i, other] - nearest >= APART:
            found.append(Likeness(sample, samples[other], float(alike[i, other]), nearest))
    return found


def by_prevalence(shares: Array, species: Sequence[str], blank: NDArray[np.bool_]) -> list[Contaminant]:
    """Score species by whether blanks hold them more often than samples do (Davis et al. 2018, prevalence).

    The score is the one-sided p of Fisher's exact test of presence × blank: exact where decontam's chi-square is not
    (few blanks are the rule). Shares (n, m); ``blank`` (n,).

    Examples
    --------
    >>> shares = np.zeros((12, 2)); shares[:, 0] = 1; shares[:2, 1] = 1
    >>> [round(one.score, 4) for one in by_prevalence(shares, ["a", "b"], np.arange(12) < 2)]
    [1.0, 0.0152]
    """
    from scipy.stats import hypergeom

    if not blank.any() or blank.all():
        return []
    there = shares > 0
    held, with_it = there[blank].sum(axis=0), there.sum(axis=0)
    score: Any = hypergeom.sf(held - 1, len(blank), with_it, int(blank.sum()))
    return [
        Contaminant(name, "prevalence", float(score[j]), int(held[j]), int(with_it[j] - held[j]))
        for j, name in enumerate(species)
        if with_it[j]
    ]


def by_frequency(shares: Array, species: Sequence[str], dna: Array) -> list[Contaminant]:
    r"""Score species by whether their share falls as the sample's DNA rises (Davis et al. 2018, frequency).

    A constant amount from the reagents is a share :math:`\propto 1/c` of :math:`c` DNA; a species of the sample has
    none of it. Of the samples that hold it, with :math:`SS_1` and :math:`SS_0` the squared residuals of
    :math:`\log f + \log c` and of :math:`\log f` about their means, the score is
    :math:`P(F_{k-1,k-1} \le SS_1 / SS_0)`. Shares (n, m), ``dna`` (n,) above 0 (others are left out).

    Examples
    --------
    >>> dna = np.array([1.0, 2, 4, 8, 16, 32])
    >>> shares = np.stack([0.1 / dna * [1, 1.1, 0.9, 1, 1.1, 0.9], [0.2, 0.21, 0.19, 0.22, 0.2, 0.2]], axis=1)
    >>> [round(one.score, 3) for one in by_frequency(shares, ["reagent", "gut"], dna)]
    [0.0, 1.0]
    """
    from scipy.stats import f

    usable = np.isfinite(dna) & (dna > 0)
    found = []
    for j, name in enumerate(species):
        here = usable & (shares[:, j] > 0)
        if here.sum() < 3:
            continue
        share, amount = np.log(shares[here, j]), np.log(dna[here])
        one, none = (float(np.sum((value - value.mean()) ** 2)) for value in (share + amount, share))
        if none == 0:
            continue
        k = int(here.sum()) - 1
        found.append(Contaminant(name, "frequency", float(f.cdf(one / none, k, k)), None, k + 1))
    return found


def shallow(quality: Mapping[str, Mapping[str, Any]], least: float = 0.001) -> dict[str, float]:
    """Return the samples in which species below a share above ``least`` cannot be seen, with this share."""
    floors = {sample: report.get("detection_floor") for sample, report in quality.items()}
    return {sample: float(floor) for sample, floor in floors.items() if floor is not None and floor > least}


def wide(taxa: pd.DataFrame, column: str, samples: Sequence[str]) -> tuple[Array, list[str]]:
    """Return relative abundances (samples, things of ``column``) of the tables ``taxa`` of several profiles."""
    known = taxa[taxa["genome"] != "(unknown)"] if len(taxa) else taxa
    if known.empty:
        return np.zeros((len(samples), 0)), []
    table = known.pivot_table(
        index="sample", columns=column, values="relative_abundance", aggfunc="sum", fill_value=0.0
    )
    table = table.reindex(list(samples), fill_value=0.0)
    return table.to_numpy(dtype=np.float64), [str(name) for name in table.columns]
