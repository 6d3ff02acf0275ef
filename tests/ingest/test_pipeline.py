"""The flow: ingest, change the source, ingest again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.access import OWNER
from core.errors import SourceError
from core.settings.load import Settings
from indexes.catalogue.schema import changes
from indexes.indexes import Indexes
from indexes.search.search import search
from ingest.outcomes import Failed, IngestReport, Removed, Skipped
from ingest.pipeline import ingest, plan
from ingest.work import Progress
from tests.ingest.conftest import Ingest


def by_document(report: IngestReport) -> dict[str, str]:
    return {outcome.document: type(outcome).__name__ for outcome in report.outcomes}


def titles(indexes: Indexes, text: str) -> list[str]:
    return [hit.document for hit in search(indexes, text, access=OWNER, collection="c", limit=5).hits]


def test_what_was_ingested_is_found(run: Ingest, indexes: Indexes) -> None:
    report = run()
    assert (report.found, report.indexed, report.state) == (2, 2, "COMPLETED")
    assert titles(indexes, "parental leave")[0] == "policies/leave.md"


def test_a_file_of_the_same_size_and_time_is_not_read_again(run: Ingest, folder: Path) -> None:
    run()
    before = (folder / "prices.csv").stat()
    (folder / "prices.csv").write_text("item,price\npump,999\nvalve,35\n")
    os.utime(folder / "prices.csv", ns=(before.st_atime_ns, before.st_mtime_ns))
    report = run()
    assert (report.unchanged, report.indexed, report.chunks) == (2, 0, 0)


def test_a_changed_document_is_replaced(run: Ingest, folder: Path, indexes: Indexes) -> None:
    run()
    (folder / "policies/leave.md").write_text("# Leave\n\nParental leave lasts 20 weeks.\n")
    report = run()
    assert (by_document(report), report.unchanged) == ({"policies/leave.md": "Indexed"}, 1)
    assert "20 weeks" in indexes.catalogue.text("c", "policies/leave.md", access=OWNER)


def test_a_file_that_was_only_touched_is_unchanged_now_and_without_reading_next_time(
    run: Ingest, folder: Path, indexes: Indexes
) -> None:
    run()
    os.utime(folder / "prices.csv", ns=(1, 1))
    assert run().unchanged == 2
    assert indexes.catalogue.known("c")["prices.csv"].mtime_ns == 1


def test_a_vanished_document_is_removed(run: Ingest, folder: Path, indexes: Indexes) -> None:
    run()
    (folder / "prices.csv").unlink()
    report = run()
    assert (report.found, report.removed) == (1, 1)
    assert Removed("prices.csv") in report.outcomes
    assert list(indexes.catalogue.known("c")) == ["policies/leave.md"]


def test_documents_of_another_source_are_left_alone(run: Ingest, tmp_path: Path, indexes: Indexes) -> None:
    run()
    other = tmp_path / "other"
    other.mkdir()
    (other / "notes.txt").write_text("Notes on the move.")
    assert run(other).removed == 0
    assert len(indexes.catalogue.known("c")) == 3


def test_a_name_that_another_source_holds_is_not_taken_over(run: Ingest, tmp_path: Path, indexes: Indexes) -> None:
    run()
    other = tmp_path / "other"
    other.mkdir()
    (other / "prices.csv").write_text("item,price\npump,999\n")
    (outcome,) = run(other).outcomes
    assert isinstance(outcome, Skipped)
    assert outcome.code == "name_taken"
    assert "999" not in indexes.catalogue.text("c", "prices.csv", access=OWNER)


def test_a_folder_that_moved_takes_its_documents_along(run: Ingest, folder: Path, indexes: Indexes) -> None:
    run()
    moved = folder.rename(folder.with_name("moved"))
    assert run(moved).indexed == 2
    (moved / "prices.csv").unlink()
    assert run(moved).removed == 1


def test_a_document_that_fails_keeps_its_old_version(run: Ingest, folder: Path, indexes: Indexes) -> None:
    run()
    (folder / "prices.csv").write_bytes(b"")
    report = run()
    assert (report.failed, report.removed, report.state) == (1, 0, "COMPLETED_WITH_ERRORS")
    assert "pump" in indexes.catalogue.text("c", "prices.csv", access=OWNER)


def test_the_four_counts_add_up(run: Ingest, folder: Path) -> None:
    (folder / "empty.txt").write_bytes(b"")
    (folder / ".hidden").write_text("x")
    (folder / "archive.7z").write_bytes(b"7z\xbc\xaf\x27\x1c\x00\x00")
    report = run()
    counts = (report.indexed, report.unchanged, report.skipped, report.failed)
    assert (report.found, *counts) == (5, 2, 0, 2, 1)
    assert report.found == sum(counts)


def test_a_single_file_is_a_source_too(run: Ingest, folder: Path, indexes: Indexes) -> None:
    assert by_document(run(folder / "prices.csv")) == {"prices.csv": "Indexed"}
    again = run()
    assert (again.unchanged, by_document(again)) == (1, {"policies/leave.md": "Indexed"})
    (folder / "prices.csv").unlink()
    assert Removed("prices.csv") in run().outcomes


@pytest.mark.parametrize("state", ["missing", "empty"])
def test_a_source_without_documents_is_refused_and_removes_nothing(
    state: str, run: Ingest, folder: Path, indexes: Indexes
) -> None:
    run()
    for path in (folder / "prices.csv", folder / "policies/leave.md"):
        path.unlink()
    (folder / "policies").rmdir()
    if state == "missing":
        folder.rmdir()
    with pytest.raises(SourceError, match=str(folder)):
        run()
    assert len(indexes.catalogue.known("c")) == 2
    assert indexes.catalogue.jobs.latest()[0].state == "FAILED"


def test_the_job_is_on_record_with_its_numbers(run: Ingest, indexes: Indexes, folder: Path) -> None:
    (folder / "empty.txt").write_bytes(b"")
    report = run()
    row = indexes.catalogue.jobs.find(report.job_id)
    tally = indexes.catalogue.job_documents.tally(report.job_id)
    assert (row.state, row.collection, row.source) == ("COMPLETED_WITH_ERRORS", "c", str(folder))
    assert (tally.found, tally.indexed, tally.failed, tally.pending) == (report.found, report.indexed, 1, 0)
    assert tally.chunks == report.chunks


def test_a_job_that_is_interrupted_says_so_and_the_next_one_goes_on(
    indexes: Indexes, settings: Settings, folder: Path, run: Ingest
) -> None:
    def stop(progress: Progress) -> None:
        if progress.done:
            raise KeyboardInterrupt

    one_by_one = settings.ingest.model_copy(update={"batch_documents": 1})
    with pytest.raises(KeyboardInterrupt):
        ingest(indexes, folder, collection="c", settings=one_by_one, progress=stop)
    (job,) = indexes.catalogue.jobs.latest()
    tally = indexes.catalogue.job_documents.tally(job.id)
    assert (job.state, tally.found, tally.indexed, tally.pending) == ("INTERRUPTED", 2, 1, 1)
    report = run()
    assert (list(by_document(report).values()), report.unchanged) == (["Indexed"], 1)


def test_progress_is_told_from_the_start_and_for_every_document(
    indexes: Indexes, settings: Settings, folder: Path
) -> None:
    seen: list[Progress] = []
    ingest(indexes, folder, collection="c", settings=settings.ingest, progress=seen.append)
    assert [(progress.done, progress.found) for progress in seen] == [(0, 2), (1, 2), (2, 2)]


def test_a_plan_says_what_would_be_done_and_does_nothing(
    run: Ingest, indexes: Indexes, settings: Settings, folder: Path
) -> None:
    run()
    (folder / "prices.csv").unlink()
    (folder / "new.txt").write_text("Something new.")
    (folder / ".hidden").write_text("x")
    planned = plan(indexes, folder, collection="c", settings=settings.ingest)
    assert [item.document for item in planned.to_read] == ["new.txt"]
    assert [item.document for item in planned.unchanged] == ["policies/leave.md"]
    assert planned.vanished == ("prices.csv",)
    assert (planned.found, len(planned.decided)) == (3, 1)
    assert set(indexes.catalogue.known("c")) == {"policies/leave.md", "prices.csv"}


def test_another_chunk_size_waits_for_a_new_version_of_the_index(
    indexes: Indexes, settings: Settings, folder: Path
) -> None:
    ingest(indexes, folder, collection="c", settings=settings.ingest)
    smaller = settings.ingest.model_copy(update={"chunk_word_pieces": 64})
    assert ingest(indexes, folder, collection="c", settings=smaller).unchanged == 2


def mail(attachment: str, content: str) -> bytes:
    return (
        "From: a@x.example\nTo: b@x.example\nSubject: The plan\nMIME-Version: 1.0\n"
        'Content-Type: multipart/mixed; boundary="=="\n\n--==\nContent-Type: text/plain\n\nSee attached.\n'
        f'--==\nContent-Type: text/csv\nContent-Disposition: attachment; filename="{attachment}"\n\n{content}\n--==--\n'
    ).encode()


def test_what_is_attached_to_a_mail_is_a_document_of_its_own(run: Ingest, folder: Path, indexes: Indexes) -> None:
    (folder / "mail.eml").write_bytes(mail("plan.csv", "step,day\ndig,1"))
    report = run()
    assert (report.found, report.indexed) == (4, 4)
    assert "dig" in indexes.catalogue.text("c", "mail.eml!/plan.csv", access=OWNER)
    again = run()
    assert (again.found, again.unchanged) == (4, 4)


def test_an_attachment_that_is_gone_from_its_mail_is_removed(run: Ingest, folder: Path) -> None:
    (folder / "mail.eml").write_bytes(mail("plan.csv", "step,day\ndig,1"))
    run()
    (folder / "mail.eml").write_bytes(mail("budget.csv", "item,cost\nspade,9"))
    outcomes = by_document(run())
    assert outcomes["mail.eml!/plan.csv"] == "Removed"
    assert outcomes["mail.eml!/budget.csv"] == "Indexed"


def test_an_attachment_that_cannot_be_read_does_not_harm_its_mail(run: Ingest, folder: Path) -> None:
    (folder / "mail.eml").write_bytes(mail("plan.pdf", "%PDF-1.7 broken"))
    for _ in range(2):
        report = run()
        (failed,) = (outcome for outcome in report.outcomes if isinstance(outcome, Failed))
        assert failed.document == "mail.eml!/plan.pdf"
        assert (report.found, report.failed) == (4, 1)


def test_attachments_of_a_vanished_mail_go_with_it(run: Ingest, folder: Path, indexes: Indexes) -> None:
    (folder / "mail.eml").write_bytes(mail("plan.csv", "step,day\ndig,1"))
    run()
    (folder / "mail.eml").unlink()
    assert run().removed == 2
    assert "mail.eml!/plan.csv" not in indexes.catalogue.known("c")


def transactions(indexes: Indexes, run: Ingest, source: Path) -> int:
    """How many transactions that write another ingestion of what is indexed takes."""
    before = changes(indexes.catalogue.engine)
    report = run(source)
    assert report.found == report.unchanged + report.indexed
    assert report.chunks == 0
    return changes(indexes.catalogue.engine) - before


def test_files_that_were_touched_or_described_cost_no_transaction_each(
    run: Ingest, folder: Path, many: Path, indexes: Indexes
) -> None:
    for source in (folder, many):
        run(source)
        for path in [path for path in source.rglob("*") if path.is_file()]:
            os.utime(path, ns=(1, 1))
    assert transactions(indexes, run, folder) == transactions(indexes, run, many)
    assert {known.mtime_ns for known in indexes.catalogue.known("c").values()} == {1}
    for source in (folder, many):
        for path in [path for path in source.rglob("*") if path.is_file()]:
            path.with_name(f"{path.name}.meta.json").write_text('{"groups": ["staff"]}')
    assert transactions(indexes, run, folder) == transactions(indexes, run, many)
    assert {known.description.groups for known in indexes.catalogue.known("c").values()} == {frozenset({"staff"})}
