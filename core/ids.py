"""Ids that are the same for the same input, on every machine and after every restart."""

from __future__ import annotations

import hashlib


def document_id(collection: str, document: str) -> str:
    """A document's id: 16 hex digits of SHA-256 over its collection and its path in the source."""
    return _short_hash(collection, document)


def document_version(content_sha256: str, pipeline: str) -> str:
    """A version's id: what was read and how it was parsed, chunked and embedded."""
    return _short_hash(content_sha256, pipeline)[:12]


def chunk_id(document: str, version: str, ordinal: int) -> str:
    """`document@version#ordinal`, the id a chunk has in the catalogue and in the vector index."""
    return f"{document}@{version}#{ordinal}"


def document_of(chunk_id: str) -> str:
    """The id of the document that a chunk is of."""
    return chunk_id.partition("@")[0]


def _short_hash(*parts: str) -> str:
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def folder_name(collection: str) -> str:
    """33 of [a-z0-9], the same for the same collection."""
    return "c" + hashlib.sha256(collection.encode("utf-8", "surrogatepass")).hexdigest()[:32]
