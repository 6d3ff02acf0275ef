"""Chunks in memory, scored one by one: exact BM25, words as they stand. The fake that ships."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from indexes.catalogue.rows import Entry
from indexes.keyword.query import telling, words_of

K1, B = 1.2, 0.75

Field = Mapping[str, Counter[str]]
"""How often each word stands in a field of each entry."""


class MemoryKeywordIndex:
    """A KeywordIndex for tests. It knows no other forms of a word, and no compounds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._collections: dict[str, dict[str, Entry]] = {}

    def upsert(self, collection: str, entries: Sequence[Entry]) -> None:
        """Index the entries."""
        with self._lock:
            for entry in entries:
                self._collections.setdefault(collection, {})[entry.id] = entry

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """Remove the ids."""
        with self._lock:
            for name in ids:
                self._collections.get(collection, {}).pop(name, None)

    def search(
        self, collection: str, text: str, limit: int, *, documents: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        """The best by BM25 (Robertson and Zaragoza 2009; idf as in Lucene)."""
        with self._lock:
            entries = dict(self._collections.get(collection, {}))
        terms = self.terms(text)
        texts = {name: Counter(map(str.lower, words_of(entry.text)[0])) for name, entry in entries.items()}
        scores = {
            name: _bm25(texts, name, terms)
            for name, entry in entries.items()
            if documents is None or entry.document_id in documents
        }
        found = [(name, score) for name, score in scores.items() if score > 0]
        return sorted(found, key=lambda each: (-each[1], each[0]))[: max(limit, 0)]

    def terms(self, text: str) -> list[str]:
        """Words in lower case."""
        return list(dict.fromkeys(map(str.lower, telling(words_of(text)[0]))))

    def spread(self, collection: str, text: str, documents: Collection[str]) -> dict[str, dict[str, int]]:
        """Counted chunk by chunk."""
        found: dict[str, Counter[str]] = {term: Counter() for term in self.terms(text)}
        with self._lock:
            entries = [e for e in self._collections.get(collection, {}).values() if e.document_id in documents]
        for entry in entries:
            for term in {word.lower() for word in words_of(entry.text)[0]} & found.keys():
                found[term][entry.document_id] += 1
        return {term: dict(counts) for term, counts in found.items()}

    def ids(self, collection: str) -> set[str]:
        """Every id."""
        with self._lock:
            return set(self._collections.get(collection, {}))

    def drop(self, collection: str) -> None:
        """Remove a collection."""
        with self._lock:
            self._collections.pop(collection, None)

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._collections.clear()


def _bm25(field: Field, name: str, terms: Collection[str]) -> float:
    length = field[name].total()
    average = sum(counts.total() for counts in field.values()) / len(field) or 1.0
    score = 0.0
    for term in terms:
        often, holding = field[name][term], sum(term in counts for counts in field.values())
        idf = math.log(1 + (len(field) - holding + 0.5) / (holding + 0.5))
        score += idf * often * (K1 + 1) / (often + K1 * (1 - B + B * length / average))
    return score
