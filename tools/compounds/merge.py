"""From the sources' rows to compounds: rows with one structure are one compound, ions and acids together."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from commensal.knowledge.names import key, unnamed

#: A name that a source calls a compound by first (1), among its main names (2), also (3), or far down its list (4).
FIRST, MAIN, ALSO, LAST = 1, 2, 3, 4
#: Names by our own rules and lists, before any source.
OURS = 0
_MARKED = re.compile(r"(?<![a-z0-9])(?:dl|ld|[dlrs])[- ]|\((?:[+-]|\+/?-|[\d',rsez]*[rsez])\)|, ?[dl]l?-$|\+/-")
NAMESPACES = ("chebi", "kegg", "hmdb", "pubchem", "lipidmaps")


@dataclass(slots=True)
class Compound:
    """One compound: a structure if any source gives one, its numbers, and its names by key with their best rank."""

    structure: str = ""  #: the InChIKey without the letter of its charge
    ids: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in NAMESPACES})
    names: dict[str, tuple[int, str]] = field(default_factory=dict)
    roles: set[str] = field(default_factory=set)
    exogenous: str = ""
    networks: int = 0  #: metabolic networks that have reactions of it

    @property
    def flat(self) -> bool:
        """Whether the structure says nothing about stereochemistry."""
        return self.structure[15:] == "UHFFFAOYSA"

    def call(self, name: str, rank: int) -> None:
        """Add a name, unless it is there with a better rank."""
        name = re.sub(r"\s+", " ", name).strip()
        found = key(name)
        if found and not unnamed(name) and rank < self.names.get(found, (9, ""))[0]:
            self.names[found] = (rank, name)


class Pool:
    """All compounds, found by structure or by a number that a source gives."""

    def __init__(self) -> None:
        self.of: dict[str, Compound] = {}
        self.moved: dict[str, str] = {}  # place → where its compound went

    def structure(self, inchikey: str) -> Compound:
        """Return the compound of an InChIKey."""
        bare = inchikey[:25]
        while bare in self.moved:
            bare = self.moved[bare]
        return self.of.setdefault(bare, Compound(bare))

    def number(self, namespace: str, number: str) -> Compound:
        """Return a compound that no source gives a structure of."""
        return self.of.setdefault(f"{namespace}:{number}", Compound())


def owners(pool: Pool, namespace: str) -> dict[str, list[Compound]]:
    """Return the compounds that hold each number of a namespace."""
    found: dict[str, list[Compound]] = defaultdict(list)
    for compound in pool.of.values():
        for number in compound.ids[namespace]:
            found[number].append(compound)
    return found


def add_pubchem(pool: Pool, rows, parent) -> None:
    """Add PubChem; a salt's names go to its parent, by ``parent(smiles)`` → InChIKey or ""."""
    for row in rows:
        salt = "." in row.smiles
        inchikey = parent(row.smiles) if salt else row.inchikey
        if not inchikey:
            continue
        compound = pool.structure(inchikey)
        if not salt:
            compound.ids["pubchem"][row.id] += 1
        for at, name in enumerate(row.names):
            if _MARKED.search(name) and (compound.flat or at > 10) and not name.startswith("dl"):
                continue  # deposits mix the stereoisomers: only a main name's mark is believed
            rank = (MAIN if at < 4 else ALSO if at < 20 else LAST) + salt
            compound.call(name, rank)


def clusters(chebi) -> dict[str, list[str]]:
    """Return, per entity of ChEBI, all that differ from it in charge only (acid, base, zwitterion)."""
    parent = {number: number for number in chebi}

    def root(one: str) -> str:
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    for one in chebi.values():
        near = one.relations.get("is_conjugate_acid_of", []) + one.relations.get("is_conjugate_base_of", [])
        for other in one.relations.get("is_tautomer_of", []):
            if other in chebi and "zwitterion" in (one.name + chebi[other].name):
                near.append(other)
        for other in near:
            if other in chebi:
                parent[root(one.id)] = root(other)
    found: dict[str, list[str]] = defaultdict(list)
    for number in sorted(chebi, key=int):
        found[root(number)].append(number)
    return {number: members for members in found.values() for number in members}


