"""One bad input: a sound file, what is done to it, and what a reader made of it."""

from __future__ import annotations

import gzip
import io as std
import json
import os
import random
import re
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from benchmarks.hostile_seeds import IDS, Seed, biom_json

from commensal import io
from commensal.io.newick import check_tree
from commensal.io.registry import choose
from commensal.study import read_study
from commensal.study.declared import Assay

#: Cells, names and ids that somebody, a spreadsheet or an enemy writes.
CELLS = [
    "NA", "N/A", "#N/A", "n/a", "NULL", "None", "nan", "-", ".", "?", "", " ", "inf", "-Infinity", "1e999", "-1e-999",
    "1,5", "1.234,5", "1,234", "1 234", "1\u00a0234", "0x1F", "1_000", "٣", "½", "1e5e5", "--1", "+-1", "1.2.3",
    "2-Sep", "1-Mar", "44444", "2.31E+13", "=1+1", "=HYPERLINK(\"http://x\")", "+cmd|' /C calc'!A0", "@SUM(A1)",
    "-2+3", "<script>alert(1)</script>", "</script>", "\" onerror=\"alert(1)", "../../etc/passwd", "a/b", "C:\\x",
    "con", "x" * 300, "x" * 70000, "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\u202egpj.exe", "\u200b", "\ufeffS1",
    "S1 ", " S1", "s1", "S1\u00a0", "\x00", "\x07", "\x0b", "9" * 400, "-" + "9" * 5000, "1" + "0" * 308, "TRUE",
    "2020-01-01", "12:00", "'", '"', '""', "a\"b", "{", "(", ":", "\u0301", "\U0001f9a0", "%s%n", "$(touch x)",
    "{{7*7}}", "${jndi:x}", "!!python/object:os.system", "\ud7ff", "é",
]  # fmt: skip
TOML = [
    "[study]\nname = 1979-05-27\n", "a = " + "[" * 2000 + "]" * 2000 + "\n", "[" + ".".join("a" * 3000) + "]\n",
    "x = " + "9" * 10000 + "\n", "x = 0x" + "f" * 10000 + "\n", "x = {" * 300 + "}" * 300, "x = nan\n", "x = inf\n",
    "[[assays]]\n", "assays = 1\n", "[tables.samples]\nfile = 1979-05-27T07:32:00Z\n",
    "[assays.b]\nkind = \"taxa\"\nfile = \"../x.tsv\"\nvalue = \"counts\"\n",
    "[assays.b]\nkind = \"taxa\"\nfile = \"/etc/passwd\"\nvalue = \"counts\"\n",
    "[assays.\"<script>\"]\nkind = \"taxa\"\nfile = \"t.tsv\"\nvalue = \"counts\"\n",
    "[assays.\"../../x\"]\nkind = \"taxa\"\nfile = \"t.tsv\"\nvalue = \"counts\"\n",
    "[contrasts.c]\ncolumn = [\"arm\"]\ncase = {}\ncontrol = 99999999999999999999999\n",
    "[variables.v]\nlevels = [[[\"a\"]]]\n", "[variables.v]\nlevels = [1, 1.0, true]\n", "x = \"\\u0000\"\n",
    "x = '''" + "x" * 100000 + "'''\n", "\"\" = 1\n", "[report]\nseed = -1\n", "[questions.q]\nkind = [\"features\"]\n",
]  # fmt: skip
VALUES = [
    "1979-05-27", "07:32:00", "[]", "{}", "[[]]", "true", "nan", "-inf", "9" * 60, "-1", "0", "1e308", '""', '" "',
    '"\\u0000"', '"../../x"', '"/dev/zero"', '"~/x"', '"a\\\\b"', '["a", ["b"]]', '{a = {b = {c = 1}}}', '"<script>"',
    '"\\u001b[31m"', '"' + "x" * 5000 + '"', "'''\n\n'''", '"NA"', '"arm"', '["S1"]', '"="', '[1, "a", 2.5]',
    "1" + "0" * 5000, "[1979-05-27]", "0x" + "f" * 5000,
]  # fmt: skip
NEUTRAL = {"bom", "crlf", "cr", "utf16", "gz", "last line end", "other name"}


@dataclass(frozen=True)
class Outcome:
    """What became of one input."""

    kind: str
    done: str
    outcome: str  #: refused, read, same, fault …
    said: str = ""


def cells(data: bytes, rng: random.Random) -> bytes:
    """Put hostile cells into text."""
    text = data.decode("utf-8", "replace")
    parts = re.split(r"([\t,;\n])", text)
    for _ in range(rng.choice([1, 1, 1, 2, 5])):
        parts[rng.randrange(0, len(parts), 2)] = rng.choice(CELLS)
    return "".join(parts).encode("utf-8", "surrogatepass")


