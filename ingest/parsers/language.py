"""The language that a file declares. None is guessed."""

from __future__ import annotations

import re

_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")


def declared(said: str) -> str:
    """A language tag of BCP 47 form as it stands, with hyphens; empty for anything else, such as several languages."""
    tag = said.strip().replace("_", "-")
    return tag if _TAG.fullmatch(tag) else ""
