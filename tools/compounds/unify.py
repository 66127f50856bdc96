"""Compounds that several sources have under several structures, or under none, made one; each rule says why it may."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable

from merge import ALSO, FIRST, MAIN, OURS, Compound, Pool

from commensal.knowledge.names import key
from commensal.knowledge.readings import salt_free

_MARKS = re.compile(r"(?:dl|ld|[dl])~|\((?:[\d',rsez]*[rsez]|[+-]|\+/?-)\)|^(?:cis|trans)(?![a-z]*(?:fer|port))")
_SUGAR = (
    r"(?:n?acetyl)?[dl]~(?:gluc|galact|mann|fruct|rib|xyl|arabin|fuc|rhamn|sorb|tagat|lyx|eryth|thre|ribul|xylul|all|psic|talos|gul|"
    r"altr|id|2deoxyrib|deoxyrib)(?:os|osamin|uron|ur)(?:e|ate|uronate)?(?:[1-7](?:,[1-7]bis)?(?:di)?phosphate)?"
)
_RING = re.compile(r"^(?P<n>nacetyl)?(?:alpha|beta|aldehydo|keto)?(?=[dl]~)|(?<=[a-z])o(?:pyran|furan)(?=os|uron)")


def marked(found: str) -> bool:
    """Say whether a key has marks of stereochemistry."""
    return _MARKS.search(found) is not None


def unmarked(found: str) -> str:
    """Return a key without its marks of stereochemistry."""
    return _MARKS.sub("", found)


def move(pool: Pool, place: str, to: str) -> None:
    """Give all that one compound has to another, and drop it; the structure that says more stays."""
    gone, other = pool.of.pop(place), pool.of[to]
    pool.moved[place] = to
    if other.flat and gone.structure[:14] == other.structure[:14]:
        other.structure = gone.structure
    for namespace, numbers in gone.ids.items():
        other.ids[namespace].update(numbers)
    for rank, name in gone.names.values():
        other.call(name, rank)
    other.roles |= gone.roles
    other.networks += gone.networks


def _told(compound: Compound, rank: int) -> list[str]:
    return [found for found, (best, _) in compound.names.items() if best <= rank]


def _holders(pool: Pool, rank: int, which: Callable[[Compound], bool]) -> dict[str, set[str]]:
    at: dict[str, set[str]] = defaultdict(set)
    for place, compound in pool.of.items():
        if which(compound):
            for found in _told(compound, rank):
                at[found].add(place)
    return at


def by_name(pool: Pool, *, rank: int, unclaimed: bool) -> int:
    """Join compounds without a structure to the one with a structure that goes by their first name.

    A source without a structure for a compound (ChEBI's entries here) names what another gives a structure of. With
    ``unclaimed``, a lesser name suffices, if that structure is not yet one of ChEBI's: one compound, one entry.
    """
    at = _holders(pool, rank, lambda one: bool(one.structure) and not (unclaimed and one.ids["chebi"]))
    moved = 0
    for place, compound in list(pool.of.items()):
        near = set() if compound.structure else set().union(*(at.get(found, set()) for found in _told(compound, MAIN)))
        near = {one for one in near if pool.of[one].ids["kegg"]} if len(near) > 1 else near
        if len(near) == 1:
            move(pool, place, near.pop())
            moved += 1
    return moved


def by_title(pool: Pool, titles: dict[str, str]) -> int:
    """Join a compound of KEGG that ChEBI does not have to the one of ChEBI, without KEGG's number, of the same title.

    Their structures differ: another tautomer was drawn, or the name was read otherwise than meant.
    """
    at = _holders(pool, FIRST, lambda one: bool(one.ids["chebi"]) and not one.ids["kegg"])
    moved = 0
    for place, compound in list(pool.of.items()):
        if not compound.ids["kegg"] or compound.ids["chebi"]:
            continue
        near = set().union(*(at.get(titles[one], set()) for one in compound.ids["kegg"] if one in titles))
        if len(near) == 1 and (other := near.pop()) in pool.of and not pool.of[other].ids["kegg"]:
            if not pool.of[other].ids["pubchem"]:
                pool.of[other].structure = compound.structure  # the name was read, no source drew it
            move(pool, place, other)
            moved += 1
    return moved


def by_cross_reference(pool: Pool, rows: list[dict[str, list[str]]]) -> int:
    """Join a compound of ChEBI without a structure to the compound of KEGG that Human-GEM calls the same."""
    held: dict[tuple[str, str], str] = {}
    for place, compound in pool.of.items():
        for namespace in ("kegg", "chebi"):
            for number in compound.ids[namespace]:
                held[namespace, number] = place
    moved = 0
    for row in rows:
        kegg = {held[("kegg", one)] for one in row["kegg"] if ("kegg", one) in held}
        chebi = {held[("chebi", one)] for one in row["chebi"] if ("chebi", one) in held}
        if len(kegg) != 1 or len(chebi) != 1 or kegg == chebi:
            continue
        place, other = chebi.pop(), kegg.pop()
        if place not in pool.of or other not in pool.of or pool.of[place].structure:
            continue
        if pool.of[other].structure and not pool.of[other].ids["chebi"]:
            move(pool, place, other)
            moved += 1
    return moved


def by_skeleton(pool: Pool) -> int:
    """Join compounds that differ in how much of the stereochemistry a source drew, and share a name.

    One of them is ChEBI's, the other is not, their letters D and L do not contradict each other, and no third shares
    the name: then one source drew less, or in another way, what both mean.
    """
    kin: dict[str, list[str]] = defaultdict(list)
    for place, compound in pool.of.items():
        if compound.structure:
            kin[compound.structure[:14]].append(place)
    moved = 0
    for places in kin.values():
        for place in places if len(places) > 1 else ():
            compound = pool.of[place]
            if not compound.ids["kegg"]:
                continue
            rank = MAIN if compound.ids["chebi"] else ALSO
            mine = {found for found in _told(compound, rank) if not marked(found)}
            others = [one for one in places if one != place and one in pool.of and pool.of[one].ids["chebi"]]
            near = [one for one in others if mine & set(_told(pool.of[one], FIRST))]
            near = near or [one for one in others if rank == ALSO and mine & set(_told(pool.of[one], ALSO))]
            if len(near) == 1 and not _contradict(compound, pool.of[near[0]]):
                move(pool, place, near[0])
                moved += 1
    return moved


def _contradict(one: Compound, other: Compound) -> bool:
    def hands(compound: Compound) -> set[str]:
        return {
            mark
            for found in _told(compound, MAIN)
            for mark in re.findall(r"(?<![a-z])(dl|d|l)~|\(([rs])\)", found)
            for mark in mark
            if mark
        }

    mine, its = hands(one), hands(other)
    return bool(mine and its and not mine & its)


def by_ring(pool: Pool) -> Counter[str]:
    """Join the anomers and ring forms of a sugar, which turn into each other in water."""
    groups: dict[str, list[str]] = defaultdict(list)
    for place, compound in pool.of.items():
        plain = {
            found
            for found in (_RING.sub(lambda one: one["n"] or "", found) for found in _told(compound, MAIN))
            if re.fullmatch(_SUGAR, found)
        }
        if len(plain) == 1:
            groups[plain.pop()].append(place)
    told: Counter[str] = Counter()
    for found, places in groups.items():
        first = max(
            places,
            key=lambda place: (
                found in pool.of[place].names,
                bool(pool.of[place].ids["kegg"]),
                bool(pool.of[place].ids["hmdb"]),
            ),
        )
        for place in places:
            if place != first:
                move(pool, place, first)
                told["ring forms"] += 1
    return told


def by_salt(pool: Pool) -> int:
    """Join salts that a source has as compounds of their own to the one organic part that their name has."""
    at = _holders(pool, ALSO, lambda one: bool(one.structure))
    moved = 0
    for place, compound in list(pool.of.items()):
        firsts = [name for rank, name in compound.names.values() if rank == FIRST]
        bases = {key(base) for name in firsts for base in salt_free(name)} - set(compound.names)
        near = {one for base in bases for one in at.get(base, ()) if one != place and one in pool.of}
        near = {one for one in near if bases & set(_told(pool.of[one], FIRST))} or near
        if len(near) == 1:
            compound.roles = set()  # what a salt is used for does not make its acid a medicine
            move(pool, place, near.pop())
            moved += 1
    return moved


def by_carnitine(pool: Pool) -> int:
    """Join acylcarnitines without a mark of stereochemistry to those of L-carnitine, the only one that bodies make."""
    at: dict[str, set[str]] = defaultdict(set)
    for place, compound in pool.of.items():
        for found in _told(compound, FIRST):
            if found.endswith("l~carnitine"):
                at[found.replace("l~", "").removeprefix("(r)")].add(place)
            elif found.endswith("carnitine") and found in _told(compound, OURS):
                at[f"o{found}"].add(place)
    moved = 0
    for place, compound in list(pool.of.items()):
        plain = {found for found in _told(compound, FIRST) if found.endswith("carnitine") and not marked(found)}
        near = {one for found in plain for spelled in (found, f"o{found}") for one in at.get(spelled, ())} - {place}
        near = {one for one in near if one in pool.of}
        if len(near) == 1:
            move(pool, place, near.pop())
            moved += 1
    return moved


def by_list(pool: Pool, same: list[tuple[str, str]]) -> int:
    """Join what our own list says is one compound; the first name of each line becomes its name."""
    moved, at = 0, _holders(pool, ALSO, lambda _: True)
    for name, other in same:
        ranked = [
            sorted(
                (place for place in at.get(found, ()) if place in pool.of),
                key=lambda place, found=found: pool.of[place].names[found][0],
            )
            for found in (key(name), key(other))
        ]
        if not all(ranked):
            print("same:", name, "or", other, "is not there")
            continue
        kept, gone = ranked[0][0], ranked[1][0]
        pool.of[kept].names[key(name)] = (FIRST, name)
        if kept != gone:
            for found, (rank, text) in list(pool.of[gone].names.items()):
                pool.of[gone].names[found] = (max(rank, MAIN), text)
            move(pool, gone, kept)
            moved += 1
    return moved
