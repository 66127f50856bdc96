"""A course: is there an onset, a time, and are there samples on both sides of it?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.checks.context import Context
from commensal.checks.words import singular
from commensal.errors import listing
from commensal.study import onset_intervals
from commensal.tables import Finding

#: Fewer diseased subjects than this with samples in a phase carry no contrast there.
FEWEST = 3


def course_onset(context: Context) -> Iterator[Finding]:
    """Ask for the time of each sample and for when disease begins; say where that leaves samples."""
    if context.question.kind != "course":
        return
    onset = context.loaded.declared.onset
    if "time" not in context.frame.columns or not pd.api.types.is_float_dtype(context.frame["time"].dtype):
        yield context.finding(
            "no_time", "error", "a course needs the time of each sample, and there is no column `time` of numbers.",
            'map it: [tables.samples] columns = { time = "…" }',
        )  # fmt: skip
        return
    if onset is None:
        yield context.finding(
            "no_onset", "error", "a course needs to know when disease begins, and the study file does not say.",
            'add [onset] with at = …, event = "…", or column = ["earliest", "latest"]',
        )  # fmt: skip
        return
    if np.ptp(context.frame["time"].to_numpy(float)) == 0:
        yield context.finding(
            "one_age", "warning", "all samples are of one age: whatever differs, nothing can be said of when.",
            "nothing needed; `kind = \"cohort\"` compares the sides of one age",
        )  # fmt: skip
    if onset.at is None:
        yield from _own(context)
    else:
        time = context.frame["time"].to_numpy(float)
        yield from _phases(context, time < onset.at, time >= onset.at)


def _own(context: Context) -> Iterator[Finding]:
    ends = onset_intervals(context.loaded)
    ill = list(dict.fromkeys(map(str, context.subjects[context.case])))
    lost = [one for one in ill if one not in ends]
    if lost:
        yield context.finding(
            "onset_missing",
            "error" if len(lost) == len(ill) else "warning",
            f"{len(lost)} of {singular(len(ill), 'diseased subject')} have no onset: {listing(lost, 5)}. Their samples "
            "cannot be placed and are left out.",
            "complete the events or columns that [onset] names",
            subjects=len(ill),
            missing=len(lost),
        )
    known = [one for one in ill if one in ends]
    if not known:
        return
    time = context.frame["time"].to_numpy(float)
    low = np.array([ends.get(str(one), (np.nan, np.nan))[0] for one in context.subjects])
    high = np.array([ends.get(str(one), (np.nan, np.nan))[1] for one in context.subjects])
    before, after = (time < low) | ((time == low) & (high > low)), time >= high
    wide = [one for one in known if ends[one][1] > ends[one][0] or np.isnan(ends[one][0])]
    inside = context.case & np.isfinite(high) & ~before & ~after
    if wide:
        yield context.finding(
            "onset_interval",
            "note",
            f"onset is known as an interval in {len(wide)} of {singular(len(ill), 'diseased subject')}; "
            f"{singular(int(inside.sum()), 'sample')} of theirs lie inside it, before or after onset, nobody knows.",
            "nothing needed: onsets are drawn inside their intervals several times, and the answers joined",
            subjects=len(ill),
            intervals=len(wide),
            inside=inside.sum(),
        )
    yield from _phases(context, before, after)


def _phases(context: Context, before: NDArray[np.bool_], after: NDArray[np.bool_]) -> Iterator[Finding]:
    """Count the diseased on each side of onset."""
    people = context.subjects
    for here, word, contrast in ((before, "before", "before onset"), (after, "after", "with progression")):
        own = here & context.case
        n = len(set(map(str, people[own])))
        if n >= FEWEST:
            continue
        yield context.finding(
            f"few_{word}_onset",
            "warning",
            f"{singular(n, 'diseased subject')} with {singular(int(own.sum()), 'sample')} surely {word} onset: the "
            f"contrast {contrast} rests on " + ("nothing." if n == 0 else "little."),
            "nothing needed; most features will be undetermined. Earlier (or later) samples would tell"
            if word == "before"
            else "nothing needed; most features will be undetermined. Later samples would tell",
            subjects=n,
            samples=own.sum(),
        )


def facilities(context: Context) -> Iterator[Finding]:
    """Find facilities that hold one side only: there the contrast is the facility."""
    name = context.question.facility
    if context.question.kind != "course" or name is None:
        return
    table = pd.crosstab(
        context.frame[name].astype("string").fillna("(missing)"), pd.Series(context.case, context.frame.index)
    )
    lone = [str(place) for place in table.index if (table.loc[place] > 0).sum() == 1]
    if lone or len(table) < 2:
        yield context.finding(
            "facility_one_sided" if lone else "one_facility",
            "warning",
            f"{name} {listing(lone)} holds one side only: nothing can be compared there."
            if lone
            else f"all samples are of one {name}: what depends on it cannot be told.",
            "compare facilities that hold both sides, or leave out `facility`",
            facilities=len(table),
        )
