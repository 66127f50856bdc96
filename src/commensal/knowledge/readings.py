"""What a label of a table may mean: numbering, qualifiers in brackets, salts, alternatives, signals without a name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from commensal.knowledge.compounds import stereo, table
from commensal.knowledge.lipids import acylcarnitine, species, sums
from commensal.knowledge.names import key, labelled, plain, unnamed

_NUMBERING = re.compile(r"[ ]?(?:\((?:isomer ?)?\d{1,2}\)|#\d+|, isomer \d+|(?<=\))\.\d{1,2})$")
_BRACKET = re.compile(r"^(?P<base>.*\S) ?\((?P<inside>[^()]*(?:\([^()]*\)[^()]*)*)\)$")
_COUNT = "(?:di|tri|tetra|mono|hemi|sesqui)?"
_METAL = (
    "(?:sodium|potassium|calcium|magnesium|lithium|ammonium|zinc|hydrochloride|hydrobromide|hydrate|chloride|bromide"
    "|iodide|hcl|mesylate|tosylate|maleate salt|besylate|trifluoroacetate)"
)
_INORGANIC = frozenset(
    {
        *("chloride", "bromide", "iodide", "fluoride", "hydroxide", "oxide", "peroxide", "carbonate", "bicarbonate"),
        *("phosphate", "sulfate", "sulfite", "sulfide", "nitrate", "nitrite", "hydride", "cyanide", "azide"),
        *("sodium", "potassium", "calcium", "magnesium", "hydrogen", "ammonium", "zinc", "lithium"),
    }
)
_SALT = re.compile(rf"^(?P<base>.+?)(?:,? {_COUNT}{_METAL}(?: salt)?| salt|,? (?:free )?(?:acid|base) form)+$")
_OF_METAL = re.compile(rf"^{_COUNT}{_METAL} (?P<base>.+(?:ate|ite|ide|ine))$")
_ISOBAR = re.compile(r"^isobars?:? (?P<names>.+)$")
_CONJUGATE = re.compile(
    r"^(?P<base>.+?)[- ]?(?:acyl[- ]|beta-d-|o-|n-)*"
    r"(?:glucuronide|sulfate|n-oxide|sulfoxide|sulfone|mercapturate|glucoside)(?: \(\d\))?$"
)
_CHANGED = re.compile(
    r"^(?:[\d,'-]*(?:alpha-|beta-)?)(?:[nos]-)?"
    r"(?:desmethyl|demethyl|didesmethyl|hydroxy|dihydroxy|carboxy|desacetyl|nor|dehydro|desethyl)[- ]?(?P<base>.+)$"
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What one name may mean: compounds by their names, and how that was read."""

    names: tuple[str, ...]
    how: str = "name"
    species: bool = False  #: a shorthand that stands for all molecules of a formula


def read(label: str) -> Reading:
    """Return the compounds that a label may mean: none, one, or several where it leaves that open.

    Examples
    --------
    >>> read("Niacinamide").names, read("riboflavin_(Vitamin_B2)").names, read("X - 12345*").how
    (('nicotinamide',), ('riboflavin',), 'a signal without a name')
    >>> read("fumarate/maleate").names
    ('fumarate', 'maleate')
    """
    text = plain(label)
    if not text or len(text) > 300 or unnamed(text):
        return Reading((), "a signal without a name")
    if labelled(text):
        return Reading((), "a standard with heavy isotopes")
    return next(filter(lambda one: one.names, _readings(text)), Reading((), "no compound of this name"))


def drug_behind(label: str) -> str | None:
    """Return why a molecule is exogenous whose name is that of a drug with a change that the body makes.

    Examples
    --------
    >>> drug_behind("ibuprofen acyl glucuronide"), drug_behind("phenol sulfate")
    ('metabolite of a drug: ibuprofen', None)
    """
    text = plain(label)[:300]
    for pattern in (_CONJUGATE, _CHANGED):
        found = pattern.match(text)
        for name in _known(found["base"]) if found else ():
            if "drug" in table().rows[table().at[name]][-1]:
                return f"metabolite of a drug: {name}"
    return None


def _known(text: str) -> tuple[str, ...]:
    rows = table().rows
    return tuple(rows[place][0] for place in table().named.get(key(text), ()))


