"""BM25 over index texts by tantivy, on disk. The only file that imports tantivy.

Chosen by figures (docs/decisions): SQLite's FTS5 reads every row of every word of a question, tantivy skips those that
cannot be among the best (block-max WAND). BM25 has k1 = 1.2 and b = 0.75 there. An index text begins with the title and
the headings above it; a field for them beside it brought nothing (docs/retrieval.md).
"""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.caches import to_forget_of
from core.errors import IndexBroken
from core.files import write_fault
from core.ids import folder_name
from core.panics import PanicsAs
from core.text import encodable
from indexes.catalogue.rows import Entry
from indexes.keyword.query import telling, words_of

Integers = NDArray[np.int64]
ANALYZER = "words"
MAX_TERM_LENGTH = 64
"""Characters; what is longer is no word, and is not indexed."""
MAX_TERMS = 64
"""Terms of a question that are looked up, the rarest first."""
MAX_MARKED = 10_000
"""Chunks that are looked at for the terms they hold, those with most of them first."""
BITS = 23
"""Powers of two whose sum a score, a float of 32 bits, holds exactly."""
REMEMBERED = 10_000
"""Texts of which the terms are kept: names of documents come up again and again."""
HEAP_BYTES = 32 << 20
"""What a writer collects before it writes a segment."""