def scramble(data: bytes, rng: random.Random) -> bytes:
    """Cut, flip, repeat and remove bytes."""
    out = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 8])):
        at = rng.randrange(len(out) + 1)
        what = rng.randrange(7)
        if what == 0:
            del out[at:]
        elif what == 1 and at < len(out):
            out[at] = rng.randrange(256)
        elif what == 2:
            out[at:at] = bytes([rng.choice([0, 0xFF, 0x22, 0x0A, 0x09, 0x2C, 0x1A, 0x80])])
        elif what == 3:
            del out[at : at + rng.randrange(1, 40)]
        elif what == 4:
            out[at:at] = out[at : at + rng.randrange(1, 60)]
        elif what == 5 and at + 8 <= len(out):
            out[at : at + 8] = rng.choice([b"\xff" * 8, b"\x7f" + b"\xff" * 7, b"\x00" * 8, b"\xff\xff\xff\x7f" * 2])
        else:
            out += rng.randbytes(rng.randrange(1, 30))
    return bytes(out)


def lines(data: bytes, rng: random.Random) -> bytes:
    """Repeat, swap, drop and shorten lines."""
    rows = data.split(b"\n")
    at = rng.randrange(len(rows))
    what = rng.randrange(6)
    if what == 0:
        rows.insert(at, rows[at])
    elif what == 1:
        del rows[at]
    elif what == 2:
        rows.insert(at, b"")
    elif what == 3:
        rows[at] = b"\t".join(rows[at].split(b"\t")[:-1])
    elif what == 4:
        rows[at] += rng.choice([b"\t", b",", b"\t\t\t", b"\tx", b'"', b" ", b"\r", b";"])
    else:
        rng.shuffle(rows)
    return b"\n".join(rows)


def toml(data: bytes, rng: random.Random) -> bytes:
    """Put hostile values and sections into a study file."""
    if rng.random() < 0.4:
        part = rng.choice(TOML).encode()
        return rng.choice([data + part, part + data, part])
    rows = data.decode("utf-8", "replace").split("\n")
    for _ in range(rng.choice([1, 1, 2])):
        at = rng.randrange(len(rows))
        if " = " in rows[at]:
            key, _, old = rows[at].partition(" = ")
            rows[at] = rng.choice([f"{key} = {rng.choice(VALUES)}", f"{key}x = {old}", f"{key}.{key} = {old}"])
        elif rows[at].startswith("["):
            rows[at] = rng.choice(["", f"[{rows[at]}]", rows[at].replace(".", ".x."), rows[at][:-1], '["\\u001b"]'])
    return "\n".join(rows).encode()


def zipped(data: bytes, rng: random.Random) -> bytes:
    """Rewrite an archive with strange members: bombs, paths that leave it, entities, lies."""
    out = std.BytesIO()
    what = rng.randrange(9)
    with zipfile.ZipFile(std.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            inner = old.read(name)
            hit = rng.random() < 0.4
            if what == 0 and hit:
                inner = scramble(inner, rng)
            elif what == 1 and hit:
                inner = cells(inner, rng)
            elif what == 2 and name.endswith((".xml", ".rels")):
                bomb = "".join(f'<!ENTITY a{i + 1} "{f"&a{i};" * 10}">' for i in range(9))
                inner = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">' + bomb.encode() + b"]>" + inner
            elif what == 3 and name.endswith((".xml", ".rels")):
                inner = inner.replace(b"<", b'<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]><', 1)
            elif what == 4 and hit:
                inner = re.sub(rb'"[A-Z]{1,3}\d+(:[A-Z]{1,3}\d+)?"', b'"A1:XFD1048576"', inner)
            elif what == 5 and hit:
                inner = inner.replace(b"<sheetData>", b"<sheetData>" + b"<row>" * rng.choice([1, 50, 20000]))
            elif what == 6 and hit:
                continue
            new.writestr(name if what != 7 or not hit else "../" * rng.randrange(1, 4) + name, inner)
        if what == 8:
            new.writestr(rng.choice(["../../evil", "/etc/evil", "a\\..\\evil", "x" * 5000, "\x1b[31m"]), b"x")
    return out.getvalue()


