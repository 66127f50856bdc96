"""Reads to species, functions and genes: right and fast, beside sourmash and kraken2 on the same reads and genomes.

Accuracy is that of simulated communities of real genomes. Speed is CPU seconds, which depend little on what else the
machine does, beside the bare parts in the same run. Peers: --sourmash (or SOURMASH, or PATH), and kraken2 on PATH.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
from harness import NOT_MEASURED, absent, keep
from reads_communities import (
    HELD_OUT,
    NOVEL,
    annotated,
    communities,
    compared,
    genomes,
    simulate,
    species,
    true_species,
    with_losses,
)  # fmt: skip
from reads_peers import peers, usage

GOALS = {
    "closed_f1": 0.95, "held_out_strains_f1": 0.95, "novel_and_host_f1": 0.9, "ko_r": 0.999, "gene_presence_f1": 0.95,
    "gene_loss_f1": 0.95, "reads_per_second": 300_000, "mapping_reads_per_second": 40_000, "times_sourmash": 4.0,
    "times_kraken2": 4.0,
}  # fmt: skip
LIMITS = {"closed_l1": 0.03, "held_out_strains_l1": 0.03, "novel_and_host_l1": 0.05, "ko_l1": 0.03, "times_bare": 1.5,
          "memory_mb": 500.0}  # fmt: skip
TIMED = str(Path(__file__).parent / "reads_timed.py")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--pairs", type=int, default=300_000, help="pairs of reads per community")
    parser.add_argument("--speed-pairs", type=int, default=500_000, help="pairs of reads of the timed sample")
    parser.add_argument("--repeats", type=int, default=5, help="communities of each kind")
    parser.add_argument("--runs", type=int, default=3, help="timed runs of each kind")
    parser.add_argument("--more", type=int, default=600, help="random genomes for memory: half, all")
    parser.add_argument("--sourmash", default=os.environ.get("SOURMASH"), help="sourmash's program")
    parser.add_argument("--work", type=Path, help="folder to keep references and reads in, for a second run")
    chosen = parser.parse_args()
    if not (chosen.data / "genomes" / "manifest.tsv").exists():
        return absent("reads", f"no genomes in {chosen.data}")
    with tempfile.TemporaryDirectory() as temporary:
        work = chosen.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        return benchmark(chosen, work)


def benchmark(chosen: argparse.Namespace, work: Path) -> int:
    data = chosen.data
    here, missing = peers(work, chosen.sourmash)
    built = references(data, work, here)
    figures: dict[str, object] = {"build": built, "peers": {peer.name: peer.version for peer in here}}
    figures["communities"] = rows = accuracy(data, work, here, chosen)
    summary = summarised(rows)
    summary |= function(data, work, chosen.pairs) | genes(data, work, chosen.pairs)
    summary |= speed(data, work, here, chosen)
    summary |= memory(work, chosen.more, timed(data, work, chosen.speed_pairs))
    figures["figures"], figures["goals"] = summary, {"at_least": GOALS, "at_most": LIMITS}
    figures["not_measured"] = missing
    figures["settings"] = {key: getattr(chosen, key) for key in ("pairs", "speed_pairs", "repeats", "runs", "more")}
    figures["libraries"] = {name: version(name) for name in ("pysylph", "dnaio", "isal") if find_spec(name)}
    keep("reads", figures)
    show(rows, summary)
    worse = [name for name, goal in GOALS.items() if name in summary and not summary[name] >= goal]
    worse += [name for name, limit in LIMITS.items() if name in summary and not summary[name] <= limit]
    worse += never_worse(summary, here)
    asked = [name for name in (*GOALS, *LIMITS) if name not in summary]
    print(f"reads: short of its goals: {', '.join(worse) or 'none'}; not measured: {', '.join(asked) or 'none'}")
    print(
        f"reads: {summary['reads_per_second']:,.0f} reads/s per core, {summary['times_bare']:.2f} × the bare parts, "
        f"closed set F1 {summary['closed_f1']:.3f} L1 {summary['closed_l1']:.3f} "
        f"(goal 300,000, 1.5 ×, 0.95, 0.03, and {len(GOALS) + len(LIMITS) - 4} more)"
    )
    return 1 if worse else NOT_MEASURED if asked else 0


def references(data: Path, work: Path, here: list) -> dict[str, float]:
    """Build both references for every program; CPU seconds of ours."""
    costs = {}
    for key, left_out in (("all", ()), ("held_out", (*HELD_OUT, *NOVEL))):
        chosen = {name: path for name, path in genomes(data).items() if name not in left_out}
        out = work / f"reference_{key}"
        if not (out / "manifest.json").exists():
            folder = data / "genomes"
            command = ["reference", "build", *chosen.values(), "--out", out, "--taxonomy", folder / "manifest.tsv"]
            cpu, _ = usage([sys.executable, "-m", "commensal", *command, "--annotations", folder / "annotations"])
            costs[f"{key}_cpu_seconds_per_genome"] = cpu / len(chosen)
            (work / f"cost_{key}.json").write_text(json.dumps(costs))
        elif (work / f"cost_{key}.json").exists():
            costs |= json.loads((work / f"cost_{key}.json").read_text())
        size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
        costs[f"{key}_megabytes_per_genome"] = size / 1e6 / len(chosen)
        for peer in here:
            peer.build(key, chosen, species(data))
    return costs


def accuracy(data: Path, work: Path, here: list, chosen: argparse.Namespace) -> list[dict[str, object]]:
    from commensal.reads import open_reference, profile_sample
    from commensal.simulation import mammal

    host = mammal(work / "host.fna", length=3_000_000)
    names, rows = species(data), []
    for community in communities(list(genomes(data)), chosen.pairs, chosen.repeats):
        r1, r2, truth = simulate(community, data, work, host)
        reference = open_reference(work / f"reference_{community.reference}")
        facts = reference.genomes()
        in_reference = {names[genome] for genome in facts["genome"]}
        shares, unknown = true_species(truth, names, in_reference)
        hosts = [host] if community.host_fraction and has_mappy() else []
        profile = profile_sample(r1, r2, reference, work / "profiles", sample=f"{community.name}_{community.seed}",
                                 hosts=hosts)  # fmt: skip
        taxa = profile.taxa
        known = taxa[taxa["genome"] != "(unknown)"]
        found = known.groupby("species")["relative_abundance"].sum().to_dict()
        row = {"community": community.name, "seed": community.seed, "program": "commensal", **compared(found, shares)}
        row |= {
            "unknown": profile.quality["unknown"],
            "true_unknown": unknown,
            "host_reads": profile.quality["host_reads"],
        }
        row["host_pairs_true"] = truth["genomes"].get("(host)", {}).get("pairs", 0)
        rows.append(row)
        lengths = dict(zip(facts["genome"], facts["length"].astype(int), strict=True))
        for peer in here:
            kept = work / f"{peer.name}_{r1.name}_{community.n_pairs}.json"
            if not kept.exists():
                kept.write_text(json.dumps(peer.profile(community.reference, r1, r2, names, lengths)[0]))
            found = json.loads(kept.read_text())
            rows.append(
                {"community": community.name, "seed": community.seed, "program": peer.name, **compared(found, shares)}
            )
    return rows


def has_mappy() -> bool:
    return find_spec("mappy") is not None


def summarised(rows: list[dict[str, object]]) -> dict[str, float]:
    """Means over the communities of each kind; peers' under their names."""
    table = pd.DataFrame(rows)
    made: dict[str, float] = {}
    for (community, program), part in table.groupby(["community", "program"]):
        before = "" if program == "commensal" else f"{program}_"
        made[f"{before}{community}_f1"] = float(part["f1"].mean())
        made[f"{before}{community}_l1"] = float(part["l1"].mean())
    ours = table[table["program"] == "commensal"]
    novel = ours[ours["community"] == "novel_and_host"]
    made["unknown_error"] = float((novel["unknown"] - novel["true_unknown"]).abs().mean())
    if (novel["host_reads"] > 0).any():
        made["host_reads_found"] = float((novel["host_reads"] / (2 * novel["host_pairs_true"])).mean())
    return made


