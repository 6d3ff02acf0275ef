"""Dates in running text, whole or in part: a day, a month of a year, a day of any year."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

from core.text import ENGLISH

_MONTH = rf"(?P<n>{'|'.join(sorted(ENGLISH.months, key=len, reverse=True))})\b\.?"
_DAY = r"(?P<d>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<y>\d{4})\b"
PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})(?!\d)",
        rf"\b{_DAY}\s+(?:day\s+)?(?:of\s+)?{_MONTH},?\s+(?:of\s+)?{_YEAR}",
        rf"\b{_MONTH}\s+(?:the\s+)?{_DAY},?\s+(?:of\s+)?{_YEAR}",
        r"\b(?P<a>\d{1,2})[-/.](?P<b>\d{1,2})[-/.](?P<y>\d{4})\b",
        r"(?<![\d/])(?P<a>\d{1,2})/(?P<b>\d{1,2})/(?P<yy>\d{2})(?![\d/])",
        rf"\b{_MONTH},?\s+(?:of\s+)?{_YEAR}",
        r"\b(?P<y>\d{4})-(?P<m>\d{2})\b(?!-)",
        rf"\b{_DAY}\s+(?:of\s+)?{_MONTH}(?!\w)",
        rf"\b{_MONTH}\s+(?:the\s+)?{_DAY}(?![\d.,]\d|\w)",
    )
)
"""From the most that a date can say to the least; a later pattern never looks inside what an earlier one found."""


@dataclass(frozen=True, slots=True)
class Day:
    """A date, or as much of one as is said; `start` and `end` are its place in the text."""

    year: int | None
    month: int
    day: int | None
    start: int = 0
    end: int = 0

    def covers(self, other: Day) -> bool:
        """True when everything that `other` says is said here too."""
        return all(
            theirs is None or theirs == ours
            for ours, theirs in ((self.year, other.year), (self.month, other.month), (self.day, other.day))
        )


def days(text: str) -> list[Day]:
    """Every date in the text, in part or whole. One such as 03/04/2024 counts as both days that it can mean."""
    found: list[Day] = []
    taken: list[tuple[int, int]] = []
    for pattern in PATTERNS:
        for match in pattern.finditer(text):
            if any(match.start() < end and start < match.end() for start, end in taken):
                continue
            read = [day for day in _read(match) if _exists(day)]
            if read:
                taken.append(match.span())
                found += read
    return found


def dates(text: str) -> set[datetime.date]:
    """Every whole date in the text."""
    return {datetime.date(day.year, day.month, day.day) for day in days(text) if day.year and day.day}


def only_day(text: str) -> Day | None:
    """The date that a text is; None when it says anything besides. The name of a month alone is none."""
    stripped = text.strip().rstrip(".")
    return next((day for day in days(stripped) if (day.start, day.end) == (0, len(stripped))), None)


def _read(match: re.Match[str]) -> list[Day]:
    parts = match.groupdict()
    year = int(parts["y"]) if parts.get("y") else 2000 + int(parts["yy"]) if parts.get("yy") else None
    if parts.get("a"):
        pairs = {(int(parts["a"]), int(parts["b"])), (int(parts["b"]), int(parts["a"]))}
        return [Day(year, month, day, *match.span()) for month, day in sorted(pairs)]
    month = ENGLISH.months[parts["n"].lower().rstrip(".")] if parts.get("n") else int(parts["m"])
    return [Day(year, month, int(parts["d"]) if parts.get("d") else None, *match.span())]


def _exists(day: Day) -> bool:
    try:
        datetime.date(day.year or 2000, day.month, day.day or 1)
    except ValueError:
        return False
    return True


# Times of day in one form.


HALF_DAY = re.compile(r"\b(1[0-2]|0?[1-9])(?:[:.]([0-5]\d))?\s?([ap])(?:m\b|\.m\.)", re.IGNORECASE)
SHORT = re.compile(r"(?<![\d:])(\d):([0-5]\d)(?![\d:])")


def clocked(text: str) -> str:
    """A text with its times of day on a clock of 24 hours: 7 am and 7:00 as 07:00, 6.30 pm as 18:30."""
    whole = HALF_DAY.sub(lambda at: f"{int(at[1]) % 12 + 12 * (at[3] in 'pP'):02}:{at[2] or '00'}", text)
    return SHORT.sub(r"0\1:\2", whole)
