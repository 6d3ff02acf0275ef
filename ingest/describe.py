"""What is said about a document: in a file beside it, `report.pdf.meta.json` for `report.pdf`, and by rules on names.

Strict on purpose: a name that is misspelt or a list that is empty must not open a document to everybody.
"""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from core.access import narrowest
from core.errors import ParseError
from core.ids import document_version
from core.settings.sections import Name, Rule
from core.sources import Chooser, Patterns, alone, is_remote, scheme_of
from indexes.catalogue.rows import UNDESCRIBED, Description

SUFFIX = ".meta.json"
MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """What a sidecar file says; `title` None: the document's own is kept."""

    description: Description = UNDESCRIBED
    title: str | None = None


NOTHING_SAID = Sidecar()


class _Form(BaseModel):
    """The JSON object in the file."""

    model_config = ConfigDict(extra="forbid", strict=True)

    groups: list[Name] | None = Field(None, min_length=1)
    tags: list[Name] | None = None
    valid_from: str | None = None
    title: Name | None = None

    @field_validator("valid_from")
    @classmethod
    def _is_a_date(cls, value: str | None) -> str | None:
        return None if value is None else date.fromisoformat(value).isoformat()


def described_name(name: str) -> str | None:
    """The name of the file that a sidecar of this name describes; None when it is no sidecar."""
    return name[: -len(SUFFIX)] if name.lower().endswith(SUFFIX) and len(name) > len(SUFFIX) else None


def read_sidecar(path: Path | None, otherwise: Description = UNDESCRIBED) -> Sidecar:
    """What the file says; what it does not say, and everything without a file, is as `otherwise` has it.

    Raises:
        ParseError: "bad_metadata" when it cannot be read, or not every word of it is understood.
    """
    if path is None:
        return Sidecar(description=otherwise)
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > MAX_BYTES:
            raise _refused(path, "it has to be an ordinary file of at most 1 MB")
        content = path.read_bytes()
    except OSError as error:
        raise _refused(path, f"it cannot be read: {error.strerror or error}") from error
    try:
        form = _Form.model_validate(json.loads(content.decode("utf-8-sig"), object_pairs_hook=_once))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise _refused(path, f"{place}: {first['msg'].lower()}" if place else "it is not a JSON object") from error
    except (ValueError, RecursionError) as error:
        raise _refused(path, f"it is not valid JSON ({error})") from error
    return Sidecar(
        description=Description(
            groups=otherwise.groups if form.groups is None else frozenset(form.groups),
            tags=otherwise.tags if form.tags is None else tuple(form.tags),
            valid_from=form.valid_from or otherwise.valid_from,
        ),
        title=form.title,
    )


def version_of(sha256: str, pipeline: str, said: Sidecar) -> str:
    """A document's version: its bytes, how they are read, and the title given to it, which is part of every chunk."""
    return document_version(sha256, pipeline if said.title is None else f"{pipeline}/title {said.title}")


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object in which no name stands twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _refused(path: Path, why: str) -> ParseError:
    return ParseError(
        "bad_metadata",
        f"The file {path.name}, which says who may read this one, cannot be used: {why}. Mend it, or remove it to "
        "leave the document to the rules in the settings, or else to everybody.",
    )


# What the settings say about documents by their names: `[[ingest.rules]]`. The metadata file beside one goes first.


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules as they hold for the files of one job.

    `roots`: the folders and URLs of `server.sources`, when whoever asked is no admin: a rule is then matched with a
    file's name from each of them too, so that naming a sub-folder as the source is no way around it.
    """

    rules: Sequence[Rule] = ()
    source: str = ""
    roots: Sequence[str] = ()

    def closings(self, document: str) -> list[frozenset[str]]:
        """The groups that the rules name, by each name of the file."""
        if not self.rules:
            return []
        return [by_rules(name, self.rules).groups for name in self._names(document)]

    def of(self, document: str) -> Description:
        """What holds for a file of the source."""
        said = by_rules(document, self.rules)
        if not self.roots or not self.rules:
            return said
        for name in self._names(document):
            more = by_rules(name, self.rules)
            said = replace(said, tags=more.tags or said.tags, valid_from=more.valid_from or said.valid_from)
        return replace(said, groups=narrowest(self.closings(document)))

    def _names(self, document: str) -> list[str]:
        """What a file is called from the source and from each root that holds it; a link also as what it leads to."""
        names = {document: None}
        for place in places_of(self.source, document):
            for root in self.roots:
                if (name := _below(place, root)) is not None:
                    names[name] = None
        return list(names)


NO_RULES = Rules()


def places_of(source: str, document: str) -> list[str]:
    """The whole name of a file of a source, and that of the file it leads to if it is a link."""
    place = alone(source, document)
    return [place] if is_remote(source) else list(dict.fromkeys((place, os.path.realpath(place))))


def _below(place: str, root: str) -> str | None:
    """The name of a file from a root; None: it is not below it, or is called the same from everywhere, as URLs are."""
    if place == root and not scheme_of(root):
        return os.path.basename(place)
    inside = place.startswith(root.rstrip("/") + "/") and not root.startswith("http")
    return place[len(root.rstrip("/")) + 1 :] if inside else None


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


def settled(
    said: Description, before: Description | None, given: Collection[str] | None, caller: str = ""
) -> Description:
    """What is said of a document, with its groups as they hold.

    Those that were set by hand stay; then come those of its metadata file or a rule, then those `given` for the whole
    ingestion, then those an earlier ingestion was given. `before` is what is stored of the file that it is, or is in.
    `caller`: on whose behalf the ingestion works, empty for an admin; what an admin's was given, another's leaves.
    """
    said = replace(said, brought_by=caller if before is None else before.brought_by)
    if before is not None and before.groups_from == "hand":
        return replace(said, groups=before.groups, groups_from="hand")
    if said.groups:
        return said
    if given is not None and not (caller and before is not None and before.groups_from == "ingestion"):
        return replace(said, groups=frozenset(given), groups_from="caller" if caller else "ingestion")
    if before is not None and before.groups_from in ("ingestion", "caller"):
        return replace(said, groups=before.groups, groups_from=before.groups_from)
    return said


@lru_cache(256)
def _chooser(pattern: str) -> Chooser:
    return Patterns(include=(_folded(pattern),)).chooser()


def _folded(name: str) -> str:
    """Without what file systems take for no difference: a rule must not fail to close a document over it."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())
