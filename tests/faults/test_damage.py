"""Every file of a store, damaged in every way: noticed when the folder is opened, answered around or refused, repaired.

`make faults` runs all of it; docs/reliability.md has what it showed.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import httpx
import numpy as np
import pytest

from core.access import OWNER
from core.errors import IndexBroken
from indexes.catalogue import exact
from indexes.indexes import Indexes
from indexes.open import open_indexes
from indexes.search.search import search
from ingest.pipeline import ingest
from tests.cli.conftest import environment_for
from tests.faults.folders import COLLECTION, Folder, settings_of, word
from tests.faults.test_kill_service import Serving

Harm = Callable[[Path], None]


def cut(share: float) -> Harm:
    def harm(path: Path) -> None:
        content = path.read_bytes()
        path.write_bytes(content[: int(share * len(content))] if share < 1 else content[:-1])

    return harm


def flip(path: Path) -> None:
    """One bit of a byte in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 16
    path.write_bytes(content)


def replace(path: Path) -> None:
    """As many bytes that mean nothing."""
    path.write_bytes(random.Random(7).randbytes(path.stat().st_size))


HARMS: dict[str, Harm] = {
    "emptied": cut(0),
    "cut in half": cut(0.5),
    "cut by a byte": cut(1),
    "flipped": flip,
    "replaced": replace,
    "removed": Path.unlink,
}
CATALOGUE = "catalogue.sqlite3"
VECTORS = [
    "chroma/chroma.sqlite3",
    *(f"chroma/*/{name}" for name in ("data_level0.bin", "header.bin", "index_metadata.pickle", "length.bin")),
    "chroma/*/link_lists.bin",
]
WORDS = [
    *(f"keyword/*/{name}" for name in ("meta.json", ".managed.json")),
    *(f"keyword/*/*.{kind}" for kind in ("idx", "pos", "store", "term", "fast", "fieldnorm")),
]
WITHOUT_CONTENT = ["keyword/*/.tantivy-*.lock", "owner.lock", "seal.json", "chroma.state"]
DERIVED = [(pattern, harm) for pattern in (*VECTORS, *WORDS) for harm in HARMS]


@dataclass(frozen=True)
class Store:
    """A closed data folder, questions with the document that each is about, and how much a fresh build finds."""

    data: Path
    questions: dict[str, str]
    by_words: float
    by_vector: float

    def copy(self, target: Path) -> Path:
        return shutil.copytree(self.data, target / "data")


def by_words(indexes: Indexes, questions: dict[str, str]) -> float:
    """The share of the documents' chunks, each of which has the question's word, among the first hits."""
    wanted = found = 0
    for text, document in questions.items():
        chunks = {hit.chunk_id for hit in indexes.catalogue.chunks(COLLECTION, document, access=OWNER)}
        hits = search(indexes, text, access=OWNER, collection=COLLECTION, limit=10).hits
        wanted, found = wanted + len(chunks), found + len(chunks & {hit.chunk_id for hit in hits})
    return found / wanted


def by_vector(indexes: Indexes, questions: dict[str, str]) -> float:
    """Recall at 10 of the vector index, against comparing with every vector."""
    vectors = np.stack([indexes.embedder.embed_query(text) for text in questions])
    every = exact.nearest(indexes.catalogue.engine, COLLECTION, vectors, 10)
    found = indexes.vectors.nearest_to_each(COLLECTION, vectors, 10)
    shared = [len({name for name, _ in a} & {name for name, _ in b}) for a, b in zip(every, found, strict=True)]
    return sum(shared) / (10 * len(questions))


