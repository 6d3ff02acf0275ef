"""Names of months and days in the languages that format codes ask for, such as [$-407] for German."""

from __future__ import annotations

import re

_NAMES = {
    "en": ("January February March April May June July August September October November December",
           "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
    "de": ("Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
           "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag"),
    "fr": ("janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
           "lundi mardi mercredi jeudi vendredi samedi dimanche"),
    "es": ("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
           "lunes martes miércoles jueves viernes sábado domingo"),
    "it": ("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
           "lunedì martedì mercoledì giovedì venerdì sabato domenica"),
    "nl": ("januari februari maart april mei juni juli augustus september oktober november december",
           "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag"),
    "pt": ("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
           "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo"),
    "sv": ("januari februari mars april maj juni juli augusti september oktober november december",
           "måndag tisdag onsdag torsdag fredag lördag söndag"),
}  # fmt: skip
_LANGUAGES = {0x07: "de", 0x0C: "fr", 0x0A: "es", 0x10: "it", 0x13: "nl", 0x16: "pt", 0x1D: "sv"}
"""The low ten bits of a Windows locale say the language."""


def month_names(code: str) -> tuple[list[str], list[str]]:
    """(the months, the days from Monday) in the language of a format code; in English where it names none."""
    said = re.search(r"\[\$[^\]-]*-([a-z]{2}(?=[-\]])|[0-9A-Fa-f]+)", code)
    asked = said[1] if said else "en"
    language = asked if asked in _NAMES else _LANGUAGES.get(int(asked[-4:], 16) & 0x3FF, "en") if said else "en"
    months, days = _NAMES[language]
    return months.split(), days.split()
