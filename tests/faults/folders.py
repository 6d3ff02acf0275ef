"""A folder of small documents that changes, and what must hold of an index after whatever was done to it."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from core.access import OWNER
from core.settings.load import Settings
from core.settings.sections import EmbedderSettings
from indexes.indexes import Indexes
from indexes.open import open_indexes
from indexes.search.search import search
from ingest.pipeline import ingest, plan

Kind = Literal["hashing", "minilm"]
COLLECTION = "default"
OWN_WORD = re.compile(r"word\d+x\d+|dig\d+")
WORDS = [f"{first}{second}{third}" for first in "bdfgklmnprstv" for second in "aeiou" for third in "lmnrst"]


def settings_of(data: Path, embedder: Kind = "hashing") -> Settings:
    return Settings(data=data, embedder=EmbedderSettings(kind=embedder))


def word(number: int, edition: int) -> str:
    """A word that stands in one edition of one document and nowhere else."""
    return f"word{number}x{edition}"


def write(source: Path, number: int, edition: int) -> None:
    """A document of three chunks, unlike any other: a graph of near twins does not find each of them."""
    folder = source / f"part{number % 5}"
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(f"{number} {edition}")
    sections = [
        f"## Section {part}\n\n{word(number, edition)} in part {part}. {' '.join(draw.choices(WORDS, k=120))}."
        for part in range(3)
    ]
    (folder / f"{number:04}.md").write_text("\n\n".join([f"# Document {number}", *sections]))


def mail(number: int, edition: int) -> bytes:
    return (
        f"From: a@x.example\nTo: b@x.example\nSubject: Mail {number}\nMIME-Version: 1.0\n"
        'Content-Type: multipart/mixed; boundary="=="\n\n--==\nContent-Type: text/plain\n\n'
        f"{word(number, edition)} is attached.\n--==\nContent-Type: text/csv\n"
        f'Content-Disposition: attachment; filename="plan.csv"\n\nstep,day\ndig{number},1\n--==--\n'
    ).encode()


class Folder:
    """Documents 0 to `size`: the first half is indexed in an earlier edition, of which some change and some vanish."""

    def __init__(self, source: Path, size: int, embedder: Kind = "hashing") -> None:
        self.source, self.size, self.half, self.embedder = source, size, size // 2, embedder

    def before(self) -> None:
        """The first edition of the first half."""
        for number in range(self.half):
            write(self.source, number, 1)

    def after(self) -> None:
        """Every third of them changed, every seventh gone, the second half new, two mails and a broken file."""
        for number in range(self.half):
            if number % 7 == 0:
                (self.source / f"part{number % 5}" / f"{number:04}.md").unlink()
            elif number % 3 == 0:
                write(self.source, number, 2)
        for number in range(self.half, self.size):
            write(self.source, number, 2)
        for number in (1, 2):
            (self.source / f"mail{number}.eml").write_bytes(mail(90_000 + number, 1))
        (self.source / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing more")

    @property
    def words(self) -> set[str]:
        """The words that must be found."""
        kept = {number: 2 if number % 3 == 0 else 1 for number in range(self.half) if number % 7}
        new = dict.fromkeys(range(self.half, self.size), 2)
        return {word(number, edition) for number, edition in {**kept, **new}.items()} | {
            word(90_001, 1), word(90_002, 1), "dig90001", "dig90002",
        }  # fmt: skip

    @property
    def gone(self) -> set[str]:
        """Words of what was replaced or removed."""
        return {word(number, 1) for number in range(self.half) if number % 7 == 0 or number % 3 == 0}

    @property
    def indexed(self) -> int:
        """Documents that the job on the second edition must have indexed: neither one less nor one more."""
        changed = sum(number % 3 == 0 and number % 7 != 0 for number in range(self.half))
        return changed + (self.size - self.half) + 4

    @property
    def removed(self) -> int:
        return sum(number % 7 == 0 for number in range(self.half))

    @property
    def unchanged(self) -> int:
        return self.half - self.removed - sum(number % 3 == 0 and number % 7 != 0 for number in range(self.half))


def fill(data: Path, folder: Folder) -> None:
    """Index the first edition, then let the folder change."""
    settings = settings_of(data, folder.embedder)
    folder.before()
    with open_indexes(settings) as indexes:
        ingest(indexes, folder.source, collection=COLLECTION, settings=settings.ingest)
    folder.after()


def jobs_of(data: Path, folder: Folder) -> list[str]:
    """The ids of all jobs there were."""
    with open_indexes(settings_of(data, folder.embedder)) as indexes:
        return [job.id for job in indexes.catalogue.jobs.latest(-1)]


def assert_sound(data: Path, folder: Folder, jobs: Sequence[str]) -> None:
    """The jobs did all of the work once between them, and catalogue, keyword index and vector index agree exactly."""
    settings = settings_of(data, folder.embedder)
    with open_indexes(settings) as indexes:
        assert_counted(indexes, folder, jobs)
        assert_agreeing(indexes)
        assert_found_by_their_text(indexes, folder)
        for text in folder.gone:
            assert not indexes.keyword.search(COLLECTION, text, 5), f"{text} is back"
        planned = plan(indexes, folder.source, collection=COLLECTION, settings=settings.ingest)
        assert [item.document for item in planned.reading] == ["broken.pdf"], "what is unchanged would be parsed again"
        again = ingest(indexes, folder.source, collection=COLLECTION, settings=settings.ingest)
        assert (again.indexed, again.removed, again.chunks, again.failed) == (0, 0, 0, 1)
        assert again.unchanged == len(indexes.catalogue.known(COLLECTION))


def assert_counted(indexes: Indexes, folder: Folder, jobs: Sequence[str]) -> None:
    """No document was indexed by two jobs, or twice by one, or by none."""
    tallies = [indexes.catalogue.job_documents.tally(job) for job in jobs]
    assert sum(tally.indexed for tally in tallies) == folder.indexed
    assert sum(tally.removed for tally in tallies) == folder.removed
    if len(jobs) == 1:
        (tally,) = tallies
        assert (tally.unchanged, tally.failed, tally.pending) == (folder.unchanged, 1, 0)
        assert tally.found == tally.indexed + tally.unchanged + tally.failed
    known = indexes.catalogue.documents(COLLECTION, access=OWNER)
    assert len(known) == folder.indexed + folder.unchanged
    assert sum(row.chunks for row in known) == len(indexes.catalogue.chunk_ids(COLLECTION))


def assert_agreeing(indexes: Indexes) -> None:
    """No chunk is missing or too many anywhere, and each is the nearest to its own vector."""
    held = indexes.catalogue.chunk_ids(COLLECTION)
    assert indexes.vectors.ids(COLLECTION) == held
    assert indexes.catalogue.intents() == []
    lost = []
    for names, vectors in indexes.catalogue.embeddings(COLLECTION):
        for name, vector in zip(names, vectors, strict=True):
            ((found, cosine),) = indexes.vectors.nearest(COLLECTION, vector, 1)
            if (found, cosine > 0.999) != (name, True):
                lost.append((name, found, cosine))
    assert not lost, f"not found by their own vectors: {lost}"
    assert indexes.keyword.ids(COLLECTION) == held


def assert_found_by_their_text(indexes: Indexes, folder: Folder) -> None:
    """A word of its own text finds every chunk; the whole text, in the search that people use, finds it first."""
    named = indexes.catalogue.documents(COLLECTION, access=OWNER)
    chunks = [chunk for row in named for chunk in indexes.catalogue.chunks(COLLECTION, row.document, access=OWNER)]
    having = defaultdict(set)
    for chunk in chunks:
        for text in set(OWN_WORD.findall(chunk.text)):
            having[text].add(chunk.chunk_id)
    assert set(having) == folder.words
    assert set().union(*having.values()) == {chunk.chunk_id for chunk in chunks}
    for text, expected in having.items():
        found = {name for name, _ in indexes.keyword.search(COLLECTION, text, 10)}
        assert found == expected, f"{text} is lost"
    for chunk in chunks[:: len(chunks) // 20]:
        (hit,) = search(indexes, chunk.text, access=OWNER, collection=COLLECTION, limit=1).hits
        assert hit.chunk_id == chunk.chunk_id, f"{chunk.chunk_id} is not found by its text"


def assert_given_up(data: Path, job: str, *, good: int, bad: int) -> None:
    """The bad ones failed as `crashed`, and everything else was indexed once."""
    with open_indexes(settings_of(data)) as indexes:
        tally = indexes.catalogue.job_documents.tally(job)
        assert (tally.found, tally.indexed, tally.failed, tally.pending) == (good + bad, good, bad, 0)
        failed = indexes.catalogue.job_documents.listed(job, ["failed"])
        assert {entry.code for entry in failed} == {"crashed"}
        assert_agreeing(indexes)
