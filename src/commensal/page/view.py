"""What the page is given: the study, its estimates and points, and what is known of how they came to be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from commensal.page.words import missing, plural
from commensal.study import Contrast, Dropped, Match, Question, Study
from commensal.tables import Finding, checklist_rows, claims

#: The columns that name one group: everything estimated about one assay for one question.
GROUP = ("question", "contrast", "cohort", "specimen", "assay")
#: What the group of a question's measures and events is called: it has no assay.
OUTCOMES = "measures and events"
#: What the group of candidates over all tables is called, and how long the cases of a group's name may be.
CANDIDATES, MANY = "candidates", 60
#: Models whose rows describe and have no test.
UNTESTED = ("pcoa", "reference frame", "course", "expression model", "reads without a gene", "capability")
#: Models of people's molecules, genes and severity, which are told in sections of their own, not term by term.
PEOPLE = (
    "level",
    "level, log2",
    "severity",
    "severity, slope",
    "set, in any direction",
    "contribution",
    "producer",
    "producers, all pairs",
)


@dataclass(frozen=True, slots=True, eq=False)
class PageView:
    """Everything that a page draws and words. The page adds no number of its own.

    ``provenance`` may hold ``version``, ``started``, ``seconds``, ``command``, ``python``, ``packages`` (name →
    version), ``inputs`` (a list of ``{file, bytes, sha256}``) and ``seed``; what is absent is not shown.
    """

    study: Study
    estimates: pd.DataFrame
    points: pd.DataFrame
    findings: Sequence[Finding] = ()
    dropped: Sequence[Dropped] = ()
    matches: Mapping[str, Match] = field(default_factory=dict)
    provenance: Mapping[str, object] = field(default_factory=dict)
    claims: pd.DataFrame = field(default_factory=claims)
    checklists: pd.DataFrame = field(default_factory=checklist_rows)
    private: bool = False  #: points hold counts and means of groups, nothing of single people
    hidden: Sequence[str] = ()  #: kinds of points that nothing stands for


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """The estimates of one assay for one question, and the words for its two sides and its block."""

    key: tuple[str, ...]  #: the values of `GROUP`
    question: str
    contrast: str
    assay: str
    name: str  #: the assay, with cohort and specimen where it has more than one
    column: str  #: the column that the contrast compares
    case: str
    control: str
    block: str  #: singular word for the unit of the block, ``""`` without one
    feature: str  #: singular word for a feature of this assay
    rows: pd.DataFrame

    def first(self, **wanted: str) -> pd.Series | None:
        """Return the first row with these values, or None."""
        found = self.pick(**wanted)
        return None if found.empty else found.iloc[0]

    def pick(self, **wanted: str) -> pd.DataFrame:
        """Return the rows with these values, in the order of the file."""
        rows = self.rows
        for column, value in wanted.items():
            rows = rows[rows[column] == value]
        return rows

    @property
    def kind(self) -> str:
        """The kind of question, ``""`` without any row."""
        return "" if self.rows.empty else str(self.rows["kind"].iloc[0])

    @property
    def features(self) -> str:
        """Plural word for the features of this assay."""
        return plural(self.feature)

    @property
    def split(self) -> bool:
        """Whether the label varies inside blocks, so that its comparison between blocks is a row apart."""
        return "within" in self.terms

    def frame(self, term: str) -> pd.Series | None:
        """Return the row of the reference frame that effects of this term are measured from, or None."""
        row = self.first(model="reference frame", term=term)
        return None if row is None or missing(row["effect"]) else row

    @property
    def size(self) -> pd.Series | None:
        """The row that says how many samples, then blocks, this comparison has (the first with most of them).

        Rows within blocks count only the blocks that have both sides.
        """
        sized = self.rows[self.rows["n"].notna()]
        return None if sized.empty else sized.sort_values(["n", "n_blocks"], ascending=False, kind="stable").iloc[0]

    @property
    def terms(self) -> list[str]:
        """The terms that were tested, in the order of the file, for example ``["within", "between"]``."""
        apart = self.rows["model"].isin((*UNTESTED, *PEOPLE)) | (self.rows["term"] == "unmatched")
        tested = self.rows[~apart]
        return [str(term) for term in tested["term"].dropna().unique()]


FEATURE_WORDS = {
    "taxa": "taxon",
    "genes": "gene",
    "pathways": "pathway",
    "metabolites": "molecule",
    "transcripts": "gene",
    "reads": "taxon",
}


def sides(contrast: Contrast | None) -> tuple[str, str]:
    """Return the words for the case side and the control side.

    Examples
    --------
    >>> sides(Contrast("ibd", "disease", ("CD", "UC"), ("relative",)))
    ('CD or UC', 'relative')
    """
    if contrast is None:
        return "case", "control"
    return " or ".join(contrast.case) or "case", " or ".join(contrast.control) or "control"


def block_word(question: Question | None, rows: pd.DataFrame) -> str:
    """Return the declared block, or ``subject`` where repeated samples made one."""
    if question is not None and question.block:
        return question.block[0]
    return "subject" if (rows["n_blocks"].fillna(0) > 0).any() else ""


def group_keys(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return the values of `GROUP` in every row of Estimates or points, missing as ``""``."""
    columns = [frame[column].fillna("").astype(str) for column in GROUP]
    return list(zip(*columns, strict=True))


def _group_name(study: Study, key: tuple[str, ...], extra: list[str]) -> str:
    question, contrast, _, _, assay = key
    asked = study.questions.get(question)
    if asked is not None and asked.kind == "mediators":  # its groups are of two contrasts
        if not assay and contrast == asked.contrast:
            return CANDIDATES
        case, control = sides(study.contrasts.get(contrast))
        return f"{assay or OUTCOMES}, {case if len(case) < MANY else contrast} against {control}"
    return f"{assay} ({', '.join(extra)})" if extra else assay or OUTCOMES


def groups(study: Study, estimates: pd.DataFrame) -> Iterator[Group]:
    """Cut Estimates into groups, in the order of the file."""
    keys = pd.Series(group_keys(estimates), index=estimates.index, dtype=object)
    seen = list(dict.fromkeys(keys))
    for key in seen:
        question, contrast, cohort, specimen, assay = key
        rows = estimates[keys == key]
        more = [other for other in seen if (other[0], other[1], other[4]) == (question, contrast, assay)]
        extra = [text for i, text in ((2, cohort), (3, specimen)) if text and len({other[i] for other in more}) > 1]
        declared = study.assays.get(assay)
        case, control = sides(study.contrasts.get(contrast))
        yield Group(
            key=key,
            question=question,
            contrast=contrast,
            assay=assay,
            name=_group_name(study, key, extra),
            column="the contrast" if key[1] not in study.contrasts else study.contrasts[key[1]].column,
            case=case,
            control=control,
            block=block_word(study.questions.get(question), rows),
            feature=FEATURE_WORDS.get(declared.kind if declared else "", "feature"),
            rows=rows,
        )
