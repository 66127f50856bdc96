"""A reference on disk: opened, known by its contents, checked."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from commensal.errors import FormatError, OutputError, listing
from commensal.reads.reference_tables import load
from commensal.reads.tables import write_text

#: Version of the folder's layout.
FORMAT = 1
#: Name of the sylph database in the folder.
DATABASE = "genomes.syldb"
#: Folder of the unfinished build inside the reference.
UNFINISHED = ".build"


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference folder.

    Parameters
    ----------
    path
        The folder.
    manifest
        What ``manifest.json`` says: format, id, numbers, parameters, files with their hashes, warnings.
    newly_refused
        Files that the build or addition that returned this could not take.
    """

    path: Path
    manifest: dict[str, Any]
    newly_refused: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """SHA-256 over the paths and hashes of all files."""
        return str(self.manifest["id"])

    @property
    def database(self) -> Path:
        """The sylph database."""
        return self.path / DATABASE

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the build had to say."""
        return tuple(self.manifest.get("warnings", ()))

    def genomes(self) -> pd.DataFrame:
        """One row per genome: file, size, lineage, numbers of genes and functions, status."""
        return load("genomes", self.path)

    def refused(self) -> pd.DataFrame:
        """One row per genome file that could not be taken, with the reason."""
        return load("refused", self.path)

    def genes(self) -> pd.DataFrame:
        """One row per gene: genome, contig, first and last base (counted from 1), strand, length (bases)."""
        return load("genes", self.path)

    def functions(self) -> pd.DataFrame:
        """One row per gene and KO or EC number, with where it is from."""
        return load("functions", self.path)

    def neighbours(self) -> pd.DataFrame:
        """One row per ordered pair of similar genomes, with their average nucleotide identity (0–1)."""
        return load("neighbours", self.path)


def open_reference(path: Path | str) -> Reference:
    """Open a reference folder.

    Raises
    ------
    FormatError
        There is no manifest, it is damaged, of a later format, or a file that it names is missing.

    Examples
    --------
    >>> open_reference("nowhere")
    Traceback (most recent call last):
    commensal.errors.FormatError: nowhere: this is no reference
      found: no manifest.json
      ...
    """
    folder = Path(path)
    place = folder / "manifest.json"
    if not place.is_file():
        unfinished = (folder / UNFINISHED).is_dir()
        raise FormatError(
            "the reference is not finished" if unfinished else "this is no reference",
            where=str(folder),
            found="no manifest.json",
            expected="a folder made by commensal reference build",
            mend="run the same build again: it goes on where it stopped"
            if unfinished
            else "commensal reference build GENOMES --out REF",
        )
    try:
        manifest = json.loads(place.read_text(encoding="utf-8"))
        version, files = int(manifest["format"]), dict(manifest["files"])
        for name, facts in files.items():
            if (
                not isinstance(facts, dict)
                or "sha256" not in facts
                or Path(name).is_absolute()
                or ".." in Path(name).parts
                or "\x00" in name
            ):
                raise ValueError(f"files: {name!r} is no path below the folder with its facts")
        if not isinstance(manifest["files"], dict):
            raise TypeError("files is no table")
    except (ValueError, KeyError, TypeError, OSError, RecursionError, OverflowError) as error:
        raise FormatError(
            "the manifest is damaged", where=str(place), found=error, mend="build the reference again"
        ) from error
    if version != FORMAT:
        raise FormatError(
            "the reference has another format",
            where=str(place),
            found=version,
            expected=FORMAT,
            mend="build it with this version",
        )
    missing = [name for name in files if not (folder / name).is_file()]
    if missing:
        raise FormatError(
            "files of the reference are missing", where=str(folder), found=listing(missing), mend="build it again"
        )
    return Reference(folder, manifest)


def contents(folder: Path) -> dict[str, dict[str, Any]]:
    """Return hash and size of every file of the folder but the manifest and what is unfinished, by path."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != "manifest.json" and not any(part.startswith(".") for part in Path(name).parts):
            with path.open("rb") as handle:
                found[name] = {
                    "sha256": hashlib.file_digest(handle, "sha256").hexdigest(),
                    "bytes": path.stat().st_size,
                }
    return found


def identity(files: dict[str, dict[str, Any]]) -> str:
    """Return the SHA-256 over sorted lines ``path sha256``.

    Examples
    --------
    >>> identity({"a": {"sha256": "00"}}) == hashlib.sha256(b"a 00" + bytes([10])).hexdigest()
    True
    """
    lines = "".join(f"{name} {facts['sha256']}\n" for name, facts in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def write_manifest(folder: Path, manifest: dict[str, Any]) -> Reference:
    """Take the files' hashes, name the reference by them and write the manifest last."""
    files = contents(folder)
    manifest = {"format": FORMAT, **manifest, "id": identity(files), "files": files}
    write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", folder / "manifest.json")
    return Reference(folder, manifest)


def check_reference(path: Path | str) -> tuple[str, ...]:
    """Take every hash again; return what is wrong, in sentences, or nothing.

    Raises
    ------
    FormatError
        The folder cannot be opened as a reference.
    """
    folder = Path(path)
    try:
        manifest = open_reference(folder).manifest
    except FormatError as error:
        if error.what != "files of the reference are missing":
            raise
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    try:
        now = contents(folder)
    except OSError as error:
        raise OutputError("the reference cannot be read", where=str(folder), found=error) from error
    then = manifest["files"]
    faults = [f"{name} is missing" for name in then if name not in now]
    faults += [f"{name} is not in the manifest" for name in now if name not in then]
    faults += [
        f"{name} has other contents than when it was built" for name in then if name in now and now[name] != then[name]
    ]
    if manifest.get("id") != identity(then):
        faults.append("the manifest's id does not fit its files")
    return (*faults, *(_unfit(folder) if not faults else ()))


def _unfit(folder: Path) -> list[str]:
    """Contradictions between the tables of a folder whose bytes are whole."""
    from commensal.reads.needs import needed

    genomes = set(load("genomes", folder)["genome"])
    faults = []
    sketched = {sketch.name for sketch in needed("pysylph").Database.load(folder / DATABASE)}
    if sketched != genomes:
        faults.append(f"the database and genomes.parquet name other genomes: {listing(sorted(sketched ^ genomes))}")
    for name in ("genes", "functions"):
        strange = set(load(name, folder)["genome"]) - genomes
        if strange:
            faults.append(f"{name}.parquet names genomes that are not there: {listing(sorted(strange))}")
    return faults
