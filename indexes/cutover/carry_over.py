"""What goes along from one version of the index to the next: everything that is not of the documents themselves."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert

from core.access import OWNER
from indexes.catalogue.catalogue import Catalogue
from indexes.catalogue.schema import collections, meta, metadata, transaction
from indexes.indexes import Indexes
from indexes.recipe import OF_A_VERSION
from indexes.write import remove_document

OF_DOCUMENTS = frozenset({"about", "chunks", "collections", "documents", "embeddings", "intents", "meta", "structures"})
"""Tables that a version makes for itself. Any other one goes along, so that a new table is not forgotten."""


@dataclass(frozen=True, slots=True)
class RolledBack:
    """What differs in the version that is served again; names are `collection/document`."""

    changed: tuple[str, ...]
    """Documents that came or changed since it was live: the next ingestion of their source reads them again."""
    removed: int
    """Documents that were removed since, and were now removed from it too."""


def hand_over(old: Catalogue, new: Catalogue) -> None:
    """Copy jobs and whatever else belongs to the data folder, in one transaction. Nobody may write meanwhile."""
    tables = [table for table in metadata.sorted_tables if table.name not in OF_DOCUMENTS]
    with transaction(old.engine) as source, transaction(new.engine, write=True) as target:
        for table in reversed(tables):
            target.execute(delete(table))
        for table in tables:
            for rows in source.execute(select(table)).mappings().partitions(1000):
                target.execute(insert(table), [dict(row) for row in rows])
        names = [row.name for row in source.execute(select(collections))]
        target.execute(delete(collections).where(collections.c.name.not_in(names)))
        for name in names:
            target.execute(upsert(collections).values(name=name).on_conflict_do_nothing())
        for row in source.execute(select(meta).where(meta.c.key.not_in(OF_A_VERSION))):
            statement = upsert(meta).values(key=row.key, value=row.value)
            target.execute(statement.on_conflict_do_update(index_elements=["key"], set_={"value": row.value}))


def give_back(live: Indexes, previous: Indexes) -> RolledBack:
    """Make the version before fit to be served again: what was removed stays removed, and who may read what stays.

    Nobody may write meanwhile.
    """
    changed, removed = [], 0
    names = {row.name for indexes in (live, previous) for row in indexes.catalogue.collections(access=OWNER)}
    for collection in sorted(names):
        now, then = live.catalogue.known(collection), previous.catalogue.known(collection)
        for document in then.keys() - now.keys():
            remove_document(previous, collection, document)
            removed += 1
        said = {}
        for document, known in sorted(now.items()):
            before = then.get(document)
            if before is None or before.sha256 != known.sha256:
                changed.append(f"{collection}/{document}")
            if before is not None and before.description != known.description:
                said[document] = known.description
        previous.catalogue.describe_all(collection, said)
    hand_over(live.catalogue, previous.catalogue)
    return RolledBack(tuple(changed), removed)
