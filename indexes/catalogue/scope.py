"""Which documents a search may use: what its caller may read, and what it was asked to keep to; and their outlines."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass
from sys import getsizeof
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Engine, Select, bindparam, func, or_, select, true

from core.access import Access
from core.caches import to_forget_of
from core.filters import UNFILTERED, Filters
from indexes.catalogue import schema, statements
from indexes.catalogue.mapping import document_day
from indexes.catalogue.rows import Outline
from indexes.catalogue.schema import about, documents

SCOPES, OUTLINES = 256, 20_000
"""As many are kept until the catalogue changes."""
SCOPE_BYTES = 128_000_000
"""Of scopes no more than this, with the filters that they are kept under: both are as large as a caller makes them."""
ID_BYTES = getsizeof("0" * 16)

_IDS = func.json_each(bindparam("ids")).table_valued("value")
_OUTLINES = (
    select(documents.c.id, documents.c.document, documents.c.chunks, document_day.label("day"))
    .join(about)
    .where(documents.c.id.in_(select(_IDS.c.value)))
)
"""Built once: that took as long as running it."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Some documents of a collection, by their ids, and how many chunks they have."""

    ids: frozenset[str]
    chunks: int
    share: float
    """The part of the collection's chunks that these are."""


def readable(access: Access) -> ColumnElement[bool]:
    """The SQL form of core.access.may_read, over the table `documents`."""
    if access.everything:
        return true()
    return or_(documents.c.groups == [], _names_one_of(documents.c.groups, access.groups))


class Scopes:
    """Works scopes out, and remembers them until anything is written."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: CatalogueCache[tuple[str, Access, Filters], Scope | None] = CatalogueCache(
            engine, SCOPES, size=_size, most_bytes=SCOPE_BYTES
        )

    def find(self, collection: str, access: Access, filters: Filters) -> Scope | None:
        """The documents of a collection that a search may use; None: all of them."""
        if access.everything and filters == UNFILTERED:
            return None
        key = (collection, access, filters)
        return self._known.of([key], lambda missing: {each: self._read(*each) for each in missing})[key]

    def _read(self, collection: str, access: Access, filters: Filters) -> Scope | None:
        total = select(func.count(), func.coalesce(func.sum(documents.c.chunks), 0))
        with schema.transaction(self._engine) as connection:
            number, chunks = connection.execute(total.where(documents.c.collection == collection)).one()
            rows = connection.execute(_matching(collection, access, filters)).all()
        paths = filters.paths.chooser()
        kept = [row for row in rows if paths.admit(row.document)]
        if len(kept) == number:
            return None
        held = sum(row.chunks for row in kept)
        return Scope(frozenset(row.id for row in kept), held, held / chunks if chunks else 0.0)


def _size(key: tuple[str, Access, Filters], scope: Scope | None) -> int:
    """About the bytes of a scope and of what it is kept under."""
    return 2 * len(repr(key)) + (getsizeof(scope.ids) + ID_BYTES * len(scope.ids) if scope else 0)


class Outlines:
    """Reads what ranking needs to know of documents, and remembers it until anything is written."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: CatalogueCache[str, Outline] = CatalogueCache(engine, OUTLINES)

    def find(self, document_ids: Collection[str]) -> dict[str, Outline]:
        """The outlines by id; an id that is unknown is left out."""
        return self._known.of(document_ids, self._read)

    def _read(self, document_ids: list[str]) -> dict[str, Outline]:
        with schema.transaction(self._engine) as connection:
            rows = connection.execute(_OUTLINES, {"ids": json.dumps(document_ids)})
            return {row.id: Outline(row.document, row.chunks, row.day) for row in rows}


def _matching(collection: str, access: Access, filters: Filters) -> Select[Any]:
    query = select(documents.c.id, documents.c.document, documents.c.chunks).where(
        documents.c.collection == collection,
        readable(access),
        statements.within_documents(collection, filters.documents),
    )
    if filters.groups:  # a caller never learns which other groups may read a document
        known = filters.groups if access.everything else filters.groups & access.groups
        query = query.where(_names_one_of(documents.c.groups, known))
    if filters.tags or filters.since or filters.until:
        query = query.join(about, about.c.document_id == documents.c.id)
    if filters.tags:
        query = query.where(_names_one_of(about.c.tags, filters.tags))
    if filters.since:
        query = query.where(document_day >= filters.since.isoformat())
    if filters.until:
        query = query.where(document_day <= filters.until.isoformat())
    return query


def _names_one_of(column: ColumnElement[Any], names: frozenset[str]) -> ColumnElement[bool]:
    """Whether a JSON array holds one of the names."""
    held = func.json_each(column).table_valued("value")
    wanted = func.json_each(json.dumps(sorted(names))).table_valued("value")
    return select(1).select_from(held).where(held.c.value.in_(select(wanted.c.value))).exists()


# What was read from the catalogue, remembered until anything is written to it, up to so many values and bytes.


K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class CatalogueCache(Generic[K, V]):
    """Up to `most` values, the longest unused dropped first. A change to the catalogue holds for the very next read.

    `size`: the bytes of a key and its value, which are together at most `most_bytes`, whoever chooses the keys; a value
    that alone is larger is not remembered.
    """

    def __init__(
        self, engine: Engine, most: int, *, size: Callable[[K, V], int] = lambda _, __: 0, most_bytes: int = 0
    ) -> None:
        self._engine, self._most = engine, most
        self._size, self._most_bytes = size, most_bytes
        self._known: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self._bytes = 0
        self._written = -1
        self._guard = threading.Lock()
        to_forget_of(self, CatalogueCache.forget)

    def forget(self) -> None:
        """Drop every value."""
        with self._guard:
            self._known.clear()

    @property
    def held(self) -> int:
        """The bytes of what is remembered."""
        return self._bytes

    def of(self, keys: Collection[K], read: Callable[[list[K]], Mapping[K, V]]) -> dict[K, V]:
        """The values of those keys that have one; `read` gives what is not remembered."""
        with self._guard:
            written = schema.changes(self._engine)
            if written != self._written:
                self._known.clear()
                self._bytes = 0
                self._written = written
            found = {key: self._known[key][0] for key in keys if key in self._known}
            for key in found:
                self._known.move_to_end(key)
        missing = [key for key in keys if key not in found]
        if missing:
            new = read(missing)
            found.update(new)
            sizes = {key: self._size(key, value) for key, value in new.items()}
            with self._guard:
                if written == self._written:  # what was read may be older than what is remembered by now
                    self._remember(new, sizes)
        return found

    def _remember(self, new: Mapping[K, V], sizes: Mapping[K, int]) -> None:
        for key, value in new.items():
            if key not in self._known and sizes[key] <= self._most_bytes:
                self._known[key] = value, sizes[key]
                self._bytes += sizes[key]
        while len(self._known) > self._most or self._bytes > self._most_bytes:
            _, (_, size) = self._known.popitem(last=False)
            self._bytes -= size
