"""Ids: who has no data, which data have no sample, and ids that almost match (told, never matched)."""

from __future__ import annotations

from collections.abc import Iterator

from commensal.checks.words import singular
from commensal.errors import listing
from commensal.study import LoadedStudy, lookalikes
from commensal.tables import Finding, Severity


def _hint(pairs: list[tuple[str, str]]) -> str:
    if not pairs:
        return ""
    shown = listing([f"{theirs!r} is not {ours!r}" for ours, theirs in pairs], 3)
    count = "1 pair of ids almost matches" if len(pairs) == 1 else f"{len(pairs)} pairs of ids almost match"
    return f" {count} ({shown}); ids are only ever matched exactly."


def assay_ids(loaded: LoadedStudy) -> Iterator[Finding]:
    """Name samples without data and data without samples, assay by assay."""
    for name, match in loaded.matches.items():
        pairs = lookalikes(match.samples_without_data, match.data_without_samples)
        total = len(match.matched) + len(match.samples_without_data)
        if match.data_without_samples:
            # Ids on both sides that found no partner are a mismatch; on one side they are data that nobody uses.
            yield _ids(
                "data_without_samples",
                "warning",
                name,
                f"no row among the samples for {len(match.data_without_samples)} of "
                f"{len(match.matched) + len(match.data_without_samples)} ids in the table: "
                f"{listing(match.data_without_samples, 6)}.{_hint(pairs)}",
                "correct the ids in one of the two files, or leave it: they are not used",
                {
                    "data_without_samples": len(match.data_without_samples),
                    "matched": len(match.matched),
                    "look_alikes": len(pairs),
                },
            )
        if match.samples_without_data:
            yield _ids(
                "samples_without_data",
                "warning" if pairs else "note",
                name,
                f"no data here for {singular(len(match.samples_without_data), 'sample')} of {total}: "
                f"{listing(match.samples_without_data, 6)}.{'' if match.data_without_samples else _hint(pairs)}",
                "nothing needed if they were not measured; otherwise correct the ids",
                {
                    "samples_without_data": len(match.samples_without_data),
                    "matched": len(match.matched),
                    "look_alikes": len(pairs),
                },
            )


def _ids(code: str, severity: Severity, assay: str, message: str, mend: str, counts: dict[str, int]) -> Finding:
    return Finding(
        code,
        severity,
        f"assay {assay}",
        message,
        mend,
        assay=assay,
        counts={key: float(n) for key, n in counts.items()},
    )


def specimens(loaded: LoadedStudy) -> Iterator[Finding]:
    """Find data under the id of a sample of another specimen, and assays that mix specimens."""
    samples = loaded.samples
    for name, table in loaded.assays.items():
        here = samples.loc[[sample for sample in table.samples if sample in samples.index]]
        if table.assay.specimen is not None:
            other = here[(here["specimen"] != table.assay.specimen).fillna(True).to_numpy(dtype=bool)]
            if len(other):
                kinds = sorted(set(other["specimen"].dropna()))
                yield _ids(
                    "specimen_mismatch",
                    "warning",
                    name,
                    f"{singular(len(other), 'sample')} with data, {listing(kinds) or 'of no specimen'} and not "
                    f"{table.assay.specimen} in the samples table, left out here: {listing(other.index, 6)}.",
                    "correct the specimen of these samples, or `specimen` of the assay",
                    {"samples": len(other)},
                )
        elif here["specimen"].nunique() > 1:
            yield _ids(
                "specimens_mixed",
                "warning",
                name,
                f"samples of {here['specimen'].nunique()} specimens "
                f"({listing(sorted(set(here['specimen'].dropna())))}) lie in one table.",
                f"name the specimen in [assays.{name}], one assay per specimen",
                {"specimens": int(here["specimen"].nunique())},
            )


def subjects(loaded: LoadedStudy) -> Iterator[Finding]:
    """Subjects that no comparison uses."""
    unused = loaded.unused_subjects
    if unused:
        yield Finding(
            "subjects_unused",
            "note",
            "subjects",
            f"no sample for {singular(len(unused), 'subject')} of {len(loaded.subjects)}: {listing(unused, 6)}.",
            "nothing needed if they were not measured; otherwise correct the ids",
            counts={"subjects_unused": float(len(unused)), "subjects": float(len(loaded.subjects))},
        )


def other_tables(loaded: LoadedStudy) -> Iterator[Finding]:
    """Name subjects of the other tables that are not among the samples, and the other way round."""
    ours = [str(name) for name in loaded.samples["subject"].unique()]
    for table, frame in (("phenotypes", loaded.phenotypes), ("events", loaded.events)):
        if frame is None:
            continue
        strangers = [lost.name for lost in loaded.dropped if lost.what == "subject" and lost.where == f"table {table}"]
        if not strangers:
            continue
        known = {str(name) for name in frame["subject"].dropna()}
        pairs = lookalikes([name for name in ours if name not in known], strangers)
        yield Finding(
            "rows_without_subject",
            "warning",
            f"table {table}",
            f"neither among the samples nor the subjects: {len(strangers)} of {len(known) + len(strangers)} "
            "subjects of this "
            f"table, whose rows are left out ({listing(strangers, 6)}).{_hint(pairs)}",
            "correct the ids in one of the two files",
            counts={
                "strangers": float(len(strangers)),
                "matched": float(len(known)),
                "look_alikes": float(len(pairs)),
            },
        )
    if loaded.unlisted_subjects:
        unlisted = loaded.unlisted_subjects
        pairs = lookalikes(unlisted, loaded.unused_subjects)
        yield Finding(
            "subjects_unlisted",
            "warning",
            "table subjects",
            f"no row in the subjects table for {len(unlisted)} of {len(ours)} subjects with samples: "
            f"{listing(unlisted, 6)}.{_hint(pairs)}",
            "add their rows, or correct the ids in one of the two files",
            counts={"subjects": float(len(unlisted)), "look_alikes": float(len(pairs))},
        )
