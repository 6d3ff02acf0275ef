"""A guarded store: readers wait for no writer, and one that fails is put away once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.errors import IndexBroken
from core.settings.load import Settings
from indexes.catalogue.catalogue import Catalogue
from indexes.open import open_indexes
from indexes.upkeep.checksums import Verdict
from indexes.upkeep.derived import DerivedStore, Kind
from indexes.upkeep.health import Health
from indexes.vectors.process import ChromaProcess
from tests.indexes.store import store


class Store:
    """Counts how often it is closed."""

    closed = 0

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def guard(tmp_path: Path) -> Iterator[DerivedStore[Store]]:
    catalogue = Catalogue(tmp_path / "catalogue.sqlite3")
    kind: Kind[Store] = Kind(
        name="keyword index",
        without="nothing is found",
        fragile=False,
        open=lambda folder: Store(),
        discard=lambda folder: None,
        reconcile=lambda store, stop: None,
        probe=lambda folder: None,
        check=lambda store: None,
    )
    yield DerivedStore(kind, tmp_path / "store", catalogue, Health(), Verdict.INTACT)
    catalogue.close()


def test_whoever_reads_an_open_store_waits_for_no_write(guard: DerivedStore[Store]) -> None:
    writing, go = threading.Event(), threading.Event()

    def change(store: Store) -> None:
        writing.set()
        assert go.wait(60)

    with ThreadPoolExecutor(2) as pool:
        written = pool.submit(guard.write, change)
        try:
            assert writing.wait(60)
            pool.submit(guard.open).result(10)
            with guard.reading() as store:
                assert store is not None
        finally:
            go.set()
        written.result(60)
    guard.close()


def test_a_store_that_fails_two_readers_at_once_is_closed_once(guard: DerivedStore[Store]) -> None:
    guard.open()
    with guard.reading() as opened:
        assert opened is not None
    other = threading.Thread(target=lambda: guard.fail(opened, IndexBroken("read by another")))

    class Read(IndexBroken):
        """Lets the other reader fail while this one's failure is noted."""

        def __str__(self) -> str:
            if other.ident is None:
                other.start()
                other.join(0.3)  # it may have to wait until this failure is noted
            return "read"

    guard.fail(opened, Read())
    other.join()
    guard.close()
    assert opened.closed == 1


def test_a_service_goes_on_searching_when_the_process_with_its_vectors_stands_still_or_dies(data: Settings) -> None:
    with open_indexes(data) as indexes:
        store(indexes, "pump.md", "The pump was worn.", "The valve was closed.")
    with open_indexes(data) as indexes:
        guard, vector = indexes.caretaker.vectors.derived, indexes.embedder.embed_query("the pump")
        guard.serve()
        with guard.reading() as opened:
            assert isinstance(opened, ChromaProcess)
        expected = [name for name, _ in indexes.vectors.nearest("default", vector, 2)]
        assert len(expected) == 2
        os.kill(opened.pid, signal.SIGSTOP)
        assert [name for name, _ in indexes.vectors.nearest("default", vector, 2)] == expected
        os.kill(opened.pid, signal.SIGKILL)
        assert [name for name, _ in indexes.vectors.nearest("default", vector, 2)] == expected
