"""The declared study: what a study file says, as frozen data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from commensal.study.genomes import Genomes
from commensal.study.planned import Planned
from commensal.study.prepare import Prepare
from commensal.study.reporting import Reporting

AssayKind = Literal["taxa", "genes", "pathways", "metabolites", "transcripts", "reads"]
Value = Literal["counts", "relative", "absolute", "intensity", "concentration", "log2", "log10", "ln"]
QuestionKind = Literal["depletion", "course", "screen", "mediators", "rescue", "host", "cohort"]

ASSAY_KINDS: tuple[str, ...] = ("taxa", "genes", "pathways", "metabolites", "transcripts", "reads")
VALUES: tuple[str, ...] = ("counts", "relative", "absolute", "intensity", "concentration", "log2", "log10", "ln")
QUESTION_KINDS: tuple[str, ...] = ("depletion", "course", "screen", "mediators", "rescue", "host", "cohort")
#: What identifies a molecule, and how surely it was identified.
IDENTITY: tuple[str, ...] = (
    "name", "hmdb", "kegg", "chebi", "pubchem", "inchikey", "refmet", "lipidmaps", "level",
)  # fmt: skip
ROLES: tuple[str, ...] = ("sample", "blank", "mock", "qc", "replicate")
TABLES: tuple[str, ...] = ("samples", "subjects", "phenotypes", "events")
#: What separates families for q; columns of Estimates.
FAMILY_PARTS: tuple[str, ...] = (
    "question",
    "contrast",
    "cohort",
    "specimen",
    "assay",
    "measure",
    "model",
    "term",
    "time",
)
#: Cells of a metadata table that mean "no value" when its ``missing`` is not declared; the empty cell always does.
DEFAULT_MISSING: tuple[str, ...] = ("NA", "NaN", "nan", "N/A", "null", "None")


@dataclass(frozen=True, slots=True)
class Design:
    """What a reviewer asks. None: not said (a finding); ``"unknown"`` is an answer."""

    randomised: str | None = None
    blinded: tuple[str, ...] | None = None
    exclusions: str | None = None
    primary: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """One declared table of people, animals or specimens. ``columns`` maps our name to the file's."""

    name: str  #: samples, subjects, phenotypes or events
    files: tuple[str, ...]  #: several files are stacked; they must have the same columns
    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = DEFAULT_MISSING
    format: str | None = None
    cohort: str | None = None  #: the study that its rows are of, where several are joined: becomes a column
    time_unit: Literal["hour", "day", "week", "month", "year"] | None = None  #: of its times, if not the study's
    parts: tuple[Table, ...] = ()  #: where the section is a list: its tables, each with columns of its own


@dataclass(frozen=True, slots=True)
class Variable:
    """One column of the joined samples: its type, recoding, reference and nesting."""

    name: str
    type: Literal["category", "number", "boolean", "text"] | None = None
    map: Mapping[str, str] = field(default_factory=dict)
    reference: str | None = None
    levels: tuple[str, ...] = ()
    nested_in: tuple[str, ...] = ()
    unit: str | None = None
    missing: tuple[str, ...] = ()  #: besides those of its table


@dataclass(frozen=True, slots=True)
class Event:
    """An event of subjects: the rule that ends it, what competes with it, and where it is read."""

    name: str
    rule: str | None = None  #: the end-point rule in words
    competing: tuple[str, ...] = ()  #: events after which this one can no longer happen
    column: str | None = None  #: a boolean column of the samples: the event lies before the first time it is true
    better: Literal["later", "earlier"] = "later"
    margin: float | None = None  #: a difference in mean time without the event smaller than this does not matter
    expected: float | None = None  #: for a plan: the time by which half of the controls will have had it


@dataclass(frozen=True, slots=True)
class Onset:
    """When disease begins: for all (``at``), by an event, or in a column (or two: earliest, latest)."""

    at: float | None = None
    event: str | None = None
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Features:
    """Where the annotation of features is: a file beside the table, or columns inside it."""

    file: str | None = None
    id: str | None = None  #: column of the file (or of the table) that holds the feature's id
    label: str | None = None
    columns: tuple[str, ...] = ()  #: annotation columns inside the table


@dataclass(frozen=True, slots=True)
class Assay:
    """One declared table of measurements."""

    name: str
    kind: AssayKind
    file: str | None = None
    value: Value | None = None
    specimen: str | None = None
    unit: str | None = None
    features: Features = field(default_factory=Features)
    identity: Mapping[str, str] = field(default_factory=dict)  #: what identifies a molecule → column of the features
    zero: Literal["below_detection", "value"] = "value"
    exclude: tuple[str, ...] = ()  #: features left out, by id or label, ``*`` as wildcard
    missing: tuple[str, ...] = ()
    format: str | None = None
    orientation: Literal["samples_in_rows", "samples_in_columns"] | None = None
    tree: str | None = None
    files: str | None = None
    reference: str | None = None
    mode: Literal["fast", "mapping"] | None = None  #: how reads are profiled; None is fast
    position: str | None = None  #: column of the samples with the well on the plate, such as ``B7``
    plate: str | None = None  #: column of the samples with the plate
    dna: str | None = None  #: column of the samples with the concentration of DNA before sequencing
    strandedness: Literal["unstranded", "forward", "reverse"] | None = None  #: which column of STAR's counts
    tx2gene: str | None = None  #: table of transcripts and their genes, for salmon and kallisto
    sheet: str | None = None  #: the sheet of a workbook, or the table of a file that holds several
    prepare: Prepare | None = None  #: drift, batches, dilution, standards, limits of detection
    expected: int | None = None  #: for a plan: how many features the table will have


