r"""QIIME 2 without QIIME: artifacts (``.qza``) and metadata with a ``#q2:types`` row.

Source of the formats: https://docs.qiime2.org/2024.10/ (artifact = a zip archive ``<uuid>/metadata.yaml`` with uuid,
type and format, and ``<uuid>/data/``) and https://docs.qiime2.org/2024.10/tutorials/metadata/.

Examples
--------
>>> import tempfile
>>> from pathlib import Path
>>> with tempfile.TemporaryDirectory() as folder:
...     place = Path(folder, "metadata.tsv")
...     _ = place.write_text("sample-id\tday\n#q2:types\tnumeric\nS1\t7\n")
...     frame = read_metadata(place)
>>> frame.to_dict("records"), frame.attrs["lines"]
([{'sample-id': 'S1', 'day': '7'}], (3,))
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pandas as pd

from commensal.errors import FormatError
from commensal.io import biom_tables
from commensal.io.contents import Format, Matrix
from commensal.io.grid import parse_grid
from commensal.io.paths import require_file
from commensal.io.text import Text, head, head_text, load_text, text_of
from commensal.io.wide import table_from_grid
from commensal.limits import exceeded, limit
from commensal.study.declared import Assay

#: Headers of the id column that begin with ``#``; other lines that do are comments.
_ID_HEADERS = ("#SampleID", "#Sample ID", "#OTUID", "#OTU ID")
_LINE = re.compile(r"(\w+):\s*(.*?)\s*")


@dataclass(frozen=True, slots=True)
class Artifact:
    """One member of an artifact, and the artifact's semantic type."""

    file: str
    type: str
    data: bytes


def sniff(path: Path) -> bool:
    """Say whether the file is a zip archive whose one folder holds a ``metadata.yaml``."""
    if head(path, 4) != b"PK\x03\x04":
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return any(re.fullmatch(r"[^/]+/metadata\.yaml", name) for name in archive.namelist())
    except (zipfile.BadZipFile, OSError):
        return path.suffix in (".qza", ".qzv")


def open_artifact(path: Path, wanted: dict[str, str], purpose: str) -> Artifact:
    """Read the one member of an artifact that its type calls for; nothing is unpacked to disk.

    Parameters
    ----------
    path
        The ``.qza``.
    wanted
        Semantic type → member under ``data/``.
    purpose
        What the file is used as, for messages.

    Raises
    ------
    FormatError
        Damaged, no artifact, paths that leave the archive, too large, or another semantic type.
    """
    require_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            root = _root(archive, path.name)
            lines = archive.read(f"{root}/metadata.yaml").decode().splitlines()
            said = {found[1]: found[2] for line in lines if (found := _LINE.fullmatch(line))}
            kind = said.get("type", "").strip("'\"")
            if kind not in wanted:
                raise FormatError(
                    f"the artifact cannot be used as {purpose}",
                    where=path.name,
                    found=f"type {kind}" if kind else "no type in metadata.yaml",
                    expected=" or ".join(wanted),
                    mend="name the artifact that holds it",
                )
            return Artifact(path.name, kind, archive.read(f"{root}/data/{wanted[kind]}"))
    except (zipfile.BadZipFile, zlib.error, OSError, KeyError, EOFError, RuntimeError, ValueError) as error:
        raise FormatError(
            "the artifact is damaged or cut short",
            where=path.name,
            found=str(error)[:120],
            expected="a QIIME 2 artifact (.qza)",
            mend="copy or export it again",
        ) from error