def never_worse(summary: dict[str, float], here: list) -> list[str]:
    """Kinds of communities where a peer is better than ours by more than a thousandth."""
    kinds = ("closed", "held_out_strains", "novel_and_host", "heavy_tail", "shallow_novel")
    found = []
    for peer in here:
        for kind in kinds:
            if summary[f"{kind}_f1"] < summary[f"{peer.name}_{kind}_f1"] - 1e-3:
                found.append(f"{kind} F1 worse than {peer.name}")
            if summary[f"{kind}_l1"] > summary[f"{peer.name}_{kind}_l1"] + 1e-3:
                found.append(f"{kind} L1 worse than {peer.name}")
    return found


def function(data: Path, work: Path, n_pairs: int) -> dict[str, float]:
    """KO abundances of a closed community with known annotation: Pearson's r, and L1 of shares."""
    from commensal.reads import open_reference, profile_sample

    reference = open_reference(work / "reference_all")
    table = reference.functions()
    ko = table[table["namespace"] == "KO"]
    community = annotated(list(genomes(data)), ko.groupby("genome").size().to_dict(), n_pairs)
    r1, r2, truth = simulate(community, data, work, work / "host.fna")
    cells = {name: facts["cells"] for name, facts in truth["genomes"].items()}
    # a KO's true abundance: cells × genes that carry it
    carried = ko.drop_duplicates(["genome", "gene", "id"])
    true = (carried["genome"].map(cells).fillna(0.0)).groupby(carried["id"]).sum()
    profile = profile_sample(r1, r2, reference, work / "profiles", sample="annotated")
    rows = profile.functions
    rows = rows[(rows["namespace"] == "KO") & (rows["genome"] == "(all)") & ~rows["id"].str.startswith("(")]
    both = pd.concat([true, rows.set_index("id")["abundance"]], axis=1).fillna(0.0).to_numpy()
    both = both / both.sum(axis=0)
    return {"ko_r": float(np.corrcoef(both.T)[0, 1]), "ko_l1": float(np.abs(both[:, 0] - both[:, 1]).sum())}