def hdf5(data: bytes, rng: random.Random, folder: Path) -> bytes:
    """Give a BIOM table wild shapes, types, indices and links that lead out of it."""
    place = folder / "made.h5"
    place.write_bytes(data)
    matrix = [f"observation/matrix/{name}" for name in ("data", "indices", "indptr")]
    name = rng.choice(["observation/ids", "sample/ids", *matrix, "observation/metadata/taxonomy"])
    with h5py.File(place, "r+") as file:
        old = file[name][()]
        del file[name]
        what = rng.randrange(12)
        if what == 0:
            file.create_dataset(name, shape=(rng.choice([10**6, 10**9, 10**12]),), dtype="f8", chunks=(1024,))
        elif what == 1:
            file[name] = np.asarray(-1) if rng.random() < 0.3 else np.full(old.shape, -5)
        elif what == 2:
            file[name] = np.full(old.shape, rng.choice([2**31 - 1, 2**62]))
        elif what == 3:
            file[name] = h5py.ExternalLink("/etc/passwd", "/x")
        elif what == 4:
            file[name] = h5py.SoftLink(rng.choice(["/nowhere", f"/{name}", "/observation"]))
        elif what == 5:
            file.create_group(name)
        elif what == 6:
            file.create_dataset(name, data=[b"x", "y"], dtype=h5py.string_dtype())
        elif what == 7:
            file[name] = np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])
        elif what == 8:
            file[name] = np.full(old.shape, np.nan)
        elif what == 9:
            file.create_dataset(name, shape=(2**20, 2**10), dtype="i1", chunks=(1024, 1024), compression="gzip")
        elif what == 10:
            file.create_dataset(name, data=np.full(old.shape, 1 + 2j))
        else:
            raw = folder / "raw.bin"
            raw.write_bytes(b"secret" * 100)
            file.create_dataset(name, shape=old.shape, dtype="u1", external=[(str(raw), 0, old.size)])
    return place.read_bytes()


def document(data: bytes, rng: random.Random) -> bytes:
    """Give a JSON table wild values."""
    try:
        top: Any = json.loads(data)
    except ValueError:
        top = biom_json()
    key = rng.choice(list(top))
    wild: list[Any] = [
        None, -1, 2**70, "x", [], {},
        [[]], [[0, 0, 1e400]], [[-1, 0, 1]], [[0, 2**40, 1]], [[0.5, 0, 1]], True, "Ω" * 9,
        [10**9, 10**9], [None], [[0, 0, "1"]], [[0, 0]], [{"id": None}], [{"id": ["a"]}], [{}], float("nan"),
        {"id": {"x": 1}}, [{"id": "S1"}] * 3, [{"id": "\x1b[31m"}, {"id": "<script>"}], "../" * 5,
    ]  # fmt: skip
    top[key] = rng.choice(wild)
    if rng.random() < 0.05:
        return b'{"matrix_type": ' + b"[" * 200000
    return json.dumps(top).encode()


