"""Names for the files that came inside another one."""

from __future__ import annotations

import re
from collections.abc import Iterable

from core.documents import Attachment
from ingest.parsers.builder import fold

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def unused(name: str, taken: Iterable[Attachment]) -> str:
    """The name, numbered when one of `taken` has it."""
    names = {attachment.name for attachment in taken}
    if name not in names:
        return name
    start, dot, end = name.rpartition(".")
    numbered = (f"{start or end} ({n}){dot}{end if start else ''}" for n in range(2, len(names) + 3))
    return next(candidate for candidate in numbered if candidate not in names)


def last_part(name: str) -> str:
    """A name without any folder; empty when nothing but dots is left."""
    last = fold(_CONTROL.sub(" ", name).replace("\\", "/").rsplit("/", 1)[-1])
    return last if last.strip(".") else ""
