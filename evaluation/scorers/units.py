"""Units that can be turned into each other."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

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
