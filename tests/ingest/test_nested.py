"""Archives and mails in archives and mails: every file in them is accounted for, and their nesting ends."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.access import ANONYMOUS, OWNER
from core.settings.load import Settings
from indexes.catalogue.rows import Known
from indexes.indexes import Indexes
from ingest.pipeline import ingest
from ingest.plan import detached
from ingest.reading.read import Allowance
from ingest.work import Progress
from tests.ingest.conftest import Ingest
from tests.ingest.test_pipeline import by_document, mail
from tests.ingest.test_sidecar import readable_by


def packed(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def test_members_at_every_depth_are_documents(run: Ingest, folder: Path, indexes: Indexes) -> None:
    inner = packed({"mail.eml": mail("plan.csv", "step,day\ndig,1"), "broken.pdf": b"%PDF-1.7 broken"})
    (folder / "bundle.zip").write_bytes(packed({"a/inner.zip": inner, "notes.txt": b"Notes on the move."}))
    outcomes = by_document(run())
    assert {name: kind for name, kind in outcomes.items() if name.startswith("bundle")} == {
        "bundle.zip": "Indexed",
        "bundle.zip!/notes.txt": "Indexed",
        "bundle.zip!/a/inner.zip": "Indexed",
        "bundle.zip!/a/inner.zip!/broken.pdf": "Failed",
        "bundle.zip!/a/inner.zip!/mail.eml": "Indexed",
        "bundle.zip!/a/inner.zip!/mail.eml!/plan.csv": "Indexed",
    }
    assert "dig" in indexes.catalogue.text("c", "bundle.zip!/a/inner.zip!/mail.eml!/plan.csv", access=OWNER)
    again = run()
    assert (again.found, again.unchanged, again.failed) == (8, 7, 1)
    (folder / "bundle.zip").write_bytes(packed({"notes.txt": b"Notes on the move."}))
    assert run().removed == 3


def test_what_a_stopped_run_left_of_an_older_archive_is_removed_by_the_next(
    run: Ingest, folder: Path, indexes: Indexes, settings: Settings
) -> None:
    members = {"in.zip": packed({"old.txt": b"An old word."}), "notes.txt": b"Notes on the move."}
    (folder / "bundle.zip").write_bytes(packed(members))
    run()
    (folder / "bundle.zip").write_bytes(packed({"notes.txt": b"Notes on the move."}))
    with pytest.raises(KeyboardInterrupt):
        ingest(indexes, folder, collection="c", settings=settings.ingest, progress=_stopped_at_the_archive)
    assert "bundle.zip!/in.zip" in indexes.catalogue.known("c")
    report = run()
    assert (report.removed, report.unchanged) == (2, 4)
    assert {name for name in indexes.catalogue.known("c") if "!/" in name} == {"bundle.zip!/notes.txt"}


def _stopped_at_the_archive(progress: Progress) -> None:
    if progress.document == "bundle.zip":
        raise KeyboardInterrupt


def test_archives_inside_archives_end_at_a_depth(run: Ingest, folder: Path) -> None:
    content = b"The last words."
    for depth in range(9):
        content = packed({"deep.zip" if depth else "deep.txt": content})
    (folder / "deep.zip").write_bytes(content)
    outcomes = {o.document.count("!/"): o for o in run().outcomes if o.document.startswith("deep")}
    assert max(outcomes) == 5
    assert getattr(outcomes[5], "code", None) == "unsupported"


def test_what_comes_out_of_one_file_is_limited_however_it_is_nested() -> None:
    allowance = Allowance(files=2, total_bytes=10)
    taken = [
        allowance.refuses(f"a.zip!/{name}", size) for name, size in (("b", 4), ("in.zip!/c", 7), ("d", 6), ("e", 0))
    ]
    assert [refused and refused[0] for refused in taken] == [None, "too_large", None, "too_large"]
    assert allowance.refuses("other.zip!/b", 9) is None


def test_metadata_inside_an_archive_is_refused_with_the_file_it_is_about(
    run: Ingest, folder: Path, indexes: Indexes
) -> None:
    said = b'{"groups": ["hr"]}'
    members = {"pay.txt": b"the pay of everybody", "pay.txt.meta.json": said, "open.txt": b"opening hours"}
    (folder / "b.zip").write_bytes(packed(members))
    outcomes = {o.document: getattr(o, "code", None) for o in run().outcomes}
    assert outcomes["b.zip!/pay.txt"] == "bad_metadata"
    assert outcomes["b.zip!/pay.txt.meta.json"] == "stray_metadata"
    assert "b.zip!/open.txt" in readable_by(indexes, ANONYMOUS)
    assert "b.zip!/pay.txt" not in readable_by(indexes, OWNER)


class Counted(tuple[tuple[str, str], ...]):
    """What is in an archive, counting how often it is gone through."""

    looks = 0

    def __iter__(self) -> Iterator[tuple[str, str]]:
        Counted.looks += 1
        return super().__iter__()


def test_what_an_archive_holds_is_gone_through_once_however_many_members_it_had() -> None:
    held = Counted((f"{number:03}.txt", "sha") for number in range(100))
    archive = Known(version="1", sha256="a", size=1, mtime_ns=1, attached=held)
    members = {f"all.zip!/{number:03}.txt": replace(archive, attached=()) for number in range(200)}
    inside = {"all.zip!/150.txt!/deep.txt": replace(archive, attached=())}
    gone = detached({"all.zip": archive, **members, **inside}, {"all.zip"})
    assert gone == sorted([*list(members)[100:], *inside])
    assert Counted.looks == 1
