"""Patterns of file names, matched in one walk along a name: nothing that a caller writes makes it go back.

All patterns together are a row of steps. A name is taken letter by letter, and the steps that it may have got to are
the bits of one number, so that a letter costs a few operations on that number (Baeza-Yates and Gonnet, 1992). A name
takes time in proportion to its length and to that of the patterns, whatever they are.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\[!?\]?[^\]/]*+\]|.", re.DOTALL)
_WILD = frozenset({"*", "**", "**/"})
KEPT_BYTES = 1 << 20
"""What the moves that were worked out may take; then they are forgotten and worked out again."""
_OF_A_MOVE = 200


def fault_in(pattern: str) -> str | None:
    """Why a pattern means nothing, as the end of a sentence; None when it is sound."""
    for token in _TOKEN.findall(pattern):
        for first, last in _ranges(token) if _is_class(token) else ():
            if first > last:
                return f"has the range {first}-{last}, which is empty: write it as {last}-{first}"
    return None


class Globs:
    """Whether a name matches one of some sound patterns (core.sources.Patterns), or lies below a folder that does.

    A move from a set of steps by a letter is worked out once, and kept while there is room. Safe to call from several
    threads: what one of them forgets, another one works out again.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        row = _Row()
        for pattern in patterns:
            row.add(pattern)
        self._row = row
        self._taking: dict[str, int] = {}
        self._star, self._across, self._folders = _bits(row.star), _bits(row.across), _bits(row.folders)
        self._wild = self._star | self._across | self._folders
        self._ends, self._below = _bits(row.ends), _bits(row.below)
        self._most_moves = 1 + KEPT_BYTES // (_OF_A_MOVE + row.length // 8)
        self._moves = 0
        self._reached: dict[int, _Reached] = {}
        self._start = _Reached(self, self._entered(_bits(row.starts)))

    def match(self, name: str) -> bool:
        """Whether a name is meant."""
        at = self._start
        for letter in name:
            at = at[letter]
        return bool(at.steps & (self._ends | self._below))

    def move(self, at: _Reached, letter: str) -> _Reached:
        """Where a letter leads, worked out."""
        if self._moves >= self._most_moves:
            self._moves = 0
            self._reached.clear()
            self._start.clear()
        self._moves += 1
        steps = self._next(at.steps, letter)
        found = self._reached.get(steps)
        if found is None:
            found = self._reached[steps] = _Reached(self, steps)
        at[letter] = found
        return found

    def _next(self, steps: int, letter: str) -> int:
        if steps & self._below:  # and nothing leads out of a folder that is meant
            return steps
        taking = self._taking.get(letter)
        if taking is None:
            if len(self._taking) >= self._most_moves:
                self._taking.clear()
            taking = self._taking[letter] = _bits(self._row.taking(letter))
        if letter == "/":
            leaving = staying = steps & (self._across | self._folders)
        else:
            staying = steps & self._wild
            leaving = staying & ~self._folders
        return staying | leaving << 1 | self._entered((steps & taking) << 1)

    def _entered(self, steps: int) -> int:
        """Steps got to, with those behind a wildcard, which may stand for nothing."""
        return steps | (steps & self._wild) << 1


class _Reached(dict[str, "_Reached"]):
    """The steps that a name may have got to, and where each letter leads from there."""

    __slots__ = ("globs", "steps")

    def __init__(self, globs: Globs, steps: int) -> None:
        self.globs, self.steps = globs, steps

    def __missing__(self, letter: str) -> _Reached:
        return self.globs.move(self, letter)


class _Row:
    """The steps of all patterns, each at its place in the row. The last two of each pattern take what is below it."""

    def __init__(self) -> None:
        self.length = 0
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.below: list[int] = []
        self.letters: defaultdict[str, list[int]] = defaultdict(list)
        self.classes: list[tuple[int, bool, tuple[tuple[str, str], ...]]] = []
        self.one: list[int] = []
        self.star: list[int] = []
        self.across: list[int] = []
        self.folders: list[int] = []

    def add(self, pattern: str) -> None:
        """Add the steps of one pattern."""
        self.starts.append(self.length)
        kinds = {"?": self.one, "*": self.star, "**": self.across, "**/": self.folders}
        for token in _tokens(pattern):
            if token in kinds:
                kinds[token].append(self.length)
            elif _is_class(token):
                self.classes.append((self.length, token[1] == "!", tuple(_ranges(token))))
            else:
                self.letters[token].append(self.length)
            self.length += 1
        if not pattern.endswith("/"):
            self.ends.append(self.length)
        self.letters["/"].append(self.length)
        self.below.append(self.length + 1)
        self.length += 2

    def taking(self, letter: str) -> list[int]:
        """The places of the steps that take a letter and are done with it."""
        if letter == "/":
            return self.letters["/"]
        found = [*self.letters.get(letter, ()), *self.one]
        for place, negated, ranges in self.classes:
            if any(first <= letter <= last for first, last in ranges) != negated:
                found.append(place)
        return found


def _tokens(pattern: str) -> Iterator[str]:
    """The parts of a pattern, never two wildcards in a row: `*`, `**`, `**/`, `?`, classes, single letters."""
    inner = pattern.strip("/")
    anchored = "/" in inner or pattern.startswith("/")
    found: list[str] = [] if anchored else ["**/"]
    for token in _TOKEN.findall(inner):
        found += [token] if token in _WILD or _is_class(token) else token
    for wild, run in groupby(found, _WILD.__contains__):
        tokens = list(run)
        if wild:
            yield tokens[0] if len(set(tokens)) == 1 and tokens[0] != "**" else "**"
        else:
            yield from tokens


def _is_class(token: str) -> bool:
    return len(token) > 2 and token[0] == "["


def _ranges(token: str) -> Iterator[tuple[str, str]]:
    """The first and last letter of each range of a class; a letter by itself is a range of one."""
    inside = token[1:-1].removeprefix("!")
    at = 0
    while at < len(inside):
        wide = 2 if inside[at + 1 : at + 2] == "-" and at + 2 < len(inside) else 0
        yield inside[at], inside[at + wide]
        at += wide + 1


def _bits(places: Sequence[int]) -> int:
    octets = bytearray(max(places, default=-1) // 8 + 1)
    for place in places:
        octets[place // 8] |= 1 << place % 8
    return int.from_bytes(octets, "little")
