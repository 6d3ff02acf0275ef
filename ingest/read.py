"""One file becomes drafts: the document itself and what is attached to it, parsed and cut but not yet embedded."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass

from core.documents import Chunk, Parsed
from core.errors import ParseError
from core.ids import document_version
from indexes.catalogue import NewDocument
from indexes.embedders.protocol import Embedder
from ingest.chunk import chunk
from ingest.discover import Item
from ingest.outcomes import Failed, Skipped
from ingest.parsers.choose import media_type, parse
from ingest.plan import ATTACHED

_DEEPEST = 4
"""Attachments of attachments of … are followed this far."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A document ready to be embedded and written."""

    document: NewDocument
    chunks: list[Chunk]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How files are read: what the drafts of one ingestion have in common."""

    collection: str
    source: str
    pipeline: str
    limit: int
    max_bytes: int
    embedder: Embedder


def read(item: Item, reading: Reading) -> Iterator[Draft | Skipped | Failed]:
    """The drafts of a file, its own first; a failure is a value, whatever the file did to its parser."""
    try:
        content = item.path.read_bytes()
    except OSError as error:
        yield Failed(item.document, "unreadable", f"The file cannot be read: {error.strerror or error}.")
        return
    yield from _drafts(content, item.document, item.mtime_ns, reading)


def _drafts(content: bytes, document: str, mtime_ns: int, reading: Reading) -> Iterator[Draft | Skipped | Failed]:
    if len(content) > reading.max_bytes:
        limit = reading.max_bytes // 1_000_000
        yield Skipped(document, "too_large", f"The file is larger than {limit} MB; ingest.max_file_mb allows more.")
        return
    if document.count(ATTACHED) > _DEEPEST:
        yield Skipped(document, "unsupported", "The file is an attachment of an attachment, too deep to be followed.")
        return
    try:
        draft = _draft(content, document, mtime_ns, reading)
    except ParseError as error:
        outcome = Skipped if error.reason == "unsupported" else Failed
        yield outcome(document, error.reason, str(error))
        return
    except MemoryError:
        yield Failed(document, "out_of_memory", "The file needs more memory than there is.")
        return
    except Exception:  # noqa: BLE001 -- the document loop: no document may end the job
        _log.exception("document crashed its parser", extra={"document": document})
        yield Failed(document, "crashed", "The file could not be read because of a fault in Touchstone; see the log.")
        return
    yield draft
    for attachment in draft.document.parsed.attachments:
        yield from _drafts(attachment.content, f"{document}{ATTACHED}{attachment.name}", mtime_ns, reading)


def _draft(content: bytes, document: str, mtime_ns: int, reading: Reading) -> Draft:
    name = document.rsplit(ATTACHED, 1)[-1]
    parsed: Parsed = parse(content, name=name)
    chunks = chunk(parsed, limit=reading.limit, count=reading.embedder.count_word_pieces)
    if not chunks:
        raise ParseError("no_text", "The file opens but holds no text.")
    sha256 = hashlib.sha256(content).hexdigest()
    new = NewDocument(
        collection=reading.collection,
        document=document,
        version=document_version(sha256, reading.pipeline),
        sha256=sha256,
        size=len(content),
        mtime_ns=mtime_ns,
        media_type=media_type(content, name),
        parsed=parsed,
        source=reading.source,
    )
    return Draft(document=new, chunks=chunks)
