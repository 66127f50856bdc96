"""What QIIME 2's plugins run beside ours, on the same real people and in one go: ``make bench-qiime``.

QIIME 2 is no package of PyPI and is never installed by this project. Debian and Ubuntu have it::

    apt-get install --no-install-recommends qiime q2cli q2-types q2-feature-table q2-diversity-lib

``QIIME2_PYTHON`` names its Python, ``/usr/bin/python3`` when not given. One thread and processor seconds on both sides.
"""
# ruff: noqa: E402  threads are set before numpy reads how many there may be

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from harness import absent, keep
from scipy.stats import binomtest, ttest_1samp

import commensal
from commensal import stats
from commensal.questions.comparison import compare

ROOT = Path(__file__).parents[1]
PEER = Path(__file__).with_name("qiime_peer.py")
INSTALL = "apt-get install --no-install-recommends qiime q2cli q2-types q2-feature-table q2-diversity-lib"
#: Permutations of the comparison that is timed, and of each of the shuffles.
MANY, FEW = 9999, 199
NOMINAL, JUDGE = 0.05, 0.01
#: Sums in another order: the last bits of float64. QIIME 2 computes UniFrac in float32.
SAME, SINGLE = 1e-9, 1e-6
#: Monte-Carlo errors of a difference of two p, and of means of rarefied tables, that are let pass.
ERRORS = 4.0
#: statsmodels stops where its optimiser is content: effects in standard errors, and relative standard errors of
#: generalised least squares at its variances.
EFFECT, SE = 1e-3, 1e-3
#: Responses of the mixed model under shuffles: Shannon's entropy and the most widespread genera.
CHOSEN = 10


def lineage_tree(names: list[str]) -> str:
    """Return a tree in which each rank of a lineage is a branch of length 1; tips are t0, t1 …"""
    root: dict = {}
    for j, name in enumerate(names):
        node = root
        for rank in name.split(";"):
            node = node.setdefault(rank, {})
        node[f"t{j}"] = None

    def text(node: dict) -> str:
        return ",".join((key if below is None else f"({text(below)})") + ":1" for key, below in node.items())

    return f"(({text(root)}):1,rest:1);"


def read(data: Path, name: str, shuffles: int) -> dict[str, object]:
    """One cohort as arrays: counts, label, blocks, distances, and its labels rearranged as its design allows."""
    loaded = commensal.load(ROOT / "examples" / name / "study.toml", data / name)
    (question,) = loaded.declared.questions.values()
    comparison = compare(loaded, question, "taxa")
    assay = loaded.assays["taxa"]
    rows = [assay.samples.index(one) for one in comparison.samples]
    counts = np.asarray(assay.values, float)[rows]
    label = np.asarray(comparison.label, float)
    block = np.unique(np.asarray(comparison.block, dtype=str), return_inverse=True)[1]
    labels = stats.permutations(label, block=block, n=shuffles, seed=2016).labels[:shuffles]
    return {
        "counts": counts,
        "case": label,
        "block": block,
        "features": list(assay.features.index.astype(str)),
        "samples": loaded.samples.loc[list(comparison.samples)] if "age" in loaded.samples else None,
        "distance": stats.bray_curtis(counts / counts.sum(axis=1, keepdims=True)),
        "shuffles": np.asarray(labels, float),
    }


def timed(work):
    """Processor seconds, and what it gave."""
    began = time.process_time()
    made = work()
    return time.process_time() - began, made


def same(ours, theirs) -> float:
    """Largest difference, as a share of the largest value."""
    one, two = np.asarray(ours, float), np.asarray(theirs, float)
    return float(np.abs(one - two).max() / np.abs(two).max())


def diversity(jacobs: dict, tree: str, depth: int, peer: dict) -> dict[str, float]:
    """Differences of diversity; of expected richness, in Monte-Carlo errors of QIIME 2's rarefied tables."""
    counts, names = jacobs["counts"], [f"t{j}" for j in range(jacobs["counts"].shape[1])]
    observed = [float(stats.rarefied_richness(row[None], row.sum())[0]) for row in counts]
    drawn = np.asarray(peer["rarefied"], float)
    means, variances = drawn.mean(axis=0), drawn.var(axis=0, ddof=1) / len(drawn)
    expected = stats.rarefied_richness(counts, depth)
    kept = np.isfinite(expected) & np.isfinite(means)
    return {
        "shannon": same(stats.shannon(counts) / np.log(2), peer["shannon"]),
        "observed": same(observed, peer["observed"]),
        "faith_pd": same(stats.faith_pd(counts, names, tree), peer["faith_pd"]),
        "bray_curtis": same(stats.bray_curtis(counts), peer["bray_curtis"]),
        "unweighted_unifrac": same(stats.unifrac(counts, names, tree, weighted=False), peer["unweighted_unifrac"]),
        "weighted_unifrac": same(stats.unifrac(counts, names, tree, weighted=True), peer["weighted_unifrac"]),
        "richness_in_errors": float(abs((expected - means)[kept].sum()) / np.sqrt(variances[kept].sum())),
        "richness_samples": int(kept.sum()),
    }