def bomb(rng: random.Random) -> bytes:
    """A gz of one line of 2 GB, or of very many short lines, without spending 2 GB to make it."""
    block = rng.choice([b"x", b"\t", b"0\t", b"\n", b"1\n"])
    part = block * (1 << 20)
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    out = [packer.compress(b"sample\tg1\nS1\t")]
    for _ in range((2 << 30) // len(part) if rng.random() < 0.5 else 400):
        out.append(packer.compress(part))
    return b"".join([*out, packer.flush()])


def broken(seed: Seed, rng: random.Random, folder: Path) -> tuple[str, bytes | Callable[[Path], None], str]:
    """Return what is done to a seed, the bytes (or what puts the file in place), and the file's name."""
    if rng.random() < 0.0012:
        bombs = Path(os.environ["HOSTILE_BOMBS"])
        data = (bombs / str(rng.randrange(3))).read_bytes()
        return "gz bomb", data, seed.name
    if rng.random() < 0.02:
        return *odd_file(rng), seed.name
    binary = seed.data[:2] in (b"PK", b"\x1f\x8b", b"PA", b"\x89H")
    ways: list[tuple[str, Callable[[], bytes]]] = [("bytes", lambda: scramble(seed.data, rng))]
    if seed.data.startswith(b"PK"):
        ways += [("archive", lambda: zipped(seed.data, rng))] * 4
    elif seed.data.startswith(b"\x89HDF"):
        ways += [("hdf5", lambda: hdf5(seed.data, rng, folder))] * 5
    elif seed.data.startswith(b"\x1f\x8b"):
        plain = gzip.decompress(seed.data)
        ways += [("gz cells", lambda: gzip.compress(cells(plain, rng), 1, mtime=0))] * 2
        ways += [("gz cut", lambda: seed.data[: rng.randrange(len(seed.data))])]
        ways += [("gz of gz", lambda: gzip.compress(seed.data)), ("gz twice", lambda: seed.data + seed.data[:20])]
    elif not binary:
        ways += [("cells", lambda: cells(seed.data, rng))] * 4 + [("lines", lambda: lines(seed.data, rng))] * 2
        ways += [("gz cut", lambda: gzip.compress(seed.data)[: -rng.randrange(1, 20)])]
        ways += [("latin-1", lambda: seed.data.replace(b"S2", b"S2\xe9").replace(b"a", b"\xe4", 1))]
        ways += [("utf16 unmarked", lambda: seed.data.decode("utf-8", "replace").encode("utf-16-le"))]
        ways += neutral(seed)
    if seed.reader == "study":
        ways += [("toml", lambda: toml(seed.data, rng))] * 20
    if seed.data.startswith(b"{"):
        ways += [("json", lambda: document(seed.data, rng))] * 8
    done, make = rng.choice(ways)
    name = f"x{seed.name}" if done == "other name" else seed.name
    return done, make(), name


def neutral(seed: Seed) -> list[tuple[str, Callable[[], bytes]]]:
    """Ways that must not matter: a byte-order mark, line ends, compression."""
    text = seed.data.decode("utf-8", "replace")
    ways: list[tuple[str, Callable[[], bytes]]] = [("last line end", lambda: seed.data.rstrip(b"\n"))]
    if seed.reader in {"assay", "table", "tree", "sets"}:
        ways += [("gz", lambda: gzip.compress(seed.data)), ("bom", lambda: b"\xef\xbb\xbf" + seed.data)]
        ways += [("utf16", lambda: text.encode("utf-16")), ("crlf", lambda: seed.data.replace(b"\n", b"\r\n"))]
        ways += [("cr", lambda: seed.data.replace(b"\n", b"\r"))]
    return [way for way in ways if not (seed.data.startswith(b"{") and way[0] in {"cr", "utf16"})]


def odd_file(rng: random.Random) -> tuple[str, Callable[[Path], None]]:
    """What stands where a file should: a pipe, a device, a folder, a link to somewhere else or to itself."""

    def link(target: Path | str) -> Callable[[Path], None]:
        return lambda place: place.symlink_to(target)

    ways: dict[str, Callable[[Path], None]] = {
        "fifo": os.mkfifo,
        "folder": lambda place: place.mkdir(),
        "device": link("/dev/zero"),
        "loop": link("t.tsv"),
        "link out": link("/etc/passwd"),
        "link to nothing": link("nowhere"),
        "unreadable": lambda place: (place.write_bytes(b"a\tb\n1\t2\n"), place.chmod(0))[1],
        "nothing": lambda _place: None,
        "link to proc": link("/proc/self/mem"),
    }
    name = rng.choice(list(ways))
    return "odd file", ways[name]


def read(seed: Seed, place: Path) -> Any:  # noqa: PLR0911  a reader per line
    """Read a file as a study would; return what can be compared."""
    if seed.reader == "assay":
        declared = {"kind": "taxa", "value": "intensity", **seed.declared}
        table = io.read_assay(Assay("a", file=place.name, **declared), place.parent, IDS)
        return table.samples, tuple(table.features.index), table.values.tolist()
    if seed.reader in {"quant", "counts"}:
        ending = place.name.partition("S1")[2] or ".sf"
        declared = {"kind": "transcripts", "value": "counts", "files": f"{{sample}}{ending}"}
        if seed.reader == "counts":
            declared["strandedness"] = "reverse"
        read_sets = io.read_assay(Assay("a", **declared), place.parent, ["S1"])
        return read_sets.values.tolist()
    if seed.reader == "table":
        return io.read_table(place).astype(str).to_dict("list")
    if seed.reader == "tree":
        form = choose(io.locate(place.parent, place.name, "[assays.a] tree"), None)
        return check_tree(form.read_tree(place), place.name) if form.read_tree else None
    if seed.reader == "sets":
        return io.read_sets(io.locate(place.parent, place.name, "[questions.a] sets"))
    if seed.reader == "study":
        return read_study(place).contrasts
    return _of_reads(seed, place)


def _of_reads(seed: Seed, place: Path) -> Any:  # noqa: PLR0911  a reader per line
    if seed.reader == "fastq":
        from commensal.reads.fastq import Fastq

        return sum(len(batch.first) for batch in Fastq(place).batches())
    if seed.reader == "genome":
        from commensal.reads.reference_fasta import read_genome

        return read_genome(place).length
    if seed.reader == "host":
        from commensal.reads.reference_host import _measure

        return _measure(place)
    if seed.reader == "truth":
        from commensal.pipeline.score import _read

        return _read(place)
    if seed.reader == "manifest":
        from commensal.reads.reference_folder import check_reference

        return check_reference(place.parent)
    if seed.reader == "annotations":
        from commensal.reads.annotation_files import read_annotations

        return read_annotations(place)
    from commensal.reads.reference_taxonomy import read_taxonomy

    return read_taxonomy(place)
