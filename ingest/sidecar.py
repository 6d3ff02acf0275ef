"""What is said about a document in a file beside it: `report.pdf.meta.json` for `report.pdf`.

Strict on purpose: a name that is misspelt or a list that is empty must not open a document to everybody.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from core.errors import ParseError
from core.ids import document_version
from core.settings import Name
from indexes.rows import UNDESCRIBED, Description

SUFFIX = ".meta.json"
MOST_BYTES = 1_000_000


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
        if path.is_symlink() or not path.is_file() or path.stat().st_size > MOST_BYTES:
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
