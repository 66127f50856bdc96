"""Raw counts of transcripts by DESeq2's negative binomial model, as pydeseq2 has it, with a status for every gene."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from commensal.errors import StatisticsError
from commensal.stats._arrays import Floats
from commensal.stats.fits import Texts

#: The level at which independent filtering maximises the number of genes found.
ALPHA = 0.05
_FAILS = (ValueError, ArithmeticError, IndexError, KeyError, np.linalg.LinAlgError)


@dataclass(frozen=True, slots=True)
class CountsFit:
    """One contrast of m genes; missing is NaN, and `status` says why."""

    mean: Floats  # (m,) mean of the counts over size factors
    effect: Floats  # (m,) log2 fold change per unit of the contrast
    se: Floats  # (m,)
    statistic: Floats  # (m,) effect / se, standard normal under the null
    p: Floats  # (m,)
    low: Floats  # (m,)
    high: Floats  # (m,)
    status: Texts  # (m,) ok | all_zero | low_counts | outlier | not_converged | too_few | rank_deficient
    note: Texts  # (m,)
    told: tuple[str, ...]  # what the fit as a whole had to say


def deseq(counts: Floats, x: Floats, contrast: Floats, *, level: float = 0.95) -> CountsFit:
    """Fit counts (n, m) on columns x (n, k) with the intercept first, and test contrast (k,) by Wald's test.

    DESeq2's steps (Love, Huber & Anders 2014): size factors by median ratios; dispersions by Cox-Reid, drawn towards
    their trend over the mean; coefficients by reweighted least squares; counts with a large Cook's distance replaced
    where their group has 7 samples or more, and otherwise the gene's p withheld (status ``outlier``); genes of a mean
    below the threshold that leaves most genes found have no p (status ``low_counts``: independent filtering).

    Raises
    ------
    StatisticsError
        pydeseq2 cannot fit these counts.
    """
    n, m = counts.shape
    empty = np.full(m, np.nan)
    note = np.full(m, "", dtype=object)
    rank = int(np.linalg.matrix_rank(x))
    zero = ~(counts > 0).any(axis=0)
    if rank < x.shape[1] or n - rank < 1 or zero.all():
        word = "rank_deficient" if rank < x.shape[1] else "too_few"
        status = np.where(zero, "all_zero", word).astype(object)
        none = {name: empty.copy() for name in ("effect", "se", "statistic", "p", "low", "high")}
        return CountsFit(mean=counts.mean(axis=0), **none, status=status, note=note, told=())
    made, told = _fitted(counts[:, ~zero], x, contrast)
    fit: dict[str, Floats] = {}
    for name, column in (("mean", "baseMean"), ("effect", "log2FoldChange"), ("se", "lfcSE"), ("statistic", "stat")):
        fit[name] = empty.copy()
        fit[name][~zero] = made[column].to_numpy(float)
    fit["mean"][zero] = 0.0
    p = empty.copy()
    p[~zero] = made["pvalue"].to_numpy(float)
    status, words = np.full(m, "all_zero", dtype=object), np.full(m, "", dtype=object)
    status[~zero], words[~zero] = made["status"].to_numpy(object), made["note"].to_numpy(object)
    gone = status != "ok"
    p[gone] = np.nan
    lost = np.isin(status, ["all_zero", "not_converged"])
    for name in ("effect", "se", "statistic"):
        fit[name][lost] = np.nan
    from scipy.special import ndtri

    reach = float(ndtri((1 + level) / 2)) * fit["se"]
    reach[gone] = np.nan
    return CountsFit(
        **fit, p=p, low=fit["effect"] - reach, high=fit["effect"] + reach, status=status, note=words, told=told
    )


def _fitted(counts: Floats, x: Floats, contrast: Floats) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Run pydeseq2; return its table with our statuses, and what it warned of."""
    from pydeseq2.dds import DeseqDataSet
    from pydeseq2.ds import DeseqStats

    from commensal.stats._deseq_inference import Batched

    samples = [f"s{i}" for i in range(len(counts))]
    genes = [f"g{j}" for j in range(counts.shape[1])]
    design = pd.DataFrame(x, index=samples, columns=[f"x{k}" for k in range(x.shape[1])])
    ratio = "ratio" if (counts > 0).all(axis=0).any() else "poscounts"
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        try:
            data: Any = DeseqDataSet(
                counts=pd.DataFrame(counts.astype(np.int64), index=samples, columns=genes),
                metadata=pd.DataFrame({"sample": samples}, index=samples), design=design,
                size_factors_fit_type=ratio, refit_cooks=True, quiet=True, inference=Batched(),
            )  # fmt: skip
            data.deseq2()
            tests: Any = DeseqStats(data, contrast=contrast, alpha=ALPHA, quiet=True, inference=Batched())
            tests.summary()
        except _FAILS as error:
            raise StatisticsError(
                "the negative binomial model cannot be fitted to these counts",
                found=" ".join(str(error).split())[:160] or type(error).__name__,
                expected="raw counts of many genes, several samples on each side",
                mend="look at the table: are these raw counts, and are there samples with hardly any?",
            ) from error
    return _judged(data, tests), _told(caught, ratio)


def _judged(data: Any, tests: Any) -> pd.DataFrame:
    frame: pd.DataFrame = tests.results_df.copy()
    status, note = np.full(len(frame), "ok", dtype=object), np.full(len(frame), "", dtype=object)
    filtered = frame["padj"].isna() & frame["pvalue"].notna()
    kept = frame.loc[frame["padj"].notna(), "baseMean"]
    if filtered.any():
        bar = float(kept.min()) if len(kept) else float("nan")
        status[filtered] = "low_counts"
        note[filtered] = [
            f"mean {mean:.3g} reads, below the {bar:.3g} of independent filtering"
            for mean in frame.loc[filtered, "baseMean"]
        ]
    converged = data.var["_LFC_converged"].to_numpy(dtype=object)
    status[[one is False or one is np.False_ for one in converged]] = "not_converged"
    if "refitted" in data.var:
        again = data.var["refitted"].to_numpy(bool)
        note[again] = [
            _joined(old, "an outlying count (Cook's distance) was replaced by the trimmed mean") for old in note[again]
        ]
    outlier = data.cooks_outlier().to_numpy(bool)
    gone = np.isin(frame.index, getattr(data, "new_all_zeroes_genes", []))
    status[outlier | gone] = "outlier"
    note[gone] = "nothing is left once its outlying count is replaced"
    status[frame["pvalue"].isna().to_numpy() & (status == "ok")] = "not_converged"
    return frame.assign(status=status, note=note)


def _joined(old: str, new: str) -> str:
    return f"{old}; {new}" if old else new


def _told(caught: list[warnings.WarningMessage], ratio: str) -> tuple[str, ...]:
    """Put what pydeseq2 warned of in our words; what is of no consequence is left out."""
    text = " ".join(str(one.message) for one in caught)
    told = []
    if ratio == "poscounts":
        told.append("no gene has reads in every sample: size factors are from the genes that a sample has")
    if "trend curve fitting did not converge" in text:
        told.append("the trend of the dispersions over the mean did not settle: their mean stands in for it")
    if "residual degrees of freedom is less than 3" in text:
        told.append("so few samples that the dispersions' spread is poorly known")
    return tuple(told)
