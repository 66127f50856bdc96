"""Newick trees: text with nested brackets, names at the tips and lengths on the edges.

Source of the format: https://phylipweb.github.io/phylip/newicktree.html; quotes and comments as in
https://phylipweb.github.io/phylip/newick_doc.html. An underscore in a name stays an underscore, as feature ids have it.

Examples
--------
>>> check_tree("((Otu1:0.1,Otu2:0.2)0.99:0.05,'Otu 3':0.3);", "tree.nwk")
('Otu1', 'Otu2', 'Otu 3')
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from commensal.errors import FormatError, TableError, listing, nearest
from commensal.io.contents import Format
from commensal.io.text import head_text, load_text

_TOKEN = re.compile(r"\s+|\[[^\]]*\]|'((?:[^']|'')*)'|([(),;:])|([^\s()\[\]',:;]+)")


def sniff(path: Path) -> bool:
    """Say whether the file begins with a bracket."""
    return head_text(path).lstrip().startswith("(")


def read_tree(path: Path) -> str:
    """Read the text of a Newick file; `check_tree` judges it."""
    return load_text(path).data.decode().strip()


@dataclass(slots=True)
class _Node:
    children: int = 0
    closed: bool = False
    name: str = ""
    length: float | None = None


class _Reader:
    """Goes through the tokens once, without recursion: trees may be thousands deep."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.stack = [_Node()]
        self.current: _Node | None = None  # the node whose name and length may follow
        self.tips: list[str] = []
        self.expect_length = self.ended = False

    def take(self, word: str, position: int) -> None:
        if self.ended:
            raise _bad(self.file, "the file holds more than one tree", position, word)
        if self.expect_length:
            assert self.current is not None
            self.current.length, self.expect_length = _length(word, self.file, position), False
        elif word == "(":
            if self.current is not None:
                raise _bad(self.file, "a bracket opens where none can", position, word)
            self.stack.append(_Node())
        elif word in {",", ")"}:
            self.finish(word, position)
        elif word == ";":
            self.end(position)
        else:
            self.current = self.current or _Node()
            if word == ":":
                self.expect_length = True
            else:
                self.current.name = word.removeprefix("\x00")

    def finish(self, word: str, position: int) -> None:
        """End the current tip or branch at a comma or a closing bracket."""
        node = self.current
        if len(self.stack) < 2:
            raise _bad(self.file, "a bracket closes that was never opened", position, word)
        if node is None or (not node.closed and not node.name):
            raise _bad(self.file, "a tip has no name", position, "an empty place")
        if node.length is None:
            what = "an edge has no length: UniFrac and Faith's PD need one"
            raise _bad(self.file, what, position, node.name or "a branch")
        if not node.closed:
            self.tips.append(node.name)
        self.stack[-1].children += 1
        self.current = None
        if word == ")":
            self.current = self.stack.pop()
            self.current.closed = True

    def end(self, position: int) -> None:
        if len(self.stack) != 1 or self.current is None or not self.current.closed:
            raise _bad(self.file, "the tree ends before its brackets close", position, ";")
        self.ended = True


def check_tree(text: str, file: str) -> tuple[str, ...]:
    """Check that a Newick text is one tree with a length on every edge; return its tips.

    A tree without a root (three branches or more at its base) passes: `stats` roots it at its midpoint and says so.

    Raises
    ------
    FormatError
        Brackets that do not close, more than one tree, an edge without a length or with one below 0, or a tip's name
        that is empty or occurs twice.
    """
    reader = _Reader(file)
    for word, position in _tokens(text, file):
        reader.take(word, position)
    tips = reader.tips
    if not reader.ended:
        raise _bad(file, "the tree does not end with ';'", len(text), "the end of the file")
    if len(set(tips)) < len(tips):
        twice = sorted(tip for tip, count in Counter(tips).items() if count > 1)
        raise FormatError("tips occur more than once", where=file, found=listing(map(repr, twice)), mend="rename them")
    return tuple(tips)


def _tokens(text: str, file: str) -> list[tuple[str, int]]:
    """Cut the text into tokens with their positions; a quoted name is marked by a leading NUL."""
    tokens, position = [], 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise _bad(file, "a quote or comment does not end", position, text[position : position + 20])
        if found[1] is not None:
            tokens.append(("\x00" + found[1].replace("''", "'"), position))
        elif found[2] or found[3]:
            tokens.append((found[2] or found[3], position))
        position = found.end()
    return tokens


def _length(word: str, file: str, position: int) -> float:
    try:
        length = float(word)
    except ValueError:
        length = math.nan
    if not math.isfinite(length):
        raise _bad(file, "an edge's length is no number", position, word)
    if length < 0:
        raise FormatError(
            "an edge has a negative length: UniFrac and Faith's PD need lengths of 0 or more",
            where=f"{file}, character {position + 1}",
            found=word,
            expected="0 or more",
            mend="set negative lengths to 0 (neighbour joining makes small ones), or leave the tree out",
        )
    return length


def _bad(file: str, what: str, position: int, found: str) -> FormatError:
    return FormatError(
        what,
        where=f"{file}, character {position + 1}",
        found=repr(found.removeprefix("\x00")[:60]),
        expected="one tree in Newick form: ((a:0.1,b:0.2):0.1,c:0.3);",
        mend="export the tree again",
    )


def require_tips(tips: Sequence[str], features: Sequence[str], file: str, assay: str) -> None:
    """Refuse a tree that lacks features of its assay.

    Raises
    ------
    TableError
        Features without a tip: how many, some of them, and look-alikes as a hint.
    """
    known = set(tips)
    absent = [name for name in features if name not in known]
    if absent:
        close = nearest(absent[0], tips[:5000])
        raise TableError(
            f"{len(absent)} of {len(features)} features are no tips of the tree",
            where=f"[assays.{assay}] tree ({file})",
            found=f"no tip for {listing(map(repr, absent), 3)}",
            expected=f"a tip for every feature; tips are such as {listing(map(repr, tips[:3]))}",
            mend="make the names equal, exclude these features, or leave the tree out"
            + (f" (tip {close[0]!r} looks like {absent[0]!r}; look-alikes are never matched)" if close else ""),
        )


FORMAT = Format("newick", "Newick tree", sniff, None, None, read_tree)
