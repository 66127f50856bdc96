"""The units of a declared design: which there are, and designs with more or fewer of them; nested units stay nested."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.errors import DesignError, UsageError, listing, nearest
from commensal.study import AssayTable, LoadedStudy, Match, Study

Integers = NDArray[np.int64]
#: A unit that holds several arms is a pair, not a place, up to so many subjects on average.
MOST_IN_PAIRS = 4
#: How people call subjects.
SUBJECTS = ("subject", "subjects", "animal", "animals", "mouse", "mice", "person", "people", "patient", "patients")


def unit_columns(declared: Study) -> tuple[str, ...]:
    """Return the columns of outer units (cage, household), outermost first: blocks and nested variables."""
    blocks = [name for question in declared.questions.values() for name in question.block]
    nested = [name for name, variable in declared.variables.items() if variable.nested_in]
    return tuple(dict.fromkeys(name for name in (*blocks, *nested) if name != "subject"))


def codes(labels: Iterable[object], own: Iterable[object]) -> Integers:
    """Return a number per unit (n,); a missing label is a unit of its own, known by ``own``."""
    keys = [f"own {mine}" if pd.isna(label) else f"unit {label}" for label, mine in zip(labels, own, strict=True)]  # type: ignore[call-overload]
    return np.asarray(pd.factorize(np.array(keys, dtype=object))[0], dtype=np.int64)


def units_of(loaded: LoadedStudy, subjects: Sequence[str]) -> dict[str, Integers]:
    """Return column → code (n,) of each row's unit, outermost first, `subject` last where one has several rows."""
    per = per_subject(loaded)
    found = {}
    names = list(map(str, subjects))
    for name in unit_columns(loaded.declared):
        if name in per.columns:
            own = codes(per[name].reindex(names), names)
            if len(np.unique(own)) > 1:
                found[name] = own
    if len(set(names)) < len(names):
        found["subject"] = codes(names, names)
    return found


def per_subject(loaded: LoadedStudy) -> pd.DataFrame:
    """Return what is known of each subject: its own columns, else those of its first sample (index = subject)."""
    own = loaded.samples[loaded.samples["role"] == "sample"]
    first = own.groupby(own["subject"].astype(str), sort=False).first()
    subjects = loaded.subjects
    for name in subjects.columns:
        known = subjects[name]
        first = first.reindex(first.index.union(subjects.index, sort=False))
        first[name] = known.reindex(first.index) if name not in first else first[name].where(
            first[name].notna(), known.reindex(first.index)
        )  # fmt: skip
    return first


def strata(loaded: LoadedStudy) -> pd.Series:
    """Return the arm of each subject in words: its levels of all columns that are compared or asked apart."""
    declared, per = loaded.declared, per_subject(loaded)
    names = [contrast.column for contrast in declared.contrasts.values()]
    names += [name for contrast in declared.contrasts.values() for name, one in contrast.where.items() if one.levels]
    names += [question.by for question in declared.questions.values() if question.by]
    kept = [name for name in dict.fromkeys(names) if name in per.columns and name != "specimen"]
    texts = [per[name].astype("string").fillna("") for name in kept]
    return pd.Series(
        [" / ".join(row) for row in zip(*texts, strict=True)] if texts else "", index=per.index, dtype=object
    )


def unit_named(loaded: LoadedStudy, word: str) -> str:
    """Return the column of units that a word means: its name, its plural, or a word for subjects.

    Raises
    ------
    UsageError
        No such unit.
    """
    known = ("subject", *(name for name in unit_columns(loaded.declared) if name in per_subject(loaded).columns))
    if word in SUBJECTS and word not in known:
        return "subject"
    for name in known:
        if word in (name, f"{name}s") or (name.endswith("y") and word == f"{name[:-1]}ies"):
            return name
    near = nearest(word, known)
    raise UsageError(
        f"no units are called {word!r}",
        where="--grow",
        found=word,
        expected=listing(known),
        mend=f"did you mean {near[0]!r}?" if near else "name a block of a question, or animals, people",
    )


def grown(loaded: LoadedStudy, sizes: Mapping[str, int], *, seed: int = 1) -> LoadedStudy:
    """Return the design with so many units of each kind: whole units are left out, or copied with all that is in them.

    Units whose subjects all lie in one arm are counted per arm; units that hold several arms (households) in all, in
    the proportions of their make-up. Subjects inside of an outer unit are counted per unit and arm. Subjects that have
    no such unit (the people of a study of cages) stay as they are.

    Parameters
    ----------
    loaded
        The study with its tables.
    sizes
        Column of the unit → how many.
    seed
        Which units stay, or are copied first.

    Raises
    ------
    UsageError
        A size below 1.
    DesignError
        A unit has no label.
    """
    for column, size in sizes.items():
        if size < 1:
            raise UsageError(
                "a design has 1 unit at least", where="--grow", found=f"{column}={size}", expected="1 or more"
            )
        loaded = _resized(loaded, column, size, np.random.default_rng([seed, size]))
    return loaded


