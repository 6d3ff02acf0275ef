"""Indexes with the embedder that hashes words, as the tests of ingestion have them."""

from __future__ import annotations

from tests.ingest.conftest import indexes, settings

__all__ = ["indexes", "settings"]
