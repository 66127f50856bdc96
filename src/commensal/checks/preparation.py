"""Tables of molecules: what was done to them, filled-in minima, forgotten standards, runs that go with the groups."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.checks.context import Context
from commensal.errors import listing
from commensal.study import AssayTable, LoadedStudy, Preparation
from commensal.tables import Finding

#: Share of all values at a minimum that samples share, above which they are hardly measured.
FILLED = 0.02
#: How far the two sides' places in the run may be from mixed: |P(a case comes later) − ½|.
APART = 0.25
#: Words in a feature's name that say it was added to every sample.
STANDARDS = ("(is)", "internal standard", "[is]", "(istd)", "istd_", "isotope labeled standard")


def tied_minima(loaded: LoadedStudy) -> Iterator[Finding]:
    """Name tables in which the smallest value of a feature is often that of several samples: filled in."""
    for name, table in loaded.assays.items():
        record = loaded.preparation.get(name)
        if table.assay.kind != "metabolites" or (record is not None and record.tied):
            continue
        values = _own_values(loaded, table)
        tied, known = _tied(values), int((~np.isnan(values)).sum())
        if not known or tied.sum() <= FILLED * known:
            continue
        features = int(tied.any(axis=0).sum())
        yield Finding(
            "filled_minimum",
            "warning",
            f"assay {name}",
            f"{tied.sum() / known:.0%} of the values sit at a smallest value that several samples share, in {features} "
            f"of {values.shape[1]} features: they look filled in, not measured. As they are, they count as measured, "
            "and whatever is filled in varies too little.",
            f'say what they are: [assays.{name}.prepare] tied_minimum = "below_detection"',
            assay=name,
            counts={"values": float(tied.sum()), "features": float(features), "share": float(tied.sum() / known)},
        )


def _own_values(loaded: LoadedStudy, table: AssayTable) -> NDArray[np.float64]:
    role = loaded.samples["role"].to_dict()
    own = np.array([role.get(sample) == "sample" for sample in table.samples], bool)
    return np.asarray(table.values[own])


def _tied(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether a value is the smallest above 0 of its feature and not alone, (n, m); constant features are not."""
    known = np.where(np.isnan(values) | (values == 0), np.inf, values)
    lowest = known.min(axis=0, initial=np.inf)
    at = (known == lowest) & np.isfinite(lowest)
    varies = (np.isfinite(known) & ~at).any(axis=0)
    return np.asarray(at & (at.sum(axis=0) > 1) & varies)


def forgotten_standards(loaded: LoadedStudy) -> Iterator[Finding]:
    """Name features that look like internal standards and are still among the molecules."""
    for name, table in loaded.assays.items():
        if table.assay.kind != "metabolites":
            continue
        labels = table.features["label"].astype(str)
        found = [label for label in labels if any(word in label.lower() for word in STANDARDS)]
        if found:
            yield Finding(
                "standards_among_molecules",
                "warning",
                f"assay {name}",
                f"{len(found)} features look like internal standards, the same amount added to every sample: "
                f"{listing(found, 6)}. They are tested like molecules.",
                f'divide by them: [assays.{name}.prepare] internal_standards = ["…"]; or leave them out: '
                'exclude = ["…"]',
                assay=name,
                counts={"features": float(len(found))},
            )


def preparations(loaded: LoadedStudy) -> Iterator[Finding]:
    """Say what was done to each prepared table, with the figures before and after, and what went wrong."""
    for name, record in loaded.preparation.items():
        where = f"assay {name}"
        yield Finding(
            "prepared", "note", where, _told(record), "the figures before and after each step are on the page",
            assay=name, counts={"steps": float(len(record.steps) - 1), "below": float(record.below)},
        )  # fmt: skip
        yield from _worse(record, where)
        if record.uncontrolled:
            yield Finding(
                "drift_without_controls", "warning", where,
                f"{record.uncontrolled} features have fewer than 5 pooled controls with a value in a batch: "
                "their drift "
                "there was not followed, at most their level was.",
                "read these with care; max_rsd cannot judge them either",
                assay=name, counts={"features": float(record.uncontrolled)},
            )  # fmt: skip
        if record.filled:
            yield Finding(
                "filled_in", "warning", where,
                f"{record.below} values below detection ({record.below / max(record.values, 1):.0%}) were filled in by "
                f"{record.filled}: tests take them for measured, so intervals are too short and p too small.",
                'below_detection = "censored" needs no fill-in',
                assay=name, counts={"values": float(record.below)},
            )  # fmt: skip


