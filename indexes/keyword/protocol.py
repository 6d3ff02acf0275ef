"""What every keyword index promises."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from indexes.catalogue.rows import Entry


class KeywordIndex(Protocol):
    """Finds chunks by their words. Derived from the catalogue: it may hold more, never less.

    One namespace a collection, with word statistics of its own; an unknown collection is an empty one. What is written
    can be found when the call returns, and is on the disk. Safe to call from several threads.
    Raises IndexBroken when the index cannot be read or written.
    """

    def upsert(self, collection: str, entries: Sequence[Entry]) -> None:
        """Index the entries, replacing any known id."""

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """Remove the ids; unknown ones are ignored."""

    def search(
        self, collection: str, text: str, limit: int, *, documents: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        """(id, BM25 as a positive number) of up to `limit` chunks that share words with `text`, best first, ties by id.

        `documents` are the ids of documents to keep to. Words count in any of their forms, and compounds such as
        "10-K" as a whole too; no character of `text` is read as query syntax; stop words count only where there is
        nothing else.
        """

    def terms(self, text: str) -> list[str]:
        """The words of a text that count, each once, in the form in which they are compared."""

    def spread(self, collection: str, text: str, documents: Collection[str]) -> dict[str, dict[str, int]]:
        """For each of the text's terms, in how many chunks of these documents it stands: {term: {document id: n}}.

        Documents that lack a term are left out.
        """

    def ids(self, collection: str) -> set[str]:
        """Every id indexed in the collection."""

    def drop(self, collection: str) -> None:
        """Remove a whole collection; an unknown one is ignored."""

    def close(self) -> None:
        """Write what is held back and release the index."""
