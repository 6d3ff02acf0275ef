"""Dates that files carry, as ISO 8601."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime

_PDF = re.compile(r"(?:D:)?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?\s*(?:([+-])(\d\d)'?(\d\d)?'?|Z)?")


def iso(value: object) -> str | None:
    """A date or time as ISO 8601 to the second; None for what is none, or lies before 1970 as defaults do."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if not isinstance(value, date) or value.year < 1970:
        return None
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else value.isoformat()


def pdf_date(text: str) -> str | None:
    """`D:20260105093000+01'00'`; a part that is missing is the first one, a zone that is missing is left out."""
    found = _PDF.match(text.strip())
    if not found:
        return None
    year, month, day, hour, minute, second, sign, zone_hours, zone_minutes = found.groups()
    zone = f"{sign}{zone_hours}:{zone_minutes or '00'}" if sign else "+00:00" if "Z" in found.group() else ""
    clock = f"{hour or '00'}:{minute or '00'}:{second or '00'}"
    return iso(f"{year}-{month or '01'}-{day or '01'}T{clock}{zone}")


def mail_date(text: str) -> str | None:
    """The date of a mail's header, in UTC where it names its zone."""
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return iso(found.astimezone(UTC) if found.tzinfo else found)
