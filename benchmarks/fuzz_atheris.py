"""Fuzz every reader, guided by coverage, with Atheris: ``make fuzz``.

Beside ``make bench-hostile``, whose bad inputs are made by rules, Atheris (libFuzzer) keeps what reaches new lines of
the readers and goes on from there. The oracle is the same: one error that names the file, or a result; no other
exception, no writing, no process, no network; at most `SECONDS` and `ROOM` MB an input. Mutations are libFuzzer's and
those of `hostile_cases`; archives and compressed files are mutated inside.

Atheris is not in the lock (it has wheels for some Pythons and systems only). Install it beside: ``.venv/bin/python -m
pip install --no-deps --target FOLDER atheris``, then ``make fuzz ATHERIS=FOLDER``.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("OMP_NUM_THREADS", "1")

#: Seconds and megabytes that one input may take.
SECONDS, ROOM = 10, 2048
#: Longest input, in bytes.
LONGEST = 8192


def targets() -> dict[str, list[Any]]:
    """Return the seeds of each target: what reads them and what the file is called."""
    from benchmarks.hostile_seeds import seeds

    found: dict[str, list[Any]] = defaultdict(list)
    for one in seeds():
        if one.kind == "exchange":  # what the writer of studies holds half-written is read by no reader
            continue
        ending = one.name.partition(".")[2]
        found[f"{one.kind} {one.reader} {ending}".replace(" ", "-").replace("/", "-")].append(one)
    return dict(sorted(found.items()))


def inside(seed: Any) -> tuple[bytes, Callable[[bytes], bytes]]:
    """Return what is mutated of a seed, and what makes a file of it again: archives are mutated inside."""
    data: bytes = seed.data
    if data.startswith(b"\x1f\x8b"):
        return gzip.decompress(data), lambda made: gzip.compress(made, 1, mtime=0)
    if not data.startswith(b"PK"):
        return data, lambda made: made
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {one: archive.read(one) for one in archive.namelist()}
    chosen = next((one for one in members if "sheet1" in one or "/data/" in one), next(iter(members)))

    def packed(made: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, made if name == chosen else content)
        return out.getvalue()

    return members[chosen], packed


class Tried:
    """One reader under fuzz: what it was given, and the faults, each kept once."""

    def __init__(self, seeds: list[Any], folder: Path, told: Path) -> None:
        self.seeds, self.folder, self.told = seeds, folder, told
        self.packers = [inside(one)[1] for one in seeds]
        self.runs, self.faults, self.seen = 0, dict[str, str](), list[str]()
        self.slowest, self.at = 0.0, time.monotonic()

    def __call__(self, data: bytes) -> None:
        """Read one input. Its first byte says which of the target's names and wrappings it has."""
        from benchmarks.hostile import GOOD, judged

        which = data[0] % len(self.seeds) if data else 0
        seed, packed = self.seeds[which], self.packers[which]
        place = self.folder / seed.name
        place.write_bytes(packed(data[1:]))
        self.seen.clear()
        start = time.monotonic()
        outcome, said = judged(seed, place, "fuzz", "")
        took = time.monotonic() - start
        self.slowest = max(took, self.slowest)
        if self.seen or [one.name for one in self.folder.iterdir()] != [seed.name]:
            outcome, said = "escape", "; ".join(self.seen)
        if took > SECONDS:
            outcome, said = "slow", f"{took:.0f} s"
        place.unlink()
        self.runs += 1
        if outcome not in GOOD:
            where = re.sub(r"\d+|'.*?'|\".*?\"", "#", said.rpartition(" at ")[0])[:60] + said.rpartition(" at ")[2]
            name = f"{outcome}: {where if outcome == 'traceback' else ''}"
            if name not in self.faults:
                self.faults[name] = f"{seed.kind}, {seed.name}: {said[:300]}"
                kept = self.told.with_suffix("") / f"{hashlib.sha256(data).hexdigest()[:12]}-{seed.name}"
                kept.parent.mkdir(exist_ok=True)
                kept.write_bytes(packed(data[1:]))
        if self.runs % 50 == 0 or outcome not in GOOD:
            self.told.write_text(
                json.dumps({"runs": self.runs, "slowest": round(self.slowest, 2), "faults": self.faults})
            )


