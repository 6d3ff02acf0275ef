"""Number formats: a value as its sheet shows it, by the format code of its cell (ECMA-376, 18.8.30 and 18.8.31).

What the code rounds away stands behind it in brackets: "8% (0.075)". A date in figures alone is written as ISO 8601,
since 03/04 reads two ways; one that names its month stays as it is.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

from ingest.parsers.cells import cell_text
from ingest.parsers.sheets.months import month_names

BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: "$#,##0;($#,##0)", 6: "$#,##0;($#,##0)",
    7: "$#,##0.00;($#,##0.00)", 8: "$#,##0.00;($#,##0.00)", 9: "0%", 10: "0.00%", 11: "0.00E+00", 14: "yyyy-mm-dd",
    15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss",
    22: "yyyy-mm-dd h:mm", 37: "#,##0;(#,##0)", 38: "#,##0;(#,##0)", 39: "#,##0.00;(#,##0.00)",
    40: "#,##0.00;(#,##0.00)", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "0.0E+0",
}  # fmt: skip
"""Format codes by the numbers that have no code in the file; 5 to 8 are the currency of whoever looks at them."""

_TYPED = 10
"""Significant digits that people type; a number with more was computed."""
_NOTICED = Decimal("0.0005")
"""Share of a computed number that a format may round away without a word."""

_GREATEST = 1e15

Token = tuple[str, str]
"""(kind, text): "text" as it stands; "digit" 0, # or ?; "point", "comma", "percent", "exponent"; else letters of a
date such as "yyyy" or "[h]", with the kind "date"."""
Condition = tuple[str, Decimal] | None
Section = tuple[Token, ...]
Value = object


def shown(value: Value, code: str) -> str:
    """The value as a sheet shows it; as cells.cell_text has it where the code is General or none that is known."""
    if isinstance(value, bool) or not code or code.lower() == "general":
        return cell_text(value)
    if isinstance(value, str):
        return _text(value, code) if "@" in code else value
    sections, conditions = _compiled(code)
    if isinstance(value, date | time | timedelta):
        first = next((section for section in sections if any(kind == "date" for kind, _ in section)), None)
        return _moment(value, first, code) if first else cell_text(value)
    if not isinstance(value, int | float) or not math.isfinite(value) or abs(value) >= _GREATEST:
        return cell_text(value)
    return _number(Decimal(repr(value)), sections, conditions, cell_text(value))


@functools.lru_cache(maxsize=1024)
def _compiled(code: str) -> tuple[list[Section], list[Condition]]:
    """The tokens of each section, and its condition."""
    return [tuple(_tokens(section)) for section in _sections(code)], _conditions(code)


def _text(value: str, code: str) -> str:
    """Words with what their format sets around them: "Nr. "@."""
    section = next((section for section in _sections(code) if "@" in section), "")
    around = [(kind, text) for kind, text in _tokens(section)]
    if not any(kind == "text" and text.strip() not in {"", "@"} for kind, text in around):
        return value
    return "".join(value if text == "@" else text for _, text in around)


def _sections(code: str) -> list[str]:
    """The code cut at its semicolons, which are none in quotes."""
    return ["".join(parts) for parts in _cut(re.findall(r'"[^"]*"|\\.|\[[^\]]*\]|[_*].|.', code, re.S))]


def _cut(parts: Sequence[str]) -> list[list[str]]:
    found: list[list[str]] = [[]]
    for part in parts:
        if part == ";":
            found.append([])
        else:
            found[-1].append(part)
    return found


def _tokens(section: str) -> list[Token]:
    found: list[Token] = []
    for match in re.finditer(
        r'"([^"]*)"|\\(.)|_(.)|(\*.)|\[([^\]]*)\]|(General)|(AM/PM|A/P)|(E[+-])|(\.0+)(?<=s\.0)|([ymdhseg]+)|(.)',
        section,
        re.I | re.S,
    ):
        quoted, escaped, blank, filled, bracket, general, noon, exponent, _, letters, one = match.groups()
        if quoted is not None or escaped is not None:
            found.append(("text", quoted if quoted is not None else escaped))
        elif blank or filled:
            found.append(("text", " " if blank and blank not in "()-" else ""))
        elif bracket is not None:
            found.extend(_bracket(bracket))
        elif general:
            found.append(("general", general))
        elif noon:
            found.append(("date", "AM/PM"))
        elif exponent:
            found.append(("exponent", exponent))
        elif letters:
            runs = [run.group() for run in re.finditer(r"(.)\1*", letters.lower())]
            found.extend(("date", "yyyy" if run[0] == "e" else run) for run in runs if run[0] != "g")
        elif one is not None:
            kinds = {"0": "digit", "#": "digit", "?": "digit", ".": "point", ",": "comma", "%": "percent", "/": "slash"}
            found.append((kinds.get(one, "text"), one))
    return found


def _bracket(inside: str) -> list[Token]:
    """The currency in `$€-407`, the elapsed hours in `h`; colours, conditions and languages say nothing."""
    if inside.startswith("$"):
        return [("text", inside[1:].partition("-")[0])]
    return [("date", f"[{inside.lower()}]")] if inside.lower() in {"h", "hh", "m", "mm", "s", "ss"} else []


def _conditions(code: str) -> list[Condition]:
    """The condition of each section, such as [>=1000]."""
    found = [re.search(r"\[(<=|>=|<>|<|>|=)\s*(-?[\d.]+)\]", section) for section in _sections(code)]
    return [(match[1], Decimal(match[2])) if match else None for match in found]


def _number(value: Decimal, sections: list[Section], conditions: list[Condition], stored: str) -> str:
    place = _section_of(value, len(sections), conditions)
    section = sections[place]
    if any(kind in {"date", "slash"} for kind, _ in section):
        return stored
    magnitude = abs(value)
    signed = any(kind == "text" and text[:1] in {"-", "(", "−"} for kind, text in section)
    sign = "-" if value < 0 and not signed else ""
    if any(kind == "general" for kind, _ in section):
        plain = cell_text(float(magnitude))
        return (sign + "".join(plain if kind == "general" else text for kind, text in section)).strip()
    if not any(kind == "digit" for kind, _ in section):
        words = re.sub(
            r"\s+", " ", "".join(text for kind, text in section if kind in {"text", "point", "comma"})
        ).strip()
        return words if words and value == 0 else f"{words} ({stored})" if words else stored
    if any(kind == "exponent" for kind, _ in section):
        text = _scientific(value, section)
        return text if _tells(value, Decimal(text)) else f"{text} ({stored})"
    text, rounded = _digits(magnitude, section)
    if rounded == 0:
        sign = ""
    text = re.sub(r"\s+", " ", sign + text).strip()
    return text if _tells(magnitude, rounded) else f"{text} ({stored})"


def _section_of(value: Decimal, count: int, conditions: list[Condition]) -> int:
    """Which section is for a value: the first whose condition holds, else by its sign."""
    compare = {
        "<": value.__lt__, "<=": value.__le__, ">": value.__gt__, ">=": value.__ge__, "=": value.__eq__,
        "<>": value.__ne__,
    }  # fmt: skip
    if any(conditions):
        for place, condition in enumerate(conditions):
            if condition is None or compare[condition[0]](condition[1]):
                return place
        return count - 1
    if value < 0 and count > 1:
        return 1
    return 2 if value == 0 and count > 2 else 0


def _tells(value: Decimal, rounded: Decimal) -> bool:
    """Whether what is shown is all of the number, but for the tail of a computed one."""
    if value == rounded:
        return True
    digits = len(value.normalize().as_tuple().digits)
    return digits > _TYPED and abs(value - rounded) <= _NOTICED * abs(value)


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the digits of a section stand: places before the point and after it, by their index."""

    whole: tuple[int, ...]
    decimals: tuple[int, ...]
    factor: Decimal
    """What a value is multiplied by: 100 a percent sign, a thousandth a comma after the last digit."""
    grouped: bool
    around: tuple[str, str] | None
    """What stands before and after the number; None where something stands in it."""
    least: tuple[int, int]
    """Digits there always are, before and after the point."""


