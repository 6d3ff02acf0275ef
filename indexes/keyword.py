"""The keyword index: BM25 over titles and index texts by SQLite's FTS5, kept true by the catalogue's triggers."""

from __future__ import annotations

import re
import sqlite3
import threading
import unicodedata
from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import ColumnElement, Engine, column, func, literal_column, select, table

from core.access import Access
from indexes.catalogue import readable
from indexes.schema import KEYWORD_TOKENIZER, chunks, documents, transaction
from indexes.statements import in_list, within_documents
from indexes.unicode import encodable

MOST_TERMS = 64
"""Terms of a question that are looked up, the rarest first."""
COMMON_SHARE, COMMON_CHUNKS = 0.15, 2000
"""A term in more than this share of all chunks, and in more than this many, is slow to look up and tells little."""

STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        """a about after all also am an and any are as at be because been before being between both but by can could did
        do does doing don down during each few for from further get give had has have having he her here hers him his
        how i if in into is it its just me more most my no nor not of off on once only or other our out over own please
        same she should so some such tell than that the their them then there these they this those through to too
        under until up us very was we were what when where which while who whom whose why will with would you your
        d ll m re s t ve""",
    )
)

_COMPOUND = re.compile(r"\w+(?:[-./_&]\w+)*")
_WORD = re.compile(r"[^\W_]+")


class KeywordIndex:
    """Finds chunks by their words. Safe to call from several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._stemmer = Stemmer()

    def search(
        self, collection: str, text: str, *, access: Access, limit: int, within: Collection[str] | None = None
    ) -> list[tuple[str, float]]:
        """(chunk id, BM25 as a positive number) of up to `limit` readable chunks, best first, ties by id.

        `within` names documents by their paths. Words and compounds such as "10-K" count; no character of `text`
        is read as query syntax; stop words and very common terms are dropped while others remain.
        """
        query = self._query(text)
        if not query:
            return []
        score: ColumnElement[float] = -literal_column("bm25(chunk_words)")
        words = table("chunk_words", column("rowid"))
        found = select(chunks.c.id, score.label("score")).select_from(
            words.join(chunks, chunks.c.number == words.c.rowid).join(documents)
        )
        found = found.where(literal_column("chunk_words").op("match")(query), documents.c.collection == collection)
        found = found.where(readable(access), within_documents(collection, within))
        with transaction(self._engine) as connection:
            rows = connection.execute(found.order_by(score.desc(), chunks.c.id).limit(limit))
            return [(row.id, float(row.score)) for row in rows]

    def close(self) -> None:
        """Release the stemmer; the database is the catalogue's."""
        self._stemmer.close()

    def _query(self, text: str) -> str:
        """The FTS5 query for a question: quoted terms joined by OR; empty when it has no word."""
        words, phrases = words_of(text)
        kept = [word for word in words if word.lower() not in STOP_WORDS] or words
        frequency, common = self._frequency(kept), self._common()
        rare = [word for word in kept if word in frequency and frequency[word] <= common] or kept
        rare = sorted(dict.fromkeys(rare), key=lambda word: frequency.get(word, 0))[:MOST_TERMS]
        return " OR ".join(f'"{term}"' for term in (*rare, *phrases[:MOST_TERMS]))

    def _common(self) -> float:
        with transaction(self._engine) as connection:
            number = connection.execute(select(func.count()).select_from(chunks)).scalar_one()
        return max(float(COMMON_CHUNKS), COMMON_SHARE * number)

    def _frequency(self, words: Iterable[str]) -> dict[str, int]:
        """In how many chunks each word stands, in any form; words that FTS5 does not see are left out."""
        stems = self._stemmer.stems(list(dict.fromkeys(words)))
        terms = table("chunk_terms", column("term"), column("doc"))
        query = select(terms.c.term, terms.c.doc).where(in_list(terms.c.term, set(stems.values())))
        with transaction(self._engine) as connection:
            counts: dict[str, int] = {row.term: row.doc for row in connection.execute(query)}
        return {word: counts.get(stem, 0) for word, stem in stems.items()}


class Stemmer:
    """Turns words into the terms that FTS5 stores for them, by asking FTS5 itself, in memory."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._memory = sqlite3.connect(":memory:", check_same_thread=False)
        self._memory.execute(f"create virtual table words using fts5(word, tokenize = '{KEYWORD_TOKENIZER}')")
        self._memory.execute("create virtual table terms using fts5vocab('words', 'instance')")

    def stems(self, words: Sequence[str]) -> dict[str, str]:
        """Each word's first term; a word that has none is left out."""
        with self._lock:
            self._memory.executemany("insert into words(rowid, word) values (?, ?)", list(enumerate(words)))
            found = self._memory.execute("select doc, term from terms order by doc, offset desc").fetchall()
            self._memory.rollback()
        return {words[number]: term for number, term in found}

    def close(self) -> None:
        """Free the memory."""
        self._memory.close()


def words_of(text: str) -> tuple[list[str], list[str]]:
    """A question's words, and its compounds ("10-K", "v1.2", "read_only") as phrases of words."""
    words: list[str] = []
    phrases: list[str] = []
    for compound in _COMPOUND.findall(unicodedata.normalize("NFC", encodable(text))):
        parts = _WORD.findall(compound)
        words += parts
        if len(parts) > 1:
            phrases.append(" ".join(parts))
    return words, list(dict.fromkeys(phrases))
