"""Files that are left out by patterns: of every run by the settings, or of one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.errors import SourceError
from core.settings.load import Settings
from core.sources import EVERYTHING, Patterns
from indexes.indexes import Indexes
from ingest.outcomes import IngestReport
from ingest.pipeline import again, ingest, plan


@pytest.fixture
def read(indexes: Indexes, settings: Settings, folder: Path):
    def once_more(run: Patterns = EVERYTHING, always: Patterns = EVERYTHING) -> IngestReport:
        own = settings.ingest.model_copy(update={"include": always.include, "exclude": always.exclude})
        return ingest(indexes, folder, collection="c", settings=own, patterns=run)

    return once_more


def test_what_is_left_out_is_not_found(read, folder: Path) -> None:
    (folder / "drafts").mkdir()
    (folder / "drafts/a.md").write_text("A draft.")
    for run, always in ((Patterns(exclude=("drafts",)), Patterns()), (Patterns(), Patterns(exclude=("drafts",)))):
        report = read(run, always)
        assert (report.found, report.skipped) == (2, 0)


def test_what_the_settings_leave_out_is_removed(read, indexes: Indexes) -> None:
    read()
    assert read(always=Patterns(exclude=("*.csv",))).removed == 1
    assert set(indexes.catalogue.known("c")) == {"policies/leave.md"}


def test_what_one_run_leaves_out_stays_as_it_is(read, folder: Path, indexes: Indexes) -> None:
    read()
    (folder / "prices.csv").unlink()
    report = read(Patterns(include=("*.md",)))
    assert (report.found, report.removed, report.unchanged) == (1, 0, 1)
    assert read().removed == 1


def test_what_one_run_looks_at_and_misses_is_removed(read, folder: Path) -> None:
    read()
    (folder / "policies/leave.md").unlink()
    (folder / "policies/new.md").write_text("Something new.")
    assert read(Patterns(include=("*.md",))).removed == 1


def test_a_job_is_retried_with_its_own_patterns(read, folder: Path, indexes: Indexes, settings: Settings) -> None:
    (folder / "bad.pdf").write_bytes(b"%PDF-1.7 nothing")
    job = read(Patterns(include=("*.pdf", "*.md"))).job_id
    (folder / "bad.pdf").write_bytes(b"Mended.")
    assert again(indexes, job, settings=settings.ingest).failed == 0
    assert set(indexes.catalogue.known("c")) == {"policies/leave.md", "bad.pdf"}
    assert indexes.catalogue.jobs.find(job).patterns == Patterns(("*.pdf", "*.md"))


def test_a_folder_that_is_left_out_is_not_looked_into(read, folder: Path) -> None:
    (folder / "locked").mkdir(mode=0o000)
    assert read(Patterns(exclude=("locked",))).failed == 0
    if os.geteuid() != 0:
        assert read(Patterns(include=("*.md",))).failed == 1


def test_patterns_that_admit_nothing_are_one_clear_sentence(read) -> None:
    with pytest.raises(SourceError, match="no file that the patterns admit"):
        read(Patterns(include=("*.docx",)))


def test_a_plan_tells_what_was_moved_from_what_came_and_went(
    read, folder: Path, indexes: Indexes, settings: Settings
) -> None:
    read()
    (folder / "prices.csv").rename(folder / "policies/prices 2026.csv")
    (folder / "policies/leave.md").write_text("# Leave\n\nParental leave lasts 20 weeks.\n")
    (folder / "new.md").write_text("Something new.")
    planned = plan(indexes, folder, collection="c", settings=settings.ingest)
    assert planned.moved == (("prices.csv", "policies/prices 2026.csv"),)
    assert (planned.added, planned.changed, planned.removed) == (("new.md",), ("policies/leave.md",), ())
