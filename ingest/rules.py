"""What the settings say about documents by their names: `[[ingest.rules]]`. The metadata file beside one goes first."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import lru_cache

from core.settings import Rule
from core.sources import Chooser, Patterns
from indexes.rows import UNDESCRIBED, Description


def by_rules(document: str, rules: Sequence[Rule]) -> Description:
    """What holds for a file of the source: each field as the last of the rules has it that match and name it."""
    said = UNDESCRIBED
    for rule in rules:
        if _chooser(rule.pattern).admit(_folded(document)):
            said = Description(
                groups=said.groups if rule.groups is None else frozenset(rule.groups),
                tags=said.tags if rule.tags is None else rule.tags,
                valid_from=said.valid_from if rule.valid_from is None else rule.valid_from.isoformat(),
            )
    return said


def settled(said: Description, before: Description | None, given: Collection[str] | None) -> Description:
    """What is said of a document, with its groups as they hold.

    Those that were set by hand stay; then come those of its metadata file or a rule, then those `given` for the whole
    ingestion, then those an earlier ingestion was given. `before` is what is stored of the file that it is, or is in.
    """
    if before is not None and before.groups_from == "hand":
        return replace(said, groups=before.groups, groups_from="hand")
    if said.groups:
        return said
    if given is not None:
        return replace(said, groups=frozenset(given), groups_from="ingestion")
    if before is not None and before.groups_from == "ingestion":
        return replace(said, groups=before.groups, groups_from="ingestion")
    return said


@lru_cache(256)
def _chooser(pattern: str) -> Chooser:
    return Patterns(include=(_folded(pattern),)).chooser()


def _folded(name: str) -> str:
    """Without what file systems take for no difference: a rule must not fail to close a document over it."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())
