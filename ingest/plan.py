"""What an ingestion would do, told from names, sizes and hashes: nothing is parsed, nothing is written."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.ids import document_version
from core.settings import IngestSettings
from indexes.catalogue import Known
from indexes.open import Indexes
from ingest.chunk import CHUNKER
from ingest.discover import ATTACHED, Discovery, Item, discover
from ingest.outcomes import Failed, Skipped
from ingest.parsers.choose import PARSERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Every file of the source in one of four: to read, touched, unchanged, decided; and what is gone from it.

    `touched` are files whose time changed while their bytes did not. What is attached to a mail is found only when
    the mail is read, so it is not counted here.
    """

    source: str
    known: Mapping[str, Known]
    to_read: tuple[Item, ...]
    touched: tuple[Item, ...]
    unchanged: tuple[Item, ...]
    decided: tuple[Skipped | Failed, ...]
    vanished: tuple[str, ...]

    @property
    def found(self) -> int:
        """Files in the source, those skipped and failed included."""
        return len(self.to_read) + len(self.touched) + len(self.unchanged) + len(self.decided)

    @property
    def containers(self) -> frozenset[str]:
        """Files to which documents are attached, or may be: mails, and those known to have some."""
        mails = {item.document for item in (*self.touched, *self.unchanged) if item.document.lower().endswith(".eml")}
        return frozenset(mails | {container_of(name) for name in self.known if ATTACHED in name})

    @property
    def reading(self) -> tuple[Item, ...]:
        """What is new or has changed, and each mail: only reading it tells what is attached to it."""
        containers = self.containers
        return (*self.to_read, *(item for item in (*self.touched, *self.unchanged) if item.document in containers))

    @property
    def left_alone(self) -> tuple[str, ...]:
        """Files that need no reading."""
        containers = self.containers
        present = (*self.touched, *self.unchanged)
        return tuple(item.document for item in present if item.document not in containers)


def plan(indexes: Indexes, source: Path, *, collection: str, settings: IngestSettings) -> Plan:
    """Compare a source with what the collection holds of it.

    Raises:
        SourceError: the source is missing, cannot be listed, or holds no file that could be ingested.
    """
    discovery = discover(source, max_bytes=settings.max_file_mb * 1_000_000)
    known = indexes.catalogue.known(collection)
    pipeline = fingerprint(indexes, settings)
    to_read: list[Item] = []
    touched: list[Item] = []
    unchanged: list[Item] = []
    taken: list[Skipped] = []
    for item in discovery.items:
        before = known.get(item.document)
        if before is None:
            to_read.append(item)
        elif not belongs(item.document, before, discovery.root):
            other = _held_elsewhere(item, before)
            taken.extend([other] if other else [])
            to_read.extend([] if other else [item])
        elif before.version != document_version(before.sha256, pipeline) or before.size != item.size:
            to_read.append(item)
        elif before.mtime_ns == item.mtime_ns:
            unchanged.append(item)
        else:
            (touched if _sha256(item.path) == before.sha256 else to_read).append(item)
    return Plan(
        source=str(discovery.root),
        known=known,
        to_read=tuple(to_read),
        touched=tuple(touched),
        unchanged=tuple(unchanged),
        decided=(*discovery.outcomes, *taken),
        vanished=_vanished(discovery, known),
    )


def fingerprint(indexes: Indexes, settings: IngestSettings) -> str:
    """Everything besides the bytes that a document's chunks and vectors depend on."""
    return f"{indexes.version}/parsers-{PARSERS}/chunker-{CHUNKER}/{settings.chunk_word_pieces}"


def container_of(document: str) -> str:
    """The file a document lies in: itself, or the mail it is attached to."""
    return document.split(ATTACHED, 1)[0]


def belongs(document: str, known: Known, root: Path) -> bool:
    """Whether a known document came from this source: from the folder, or from this very file named alone."""
    if known.source == str(root):
        return True
    return Path(known.source) == (root / container_of(document) if root.is_dir() else root)


def _held_elsewhere(item: Item, known: Known) -> Skipped | None:
    """The refusal when another source still holds a document of this name: neither may push the other out."""
    other = Path(known.source)
    held = other / item.document if other.is_dir() else other
    if not known.source or not held.is_file() or os.path.samefile(held, item.path):
        return None
    reason = f"The collection already holds a document of this name from {known.source}. Use another collection."
    return Skipped(item.document, "name_taken", reason)


def _vanished(discovery: Discovery, known: Mapping[str, Known]) -> tuple[str, ...]:
    """Documents that came from this source and whose file is no longer there, as far as it could be listed."""
    present = {item.document for item in discovery.items} | {outcome.document for outcome in discovery.outcomes}
    return tuple(
        document
        for document, before in sorted(known.items())
        if container_of(document) not in present
        and not container_of(document).startswith(discovery.unlisted)
        and belongs(document, before, discovery.root)
    )


def _sha256(path: Path) -> str:
    """The file's SHA-256; empty when it cannot be read, which reading it will report."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""