def permanova(cohort: dict, peer: dict) -> dict[str, object]:
    """F and p without and with blocks, and the null rates of both under the design's own shuffles."""
    d, label, block = cohort["distance"], cohort["case"], cohort["block"]
    seconds, free = timed(lambda: stats.permanova(d, label, permutations=stats.permutations(label, n=MANY)))
    blocked = stats.permanova(d, label, permutations=stats.permutations(label, block=block, n=MANY))
    null = [
        stats.permanova(d, one, permutations=stats.permutations(one, block=block, n=FEW, seed=i)).p
        for i, one in enumerate(cohort["shuffles"])
    ]
    spread = np.sqrt(2 * free.p * (1 - free.p) / MANY)
    return {
        "samples": len(label),
        "blocks": len(set(block.tolist())),
        "f": free.f,
        "relative_difference_of_f": abs(free.f / peer["f"] - 1),
        "p_free": free.p,
        "qiime_p": peer["p"],
        "p_difference_in_errors": abs(free.p - peer["p"]) / spread if spread > 0 else 0.0,
        "p_in_blocks": blocked.p,
        "seconds": round(seconds, 3),
        "qiime_seconds": round(peer["seconds"], 3),
        "times_faster": round(peer["seconds"] / seconds, 1),
        "null": {"commensal": rate(null), "QIIME 2": rate(peer["null"])},
    }


def rate(p) -> dict[str, float]:
    """Share of shuffles with p ≤ 0.05, and exact one-sided p of its being too large."""
    hits = int((np.asarray(p) <= NOMINAL + 1e-12).sum())
    return {"rate": hits / len(p), "p_too_large": binomtest(hits, len(p), NOMINAL, alternative="greater").pvalue}


def responses(kostic: dict) -> np.ndarray:
    """Shannon's entropy, and log10 shares of the genera that a fifth of the samples have, the most widespread first."""
    counts = kostic["counts"]
    seen = (counts > 0).mean(axis=0)
    order = [j for j in np.argsort(-seen, kind="stable") if seen[j] >= 0.2]
    logs = np.log10((counts[:, order] + 0.5) / counts.sum(axis=1, keepdims=True))
    return np.column_stack([stats.shannon(counts) / np.log(2), logs])


def mixed(kostic: dict, y: np.ndarray, age: np.ndarray, peer: dict) -> dict[str, object]:
    """The model of linear-mixed-effects fitted by both: differences, seconds, and null rates of the group's p."""
    infant = kostic["block"]

    def fitted(columns: np.ndarray, label: np.ndarray, contrast: list[float]):
        x = np.column_stack([np.ones(len(label)), age, label, age * label])
        return stats.mixed(columns, x, contrast, infant)

    fitted(y, kostic["case"], [0, 0, 1, 0])  # compiled now
    seconds, group = timed(lambda: fitted(y, kostic["case"], [0, 0, 1, 0]))
    slope = fitted(y, kostic["case"], [0, 0, 0, 1])
    differences: dict[str, list[float]] = {"effect": [], "se": [], "gls": []}
    statuses: dict[str, int] = {}
    for j, other in enumerate(peer["fits"]):
        statuses[other["status"]] = statuses.get(other["status"], 0) + 1
        if other["status"] != "ok" or group.status[j] != "ok":
            continue
        for fit, effect, se, gls in zip((group, slope), other["effect"], other["se"], other["gls"], strict=True):
            differences["effect"].append(abs(fit.effect[j] - effect) / fit.se[j])
            differences["se"].append(abs(se / fit.se[j] - 1))
            differences["gls"].append(abs(gls / fit.se[j] - 1))
    ours = [(fitted(y[:, :CHOSEN], one, [0, 0, 1, 0]).p <= NOMINAL).mean() for one in kostic["shuffles"]]
    shares = [[one["p"][0] <= NOMINAL for one in row if "p" in one] for row in peer["null"]]
    theirs = [float(np.mean(row)) for row in shares if row]
    failed = sum("p" not in one for row in peer["null"] for one in row)
    return {
        "samples": len(age),
        "infants": len(set(infant.tolist())),
        "features": y.shape[1],
        "compared": len(differences["se"]) // 2,
        "qiime_fits": statuses,
        "boundary": int((group.status == "boundary").sum()),
        "effect_in_se": {"median": float(np.median(differences["effect"])), "largest": max(differences["effect"])},
        "relative_se": {"median": float(np.median(differences["gls"])), "largest": max(differences["gls"])},
        "relative_se_as_shown": {"median": float(np.median(differences["se"])), "largest": max(differences["se"])},
        "seconds": round(seconds, 4),
        "qiime_seconds": round(peer["seconds"], 2),
        "times_faster": round(peer["seconds"] / seconds),
        "null": {"commensal": share(ours), "QIIME 2": share(theirs), "qiime_fits_without_p": failed},
    }