def _told(record: Preparation) -> str:
    parts = [step.said for step in record.steps[1:]]
    first, last = (_middle(record.steps[at].rsd) for at in (0, -1))
    text = "; ".join(parts) if parts else "nothing was divided or taken off"
    if np.isfinite(first) and np.isfinite(last):
        text += f". Median relative standard deviation over pooled controls: {first:.0%} as measured, {last:.0%} now"
    if record.below:
        text += f". {record.below / max(record.values, 1):.0%} of the values lie below detection"
        text += f" ({record.tied} at a smallest value that samples share)" if record.tied else ""
    gone = sum(n for _, n in record.removed)
    text += f". {gone} features left" if gone else ""
    return text[:1].upper() + text[1:] + "."


def _worse(record: Preparation, where: str) -> Iterator[Finding]:
    for before, after in zip(record.steps[:-1], record.steps[1:], strict=True):
        first, last = _middle(before.rsd), _middle(after.rsd)
        if len(before.rsd) == len(after.rsd) and last > first * 1.02:
            yield Finding(
                "preparation_worse", "warning", where,
                f"the step {after.name!r} raised the median relative standard deviation over pooled controls from "
                f"{first:.1%} to {last:.1%}.",
                "leave the step out, or look whether its column, features or batches are the right ones",
                assay=record.assay, counts={"before": first, "after": last},
            )  # fmt: skip


def _middle(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else float("nan")


def run_by_side(context: Context) -> Iterator[Finding]:
    """Warn where one side was measured before the other, or in batches of its own: drift and label go together."""
    plan = context.assay.assay.prepare
    if plan is None:
        return
    case = context.case
    if plan.order and plan.order in context.frame:
        order = pd.to_numeric(context.frame[plan.order], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        a, b = order[case & np.isfinite(order)], order[~case & np.isfinite(order)]
        if len(a) and len(b):
            later = float((a[:, None] > b[None, :]).mean() + 0.5 * (a[:, None] == b[None, :]).mean())
            if abs(later - 0.5) > APART:
                yield _finding(
                    context, "order_confounded",
                    f"the run's order goes with the groups: a sample of {context.names[0]} comes after one of "
                    f"{context.names[1]} in {later:.0%} of the pairs (half, if they were mixed). What drift is "
                    "left after "
                    "correction is a difference between them.",
                    "randomise the order of the run; here, trust only what is far larger than the drift that "
                    "was taken off",
                    {"later": later},
                )  # fmt: skip
    if plan.batch and plan.batch in context.frame:
        batch = context.frame[plan.batch].astype("string").fillna("").to_numpy(dtype=object)
        alone = [one for one in dict.fromkeys(batch) if len(set(case[batch == one])) == 1]
        share = float(np.isin(batch, alone).mean()) if alone else 0.0
        if share > 0.5 and len(set(batch)) > 1:
            shift = (
                "; moving batches to one median takes the groups' own difference away"
                if plan.drift == "batch_median"
                else ""
            )
            yield _finding(
                context, "batch_confounded",
                f"{share:.0%} of the samples are in batches that hold one side only "
                f"({listing(map(str, alone), 6)}): batch "
                f"and label cannot be told apart there{shift}.",
                "spread both sides over the batches; with pooled controls in every batch use drift = \"qc_loess\"",
                {"share": share},
            )  # fmt: skip


def _finding(context: Context, code: str, message: str, mend: str, counts: dict[str, float]) -> Finding:
    return Finding(
        code, "warning", f"contrast {context.contrast.name} × assay {context.assay.name}", message, mend,
        contrast=context.contrast.name, assay=context.assay.name, counts=counts,
    )  # fmt: skip