@dataclass(frozen=True, slots=True)
class Load:
    """Absolute microbial load of a specimen, from a column of the samples."""

    specimen: str
    kind: Literal["qpcr", "cells", "spike_in"]
    column: str


@dataclass(frozen=True, slots=True)
class Measure:
    """One outcome of animals or people."""

    name: str
    better: Literal["higher", "lower"]
    kind: Literal["latency", "score", "weight", "level", "count"] | None = None
    unit: str | None = None
    ceiling: float | None = None
    threshold: float | None = None  #: on the worse side of it an animal has crossed
    margin: float | None = None
    column: str | None = None
    scale: Literal["linear", "log10"] = "linear"  #: what is compared: the values, or their log10
    floor: float | None = None  #: on the scale log10, smaller values (zeros) count as this one: the limit of detection


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a ``where``: one of some levels, or a range (ends included)."""

    levels: tuple[str, ...] = ()
    min: float | None = None
    max: float | None = None


@dataclass(frozen=True, slots=True)
class Contrast:
    """Case against control in one column, among the samples where all conditions hold."""

    name: str
    column: str
    case: tuple[str, ...]
    control: tuple[str, ...]
    where: Mapping[str, Condition] = field(default_factory=dict)


class NoneAsked(tuple[str, ...]):
    """An empty list that says "none", where a list that is not there means "all": it is true, and holds nothing."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return "none asked"


@dataclass(frozen=True, slots=True)
class Question:
    """One question, its comparison, and how it is asked."""

    name: str
    kind: QuestionKind
    contrast: str
    assays: tuple[str, ...] = ()  #: empty: all; `NoneAsked`: none
    block: tuple[str, ...] = ()  #: random-intercept units, outermost first
    covariates: tuple[str, ...] = ()
    severity: Mapping[str, str] | None = None
    measures: tuple[str, ...] = ()  #: empty: all; `NoneAsked`: none
    events: tuple[str, ...] = ()  #: empty: all that are no other event's competitor; `NoneAsked`: none
    by: str | None = None  #: column of the subjects, such as genotype: everything per level, and the interaction
    strains: Mapping[str, str] = field(default_factory=dict)  #: arm → feature id of the strain given in it
    dose: str | None = None  #: column of the subjects with the dose given
    baseline: float | None = None  #: a measure's last value up to this time is its baseline
    concurrent: str | None = None  #: column of the subjects: arms are compared with controls of the same level only
    washout: str | None = None  #: column of the subjects with the time between depletion and what was given
    facility: str | None = None  #: column of the animal house, for a course seen in several
    margin: float | None = None  #: a difference smaller than this, in log2 units, does not matter
    sets: tuple[str, ...] = ()  #: GMT files of gene sets, besides those that ship
    reverses: str | None = None  #: the disease's own contrast, whose signature the treatment may move back
    gives: Mapping[str, str] = field(default_factory=dict)  #: of rescue: arm → molecule that was given in it
    chosen_by: tuple[str, ...] = ()  #: of screen: questions of the same animals by which the strains were chosen
    supplements: str | None = None  #: of mediators: the contrast of the arms that were given a strain
    genomes: Mapping[str, str] = field(default_factory=dict)  #: arm → genome of the strain given in it
    mutants: Mapping[str, str] = field(default_factory=dict)  #: arm of a mutant → the arm of its parent strain
    targeted: tuple[str, ...] = ()  #: molecules chosen beforehand, by name
    controls: Mapping[str, str] = field(default_factory=dict)  #: specimen → the contrast with its own controls
    producers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  #: ``taxa`` and ``molecules``: assays
    family: tuple[str, ...] = ("question", "contrast", "assay", "specimen", "term")
    min_prevalence: float = 0.05
    permutations: int = 9999
    level: float = 0.95
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Study:
    """A whole study as its file declares it; nothing has been read yet but the file itself."""

    path: Path
    name: str
    title: str = ""
    time_unit: str | None = None
    private: bool = False  #: every run is private, unless a command says otherwise
    design: Design = field(default_factory=Design)
    tables: Mapping[str, Table] = field(default_factory=dict)
    variables: Mapping[str, Variable] = field(default_factory=dict)
    events: Mapping[str, Event] = field(default_factory=dict)
    onset: Onset | None = None
    assays: Mapping[str, Assay] = field(default_factory=dict)
    load: Mapping[str, Load] = field(default_factory=dict)
    measures: Mapping[str, Measure] = field(default_factory=dict)
    contrasts: Mapping[str, Contrast] = field(default_factory=dict)
    questions: Mapping[str, Question] = field(default_factory=dict)
    genomes: Genomes | None = None
    reporting: Reporting = field(default_factory=Reporting)
    planned: Mapping[str, Planned] = field(default_factory=dict)  #: for a plan: who will be in the study
    reads: Mapping[str, Assay] = field(default_factory=dict)
    """Assays of kind reads as declared; ``assays`` has the tables that they become in their place."""
