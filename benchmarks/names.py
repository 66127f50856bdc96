"""Names of two real metabolomes, resolved by name only and checked against the numbers that their authors gave.

Rules of counting, for a molecule with a KEGG compound number or an HMDB number of its own:

- *agrees*: one compound was found, and it holds one of the molecule's own numbers.
- *same, less or more said*: one compound was found, the number's compound has the same skeleton (first block of the
  InChIKey), and the name has no mark of stereochemistry: a name that leaves it open cannot be wrong about it.
- *wrong*: one compound was found, and it is neither. A few were looked at by hand and are the data's own slip (JUDGED);
  they count as wrong in ``precision`` and not in ``precision_judged``.
- *not comparable*: no number of the molecule is in the table, its number is that of a class (CLASSES), or the answer is
  a lipid's shorthand, which holds no numbers.
- *open*: several compounds were listed. *Not found*: none.

Precision is (agrees + same) / (agrees + same + wrong); recall is (agrees + same) / all molecules with a number.
"""

from __future__ import annotations

import argparse
import gzip
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness import absent, keep

from commensal.knowledge import compound, resolve
from commensal.knowledge.compounds import stereo, table

GOAL = 0.99
SETS = {
    "jenior2018": ("jenior2018/scaled_intensities.tsv.gz", "BIOCHEMICAL", {"kegg": "KEGG"}),
    "kostic2015": ("kostic2015/mtb.map.tsv.gz", "Compound", {"hmdb": "HMDB", "kegg": "KEGG"}),
}
#: Disagreements that are the data's own: the number is that of another molecule than the one named.
JUDGED = {
    "docosapentaenoate_(n6_DPA;_22:5n6)": "KEGG C16513 is the n-3 isomer; the name says n-6, the n-3 row has it too",
}
#: Numbers that stand for many molecules.
CLASSES = {"C01885": "monoacylglycerols", "C00550": "sphingomyelins"}


@dataclass(frozen=True)
class Named:
    name: str
    numbers: dict[str, list[str]]


def molecules(file: Path, name: str, columns: dict[str, str]) -> Iterator[Named]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        header = next(lines).rstrip("\n").split("\t")
        for line in lines:
            row = dict(zip(header, line.rstrip("\n").split("\t"), strict=False))
            numbers = {space: re.findall(r"C\d{5}|HMDB\d+", row[column]) for space, column in columns.items()}
            yield Named(row[name], {space: many for space, many in numbers.items() if many})


def outcome(one: Named) -> tuple[str, str]:
    """What became of a molecule, and in words what was found and what its numbers say."""
    found = resolve(one.name)
    target = {
        table().rows[place][0]
        for space, many in one.numbers.items()
        for number in many
        for place in table().numbers(space).get(number, ())
    }
    answer = found.compound or " | ".join(found.candidates) or "-"
    told = f"{one.name}: {answer} ({found.by}); own {one.numbers} is {sorted(target)}"
    if not one.numbers:
        return f"no number, {found.status}", told
    if found.status != "exact":
        return {"ambiguous": "open", "unknown": "not found"}[found.status], told
    got, meant = compound(found.compound or ""), [compound(name) for name in target]
    if got is None or not meant:
        return "not comparable", told
    if any(number in getattr(got, space) for space, many in one.numbers.items() for number in many):
        return "agrees", told
    if {number for many in one.numbers.values() for number in many} <= set(CLASSES):
        return "not comparable", told
    same = any(other and got.inchikey and other.inchikey[:14] == got.inchikey[:14] for other in meant)
    return ("same" if same and not stereo(one.name) else "wrong"), told


def figures(counts: Counter[str], judged: int) -> dict[str, object]:
    right, wrong = counts["agrees"] + counts["same"], counts["wrong"]
    numbered = sum(n for what, n in counts.items() if not what.startswith("no number"))
    return {
        "molecules": sum(counts.values()),
        "with_own_number": numbered,
        "counts": dict(sorted(counts.items())),
        "precision": right / (right + wrong),
        "precision_judged": right / (right + wrong - judged),
        "precision_same_stereochemistry": counts["agrees"] / (right + wrong),
        "recall": right / numbered,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    data = parser.parse_args().data
    if not all((data / file).exists() for file, _, _ in SETS.values()):
        return absent("names", f"{data} has not both data sets")
    kept: dict[str, object] = {}
    every: Counter[str] = Counter()
    slips = 0
    for name, (file, column, columns) in SETS.items():
        seen = [(one, *outcome(one)) for one in molecules(data / file, column, columns)]
        counts = Counter(what for _, what, _ in seen)
        judged = sum(what == "wrong" and one.name in JUDGED for one, what, _ in seen)
        every, slips = every + counts, slips + judged
        lists = {
            key: [told for _, what, told in seen if what == key]
            for key in ("wrong", "same", "open", "not found", "not comparable")
        }
        kept[name] = {**figures(counts, judged), **lists}
    kept["both"] = figures(every, slips)
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", "from commensal.knowledge import resolve; resolve('nicotinamide')"], check=True
    )
    first = time.perf_counter() - began
    names = [one.name for file, column, columns in SETS.values() for one in molecules(data / file, column, columns)]
    began = time.perf_counter()
    for one in names:
        resolve(one)
    kept["speed"] = {
        "first_answer_of_a_process_s": first,
        "names_per_second": len(names) / (time.perf_counter() - began),
    }
    keep("names", {"goal_precision": GOAL, "judged": JUDGED, **kept})
    both = figures(every, slips)
    print({key: value for key, value in both.items() if key != "counts"}, both["counts"], kept["speed"])
    return 0 if both["precision"] >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
