"""``score``: what a run of a simulated study found and missed of what was planted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from commensal.errors import UsageError
from commensal.pipeline.claims import CLAIMS
from commensal.pipeline.score_claims import judged_claims, judged_lines
from commensal.questions.verdicts import HARMS, HELPS, verdict_of
from commensal.tables import read_claims, read_estimates

#: A feature, candidate or pathway counts as found at this q.
LEVEL = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """What was found and missed.

    Parameters
    ----------
    kind
        What was simulated.
    top
        Whether the claim of the first rank is a planted one; None where no triad was planted or no claim made.
    claims
        Claims that are selected or true, and the first (`score_claims.judged_claims`).
    lines
        Lines of claims against what was planted (`score_claims.judged_lines`).
    questions
        One row per part of a question: ``planted``, ``found``, ``missed``, ``false``, ``of``.
    """

    kind: str
    top: bool | None
    claims: pd.DataFrame
    lines: pd.DataFrame
    questions: pd.DataFrame

    def table(self) -> pd.DataFrame:
        """Return one row per part of a question, and one per line of claims."""
        lines = self.lines.rename(columns={"line": "what", "true": "planted", "supported": "found"})
        lines = lines.assign(question="claims", missed=lines["planted"] - lines["found"], of=lines["not_true"])
        columns = ["question", "what", "planted", "found", "missed", "false", "of"]
        return pd.concat([one[columns] for one in (self.questions, lines) if len(one)] or [self.questions])

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON."""
        frames = {"claims": self.claims, "lines": self.lines, "questions": self.questions}
        plain = {name: json.loads(frame.to_json(orient="records")) for name, frame in frames.items()}
        return {"kind": self.kind, "top_claim_is_planted": self.top, **plain}


def score(folder: Path | str, truth: Path | str | Mapping[str, Any]) -> Score:
    """Compare what a run found with what the simulation planted.

    Parameters
    ----------
    folder
        What ``run`` wrote.
    truth
        The simulation's truth.json, or what it holds.

    Returns
    -------
    Score
        Claims, their lines, and each question's hits and misses.

    Raises
    ------
    UsageError
        The folder holds no estimates, the truth cannot be read or says nothing that can be judged.

    Examples
    --------
    >>> from commensal import score
    >>> score("demo", "demo/study/truth.json").top                       # doctest: +SKIP
    True
    """
    estimates = Path(folder) / "estimates.parquet"
    if not estimates.is_file():
        raise UsageError(
            "this folder holds no estimates", where=str(folder), expected="the folder that `commensal run` wrote"
        )
    planted = truth if isinstance(truth, Mapping) else _read(Path(truth))
    path = Path(folder) / CLAIMS
    found = read_claims(path) if path.is_file() else None
    return scored(read_estimates(estimates), found, planted)


def scored(estimates: pd.DataFrame, claims: pd.DataFrame | None, truth: Mapping[str, Any]) -> Score:
    """Compare estimates and claims in memory with the truth; see `score`."""
    parts = [*_verdicts(estimates, truth), *_classes(estimates, truth), *_candidates(estimates, truth)]
    parts += _features(estimates, truth)
    questions = pd.DataFrame(parts, columns=["question", "what", "planted", "found", "missed", "false", "of"])
    if claims is None or "links" not in truth:
        if questions.empty:
            raise UsageError(
                "the truth says nothing that this run can be judged by",
                found=f"kind {truth.get('kind')!r}",
                expected="the truth.json of the study that was run, of `simulate als`, `animal` or `cohort`",
            )
        return Score(str(truth.get("kind")), None, pd.DataFrame(), judged_lines(_EMPTY, {"links": {}}), questions)
    own = judged_claims(claims, truth)
    top = None if truth.get("triad") is None or own.empty else bool(own.sort_values("rank")["true"].iloc[0])
    return Score(str(truth["kind"]), top, own, judged_lines(claims, truth), questions)


