"""Shorthand of lipids: the many ways of writing one molecule or one sum of chains, brought to that of LIPID MAPS."""

from __future__ import annotations

import re

#: Acyl groups by their common names: carbons, double bonds and where these are.
ACYLS = {
    "acetyl": "2:0", "propionyl": "3:0", "butyryl": "4:0", "valeryl": "5:0", "hexanoyl": "6:0", "heptanoyl": "7:0",
    "octanoyl": "8:0", "nonanoyl": "9:0", "decanoyl": "10:0", "undecanoyl": "11:0", "lauroyl": "12:0", "lauryl": "12:0",
    "dodecanoyl": "12:0", "tridecanoyl": "13:0", "myristoyl": "14:0", "tetradecanoyl": "14:0", "pentadecanoyl": "15:0",
    "palmitoyl": "16:0", "hexadecanoyl": "16:0", "palmitoleoyl": "16:1(9Z)", "margaroyl": "17:0",
    "heptadecanoyl": "17:0",
    "stearoyl": "18:0", "octadecanoyl": "18:0", "oleoyl": "18:1(9Z)", "vaccenoyl": "18:1(11Z)",
    "linoleoyl": "18:2(9Z,12Z)",
    "alpha-linolenoyl": "18:3(9Z,12Z,15Z)", "gamma-linolenoyl": "18:3(6Z,9Z,12Z)", "linolenoyl": "18:3",
    "nonadecanoyl": "19:0", "arachidoyl": "20:0", "eicosanoyl": "20:0", "eicosenoyl": "20:1",
    "dihomo-linoleoyl": "20:2",
    "dihomo-linolenoyl": "20:3", "arachidonyl": "20:4(5Z,8Z,11Z,14Z)", "linolenyl": "18:3",
    "dihomo-linolenyl": "20:3", "arachidonoyl": "20:4(5Z,8Z,11Z,14Z)", "eicosapentaenoyl": "20:5(5Z,8Z,11Z,14Z,17Z)",
    "behenoyl": "22:0", "docosanoyl": "22:0", "erucoyl": "22:1(13Z)", "docosapentaenoyl": "22:5",
    "(9z)-hexadecenoyl": "16:1(9Z)", "(9z)-octadecenoyl": "18:1(9Z)", "(9z,12z)-octadecadienoyl": "18:2(9Z,12Z)",
    "(5z,8z,11z,14z)-eicosatetraenoyl": "20:4(5Z,8Z,11Z,14Z)", "(5z,8z,11z,14z)-icosatetraenoyl": "20:4(5Z,8Z,11Z,14Z)",
    "(4z,7z,10z,13z,16z,19z)-docosahexaenoyl": "22:6(4Z,7Z,10Z,13Z,16Z,19Z)", "icosanoyl": "20:0",
    "docosahexaenoyl": "22:6(4Z,7Z,10Z,13Z,16Z,19Z)", "lignoceroyl": "24:0", "nervonoyl": "24:1(15Z)",
    "cerotoyl": "26:0",
}  # fmt: skip
_ACYL = "|".join(sorted(map(re.escape, ACYLS), key=len, reverse=True))
_HEADS = {
    "gpc": "PC", "gpe": "PE", "gpg": "PG", "gpi": "PI", "gps": "PS", "gpa": "PA",
    "glycerophosphocholine": "PC", "glycerophosphoethanolamine": "PE", "sn-glycero-3-phosphocholine": "PC",
    "sn-glycero-3-phosphoethanolamine": "PE", "glycero-3-phosphocholine": "PC", "glycero-3-phosphoethanolamine": "PE",
    "sn-glycerol-3-phosphate": "PA", "sn-glycerol 3-phosphate": "PA", "glycerol 3-phosphate": "PA",
    "glycerol-3-phosphate": "PA",
    "sn-glycero-3-phosphate": "PA", "sn-glycero-3-phospho-1d-myo-inositol": "PI", "sn-glycero-3-phosphoglycerol": "PG",
    "sn-glycero-3-phospho-l-serine": "PS", "sn-glycero-3-phosphoserine": "PS",
    "sn-glycero-3-phospho-(1'-sn-glycerol)": "PG",
}  # fmt: skip
_HEAD = "|".join(sorted(map(re.escape, _HEADS), key=len, reverse=True))
_GLYCERO = re.compile(
    rf"^(?:1,2-di(?P<both>{_ACYL})"
    rf"|(?P<at1>[12])-(?:\(1-enyl-(?P<enyl>{_ACYL})\)|(?P<one>{_ACYL}))(?:-2-(?P<two>{_ACYL}))?)"
    rf"(?:[- ]?(?P<head>{_HEAD})|(?P<glycerol>-?glycerol))(?: \([^()]*(?:\([^()]*\))?[^()]*\))?$"
)
_DIACYL = re.compile(rf"^(?P<one>{_ACYL})-(?P<two>{_ACYL})-glycerol(?: \([^()]*\))?$")
_SPHINGO = re.compile(
    rf"^(?:(?P<one>{_ACYL}) (?P<d>dihydro)?sphingomyelin"
    rf"|(?P<sugar>glycosyl-)?n-(?P<two>{_ACYL})-sphing(?P<base>osine|anine))(?: \(.*\))?$"
)
_CLASSES = {
    "pc": "PC", "pe": "PE", "pg": "PG", "pi": "PI", "ps": "PS", "pa": "PA",
    "lpc": "LPC", "lpe": "LPE", "lpg": "LPG", "lpi": "LPI", "lps": "LPS", "lpa": "LPA",
    "lysopc": "LPC", "lysope": "LPE", "lysopa": "LPA", "lysopg": "LPG", "lysopi": "LPI", "lysops": "LPS",
    "sm": "SM", "cer": "Cer", "ceramide": "Cer", "hexcer": "HexCer", "sphingomyelin": "SM",
    "tg": "TG", "tag": "TG", "dg": "DG", "dag": "DG", "mg": "MG", "mag": "MG",
    "diacylglycerol": "DG", "triacylglycerol": "TG", "monoacylglycerol": "MG",
    "ce": "CE", "che": "CE", "choe": "CE", "cholesteryl ester": "CE", "fa": "FA", "ffa": "FA",
    "pc plasmalogen": "PC-P", "pe plasmalogen": "PE-P", "ps plasmalogen": "PS-P",
}  # fmt: skip
_CLASS = "|".join(sorted(map(re.escape, _CLASSES), key=len, reverse=True))
_CHAIN = r"(?:[opdtm]-?)?c?\d{1,2}:\d{1,2}e?(?:\(\d+[ez]?(?:,\d+[ez]?)*\))?(?:;?o\d?)?"
_CHAINS = rf"{_CHAIN}(?:[/_-]{_CHAIN})*"
_SHORT = re.compile(
    rf"^(?:(?P<class>{_CLASS}) ?\(?(?P<chains>{_CHAINS})\)?|(?P<chains2>{_CHAINS}) (?P<class2>{_CLASS}))$"
)
_SUMS = re.compile(rf"^(?P<class>{_CLASS}) \((?P<sums>{_CHAINS}(?:, {_CHAINS})+)\)$")
_CARNITINE = re.compile(
    r"^(?:acyl ?carnitine |carnitine |car |ac ?)\(?c?(?P<a>\d{1,2}(?::\d)?)(?P<b>-oh|-dc|-dc-ch3|-ch3)?\)?$"
    r"|^c(?P<c>\d{1,2}(?::\d)?)(?P<d>-oh|-dc|-dc-ch3|-ch3)?[ -](?:acyl)?carnitine$"
)
#: What a number of carbons stands for; several where the chain may be branched.
_CARNITINES = {
    "0": ("L-carnitine",),
    "2": ("acetylcarnitine",),
    "3": ("propionylcarnitine",),
    "4": ("butyrylcarnitine", "isobutyrylcarnitine"),
    "5": ("valerylcarnitine", "isovalerylcarnitine", "2-methylbutyrylcarnitine"),
    "6": ("hexanoylcarnitine",),
    "8": ("octanoylcarnitine",),
    "10": ("decanoylcarnitine",),
    "12": ("lauroylcarnitine",),
    "14": ("myristoylcarnitine",),
    "16": ("palmitoylcarnitine",),
    "18": ("stearoylcarnitine",),
}