def add_chebi(pool: Pool, chebi, opsin: dict[str, str], cids: dict[str, list[str]], inchikeys: dict[str, str]) -> None:
    """Add ChEBI: a structure by the name (OPSIN) or by the compound of PubChem, one for ions of each other.

    Where the ions' names give several, the commonest counts: a name that says less about stereochemistry is then
    a further name of the compound that the others spell out.
    """
    done: set[str] = set()
    for number, members in clusters(chebi).items():
        if number in done:
            continue
        done.update(members)
        kept = [one for one in members if not re.search(r" (?:group|residue)s?$|\(n\)", chebi[one].name)]
        by_name = Counter(
            opsin[chebi[one].name][:25]
            for one in kept
            if opsin.get(chebi[one].name) and not _dropped(chebi[one].name, opsin[chebi[one].name])
        )
        by_cid = Counter(
            inchikeys[cid][:25]
            for one in kept
            for cid in cids.get(one, ())
            if cid in inchikeys and not _dropped(chebi[one].name, inchikeys[cid])
        )
        known = by_cid or by_name
        if by_cid and by_name and not set(by_cid) & set(by_name):
            known = by_name  # the name is ChEBI's own; the cross reference may be of another form
        elif by_cid and by_name:
            known = Counter({one: n + by_name[one] for one, n in by_cid.items() if one in by_name})
        compound = (
            pool.structure(known.most_common(1)[0][0]) if known else pool.number("chebi", kept[0] if kept else number)
        )
        for one in kept:
            entity = chebi[one]
            compound.ids["chebi"][one] += 2
            for old in entity.secondary:
                compound.ids["chebi"][old] += 1
            for cid in cids.get(one, ()):
                if cid not in inchikeys and not _dropped(entity.name, ""):
                    compound.ids["pubchem"][cid] += 1
            compound.roles.update(entity.relations.get("has_role", ()))
            compound.call(entity.name, FIRST)


def _dropped(name: str, inchikey: str) -> bool:
    """Say whether a name tells stereochemistry that the structure read from it has not (inositols: or has wrongly)."""
    if "inositol" in name.lower():
        return True
    told = re.search(r"(?:cis|trans|meso)[- ]?(?=[a-z])|~|\([\d,]*[rsez][,)]", key(name))
    return bool(told) and inchikey[15:25] == "UHFFFAOYSA"


def add_modelseed(pool: Pool, seeds, kegg: dict[str, str], metacyc: dict[str, str]) -> None:
    """Add KEGG's numbers by structure, and the names of those compounds that at least two databases have."""
    for number, inchikey in kegg.items():
        if number.startswith("C"):
            pool.structure(inchikey).ids["kegg"][number] += 1
    held = owners(pool, "kegg")
    for seed in seeds:
        keys = {kegg[one][:25] for one in seed.kegg if one in kegg} or {
            metacyc[one][:25] for one in seed.metacyc if one in metacyc
        }
        if len(keys) != 1:
            if keys or seed.databases < 2:
                continue
            compound = next((held[one][0] for one in seed.kegg if one in held), None) or pool.number("seed", seed.id)
        else:
            compound = pool.structure(keys.pop())
        compound.networks += seed.databases >= 2
        for one in seed.kegg:
            if one.startswith("C") and one not in kegg:
                compound.ids["kegg"][one] += 1
        if seed.databases >= 2:
            for at, name in enumerate(seed.names):
                compound.call(name, MAIN if at == 0 else ALSO)


def crossed(rows: list[dict[str, str]]) -> list[dict[str, list[str]]]:
    """Return the numbers that each row of Human-GEM ties together."""
    columns = {
        "kegg": "metKEGGID",
        "chebi": "metChEBIID",
        "pubchem": "metPubChemID",
        "hmdb": "metHMDBID",
        "lipidmaps": "metLipidMapsID",
    }
    return [
        {
            name: [re.sub(r"^CHEBI:", "", one.strip()) for one in row[column].split(";") if one.strip()]
            for name, column in columns.items()
        }
        for row in rows
    ]


def add_human_gem(pool: Pool, rows: list[dict[str, list[str]]]) -> Counter[str]:
    """Add the numbers that Human-GEM ties together, where those already known agree on one compound."""
    told: Counter[str] = Counter()
    held = {namespace: owners(pool, namespace) for namespace in ("kegg", "chebi", "pubchem")}
    for row in rows:
        found = {id(one): one for name in held for number in row[name] for one in held[name].get(number, ())}
        if len(found) != 1:
            told["several compounds" if found else "no compound"] += 1
            continue
        told["one compound"] += 1
        compound = next(iter(found.values()))
        compound.networks += 1
        for name, many in row.items():
            for number in many:
                if not held.get(name, {}).get(number):
                    compound.ids[name][number] += 1
    return told


def add_hmdb(pool: Pool, hmdb: list[tuple[str, str]]) -> None:
    """Add HMDB's numbers by ChEBI's."""
    held = owners(pool, "chebi")
    for number, chebi in hmdb:
        for compound in held.get(chebi, ()):
            compound.ids["hmdb"][number] += 2


def add_unii(pool: Pool, groups: list[list[str]], pick) -> None:
    """Add the FDA's synonyms to the compounds that ``pick`` keeps, where a group's display name is one compound's."""
    at: dict[str, list[Compound]] = defaultdict(list)
    for compound in pool.of.values():
        if pick(compound):
            for found, (rank, _) in compound.names.items():
                if rank <= ALSO:
                    at[found].append(compound)
    for names in groups:
        owner = at.get(key(names[0]), [])
        if len(owner) == 1:
            for name in names:
                if len(name) < 50:
                    owner[0].call(name.lower(), ALSO)