def share(values) -> dict[str, float]:
    """Mean over shuffles of the share of responses with p ≤ 0.05, and one-sided p of its being too large."""
    p = ttest_1samp(values, NOMINAL, alternative="greater").pvalue
    return {"rate": float(np.mean(values)), "p_too_large": float(p)}


def ask(folder: Path) -> dict | None:
    """Run QIIME 2's side; None where it is not there."""
    python = os.environ.get("QIIME2_PYTHON", "/usr/bin/python3")
    plugins = "import qiime2, statsmodels; from qiime2.plugins import diversity_lib, feature_table"
    known = subprocess.run([python, "-c", plugins], check=False, capture_output=True, cwd=folder).returncode == 0
    if not known:
        return None
    subprocess.run([python, str(PEER), str(folder)], check=True, cwd=folder, stdout=subprocess.DEVNULL)
    return json.loads((folder / "peer.json").read_text())


def failures(figures: dict) -> list[str]:
    """What does not agree, in words."""
    limits = {"richness_in_errors": ERRORS, "unweighted_unifrac": SINGLE, "weighted_unifrac": SINGLE}
    told = [
        f"{name} differs by {value:g}"
        for name, value in figures["diversity"].items()
        if name != "richness_samples" and not value <= limits.get(name, SAME)
    ]
    for name in ("jacobs2016", "kostic2015"):
        one = figures[name]
        told += [f"F of {name} differs"] if one["relative_difference_of_f"] > SAME else []
        told += [f"p of {name} differs"] if one["p_difference_in_errors"] > ERRORS else []
        told += [f"null rate of {name}"] if one["null"]["commensal"]["p_too_large"] < JUDGE else []
    one = figures["mixed"]
    told += ["effects of mixed models"] if one["effect_in_se"]["largest"] > EFFECT else []
    told += ["standard errors of mixed models"] if one["relative_se"]["largest"] > SE else []
    told += ["null rate of mixed models"] if one["null"]["commensal"]["p_too_large"] < JUDGE else []
    return told


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--shuffles", type=int, default=1000)
    chosen = parser.parse_args()
    for name in ("jacobs2016", "kostic2015"):
        if not (chosen.data / name).is_dir():
            return absent("qiime", f"no {chosen.data / name}")
    jacobs, kostic = (read(chosen.data, name, chosen.shuffles) for name in ("jacobs2016", "kostic2015"))
    tree, depth = lineage_tree(jacobs["features"]), int(stats.even_depth(jacobs["counts"].sum(axis=1)))
    age = kostic["samples"]["age"].to_numpy(float) / 365.25
    age, y = age - age.mean(), responses(kostic)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "tree.nwk").write_text(tree)
        more = {"jacobs2016": {"depth": depth}, "kostic2015": {"y": y, "age": age, "chosen": np.arange(CHOSEN)}}
        for cohort, own in (("jacobs2016", jacobs), ("kostic2015", kostic)):
            arrays = {key: own[key] for key in ("counts", "case", "distance", "shuffles")}
            np.savez(folder / f"{cohort}.npz", **arrays, infant=own["block"], many=MANY, few=FEW, **more[cohort])
        peer = ask(folder)
    if peer is None:
        return absent("qiime", f"no QIIME 2 with its plugins; as root: {INSTALL}")
    figures = {
        "peers": peer["versions"],
        "shuffles": chosen.shuffles,
        "permutations": MANY,
        "permutations_of_shuffles": FEW,
        "diversity": diversity(jacobs, tree, depth, peer["diversity"]),
        "jacobs2016": permanova(jacobs, peer["jacobs2016"]),
        "kostic2015": permanova(kostic, peer["kostic2015"]),
        "mixed": mixed(kostic, y, age, peer["mixed"]),
    }
    keep("qiime", figures)
    print(json.dumps(figures, indent=1))
    wrong = failures(figures)
    times = figures["kostic2015"]["times_faster"], figures["mixed"]["times_faster"]
    print(f"qiime: PERMANOVA {times[0]:g} ×, mixed models {times[1]:,} × as fast; {len(wrong)} things differ (goal 0)")
    for one in wrong:
        print(f"  {one}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