def genes(data: Path, work: Path, n_pairs: int) -> dict[str, float]:
    """Genes deleted in the sample's strains: F1 of "present" and of "absent", at 3 × coverage and more."""
    if not has_mappy():
        return {}
    from commensal.reads import open_reference, profile_sample

    reference = open_reference(work / "reference_all")
    counts = reference.functions().groupby("genome").size().to_dict()
    community, truth = with_losses(reference.genes(), annotated(list(genomes(data)), counts, n_pairs))
    r1, r2, told = simulate(community, data, work, work / "host.fna")
    deep = {name for name, facts in told["genomes"].items() if facts["coverage"] >= 3}
    profile = profile_sample(r1, r2, reference, work / "profiles", sample="losses", mode="mapping")
    table = profile.genes
    assert table is not None
    called = {(one, gene): None if pd.isna(present) else bool(present)
              for one, gene, present in zip(table["genome"], table["gene"], table["present"], strict=True)}  # fmt: skip
    known = {key: value for key, value in truth.items() if value is not None and key[0] in deep}

    def f1(wanted: bool) -> float:
        hits = sum(called.get(key) is wanted for key, value in known.items() if value is wanted)
        there = sum(value is wanted for value in known.values())
        return 2 * hits / (there + sum(called.get(key) is wanted for key in known))

    fast = profile_sample(r1, r2, reference, work / "profiles", sample="losses_fast")
    said = " ".join(
        [*fast.functions["note"].dropna().unique(), *fast.quality["warnings"], str(fast.quality.get("limits", ""))]
    )
    return {
        "gene_presence_f1": f1(True), "gene_loss_f1": f1(False),
        "genes_judged": len(known), "genomes_judged": len(deep),
        "genes_deleted": sum(value is False for value in known.values()),
        "genes_not_called": sum(called.get(key) is None for key in known),
        "fast_mode_says_that_it_cannot_see_losses": float("mapping" in said),
    }  # fmt: skip


def speed(data: Path, work: Path, here: list, chosen: argparse.Namespace) -> dict[str, float]:
    """CPU seconds of the bare parts, ours and the peers on the first closed community, in turn."""
    r1, r2 = timed(data, work, chosen.speed_pairs)
    reference, reads = work / "reference_all", 2 * chosen.speed_pairs
    kinds = ["bare", "fast"]
    took: dict[str, list[dict[str, float]]] = {kind: [] for kind in kinds}
    for _ in range(chosen.runs):
        for kind in kinds:
            took[kind].append(once(kind, r1, r2, reference))
    cpu = {kind: median(run["cpu"] for run in runs) for kind, runs in took.items()}
    made = {
        "bare_cpu_seconds": cpu["bare"], "cpu_seconds": cpu["fast"], "reads_per_second": reads / cpu["fast"],
        "times_bare": cpu["fast"] / cpu["bare"], "peak_mb": max(run["peak_mb"] for run in took["fast"]),
        "times_bare_wall": median(run["wall"] for run in took["fast"]) / median(run["wall"] for run in took["bare"]),
    }  # fmt: skip
    if has_mappy():
        mapping = once("mapping", r1, r2, reference)
        made["mapping_reads_per_second"] = reads / mapping["cpu"]
        made["mapping_peak_mb"] = mapping["peak_mb"]
    # as a user calls it, start-up and all, against the peers as a user calls them, in turn
    facts = species(data)
    lengths = dict(zip(*_lengths(reference), strict=True))
    words, environment = command(r1, r2, reference, work), compiled(work)
    usage(words, env=environment)  # compiles
    called: dict[str, list[float]] = {name: [] for name in ("verb", *(peer.name for peer in here))}
    for _ in range(chosen.runs):
        called["verb"].append(usage(words, env=environment)[0])
        for peer in here:
            called[peer.name].append(peer.profile("all", r1, r2, facts, lengths)[1])
    verb = made["verb_cpu_seconds"] = median(called["verb"])
    for peer in here:
        seconds = median(called[peer.name])
        made[f"{peer.name}_cpu_seconds"] = seconds
        made[f"times_{peer.name}"] = seconds / verb
        made[f"times_{peer.name}_without_our_start"] = seconds / cpu["fast"]
    return made


