"""Ingestion at the command line, on a real folder."""

from __future__ import annotations

import os
from pathlib import Path

from openpyxl import Workbook

from tests.cli.conftest import Touchstone

FIELDS = [
    "job_id", "collection", "state", "found", "indexed", "unchanged", "removed", "skipped", "failed", "chunks",
    "seconds", "documents",
]  # fmt: skip


def test_ingesting_prints_the_report_that_is_promised(touchstone: Touchstone, source: Path) -> None:
    done = touchstone("ingest", source, "--json")
    assert done.code == 0
    assert list(done.json) == FIELDS
    assert (done.json["state"], done.json["found"], done.json["indexed"]) == ("COMPLETED", 2, 2)


def test_what_has_not_changed_is_left_alone_and_what_is_gone_is_removed(touchstone: Touchstone, source: Path) -> None:
    touchstone("ingest", source)
    (source / "shop.txt").unlink()
    report = touchstone("ingest", source, "--json").json
    assert (report["found"], report["indexed"], report["unchanged"], report["removed"]) == (1, 0, 1, 1)
    assert report["documents"] == [{"document": "shop.txt", "status": "removed", "code": None, "reason": None}]


def test_a_file_that_cannot_be_read_is_named_with_its_reason_and_ends_with_3(
    touchstone: Touchstone, source: Path
) -> None:
    (source / "broken.pdf").write_bytes(b"%PDF-1.7 and nothing more")
    done = touchstone("ingest", source)
    assert done.code == 3
    assert "broken.pdf" in done.out
    assert "3 files found: 2 indexed, 0 unchanged, 1 failed." in done.out


def test_a_sheet_without_text_is_reported_wherever_the_document_is(touchstone: Touchstone, source: Path) -> None:
    book = Workbook()
    book.active.append(["Van", "Miles"])
    book.create_sheet("Plans")
    book.save(source / "fleet.xlsx")
    note = {"document": "fleet.xlsx", "status": "indexed", "code": None, "reason": "sheet 2 (Plans) has no filled cell"}
    report = touchstone("ingest", source, "--json").json
    assert (report["notes"], report["documents"], report["indexed"]) == ([note], [], 3)
    assert touchstone("jobs", "show", report["job_id"], "--json").json["notes"] == [note]
    assert "fleet.xlsx  sheet 2 (Plans) has no filled cell" in touchstone("jobs", "show", report["job_id"]).out
    assert touchstone("documents", "show", "fleet.xlsx", "--json").json["notes"] == [note["reason"]]
    assert "notes" not in touchstone("ingest", source, "--json").json


def test_a_name_that_is_not_utf_8_never_crashes(touchstone: Touchstone, source: Path) -> None:
    with open(os.path.join(os.fsencode(source), b"caf\xe9.txt"), "wb") as file:
        file.write(b"words")
    done = touchstone("ingest", source)
    assert done.code == 3
    assert "caf\\xe9.txt" in done.out
    (failed,) = touchstone("ingest", source, "--json").json["documents"]
    assert (failed["document"], failed["code"]) == ("caf\\xe9.txt", "bad_name")


def test_several_sources_give_one_report(touchstone: Touchstone, source: Path, tmp_path: Path) -> None:
    (tmp_path / "note.md").write_text("The key hangs by the door.")
    report = touchstone("ingest", source, tmp_path / "note.md", "--json").json
    assert (report["found"], report["indexed"], report["job_id"].count(",")) == (3, 3, 1)


def test_an_empty_folder_is_said_in_words(touchstone: Touchstone, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = touchstone("ingest", tmp_path / "empty")
    assert (done.code, "is empty" in done.err) == (2, True)


def test_a_dry_run_says_what_would_be_done_and_does_nothing(touchstone: Touchstone, source: Path) -> None:
    done = touchstone("ingest", source, "--dry-run", "--json")
    assert done.json["plans"][0]["added"] == ["policies/leave.md", "shop.txt"]
    assert touchstone("index", "status", "--json").json["collections"] == []


def test_documents_can_be_removed(touchstone: Touchstone, source: Path) -> None:
    touchstone("ingest", source)
    assert touchstone("documents", "remove", "shop.txt").code == 0
    again = touchstone("documents", "show", "shop.txt")
    assert (again.code, "shop.txt" in again.err) == (2, True)


def test_the_index_can_be_rebuilt_from_the_catalogue(touchstone: Touchstone, source: Path) -> None:
    chunks = touchstone("ingest", source, "--json").json["chunks"]
    before = touchstone("search", "parental leave", "--json").json["hits"]
    assert touchstone("index", "rebuild", "--json").json["vectors"] == chunks
    assert touchstone("search", "parental leave", "--json").json["hits"] == before


def test_a_pattern_that_means_nothing_ends_with_2_and_a_sentence(touchstone: Touchstone, source: Path) -> None:
    done = touchstone("ingest", source, "--include", "[z-a]")
    assert done.code == 2
    assert "include.0: has the range z-a, which is empty" in done.err