def species(text: str) -> tuple[str, ...]:
    """Return the shorthand of a lipid's name, or nothing where it is none.

    Chains with a place on the glycerol stand in order with ``/``; an unsaturated chain that is named (oleoyl) has
    its double bonds in brackets, one that is counted (18:1) has none: those are two levels of knowing.

    Examples
    --------
    >>> species("1-palmitoyl-2-oleoyl-gpc (16:0/18:1)"), species("lysopc(16:0)"), species("c34:1 pc")
    (('PC 16:0/18:1(9Z)',), ('LPC 16:0',), ('PC 34:1',))
    >>> species("2-palmitoyl-gpc (16:0)"), species("nicotinamide")
    (('LPC 0:0/16:0',), ())
    """
    found = _GLYCERO.match(text)
    if found:
        return (_glycero(found),)
    found = _DIACYL.match(text)
    if found:
        return (f"DG {ACYLS[found['one']]}_{ACYLS[found['two']]}",)
    found = _SPHINGO.match(text)
    if found:
        return (_sphingo(found),)
    found = _SHORT.match(text)
    if not found:
        return ()
    kind = _CLASSES[found["class"] or found["class2"]]
    chains = (found["chains"] or found["chains2"]).replace("c", "").replace("z", "Z").replace("e", "E")
    chains = re.sub(r"(\d+:\d+)E(?![A-Za-z0-9])", r"o-\1", chains)  # 34:1e: an ether
    chains = re.sub(r"(?<![a-z])([op])-?(?=\d)", lambda one: one[1].upper() + "-", chains).replace("o2", "O2")
    if kind in {"PC", "PE", "PA", "PG", "PI", "PS"} and re.search(r"(?:^|/)0:0(?:$|/)", chains):
        kind = f"L{kind}"
    if kind.startswith("L") and "/" not in chains and "_" not in chains and _carbons(chains) > 28:
        kind = kind[1:]
    return (f"{kind} {chains}",)


