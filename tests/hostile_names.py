"""The model study with names made to do harm: scripts, formulas, paths, names of devices, in every place a name has."""

from __future__ import annotations

import json
import re
from pathlib import Path

from commensal import simulation

#: What stands in the simulated study → what is written in its place. Each script would set its own window.pwned.
NAMES = {
    "Akkermansia muciniphila, mutant": "../../x",
    "Akkermansia muciniphila": "<script>window.pwned=1</script>",
    "Ruminococcus torques": "</script><img src=x onerror=window.pwned=2>",
    "Faecalibacterium prausnitzii": "CON",
    "Agathobacter rectalis": "</textarea></title></style><svg onload=window.pwned=3>",
    "Lachnospiraceae": "<iframe src=javascript:parent.pwned=4>",
    "antibiotics": "javascript:window.pwned=5",
    "vehicle": "a/b",
    "saline": "=1+1",
    "nicotinamide 50": "<svg onload=window.pwned=6>",
    "riboflavin 50": "..\\..\\y",
    "riboflavin": "<a href=javascript:window.pwned=7>r</a>",
    "tryptophan": "{{constructor.constructor('window.pwned=8')()}}",
    "serotonin": "]]>--><!--<script>window.pwned=9",
    "household member": "@SUM(1)",
    "neurological control": "+cmd|' /C calc'!A0",
    "spinal cord": "../../etc/passwd",
    "human serum": "<img src=x onerror=window.pwned=10>",
    "Gene00001": "<img src=x onerror=window.pwned=11>",
    "Gene00002": "__proto__",
    "K00278": "/tmp/z",
    "quinolinate synthase": "${window.pwned=12}",
    "SOD1": "<b onmouseover=window.pwned=13>SOD1</b>",
    "m001": "<script>window.pwned=14</script>",
    "m002": "../../m2",
    "m003": "=HYPERLINK(1)",
    "cage 1": "<script>window.pwned=15</script>",
    "P001": "<img src=x onerror=window.pwned=16>",
    "H01": "NUL",
    "(simulated)": "</title><script>window.pwned=17</script>",
}  # fmt: skip
_NAME = re.compile("|".join(re.escape(name) for name in sorted(NAMES, key=len, reverse=True)))
_TEXT = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_LEAF = re.compile(r"'((?:[^']|'')*)'|([^\s(),:;']+)")


def renamed(text: str) -> str:
    """Put the hostile names in the places of the others."""
    return _NAME.sub(lambda found: NAMES[found[0]], text)


def _toml(text: str) -> str:
    lines = (line.partition("  #")[0] for line in text.splitlines())
    return "\n".join(_TEXT.sub(lambda found: json.dumps(renamed(json.loads(found[0]))), line) for line in lines) + "\n"


def _newick(text: str) -> str:
    def leaf(found: re.Match[str]) -> str:
        name = found[1].replace("''", "'") if found[1] is not None else found[2].replace("_", " ")
        new = renamed(name)
        return found[0] if new == name else "'" + new.replace("'", "''") + "'"

    return _LEAF.sub(leaf, text)


def hostile_study(folder: Path) -> Path:
    """Write the small model study under hostile names into a folder; return its study file."""
    study = simulation.als(folder, seed=1, small=True)
    for path in sorted(folder.iterdir()):
        text = path.read_text(encoding="utf-8")
        change = {".toml": _toml, ".nwk": _newick, ".json": str}.get(path.suffix, renamed)
        path.write_text(change(text), encoding="utf-8", newline="\n")
    return study
