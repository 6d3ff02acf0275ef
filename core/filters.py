"""What a search keeps to besides what may be read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from core.sources import EVERYTHING, Patterns


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Documents that a search keeps to: those that meet every field that is set."""

    documents: frozenset[str] | None = None
    """Their paths; None: any."""
    paths: Patterns = EVERYTHING
    tags: frozenset[str] = frozenset()
    """At least one of these."""
    groups: frozenset[str] = frozenset()
    """Open to at least one of these by name. It never opens a document to a caller who may not read it."""
    since: date | None = None
    """From this day on, that day included: the date from which a document holds, or else was modified, or made."""
    until: date | None = None
    """Up to this day, that day included."""


UNFILTERED = Filters()
