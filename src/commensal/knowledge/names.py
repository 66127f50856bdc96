"""Names of compounds made comparable: one key for every way of writing the same name, none for two compounds."""

from __future__ import annotations

import re
import unicodedata

_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta", "η": "eta", "θ": "theta",
    "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho", "σ": "sigma",
    "ς": "sigma", "τ": "tau", "φ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega",
}  # fmt: skip
_SIGNS = str.maketrans(
    dict.fromkeys("‐‑‒–—−﹣", "-")
    | dict.fromkeys("′’‘`´ʹ", "'")
    | {"″": "''", "ʺ": "''", '"': "''", "±": "+/-", "_": " ", "→": "->", "[": "(", "]": ")", "{": "(", "}": ")"}
    | _GREEK
)
_GREEK_WORDS = "|".join(sorted(set(_GREEK.values()), key=len, reverse=True))
_DOTTED = re.compile(rf"\.({_GREEK_WORDS}|+/-)\.".replace("+/-", r"\+/-"))
_TAG = re.compile(r"</?(?:i|b|em|sub|sup|small|stereo|ital)>")
_SPACE = re.compile(r"\s+")
_CHARGE = re.compile(r"(?<=\w)\s?\((?:\d+)?[+-]\d*\)$")
_ION = re.compile(r"(?<=\w) (?:ion|anion|cation|dianion|trianion|zwitterion|free acid|free base|acid anion)$")
#: Acids whose salt is not the stem with -ate.
_ODD_ACIDS = {
    "phosphoric acid": "phosphate", "diphosphoric acid": "diphosphate", "triphosphoric acid": "triphosphate",
    "sulfuric acid": "sulfate", "thiosulfuric acid": "thiosulfate", "tartaric acid": "tartrate",
    "hydrochloric acid": "chloride", "hydrobromic acid": "bromide", "carbonic acid": "carbonate",
    "hydrocyanic acid": "cyanide", "sulfurous acid": "sulfite", "nitrous acid": "nitrite",
    "phosphorous acid": "phosphite", "racemic acid": "dl~tartrate",
}  # fmt: skip
_ODD_ACID = re.compile("|".join(rf"{acid}(?![a-z])" for acid in sorted(_ODD_ACIDS, key=len, reverse=True)))
_ACID = re.compile(r"(?<=[a-z])ic acid(?![a-z])")
_WORDS = (
    (re.compile(r"sulph"), "sulf"),
    (re.compile(r"desoxy"), "deoxy"),
    (re.compile(r"thiamin(?![a-z])"), "thiamine"),
    (re.compile(r"coenzyme[ -]?a(?![a-z0-9])"), "coa"),
    (re.compile(r"pyrophosph"), "diphosph"),
    (re.compile(r"monophosph"), "phosph"),
    (re.compile(r"(?<![a-z])(?:hydrogen|dihydrogen) (?=phosphate|sulfate|citrate|succinate|carbonate)"), ""),
    (re.compile(r"aluminum"), "aluminium"),
)
#: The letters D and L before a name, not inside a word: their hyphen becomes a tilde, so that they stay letters apart.
_HANDED = re.compile(r"(?<![a-z0-9'~])(dl|ld|d|l)-(?=[a-z(0-9])")
_ESTER = re.compile(r"(?<=yl) (?=[a-z~]*(?:ate|ite)(?![a-z]))(?!(?:di|tri)?(?:phosph|sulf))")

_UNNAMED = re.compile(
    r"x ?- ?\d+(?: .*)?|isobars?(?: \d+)?"
    r"|unknown.*|unidentified.*|unannotated.*|not identified|n/?a|nan|none|null|-+|\?+"
    r"|(?:feature|peak|metabolite|compound|cluster|ft|tf|m|id)[ -]?\d+"
    r"|m?z?[\d.]+ ?(?:[_@/-]|t|rt| ) ?(?:rt)?[\d.]+.*|m\d+t\d+.*|[\d.,\s]+"
)
_LABELLED = re.compile(
    r"-d\d{1,2}(?![a-z0-9])|(?<![a-z])d\d{1,2}-(?=[a-z])|\(d\d{1,2}\)|(?<![a-z0-9])(?:13c|15n|18o|2h|34s)\d{0,2}(?![a-z])"
    r"|\(is\)|(?<![a-z])internal standard(?![a-z])|(?<![a-z])istd(?![a-z])"
)


def plain(name: str) -> str:
    """Return a name in small letters, Greek letters spelled, signs and blanks made one.

    Examples
    --------
    >>> plain("β-Nicotinamide_mononucleotide ")
    'beta-nicotinamide mononucleotide'
    """
    text = unicodedata.normalize("NFKC", name.replace("º", "°")).casefold().translate(_SIGNS)
    text = _DOTTED.sub(r"\1", _TAG.sub("", text))
    return _SPACE.sub(" ", text).strip(" *;,:|\t")


def unnamed(name: str) -> bool:
    """Say whether this is no name of a compound, but that of an unidentified signal.

    Examples
    --------
    >>> unnamed("X - 12345"), unnamed("X-11564*"), unnamed("xanthine")
    (True, True, False)
    """
    text = plain(name)
    return not text or _UNNAMED.fullmatch(text) is not None


def labelled(name: str) -> bool:
    """Say whether a name is that of a compound with heavy isotopes, or says that it is an internal standard.

    Examples
    --------
    >>> labelled("glycocholate-d4 (IS)"), labelled("inosine-15N4"), labelled("vitamin D3")
    (True, True, False)
    """
    return _LABELLED.search(plain(name)) is not None


def key(name: str) -> str:
    """Return what two ways of writing one name have in common.

    Case, blanks, hyphens, Greek letters, ions and acids do not matter ("nicotinic acid", "Nicotinate(1-)"); marks
    of stereochemistry, locants and primes do ("L-lactate" is not "lactate"); an ester is not the acid with the
    same letters ("methyl nicotinate", "methylnicotinate").

    Parameters
    ----------
    name
        Any text.

    Returns
    -------
    str
        ``""`` where nothing is left.

    Examples
    --------
    >>> key("Nicotinic acid") == key("nicotinate(1-)") == key("NICOTINATE")
    True
    >>> key("D-lactic acid"), key("(S)-Lactate"), key("methyl nicotinate"), key("3-Methylglutaric acid")
    ('d~lactate', '(s)lactate', 'methyl nicotinate', '3methylglutarate')
    """
    text = plain(name)
    for pattern, word in _WORDS:
        text = pattern.sub(word, text)
    text = _ION.sub("", _CHARGE.sub("", text))
    text = _ODD_ACID.sub(lambda found: _ODD_ACIDS[found[0]], text)
    text = _ACID.sub("ate", text)
    text = _HANDED.sub(r"\1~", text)
    text = _ESTER.sub("\0", text)
    return text.replace(" ", "").replace("-", "").replace("\0", " ").strip()