def scaled(loaded: LoadedStudy, factor: float, *, seed: int = 1) -> LoadedStudy:
    """Return the design with so many times its units: each subject's own (`scaling_units`), arm by arm, 1 at least.

    Parameters
    ----------
    loaded
        The study with its tables.
    factor
        How many times as many units, above 0.
    seed
        Which units stay, or are copied first.
    """
    if factor == 1:
        return loaded
    per, arm, own = per_subject(loaded), strata(loaded), scaling_units(loaded)
    make_up = _make_up(arm, own)
    counts = make_up.value_counts(sort=False)
    wanted = {str(name): max(round(factor * n), 1) for name, n in counts.items()}
    renamed = [name for name in unit_columns(loaded.declared) if name in per.columns and _follows(per[name], own)]
    rng = np.random.default_rng([seed, round(1000 * factor)])
    return _rows_of(loaded, own, _chosen(make_up, wanted, rng), tuple(renamed))


def scaling_units(loaded: LoadedStudy) -> pd.Series:
    """Return the unit of each subject that a larger study has more of: cage, household, else the subject itself.

    The outermost unit that lies in one arm, or that holds few subjects of several (a household); never a facility.
    """
    per, arm = per_subject(loaded), strata(loaded)
    own = pd.Series([f"own {one}" for one in per.index], index=per.index, dtype=object)
    free = pd.Series(True, index=per.index)
    for name in unit_columns(loaded.declared):
        if name not in per.columns or not small_units(per[name], arm):
            continue
        take = free & per[name].notna()
        own = own.where(~take, name + " " + per[name].astype("string").fillna("").astype(object))
        free &= ~take
    return own


def small_units(label: pd.Series, arm: pd.Series) -> bool:
    """Say whether units lie in one arm each, or hold only a few subjects of several."""
    known = label.notna()
    if not known.any():
        return False
    several = arm[known].groupby(label[known].astype(str)).nunique().gt(1)
    return not several.any() or float(label[known].astype(str).value_counts().mean()) <= MOST_IN_PAIRS


def _follows(label: pd.Series, own: pd.Series) -> bool:
    """Say whether each label occurs in one unit only, so that a copied unit needs labels of its own."""
    known = label.notna()
    return bool(known.any()) and int(own[known].groupby(label[known].astype(str)).nunique().max()) == 1


def _make_up(arm: pd.Series, unit: pd.Series) -> pd.Series:
    """Return the arms that each unit holds, in words."""
    return arm.groupby(unit, sort=False).agg(lambda one: " + ".join(sorted(set(one))))


def _resized(loaded: LoadedStudy, column: str, size: int, rng: np.random.Generator) -> LoadedStudy:
    per, arm = per_subject(loaded), strata(loaded)
    if column == "subject":
        unit = pd.Series(per.index.astype(str), index=per.index, dtype=object)
        outer = [name for name in unit_columns(loaded.declared) if name in per.columns]
        around = [per[name].astype("string").fillna("") for name in outer]
        place = pd.Series([" | ".join(row) for row in zip(*around, arm, strict=True)], index=per.index, dtype=object)
        return _rows_of(loaded, unit, _chosen(place, dict.fromkeys(place.unique(), size), rng), ())
    labels = per[column].astype("string")
    if labels.isna().all():
        raise DesignError(f"no {column} has a label", where="--grow", expected="labels", mend="grow another unit")
    inside = labels.notna()
    unit = pd.Series(
        np.where(inside, labels.fillna("").astype(object), "own " + per.index.astype(str)),
        index=per.index,
        dtype=object,
    )
    homes = _make_up(arm[inside], unit[inside])
    counts = homes.value_counts(sort=False)
    mixed = bool(arm[inside].groupby(unit[inside]).nunique().gt(1).any())
    wanted = {str(name): max(round(size * n / counts.sum()), 1) if mixed else size for name, n in counts.items()}
    rest = [(str(one), 0) for one in unit[~inside]]
    return _rows_of(loaded, unit, [*_chosen(homes, wanted, rng), *rest], (column, *_inside(loaded, column)))