@functools.lru_cache(maxsize=1024)
def _places(section: Section) -> _Places:
    places = [i for i, (kind, _) in enumerate(section) if kind == "digit"]
    point = next((i for i, (kind, _) in enumerate(section) if kind == "point"), len(section))
    commas = [i for i, (kind, _) in enumerate(section) if kind == "comma"]
    scaling = [i for i in commas if not any(i < digit < (point if i < point else len(section)) for digit in places)]
    inside = section[places[0] : places[-1] + 1]
    begin, end = min(places[0], point), places[-1] + 1
    texts = [text if kind in {"text", "percent"} else "" for kind, text in section]
    whole, decimals = [i for i in places if i < point], [i for i in places if i > point]
    least = [sum(section[i][1] == "0" for i in side) for side in (whole, decimals)]
    return _Places(
        whole=tuple(whole),
        decimals=tuple(decimals),
        factor=Decimal(10) ** (2 * sum(kind == "percent" for kind, _ in section) - 3 * len(scaling)),
        grouped=len(commas) > len(scaling),
        around=None
        if any(kind in {"text", "percent"} for kind, _ in inside)
        else ("".join(texts[:begin]), "".join(texts[end:])),
        least=(least[0], least[1]),
    )


def _digits(value: Decimal, section: Section) -> tuple[str, Decimal]:
    """(the section with the digits of a value in its places, the value that it tells)."""
    places = _places(section)
    scaled = (value * places.factor).quantize(Decimal(1).scaleb(-len(places.decimals)), rounding=ROUND_HALF_UP)
    told = scaled / places.factor
    before, _, after = f"{scaled:f}".partition(".")
    before = before.lstrip("0").rjust(places.least[0], "0")
    while len(after) > places.least[1] and after[-1] == "0":
        after = after[:-1]
    if places.grouped:
        before = re.sub(r"(?<=\d)(?=(?:\d{3})+$)", ",", before)
    if places.around is not None:
        return f"{places.around[0]}{before}{'.' if after else ''}{after}{places.around[1]}", told
    filled = dict(zip(places.whole, _spread(before, len(places.whole)), strict=True))
    filled |= dict(zip(places.decimals, after, strict=False))
    out = [filled.get(i, "") if kind == "digit" else text for i, (kind, text) in enumerate(section) if kind != "comma"]
    return "".join(out), told


