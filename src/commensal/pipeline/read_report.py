"""What profiles of reads say beside their tables: findings about samples, and the points that the page draws."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from commensal.errors import listing
from commensal.pipeline.read_points import read_points
from commensal.pipeline.read_tables import Profiles
from commensal.reads import cohort_quality as cohort
from commensal.study import Assay, LoadedStudy
from commensal.tables import Finding, points

#: Most contaminants, leaks or pairs that a finding names.
MOST = 8


@dataclass(frozen=True, slots=True, eq=False)
class ReadReport:
    """Findings and points of all assays of reads."""

    findings: tuple[Finding, ...]
    points: pd.DataFrame


def read_report(loaded: LoadedStudy, profiles: Mapping[str, Profiles]) -> ReadReport:
    """Look at the profiles of each assay of reads side by side, and gather what the page draws of them."""
    findings: list[Finding] = []
    frames = []
    for one in profiles.values():
        scores = contaminants(loaded, one)
        findings += [*_depth(one), *_leaks(loaded, one), *_likeness(loaded, one), *_reagents(one, scores)]
        frames.append(read_points(one, loaded.samples, scores))
    return ReadReport(tuple(findings), pd.concat(frames, ignore_index=True) if frames else points())


def contaminants(loaded: LoadedStudy, profiles: Profiles) -> list[cohort.Contaminant]:
    """Score every species by blanks, and by DNA concentration where the study file names its column."""
    samples = list(profiles.samples)
    shares, species = cohort.wide(profiles.taxa, "species", samples)
    frame = loaded.samples.loc[samples]
    blank = (frame["role"] == "blank").to_numpy(dtype=bool)
    found = cohort.by_prevalence(shares, species, blank)
    dna = _number(loaded, profiles.assay.dna, samples)
    return found if dna is None else [*found, *cohort.by_frequency(shares[~blank], species, dna[~blank])]


def _number(loaded: LoadedStudy, column: str | None, samples: list[str]) -> cohort.Array | None:
    if column is None or column not in loaded.samples:
        return None
    return pd.to_numeric(loaded.samples.loc[samples, column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)


def _finding(assay: Assay, code: str, message: str, mend: str, **counts: float) -> Finding:
    return Finding(
        code, "warning", f"assay {assay.name}", message, mend, assay=assay.name,
        counts={name: float(count) for name, count in counts.items()},
    )  # fmt: skip


def _depth(one: Profiles) -> Iterator[Finding]:
    low = cohort.shallow({sample: one.quality[sample] for sample in one.samples})
    if low:
        worst = sorted(low.items(), key=lambda item: -item[1])
        yield _finding(
            one.assay, "reads_shallow",
            f"{len(low)} of {len(one.samples)} samples are so shallow that species below the share named are likely "
            f"to be missed: {listing([f'{sample} ({floor:.2%})' for sample, floor in worst], MOST)}. Elsewhere a 0 is "
            "an absence down to 0.1 %; here it may be one of reads.",
            "read presence in these samples with care, or sequence them deeper",
            samples=len(low), worst=worst[0][1],
        )  # fmt: skip


def _own(loaded: LoadedStudy, one: Profiles) -> tuple[list[str], list[str]]:
    """Return the samples that are a subject's, and whose."""
    frame = loaded.samples.loc[list(one.samples)]
    frame = frame[frame["role"] == "sample"]
    return [str(name) for name in frame.index], [str(subject) for subject in frame["subject"]]


def _leaks(loaded: LoadedStudy, one: Profiles) -> Iterator[Finding]:
    samples, subjects = _own(loaded, one)
    shares, _ = cohort.wide(one.taxa, "species", samples)
    # A species at the floor is `quality.FLOOR` deep: its share of cells is about the floor's share of reads.
    floors = np.array([one.quality[sample].get("detection_floor") or 1.0 for sample in samples])
    found = cohort.leaks(shares, samples, subjects, floors, _wells(loaded, one, samples))
    if not found:
        return
    shown = [
        f"about {leak.rate:.1%} of {leak.target} looks like {leak.source} ({leak.species} species on one line"
        + {True: ", neighbouring wells)", False: ", not neighbours)", None: ")"}[leak.neighbours]
        for leak in found
    ]
    beside = sum(leak.neighbours is True for leak in found)
    yield _finding(
        one.assay, "reads_leak",
        f"{len(found)} {'pair' if len(found) == 1 else 'pairs'} of unrelated samples where one seems to hold a little "
        f"of the other: {listing(shown, MOST)}. This is a hint, not a proof.",
        "look whether they lay side by side at extraction or shared an index; leave them out and see what changes",
        pairs=len(found), neighbours=beside,
    )  # fmt: skip


def _wells(loaded: LoadedStudy, one: Profiles, samples: list[str]) -> dict[str, tuple[str, str]]:
    position, plate = one.assay.position, one.assay.plate
    if position is None or position not in loaded.samples:
        return {}
    frame = loaded.samples.loc[samples]
    plates = frame[plate].astype("string") if plate in frame else pd.Series("", index=frame.index, dtype="string")
    wells = frame[position].astype("string")
    return {
        sample: (str(plates[sample]), str(wells[sample]))
        for sample in samples
        if not (pd.isna(wells[sample]) or pd.isna(plates[sample]))
    }


def _likeness(loaded: LoadedStudy, one: Profiles) -> Iterator[Finding]:
    samples, subjects = _own(loaded, one)
    shares, _ = cohort.wide(one.taxa, "genome", samples)
    same = cohort.twins(shares, samples, subjects)
    if same:
        yield _finding(
            one.assay, "reads_alike",
            "samples of different subjects with nearly the same strains in the same shares: "
            f"{listing([f'{pair.sample} and {pair.other} ({pair.overlap:.0%} overlap)' for pair in same], MOST)}.",
            "look whether one sample was sequenced twice, or a label used twice; animals of one cage can be this alike",
            pairs=len(same),
        )  # fmt: skip
    stray = cohort.strays(shares, samples, subjects)
    if stray:
        shown = [f"{x.sample} (overlap {x.overlap:.0%} with {x.other}, {x.own or 0:.0%} with its own)" for x in stray]
        yield _finding(
            one.assay, "reads_swapped",
            f"samples far more like another subject's than like their own subject's: {listing(shown, MOST)}.",
            "look whether labels were swapped; an antibiotic or a diet can do this too",
            samples=len(stray),
        )  # fmt: skip


def _reagents(one: Profiles, scores: list[cohort.Contaminant]) -> Iterator[Finding]:
    held: dict[str, list[cohort.Contaminant]] = {}
    for score in scores:
        if score.score < cohort.THRESHOLD:
            held.setdefault(score.species, []).append(score)
    if not held:
        return
    words: Callable[[cohort.Contaminant], str] = lambda s: (  # noqa: E731
        f"in {s.blanks} blanks and {s.samples} samples, score {s.score:.3f}"
        if s.method == "prevalence"
        else f"falls as DNA rises, score {s.score:.3f}"
    )
    shown = [f"{name} ({'; '.join(map(words, found))})" for name, found in held.items()]
    names = ", ".join(f'"{name}"' for name in list(held)[:3])
    yield _finding(
        one.assay, "reads_contaminants",
        f"{len(held)} species look as if they came with the reagents (decontam's scores below {cohort.THRESHOLD:g}): "
        f"{listing(shown, MOST)}. They are still in the tables.",
        f"if they are contaminants, leave them out: exclude = [{names}{', …' if len(held) > 3 else ''}]",
        species=len(held),
    )  # fmt: skip