def _chosen(place: pd.Series, wanted: Mapping[str, int], rng: np.random.Generator) -> list[tuple[str, int]]:
    """Draw units (index) place by place: each once before any twice, as (unit, which copy)."""
    chosen: list[tuple[str, int]] = []
    for name, n in wanted.items():
        own = place.index[place == name].to_numpy(object)
        order = own[rng.permutation(len(own))]
        rank = {one: i for i, one in enumerate(own)}
        taken = sorted(((str(order[i % len(own)]), i // len(own)) for i in range(n)), key=lambda p: (p[1], rank[p[0]]))
        chosen += taken
    return chosen


def _rows_of(
    loaded: LoadedStudy, unit: pd.Series, chosen: list[tuple[str, int]], renamed: tuple[str, ...]
) -> LoadedStudy:
    """Take the rows of whole units; copies get new names, in the columns of ``renamed`` too."""
    members = unit.groupby(unit, sort=False).groups
    pairs = [(str(subject), copy) for one, copy in chosen for subject in members[one]]
    own = loaded.samples["subject"].astype(str)
    rows = own.groupby(own, sort=False).indices
    nobody = np.flatnonzero((loaded.samples["role"] != "sample").to_numpy())
    at = [(i, copy) for subject, copy in pairs for i in rows.get(subject, ())]
    at += [(int(i), 0) for i in nobody]
    index = np.array([i for i, _ in at], dtype=np.int64)
    copies = [copy for _, copy in at]
    samples = _named(loaded.samples.iloc[index].copy(), copies, ("subject", *renamed))
    ids = [_name(str(one), copy) for one, copy in zip(loaded.samples.index[index], copies, strict=True)]
    samples.index = pd.Index(ids, name="sample", dtype=object)
    raw = {
        name: _labels(one.iloc[index], copies, name in ("subject", *renamed), samples.index)
        for name, one in loaded.raw.items()
    }
    listed = [(subject, copy) for subject, copy in pairs if subject in loaded.subjects.index]
    subjects = loaded.subjects.loc[[subject for subject, _ in listed]].copy()
    subjects = _named(subjects, [copy for _, copy in listed], renamed)
    subjects.index = pd.Index([_name(*pair) for pair in listed], name="subject", dtype=object)
    assays = {name: _table(table, loaded.samples.index, index, ids) for name, table in loaded.assays.items()}
    matches = {
        name: Match(name, tuple(one for one in ids if one in set(table.samples)), (), ())
        for name, table in assays.items()
    }
    phenotypes = None if loaded.phenotypes is None else _of_pairs(loaded.phenotypes, pairs, renamed)
    events = None if loaded.events is None else _of_pairs(loaded.events, pairs, renamed)
    return replace(
        loaded, samples=samples, raw=raw, subjects=subjects, assays=assays, matches=matches, dropped=(),
        unused_subjects=(), unlisted_subjects=(), preparation={}, phenotypes=phenotypes, events=events,
    )  # fmt: skip


def _inside(loaded: LoadedStudy, column: str) -> list[str]:
    """Return the columns of units that lie inside of these ones: each label in one of them only."""
    per = per_subject(loaded)
    others = [name for name in unit_columns(loaded.declared) if name != column and name in per.columns]
    return [name for name in others if per.groupby(name)[column].nunique().max() == 1]


def _name(label: str, copy: int) -> str:
    return label if not copy else f"{label}.{copy + 1}"


def _labels(column: pd.Series, copies: list[int], rename: bool, index: pd.Index) -> pd.Series:
    values = [
        one if pd.isna(one) or not rename else _name(str(one), copy) for one, copy in zip(column, copies, strict=True)
    ]
    return pd.Series(values, index=index, dtype=column.dtype)


def _named(frame: pd.DataFrame, copies: list[int], columns: tuple[str, ...]) -> pd.DataFrame:
    for name in columns:
        if name in frame.columns:
            frame[name] = _labels(frame[name], copies, True, frame.index)
    return frame


def _of_pairs(frame: pd.DataFrame, pairs: list[tuple[str, int]], renamed: tuple[str, ...]) -> pd.DataFrame:
    own = frame["subject"].astype(str)
    rows = own.groupby(own, sort=False).indices
    at = [(int(i), copy) for subject, copy in pairs for i in rows.get(subject, ())]
    out = frame.iloc[[i for i, _ in at]].reset_index(drop=True)
    return _named(out, [copy for _, copy in at], ("subject", *renamed))


def _table(table: AssayTable, known: pd.Index, index: Integers, ids: list[str]) -> AssayTable:
    """Return the rows of an assay whose samples are in the design, under their new names."""
    place = {sample: i for i, sample in enumerate(table.samples)}
    pairs = [(place[str(known[i])], name) for i, name in zip(index, ids, strict=True) if str(known[i]) in place]
    rows = np.array([i for i, _ in pairs], dtype=np.int64)
    limits = None if table.limits is None else table.limits[rows]
    return replace(
        table, samples=tuple(name for _, name in pairs), values=table.values[rows], limits=limits, dropped=()
    )
