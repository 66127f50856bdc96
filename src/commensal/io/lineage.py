"""Lineages of taxa: ranks from the strings that classifiers write, and a name that a person can read."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence

import pandas as pd

#: Rank names, from the widest to the narrowest.
RANKS = ("domain", "phylum", "class", "order", "family", "genus", "species", "strain")
_PREFIX = dict(zip("dpcofgst", RANKS, strict=True)) | {"k": "domain", "sk": "domain"}
_PREFIX |= {f"D_{i}": rank for i, rank in enumerate(RANKS)}
_RANKED = re.compile(r"(sk|[dkpcofgst]|D_[0-7])__(.*)", re.DOTALL)
_BOOTSTRAP = re.compile(r"\(\d+(\.\d+)?\)$")
_UNNAMED = re.compile(
    r"|unassigned|unclassified|unknown|uncultured|unidentified|metagenome|incertae[ _]sedis"
    r"|(uncultured|unidentified)[ _](bacterium|organism|archaeon|rumen[ _]bacterium)"
    r"|(human|mouse)?[ _]?gut[ _]metagenome"
    r"|.*[ _](unclassified|uncultured)",
    re.IGNORECASE,
)

#: Rank → name, "" where the classifier gives the rank without a name.
Lineage = dict[str, str]


def parse_lineage(text: str) -> Lineage | None:
    """Parse a lineage with rank prefixes: GTDB, Greengenes, SILVA, MetaPhlAn; None when the text is none.

    Ranks are separated by ``;`` or ``|`` and written ``g__Name`` (SILVA 132: ``D_5__Name``). Names such as
    ``uncultured`` or ``unidentified`` are no names.

    Examples
    --------
    >>> parse_lineage("d__Bacteria;p__Bacillota;c__")
    {'domain': 'Bacteria', 'phylum': 'Bacillota', 'class': ''}
    >>> parse_lineage("k__Bacteria|p__Firmicutes")
    {'domain': 'Bacteria', 'phylum': 'Firmicutes'}
    >>> parse_lineage("glucose; water") is None
    True
    """
    lineage: Lineage = {}
    for part in re.split(r"[;|]", text.strip().rstrip(";|")):
        found = _RANKED.fullmatch(part.strip())
        if found is None:
            return None
        lineage[_PREFIX[found[1]]] = _name(found[2])
    return lineage


def positional_lineage(text: str) -> Lineage:
    """Parse a lineage without prefixes, domain first: mothur, RDP, older SILVA. Bootstrap values are taken off.

    Examples
    --------
    >>> positional_lineage("Bacteria(100);Firmicutes(98);unclassified(98);")
    {'domain': 'Bacteria', 'phylum': 'Firmicutes', 'class': ''}
    """
    parts = text.strip().rstrip(";").split(";")
    return {rank: _name(_BOOTSTRAP.sub("", part.strip())) for rank, part in zip(RANKS, parts, strict=False)}


def _name(text: str) -> str:
    text = text.strip()
    return "" if _UNNAMED.fullmatch(text) else text


def readable(lineage: Lineage) -> str:
    """Name a lineage by its narrowest rank, or say what it is an unnamed member of.

    Examples
    --------
    >>> readable({"family": "Lachnospiraceae", "genus": "Blautia"})
    'Blautia'
    >>> readable({"family": "Lachnospiraceae", "genus": ""})
    'unnamed genus of Lachnospiraceae'
    >>> readable({"genus": "Bacteroides", "species": "uniformis"})
    'Bacteroides uniformis'
    """
    named = [(rank, name) for rank, name in lineage.items() if name]
    last = next(reversed(lineage), "domain")
    if not named:
        return f"unnamed {last}" if lineage and last != "domain" else "unassigned"
    rank, name = named[-1]
    name = _full_name(lineage, rank)
    return name if rank == last else f"unnamed {last} of {name}"


def _full_name(lineage: Lineage, rank: str) -> str:
    name, genus = lineage[rank], lineage.get("genus", "")
    if rank == "species" and genus:
        if name.startswith(f"{genus}_"):
            return name.replace("_", " ")
        if name[0].islower():
            return f"{genus} {name}"
    if rank == "strain" and lineage.get("species"):
        return f"{_full_name(lineage, 'species')} {name}"
    return name


def short_id(name: str) -> str:
    """Shorten a hash or a sequence that serves as an id; other ids stay as they are.

    A sequence becomes the beginning of its MD5 sum, which is what QIIME 2 names it.

    Examples
    --------
    >>> short_id("04c8be5a3a6ba2d70446812e99318905"), short_id("Otu0001")
    ('04c8be5a', 'Otu0001')
    """
    if len(name) >= 20:
        if re.fullmatch(r"[ACGTUN]+", name):
            return hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()[:8]
        if re.fullmatch(r"[0-9a-fA-F]+", name):
            return name[:8]
    return name


def plain_label(name: str) -> str:
    """Name a feature by its id; a sequence would fill the page.

    Examples
    --------
    >>> plain_label("Akkermansia"), plain_label("TACGTAGGTGGCAAGCGTTGTCCGGATTTA")
    ('Akkermansia', 'ASV 4367148b')
    """
    short = short_id(name)
    return f"ASV {short}" if short != name and name.isupper() and name.isalpha() else name


def disambiguate(labels: Sequence[str], extras: Sequence[str]) -> list[str]:
    """Write the extra word behind those labels that occur more than once.

    Examples
    --------
    >>> disambiguate(["a", "a", "b"], ["x", "y", "z"])
    ['a (x)', 'a (y)', 'b']
    """
    counts = Counter(labels)
    return [
        f"{label} ({extra})" if counts[label] > 1 and extra and extra != label else label
        for label, extra in zip(labels, extras, strict=True)
    ]


def lineage_frame(ids: Sequence[str], lineages: Sequence[Lineage | None], *, by_id: bool) -> pd.DataFrame:
    """Make labels and rank columns for m features.

    Parameters
    ----------
    ids
        Feature ids.
    lineages
        One per feature; None: the label is the id.
    by_id
        The id is not the lineage itself (an OTU, a hash): it is written behind every label, shortened.

    Returns
    -------
    pandas.DataFrame, shape (m, 1 + ranks in use)
        ``label`` and rank columns; ranks without a name are missing.

    Examples
    --------
    >>> lineage_frame(["Otu1"], [{"family": "F", "genus": "G"}], by_id=True).to_dict("records")
    [{'label': 'G (Otu1)', 'family': 'F', 'genus': 'G'}]
    """
    labels = [name if lineage is None else readable(lineage) for name, lineage in zip(ids, lineages, strict=True)]
    if by_id:
        short = [short_id(name) for name in ids]
        counts = Counter(short)
        short = [s if counts[s] == 1 else name for s, name in zip(short, ids, strict=True)]
        labels = [
            f"{label} ({s})" if lineage is not None else label
            for label, s, lineage in zip(labels, short, lineages, strict=True)
        ]
    else:
        labels = disambiguate(labels, [_parent(lineage) for lineage in lineages])
        labels = disambiguate(labels, ids)
    used = [rank for rank in RANKS if any(lineage and rank in lineage for lineage in lineages)]
    columns = {rank: [(lineage or {}).get(rank) or None for lineage in lineages] for rank in used}
    return pd.DataFrame({"label": labels, **columns}, index=pd.Index(list(ids), dtype="object"), dtype="string")


def _parent(lineage: Lineage | None) -> str:
    named = [name for name in (lineage or {}).values() if name]
    complete = bool(lineage) and bool((lineage or {})[next(reversed(lineage or {}))])
    if complete:
        named = named[:-1]
    return named[-1] if complete and named else (named[-2] if len(named) > 1 else "")
