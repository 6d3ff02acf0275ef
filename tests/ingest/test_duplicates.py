"""The same content under several paths is embedded once, and found under each of them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from core.access import ANONYMOUS, OWNER
from core.settings.load import Settings
from indexes.embedders.hashing import HashingEmbedder
from indexes.embedders.protocol import Vectors
from indexes.indexes import Indexes
from indexes.search.search import search
from ingest.pipeline import ingest
from tests.ingest.test_sidecar import SAID, readable_by, say


class Counting(HashingEmbedder):
    """Counts the passages it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.passages = 0

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        self.passages += len(texts)
        return super().embed_passages(texts)


def counted(indexes: Indexes, settings: Settings, folder: Path) -> tuple[int, int]:
    """(documents indexed, passages embedded) by an ingestion."""
    embedder = Counting()
    report = ingest(replace(indexes, embedder=embedder), folder, collection="c", settings=settings.ingest)
    return report.indexed, embedder.passages


def test_copies_are_embedded_once_in_one_run_and_in_the_next(
    indexes: Indexes, settings: Settings, folder: Path
) -> None:
    shutil.copy(folder / "prices.csv", folder / "policies/prices copy.csv")
    assert counted(indexes, settings, folder) == (3, 2)
    shutil.copy(folder / "policies/leave.md", folder / "leave.md")
    assert counted(indexes, settings, folder) == (1, 0)
    found = {hit.document for hit in search(indexes, "parental leave", access=OWNER, collection="c", limit=9).hits}
    assert {"leave.md", "policies/leave.md"} <= found


def test_a_copy_has_vectors_of_its_own_and_outlives_the_other(
    indexes: Indexes, settings: Settings, folder: Path
) -> None:
    counted(indexes, settings, folder)
    shutil.move(folder / "prices.csv", folder / "prices 2026.csv")
    assert counted(indexes, settings, folder) == (1, 0)
    assert indexes.vectors.ids("c") == indexes.catalogue.chunk_ids("c")
    assert indexes.catalogue.document("c", "prices 2026.csv", access=OWNER).title == "prices 2026"
    found = search(indexes, "pump", access=OWNER, collection="c", limit=9).hits
    assert "prices 2026.csv" in {hit.document for hit in found}


def test_a_copy_that_fewer_may_read_stays_theirs(indexes: Indexes, settings: Settings, folder: Path) -> None:
    shutil.copy(folder / "prices.csv", folder / "secret.csv")
    say(folder, "secret.csv", SAID)
    assert counted(indexes, settings, folder) == (3, 2)
    assert readable_by(indexes, ANONYMOUS) == ["policies/leave.md", "prices.csv"]


def test_a_copy_that_is_cut_otherwise_is_embedded_anew(indexes: Indexes, settings: Settings, folder: Path) -> None:
    text = "\n\n".join(f"Line {n} of a long list of rules about the pumps of the works." for n in range(70))
    for name in ("a.txt", f"a{' very long name' * 9}.txt"):
        (folder / name).write_text(text)
    indexed, passages = counted(indexes, settings, folder)
    chunks = {row.document: row.chunks for row in indexes.catalogue.documents("c", access=OWNER)}
    assert len({number for name, number in chunks.items() if name.startswith("a")}) == 2
    assert (indexed, passages) == (4, sum(chunks.values()))
