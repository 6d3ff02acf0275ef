"""Checksums vouch for what was looked at, and for nothing else."""

from __future__ import annotations

import hashlib
import json

from core.access import OWNER
from core.settings.load import Settings
from indexes.open import open_indexes
from indexes.search.search import search
from tests.indexes.store import store


def test_an_index_that_nobody_vouched_for_gets_no_checksums_from_a_command_that_did_not_open_it(data: Settings) -> None:
    with open_indexes(data) as indexes:
        store(indexes, "a.txt", "red", "green")
    (data.data / "seal.json").unlink()
    with open_indexes(data) as indexes:
        assert search(indexes, "red", access=OWNER, limit=1).hits
        assert indexes.caretaker.vectors.derived.unproven
    with open_indexes(data) as indexes:
        assert indexes.caretaker.vectors.derived.unproven
        assert indexes.caretaker.repair() == ("vector index",)
    with open_indexes(data) as indexes:
        assert not indexes.caretaker.vectors.derived.unproven


def test_what_an_earlier_release_noted_with_a_version_and_belongs_to_no_version_is_left_alone(data: Settings) -> None:
    with open_indexes(data) as indexes:
        store(indexes, "a.txt", "red", "green")
    seal = data.data / "seal.json"
    files = json.loads(seal.read_text())["files"] | {"jobs.db": {"size": 3, "sha256": "of another time"}}
    total = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
    seal.write_text(json.dumps({"files": files, "sum": total}))
    (data.data / "jobs.db").write_bytes(b"jobs")
    with open_indexes(data) as indexes:
        assert indexes.caretaker.verify().faults == ()
        assert not indexes.caretaker.vectors.derived.unproven
        assert (data.data / "jobs.db").read_bytes() == b"jobs"
    assert "jobs.db" not in json.loads(seal.read_text())["files"]
