"""sourmash gather and kraken2 on the same reads and genomes as ours, where they are installed."""

from __future__ import annotations

import csv
import gzip
import resource
import shutil
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path


def usage(command: Iterable[object], **options: object) -> tuple[float, float]:
    """Run a command; CPU seconds (all its processes) and wall seconds."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([str(word) for word in command], check=True, capture_output=True, **options)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, time.perf_counter() - began


class Sourmash:
    """k = 31, scaled 1,000; gather at its default threshold; cells = weighted share ÷ genome length."""

    name = "sourmash"

    def __init__(self, program: str, work: Path) -> None:
        self.program, self.work = program, work
        done = subprocess.run([program, "--version"], check=True, capture_output=True, text=True)
        self.version = done.stdout.strip().split()[-1]

    def build(self, key: str, genomes: dict[str, Path], _species: dict[str, str]) -> None:
        folder = self.work / f"sourmash_{key}"
        folder.mkdir(exist_ok=True)
        if not (folder / "reference.zip").exists():
            words = [self.program, "sketch", "dna", "-p", "k=31,scaled=1000", "-o", folder / "reference.zip"]
            usage([*words, *genomes.values()])

    def profile(self, key, r1, r2, species, lengths) -> tuple[dict[str, float], float, float]:
        """Species' cells, CPU and wall seconds."""
        sample, table = self.work / "sample.sig", self.work / "gather.csv"
        for path in (sample, table):
            path.unlink(missing_ok=True)
        words = [
            self.program,
            "sketch",
            "dna",
            "-p",
            "k=31,scaled=1000,abund",
            "--name",
            "sample",
            "-o",
            sample,
            r1,
            r2,
        ]
        cpu, wall = usage(words)
        more = usage([self.program, "gather", sample, self.work / f"sourmash_{key}" / "reference.zip", "-o", table])
        found: dict[str, float] = {}
        with table.open() as handle:
            for row in csv.DictReader(handle):
                name = Path(row["filename"]).name if not row["name"] else row["name"]
                genome = _owner(name, row["md5"], self._names(key))
                share = float(row["f_unique_weighted"]) / lengths[genome]
                found[species[genome]] = found.get(species[genome], 0.0) + share
        return found, cpu + more[0], wall + more[1]

    def _names(self, key: str) -> dict[str, str]:
        """Genome by the hash of its sketch."""
        place = self.work / f"sourmash_{key}" / "manifest.csv"
        if not place.exists():
            usage([self.program, "sig", "manifest", self.work / f"sourmash_{key}" / "reference.zip", "-o", place])
        with place.open() as handle:
            rows = csv.DictReader(line for line in handle if not line.startswith("#"))
            return {row["md5"]: Path(row["filename"]).name.removesuffix(".fna.gz") for row in rows}


def _owner(name: str, md5: str, names: dict[str, str]) -> str:
    return names.get(md5) or Path(name).name.removesuffix(".fna.gz")


class Kraken2:
    """Confidence 0.1; reads of each species (its strains included) ÷ mean genome length; ≥ 0.01 % of the reads kept."""

    name = "kraken2"

    def __init__(self, work: Path) -> None:
        self.work = work
        done = subprocess.run(["kraken2", "--version"], check=True, capture_output=True, text=True)
        self.version = done.stdout.split()[2]

    def build(self, key: str, genomes: dict[str, Path], species: dict[str, str]) -> None:
        database = self.work / f"kraken2_{key}"
        if (database / "hash.k2d").exists():
            return
        shutil.rmtree(database, ignore_errors=True)
        (database / "taxonomy").mkdir(parents=True)
        taxa = self._taxa(species)
        nodes = ["1\t|\t1\t|\tno rank\t|\t-\t|\n", *(f"{at}\t|\t1\t|\tspecies\t|\t-\t|\n" for at in taxa.values())]
        names = ["1\t|\troot\t|\t\t|\tscientific name\t|\n"]
        names += [f"{at}\t|\t{one}\t|\t\t|\tscientific name\t|\n" for one, at in taxa.items()]
        (database / "taxonomy" / "nodes.dmp").write_text("".join(nodes))
        (database / "taxonomy" / "names.dmp").write_text("".join(names))
        for genome, path in genomes.items():
            plain = database / f"{genome}.fna"
            lines = gzip.decompress(path.read_bytes()).decode().split("\n")
            tag = f"kraken:taxid|{taxa[species[genome]]}"
            plain.write_text("\n".join(f">{tag}|{line[1:]}" if line.startswith(">") else line for line in lines))
            usage(["kraken2-build", "--add-to-library", plain, "--db", database, "--no-masking"])
        # kraken2 refuses more threads than OMP_NUM_THREADS, which is 1 here
        usage(["kraken2-build", "--build", "--db", database, "--no-masking", "--threads", 1])

    def profile(self, key, r1, r2, species, lengths) -> tuple[dict[str, float], float, float]:
        """Species' cells, CPU and wall seconds."""
        report = self.work / "kraken2.report"
        words = [
            "kraken2",
            "--db",
            self.work / f"kraken2_{key}",
            "--paired",
            "--confidence",
            "0.1",
            "--gzip-compressed",
        ]
        cpu, wall = usage([*words, "--report", report, "--output", "-", r1, r2])
        sizes: dict[str, list[int]] = {}
        for genome, length in lengths.items():
            sizes.setdefault(species[genome], []).append(length)
        found: dict[str, float] = {}
        known = set(self._taxa(species).values())
        rows = [line.split("\t") for line in report.read_text().splitlines()]
        total = sum(int(row[2]) for row in rows)
        for row in rows:
            if int(row[4]) in known and int(row[1]) >= 1e-4 * total:
                one = row[5].strip()
                found[one] = int(row[1]) / (sum(sizes[one]) / len(sizes[one]))
        return found, cpu, wall

    def _taxa(self, species: dict[str, str]) -> dict[str, int]:
        return {one: at + 2 for at, one in enumerate(sorted(set(species.values())))}


def peers(work: Path, sourmash: str | None) -> tuple[list[Sourmash | Kraken2], list[str]]:
    """Return the peers that are here, and the names of those that are not."""
    here: list[Sourmash | Kraken2] = []
    missing = []
    program = sourmash or shutil.which("sourmash")
    if program and Path(program).exists():
        here.append(Sourmash(program, work))
    else:
        missing.append("sourmash")
    if shutil.which("kraken2") and shutil.which("kraken2-build"):
        here.append(Kraken2(work))
    else:
        missing.append("kraken2")
    return here, missing