def timed(data: Path, work: Path, pairs: int) -> tuple[Path, Path]:
    """Return the files of the sample that is timed, the first closed community."""
    community = replace(communities(list(genomes(data)), pairs, 1)[0], name="timed")
    return simulate(community, data, work, work / "host.fna")[:2]


def compiled(work: Path) -> dict[str, str]:
    """Return an environment in which Python keeps what it compiled, as it does for an installed program."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(work.resolve() / "compiled")}


def once(kind: str, r1: Path, r2: Path, reference: Path) -> dict[str, float]:
    words = [sys.executable, TIMED, kind, str(r1), str(r2), str(reference)]
    environment = compiled(reference.parent)
    return json.loads(subprocess.run(words, check=True, capture_output=True, text=True, env=environment).stdout)


def command(r1: Path, r2: Path, reference: Path, work: Path) -> list[str]:
    words = [sys.executable, "-m", "commensal", "profile", r1, r2, "--reference", reference, "--out", work / "verb"]
    return [str(word) for word in words]


def _lengths(reference: Path) -> tuple[list[str], list[int]]:
    table = pd.read_parquet(reference / "genomes.parquet")
    return table["genome"].tolist(), table["length"].astype(int).tolist()


def memory(work: Path, more: int, sample: tuple[Path, Path]) -> dict[str, float]:
    """Peak memory with 22 genomes, and with half and all of ``more`` random ones beside them; growth per 1,000 genomes.

    Up to 256 genomes a reference is compared whole, above it sylph's query chooses: the growth is that between the two
    larger references, both above 256.
    """
    r1, r2 = sample
    small = once("fast", r1, r2, work / "reference_all")
    made = {"memory_mb": small["peak_mb"]}
    if more < 500:
        return made
    large, folder = work / f"reference_{more}", work / "random_genomes"
    runs = []
    for part in (0, 1):
        sources = [folder] if part else [*(work / "reference_all" / "sequences").glob("*.fna.gz"), folder]
        random_genomes(folder, more // 2, part)
        verb = ["add", large, *sources] if part else ["build", *sources, "--out", large, "--no-sequences"]
        cpu, _ = usage([sys.executable, "-m", "commensal", "reference", *verb])
        made["random_genome_cpu_seconds"] = cpu / (more // 2)
        runs.append(once("fast", r1, r2, large))
    shutil.rmtree(folder)
    shutil.rmtree(large)
    half, full = runs
    made |= {"more_genomes": more, "memory_mb_half": half["peak_mb"], "memory_mb_more": full["peak_mb"]}
    made["memory_growth_mb_per_1000"] = (full["peak_mb"] - half["peak_mb"]) * 1000 / (more - more // 2)
    made["cpu_seconds_growth_per_1000"] = (full["cpu"] - half["cpu"]) * 1000 / (more - more // 2)
    return made


def random_genomes(folder: Path, number: int, part: int) -> None:
    """Write so many random genomes of 3.5 million bases into an emptied folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    rng = np.random.default_rng([1, part])
    for at in range(number):
        letters = np.frombuffer(b"ACGT", np.uint8)[rng.integers(0, 4, size=3_500_000)]
        (folder / f"random_{part}_{at:04d}.fna").write_bytes(b">contig\n" + letters.tobytes() + b"\n")


def show(rows: list[dict[str, object]], summary: dict[str, float]) -> None:
    table = pd.DataFrame(rows).groupby(["community", "program"])[["f1", "l1", "false", "missed"]].agg(["mean", "max"])
    print(table.round(3).to_string(), "\n")
    for name, value in summary.items():
        goal = f"(goal ≥ {GOALS[name]:g})" if name in GOALS else f"(goal ≤ {LIMITS[name]:g})" if name in LIMITS else ""
        print(f"{name:45s} {value:14,.4f} {goal}")


if __name__ == "__main__":
    sys.exit(main())
