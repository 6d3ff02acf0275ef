"""A keyword index that never fails a search: while its store is broken, it finds nothing, and vectors answer alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from indexes.catalogue.catalogue import Catalogue
from indexes.catalogue.rows import Entry
from indexes.keyword.choose import discard_keyword, open_keyword
from indexes.keyword.protocol import KeywordIndex
from indexes.upkeep import refill
from indexes.upkeep.checksums import Verdict
from indexes.upkeep.derived import Guard, Kind
from indexes.upkeep.guarded import Guarded
from indexes.upkeep.health import Condition


class GuardedKeyword(Guarded[KeywordIndex]):
    """A KeywordIndex over a guarded store."""

    def __init__(self, folder: Path, catalogue: Catalogue, condition: Condition, verdict: Verdict) -> None:
        kind: Kind[KeywordIndex] = Kind(
            name="keyword index",
            without="searches go by meaning alone",
            open=open_keyword,
            discard=discard_keyword,
            reconcile=lambda store, stop: refill.reconcile_words(catalogue, store, stop=stop),
            probe=lambda found: None,
            check=lambda store: None,
        )
        super().__init__(Guard(kind, folder, catalogue, condition, verdict))

    def search(
        self, collection: str, text: str, limit: int, *, documents: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        """The best by words; none while the store is broken."""
        self.guard.open()
        return self.gently(lambda store: store.search(collection, text, limit, documents=documents), list)

    def terms(self, text: str) -> list[str]:
        """The words that count; none while the store is broken."""
        self.guard.open()
        return self.gently(lambda store: store.terms(text), list)

    def spread(self, collection: str, text: str, documents: Collection[str]) -> dict[str, dict[str, int]]:
        """In how many chunks of these documents each term stands; nothing while the store is broken."""
        self.guard.open()
        return self.gently(lambda store: store.spread(collection, text, documents), dict)

    def upsert(self, collection: str, entries: Sequence[Entry]) -> None:
        """Index the entries."""
        if entries:
            self.guard.write(lambda store: store.upsert(collection, entries))
