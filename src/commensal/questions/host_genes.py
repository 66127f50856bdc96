"""Every gene, case against control: DESeq2 where samples stand alone, moderated linear models where units share."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal import stats
from commensal.questions.comparison import BETWEEN, OVERALL, WITHIN
from commensal.questions.host_units import Columns, Layout
from commensal.questions.rows import feature_frame, with_q
from commensal.stats._deseq import deseq
from commensal.tables import ALL, estimates

MODEL = "expression"
UNIT = "log2 fold change"
Array = NDArray[np.float64]
Texts = NDArray[np.object_]


def gene_rows(layout: Layout, columns: list[Columns]) -> pd.DataFrame:
    """Return Estimates of every gene in every term, with q; before them a row that says how they were compared."""
    frames = []
    for one in columns:
        wald = layout.counts and one.term == OVERALL
        tests, told = (_counted if wald else _linear)(layout, one)
        rows = feature_frame(layout.rows, tests)
        if one.n_blocks is not None:
            rows["n_blocks"] = one.n_blocks
        frames += [_model_row(layout, one, tests, told), rows]
    frame = estimates(pd.concat(frames, ignore_index=True))
    samples = layout.samples.counts()
    for name in ("n", "n_case", "n_control"):
        frame[name] = pd.array(np.full(len(frame), samples[name], dtype=np.int64), dtype="Int64")
    genes = frame["model"] == MODEL
    return pd.concat([frame[~genes], with_q(frame[genes], layout.rows, "genes")]).sort_index()


def _present(layout: Layout) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which genes have any value above 0, and which are present in samples enough."""
    values = layout.samples.values
    seen = np.nan_to_num(values) > 0 if layout.counts else np.isfinite(values)
    least = max(layout.samples.question.min_prevalence * len(values), 2)
    return np.asarray(seen.any(axis=0)), np.asarray(seen.sum(axis=0) >= least)


def _counted(layout: Layout, one: Columns) -> tuple[stats.FeatureTests, list[str]]:
    """Test raw counts by DESeq2's Wald test."""
    m = layout.samples.values.shape[1]
    present, often = _present(layout)
    missing = np.isnan(layout.samples.values).any(axis=0)
    tested = often & ~missing
    fit = None
    status, note = np.full(m, "below_prevalence", dtype=object), np.full(m, "", dtype=object)
    status[~present] = "all_zero"
    status[missing], note[missing] = "not_measured", "counts are missing for some samples"
    arrays = {name: np.full(m, np.nan) for name in ("effect", "se", "statistic", "p", "low", "high")}
    told: list[str] = []
    if tested.any():
        fit = deseq(layout.samples.values[:, tested], one.x, one.contrast, level=layout.samples.question.level)
        for name, array in arrays.items():
            array[tested] = getattr(fit, name)
        status[tested], note[tested] = fit.status, fit.note
        told += fit.told
        _say_separated(layout, note)
    return _tests(layout, one, "Wald", arrays, status, note), [
        "negative binomial model of raw counts (DESeq2), Wald test",
        *([f"covariates: {', '.join(layout.rows.covariate_names)}"] if layout.rows.covariate_names else []),
        *told,
    ]


def _say_separated(layout: Layout, note: Texts) -> None:
    """Say of genes without reads on one side that their fold change has no known size."""
    values, case = layout.samples.values, layout.samples.case
    above = np.nan_to_num(values) > 0
    for side, here in (("case", case), ("control", ~case)):
        for j in np.flatnonzero(above.any(axis=0) & ~above[here].any(axis=0)):
            words = f"no reads in any {side} sample: the size of the fold change is not known"
            note[j] = f"{note[j]}; {words}" if note[j] else words


def _linear(layout: Layout, one: Columns) -> tuple[stats.FeatureTests, list[str]]:
    """Test logarithms by least squares with moderated variances (limma's): whole units, or inside blocks."""
    m = layout.log2.shape[1]
    present, often = _present(layout)
    tested = layout.enough & often
    status, note = (
        np.full(m, "low_counts" if layout.counts else "not_measured", dtype=object),
        np.full(m, "", dtype=object),
    )
    status[~often] = "below_prevalence"
    if layout.counts:
        status[~present] = "all_zero"
    arrays = {name: np.full(m, np.nan) for name in ("effect", "se", "statistic", "p", "low", "high", "df")}
    told = [_way(layout, one)]
    if tested.any():
        level = layout.samples.question.level
        fit = stats.moderated(stats.linear(one.y[:, tested], one.x, one.contrast, level=level), level=level)
        for name, array in arrays.items():
            array[tested] = getattr(fit, name)
        status[tested], note[tested] = fit.status, fit.note
        if one.single:
            # the effect stays: it is the units' difference, whatever else they differ in
            status[tested], note[tested] = "one_cage", ""
            arrays["effect"][tested] = one.contrast @ np.linalg.lstsq(one.x, one.y[:, tested], rcond=None)[0]
        if one.term == WITHIN and (one.n_blocks or 0) < 2:
            status[tested & (status == "ok")] = "too_few"
        bare = ~np.isin(status, ["ok", "boundary"])
        for name in ("p", "low", "high"):
            arrays[name][bare] = np.nan
    return _tests(layout, one, "t, moderated", arrays, status, note), told


def _way(layout: Layout, one: Columns) -> str:
    scale = "log2 counts per million" if layout.counts else "logarithms"
    unit = layout.averaged or layout.rows.block_name or "unit"
    moderated = "least squares with moderated variances"
    if one.term == OVERALL:
        return f"{moderated} on {scale}"
    why = ": DESeq2 has no place for units that share" if layout.counts else ""
    if one.term == BETWEEN and layout.rows.block is None:
        return f"{moderated} on means of {scale} per {unit}, each {unit} counted once{why}"
    if one.term == BETWEEN:
        return f"{moderated} on means of {scale} per {layout.rows.block_name}"
    mean = f"means of {scale} per {layout.averaged}" if layout.averaged else scale
    return f"{moderated} on {mean}, inside each {layout.rows.block_name}{why}"


def _tests(
    layout: Layout, one: Columns, test: str, arrays: dict[str, Array], status: Texts, note: Texts
) -> stats.FeatureTests:
    m = status.size
    zeros = np.zeros(m, dtype=np.int64)
    df = arrays.get("df", np.full(m, np.nan))
    return stats.FeatureTests(
        model=MODEL, term=one.term, unit=UNIT, test=test,
        effect=arrays["effect"], se=arrays["se"], df=df, statistic=arrays["statistic"], p=arrays["p"],
        q=np.full(m, np.nan), low=arrays["low"], high=arrays["high"], status=status, note=note,
        n=zeros + len(layout.samples.samples), n_case=zeros + int(layout.samples.case.sum()),
        n_blocks=zeros + (one.n_blocks or 0), n_permutations=zeros,
        direction=np.sign(np.nan_to_num(arrays["effect"])).astype(np.int64),
    )  # fmt: skip


def _model_row(layout: Layout, one: Columns, tests: stats.FeatureTests, told: list[str]) -> pd.DataFrame:
    """Say on one row how the genes of a term were compared, and how many were."""
    tested = int(np.isfinite(tests.p).sum())
    row = {
        **layout.rows.identity(), "feature": ALL, "model": "expression model", "term": one.term,
        "effect": float(tested), "unit": "genes tested", "n_blocks": one.n_blocks,
        "status": "ok" if tested else "too_few", "note": "; ".join(told),
    }  # fmt: skip
    return pd.DataFrame([row])
