"""One file becomes a draft: fetched, parsed and cut, but not yet embedded. Runs in the processes that read files."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.documents import Chunk
from core.errors import ParseError
from indexes.catalogue.duplicates import sketch
from indexes.catalogue.rows import NewDocument
from ingest.chunking.chunk import chunk
from ingest.describe import NO_RULES, NOTHING_SAID, SUFFIX, Rules, Sidecar, described_name, read_sidecar, version_of
from ingest.discover import ATTACHED, Item, container_of
from ingest.outcomes import SKIP_CODES, Failed, Skipped
from ingest.parsers.choose import media_type, parse
from ingest.parsers.protocol import deadline, hidden

if TYPE_CHECKING:
    from indexes.embedders.protocol import Embedder

_FOR_PARSING = 0.6
"""Share of a file's time after which a parser that takes its time, page by page, ends with what it has."""
_DEEPEST = 4
"""Attachments of attachments of … are followed this far."""


class Allowance:
    """How many files, of how many bytes, may still come out of each file of the source, whatever is nested in it."""

    def __init__(self, files: int = 10_000, total_bytes: int = 1_000_000_000) -> None:
        self._files = files
        self._bytes = total_bytes
        self._taken: dict[str, tuple[int, int]] = {}

    def refuses(self, document: str, size: int) -> tuple[str, str] | None:
        """Take a document of this size out of its file; (code, sentence) when there is no room left."""
        files, taken = self._taken.get(container_of(document), (0, 0))
        if files >= self._files or taken + size > self._bytes:
            return "too_large", "The file it came in holds more than 10,000 files or 1 GB; the rest was not opened."
        self._taken[container_of(document)] = (files + 1, taken + size)
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A document's bytes; what came inside another file carries its time and what is said about it."""

    document: str
    content: bytes
    mtime_ns: int
    said: Sidecar = NOTHING_SAID
    refused: tuple[str, str] | None = None
    """(code, sentence) when the file it came in does not hand it out."""

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
    rules: Rules = NO_RULES
    seconds: float = math.inf
    """What one file may take."""
    hidden: bool = False
    """Whether what its author hid is read too."""


def draft_or_reason(reading: Reading, source: Item | File) -> Draft | Skipped | Failed:
    """What becomes of one file of the source, or of one that came attached to another."""
    try:
        return read(fetch(source, reading.rules) if isinstance(source, Item) else source, reading)
    except ParseError as error:
        return (Skipped if error.reason in SKIP_CODES else Failed)(source.document, error.reason, str(error))


def fetch(item: Item, rules: Rules) -> File:
    """The bytes of a file of the source, and what is said about it, beside it or by its name.

    Raises:
        ParseError: "unreadable" or "bad_metadata".
    """
    said = read_sidecar(item.sidecar, rules.of(item.document))
    try:
        return File(document=item.document, content=item.path.read_bytes(), mtime_ns=item.mtime_ns, said=said)
    except OSError as error:
        raise ParseError("unreadable", f"The file cannot be read: {error.strerror or error}.") from error


def read(file: File, reading: Reading) -> Draft:
    """Parse a file and cut it into chunks.

    Raises:
        ParseError: with one of core.errors.PARSE_CODES.
    """
    _check(file, reading)
    name = file.document.rsplit(ATTACHED, 1)[-1]
    deadline.set(time.monotonic() + _FOR_PARSING * reading.seconds)
    hidden.set(reading.hidden)
    parsed = parse(file.content, name=name)
    if file.said.title is not None:
        parsed = replace(parsed, title=file.said.title)
    chunks = chunk(parsed, limit=reading.limit, count=reading.embedder.count_word_pieces)
    if not chunks:
        raise ParseError("no_text", "The file opens but holds no text.")
    sha256 = _sha256(file.content)
    document = NewDocument(
        collection=reading.collection,
        document=file.document,
        version=version_of(sha256, reading.pipeline, file.said),
        sha256=sha256,
        size=len(file.content),
        mtime_ns=file.mtime_ns,
        media_type=media_type(file.content, name),
        parsed=parsed,
        groups=file.said.description.groups,
        tags=file.said.description.tags,
        valid_from=file.said.description.valid_from,
        attached=tuple((attachment.name, _sha256(attachment.content)) for attachment in parsed.attachments),
        source=reading.source,
        sketch=sketch(parsed.text),
        pipeline=reading.pipeline,
        titled=file.said.title is not None,
    )
    return Draft(document=document, chunks=chunks)


def attached(draft: Draft, allowance: Allowance) -> Iterator[File]:
    """The files that came inside a document, as documents of their own, for those who may read it and nobody else."""
    new = draft.document
    names = {attachment.name for attachment in new.parsed.attachments}
    for attachment in new.parsed.attachments:
        name = f"{new.document}{ATTACHED}{attachment.name}"
        refused = attachment.refused or _sidecar_inside(attachment.name, names)
        refused = refused or allowance.refuses(name, len(attachment.content))
        yield File(
            document=name,
            content=b"" if refused else attachment.content,
            mtime_ns=new.mtime_ns,
            said=Sidecar(description=new.description),
            refused=refused,
        )


def without_attachments(draft: Draft) -> Draft:
    """The same without the bytes that are documents of their own: nobody needs them twice."""
    if not draft.document.parsed.attachments:
        return draft
    return replace(draft, document=replace(draft.document, parsed=replace(draft.document.parsed, attachments=())))


def _sidecar_inside(name: str, names: Collection[str]) -> tuple[str, str] | None:
    """Why a sidecar in an archive, and the file it describes, are not read: nobody may read more than it meant."""
    if described_name(name):
        return "stray_metadata", "A metadata file in an archive is not used; put one beside the archive."
    if any(other.lower() == f"{name}{SUFFIX}".lower() for other in names):
        return "bad_metadata", f"{name}{SUFFIX} in the archive cannot be used; put a metadata file beside the archive."
    return None


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _check(file: File, reading: Reading) -> None:
    if file.refused is not None:
        raise ParseError(*file.refused)
    if len(file.content) > reading.max_bytes:
        limit = reading.max_bytes // 1_000_000
        raise ParseError("too_large", f"The file is larger than {limit} MB; ingest.max_file_mb allows more.")
    if file.document.count(ATTACHED) > _DEEPEST:
        raise ParseError("unsupported", "The file lies too deep inside other files to be followed.")
