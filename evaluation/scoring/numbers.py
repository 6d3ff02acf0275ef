"""Numbers in running text: separators, currency, per cent, scale words and units, compared with a tolerance."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from core.errors import DatasetError
from evaluation.scoring.number_words import NUMBER_WORDS, spelled_numbers
from evaluation.scoring.text import fold

SCALES = {
    "thousand": 3, "thousands": 3, "k": 3, "million": 6, "millions": 6, "mn": 6, "m": 6, "mio": 6,
    "billion": 9, "billions": 9, "bn": 9, "b": 9, "trillion": 12, "trillions": 12, "tn": 12,
}  # fmt: skip
"""Power of ten by the word after a number."""
CURRENCIES = {
    "$": "usd", "us$": "usd", "usd": "usd", "dollar": "usd", "dollars": "usd", "us dollars": "usd",
    "€": "eur", "eur": "eur", "euro": "eur", "euros": "eur", "£": "gbp", "gbp": "gbp", "pounds": "gbp",
    "chf": "chf", "franc": "chf", "francs": "chf", "swiss francs": "chf", "¥": "jpy", "jpy": "jpy", "yen": "jpy",
}  # fmt: skip
_SIGN = r"us\$|[$€£¥]"
_CODE = "|".join(sorted((name for name in CURRENCIES if name[0].isalpha() and name != "us$"), key=len, reverse=True))
_CURRENCY = rf"{_SIGN}|\b(?:{_CODE})\b"
_SCALE = "|".join(sorted(SCALES, key=len, reverse=True))
QUANTITY = re.compile(
    rf"""(?P<open>\(\s*+)?
    (?P<minus>(?<![\w.,)%])[-–](?!\s)|(?:^|(?<=[:|(=]\s)|(?<=[:|(=]))[-–]\s|\bminus\ )?
    (?P<before>{_CURRENCY})?\s*+(?P<minus2>(?<!\w)[-–])?
    (?<![\w.])(?<!\d,)(?P<digits>\d{{1,3}}(?:\.\d{{3}})+,\d+|\d{{1,3}}(?:\.\d{{3}}){{2,}}(?!\d)
      |\d{{1,3}}(?:[,']\d{{3}})+(?!\d)(?:\.\d+)?|\d+,\d{{1,2}}(?![\d,])|\d+(?:\.\d+)?|\.\d+)
    (?![.,]\d)(?P<close>\s*\))?
    (?:\s*(?P<percent>%|per\ ?cent\b|percentage\ points?\b)
      |(?:[\s-]*(?P<scale>{_SCALE})\b(?!\s*\*))?(?:\s*(?P<after>{_CURRENCY}))?)""",
    re.IGNORECASE | re.VERBOSE,
)
PERCENT = re.compile(r"\s*(?:%|per ?cent\b)", re.IGNORECASE)
METRES = "m"
"""A letter that stands for metres or for millions."""
THIN_SPACE = re.compile(r"(?<=\d)[\u00a0\u2009\u202f](?=\d{3}(?!\d))")
NEGATIVE_SHARE = re.compile(r"\s*\(\s*((?:[\d.,'])+\s*(?:%|per ?cent))\s*\)\s*", re.IGNORECASE)
"""(12.5%) alone is a fall, as accountants write it; inside a sentence it is an aside."""
FISCAL = re.compile(r"\bFY(?=\d{4}\b)", re.IGNORECASE)
BARE = re.compile(r"(?:about|over|under|nearly|approximately|around|some|of|roughly|almost)?\s*", re.IGNORECASE)
UNIT_AFTER = re.compile(
    r"[\s-]{0,2}(?:(?P<kind>working|business|calendar|full|consecutive|whole|degrees)[\s-]+)?"
    r"(?P<unit>°\s?[CF]\b|km/h|m/s|(?:kilomet(?:re|er)s?|miles?) per hour|[^\W\d]+)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as written: `value` before its scale word. `scale` is a power of ten, None when no word says it.

    `unit` is a known unit behind it, "" without one; `start` and `end` are its place in the folded text.
    """

    value: Decimal
    scale: int | None = None
    currency: str | None = None
    percent: bool = False
    unit: str = ""
    start: int = 0
    end: int = 0

    @property
    def absolute(self) -> Decimal:
        """The number meant: scale word and per cent applied."""
        return self.value * Decimal(10) ** ((self.scale or 0) - (2 if self.percent else 0))


def quantities(text: str) -> list[Quantity]:
    """Every number in the text, in order; those written as words come last."""
    folded = fold_numbers(text)
    found = [_quantity(match, folded) for match in QUANTITY.finditer(folded)]
    spelled = [
        Quantity(
            value,
            unit=_unit(folded, end),
            currency=_currency(folded, end),
            percent=PERCENT.match(folded, end) is not None,
            start=start,
            end=end,
        )
        for value, start, end in spelled_numbers(folded)
    ]
    return found + [each for each in spelled if not any(other.start <= each.start < other.end for other in found)]


def bare_quantity(text: str) -> Quantity | None:
    """The number that a text is, with currency, scale or per cent; None when it holds anything else."""
    folded = fold_numbers(text).strip().rstrip(".")
    if folded.lower() in NUMBER_WORDS:
        return Quantity(NUMBER_WORDS[folded.lower()])
    prefix = BARE.match(folded)
    match = QUANTITY.fullmatch(folded, prefix.end() if prefix else 0)
    return _quantity(match, folded) if match else None


def same(given: Quantity, wanted: Quantity, tolerance: float | str | None = None) -> bool:
    """True when both say the same number.

    Where only one names its scale, or says per cent, the digits as written may agree instead: "3128" in a column
    of millions is "3,128 million". Two different currencies, or a currency and a per cent, never agree; units do
    when one can be turned into the other.
    """
    if METRES in (given.unit, wanted.unit):
        return any(same(one, other, tolerance) for one in _readings(given) for other in _readings(wanted))
    if given.currency and wanted.currency and given.currency != wanted.currency:
        return False
    if (given.percent and (wanted.currency or wanted.unit)) or (wanted.percent and (given.currency or given.unit)):
        return False
    factor = same_unit(given.unit, wanted.unit)
    if factor is None or (given.unit and wanted.currency) or (wanted.unit and given.currency):
        return False
    turned = Fraction(given.absolute) * factor
    if near(Decimal(turned.numerator) / turned.denominator, wanted.absolute, tolerance):
        return True
    comparable = factor == 1 and (_plain(given) or _plain(wanted) or given.scale == wanted.scale)
    return comparable and near(given.value, wanted.value, tolerance)


def _readings(quantity: Quantity) -> tuple[Quantity, ...]:
    """What a number with an m behind it can mean: metres, or millions."""
    if quantity.unit != METRES:
        return (quantity,)
    return replace(quantity, unit="metres", scale=None), replace(quantity, unit="")


def _plain(quantity: Quantity) -> bool:
    """Digits alone, which may stand in a column that says of what."""
    return quantity.scale is None and not quantity.currency and not quantity.unit


def fold_numbers(text: str) -> str:
    """A text as places in it are counted: folded, thin spaces between thousands taken out, FY2019 as FY 2019."""
    folded = FISCAL.sub("FY ", fold(THIN_SPACE.sub("", text)))
    return f"-{share[1]}" if (share := NEGATIVE_SHARE.fullmatch(folded)) else folded


def near(given: Decimal, wanted: Decimal, tolerance: float | str | None) -> bool:
    """Whether a number lies within a tolerance of another: absolute, or in per cent of it when written "1%".

    Raises:
        DatasetError: the tolerance is neither.
    """
    if tolerance is None:
        return given == wanted
    if isinstance(tolerance, str):
        if not re.fullmatch(r"\s*\d+(\.\d+)?\s*%?\s*", tolerance):
            raise DatasetError(f"The tolerance {tolerance!r} is neither a number nor a percentage such as '1%'.")
        share = Decimal(tolerance.strip().rstrip("% "))
        return abs(given - wanted) <= (abs(wanted) * share / 100 if "%" in tolerance else share)
    return abs(given - wanted) <= Decimal(str(tolerance))


def _quantity(match: re.Match[str], text: str) -> Quantity:
    accounting = bool(match["open"] and match["close"])
    value = _decimal(match["digits"])
    currency = match["before"] or match["after"]
    named = match["scale"] or currency or match["percent"]
    return Quantity(
        value=-value if match["minus"] or match["minus2"] or accounting else value,
        scale=SCALES[match["scale"].lower()] if match["scale"] else None,
        currency=CURRENCIES[currency.lower()] if currency else None,
        percent=bool(match["percent"]),
        unit=METRES if match["scale"] == METRES and not currency else "" if named else _unit(text, match.end()),
        start=match.start("digits"),
        end=match.end(),
    )


def _decimal(digits: str) -> Decimal:
    """1,234.5 and 1'234.5 and 1.234,5 and 12,5: the last separator is the decimal point unless groups follow it."""
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+,\d+|\d+,\d{1,2}|\d{1,3}(?:\.\d{3}){2,}", digits):
        return Decimal(digits.replace(".", "").replace(",", "."))
    return Decimal(re.sub(r"[,']", "", digits))


def _unit(text: str, end: int) -> str:
    match = UNIT_AFTER.match(text, end)
    if not match or match["unit"].lower().replace(" ", "") not in UNITS:
        return ""
    kind = (match["kind"] or "").lower()
    return f"{'working ' if kind in ('working', 'business') else ''}{match['unit'].lower().replace(' ', '')}"


def _currency(text: str, end: int) -> str | None:
    match = re.match(rf"\s*({_CURRENCY})", text[end : end + 20], re.IGNORECASE)
    return CURRENCIES[match[1].lower()] if match else None


# Units that can be turned into each other.


_FAMILIES: dict[str, dict[str, str]] = {
    "time": {
        "second seconds sec secs": "1",
        "minute minutes min mins": "60",
        "hour hours hr hrs h": "3600",
        "day days": "86400",
        "week weeks": "604800",
    },
    "months": {"month months": "1", "quarter quarters": "3", "year years yr yrs": "12", "decade decades": "120"},
    "length": {
        "mm millimetre millimetres millimeter millimeters": "0.001",
        "cm centimetre centimetres centimeter centimeters": "0.01",
        "metre metres meter meters": "1",
        "km kilometre kilometres kilometer kilometers": "1000",
        "inch inches": "0.0254",
        "foot feet ft": "0.3048",
        "mile miles": "1609.344",
    },
    "mass": {
        "mg milligram milligrams": "0.001",
        "g gram grams": "1",
        "kg kilo kilos kilogram kilograms": "1000",
        "t tonne tonnes": "1000000",
        "lb lbs": "453.59237",
    },
    "volume": {"ml millilitre millilitres milliliter milliliters": "0.001", "l litre litres liter liters": "1"},
    "data": {"kb kilobyte kilobytes": "1", "mb megabyte megabytes": "1000", "gb gigabyte gigabytes": "1000000",
             "tb terabyte terabytes": "1000000000"},
    "speed": {"km/h kilometresperhour kilometersperhour kilometreperhour kilometerperhour kph kmh": "1",
              "mph milesperhour mileperhour": "1.609344", "m/s": "3.6"},
    "celsius": {"°c celsius": "1"},
    "fahrenheit": {"°f fahrenheit": "1"},
    "power": {"w watt watts": "1", "kw kilowatt kilowatts": "1000", "mw megawatt megawatts": "1000000",
              "gw gigawatt gigawatts": "1000000000"},
    "energy": {"kwh": "1", "mwh": "1000", "gwh": "1000000"},
}  # fmt: skip
UNITS: dict[str, tuple[str, Decimal]] = {
    name: (family, Decimal(size)) for family, sizes in _FAMILIES.items() for names, size in sizes.items()
    for name in names.split()
}  # fmt: skip
"""Family and size by the name of a unit, in lower case. Months have no fixed number of days."""


def same_unit(given: str, wanted: str) -> Fraction | None:
    """What a number in one unit is multiplied by to be in the other; 1 where either has none, None if it cannot be.

    Working days are days of their own.
    """
    if not given or not wanted or given == wanted:
        return Fraction(1)
    if given.startswith("working ") != wanted.startswith("working "):
        return None
    (given_family, size), (wanted_family, other) = (UNITS[unit.removeprefix("working ")] for unit in (given, wanted))
    return Fraction(size) / Fraction(other) if given_family == wanted_family else None