def _spread(digits: str, count: int) -> list[str]:
    """What each of some places before the point holds: the first takes all digits that are left."""
    if not count:
        return []
    cut = max(len(digits) - count + 1, 0)
    return [digits[:cut], *[""] * (count - 1 - len(digits[cut:])), *digits[cut:]]


def _scientific(value: Decimal, section: Section) -> str:
    point = next((i for i, (kind, _) in enumerate(section) if kind == "point"), len(section))
    end = next(i for i, (kind, _) in enumerate(section) if kind == "exponent")
    decimals = sum(kind == "digit" and point < i < end for i, (kind, _) in enumerate(section))
    return f"{value:.{decimals}E}"


def _moment(value: date | time | timedelta, section: Section, code: str) -> str:
    """A date, a time or a duration."""
    if isinstance(value, timedelta):
        return _duration(value, section)
    section = _minutes_told(section)
    held = {text[0] if text != "AM/PM" else "p" for kind, text in section if kind == "date"}
    names_month = any(kind == "date" and text.startswith("mmm") for kind, text in section)
    has_clock = bool(held & {"h", "i", "s", "["})
    clock = () if not has_clock else _clock_part(section)
    if isinstance(value, time) or not held & {"y", "m", "d"}:
        return _written(value, section, code) if has_clock else cell_text(value)
    if not names_month and held >= {"y", "m", "d"}:
        day = value.date() if isinstance(value, datetime) else value
        return f"{cell_text(day)} {_written(value, clock, code)}".strip()
    text = _written(value, section, code)
    lost = any(not part & held for part in ({"y"}, {"m"}, {"d"})) or any(token == ("date", "yy") for token in section)
    whole_month = getattr(value, "day", 1) == 1 and held & {"y"} and not any(t == ("date", "yy") for t in section)
    return text if not lost or whole_month else f"{text} ({cell_text(value)})"


def _minutes_told(section: Section) -> Section:
    """The section with "i" for the minutes: an m next to hours or seconds."""
    letters = [i for i, (kind, text) in enumerate(section) if kind == "date" and text != "AM/PM"]
    out = list(section)
    for n, i in enumerate(letters):
        text = section[i][1]
        before = section[letters[n - 1]][1] if n else ""
        after = section[letters[n + 1]][1] if n + 1 < len(letters) else ""
        if text in {"m", "mm"} and (before.strip("[]")[:1] == "h" or after[:1] == "s"):
            out[i] = ("date", "i" * len(text))
    return tuple(out)


def _clock_part(section: Section) -> Section:
    """From the first to the last token about the time of day."""
    about = [i for i, (kind, text) in enumerate(section) if kind == "date" and text.strip("[]")[0] in "hisA"]
    return section[about[0] : about[-1] + 1]


def _written(value: date | time, section: Section, code: str) -> str:
    noon = any(token == ("date", "AM/PM") for token in section)
    out = []
    for kind, text in section:
        out.append(_date_part(value, text.strip("[]"), code, noon=noon) if kind == "date" else text)
    return re.sub(r"\s+", " ", "".join(out)).strip(" ,;-/.@")


def _date_part(value: date | time, letters: str, code: str, *, noon: bool) -> str:
    hour, minute, second = (getattr(value, name, 0) for name in ("hour", "minute", "second"))
    if letters == "AM/PM":
        return "AM" if hour < 12 else "PM"
    if letters[0] == "h":
        return str((hour - 1) % 12 + 1 if noon else hour).rjust(len(letters), "0")
    if letters[0] in "is":
        return str(minute if letters[0] == "i" else second).rjust(2 if letters[0] == "i" else len(letters), "0")
    if not isinstance(value, date):
        return ""
    if letters[0] == "y":
        return f"{value.year:04}" if len(letters) > 2 else f"{value.year % 100:02}"
    number, names = (value.month, 0) if letters[0] == "m" else (value.isoweekday(), 1)
    if len(letters) < 3:
        return str(value.month if letters[0] == "m" else value.day).rjust(len(letters), "0")
    name = month_names(code)[names][number - 1]
    return name[:1] if len(letters) == 5 else name[:3] if len(letters) == 3 else name


def _duration(value: timedelta, section: Section) -> str:
    """Hours, or minutes, or seconds that may be more than a day has."""
    seconds = round(value.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    elapsed = next((text.strip("[]")[0] for _, text in section if text.startswith("[")), "h")
    shows_seconds = any(kind == "date" and text.startswith("s") for kind, text in section)
    if elapsed == "s":
        return f"{sign}{seconds}"
    if elapsed == "m":
        return f"{sign}{seconds // 60}:{seconds % 60:02}" if shows_seconds else f"{sign}{seconds // 60}"
    clock = f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}"
    return f"{clock}:{seconds % 60:02}" if shows_seconds or seconds % 60 else clock