def _root(archive: zipfile.ZipFile, file: str) -> str:
    members = archive.infolist()
    strange = [m.filename for m in members if m.filename.startswith("/") or ".." in PurePosixPath(m.filename).parts]
    roots = {m.filename.split("/", 1)[0] for m in members}
    size = sum(m.file_size for m in members)
    if strange or len(roots) != 1:
        raise FormatError(
            "the archive is no QIIME 2 artifact",
            where=file,
            found=f"a path that leaves it: {strange[0]!r}" if strange else f"{len(roots)} folders at its top",
            expected="one folder, named by the artifact's uuid",
            mend="export the artifact again",
        )
    packed = [m for m in members if m.file_size > max(limit("UNPACKED_FREE") // 16, limit("RATIO") * m.compress_size)]
    if packed:
        raise exceeded("RATIO", file, f"{packed[0].file_size:,} bytes from {packed[0].compress_size:,}")
    if len(members) > limit("MEMBERS"):
        raise exceeded("MEMBERS", file, f"{len(members):,} members")
    if size > limit("ARTIFACT"):
        raise FormatError(
            "the archive unpacks to more than is allowed",
            where=file,
            found=f"{size:,} bytes",
            expected=f"at most {limit('ARTIFACT'):,}",
            mend="export the table as BIOM, or set COMMENSAL_LIMIT_ARTIFACT",
        )
    return roots.pop()


def read_assay(path: Path, assay: Assay, sample_ids: Sequence[str]) -> Matrix:  # noqa: ARG001  one signature for all
    """Read a FeatureTable[Frequency] or [RelativeFrequency]: BIOM 2.1 inside."""
    member = "feature-table.biom"
    wanted = {"FeatureTable[Frequency]": member, "FeatureTable[RelativeFrequency]": member}
    artifact = open_artifact(path, wanted, "an assay")
    return biom_tables.from_bytes(artifact.data, artifact.file)


def read_table(path: Path) -> pd.DataFrame:
    """Read a FeatureData[Taxonomy] as a table of text: Feature ID, Taxon, Confidence."""
    artifact = open_artifact(path, {"FeatureData[Taxonomy]": "taxonomy.tsv"}, "a table")
    text = text_of(artifact.data, artifact.file)
    return table_from_grid(parse_grid(text, all_text=True, missing=()))


def read_tree(path: Path) -> str:
    """Read a Phylogeny[Rooted] as Newick text."""
    wanted = {"Phylogeny[Rooted]": "tree.nwk", "Phylogeny[Unrooted]": "tree.nwk"}
    artifact = open_artifact(path, wanted, "a tree")
    return text_of(artifact.data, artifact.file).data.decode().strip()


def sniff_metadata(path: Path) -> bool:
    """Say whether one of the first lines is a ``#q2:types`` row."""
    return any(line.startswith(("#q2:", '"#q2:')) for line in head_text(path).split("\n")[1:50])


def read_metadata(path: Path) -> pd.DataFrame:
    """Read QIIME 2 metadata as text; comment and ``#q2:`` rows are set aside, column names stand as they are.

    ``attrs["lines"]`` gives the file's line of each row, ``attrs["q2_types"]`` the declared types. Rows may leave out
    empty cells at their end, as QIIME 2 allows.

    Raises
    ------
    FormatError
        No header, no rows, or a row with more cells than the header.
    """
    text = load_text(path)
    rows = [(i + 1, line) for i, line in enumerate(text.data.split(b"\n")) if line.strip()]
    while rows and rows[0][1].startswith(b"#") and _first_cell(rows[0][1]) not in _ID_HEADERS:
        rows.pop(0)
    if not rows:
        raise FormatError("the metadata has no header", where=path.name, expected="a header line", mend="add it")
    header, body = rows[0][1], [(n, line) for n, line in rows[1:] if not line.startswith((b"#", b'"#'))]
    types = next((line.decode().split("\t")[1:] for _, line in rows[1:] if _first_cell(line) == "#q2:types"), [])
    if not body:
        raise FormatError(
            "the metadata has a header and no rows", where=path.name, expected="at least one sample", mend="add them"
        )
    tabs = header.count(b"\t")
    padded = [line + b"\t" * (tabs - line.count(b"\t")) for _, line in body]
    long = next((n for (n, line) in body if line.count(b"\t") > tabs), None)
    if long is not None:
        raise FormatError(
            "a row has more cells than the header",
            where=f"{path.name}, line {long}",
            expected=f"{tabs + 1} cells, separated by tabs",
            mend="correct the row",
        )
    data = b"\n".join([header, *padded]) + b"\n"
    frame = table_from_grid(parse_grid(Text(text.file, data, text.encoding), all_text=True, missing=()))
    names = header.decode().split("\t")[1:]
    frame.attrs.update(lines=tuple(n for n, _ in body), q2_types=dict(zip(names, types, strict=False)))
    return frame


def _first_cell(line: bytes) -> str:
    return line.split(b"\t", 1)[0].decode().strip().strip('"')


FORMAT = Format("qiime2", "QIIME 2 artifact (.qza)", sniff, read_assay, read_table, read_tree)
METADATA = Format("qiime2_metadata", "QIIME 2 metadata with a #q2:types row", sniff_metadata, None, read_metadata)
