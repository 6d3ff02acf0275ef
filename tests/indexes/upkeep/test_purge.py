"""What was deleted leaves every file."""

from __future__ import annotations

from pathlib import Path

from core.settings.load import Settings
from indexes.indexes import Indexes
from indexes.open import open_indexes
from indexes.write import remove_document
from tests.indexes.store import agree, store

SECRET = "zanzibar quillwort merganser"


def traces(folder: Path, wanted: dict[str, bytes]) -> list[str]:
    """Where a file holds one of these bytes, as they are or in what it compresses."""
    found = []
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        content = path.read_bytes()
        found += [f"{name} in {path.name}" for name, octets in wanted.items() if octets in content]
    return found


def forms(text: str) -> dict[str, bytes]:
    words = {word: word.encode() for word in text.split()}
    return words | {f"{encoding}": text.encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-32-le")}


def fill(indexes: Indexes) -> dict[str, bytes]:
    """Documents of which one is secret; what must be gone when that has left."""
    for number in range(30):
        store(indexes, f"{number}.txt", f"document {number} speaks of pumps and valves", f"and of {number} seals")
    store(indexes, "secret.txt", SECRET, "more of it")
    vector = indexes.embedder.embed_passages([SECRET])[0]
    return forms(SECRET) | {"vector": vector.astype("<f4").tobytes()}


def test_nothing_of_a_removed_document_is_in_any_file_after_a_purge(data: Settings) -> None:
    with open_indexes(data) as indexes:
        wanted = fill(indexes)
        assert traces(data.data, wanted)
        remove_document(indexes, "default", "secret.txt")
        assert indexes.caretaker.purge() == ("vector index", "keyword index")
        assert traces(data.data, wanted) == []
        assert indexes.caretaker.purge() == ()
        assert agree(indexes)
        assert indexes.caretaker.verify().faults == ()
    assert traces(data.data, wanted) == []
