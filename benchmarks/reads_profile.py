"""Profiles of simulated communities of real genomes: strains, genes lost, growth, functions; and what trimming costs.

Run as ``python benchmarks/reads_profile.py --data ../shared/data``; the species figures and the peers are `reads.py`'s.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from harness import absent, keep

from commensal.reads import build_reference, profile_sample
from commensal.simulation.reads import reads

YL44, BAA = "Akkermansia_muciniphila_YL44", "Akkermansia_muciniphila_ATCC_BAA-835"
K12, SE15, SAKAI = "Escherichia_coli_K12_MG1655", "Escherichia_coli_SE15", "Escherichia_coli_O157H7_Sakai"
YL27 = "Muribaculum_intestinale_YL27"
MIXES: dict[str, tuple[dict[str, float], int]] = {
    "75 % + 25 %, 11 ×": ({YL44: 0.75, BAA: 0.25}, 100_000),
    "75 % + 25 %, 1 ×": ({YL44: 0.75, BAA: 0.25}, 10_000),
    "97 % + 3 %, 11 ×": ({YL44: 0.97, BAA: 0.03}, 100_000),
    "one strain, 11 ×": ({YL44: 1.0}, 100_000),
    "three E. coli, 6 ×": ({K12: 0.6, SE15: 0.3, SAKAI: 0.1}, 100_000),
}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    place = parser.parse_args().data / "genomes"
    if not place.is_dir():
        return absent("reads-profile", f"no real genomes in {place}")
    files = {path.name.removesuffix(".fna.gz"): path for path in sorted(place.glob("*.fna.gz"))}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        notes = sorted((place / "annotations").glob("*.gff.gz"))
        build_reference(list(files.values()), work / "all", annotations=notes)
        build_reference([path for name, path in files.items() if name != SE15], work / "without")
        figures: dict[str, object] = {
            "strains": strains(files, work),
            "functions": functions(files, work),
            "genes": genes(files, work),
            "growth": growth(files, work),
            "cost": cost(files, work),
        }
    keep("reads_profile", figures)
    worst = min(row["f1"] for row in figures["genes"])  # type: ignore[attr-defined]
    ratio = figures["cost"]["whole over bare"]  # type: ignore[index]
    good = worst >= 0.95
    last = f"F1 of lost genes {worst:.3f} at 3 × and more (goal 0.95); profile {ratio:.2f} × bare parts"
    print(f"reads-profile: {last}")
    return 0 if good else 1


def drawn(work: Path, files: Mapping[str, Path], cells: Mapping[str, float], pairs: int, **more: object) -> list[Path]:
    reads(work, {name: files[name] for name in cells}, cells, n_pairs=pairs, seed=1, name="s", **more)  # type: ignore[arg-type]
    return [work / "s_R1.fastq.gz", work / "s_R2.fastq.gz"]


def strains(files: Mapping[str, Path], work: Path) -> list[dict[str, object]]:
    rows = []
    cases = [(name, cells, pairs, "all") for name, (cells, pairs) in MIXES.items()]
    cases += [
        (f"E. coli SE15, not in the reference, {n:,} pairs", {SE15: 1.0}, n, "without") for n in (10_000, 200_000)
    ]
    for name, cells, pairs, reference in cases:
        found = profile_sample(*drawn(work, files, cells, pairs), work / reference, work / "out").taxa
        own = found[found["genome"] != "(unknown)"]
        known = own["relative_abundance"].sum()
        shares = {row.genome: round(float(row.relative_abundance / known), 3) for row in own.itertuples()}
        rows.append({"sample": name, "truth": cells, "found": shares, "status": sorted(set(own["status"]))})
        print(f"{name:46s} {shares} {rows[-1]['status']}", flush=True)
    return rows


def functions(files: Mapping[str, Path], work: Path) -> list[dict[str, object]]:
    terms = pd.read_parquet(work / "all" / "functions.parquet")
    terms = terms[terms["namespace"] == "KO"].drop_duplicates(["genome", "gene", "id"])
    names = sorted(set(terms["genome"]))
    cells = dict(zip(names, np.random.default_rng(2).lognormal(0, 1, len(names)).tolist(), strict=True))
    pair = drawn(work, files, cells, 250_000)
    total = sum(cells.values())
    truth = terms["genome"].map({name: value / total for name, value in cells.items()}).groupby(terms["id"]).sum()
    rows = []
    for mode in ("fast", "mapping"):
        began = time.process_time()
        table = profile_sample(*pair, work / "all", work / "out", mode=mode).functions
        took = time.process_time() - began
        table = table[(table["namespace"] == "KO") & (table["genome"] == "(all)") & ~table["id"].str.startswith("(")]
        both = pd.concat([truth, table.set_index("id")["abundance"]], axis=1).fillna(0.0).to_numpy(dtype=float)
        both /= both.sum(axis=0)
        row = {
            "mode": mode,
            "r": float(np.corrcoef(both.T)[0, 1]),
            "l1": float(np.abs(both[:, 0] - both[:, 1]).sum()),
            "reads per CPU second": round(500_000 / took),
        }
        rows.append(row)
        print(f"KO, {mode}: r {row['r']:.6f}, L1 {row['l1']:.4f}, {row['reads per CPU second']:,} reads/s", flush=True)
    return rows


def genes(files: Mapping[str, Path], work: Path) -> list[dict[str, object]]:
    table = pd.read_parquet(work / "all" / "genes.parquet")
    own = table[table["genome"] == YL44].reset_index(drop=True)
    lost = own.iloc[np.sort(np.random.default_rng(3).choice(len(own), 60, replace=False))]
    stretches = [(row.contig, int(row.start), int(row.end)) for row in lost.itertuples()]
    rows = []
    for depth in (3, 5, 10):
        cells = {YL44: 1.0, YL27: 1.0, K12: 0.5}
        pairs = round(depth * (2.74e6 + 3.31e6 + 0.5 * 4.64e6) / 300)
        pair = drawn(work, files, cells, pairs, deletions={YL44: stretches})
        called = profile_sample(*pair, work / "all", work / "out", mode="mapping").genes
        assert called is not None
        called = called[called["genome"] == YL44]
        absent_ = set(called.loc[called["present"].eq(False).fillna(False), "gene"])
        right = len(absent_ & set(lost["gene"]))
        row = {
            "depth": depth,
            "f1": 2 * right / (len(absent_) + len(lost)),
            "no call": int(called["present"].isna().sum()),
            "of genes": len(called),
        }
        rows.append(row)
        print(f"60 genes lost at {depth} ×: F1 of loss {row['f1']:.3f}, no call for {row['no call']}", flush=True)
    return rows


def growth(files: Mapping[str, Path], work: Path) -> list[dict[str, object]]:
    rows = []
    for true in (1.0, 1.5, 2.0):
        pair = drawn(work, files, {YL27: 1.0}, 50_000, replication={YL27: true})
        table = profile_sample(*pair, work / "all", work / "out", mode="mapping").growth
        assert table is not None
        one = table.iloc[0]
        rows.append({"truth": true, "ptr": one["ptr"], "low": one["low"], "high": one["high"], "status": one["status"]})
        print(f"peak to trough {true}: {one['ptr']:.3f} ({one['low']:.3f} to {one['high']:.3f})", flush=True)
    return rows


def cost(files: Mapping[str, Path], work: Path) -> dict[str, float]:
    """CPU seconds for 500,000 reads, the best of three: bare parts, with trimming and checks, a whole fast profile."""
    import dnaio
    import pysylph

    from commensal.reads.fastq import Fastq
    from commensal.reads.kmers import sketch
    from commensal.reads.trimming import ADAPTERS, Trimmer, Trimming

    names = [name for name in files if name not in {BAA, SE15, SAKAI}]
    cells = dict(zip(names, np.random.default_rng(5).lognormal(0, 1, len(names)).tolist(), strict=True))
    pair = drawn(work, files, cells, 250_000)

    def bare() -> None:
        with dnaio.open(pair[0], fileformat="fastq") as one, dnaio.open(pair[1], fileformat="fastq") as two:
            pysylph.Sketcher().sketch_paired("s", (read.sequence for read in one), (read.sequence for read in two))

    def trimmed(trimming: Trimming) -> None:
        source = Fastq(*pair)
        sketch(map(Trimmer(trimming, source.look), source.batches()), paired=True, c=200, k=31, small=True)

    figures = {
        "decompress, parse, sketch": best(bare),
        "with checks and trimming": best(lambda: trimmed(Trimming())),
        "with checks, trimming and an adapter": best(lambda: trimmed(Trimming(adapters=ADAPTERS["Illumina"][:1]))),
        "fast profile with functions, written": best(lambda: profile_sample(*pair, work / "all", work / "out")),
    }
    figures["whole over bare"] = figures["fast profile with functions, written"] / figures["decompress, parse, sketch"]
    for name, value in figures.items():
        print(f"{name}: {value:.2f}", flush=True)
    return figures


def best(work: Callable[[], object]) -> float:
    took = []
    for _ in range(3):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return round(min(took), 3)


if __name__ == "__main__":
    sys.exit(main())