_EMPTY = pd.DataFrame({"line": [], "kind": [], "verdict": []})


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.exists() and not path.is_file():
            raise ValueError("a folder, a pipe or a device")
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise UsageError(
            "the truth cannot be read", where=str(path), found=error,
            expected="truth.json, as `commensal simulate` wrote it beside the study file",
        ) from error  # fmt: skip


def _row(question: str, what: str, planted: int, found: int, false: int, of: int) -> dict[str, Any]:
    """One part: planted, of them found; false ones, of those that nothing was planted in."""
    return {
        "question": question, "what": what, "planted": planted, "found": found, "missed": planted - found,
        "false": false, "of": of,
    }  # fmt: skip


def _verdicts(rows: pd.DataFrame, truth: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Judge verdicts on arms; what is not planted may be called equivalent or inconclusive."""
    planted = {(one["question"], one.get("genotype"), one["arm"], one.get("outcome", one.get("measure"))): one["truth"]
               for one in truth.get("verdicts", ())}  # fmt: skip
    made = []
    own = rows[rows["model"] == "verdict"]
    for kind, part in own.groupby("kind", sort=False):
        hits = of_planted = false = of = 0
        for row in part.to_dict("records"):
            genotype = str(row["term"]).partition(": ")[0] if ": " in str(row["term"]) else None
            keys = [(kind, genotype or one, row["label"], row["measure"]) for one in ("SOD1", None)]
            true = next((planted[key] for key in keys if key in planted), None)
            if true is None or not isinstance(row["note"], str):
                continue
            said = verdict_of(row["note"])
            if true in (HELPS, HARMS):
                of_planted, hits = of_planted + 1, hits + (said == true)
                false += said in (HELPS, HARMS) and said != true
            else:
                of, false = of + 1, false + (said in (HELPS, HARMS))
        if of_planted or of:
            made.append(_row(str(kind), "verdicts", of_planted, hits, false, of))
    return made


def _classes(rows: pd.DataFrame, truth: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Judge classes of taxa; undetermined is a miss, never false. Those of one facility are left out."""
    true = {one["feature"]: one["class"] for one in truth.get("classes", ()) if not one.get("facility")}
    own = rows[(rows["model"] == "class") & rows["feature"].isin(true)]
    if own.empty:
        return []
    known, said = own["feature"].map(true), own["term"]
    changed = known != "neither"
    false = ~said.isin(["undetermined", "neither"]) & (said != known)
    return [_row("course", "classes", int(changed.sum()), int((changed & (said == known)).sum()), int(false.sum()),
                 int((~changed).sum()))]  # fmt: skip


def _candidates(rows: pd.DataFrame, truth: Mapping[str, Any]) -> list[dict[str, Any]]:
    own = rows[rows["model"] == "candidate"]
    if own.empty or "candidates" not in truth:
        return []
    true = {(one["strain"], one["molecule"]) for one in truth["candidates"]}
    said = set(zip(own.loc[own["q"] <= LEVEL, "term"], own.loc[own["q"] <= LEVEL, "label"], strict=True))
    pairs = set(zip(own["term"], own["label"], strict=True))
    return [_row("mediators", "candidates", len(true), len(said & true), len(said - true), len(pairs - true))]


def _features(rows: pd.DataFrame, truth: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Judge single features of people and tissue, by the term that is read first, at q of 5 %."""
    made = []
    planted = pd.DataFrame(truth.get("planted", ()))
    if planted.empty or "feature" not in planted:
        return []
    own = rows[rows["kind"].isin(["cohort", "host"]) & rows["model"].isin(["abundance", "expression"])]
    for (kind, assay), part in own.groupby(["kind", "assay"], sort=False):
        own_rows = (planted["assay"] == assay) & planted["model"].isin(part["model"])
        if "contrast" in planted:
            own_rows &= planted["contrast"].isin(part["contrast"])
        true = set(planted.loc[own_rows, "feature"])
        first = part[part["term"] == part["term"].iloc[0]]
        said = set(first.loc[first["q"] <= LEVEL, "feature"])
        if true:
            made.append(
                _row(str(kind), f"features of {assay}", len(true), len(said & true), len(said - true),
                     len(set(first["feature"]) - true))
            )  # fmt: skip
    return made
