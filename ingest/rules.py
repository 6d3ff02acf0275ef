"""What the settings say about documents by their names: `[[ingest.rules]]`. The metadata file beside one goes first."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

from core.settings import Rule
from indexes.rows import UNDESCRIBED, Description

_WILD = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def by_rules(document: str, rules: Sequence[Rule]) -> Description:
    """What holds for a file of the source: each field as the last of the rules has it that match and name it."""
    said = UNDESCRIBED
    for rule in rules:
        if _matcher(_folded(rule.pattern)).fullmatch(_folded(document)):
            said = Description(
                groups=said.groups if rule.groups is None else frozenset(rule.groups),
                tags=said.tags if rule.tags is None else rule.tags,
                valid_from=said.valid_from if rule.valid_from is None else rule.valid_from.isoformat(),
            )
    return said


@cache
def _matcher(pattern: str) -> re.Pattern[str]:
    """For what the pattern names and all that is below it: from the root when it has a slash inside or in front, else
    at any depth. `*` and `?` stay within a name, `**` does not."""
    inner = pattern.strip("/")
    anywhere = "" if "/" in inner or pattern.startswith("/") else "(?:.*/)?"
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", inner)
    return re.compile(anywhere + "".join(_WILD.get(part) or re.escape(part) for part in parts) + "(?:/.*)?", re.DOTALL)


def _folded(name: str) -> str:
    """Without what file systems take for no difference: a rule must not fail to close a document over it."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())
