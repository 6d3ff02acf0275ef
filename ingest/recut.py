"""How a stored document is cut for another version of the index, and how its file is read again where that pays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from core.ids import document_version
from core.settings.sections import IngestSettings
from core.sources import is_remote
from core.text import encodable
from indexes.catalogue.rows import Known, NewDocument
from indexes.catalogue.structures import Origin, Stored, stored_document
from indexes.indexes import Indexes
from ingest.chunking.chunk import chunk
from ingest.describe import Sidecar, version_of
from ingest.discover import ATTACHED, Item, container_of, look
from ingest.parsers.choose import PARSERS
from ingest.plan import fingerprint, limit_of
from ingest.reading.prefetch import Reader, read_ahead
from ingest.reading.read import Draft, File, Reading
from ingest.sources.folder import sha256_of

_ANY_SIZE = 1 << 60


class Recut:
    """From the live version of the index to the one that is made."""

    def __init__(self, live: Indexes, made: Indexes) -> None:
        self._live, self._made = live, made
        self._before, self._pipeline = fingerprint(live), fingerprint(made)

    def aims(self, known: Known | NewDocument, origin: Origin) -> tuple[str, str]:
        """The versions that the document may get: as a fresh ingestion would make it, and as what could be kept.

        The second is one that no ingestion expects, so that the next one reads the file, if it finds it.
        """
        _, titled = self._made_by(known, origin)
        said = Sidecar(title=encodable(origin.title) if titled else None)
        fresh = version_of(known.sha256, self._pipeline, said)
        return fresh, document_version(known.sha256, f"{self._pipeline}/kept from {known.version}")

    def should_be_read(self, stored: Stored) -> bool:
        """Whether its file tells more than what is stored, and is there with the same bytes."""
        if stored.structured and _parsers(stored.document.pipeline) == _parsers(self._pipeline):
            return False
        path = _file_of(stored.document)
        return path is not None and (ATTACHED in stored.document.document or sha256_of(path) == stored.document.sha256)

    def draft(self, stored: Stored) -> Draft:
        """The document from what is stored: cut anew, or, where its structure is not known, as it was."""
        document, origin = stored.document, _origin(stored.document)
        fresh, kept = self.aims(document, origin)
        if not stored.structured:
            same = self._made_by(document, origin)[0] == self._pipeline
            return Draft(document=replace(document, version=fresh if same else kept), chunks=stored.chunks)
        count = self._made.embedder.count_word_pieces
        parts = chunk(document.parsed, limit=limit_of(self._made), count=count)
        old, new = _parsers(document.pipeline), _parsers(self._pipeline)
        pipeline = self._pipeline.replace(new, old)
        return Draft(
            document=replace(document, version=fresh if old == new else kept, pipeline=pipeline),
            chunks=parts or stored.chunks,
        )

    def reading(self, collection: str, settings: IngestSettings) -> Reading:
        """How files are read again."""
        return Reading(
            collection=collection,
            source="",
            pipeline=self._pipeline,
            limit=limit_of(self._made),
            max_bytes=settings.max_file_mb * 1_000_000,
            embedder=self._made.embedder,
            seconds=settings.file_seconds,
            hidden=settings.hidden,
        )

    def read_again(self, pool: Reader, collection: str, names: Sequence[str]) -> Iterator[Draft]:
        """The documents, read from their files; those that cannot be, from what is stored."""
        left = dict.fromkeys(names)
        containers = dict.fromkeys(container_of(name) for name in names)
        for read in read_ahead(pool, self._files(collection, list(left), list(containers))):
            name = read.document.document if isinstance(read, Draft) else read.document
            stored = stored_document(self._live.catalogue, collection, name) if name in left else None
            if isinstance(read, Draft) and stored is not None and stored.document.sha256 == read.document.sha256:
                del left[name]
                yield self._as_stored(read, stored.document)
        for name in left:
            stored = stored_document(self._live.catalogue, collection, name)
            if stored is not None:
                yield self.draft(stored)

    def _files(self, collection: str, names: Sequence[str], containers: Sequence[str]) -> Iterator[File]:
        inside = {container_of(name): name for name in names}
        for container in containers:
            holder = stored_document(self._live.catalogue, collection, container)
            some = holder or stored_document(self._live.catalogue, collection, inside[container])
            path = _file_of(some.document) if some is not None else None
            titled = holder is not None and self._made_by(holder.document, _origin(holder.document))[1]
            title = holder.document.parsed.title if holder is not None and titled else None
            try:
                content = path.read_bytes() if path is not None else None
            except OSError:
                continue
            if content is not None:
                yield File(document=container, content=content, mtime_ns=0, said=Sidecar(title=title))

    def _as_stored(self, read: Draft, old: NewDocument) -> Draft:
        """What was read, with everything that is said about it as it is stored."""
        origin = _origin(old)
        document = replace(
            read.document,
            version=self.aims(old, origin)[0],
            size=old.size,
            mtime_ns=old.mtime_ns,
            source=old.source,
            groups=old.groups,
            groups_from=old.groups_from,
            brought_by=old.brought_by,
            tags=old.tags,
            valid_from=old.valid_from,
            titled=self._made_by(old, origin)[1],
        )
        return replace(read, document=document)

    def _made_by(self, known: Known | NewDocument, origin: Origin) -> tuple[str, bool]:
        """The pipeline that made a document, empty when it is not known, and whether its title was given."""
        if origin.pipeline:
            return origin.pipeline, origin.titled
        for title in (None, encodable(origin.title)):
            if known.version == version_of(known.sha256, self._before, Sidecar(title=title)):
                return self._before, title is not None
        return "", False


def _origin(document: NewDocument) -> Origin:
    return Origin(title=document.parsed.title, pipeline=document.pipeline, titled=document.titled)


def _parsers(pipeline: str) -> str:
    """The part of a pipeline's name that says which parsers."""
    return next((part for part in pipeline.split("/") if part.startswith("parsers-")), f"parsers-{PARSERS}")


def _file_of(document: NewDocument) -> Path | None:
    """The file that a document came from, or came in, if this machine has it."""
    if not document.source or is_remote(document.source):
        return None
    found = look(Path(document.source), container_of(document.document), max_bytes=_ANY_SIZE)
    return found.path if isinstance(found, Item) else None
