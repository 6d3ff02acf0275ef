"""Damaged files by the thousand: each is accounted for, and nothing that reads them takes ingestion along."""

from __future__ import annotations

from pathlib import Path

import pytest

import demo
from core.settings.load import Settings
from indexes.indexes import Indexes
from ingest.outcomes import Failed
from ingest.pipeline import ingest
from tests.faults.mutate import mutated_files
from tests.faults.processes import children, only_linux
from tests.faults.samples import write_samples

ROUND = 500
"""Files ingested together."""


@only_linux
@pytest.mark.parametrize("count", [60, pytest.param(5000, marks=[pytest.mark.slow, pytest.mark.timeout(7200)])])
def test_every_damaged_file_is_accounted_for(count: int, indexes: Indexes, settings: Settings, tmp_path: Path) -> None:
    sources = sorted(path for path in demo.DOCUMENTS.rglob("*") if path.is_file()) + write_samples(tmp_path / "samples")
    files = mutated_files(sources, count, seed=20)
    ended: list[Failed] = []
    for begin in range(0, count, ROUND):
        folder = tmp_path / f"round-{begin}"
        folder.mkdir()
        names = set()
        for _, (name, content) in zip(range(min(ROUND, count - begin)), files, strict=False):
            (folder / name).write_bytes(content)
            names.add(name)
        report = ingest(indexes, folder, collection=folder.name, settings=settings.ingest)
        found = {outcome.document for outcome in report.outcomes if "!/" not in outcome.document}
        assert found == names
        assert report.found == report.indexed + report.skipped + report.failed
        ended += [o for o in report.outcomes if isinstance(o, Failed) and o.code in {"crashed", "timed_out"}]
        assert "out_of_memory" not in report.reasons()
    assert ended == []
    assert children() == []
