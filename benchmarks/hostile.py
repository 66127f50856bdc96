"""Fifty thousand bad inputs through every reader: ``make bench-hostile``.

Each input is a sound file of one format with one thing done to it: cut, flipped, given hostile cells, wild HDF5 shapes,
archives with bombs and paths that leave them, a pipe in its place … It is read in a worker process whose memory is
limited and whose time is watched. Each must end in one error that names the file, or in a result; what must not matter
(a byte-order mark, line ends, compression) must give the sound file's result. An audit hook sees every file that is
opened for writing, every process started, every pickle, every socket.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import queue
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("OMP_NUM_THREADS", "1")

#: Seconds that one input may take, and bytes of memory that a worker may hold.
SECONDS, MEMORY = 10, 2 << 30
WATCHED = {"subprocess.Popen", "os.system", "socket.connect", "pickle.find_class", "os.exec", "os.posix_spawn"}


def watch(allowed: Path, seen: list[str]) -> None:
    """Note what a reader must never do."""

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(args[0], str | bytes) and (args[2] or 0) & (os.O_WRONLY | os.O_RDWR):
            place = os.path.realpath(os.fsdecode(args[0]))
            if not place.startswith((str(allowed), "/dev/null")):
                seen.append(f"wrote {place}")
        elif event in WATCHED:
            seen.append(event)

    sys.addaudithook(hook)


def judged(one: Any, place: Path, done: str, sound: str) -> tuple[str, str]:
    """Read one input; return what became of it, and what was said."""
    import traceback

    from benchmarks.hostile_cases import NEUTRAL, read

    from commensal.errors import CommensalError

    name, folder = place.name, place.parent
    outcome, said = "read", ""
    try:
        result = repr(read(one, place))
        if done in NEUTRAL:
            outcome = "same" if result == sound else "another result"
    except CommensalError as error:
        said = str(error)
        named = (
            name in said
            or "{sample}" in said
            or folder.name in said
            or (error.where or "").startswith(("[assays", "[questions"))
        )
        outcome = "refused" if named else "unnamed"
        if any(ord(c) < 32 and c not in "\n\t" for c in said):
            outcome = "control characters"
        elif len(said) > 5000:
            outcome = "long message"
        if done in NEUTRAL and outcome == "refused":
            outcome = "refused, though sound"
    except MemoryError as error:
        outcome, said = "memory", repr(error)
    except BaseException as error:
        where = traceback.extract_tb(error.__traceback__)
        ours = [f"{Path(f.filename).name}:{f.lineno}" for f in where if "commensal" in f.filename]
        outcome, said = "traceback", f"{type(error).__name__}: {str(error)[:150]} at {ours[-1:]}"
    return outcome, said


def worker(first: int, last: int, seed: int) -> None:
    """Try inputs one by one; a line before and a line after each."""
    from benchmarks.hostile_cases import broken, read
    from benchmarks.hostile_seeds import seeds

    base = Path(tempfile.mkdtemp(prefix="hostile")).resolve()
    tempfile.tempdir = str(base)
    made, sound = [], {}
    for one in seeds():  # a seed that this bench cannot read is no seed: it is said, not hidden
        (base / "sound").mkdir(exist_ok=True)
        (base / "sound" / one.name).write_bytes(one.data)
        try:
            sound[id(one)] = repr(read(one, base / "sound" / one.name))
            made.append(one)
        except Exception as error:
            if first == 0:
                print(json.dumps({"seed": one.kind, "said": str(error)[:200]}), flush=True)
        shutil.rmtree(base / "sound")
    status = Path("/proc/self/statm").read_text().split()
    page = resource.getpagesize()
    room = int(status[0]) * page + MEMORY - int(status[1]) * page
    resource.setrlimit(resource.RLIMIT_AS, (room, room))
    seen: list[str] = []
    watch(base, seen)
    for i in range(first, last):
        rng = random.Random(seed * 1_000_003 + i)
        one = rng.choice(made)
        folder = base / "case"
        folder.mkdir()
        print(json.dumps({"start": i, "kind": one.kind}), flush=True)
        done, data, name = broken(one, rng, base)
        place = folder / name
        if callable(data):
            data(place)
        else:
            place.write_bytes(data)
        seen.clear()
        before, start = sorted(p.name for p in folder.iterdir()), time.monotonic()
        outcome, said = judged(one, place, done, sound[id(one)])
        took = time.monotonic() - start
        if seen or sorted(p.name for p in folder.iterdir()) != before:
            outcome, said = "escape", "; ".join(seen) or "a file beside the input"
        told = {"end": i, "kind": one.kind, "done": done, "outcome": outcome, "said": said[:300], "seconds": took}
        told["mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(json.dumps(told), flush=True)
        shutil.rmtree(folder)
    shutil.rmtree(base)


def _listen(stream: IO[str], lines: queue.Queue[str | None]) -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


def supervise(first: int, last: int, seed: int, told: list[dict[str, Any]]) -> None:
    """Run a worker over a range; when it hangs or dies, note it and go on behind the input."""
    at = first
    while at < last:
        command = [sys.executable, __file__, "--worker", str(at), str(last), "--seed", str(seed)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        lines: queue.Queue[str | None] = queue.Queue()
        assert process.stdout is not None
        threading.Thread(target=_listen, args=(process.stdout, lines), daemon=True).start()
        open_: dict[str, Any] | None = None
        how = "died"
        while True:
            try:
                line = lines.get(timeout=SECONDS + 5 if open_ else 300)
            except queue.Empty:
                process.kill()
                how = "hang"
                break
            if line is None:
                break
            one = json.loads(line)
            if "start" in one:
                open_ = one
            else:
                told.append(one)
                if "end" in one:
                    open_, at = None, one["end"] + 1
                    if one["seconds"] > SECONDS:
                        one["outcome"] = "hang"
        process.wait()
        if open_ is None and at >= last:
            return
        if open_ is None:
            raise SystemExit("a worker cannot start")
        told.append({"end": open_["start"], "kind": open_["kind"], "done": "?", "outcome": how, "said": "", "mb": 0})
        at = open_["start"] + 1


def main() -> int:
    """Share the inputs among workers, and print what became of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "hostile.json")
    parser.add_argument("--worker", type=int, nargs=2)
    args = parser.parse_args()
    if args.worker:
        worker(*args.worker, args.seed)
        return 0
    started, told = time.monotonic(), list[dict[str, Any]]()
    from benchmarks.hostile_cases import bomb

    bombs = Path(tempfile.mkdtemp(prefix="hostile"))  # made once: two gigabytes take seconds to pack
    os.environ["HOSTILE_BOMBS"] = str(bombs)
    for k in range(3):
        (bombs / str(k)).write_bytes(bomb(random.Random(k)))
    cuts = [args.n * k // args.workers for k in range(args.workers + 1)]
    threads = [threading.Thread(target=supervise, args=(a, b, args.seed, told)) for a, b in pairwise(cuts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shutil.rmtree(bombs)
    return report(told, args.n, args.out, time.monotonic() - started)


GOOD = {"refused", "read", "same"}


def report(told: list[dict[str, Any]], n: int, out: Path, seconds: float) -> int:
    """Print kinds × outcome and every distinct fault; keep JSON."""
    unread = [one for one in told if "seed" in one]
    told = [one for one in told if "end" in one]
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for one in told:
        table[f"{one['kind']}, {one['done']}"][one["outcome"]] += 1
    outcomes = sorted({one["outcome"] for one in told}, key=lambda name: (name not in GOOD, name))
    print(f"{'input':40s}" + "".join(f"{name[:14]:>15s}" for name in outcomes))
    for kind in sorted(table):
        print(f"{kind:40s}" + "".join(f"{table[kind][name] or '':>15}" for name in outcomes))
    faults: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in told:
        if one["outcome"] not in GOOD:
            faults[f"{one['outcome']}: {one['kind']}, {one['done']}: {one['said'][:110]!r}"].append(one)
    for name, ones in sorted(faults.items(), key=lambda item: -len(item[1]))[:60]:
        print(f"{len(ones):6d}  {name}  (input {ones[0]['end']})")
    for one in unread:
        print(f"no seed: {one['seed']}: {one['said'][:100]!r}")
    total = Counter(one["outcome"] for one in told)
    largest = max((one["mb"] for one in told), default=0)
    slowest = max((one.get("seconds", 0) for one in told), default=0)
    kept = {
        "inputs": len(told), "outcomes": dict(total), "largest_mb": largest, "slowest_seconds": round(slowest, 2),
        "seconds": round(seconds), "table": {kind: dict(row) for kind, row in sorted(table.items())},
    }  # fmt: skip
    out.write_text(json.dumps(kept, indent=1) + "\n")
    bad = sum(count for name, count in total.items() if name not in GOOD)
    digest = hashlib.sha256(json.dumps(kept["outcomes"], sort_keys=True).encode()).hexdigest()[:8]
    words = ", ".join(f"{count:,} {name}" for name, count in total.most_common())
    print(
        f"hostile: {len(told):,} of {n:,} inputs: {words}; at most {largest:,} MB and {slowest:.1f} s an input; "
        f"{bad} faults ({seconds:.0f} s, {digest})"
    )
    return int(bool(bad) or len(told) != n)


if __name__ == "__main__":
    sys.exit(main())