def _carbons(chains: str) -> int:
    found = re.search(r"(\d+):", chains)
    return int(found[1]) if found else 0


def sums(text: str) -> tuple[str, ...]:
    """Return the lipids that a class with several sums of chains in brackets may mean, or nothing where it is none.

    Examples
    --------
    >>> sums("ceramide (d18:1/14:0, d16:1/16:0)")
    ('Cer d18:1/14:0', 'Cer d16:1/16:0')
    """
    found = _SUMS.match(text)
    return (
        tuple(one for part in found["sums"].split(", ") for one in species(f"{found['class']} {part}")) if found else ()
    )


def _sphingo(found: re.Match[str]) -> str:
    if found["one"]:
        return f"SM {'d18:0' if found['d'] else 'd18:1'}/{ACYLS[found['one']]}"
    base = "d18:1" if found["base"] == "osine" else "d18:0"
    return f"{'HexCer' if found['sugar'] else 'Cer'} {base}/{ACYLS[found['two']]}"


def _glycero(found: re.Match[str]) -> str:
    if found["both"]:
        chains, lyso = f"{ACYLS[found['both']]}/{ACYLS[found['both']]}", False
    else:
        one = f"P-{ACYLS[found['enyl']]}" if found["enyl"] else ACYLS[found["one"]]
        lyso = found["two"] is None
        chains = (
            f"{one}/{ACYLS[found['two']]}" if found["two"] else (f"{one}/0:0" if found["at1"] == "1" else f"0:0/{one}")
        )
    if found["glycerol"]:
        return f"{'MG' if lyso else 'DG'} {chains}/0:0"
    return f"{'L' if lyso else ''}{_HEADS[found['head']]} {chains}"


def acylcarnitine(text: str) -> tuple[str, ...]:
    """Return the acylcarnitines that a shorthand of carbons may mean, or nothing where it is none.

    Four and five carbons may be branched, so that several are named. A chain with double bonds or oxygen keeps its
    shorthand: where they are is not said.

    Examples
    --------
    >>> acylcarnitine("c16 carnitine"), acylcarnitine("c4 carnitine"), acylcarnitine("car 18:1")
    (('palmitoylcarnitine',), ('butyrylcarnitine', 'isobutyrylcarnitine'), ('CAR 18:1',))
    """
    found = _CARNITINE.match(text)
    if not found:
        return ()
    chain, more = found["a"] or found["c"], (found["b"] or found["d"] or "").upper()
    carbons, _, bonds = chain.partition(":")
    if not more and bonds in ("", "0") and carbons in _CARNITINES:
        return _CARNITINES[carbons]
    return (f"CAR {carbons}:{bonds or 0}{more}",)
