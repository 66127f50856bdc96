"""How numbers and names are written: the same everywhere on the page and on the command line."""

from __future__ import annotations

import math

import pandas as pd

MINUS = "−"
MEASURES = {
    "richness": "richness",
    "shannon": "Shannon diversity",
    "faith_pd": "Faith’s phylogenetic diversity",
    "bray_curtis": "Bray–Curtis",
    "aitchison": "Aitchison",
    "weighted_unifrac": "weighted UniFrac",
    "unweighted_unifrac": "unweighted UniFrac",
    "euclidean": "Euclidean",
}
_IRREGULAR = {"mouse": "mice", "person": "people", "taxon": "taxa", "genus": "genera", "child": "children", "is": "are"}


def measure_word(measure: object) -> str:
    """Return the name of a measure as a reader knows it.

    Examples
    --------
    >>> measure_word("bray_curtis"), measure_word("my_index")
    ('Bray–Curtis', 'my index')
    """
    return "" if missing(measure) else MEASURES.get(str(measure), str(measure).replace("_", " "))


def missing(value: object) -> bool:
    """Say whether a cell holds nothing."""
    return value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value))


def number(value: object, digits: int = 3, *, sign: bool = False) -> str:
    """Write a number with ``digits`` significant digits and a true minus sign.

    Examples
    --------
    >>> number(-23.04), number(0.0000123), number(12345.6), number(4.0, sign=True), number(None)
    ('−23', '1.23 × 10⁻⁵', '12,346', '+4', '–')
    """
    if missing(value):
        return "–"
    x = float(str(value))
    if x == 0:
        return "0"
    if abs(x) < 1e-4 or abs(x) >= 1e7:
        mantissa, exponent = f"{abs(x):.{digits - 1}e}".split("e")
        power = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        text = f"{mantissa} × 10{power}"
    else:
        decimals = max(0, digits - 1 - math.floor(math.log10(abs(x))))
        text = f"{abs(x):,.{decimals}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    return (MINUS if x < 0 else "+" if sign else "") + text


def count(value: object) -> str:
    """Write a whole number with thousands apart.

    Examples
    --------
    >>> count(20431)
    '20,431'
    """
    return "–" if missing(value) else f"{int(str(value)):,}"


def chance(value: object, name: str = "p") -> str:
    """Write a p or q with its sign of relation.

    Examples
    --------
    >>> chance(0.01312), chance(3e-9, "q"), chance(None)
    ('p = 0.013', 'q < 0.0001', 'no p')
    """
    if missing(value):
        return f"no {name}"
    x = float(str(value))
    return f"{name} < 0.0001" if x < 1e-4 else f"{name} = {number(x, 2)}"


def percent(share: object, *, sign: bool = False) -> str:
    """Write a share as a percentage.

    Examples
    --------
    >>> percent(0.0234)
    '2.3 %'
    """
    return "–" if missing(share) else f"{number(100 * float(str(share)), 2, sign=sign)} %"


def plural(word: str, n: object = 2) -> str:
    """Write the plural of a simple English word, where ``n`` asks for it.

    Examples
    --------
    >>> plural("family"), plural("sample", 1), plural("Family_ID"), plural("mouse")
    ('families', 'sample', 'blocks of Family_ID', 'mice')
    """
    if not word or (not missing(n) and int(str(n)) == 1):
        return word
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if not (word.isalpha() and word.islower()):
        return f"blocks of {word}"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "ch", "sh")) else "s")


def many(n: object, word: str) -> str:
    """Write a count and its noun.

    Examples
    --------
    >>> many(1, "sample"), many(21, "family"), many(0, "sample")
    ('1 sample', '21 families', '0 samples')
    """
    return f"{count(n)} {plural(word, n)}"


def listed(items: list[str], last: str = "and") -> str:
    """Join words as a sentence does.

    Examples
    --------
    >>> listed(["age", "sex", "batch"])
    'age, sex and batch'
    """
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}" if items else ""


def fixed(value: float | None, width: float | None, *, sign: bool = False) -> str:
    """Write a number to the decimals that two significant digits of its interval's width have.

    Examples
    --------
    >>> fixed(-23.1, 35.8), fixed(2.7591, 1.16, sign=True), fixed(2.7591, None)
    ('−23', '+2.8', '2.76')
    """
    if value is None or width is None or not 1e-4 <= width < 1e7:
        return number(value, sign=sign)
    text = f"{abs(value):,.{max(0, 1 - math.floor(math.log10(width)))}f}"
    zero = not text.strip("0.,")
    return ("" if zero else MINUS if value < 0 else "+" if sign else "") + text


def interval(low: float, high: float) -> str:
    """Write an interval so that one which leaves out 0 is seen to: an end near 0 keeps its sign and first digit.

    Examples
    --------
    >>> interval(-41.04, -5.2), interval(-1.003, -0.004), interval(-1.003, 0.004), interval(0.0, 2.1)
    ('−41 to −5', '−1.00 to −0.004', '−1.0 to 0.0', '0.0 to 2.1')
    """
    ends = []
    for end in (low, high):
        text = fixed(end, high - low)
        hidden = low * high > 0 and not text.strip(f"0.,{MINUS}")
        ends.append(number(end, 1) if hidden else text)
    return f"{ends[0]} to {ends[1]}"


def is_latent(unit: object) -> bool:
    """Whether an effect is of what would have been measured without a limit of detection.

    Examples
    --------
    >>> is_latent("log2 fold change, latent"), is_latent("log2 fold change"), is_latent(None)
    (True, False, False)
    """
    return str(unit).endswith(", latent")


def estimate(row: pd.Series, *more: str) -> str:
    """Write an effect with its unit and, in brackets, its interval and whatever ``more`` there is to say.

    Examples
    --------
    >>> estimate(pd.Series({"effect": -23.1, "unit": "genera", "low": -41.0, "high": -5.2, "level": 0.95}))
    '−23 genera (95 % interval −41 to −5)'
    """
    unit = "" if missing(row["unit"]) else str(row["unit"])
    unit, factor = ("percentage points", 100.0) if unit == "share" else (unit, 1.0)
    effect, low, high = (
        None if missing(row[name]) else factor * float(row[name]) for name in ("effect", "low", "high")
    )
    width = None if low is None or high is None else high - low
    told = fixed(effect, width, sign=True)
    text = f"{unit} {told}" if unit.startswith("log2 fold change") else f"{told} {unit}".strip()
    inside = [part for part in more if part]
    if low is not None and high is not None:
        level = 0.95 if missing(row["level"]) else float(row["level"])
        inside.insert(0, f"{number(100 * level, 3)} % interval {interval(low, high)}")
    return f"{text} ({'; '.join(inside)})" if inside else text


def sentence(text: str) -> str:
    """Begin with a capital and end with a full stop, leaving names as they are.

    Examples
    --------
    >>> sentence("within families, richness is lower")
    'Within families, richness is lower.'
    """
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def term_phrase(term: object, block: str) -> str:
    """Return the words that open a sentence about a term.

    Examples
    --------
    >>> term_phrase("within", "family"), term_phrase("between", "subject"), term_phrase("overall", "")
    ('within families, ', 'between subjects, ', '')
    """
    if term == "within":
        return f"within {plural(block or 'block')}, "
    if term == "between":
        return f"between {plural(block or 'block')}, "
    return ""
