"""A study with its tables read: samples joined and recoded, assays matched to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.errors import UsageError, nearest
from commensal.study import showing
from commensal.study.declared import Assay, Question, Study
from commensal.study.genomes import Genome
from commensal.study.prepared import Preparation
from commensal.study.stored import StoredValues

if TYPE_CHECKING:
    from anndata import AnnData


@dataclass(frozen=True, slots=True)
class Dropped:
    """Something that was left out, and why. Nothing is left out without one of these."""

    #: ``row`` may be of somebody, as a line or a column of a table is; ``part`` is of features, and never is.
    what: Literal["sample", "feature", "subject", "row", "part"]
    where: str  #: ``assay taxa``, ``contrast ibd × assay serum``
    name: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class AssayTable:
    """One assay as read: rows are samples (ids exactly as in the file), columns are features.

    In a notebook its ``values``, ``features`` and ``metadata`` are NumPy's and pandas' own; `to_frame` and `to_anndata`
    put them together.
    """

    assay: Assay
    samples: tuple[str, ...]  #: n ids, unique, in the file's order
    features: pd.DataFrame  #: m rows, index = unique feature ids; column ``label`` first, annotations after
    values: NDArray[np.float64]  #: (n, m); NaN where the file has no value
    tree: str | None = None  #: Newick text, tips are feature ids
    dropped: tuple[Dropped, ...] = ()  #: features excluded by the study file, columns ignored by the reader
    quality: pd.DataFrame | None = None  #: reads that count for no feature, by reason; index = sample
    limits: NDArray[np.float64] | None = None  #: (n, m) limits of detection, in the table's units; NaN: none
    stored: StoredValues | None = None  #: of a table larger than memory: all of it; the fields above are an excerpt
    metadata: pd.DataFrame | None = None
    """Rows of the study's samples that are in this table, in its order (`commensal.read_study` adds them); samples of
    the file that the samples table does not have are not among them."""

    @property
    def name(self) -> str:
        """The assay's name in the study file."""
        return self.assay.name

    def to_frame(self) -> pd.DataFrame:
        """Return the values (n, m) as a frame: index = sample ids, columns = feature ids."""
        return pd.DataFrame(self.values, index=pd.Index(self.samples, name="sample"), columns=self.features.index)

    def to_anndata(self) -> AnnData:
        """Return the table as AnnData, with the samples that the samples table has.

        Returns
        -------
        anndata.AnnData
            ``X`` (n samples, m features) in the units of the table (``uns["value"]``, ``uns["unit"]``; NaN where there
            is no value), ``obs`` the metadata, ``var`` the features' annotations, ``layers["limits"]`` the limits of
            detection and ``uns["tree"]`` the tree where there are any.

        Raises
        ------
        UsageError
            The table was not read by `commensal.read_study`, so that nothing is known of its samples.
        """
        from commensal.study.scverse import as_anndata

        if self.metadata is None:
            raise UsageError(
                f"nothing is known of the samples of {self.name!r}",
                expected="a table of a study that commensal.read_study read",
                mend="take it from commensal.read_study(...).assays",
            )
        return as_anndata(self, self.metadata)

    def __repr__(self) -> str:
        return showing.assay_text(self)

    def _repr_html_(self) -> str:
        return showing.assay_html(self)


class Assays(dict[str, AssayTable]):
    """The assays of a study by name; a name that is not one of them is answered with those that are."""

    def __missing__(self, name: str) -> AssayTable:
        known = list(self)
        raise KeyError(f"no assay {name!r}; nearest: {nearest(name, known) or 'none'}; the study has {known}")

    def __repr__(self) -> str:
        return "\n".join(map(repr, self.values()))


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


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LoadedStudy:
    """The declared study together with its data: what `commensal.read_study` returns."""

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
    root: Path | None = None  #: the folder that the files were read from, where `commensal.read_study` read them
    as_read: str = ""  #: hash of all tables as they were read, so that `commensal.run` sees what was changed since

    @property
    def questions(self) -> Mapping[str, Question]:
        """The declared questions, by name."""
        return self.declared.questions

    def __repr__(self) -> str:
        return showing.study_text(self)

    def _repr_html_(self) -> str:
        return showing.study_html(self)


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
