"""Times of day in one form."""

from __future__ import annotations

import re

HALF_DAY = re.compile(r"\b(1[0-2]|0?[1-9])(?:[:.]([0-5]\d))?\s?([ap])(?:m\b|\.m\.)", re.IGNORECASE)
SHORT = re.compile(r"(?<![\d:])(\d):([0-5]\d)(?![\d:])")


def clocked(text: str) -> str:
    """A text with its times of day on a clock of 24 hours: 7 am and 7:00 as 07:00, 6.30 pm as 18:30."""
    whole = HALF_DAY.sub(lambda at: f"{int(at[1]) % 12 + 12 * (at[3] in 'pP'):02}:{at[2] or '00'}", text)
    return SHORT.sub(r"0\1:\2", whole)
