"""What every message of the API is made of. Requests refuse unknown fields.

Text that came from file names is made printable, since JSON cannot carry the bytes that are not UTF-8.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict

from core.errors import UsageError
from core.globs import fault_in

MAX_LIMIT = 100
"""Most hits or passages that one request can ask for."""

MAX_PATTERN_LENGTH, MAX_PATTERNS_LENGTH = 500, 10_000
"""Characters of one pattern of file names, and of all in one field."""

OUTER = frozenset({"body", "query", "path", "header"})
"""Where FastAPI says that a wrong value stood."""


def printable(text: str) -> str:
    """`text` with every byte that was not UTF-8 written as `\\udcXX`."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _plain(text: str) -> str:
    if "\x00" in text:
        raise ValueError("holds a NUL character")
    if text != printable(text):
        raise ValueError("is not text: half a surrogate pair cannot be written as UTF-8")
    return text


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty")
    return text


def short_enough(text: str, longest: int) -> None:
    """Refuse a question longer than the settings accept.

    Raises:
        UsageError: it is too long.
    """
    if len(text) > longest:
        raise UsageError(
            f"The question has {len(text):,} characters; at most {longest:,} are accepted. Ask it in fewer."
        )


def in_words(error: Mapping[str, Any]) -> str:
    """One of pydantic's errors as a sentence that names the field and not its content."""
    where = ".".join(printable(str(part))[:40] for part in error["loc"] if part not in OUTER)
    if error["type"] in {"model_type", "model_attributes_type"}:
        return "The body is not a JSON object. Send one, with the content type application/json."
    own = _SAID.get(error["type"])
    said = own.format(**error.get("ctx", {})) if own else error["msg"].removeprefix("Value error, ")
    return f"{where or 'The body'}: {said[:1].lower()}{said[1:]}."


_SAID = {
    "string_unicode": "is not text",
    "missing": "is missing",
    "extra_forbidden": "is not known here; leave it out",
    "string_pattern_mismatch": "has to match {pattern}",
    "too_short": "has too few entries; {min_length} at least",
    "too_long": "has too many entries; {max_length} at most",
}
"""What is said in place of words about how the check is programmed."""


Plain = Annotated[str, AfterValidator(_plain)]
"""A string without NUL that UTF-8 can hold."""
Text = Annotated[Plain, AfterValidator(_filled)]
"""A string with something in it, without NUL, that UTF-8 can hold."""


def _sound(pattern: str) -> str:
    if fault := fault_in(pattern):
        raise ValueError(fault)
    return pattern


def _short_together(patterns: tuple[str, ...]) -> tuple[str, ...]:
    if sum(map(len, patterns)) > MAX_PATTERNS_LENGTH:
        raise ValueError(f"has more than {MAX_PATTERNS_LENGTH:,} characters in all")
    return patterns


NamePattern = Annotated[
    str, Field(max_length=MAX_PATTERN_LENGTH), AfterValidator(_plain), AfterValidator(_filled), AfterValidator(_sound)
]
NamePatterns = Annotated[
    tuple[NamePattern, ...],
    Field(max_length=MAX_LIMIT),
    AfterValidator(_short_together),
]
"""Patterns of file names (core.sources.Patterns)."""


def _written_out(day: object) -> object:
    if isinstance(day, date) or (isinstance(day, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", day)):
        return day
    raise ValueError("is not a day written like 2026-01-31")


Day = Annotated[date, BeforeValidator(_written_out)]
"""A day, and no number that could be taken for one."""
Flag = Annotated[bool, Strict()]
"""true or false, and nothing that could be taken for it."""


class Request(BaseModel):
    """A request body; an unknown field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Reply(BaseModel):
    """A response body."""

    model_config = ConfigDict(frozen=True)


def rounded(timings: Mapping[str, float]) -> dict[str, float]:
    """Milliseconds by stage, to a microsecond."""
    return {stage: round(milliseconds, 3) for stage, milliseconds in timings.items()}
