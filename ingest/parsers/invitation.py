"""Invitations (iCalendar, RFC 5545) as lines that people read: what, when, where, who."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from ingest.parsers.builder import fold

_LINE = re.compile(r"([A-Za-z0-9-]+)((?:;[^:\";]*(?:\"[^\"]*\"[^:\";]*)*)*):(.*)", re.S)
_PARAMETER = re.compile(r';([A-Za-z0-9-]+)=("[^"]*"|[^;]*)')
_MOMENT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?(Z)?)?")
_DURATION = re.compile(r"([+-])?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_EVENTS = frozenset({"VEVENT", "VTODO", "VJOURNAL"})
_DAYS = {"MO": "Monday", "TU": "Tuesday", "WE": "Wednesday", "TH": "Thursday", "FR": "Friday", "SA": "Saturday",
         "SU": "Sunday"}  # fmt: skip
_ORDINALS = {"1": "first ", "2": "second ", "3": "third ", "4": "fourth ", "-1": "last "}
_UNITS = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year", "HOURLY": "hour"}


@dataclass(slots=True)
class Property:
    """One line of a calendar."""

    value: str
    parameters: dict[str, str] = field(default_factory=dict)


Event = dict[str, list[Property]]


def invitation_lines(text: str) -> list[str]:
    """A paragraph an event: lines of "What", "When", "Where", "Organizer" and the like, then its description."""
    method, events = _events(text)
    found: list[str] = []
    for event in events:
        lines = [f"{name}: {value}" for name, value in _said(event, method) if value]
        found += ["\n".join(lines)] if lines else []
        description = _text(event, "DESCRIPTION")
        found += [description] if description else []
    return found


def _events(text: str) -> tuple[str, list[Event]]:
    """(what is done with the events, the events without what is nested in them)."""
    method, inside = "", list[str]()
    events: list[Event] = []
    for line in re.sub(r"\r?\n[ \t]", "", text).splitlines():
        match = _LINE.fullmatch(line.strip())
        if not match:
            continue
        name, value = match[1].upper(), match[3]
        if name == "BEGIN":
            inside.append(value.strip().upper())
            if inside[-1] in _EVENTS:
                events.append({})
        elif name == "END":
            inside = inside[:-1]
        elif name == "METHOD":
            method = value.strip().upper()
        elif inside and inside[-1] in _EVENTS:
            parameters = {key.upper(): said.strip('"') for key, said in _PARAMETER.findall(match[2])}
            events[-1].setdefault(name, []).append(Property(value, parameters))
    return method, events


def _said(event: Event, method: str) -> Iterator[tuple[str, str]]:
    yield "What", fold(_text(event, "SUMMARY"))
    yield "When", _when(event)
    yield "Due", _moment(event["DUE"][0]) if "DUE" in event else ""
    yield "Repeats", _repeats(_text(event, "RRULE"))
    yield "Where", fold(_text(event, "LOCATION"))
    yield "Organizer", ", ".join(map(_person, event.get("ORGANIZER", [])))
    yield "Attendees", ", ".join(map(_person, event.get("ATTENDEE", [])))
    number = _text(event, "SEQUENCE").strip()
    yield "Update", number if number not in {"", "0"} and method != "CANCEL" else ""
    cancelled = method == "CANCEL" or _text(event, "STATUS").strip().upper() == "CANCELLED"
    yield "Status", "cancelled" if cancelled else ""
    replies = [person.parameters.get("PARTSTAT", "") for person in event.get("ATTENDEE", [])]
    yield "Reply", ", ".join(filter(None, replies)).lower() if method == "REPLY" else ""


def _text(event: Event, name: str) -> str:
    value = event[name][0].value if name in event else ""
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] in "nN" else match[1], value).strip()


def _person(person: Property) -> str:
    name = fold(person.parameters.get("CN", ""))
    address = re.sub(r"^mailto:", "", person.value.strip(), flags=re.I)
    return f"{name} <{address}>" if name and "@" in address and name != address else name or address


def _when(event: Event) -> str:
    """From when to when: the end of a day that a calendar names is the beginning of the next."""
    if "DTSTART" not in event:
        return ""
    first = event["DTSTART"][0]
    begin, end = _parsed(first), _parsed(event["DTEND"][0]) if "DTEND" in event else None
    if begin is None:
        return fold(first.value)
    lasts = _duration(_text(event, "DURATION"))
    if end is None and lasts is not None:
        end = begin + lasts
    if not isinstance(begin, datetime):
        last = end - timedelta(days=1) if isinstance(end, date) and end - timedelta(days=1) > begin else begin
        return f"{begin}, all day" if last == begin else f"{begin} to {last}, all day"
    zone = _zone(first)
    if not isinstance(end, datetime) or end == begin:
        return f"{begin:%Y-%m-%d %H:%M}{zone}"
    if "DTEND" in event and _zone(event["DTEND"][0]) != zone:
        return f"{begin:%Y-%m-%d %H:%M}{zone} to {_moment(event['DTEND'][0])}"
    midnight = end.time() == time() and begin.time() == time()
    if midnight and (end - begin).days == 1:
        return f"{begin:%Y-%m-%d}, all day"
    return f"{begin:%Y-%m-%d %H:%M} to {end:{'%H:%M' if end.date() == begin.date() else '%Y-%m-%d %H:%M'}}{zone}"


def _moment(said: Property) -> str:
    found = _parsed(said)
    if not isinstance(found, datetime):
        return str(found) if found else fold(said.value)
    return f"{found:%Y-%m-%d %H:%M}{_zone(said)}"


def _parsed(said: Property) -> date | datetime | None:
    match = _MOMENT.fullmatch(said.value.strip())
    if not match:
        return None
    try:
        day = date(int(match[1]), int(match[2]), int(match[3]))
        return datetime.combine(day, time(int(match[4]), int(match[5]), int(match[6] or 0))) if match[4] else day
    except ValueError:
        return None


def _zone(said: Property) -> str:
    name = said.parameters.get("TZID", "")
    return " UTC" if said.value.strip().endswith("Z") else f" ({name})" if name else ""


def _duration(said: str) -> timedelta | None:
    match = _DURATION.fullmatch(said)
    if not match or not said:
        return None
    weeks, days, hours, minutes, seconds = (min(int(part or 0), 100_000) for part in match.groups()[1:])
    return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)


def _repeats(rule: str) -> str:
    """FREQ=WEEKLY;INTERVAL=2;BYDAY=MO as "every 2 weeks on Monday"."""
    said = dict(part.split("=", 1) for part in rule.upper().split(";") if "=" in part)
    unit = _UNITS.get(said.get("FREQ", ""))
    if unit is None:
        return rule
    number = said.get("INTERVAL", "1")
    text = f"every {unit}" if number == "1" else f"every {number} {unit}s"
    days = [re.fullmatch(r"(-?\d+)?([A-Z]{2})", day) for day in said.get("BYDAY", "").split(",")]
    named = [f"{_ORDINALS.get(day[1] or '', '')}{_DAYS.get(day[2], day[2])}" for day in days if day]
    text += f" on {', '.join(named)}" if named else ""
    text += f", {said['COUNT']} times" if "COUNT" in said else ""
    return text + (f", until {_moment(Property(said['UNTIL']))}" if "UNTIL" in said else "")
