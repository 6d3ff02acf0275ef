"""A collection is removed with everything that was ever stored of it, and nothing else is."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from core.access import OWNER
from core.errors import CollectionExists, JobConflict, UnknownCollection
from indexes import collections
from indexes.catalogue.rows import JobDocument, JobRow
from indexes.catalogue.schema import metadata, transaction
from indexes.collections import add_collection, remove_collection
from indexes.indexes import Indexes
from indexes.search.search import search
from tests.indexes.store import agree, store


def job(indexes: Indexes, state: str, collection: str = "default") -> JobRow:
    row = JobRow(id=f"{collection}-{state}", collection=collection, source="/s", state=state, created="2026-01-01")  # type: ignore[arg-type]
    indexes.catalogue.jobs.add(row)
    indexes.catalogue.job_documents.record(row.id, [JobDocument(document="a.txt", status="failed")])
    return row


def rows(indexes: Indexes) -> dict[str, int]:
    with transaction(indexes.catalogue.engine) as connection:
        tables = [table for table in metadata.sorted_tables if table.name != "meta"]
        return {
            t.name: n for t in tables if (n := connection.execute(select(func.count()).select_from(t)).scalar_one())
        }


def test_a_new_collection_is_empty_can_be_searched_and_is_there_once(indexes: Indexes) -> None:
    assert add_collection(indexes.catalogue, "new").documents == 0
    assert search(indexes, "words", access=OWNER, collection="new", limit=9).hits == ()
    assert indexes.caretaker.verify(full=True).faults == ()
    with pytest.raises(CollectionExists, match="'new'"):
        add_collection(indexes.catalogue, "new")


def test_nothing_is_left_of_a_removed_collection(indexes: Indexes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collections, "BATCH", 2)
    for name in ("a.txt", "b.txt", "c.txt"):
        store(indexes, name, "one", "two")
    job(indexes, "COMPLETED_WITH_ERRORS")
    remove_collection(indexes, "default")
    assert rows(indexes) == {}
    assert indexes.vectors.ids("default") == indexes.keyword.ids("default") == set()
    with pytest.raises(UnknownCollection):
        remove_collection(indexes, "default")


def test_other_collections_stay_as_they_are(indexes: Indexes) -> None:
    for collection in ("default", "other"):
        store(indexes, "a.txt", "one", "two", collection=collection)
    job(indexes, "COMPLETED", "other")
    remove_collection(indexes, "default")
    assert agree(indexes, "other")
    assert len(search(indexes, "one", access=OWNER, collection="other", limit=9).hits) == 2
    assert [row.collection for row in indexes.catalogue.jobs.latest()] == ["other"]


@pytest.mark.parametrize("state", ["QUEUED", "RUNNING"])
def test_a_collection_that_a_job_works_on_is_kept(indexes: Indexes, state: str) -> None:
    store(indexes, "a.txt", "one")
    job(indexes, state)
    with pytest.raises(JobConflict, match=f"default-{state}"):
        remove_collection(indexes, "default")
    assert agree(indexes)
    assert len(search(indexes, "one", access=OWNER, limit=9).hits) == 1
