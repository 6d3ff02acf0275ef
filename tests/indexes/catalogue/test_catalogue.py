"""The catalogue: what goes in comes out, to those who may read it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from core.access import ANONYMOUS, OWNER, Access, may_read
from core.documents import Chunk, Parsed
from core.errors import IndexBroken, UnknownCollection, UnknownDocument, UnknownJob
from indexes.catalogue.catalogue import Catalogue
from indexes.catalogue.rows import Description, Known, NewDocument, Version
from indexes.catalogue.schema import documents, transaction
from indexes.catalogue.scope import Scope, readable
from indexes.indexes import Indexes
from indexes.write import write_documents
from tests.indexes.store import new_document, store

GROUPS = st.frozensets(st.sampled_from(["hr", "HR", "h", "it's", '"', "é", "e", "", "\ud800", "?", "[]"]), max_size=3)


def test_a_document_comes_back_as_it_was_written(indexes: Indexes) -> None:
    parsed = Parsed(
        text="# Leave\n\n27 days", elements=(), title="Leave", pages=((0, 1),), page_count=2,
        author="Ann", created="2025-12-24", modified="2026-01-05T10:00:00",
    )  # fmt: skip
    chunk = Chunk(
        ordinal=0, text="27 days", index_text="Leave 27 days", start=9, end=16,
        headings=("Leave", 'a "b"'), header="h\th", pages=((9, 1), (12, 2)),
    )  # fmt: skip
    document = NewDocument(
        collection="c", document="a/b.md", version="v1", sha256="s", size=16, mtime_ns=7, media_type="text/markdown",
        parsed=parsed, groups=frozenset({"hr"}), source="/src", tags=("b", "a"), valid_from="2026-01-01",
        attached=(("plan.csv", "s2"),),
    )  # fmt: skip
    write_documents(indexes, [Version(document, [chunk], indexes.embedder.embed_passages([chunk.index_text]))])
    row = indexes.catalogue.document("c", "a/b.md", access=OWNER)
    (hit,) = indexes.catalogue.chunks("c", "a/b.md", access=OWNER)
    assert (row.title, row.page_count, row.chunks, row.characters, sorted(row.groups)) == ("Leave", 2, 1, 16, ["hr"])
    assert (hit.text, hit.headings, hit.header, hit.pages) == (chunk.text, chunk.headings, chunk.header, chunk.pages)
    assert (hit.document, hit.title, hit.start, hit.end, hit.chunk_id) == ("a/b.md", "Leave", 9, 16, f"{row.id}@v1#0")
    assert indexes.catalogue.text("c", "a/b.md", access=OWNER) == parsed.text
    assert (row.author, row.created, row.modified) == ("Ann", "2025-12-24", "2026-01-05T10:00:00")
    said = Description(groups=frozenset({"hr"}), tags=("b", "a"), valid_from="2026-01-01")
    assert (row.tags, row.valid_from) == (said.tags, said.valid_from)
    attached = (("plan.csv", "s2"),)
    assert indexes.catalogue.known("c") == {
        "a/b.md": Known(
            version="v1", sha256="s", size=16, mtime_ns=7, source="/src", description=said, attached=attached
        )
    }


def test_a_limited_document_does_not_exist_for_a_stranger(indexes: Indexes) -> None:
    store(indexes, "pay.txt", "the pay of everybody", groups=["hr"])
    catalogue, (name,) = indexes.catalogue, indexes.catalogue.chunk_ids("default")
    for access in (ANONYMOUS, Access(frozenset({"it"}))):
        assert catalogue.documents("default", access=access) == []
        assert catalogue.hits([name], access=access) == {}
        assert catalogue.vectors([name], access=access)[0] == []
        assert catalogue.scope("default", access=access) == Scope(frozenset(), 0, 0.0)
        for read in (catalogue.document, catalogue.text, catalogue.chunks):
            with pytest.raises(UnknownDocument):
                read("default", "pay.txt", access=access)
    assert name in catalogue.hits([name], access=Access(frozenset({"it", "hr"})))


@pytest.fixture(scope="module")
def one_document(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    with closing(Catalogue(tmp_path_factory.mktemp("rule") / "catalogue.sqlite3")) as catalogue:
        catalogue.replace([Version(new_document("a.txt", "text", version="v1"), [], np.empty((0, 384), np.float32))])
        yield catalogue


@given(groups=GROUPS, own=GROUPS, everything=st.booleans())
def test_the_rule_in_sql_is_the_rule_in_core(
    one_document: Catalogue, groups: frozenset[str], own: frozenset[str], everything: bool
) -> None:
    access = Access(own, everything)
    with transaction(one_document.engine, write=True) as connection:
        connection.execute(documents.update().values(groups=sorted(groups)))
        found = connection.execute(select(documents.c.id).where(readable(access))).all()
    assert bool(found) == may_read(access, groups)


def test_unknown_things_are_refused_in_words(indexes: Indexes) -> None:
    with pytest.raises(UnknownCollection, match="ingest a folder first"):
        indexes.catalogue.require_collection("default", access=OWNER)
    store(indexes, "a.txt", "text")
    with pytest.raises(UnknownCollection, match="There are: default"):
        indexes.catalogue.require_collection("other", access=OWNER)
    with pytest.raises(UnknownDocument, match="half"):
        indexes.catalogue.document("default", "half \ud800", access=OWNER)
    with pytest.raises(UnknownJob, match="j1"):
        indexes.catalogue.jobs.find("j1")


@pytest.mark.parametrize("name", ["latin-\udce9.txt", "lone \ud800", "zero \x00 byte", "日本語.pdf", "quo'te\".md"])
def test_no_name_or_text_breaks_it(indexes: Indexes, name: str) -> None:
    store(indexes, name, f"words {name}", collection=name, title=name)
    assert len(indexes.catalogue.documents(name, access=OWNER)) == 1
    assert len(indexes.catalogue.text(name, name, access=OWNER)) == len(f"words {name}")
    assert indexes.keyword.search(name, f"words {name}", 5)
    indexes.catalogue.require_collection(name.encode("utf-8", "replace").decode(), access=OWNER)


def test_touching_a_document_changes_only_its_size_and_time(indexes: Indexes) -> None:
    store(indexes, "a.txt", "text")
    before = indexes.catalogue.known("default")["a.txt"]
    indexes.catalogue.touch("default", "a.txt", size=99, mtime_ns=5)
    after = indexes.catalogue.known("default")["a.txt"]
    assert (after.size, after.mtime_ns, after.version, after.sha256) == (99, 5, before.version, before.sha256)


def test_what_is_said_about_a_document_changes_without_its_text(indexes: Indexes) -> None:
    store(indexes, "pay.txt", "the pay of everybody")
    before = indexes.catalogue.chunk_ids("default")
    said = Description(groups=frozenset({"hr"}), tags=("pay",), valid_from="2026-01-01")
    indexes.catalogue.describe("default", "pay.txt", said)
    assert indexes.catalogue.documents("default", access=ANONYMOUS) == []
    assert indexes.catalogue.hits(before, access=ANONYMOUS) == {}
    row = indexes.catalogue.document("default", "pay.txt", access=Access(frozenset({"hr"})))
    assert (row.tags, row.valid_from, row.groups) == (("pay",), "2026-01-01", frozenset({"hr"}))
    assert indexes.catalogue.chunk_ids("default") == before


def test_collections_are_listed_with_what_they_hold(indexes: Indexes) -> None:
    store(indexes, "a.txt", "one", "two", collection="b")
    store(indexes, "b.txt", "one", collection="a")
    rows = [(row.name, row.documents, row.chunks) for row in indexes.catalogue.collections(access=OWNER)]
    assert rows == [("a", 1, 1), ("b", 1, 2)]


def test_a_file_that_is_no_database_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "catalogue.sqlite3").write_bytes(b"not a database" * 100)
    with pytest.raises(IndexBroken, match="index restore"):
        Catalogue(tmp_path / "catalogue.sqlite3")


def test_a_catalogue_of_another_form_is_refused(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path / "catalogue.sqlite3")
    with transaction(catalogue.engine, write=True) as connection:
        connection.exec_driver_sql("update meta set value = '99' where key = 'schema'")
    catalogue.close()
    with pytest.raises(IndexBroken, match="form 99"):
        Catalogue(tmp_path / "catalogue.sqlite3")


def test_readers_see_whole_documents_while_a_thread_writes(indexes: Indexes) -> None:
    store(indexes, "a.txt", "one", "two", "three", version="v0")
    seen: list[bool] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            found = [hit.chunk_id for hit in indexes.catalogue.chunks("default", "a.txt", access=OWNER)]
            whole = len(found) == 3 and len({name.partition("#")[0] for name in found}) == 1
            seen.append(whole)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(1, 8):
        store(indexes, "a.txt", "one", "two", "three", version=f"v{number}")
    done.set()
    for reader in readers:
        reader.join()
    assert seen
    assert all(seen)
