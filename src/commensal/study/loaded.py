"""A study with its tables read: samples joined and recoded, assays matched to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.study.declared import Assay, Study
from commensal.study.genomes import Genome
from commensal.study.prepared import Preparation
from commensal.study.stored import StoredValues


@dataclass(frozen=True, slots=True)
class Dropped:
    """Something that was left out, and why. Nothing is left out without one of these."""

    what: Literal["sample", "feature", "subject", "row"]
    where: str  #: ``assay taxa``, ``contrast ibd × assay serum``
    name: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class AssayTable:
    """One assay as read: rows are samples (ids exactly as in the file), columns are features."""

    assay: Assay
    samples: tuple[str, ...]  #: n ids, unique, in the file's order
    features: pd.DataFrame  #: m rows, index = unique feature ids; column ``label`` first, annotations after
    values: NDArray[np.float64]  #: (n, m); NaN where the file has no value
    tree: str | None = None  #: Newick text, tips are feature ids
    dropped: tuple[Dropped, ...] = ()  #: features excluded by the study file, columns ignored by the reader
    quality: pd.DataFrame | None = None  #: reads that count for no feature, by reason; index = sample
    limits: NDArray[np.float64] | None = None  #: (n, m) limits of detection, in the table's units; NaN: none
    stored: StoredValues | None = None  #: of a table larger than memory: all of it; the fields above are an excerpt

    @property
    def name(self) -> str:
        """The assay's name in the study file."""
        return self.assay.name


@dataclass(frozen=True, slots=True)
class Match:
    """How the ids of one assay meet those of the samples table. Exact matching only."""

    assay: str
    matched: tuple[str, ...]  #: in both, in the order of the samples table
    samples_without_data: tuple[str, ...]  #: in the samples table (right specimen), not in the assay
    data_without_samples: tuple[str, ...]  #: in the assay, not in the samples table


@dataclass(frozen=True, slots=True)
class GeneSet:
    """One set of genes from a file of the user's."""

    name: str
    label: str  #: description, as the file has it
    members: tuple[str, ...]  #: gene ids or symbols, as the file has them


@dataclass(frozen=True, slots=True, eq=False)
class LoadedStudy:
    """The declared study together with its data."""

    declared: Study
    samples: pd.DataFrame
    """One row per specimen; index = sample id. Always has ``subject``, ``specimen`` and ``role``; then every
    variable under its declared name, recoded: categories are pandas strings (missing = ``<NA>``), numbers float64,
    booleans pandas boolean. A variable with ``nested_in`` holds its full identity, for example ``abx / 1``."""
    assays: Mapping[str, AssayTable]
    matches: Mapping[str, Match]
    subjects: pd.DataFrame  #: one row per subject: the columns that are constant per subject
    phenotypes: pd.DataFrame | None = None
    events: pd.DataFrame | None = None
    raw: Mapping[str, pd.Series] = field(default_factory=dict)
    """The labels of each ``nested_in`` variable as the file has them (index = sample id), for the linter."""
    unused_subjects: tuple[str, ...] = ()  #: rows of the subjects table without any sample
    unlisted_subjects: tuple[str, ...] = ()  #: subjects with samples that the subjects table does not list
    dropped: tuple[Dropped, ...] = ()
    sets: Mapping[str, tuple[GeneSet, ...]] = field(default_factory=dict)  #: file → its gene sets
    genomes: Mapping[str, Genome] = field(default_factory=dict)
    culture: pd.DataFrame | None = None  #: supernatants and media, one row per measurement
    preparation: Mapping[str, Preparation] = field(default_factory=dict)  #: assay → how its table was prepared


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """The samples of one contrast × assay, in the order of the samples table."""

    contrast: str
    assay: str
    samples: tuple[str, ...]  #: n ids that have data and lie on one side
    case: NDArray[np.bool_]  #: (n,) True on the case side
    dropped: tuple[Dropped, ...] = ()  #: samples with data left out: by role, ``where``, missing label, other level


@dataclass(frozen=True, slots=True, eq=False)
class Covariates:
    """Columns of a model matrix for some samples, without the intercept."""

    matrix: NDArray[np.float64]  #: (n, k); indicators of categories, centred numbers; NaN where missing
    columns: tuple[str, ...]  #: k names, for example ``age`` and ``sex=F``
    complete: NDArray[np.bool_]  #: (n,) True where no covariate is missing
    missing: Mapping[str, tuple[str, ...]]  #: covariate → the samples where it is missing
    constant: tuple[str, ...] = ()  #: covariates left out: they do not vary among the complete samples
    notes: tuple[str, ...] = ()  #: what a reader must know, for example a reference level that is not among these


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """The random-intercept units of some samples, outermost first."""

    names: tuple[str, ...]  #: declared columns, then ``subject`` where a subject has several of these samples
    labels: tuple[NDArray[np.object_], ...]  #: one (n,) array of str each: full identity; ``""`` where missing
    missing: tuple[str, ...]  #: samples without a label in at least one of the blocks
