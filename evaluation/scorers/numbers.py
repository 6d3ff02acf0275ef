"""Numbers in running text: separators, currency, per cent and scale words, compared with a tolerance."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from core.errors import DatasetError

SCALES = {
    "thousand": 3, "k": 3, "million": 6, "millions": 6, "mn": 6, "m": 6, "mio": 6,
    "billion": 9, "billions": 9, "bn": 9, "b": 9, "trillion": 12, "tn": 12,
}  # fmt: skip
"""Power of ten by the word after a number."""
CURRENCIES = {"$": "usd", "us$": "usd", "usd": "usd", "€": "eur", "eur": "eur", "£": "gbp", "gbp": "gbp",
              "chf": "chf", "¥": "jpy", "jpy": "jpy"}  # fmt: skip
NUMBER_WORDS = {
    name: Decimal(value)
    for value, name in enumerate(
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
         "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty")
    )
}  # fmt: skip
_CURRENCY = r"us\$|[$€£¥]|\b(?:usd|eur|gbp|chf|jpy)\b"
_SCALE = "|".join(sorted(SCALES, key=len, reverse=True))
QUANTITY = re.compile(
    rf"""(?P<open>\(\s*)?
    (?P<minus>(?<![\w.])[-−–]\s?)?
    (?P<before>{_CURRENCY})?\s*(?P<minus2>(?<!\w)[-−–])?
    (?<![\w.])(?P<digits>\d{{1,3}}(?:[,'’]\d{{3}})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)
    (?P<close>\s*\))?\s*
    (?:(?P<percent>%|per\ ?cent\b)|(?:(?P<scale>{_SCALE})\b)?\s*(?P<after>{_CURRENCY})?)""",
    re.IGNORECASE | re.VERBOSE,
)
SPACED_THOUSANDS = re.compile(r"(?<=\d)[\u00a0\u2009\u202f](?=\d{3}(?!\d))")
BARE = re.compile(r"(?:about|over|under|nearly|approximately|around|some|of)?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as written: `value` before its scale word. `scale` is a power of ten, None when no word says it."""

    value: Decimal
    scale: int | None = None
    currency: str | None = None
    percent: bool = False

    @property
    def absolute(self) -> Decimal:
        """The number meant: scale word and per cent applied."""
        return self.value * Decimal(10) ** ((self.scale or 0) - (2 if self.percent else 0))


def quantities(text: str) -> list[Quantity]:
    """Every number in the text, in order; those written as words from zero to twenty come last."""
    folded = unicodedata.normalize("NFKC", text)
    found = [_quantity(match) for match in QUANTITY.finditer(folded)]
    return found + [
        Quantity(NUMBER_WORDS[word]) for word in re.findall(r"[a-z]+", folded.lower()) if word in NUMBER_WORDS
    ]


def bare_quantity(text: str) -> Quantity | None:
    """The number that a text is, with currency, scale or per cent; None when it holds anything else."""
    folded = _folded(text).strip().rstrip(".")
    if folded.lower() in NUMBER_WORDS:
        return Quantity(NUMBER_WORDS[folded.lower()])
    prefix = BARE.match(folded)
    match = QUANTITY.fullmatch(folded, prefix.end() if prefix else 0)
    return _quantity(match) if match else None


def same(given: Quantity, wanted: Quantity, tolerance: float | str | None = None) -> bool:
    """True when both say the same number.

    Where only one names its scale, or says per cent, the digits as written may agree instead: "3128" in a column
    of millions is "3,128 million". Two different currencies, or a currency and a per cent, never agree.
    """
    if given.currency and wanted.currency and given.currency != wanted.currency:
        return False
    if (given.percent and wanted.currency) or (wanted.percent and given.currency):
        return False
    if _near(given.absolute, wanted.absolute, tolerance):
        return True
    comparable = given.scale is None or wanted.scale is None
    return comparable and _near(given.value, wanted.value, tolerance)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", SPACED_THOUSANDS.sub("", text))


def _near(given: Decimal, wanted: Decimal, tolerance: float | str | None) -> bool:
    if tolerance is None:
        return given == wanted
    if isinstance(tolerance, str):
        if not re.fullmatch(r"\s*\d+(\.\d+)?\s*%\s*", tolerance):
            raise DatasetError(f"The tolerance {tolerance!r} is neither a number nor a percentage such as '1%'.")
        return abs(given - wanted) <= abs(wanted) * Decimal(tolerance.strip().rstrip("% ")) / 100
    return abs(given - wanted) <= Decimal(str(tolerance))


def _quantity(match: re.Match[str]) -> Quantity:
    value = Decimal(re.sub(r"[,'’]", "", match["digits"]))
    accounting = bool(match["open"] and match["close"])
    if match["minus"] or match["minus2"] or accounting:
        value = -value
    currency = match["before"] or match["after"]
    return Quantity(
        value=value,
        scale=SCALES[match["scale"].lower()] if match["scale"] else None,
        currency=CURRENCIES[currency.lower()] if currency else None,
        percent=bool(match["percent"]),
    )
