"""The table of compounds that ships: names, numbers in databases, structures, and which come from outside the body."""

from __future__ import annotations

import lzma
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

from commensal.knowledge.names import key
from commensal.knowledge.pathways import pathways
from commensal.knowledge.reactions import known_compounds, reactions

#: Columns of numbers in the table, in their order.
NAMESPACES = ("chebi", "kegg", "hmdb", "pubchem", "lipidmaps")
#: What pathways and reactions name that is no one compound.
NO_COMPOUND = frozenset(
    {
        *("both halves", "glycine or tyrosine", "conjugated bile acid", "free bile acid", "protein"),
        *("acetylated protein", "ADP-ribosyl protein", "reduced electron carrier", "sulfur carrier"),
    }
)
_STEREO = re.compile(r"~|\((?:[\d',rsez]*[rsez]|[+-]|\+/?-)\)|^(?:cis|trans|rac|meso|sn)(?!s)")
_OUTSIDE = re.compile(r" \((?:outside|inside|phosphate)\)$")


@dataclass(frozen=True, slots=True)
class Compound:
    """One compound of the table.

    Parameters
    ----------
    name
        The name that this program uses for it.
    chebi, kegg, hmdb, pubchem, lipidmaps
        Its numbers there, the first one the one most sources give; of ions and stereoisomers that a name without
        a mark stands for, too.
    inchikey
        The InChIKey without the letter of its charge (25 letters), or "" where no source gives a structure.
    exogenous
        Why it comes from outside the body and its microbes ("drug: antibiotic"), or "".
    """

    name: str
    chebi: tuple[str, ...] = ()
    kegg: tuple[str, ...] = ()
    hmdb: tuple[str, ...] = ()
    pubchem: tuple[str, ...] = ()
    lipidmaps: tuple[str, ...] = ()
    inchikey: str = ""
    exogenous: str = ""


class Table:
    """The table in memory; rows stay text until one is asked for.

    Attributes
    ----------
    rows
        One list of text per compound: name, numbers (``;`` between), structure, why exogenous.
    named
        Key of a name → places of the compounds that it may mean.
    """

    def __init__(self, text: str, ours: tuple[str, ...]) -> None:
        self.rows: list[list[str]] = []
        self.named: dict[str, tuple[int, ...]] = {}
        named = self.named
        for place, line in enumerate(text.split("\n")):
            row = line.split("\t")
            self.rows.append(row[:-1])
            for found in row[-1].split("|"):
                if found in named:
                    named[found] = (*named[found], place)
                else:
                    named[found] = (place,)
        self.at: dict[str, int] = {row[0]: place for place, row in enumerate(self.rows)}
        self.ours: dict[int, str] = {}
        for name in ours:
            self._call(name)

    def _call(self, name: str) -> None:
        """Make a name that the pathways use the name of its compound; one that no row has becomes a row.

        Of two names that they use for one compound the first stays.
        """
        places = self.named.get(key(name), ())
        if len(places) != 1:
            self.rows.append([name, *[""] * (len(NAMESPACES) + 2)])
            places = (len(self.rows) - 1,)
        elif places[0] in self.ours:
            return
        else:
            del self.at[self.rows[places[0]][0]]
            self.rows[places[0]][0] = name
        self.named[key(name)] = places
        self.ours[places[0]] = self.rows[places[0]][0]
        self.at[name] = places[0]

    def numbers(self, namespace: str) -> dict[str, tuple[int, ...]]:
        """Return number → places, of one namespace or of ``inchikey``."""
        return _numbers(self, namespace)

    def compound(self, place: int) -> Compound:
        """Return one row as a compound."""
        name, *numbers, inchikey, exogenous = self.rows[place]
        chebi, kegg, hmdb, pubchem, lipidmaps = (tuple(filter(None, one.split(";"))) for one in numbers)
        return Compound(name, chebi, kegg, hmdb, pubchem, lipidmaps, inchikey, exogenous)

    def __hash__(self) -> int:
        return id(self)


@cache
def _numbers(table: Table, namespace: str) -> dict[str, tuple[int, ...]]:
    column = 1 + (*NAMESPACES, "inchikey").index(namespace)
    found: dict[str, tuple[int, ...]] = {}
    for place, row in enumerate(table.rows):
        for number in filter(None, row[column].split(";")):
            found[number] = (*found.get(number, ()), place)
    return found


def named_in_pathways() -> tuple[str, ...]:
    """Return the compounds that the shipped pathways and reactions name, in their order.

    Examples
    --------
    >>> "nicotinamide" in named_in_pathways(), "both halves" in named_in_pathways()
    (True, False)
    """
    texts = [text for one in pathways().values() for step in one.steps for text in (step.substrate, step.product)]
    names = [name for text in texts for name in text.split(", ")] + _named_in_reactions()
    plain = dict.fromkeys(_OUTSIDE.sub("", name) for name in names)
    return tuple(name for name in plain if name and name not in NO_COMPOUND)


def _named_in_reactions() -> list[str]:
    own = sorted(known_compounds())
    beside = {name for one in reactions().values() for name in (*one.cofactors_in, *one.cofactors_out)}
    charged = {f"{name}+" for name in own}  # NAD and NAD+ are one
    return [*own, *sorted(beside - set(own) - charged)]


@cache
def table() -> Table:
    """Return the table that ships, read once."""
    packed = resources.files("commensal.knowledge").joinpath("compounds.tsv.xz").read_bytes()
    return Table(lzma.decompress(packed).decode("utf-8").rstrip("\n"), named_in_pathways())


def compound(name: str) -> Compound | None:
    """Return the compound of this name, exactly as `resolve` gives it, or None.

    Examples
    --------
    >>> found = compound("nicotinamide")
    >>> found.kegg[0], found.hmdb[0], found.inchikey
    ('C00153', 'HMDB0001406', 'DFPAKSUCGFBDDF-UHFFFAOYSA')
    >>> compound("ampicillin").exogenous
    'drug: antibiotic'
    """
    place = table().at.get(name)
    return None if place is None else table().compound(place)


def stereo(name: str) -> bool:
    """Say whether a name has a mark of stereochemistry (L-, (S)-, cis-).

    Examples
    --------
    >>> stereo("L-lactate"), stereo("(2S,3R)-threonine"), stereo("lactate")
    (True, True, False)
    """
    return _STEREO.search(key(name)) is not None