def build(folder: Path, size: int) -> Store:
    documents = Folder(folder / "documents", size)
    documents.before()
    settings = settings_of(folder / "data")
    numbers = range(0, documents.half, 3)
    questions = {f"{word(number, 1)}": f"part{number % 5}/{number:04}.md" for number in numbers[:20]}
    with open_indexes(settings) as indexes:
        ingest(indexes, documents.source, collection=COLLECTION, settings=settings.ingest)
        return Store(folder / "data", questions, by_words(indexes, questions), by_vector(indexes, questions))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return build(tmp_path_factory.mktemp("small"), 24)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Large enough for Chroma to have written its graph: it does after a thousand vectors."""
    return build(tmp_path_factory.mktemp("large"), 690)


def files(data: Path, pattern: str) -> Iterator[Path]:
    yield from (
        path for path in data.rglob("*") if path.is_file() and fnmatch(path.relative_to(data).as_posix(), pattern)
    )


def harmed(data: Path, pattern: str, harm: str) -> None:
    """Damage the largest of the files that the pattern names."""
    largest = max(files(data, pattern), key=lambda path: path.stat().st_size)
    before = largest.read_bytes()
    HARMS[harm](largest)
    assert not largest.exists() or largest.read_bytes() != before


def assert_served_around_and_repaired(store: Store, data: Path, part: str) -> None:
    with open_indexes(settings_of(data)) as indexes:
        (trouble,) = indexes.caretaker.troubles()
        assert trouble.startswith(f"The {part} is broken")
        if part == "vector index":
            assert by_words(indexes, store.questions) >= store.by_words
            assert by_vector(indexes, store.questions) == 1.0
        else:
            hits = search(indexes, next(iter(store.questions)), access=OWNER, collection=COLLECTION, limit=10).hits
            assert {hit.keyword for hit in hits} == {None}
        assert indexes.caretaker.repair() == (part,)
        assert_in_order(store, indexes)
    with open_indexes(settings_of(data)) as indexes:
        assert indexes.caretaker.troubles() == ()
        assert by_words(indexes, store.questions) == store.by_words


def assert_in_order(store: Store, indexes: Indexes) -> None:
    assert indexes.caretaker.troubles() == ()
    assert indexes.caretaker.verify().faults == ()
    assert by_words(indexes, store.questions) == store.by_words
    assert by_vector(indexes, store.questions) >= store.by_vector - 0.01


def assert_refused(data: Path, sentence: str) -> None:
    before = {path: path.read_bytes() for path in data.rglob("*") if path.is_file() and path.name != "owner.lock"}
    for _ in range(2):
        with pytest.raises(IndexBroken, match=sentence), open_indexes(settings_of(data)):
            pass
    assert {path: path.read_bytes() for path in data.rglob("*") if path.is_file() and path in before} == before


def test_no_file_of_a_store_is_left_out(small: Store) -> None:
    patterns = [CATALOGUE, *VECTORS, *WORDS, *WITHOUT_CONTENT]
    every = [path.relative_to(small.data).as_posix() for path in small.data.rglob("*") if path.is_file()]
    assert [name for name in every if not any(fnmatch(name, pattern) for pattern in patterns)] == []


@pytest.mark.parametrize("harm", HARMS)
def test_a_damaged_catalogue_is_refused_and_stays_as_it_is(small: Store, tmp_path: Path, harm: str) -> None:
    data = small.copy(tmp_path)
    harmed(data, CATALOGUE, harm)
    assert_refused(data, r"The catalogue .* is (damaged|gone).*`touchstone index restore BACKUP`")


def test_a_catalogue_that_vanished_is_not_taken_for_a_new_one(small: Store, tmp_path: Path) -> None:
    data = small.copy(tmp_path)
    (data / CATALOGUE).unlink()
    (data / "seal.json").unlink()
    assert_refused(data, "is gone")


@pytest.mark.parametrize("harm", HARMS)
def test_a_damaged_state_costs_no_rebuild(small: Store, tmp_path: Path, harm: str) -> None:
    data = small.copy(tmp_path)
    harmed(data, "chroma.state", harm)
    with open_indexes(settings_of(data)) as indexes:
        indexes.caretaker.prepare()
        assert indexes.caretaker.troubles() == ()
        assert by_vector(indexes, small.questions) >= small.by_vector
        assert indexes.caretaker.verify().faults == ()


def test_a_log_that_lies_beside_a_closed_catalogue_is_not_played_into_it(small: Store, tmp_path: Path) -> None:
    data = small.copy(tmp_path)
    (data / f"{CATALOGUE}-wal").write_bytes(b"of another time")
    with open_indexes(settings_of(data)) as indexes:
        assert_in_order(small, indexes)


@pytest.mark.parametrize(
    ("pattern", "harm", "part"),
    [
        ("chroma/chroma.sqlite3", "flipped", "vector index"),
        ("chroma/chroma.sqlite3", "removed", "vector index"),
        ("keyword/*/meta.json", "emptied", "keyword index"),
        ("keyword/*/*.idx", "flipped", "keyword index"),
    ],
)
def test_a_damaged_index_is_answered_around_and_repaired(
    small: Store, tmp_path: Path, pattern: str, harm: str, part: str
) -> None:
    data = small.copy(tmp_path)
    harmed(data, pattern, harm)
    assert_served_around_and_repaired(small, data, part)


def test_a_damaged_seal_is_no_seal(small: Store, tmp_path: Path) -> None:
    data = small.copy(tmp_path)
    flip(data / "seal.json")
    with open_indexes(settings_of(data)) as indexes:
        assert_in_order(small, indexes)


def test_damaged_memory_of_jobs_is_forgotten(small: Store, tmp_path: Path) -> None:
    data = small.copy(tmp_path)
    (data / "jobs.db").write_bytes(b"jobs")
    with open_indexes(settings_of(data)):
        pass
    flip(data / "jobs.db")
    with open_indexes(settings_of(data)) as indexes:
        assert not (data / "jobs.db").exists()
        assert_in_order(small, indexes)


def test_a_service_answers_around_a_broken_index_and_makes_it_again_by_itself(small: Store, tmp_path: Path) -> None:
    data = small.copy(tmp_path)
    harmed(data, "chroma/chroma.sqlite3", "flipped")
    harmed(data, "keyword/*/*.idx", "cut in half")
    service = Serving(tmp_path)
    service.start()
    body = {"text": next(iter(small.questions))}
    hits = httpx.post(f"{service.url}/v1/search", json=body, timeout=60).json()["hits"]
    assert len(hits) == 10
    while httpx.get(f"{service.url}/readyz", timeout=60).json()["degraded"]:
        time.sleep(0.1)
    service.stop()
    with open_indexes(settings_of(data)) as indexes:
        assert_in_order(small, indexes)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("pattern", "harm"), DERIVED)
def test_every_damage_to_an_index_is_answered_around_and_repaired(
    large: Store, tmp_path: Path, pattern: str, harm: str
) -> None:
    data = large.copy(tmp_path)
    harmed(data, pattern, harm)
    part = "vector index" if pattern in VECTORS else "keyword index"
    assert_served_around_and_repaired(large, data, part)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("harm", HARMS)
def test_every_damage_to_a_large_catalogue_is_refused(large: Store, tmp_path: Path, harm: str) -> None:
    data = large.copy(tmp_path)
    harmed(data, CATALOGUE, harm)
    assert_refused(data, "`touchstone index restore BACKUP`")


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("pattern", "harm"), DERIVED)
def test_damage_that_no_seal_shows_ends_no_process_and_is_repaired(
    large: Store, tmp_path: Path, pattern: str, harm: str
) -> None:
    data = large.copy(tmp_path)
    (data / "seal.json").unlink()
    harmed(data, pattern, harm)
    question, document = next(iter(large.questions.items()))
    for words in (["search", question, "--json"], ["index", "repair"], ["index", "verify", "--full"]):
        command = [sys.executable, "-m", "cli", *words]
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=tmp_path, env=environment_for(data), check=False
        )
        assert done.returncode == 0, done.stderr
        assert words[0] != "search" or document in done.stdout
    with open_indexes(settings_of(data)) as indexes:
        assert_in_order(large, indexes)
