"""The version of the index is exchanged under a service that answers, ingests and removes."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from app.upkeep import ServiceUpkeep
from core.access import OWNER
from core.answers import SearchResult
from core.errors import JobConflict, UnknownJob
from core.settings.load import Settings
from core.settings.sections import EmbedderSettings, IngestSettings
from core.sources import EVERYTHING
from indexes import versions
from indexes.catalogue.jobs import AT_WORK
from indexes.catalogue.rows import UNASKED
from indexes.search.search import search
from indexes.upkeep.lock import own
from indexes.write import remove_document
from service.api.wire.versions import RebuildIn, RebuildOut

SHORTER = RebuildIn(chunk_word_pieces=32)
DOCUMENTS = 10


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    for number in range(DOCUMENTS):
        words = " ".join(f"Sentence {place} of note {number} says something." for place in range(20))
        (folder / f"{number:02}.md").write_text(f"# Note {number}\n\n{words}\n")
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        data=tmp_path / "data",
        embedder=EmbedderSettings(kind="hashing"),
        ingest=IngestSettings(batch_documents=2),
    )


@pytest.fixture
def upkeep(settings: Settings, source: Path) -> Iterator[ServiceUpkeep]:
    with own(settings.data) as lock, closing(ServiceUpkeep(settings, lock)) as opened:
        ingest(opened, source)
        yield opened


def ingest(upkeep: ServiceUpkeep, source: Path) -> None:
    with upkeep.live.writing() as service:
        job = service.jobs.submit(str(source), "default", patterns=EVERYTHING, order=UNASKED)
    until(lambda: state(upkeep, job.id) not in AT_WORK)
    assert state(upkeep, job.id) == "COMPLETED"


def state(upkeep: ServiceUpkeep, job: str) -> str:
    with upkeep.live.reading() as service:
        return service.indexes.catalogue.jobs.find(job).state


def until(done: object) -> None:
    for _ in range(1200):
        if done():  # type: ignore[operator]
            return
        time.sleep(0.05)
    raise AssertionError("it takes too long")


def rebuilt(upkeep: ServiceUpkeep, asked: RebuildIn = SHORTER) -> RebuildOut:
    upkeep.rebuild(asked)
    until(lambda: upkeep.rebuilding().state != "RUNNING")
    return upkeep.rebuilding()


def search_until(ended: threading.Event, upkeep: ServiceUpkeep, results: list[SearchResult]) -> None:
    """Search without end until told, and keep what is found."""
    for number in itertools.cycle(range(DOCUMENTS)):
        if ended.is_set():
            return
        with upkeep.live.reading() as service:
            results.append(search(service.indexes, f"note {number} says", access=OWNER, limit=5))


def test_every_search_is_of_one_version_and_none_fails(upkeep: ServiceUpkeep, source: Path) -> None:
    ended, found = threading.Event(), [list[SearchResult]() for _ in range(3)]
    with ThreadPoolExecutor(len(found)) as pool, ExitStack() as leaving:
        leaving.callback(ended.set)
        with upkeep.live.reading() as service:
            old = service.indexes.version
            chunks = {old: service.indexes.catalogue.chunk_ids("default")}
            searching = [pool.submit(search_until, ended, upkeep, results) for results in found]
            assert rebuilt(upkeep).version == "2"
            assert search(service.indexes, "note 3 says", access=OWNER, limit=5).index_version == old
        with upkeep.live.reading() as service:
            new = service.indexes.version
            chunks[new] = service.indexes.catalogue.chunk_ids("default")
            assert service.indexes.catalogue.collections(access=OWNER)[0].documents == DOCUMENTS
        until(lambda: all(results and results[-1].index_version == new for results in found))
        ended.set()
        for each in searching:
            each.result()
    for results in found:
        seen = [result.index_version for result in results]
        assert seen == sorted(seen, key=[old, new].index)
        assert all({hit.chunk_id for hit in result.hits} <= chunks[result.index_version] for result in results)
        assert all(result.hits for result in results)
    assert new == f"{old}.2"
    assert chunks[old].isdisjoint(chunks[new])


def test_what_is_written_while_it_is_made_is_in_the_new_version(upkeep: ServiceUpkeep, source: Path) -> None:
    (source / "00.md").write_text("# Note 0\n\nOther words.\n")
    (source / "late.md").write_text("# Late\n\nThe newest of all.\n")
    upkeep.rebuild(SHORTER)
    with upkeep.live.writing() as service:
        job = service.jobs.submit(str(source), "default", patterns=EVERYTHING, order=UNASKED)
        remove_document(service.indexes, "default", "05.md")
    with pytest.raises(JobConflict):
        upkeep.rebuild(SHORTER)
    until(lambda: upkeep.rebuilding().state != "RUNNING")
    until(lambda: state(upkeep, job.id) not in AT_WORK)
    assert (upkeep.rebuilding().state, state(upkeep, job.id)) == ("COMPLETED", "COMPLETED")
    with upkeep.live.reading() as service:
        catalogue = service.indexes.catalogue
        assert service.indexes.version.endswith(".2")
        held = set(catalogue.known("default"))
        assert held >= {path.name for path in source.iterdir()} - {"05.md"}
        assert catalogue.text("default", "00.md", access=OWNER) == "# Note 0\n\nOther words.\n"
    ingest(upkeep, source)
    with upkeep.live.reading() as service:
        tally = service.indexes.catalogue.job_documents.tally(service.indexes.catalogue.jobs.latest(1)[0].id)
        assert (tally.found, tally.indexed + tally.unchanged) == (DOCUMENTS + 1, DOCUMENTS + 1)


def test_a_service_that_stops_leaves_what_is_made_and_the_next_one_goes_on(settings: Settings, source: Path) -> None:
    with own(settings.data) as lock:
        with closing(ServiceUpkeep(settings, lock)) as upkeep:
            with pytest.raises(UnknownJob):
                upkeep.rebuilding()
            ingest(upkeep, source)
            upkeep.rebuild(SHORTER)
            until(lambda: upkeep.rebuilding().done or upkeep.rebuilding().state != "RUNNING")
        assert upkeep.rebuilding().state in {"INTERRUPTED", "COMPLETED"}
        with closing(ServiceUpkeep(settings, lock)) as upkeep:
            if versions.pointer(settings.data).live == "":
                assert rebuilt(upkeep).version == "2"
            with upkeep.live.reading() as service:
                assert service.indexes.recipe.chunk_word_pieces == 32
                assert len(service.indexes.catalogue.known("default")) == DOCUMENTS


def test_a_version_that_cannot_be_opened_is_not_served(upkeep: ServiceUpkeep, settings: Settings, source: Path) -> None:
    assert rebuilt(upkeep).version == "2"
    (settings.data / "catalogue.sqlite3").write_bytes(b"no database" * 1000)
    with pytest.raises(Exception, match=r"catalogue.sqlite3 is damaged"):
        upkeep.roll_back()
    assert versions.pointer(settings.data).live == "2"
    ingest(upkeep, source)


@pytest.mark.slow
def test_an_embedder_that_cannot_be_made_fails_the_rebuild_and_nothing_else(
    upkeep: ServiceUpkeep, source: Path
) -> None:
    lost = EmbedderSettings(kind="sentence_transformers", model="/no/such/folder")
    done = rebuilt(upkeep, RebuildIn(embedder=lost))
    assert (done.state, done.error is not None) == ("FAILED", True)
    ingest(upkeep, source)