class TantivyIndex:
    """A KeywordIndex on disk: a folder with an index a collection. One process, one object a folder.

    Reading waits for no other thread's write.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writes, self._lookup = threading.RLock(), threading.Lock()
        self._open: dict[str, Any] = {}
        self._writer: tuple[str, Any] | None = None
        self._terms = lru_cache(REMEMBERED)(self._analyzed)
        to_forget_of(self, lambda index: index._terms.cache_clear())

    @staticmethod
    def discard(folder: Path) -> None:
        """Delete an index that is closed or broken, so that an empty one can be opened."""
        if folder.is_file():
            folder.unlink()
        shutil.rmtree(folder, ignore_errors=True)

    def upsert(self, collection: str, entries: Sequence[Entry]) -> None:
        """Index the entries in one commit."""
        if not entries:
            return
        import tantivy

        with self._writing(collection, create=True) as writer:
            for entry in entries:
                writer.delete_documents_by_term("id", entry.id)
                document = tantivy.Document(id=entry.id, document=entry.document_id)
                document.add_integer("key", _key(entry.document_id))
                document.add_text("text", encodable(entry.text))
                writer.add_document(document)

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        """Remove the ids in one commit."""
        with self._translated("write to"):
            if not ids or self._index(collection) is None:
                return
        with self._writing(collection) as writer:
            for name in ids:
                writer.delete_documents_by_term("id", name)

    def search(
        self, collection: str, text: str, limit: int, *, documents: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        """The best by BM25: terms joined by OR."""
        with self._translated("search"):
            index = self._index(collection)
            if index is None or limit < 1:
                return []
            searcher = index.searcher()
            query = self._query(searcher, text, documents)
            if query is None:
                return []
            hits = searcher.search(query, limit, count=False).hits
            found = [(str(searcher.doc(place).get_first("id")), float(score)) for score, place in hits]
        return sorted(found, key=lambda each: (-each[1], each[0]))

    def terms(self, text: str) -> list[str]:
        """Stems of the words."""
        return list(self._terms(text))

    def spread(self, collection: str, text: str, documents: Collection[str]) -> dict[str, dict[str, int]]:
        """A few terms a search: each adds a power of two to the score, which so says what a chunk holds."""
        with self._translated("search"):
            index, terms = self._index(collection), self.terms(text)[:MAX_TERMS]
            found: dict[str, dict[str, int]] = {term: {} for term in terms}
            if index is None or not documents:
                return {}
            searcher, within = index.searcher(), self._within(documents)
            names = {_key(document): document for document in documents}
            for start in range(0, len(terms), BITS):
                together = terms[start : start + BITS]
                marks, keys = self._marked(searcher, together, within)
                for bit, term in enumerate(together):
                    held, counts = np.unique(keys[(marks >> bit & 1).astype(bool)], return_counts=True)
                    found[term] = {names[key]: n for key, n in zip(held.tolist(), counts.tolist(), strict=True)}
        return found

    def _marked(self, searcher: Any, terms: Sequence[str], within: Any) -> tuple[Integers, Integers]:  # noqa: ANN401
        """For each chunk within the documents that holds any of the terms, the sum of 2^n over them, and its document.

        int64 (chunks,) both; a document as its key.
        """
        from tantivy import Occur, Query

        either = [
            (
                Occur.Should,
                Query.const_score_query(Query.term_query(self._schema, "text", term, "basic"), float(1 << n)),
            )
            for n, term in enumerate(terms)
        ]
        query = Query.boolean_query([(Occur.Must, Query.boolean_query(either)), (Occur.Must, within)])
        hits = searcher.search(query, MAX_MARKED, count=False).hits
        keys = searcher.fast_field_values("key", [place for _, place in hits])
        return np.array([score for score, _ in hits], dtype=np.int64), np.array(keys, dtype=np.int64)

    def ids(self, collection: str) -> set[str]:
        """Every id."""
        import tantivy

        with self._translated("list"):
            index = self._index(collection)
            if index is None:
                return set()
            searcher = index.searcher()
            hits = searcher.search(tantivy.Query.all_query(), max(1, searcher.num_docs), count=False).hits
            return {str(searcher.doc(place).get_first("id")) for _, place in hits}

    def drop(self, collection: str) -> None:
        """Remove a collection."""
        with self._writes, self._translated("drop a collection of"), self._lookup:
            if self._writer is not None and self._writer[0] == collection:
                self._release()
            self._open.pop(collection, None)
            shutil.rmtree(self._folder / folder_name(collection), ignore_errors=True)

    def close(self) -> None:
        """Wait for merges, and close."""
        with self._writes, self._translated("close"):
            self._release()
            self._open.clear()

    # Inside

    @cached_property
    def _analyzer(self) -> Any:  # noqa: ANN401 -- tantivy is untyped to us
        """Words in lower case without accents, by their English stems."""
        from tantivy import Filter, TextAnalyzerBuilder, Tokenizer

        steps = (
            Filter.remove_long(MAX_TERM_LENGTH),
            Filter.lowercase(),
            Filter.ascii_fold(),
            Filter.stemmer("english"),
        )
        builder = TextAnalyzerBuilder(Tokenizer.simple())
        for step in steps:
            builder = builder.filter(step)
        return builder.build()

    def _analyzed(self, text: str) -> tuple[str, ...]:
        words = telling(words_of(text)[0])
        return tuple(dict.fromkeys(term for word in words for term in self._analyzer.analyze(word)))

    @cached_property
    def _schema(self) -> Any:  # noqa: ANN401 -- tantivy is untyped to us
        from tantivy import SchemaBuilder

        builder = SchemaBuilder()
        builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
        builder.add_text_field("document", tokenizer_name="raw", index_option="basic")
        builder.add_integer_field("key", fast=True)
        builder.add_text_field("text", tokenizer_name=ANALYZER, index_option="position")
        return builder.build()

    def _query(self, searcher: Any, text: str, documents: Collection[str] | None) -> Any:  # noqa: ANN401
        """The query for a question; None when it has no word."""
        from tantivy import Occur, Query

        terms, compounds = self.terms(text), words_of(text)[1]
        if len(terms) > MAX_TERMS:
            often = {term: searcher.doc_freq("text", term) for term in terms}
            terms = sorted(filter(often.get, terms), key=often.__getitem__)[:MAX_TERMS]
        parts = [Query.term_query(self._schema, "text", term, "freq") for term in terms]
        phrases = [self._analyzer.analyze(compound) for compound in compounds[:MAX_TERMS]]
        parts += [Query.phrase_query(self._schema, "text", phrase) for phrase in phrases if len(phrase) > 1]
        if not parts:
            return None
        query = Query.boolean_query([(Occur.Should, part) for part in parts])
        if documents is None:
            return query
        return Query.boolean_query([(Occur.Must, query), (Occur.Must, self._within(documents))])

    def _within(self, documents: Collection[str]) -> Any:  # noqa: ANN401 -- tantivy is untyped to us
        from tantivy import Query

        return Query.const_score_query(Query.term_set_query(self._schema, "document", sorted(documents)), 0.0)

    def _index(self, collection: str, *, create: bool = False) -> Any:  # noqa: ANN401 -- tantivy is untyped to us
        """The collection's index; None when there is none and none is to be made."""
        if (index := self._open.get(collection)) is not None:
            return index
        with self._lookup:
            if collection in self._open:
                return self._open[collection]
            folder = self._folder / folder_name(collection)
            if not create and not (folder / "meta.json").is_file():  # opening a folder without one would make one
                return None
            import tantivy

            folder.mkdir(parents=True, exist_ok=True)
            index = tantivy.Index(self._schema, path=str(folder))
            index.register_tokenizer(ANALYZER, self._analyzer)
            index.config_reader("manual")
            index.reload()
            return self._open.setdefault(collection, index)

    @contextmanager
    def _writing(self, collection: str, *, create: bool = False) -> Iterator[Any]:
        """One write at a time, committed at the end; after a failure nothing of it is there."""
        with self._writes, self._translated("write to"):
            index = self._index(collection, create=create)
            if self._writer is None or self._writer[0] != collection:
                self._release()
                self._writer = collection, index.writer(HEAP_BYTES, 1)
            writer = self._writer[1]
            with ExitStack() as undo:
                undo.callback(writer.rollback)
                yield writer
                undo.pop_all()
            writer.commit()
            index.reload()

    def _release(self) -> None:
        if self._writer is not None:
            self._writer[1].wait_merging_threads()
            self._writer = None

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        """tantivy's exceptions as IndexBroken, and what else comes of damaged files: panics, numbers of no document."""
        try:
            with PanicsAs(RuntimeError):
                yield
        except (ValueError, OSError, RuntimeError, SystemError, KeyError, TypeError) as error:
            raise write_fault(error) or IndexBroken(
                f"Could not {what} the keyword index in {self._folder}: {error}. "
                "`touchstone index repair` makes it again from the catalogue."
            ) from error


def _key(document_id: str) -> int:
    """A number of 64 bits for a document: such a field is read by column, a text by chunk."""
    return int.from_bytes(
        hashlib.blake2b(document_id.encode("utf-8", "surrogatepass"), digest_size=8).digest(), signed=True
    )