def child(name: str, told: Path, seconds: int, seed: int) -> None:
    """Fuzz one target in this process; libFuzzer ends it."""
    import atheris

    with atheris.instrument_imports(include=["commensal"]):
        from benchmarks import hostile_cases

    from benchmarks.hostile import watch

    base = Path(tempfile.mkdtemp(prefix="fuzz")).resolve()
    tempfile.tempdir = str(base)
    (base / "case").mkdir()
    (base / "corpus").mkdir()
    seeds = targets()[name]
    for i, one in enumerate(seeds):
        (base / "corpus" / str(i)).write_bytes(bytes([i]) + inside(one)[0])
    tried = Tried(seeds, base / "case", told)

    def mutated(data: bytes, most: int, at: int) -> bytes:
        rng, head, rest = random.Random(at), data[:1], data[1:]
        if rng.random() < 0.5 or b"\x00" in rest[:64]:
            return bytes(atheris.Mutate(data, most))
        ways = [hostile_cases.cells, hostile_cases.lines, hostile_cases.scramble]
        ways += [hostile_cases.toml] * 3 if name.startswith("study") else []
        ways += [hostile_cases.document] if rest.startswith(b"{") else []
        try:
            return (head + rng.choice(ways)(rest, rng))[:most]
        except Exception:  # what is mutated is no longer what that mutation knows
            return bytes(atheris.Mutate(data, most))

    os.chdir(base)
    options = [f"-max_total_time={seconds}", f"-max_len={LONGEST}", f"-seed={seed}", f"-timeout={SECONDS * 3}",
               f"-rss_limit_mb={ROOM}", "-verbosity=1", str(base / "corpus")]  # fmt: skip
    atheris.Setup([sys.argv[0], *options], tried, custom_mutator=mutated)
    watch(base, tried.seen)
    atheris.Fuzz()


def fuzzed(name: str, folder: Path, seconds: int, seed: int) -> dict[str, Any]:
    """Fuzz one target for so many seconds, again where libFuzzer stopped it; return what came of it."""
    total: dict[str, Any] = {"runs": 0, "slowest": 0.0, "faults": {}, "lines": 0}
    start, turn = time.monotonic(), 0
    while (left := seconds - (time.monotonic() - start)) > 2 and turn < 10:
        told = folder / f"{name}-{turn}.json"
        command = [sys.executable, __file__, "--child", name, str(told), "--seconds", str(int(left)), "--seed",
                   str(seed + turn)]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        one = json.loads(told.read_text()) if told.is_file() else {"runs": 0, "slowest": 0.0, "faults": {}}
        reached = re.findall(r"^#(\d+).*?ft: (\d+)", done.stderr, re.MULTILINE)
        total["runs"] += int(reached[-1][0]) if reached else one["runs"]
        total["lines"] = max(total["lines"], int(reached[-1][1]) if reached else 0)
        total["slowest"] = max(total["slowest"], one["slowest"])
        total["faults"] |= one["faults"]
        if done.returncode:
            what = re.findall(r"ERROR: libFuzzer: (.*)|(\w*Error: .*)", done.stderr)
            said = " ".join(filter(None, what[-1])) if what else f"ended by {done.returncode}"
            total["faults"][f"stopped: {said[:80]}"] = done.stderr[-600:]
        turn += 1
        if not one["runs"] and not reached:
            break
    return total


def main() -> int:
    """Fuzz the targets one after the other, and print what became of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", help="begin of names; all when none")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--keep", type=Path, help="folder for inputs that made faults")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "fuzz.json")
    parser.add_argument("--child", nargs=2)
    args = parser.parse_args()
    if args.child:
        child(args.child[0], Path(args.child[1]), args.seconds, args.seed)
        return 0
    names = [one for one in targets() if not args.targets or one.startswith(tuple(args.targets))]
    if args.list:
        print("\n".join(names))
        return 0
    try:
        import atheris  # noqa: F401
    except ImportError:
        print("fuzz: Atheris is not installed: see the head of benchmarks/fuzz_atheris.py", file=sys.stderr)
        return 3
    folder = args.keep or Path(tempfile.mkdtemp(prefix="fuzz"))
    folder.mkdir(exist_ok=True)
    start, results = time.monotonic(), {}
    for name in names:
        results[name] = one = fuzzed(name, folder.resolve(), args.seconds, args.seed)
        print(f"{name:40s} {one['runs']:>9,} runs {one['lines']:>6} features  {len(one['faults'])} faults", flush=True)
        for fault, said in one["faults"].items():
            print(f"    {fault}: {said[:250]!r}", flush=True)
    faults = sum(len(one["faults"]) for one in results.values())
    runs = sum(one["runs"] for one in results.values())
    slowest = max(one["slowest"] for one in results.values())
    kept = {
        "targets": len(names), "runs": runs, "faults": faults, "slowest_seconds": slowest,
        "seconds": round(time.monotonic() - start),
        "table": {name: {key: one[key] for key in ("runs", "lines", "slowest")} for name, one in results.items()},
    }  # fmt: skip
    args.out.write_text(json.dumps(kept, indent=1) + "\n")
    if not args.keep:
        shutil.rmtree(folder)
    print(f"fuzz: {runs:,} inputs to {len(names)} readers: {faults} faults; at most {slowest:.1f} s an input")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