def _readings(text: str) -> Iterator[Reading]:
    yield from _salts(text)  # before a salt's own row: an ion and its acid are one compound
    yield Reading(_known(text))
    fewer = _NUMBERING.sub("", text)
    if fewer != text:
        yield Reading(_known(fewer), "name without its numbering")
    several = sums(re.sub(r" ?\(\d\)(?=[,)])", "", fewer))
    if several:
        yield Reading(several, "a sum of several lipids", species=True)
    for shorthand in (species, acylcarnitine):
        found = shorthand(fewer)
        if found:
            yield _shorthand(found)
    bracket = _BRACKET.match(fewer)
    if bracket:
        yield _bracketed(bracket["base"], bracket["inside"])
    yield from _salts(fewer)
    yield _alternatives(fewer)
    if bracket and "/" in bracket["base"] and not re.search(r"\d:\d", bracket["inside"]):
        yield _alternatives(bracket["base"])
    yield _unmarked(fewer)


def _shorthand(found: tuple[str, ...]) -> Reading:
    known = [name for one in found for name in _known(one)]
    return Reading(tuple(dict.fromkeys(known)) or found, "shorthand", species=not known)


def _bracketed(base: str, inside: str) -> Reading:
    """Read a name with something in brackets: a synonym, a shorthand, or a word that narrows it."""
    main = _known(base) or next((one.names for one in _salts(base) if one.names), ())
    if " or " in inside:
        words = re.sub(r"[;,(].*", "", inside).split(" or ")
        named = tuple(dict.fromkeys(name for word in words for name in _known(f"{word.strip()}-{base}")))
        return Reading(named if len(named) > 1 else (), "a name of several compounds")
    if not main:
        return Reading(())
    for part in (inside, *re.split(r"[;,] ?", inside)):
        other = _known(part) or _known(f"{part} {base}") or _known(f"{part}-{base}")
        if not other or len(part) < 3:
            continue
        both = tuple(name for name in main if name in other)
        if both:
            return Reading(both, "name and the name in brackets" if part == inside else "name")
        if len(part) > 4 and not re.search(r"\d:\d", part):
            return Reading((*main, *other), "the name and the one in brackets are of different compounds")
    return Reading(main, "name without its brackets")


def salt_free(text: str) -> Iterator[str]:
    """Yield what a name is without the ions of a salt; a chloride of an acyl group is no salt.

    Examples
    --------
    >>> list(salt_free("sodium butyrate")), list(salt_free("benzoyl chloride"))
    (['butyrate'], [])
    """
    for pattern in (_SALT, _OF_METAL):
        found = pattern.match(plain(text))
        if found and not found["base"].endswith("yl") and found["base"] not in _INORGANIC:
            yield found["base"]


def _salts(text: str) -> Iterator[Reading]:
    yield from (Reading(_known(base), "name without its salt") for base in salt_free(text))


def _alternatives(text: str) -> Reading:
    """Read a name that offers several: a/b, a or b, a + b, isobar: a, b."""
    isobar = _ISOBAR.match(text)
    parts = (
        re.split(r", | and |; ", isobar["names"])
        if isobar
        else re.split(r"(?<=[a-z)])/(?=\D)|/(?=\d[\w,']*-[a-z])| or | \+ ", text)
    )
    if len(parts) < 2 or len(parts) > 12:
        return Reading(())
    found = [_part(part.strip()) for part in parts]
    names = tuple(dict.fromkeys(name for many in found for name in many))
    if len(names) == 1 and not all(found):
        names = (*names, *(part for part, many in zip(parts, found, strict=True) if not many))
    return Reading(names, "a name of several compounds")


def _part(text: str) -> tuple[str, ...]:
    """Return what one of several names means; a lipid's or carnitine's shorthand may stand for itself."""
    fewer = _NUMBERING.sub("", text)
    return _known(text) or _known(fewer) or species(fewer) or acylcarnitine(fewer)


def _unmarked(text: str) -> Reading:
    """Read a name whose stereochemistry no row has: the compound without it is a candidate, never the answer."""
    if not stereo(text):
        return Reading(())
    bare = re.sub(
        r"\((?:[\d',rsez]*[rsez]|[+-]|\+/?-)\)-?|(?<![a-z0-9])(?:dl|ld|d|l|rac|cis|trans)-(?=[a-z(0-9])", "", text
    )
    names = _known(bare)
    return Reading((*names, f"{text}, which is not in the table") if names else (), "name but for its stereochemistry")
