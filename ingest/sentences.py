"""Where sentences end: by marks and capitals, with the abbreviations that would mislead."""

from __future__ import annotations

import re

_END = re.compile(
    r"(?<=[.!?…])[\"'”’)\]]*\s+|(?<=[。！？])|(?<!\s)\s*[\r\n][ \t]*+(?=[-*•‣–][ \t])|(?<=[.!?:;])[ \t]*[\r\n]+"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|al|approx|no|nos|art|sec|fig|figs|eq|p|pp|vol|ed|eds|inc|ltd|co|corp|dr|mr|mrs|ms|prof|st|jr|sr|"
    r"dept|est|ca|resp|incl|excl|max|min|tel|ext|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|u\.s|u\.k|a\.m|p\.m)|\b[A-Z])\.$",
    re.I,
)
_LIST_NUMBER = re.compile(r"\(?(?:\d{1,3}|[a-z])[.)]")


def sentences(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The sentences of `text[start:end]` as ascending (start, end) offsets without the white space around them.

    Together they hold every character that is not white space. Text without end marks is one sentence.
    """
    spans: list[tuple[int, int]] = []
    position = start
    capitals = not text[start:end].islower()
    for match in _END.finditer(text, start, end):
        if match.start() <= position or _goes_on(text, position, match, capitals=capitals):
            continue
        spans.append((position, match.start() + len(match.group().rstrip())))
        position = match.end()
    spans.append((position, end))
    return [trimmed for span in spans if (trimmed := trim(text, *span))[0] < trimmed[1]]


def trim(text: str, start: int, end: int) -> tuple[int, int]:
    """The stretch without white space at either end."""
    raw = text[start:end]
    stripped = raw.strip()
    lead = len(raw) - len(raw.lstrip())
    return start + lead, start + lead + len(stripped)


def _goes_on(text: str, start: int, match: re.Match[str], *, capitals: bool) -> bool:
    """Whether the full stop is of an abbreviation, or a text that has capitals goes on without one."""
    if "\n" in match.group() or "\r" in match.group():
        return False
    if _LIST_NUMBER.fullmatch(text, start, match.start()):
        return True
    following = text[match.end() : match.end() + 1]
    if capitals and following.islower():
        return True
    return bool(_ABBREVIATION.search(text, max(start, match.start() - 12), match.start()))
