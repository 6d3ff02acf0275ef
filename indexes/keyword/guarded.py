"""A keyword index that never fails a search: while its store is broken, it finds nothing, and vectors answer alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from core.errors import IndexBroken
from indexes import rebuild
from indexes.catalogue import Catalogue
from indexes.condition import Condition
from indexes.guard import Guard, Kind
from indexes.keyword.choose import discard_keyword, open_keyword
from indexes.keyword.protocol import Entry, KeywordIndex
from indexes.seal import Verdict


class GuardedKeyword:
    """A KeywordIndex over a guarded store."""

    def __init__(self, folder: Path, catalogue: Catalogue, condition: Condition, verdict: Verdict) -> None:
        kind: Kind[KeywordIndex] = Kind(
            name="keyword index",
            without="searches go by meaning alone",
            open=open_keyword,
            discard=discard_keyword,
            reconcile=lambda store, stop: rebuild.reconcile_words(catalogue, store, stop=stop),
            probe=lambda found: None,
            check=lambda store: None,
        )
        self.guard = Guard(kind, folder, catalogue, condition, verdict)

    def search(
        self, collection: str, text: str, limit: int, *, documents: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        """The best by words; none while the store is broken."""
        self.guard.open()
        with self.guard.reading() as store:
            if store is not None:
                try:
                    return store.search(collection, text, limit, documents=documents)
                except IndexBroken as error:
                    self.guard.fail(store, error)
        return []

    def terms(self, text: str) -> list[str]:
        """The words that count; none while the store is broken."""
        self.guard.open()
        with self.guard.reading() as store:
            return store.terms(text) if store is not None else []

    def spread(self, collection: str, text: str, documents: Collection[str]) -> dict[str, dict[str, int]]:
        """In how many chunks of these documents each term stands; nothing while the store is broken."""
        self.guard.open()
        with self.guard.reading() as store:
            if store is not None:
                try:
                    return store.spread(collection, text, documents)
                except IndexBroken as error:
                    self.guard.fail(store, error)
        return {}

    def ids(self, collection: str) -> set[str]:
        """The ids that the store holds. Raises IndexBroken when it is broken."""
        self.guard.open()
        with self.guard.reading() as store:
            return self.guard.whole(store).ids(collection)

    def upsert(self, collection: str, entries: Sequence[Entry]) -> None:
        """Index the entries."""
        if entries:
            self.guard.write(lambda store: store.upsert(collection, entries))

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """Remove the ids. Their words stay in the files until the store is purged."""
        if ids:
            self.guard.write(lambda store: store.delete(collection, ids), deletes=True)

    def drop(self, collection: str) -> None:
        """Remove a collection, as `delete`."""
        self.guard.write(lambda store: store.drop(collection), deletes=True)

    def close(self) -> None:
        """Release the store."""
        self.guard.close()
