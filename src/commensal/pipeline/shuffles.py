"""Negative controls: the same study with its labels rearranged where they could have fallen otherwise.

Labels move as the design allows it: among the people of a household where both sides live in it, whole cages among the
arms of their genotype, never single animals of a cage. Everything else stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from commensal.errors import DesignError, StatisticsError, listing
from commensal.evidence import Family, join
from commensal.execution import Crew, Serial
from commensal.pipeline.kept_shuffles import KeptShuffles, Strongest
from commensal.questions import QUESTIONS, joined
from commensal.study import Contrast, LoadedStudy, Question
from commensal.tables import CLAIM, Finding
from commensal.tables.claims import SELECTED

#: Kinds of questions that have lines in claims.
ARGUED = ("depletion", "course", "screen", "mediators", "rescue", "host", "cohort")
#: Of these, the assays say nothing to a claim: measures and events do.
OUTCOMES_ONLY = ("depletion", "screen", "rescue")
#: Called before each shuffle: (done, of how many).
Tell = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class _Movement:
    """Labels of one column that change places: those of some levels, inside of strata, by units."""

    column: str
    levels: frozenset[str]
    strata: tuple[str, ...]
    blocks: tuple[str, ...]


def noise(
    loaded: LoadedStudy,
    family: Family,
    claims: pd.DataFrame,
    n: int,
    *,
    findings: tuple[Finding, ...] = (),
    seed: int = 1,
    crew: Crew | None = None,
    tell: Tell | None = None,
    kept: KeptShuffles | None = None,
) -> pd.DataFrame:
    """Return the claims with how often noise of this design makes a claim as strong, in `noise`.

    As strong: past the gate with as many lines that hold; of claims that are not past it, with a gate p as small. With
    k of n shuffled studies as strong, noise is (1 + k) / (1 + n): the study itself is one of the arrangements, so that
    for the first claim of a study without effects it is a p that is not too small (Phipson & Smyth 2010).

    What ``kept`` has is not made again, and what is made is kept as it comes.

    Raises
    ------
    DesignError
        No label of the study can be rearranged.
    """
    seeds = [seed + i for i in range(n)]
    found = {} if kept is None else {one: there for one in seeds if (there := kept.get(one)) is not None}
    waiting = [one for one in seeds if one not in found]

    def keep(at: int, one: Strongest) -> None:
        found[waiting[at]] = one
        if kept is not None:
            kept.put(waiting[at], one)

    (crew or Serial()).map(
        _shuffle,
        waiting,
        shared=(loaded, family, findings),
        names=[f"shuffle {one - seed + 1} of {n}" for one in waiting],
        tell=None if tell is None else lambda i, _, __: tell(n - len(waiting) + i, n),
        done=keep,
    )
    made = [found[one] for one in seeds]
    best = [strongest for strongest, _ in made]
    own = claims["line"] == CLAIM
    told = claims.copy()
    told.loc[own, "noise"] = [
        np.nan if not np.isfinite(row[2]) else (1 + sum(other >= row for other in best)) / (1 + n)
        for row in _strengths(claims[own])
    ]
    told.loc[own, "shuffles"] = n
    short = _short([failed for _, failed in made])
    if short:
        told.loc[own, "note"] = told.loc[own, "note"].fillna("") + f"; {short}"
    return told


def _shuffle(shared: tuple[LoadedStudy, Family, tuple[Finding, ...]], seed: int) -> Strongest:
    """Return how strong the strongest claim of one shuffled study is, and the questions that it cannot answer.

    Its labels depend on the seed alone.
    """
    loaded, family, findings = shared
    made, failed = _claims_of(shuffled(loaded, seed=seed), family, findings)
    return _best(made), failed


def _short(lacking: Sequence[frozenset[str]]) -> str:
    """Say in how many shuffled studies a question could not be answered that others answered; "" where in none.

    What no shuffled study answers is not answered in the study itself either, as a rule, and its findings say so.
    """
    never = frozenset.intersection(*lacking) if lacking else frozenset()
    more = [one - never for one in lacking]
    k = sum(bool(one) for one in more)
    if not k:
        return ""
    names = listing(dict.fromkeys(name for one in more for name in sorted(one)))
    return f"in {k} of {len(lacking)} shuffled studies {names} could not be answered: noise may be understated"


def shuffled(loaded: LoadedStudy, *, seed: int) -> LoadedStudy:
    """Return the study with the labels of every contrast rearranged.

    Raises
    ------
    DesignError
        No label can be rearranged: each unit is an arm of its own.
    """
    rng = np.random.default_rng(seed)
    samples, subjects = loaded.samples.copy(), loaded.subjects.copy()
    moved = 0
    for movement in _movements(loaded):
        own = _per_subject(loaded, movement)
        before = own[movement.column]
        after = _rearranged(own, movement, rng)
        changed = after[after != before]
        moved += len(changed)
        for frame, at in ((samples, samples["subject"]), (subjects, pd.Series(subjects.index, index=subjects.index))):
            if movement.column in frame:
                new = at.map(changed)
                frame[movement.column] = new.where(new.notna(), frame[movement.column]).astype(
                    frame[movement.column].dtype
                )
    if not moved:
        raise DesignError(
            "no label of this study can be rearranged",
            where="--shuffle",
            found="every unit is the only one of its arm or household",
            expected="several cages in each arm, or both sides in some households",
            mend="run without --shuffle: this design has no negative control of its own",
        )
    return replace(loaded, samples=samples, subjects=subjects)


def _movements(loaded: LoadedStudy) -> list[_Movement]:
    """Join the contrasts of a column that share a level: a shared control belongs to all of them."""
    found: list[_Movement] = []
    for contrast, question in _asked(loaded):
        levels = frozenset((*contrast.case, *contrast.control))
        columns = [name for name in (*contrast.where, question.by, question.concurrent) if name]
        known = [name for name in columns if name in loaded.samples and not _number(loaded.samples[name])]
        one = _Movement(contrast.column, levels, tuple(dict.fromkeys(known)), question.block)
        apart = []
        for other in found:
            if other.column == one.column and other.levels & one.levels:
                one = _Movement(
                    one.column,
                    one.levels | other.levels,
                    tuple(dict.fromkeys((*other.strata, *one.strata))),
                    other.blocks or one.blocks,
                )
            else:
                apart.append(other)
        found = [*apart, one]
    return found


def _asked(loaded: LoadedStudy) -> Iterator[tuple[Contrast, Question]]:
    for question in loaded.declared.questions.values():
        for name in (question.contrast, question.supplements, *question.controls.values()):
            if name is not None:
                yield loaded.declared.contrasts[name], question


def _number(column: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(column)) and not pd.api.types.is_bool_dtype(column)


def _per_subject(loaded: LoadedStudy, movement: _Movement) -> pd.DataFrame:
    """Return label, strata and unit of each subject whose label moves and does not change in time."""
    names = list(dict.fromkeys((movement.column, *movement.strata, *movement.blocks)))
    samples = loaded.samples[loaded.samples["role"] == "sample"] if "role" in loaded.samples else loaded.samples
    first = samples.groupby("subject")[[name for name in names if name in samples]].first()
    for name in names:
        if name in loaded.subjects:
            first = first.reindex(first.index.union(loaded.subjects.index))
            known = loaded.subjects[name].reindex(first.index)
            first[name] = known.combine_first(first[name]) if name in first else known
    steady = ~_changes(samples, movement.column) if movement.column in samples else None
    if steady is not None:
        first = first[steady.reindex(first.index, fill_value=True)]
    return first[first[movement.column].astype(str).isin(movement.levels)]


def _changes(samples: pd.DataFrame, column: str) -> pd.Series:
    """Say of each subject whether its label is another one in some samples."""
    return samples.drop_duplicates(["subject", column]).groupby("subject").size() > 1


def _rearranged(own: pd.DataFrame, movement: _Movement, rng: np.random.Generator) -> pd.Series:
    """Move labels inside of strata: inside a block where it holds several, else whole blocks."""
    label = own[movement.column].astype(object)
    blocks = [name for name in movement.blocks if name in own and name != "subject"]
    inner = own[blocks[0]].astype(object) if blocks else None
    strata = [own[name].astype(object) for name in movement.strata if name in own and name != movement.column]
    stratum = pd.Series(list(zip(*strata, strict=True)) if strata else [()] * len(own), index=own.index)
    if inner is None:
        return label.groupby(stratum, group_keys=False).transform(lambda one: rng.permutation(one.to_numpy()))
    unit = inner.where(inner.notna(), pd.Series(own.index, index=own.index))
    mixed = label.groupby(unit).nunique().reindex(unit).to_numpy() > 1
    after = label.copy()
    inside = pd.Series(mixed, index=own.index)
    if inside.any():
        after[inside] = (
            label[inside].groupby(unit[inside], group_keys=False).transform(lambda one: rng.permutation(one.to_numpy()))
        )
    whole = own.index[~inside]
    for _, members in pd.Series(whole, index=whole).groupby(stratum[whole]):
        units = unit[members.index]
        of_unit = label[members.index].groupby(units, sort=True).first()
        drawn = pd.Series(rng.permutation(of_unit.to_numpy()), index=of_unit.index)
        after[members.index] = units.map(drawn).to_numpy()
    return after


def _claims_of(
    loaded: LoadedStudy, family: Family, findings: tuple[Finding, ...]
) -> tuple[pd.DataFrame, frozenset[str]]:
    """Return the claims of one shuffled study, and which questions could not be answered in it."""
    answers = []
    failed = set()
    for question in loaded.declared.questions.values():
        if question.kind not in ARGUED or (question.name in family.chose):
            continue
        kind = QUESTIONS[question.kind]
        parts = (None,) if question.kind in OUTCOMES_ONLY else kind.parts(question, tuple(loaded.assays))
        for part in parts:
            try:
                # of tables in blocks, the rows of the study itself stay as they were written
                answers.append(kind.answer(loaded, question, part, whole=False))
            except (DesignError, StatisticsError):
                failed.add(question.name if part is None else f"{question.name} × {part}")
    return join(joined(answers).estimates, family, findings=findings), frozenset(failed)


def _strengths(own: pd.DataFrame) -> list[tuple[bool, int, float]]:
    """Return (past the gate, lines that hold, minus the gate's p), which order claims by how strong they are."""
    gate = own["p"].to_numpy(float)
    return [
        (verdict == SELECTED, int(strength), -one)
        for verdict, strength, one in zip(own["verdict"], own["strength"], gate, strict=True)
    ]


def _best(claims: pd.DataFrame) -> tuple[bool, int, float]:
    known = [one for one in _strengths(claims[claims["line"] == CLAIM]) if np.isfinite(one[2])]
    return max(known, default=(False, 0, -np.inf))


__all__ = ["noise", "shuffled"]
