"""One file becomes a draft: fetched, parsed and cut, but not yet embedded. Runs in the processes that read files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.documents import Chunk
from core.errors import ParseError
from core.ids import document_version
from indexes.rows import NewDocument
from ingest.chunk import chunk
from ingest.discover import ATTACHED, Item
from ingest.outcomes import SKIP_CODES, Failed, Skipped
from ingest.parsers.choose import media_type, parse

if TYPE_CHECKING:
    from indexes.embedders.protocol import Embedder

_DEEPEST = 4
"""Attachments of attachments of … are followed this far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A document's bytes; those of an attachment carry the time of the mail they came with."""

    document: str
    content: bytes
    mtime_ns: int

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.content)


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
    """Word pieces a chunk may have."""
    max_bytes: int
    embedder: Embedder


def draft_or_reason(reading: Reading, source: Item | File) -> Draft | Skipped | Failed:
    """What becomes of one file of the source, or of one that came attached to another."""
    try:
        return read(fetch(source) if isinstance(source, Item) else source, reading)
    except ParseError as error:
        return (Skipped if error.reason in SKIP_CODES else Failed)(source.document, error.reason, str(error))


def fetch(item: Item) -> File:
    """The bytes of a file of the source.

    Raises:
        ParseError: "unreadable".
    """
    try:
        return File(document=item.document, content=item.path.read_bytes(), mtime_ns=item.mtime_ns)
    except OSError as error:
        raise ParseError("unreadable", f"The file cannot be read: {error.strerror or error}.") from error


def read(file: File, reading: Reading) -> Draft:
    """Parse a file and cut it into chunks.

    Raises:
        ParseError: with one of core.errors.PARSE_CODES.
    """
    _check(file, reading)
    name = file.document.rsplit(ATTACHED, 1)[-1]
    parsed = parse(file.content, name=name)
    chunks = chunk(parsed, limit=reading.limit, count=reading.embedder.count_word_pieces)
    if not chunks:
        raise ParseError("no_text", "The file opens but holds no text.")
    sha256 = hashlib.sha256(file.content).hexdigest()
    document = NewDocument(
        collection=reading.collection,
        document=file.document,
        version=document_version(sha256, reading.pipeline),
        sha256=sha256,
        size=len(file.content),
        mtime_ns=file.mtime_ns,
        media_type=media_type(file.content, name),
        parsed=parsed,
        source=reading.source,
    )
    return Draft(document=document, chunks=chunks)


def attached(draft: Draft) -> Iterator[File]:
    """The files that came inside a document, as documents of their own."""
    new = draft.document
    for attachment in new.parsed.attachments:
        name = f"{new.document}{ATTACHED}{attachment.name}"
        yield File(document=name, content=attachment.content, mtime_ns=new.mtime_ns)


def without_attachments(draft: Draft) -> Draft:
    """The same without the bytes that are documents of their own: nobody needs them twice. Their names stay.

    The job's record goes by them: a mail is not done before what is attached to it is.
    """
    names = tuple(replace(attachment, content=b"") for attachment in draft.document.parsed.attachments)
    return replace(draft, document=replace(draft.document, parsed=replace(draft.document.parsed, attachments=names)))


def _check(file: File, reading: Reading) -> None:
    if len(file.content) > reading.max_bytes:
        limit = reading.max_bytes // 1_000_000
        raise ParseError("too_large", f"The file is larger than {limit} MB; ingest.max_file_mb allows more.")
    if file.document.count(ATTACHED) > _DEEPEST:
        raise ParseError("unsupported", "The file is an attachment of an attachment, too deep to be followed.")
