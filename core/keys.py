"""The text of a key, `ts_ID_SECRET`: shown once, and stored as a digest that it cannot be had from."""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime, timedelta

from core.errors import UsageError

PREFIX = "ts_"
ANOTHER = "Ask whoever runs the service for another."
"""What to do about a key that is not good."""
_FORM = re.compile(r"ts_([0-9a-f]{12})_[A-Za-z0-9_-]{43}")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
MAX_DAYS = 36_500


def new_key() -> tuple[str, str]:
    """(id, the key): the id is public, 256 random bits follow it."""
    key_id = secrets.token_hex(6)
    return key_id, f"{PREFIX}{key_id}_{secrets.token_urlsafe(32)}"


def id_of(key: str) -> str | None:
    """The public part of a key; None when the text is none."""
    found = _FORM.fullmatch(key)
    return found[1] if found else None


def digest(key: str) -> str:
    """What is stored of a key. A plain hash is enough: 256 random bits cannot be guessed."""
    return hashlib.sha256(key.encode("utf-8", "backslashreplace")).hexdigest()


def expiry(text: str, now: datetime) -> datetime:
    """When `90d`, `12h` or `4w` from now is, or the day `2027-01-31` begins.

    Raises:
        UsageError: it is neither, or not in the future.
    """
    wrong = UsageError(f"{text!r} is no time to come. Write --expires 90d, 12h, 4w or a day such as 2030-01-31.")
    length = re.fullmatch(r"([0-9]{1,6})([hdw])", text)
    try:
        if length:
            moment = now + min(int(length[1]) * _UNITS[length[2]], timedelta(days=MAX_DAYS))
        else:
            moment = datetime.fromisoformat(text)
            moment = moment.replace(tzinfo=moment.tzinfo or now.tzinfo)
    except (ValueError, OverflowError) as error:
        raise wrong from error
    if moment <= now:
        raise wrong
    return moment
