"""Files that take their parser down: each is reported, and whatever stands beside it is indexed."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from core.errors import Unavailable
from core.settings.load import Settings
from indexes.embedders.hashing import HashingEmbedder
from indexes.indexes import Indexes
from indexes.open import open_indexes
from ingest.discover import Item, discover
from ingest.jobs.engine import JobEngine
from ingest.outcomes import Failed, Indexed
from ingest.pipeline import ingest
from ingest.reading.isolation import Limits
from ingest.reading.pool import ParserPool
from ingest.reading.prefetch import Reader, read_ahead
from ingest.reading.read import Draft, Reading
from tests.faults.deeds import read_or_do
from tests.faults.processes import children, ends, only_linux
from tests.ingest.jobs.engines import ended

ROOT = Path(__file__).parents[2]
HOSTILE = {
    "allocate": "out_of_memory",
    "be_killed": "out_of_memory",
    "call_out": "crashed",
    "compute_for_ever": "timed_out",
    "fork_and_wait_for_ever": "timed_out",
    "hang": "timed_out",
    "leave": "crashed",
    "leave_politely": "crashed",
    "read_address_zero": "crashed",
    "recurse": "crashed",
}


def reader(*, seconds: int) -> Reader:
    reading = Reading(
        collection="c", source="s", pipeline="p", limit=64, max_bytes=1_000_000, embedder=HashingEmbedder()
    )
    return ParserPool(partial(read_or_do, reading), Limits(seconds=seconds, memory_mb=1024), workers=2)


def items(folder: Path) -> tuple[Item, ...]:
    return discover(folder, max_bytes=1_000_000).items


def slow_file(folder: Path) -> Path:
    """A table that takes far longer than a second to read."""
    path = folder / "slow.csv"
    path.write_text("number,square\n" + "".join(f"{n},{n * n}\n" for n in range(1_500_000)))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    source = tmp_path / "documents"
    source.mkdir()
    return source


@only_linux
def test_every_hostile_file_is_reported_and_every_neighbour_is_read(folder: Path) -> None:
    for deed in HOSTILE:
        (folder / f"{deed}.txt").write_text("Hostile.")
        (folder / f"{deed}_neighbour.txt").write_text("Kind.")
    with reader(seconds=2) as opened:
        outcomes = list(read_ahead(opened, items(folder)))
    failed = {outcome.document: outcome.code for outcome in outcomes if isinstance(outcome, Failed)}
    assert failed == {f"{deed}.txt": code for deed, code in HOSTILE.items()}
    read = [outcome.document.document for outcome in outcomes if isinstance(outcome, Draft)]
    assert read == sorted(f"{deed}_neighbour.txt" for deed in HOSTILE)
    assert len(outcomes) == 2 * len(HOSTILE)
    assert children() == []


def test_a_file_that_took_too_long_is_read_once_more_at_the_end(folder: Path) -> None:
    for name in ("a.txt", "hang.txt", "hang_once.txt", "z.txt"):
        (folder / name).write_text("Text.")
    with reader(seconds=1) as opened:
        outcomes = list(read_ahead(opened, items(folder)))
    names = [outcome.document.document if isinstance(outcome, Draft) else outcome.document for outcome in outcomes]
    assert names == ["a.txt", "z.txt", "hang.txt", "hang_once.txt"]
    assert [type(outcome) for outcome in outcomes] == [Draft, Draft, Failed, Draft]


def test_a_file_that_takes_too_long_fails_and_its_neighbours_are_indexed(
    indexes: Indexes, settings: Settings, folder: Path
) -> None:
    slow_file(folder)
    (folder / "a.txt").write_text("Before.")
    (folder / "z.txt").write_text("After.")
    quick = settings.ingest.model_copy(update={"file_seconds": 1})
    report = ingest(indexes, folder, collection="c", settings=quick)
    assert report.outcomes[::2] == (Indexed("a.txt", 1), Indexed("z.txt", 1))
    (failed,) = (outcome for outcome in report.outcomes if isinstance(outcome, Failed))
    assert (failed.document, failed.code) == ("slow.csv", "timed_out")
    assert "1 s; ingest.file_seconds" in failed.reason


@only_linux
def test_a_file_that_fills_the_memory_fails_and_its_neighbours_are_indexed(
    indexes: Indexes, settings: Settings, folder: Path
) -> None:
    (folder / "large.txt").write_text("\U0001f389" + "With one such character, each takes four bytes.\n" * 1_500_000)
    (folder / "a.txt").write_text("Before.")
    (folder / "z.txt").write_text("After.")
    small = settings.ingest.model_copy(update={"file_memory_mb": 256})
    report = ingest(indexes, folder, collection="c", settings=small)
    assert (report.indexed, report.failed) == (2, 1)
    assert report.reasons() == {"out_of_memory": 1}


def test_a_run_in_which_nothing_has_changed_starts_no_process(
    indexes: Indexes, settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.txt").write_text("Text.")
    ingest(indexes, folder, collection="c", settings=settings.ingest)
    monkeypatch.setattr(tempfile, "tempdir", str(folder / "not-there"))
    assert ingest(indexes, folder, collection="c", settings=settings.ingest).unchanged == 1
    (folder / "a.txt").write_text("Other text.")
    with pytest.raises(Unavailable, match="temporary files"):
        ingest(indexes, folder, collection="c", settings=settings.ingest)


@only_linux
def test_a_service_that_ingests_in_a_thread_goes_on_after_a_hostile_file(
    indexes: Indexes, settings: Settings, folder: Path
) -> None:
    (folder / "a.txt").write_text("Text.")
    bad = folder / "bad"
    bad.mkdir()
    slow_file(bad)
    hurried = settings.model_copy(update={"ingest": settings.ingest.model_copy(update={"file_seconds": 1})})
    engine = JobEngine(indexes, hurried)
    engine.start()
    jobs = [engine.submit(source, name).id for source, name in ((folder, "a"), (bad, "b"), (folder / "a.txt", "c"))]
    states = [ended(indexes, job).state for job in jobs]
    engine.stop()
    assert states == ["COMPLETED_WITH_ERRORS", "COMPLETED_WITH_ERRORS", "COMPLETED"]
    assert children() == []


@pytest.fixture
def busy(settings: Settings, folder: Path, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """(a process that ingests a slow file, the process that reads it)."""
    slow_file(folder)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    command = [sys.executable, "-m", "cli", "ingest", str(folder), "--data", str(settings.data)]
    environment = {"PYTHONPATH": str(ROOT), "TMPDIR": str(scratch), "TOUCHSTONE_EMBEDDER__KIND": "hashing"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as running:
        try:
            while not (found := list(scratch.glob("touchstone-reading-*/0/*"))):
                assert running.poll() is None, running.stderr and running.stderr.read()
            yield running, int(found[0].name)
        finally:
            running.kill()


@only_linux
def test_ctrl_c_is_quiet_and_leaves_no_process_and_no_file(
    busy: tuple[subprocess.Popen[str], int], settings: Settings, tmp_path: Path
) -> None:
    running, reads = busy
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in out + err
    assert ends(reads)
    assert list((tmp_path / "scratch").iterdir()) == []
    with open_indexes(settings) as indexes:
        assert indexes.catalogue.jobs.latest()[0].state == "INTERRUPTED"


@only_linux
def test_what_reads_ends_with_a_parent_that_is_killed(busy: tuple[subprocess.Popen[str], int]) -> None:
    running, reads = busy
    running.kill()
    assert ends(reads)
