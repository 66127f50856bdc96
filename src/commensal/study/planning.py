"""Rules of ``[planned.NAME]``: what a design without tables must say."""

from __future__ import annotations

from commensal.errors import StudyFileError, listing, nearest
from commensal.study.declared import Study
from commensal.study.planned import Planned

#: Columns that groups make by themselves.
MADE = ("cage", "household", "subject", "specimen", "time")


def check_planned(study: Study) -> None:
    """Check that the planned groups can be counted, and have the columns that the study compares.

    Raises
    ------
    StudyFileError
        No count, counts that exclude each other, a column that no group has, a side of a contrast without anybody.
    """
    groups = list(study.planned.values())
    if not groups:
        return
    for one in groups:
        _counts(study, one)
    known = {name for one in groups for name in one.columns} | set(MADE)
    asked = {name: f"contrasts.{contrast.name}" for contrast in study.contrasts.values()
             for name in (contrast.column, *contrast.where)}  # fmt: skip
    for question in study.questions.values():
        asked |= dict.fromkeys(question.block, f"questions.{question.name}")
        asked |= {question.by: f"questions.{question.name}"} if question.by else {}
    for name, where in asked.items():
        if name not in known:
            near = nearest(name, known)
            raise _error(
                study, groups[0], "columns", f"no planned group has {name!r}, which [{where}] needs",
                found=listing(sorted(known)), expected=f"a column {name!r} in the groups, or cages or households",
                mend=f"did you mean {near[0]!r}?" if near else f'add it: columns = {{ {name} = "…" }}',
            )  # fmt: skip
    for contrast in study.contrasts.values():
        levels = {one.columns[contrast.column] for one in groups if contrast.column in one.columns}
        for side in ("case", "control"):
            lacking = [level for level in getattr(contrast, side) if level not in levels]
            if lacking:
                raise _error(
                    study, groups[0], "columns", f"nobody is planned on a side of [contrasts.{contrast.name}]",
                    found=f"{contrast.column}: {listing(sorted(levels))}", expected=f"{side} {listing(lacking)}",
                    mend=f"add a section [planned.NAME] with columns = {{ {contrast.column} = {lacking[0]!r} }}",
                )  # fmt: skip


def _counts(study: Study, one: Planned) -> None:
    told = [name for name in ("animals", "cages", "people", "households") if getattr(one, name) is not None]
    of_animals, of_people = {"animals", "cages"} & set(told), {"people", "households"} & set(told)
    if not told:
        raise _error(study, one, "", "a group without a number", found="neither animals nor people",
                     expected="animals (and cages), or people (and households)",
                     mend="for example cages = 5 and animals = 3 (in each cage)")  # fmt: skip
    if of_animals and of_people:
        raise _error(study, one, told[0], "a group of animals and people", found=listing(told),
                     expected="animals and cages, or people and households", mend="make two groups of it")  # fmt: skip
    made = [name for name in one.columns if name in MADE]
    if made:
        raise _error(study, one, "columns", f"{made[0]!r} is made by the plan", found=made[0],
                     expected="columns that are the same in the whole group",
                     mend="say how many: cages, households, sampled_at")  # fmt: skip


def _error(
    study: Study, one: Planned, key: str, what: str, *, found: object, expected: object, mend: str
) -> StudyFileError:
    where = f"{study.path.name}, [planned.{one.name}] {key}".rstrip()
    return StudyFileError(what, where=where, found=found, expected=expected, mend=mend)
