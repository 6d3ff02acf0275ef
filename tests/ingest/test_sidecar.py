"""What a metadata file beside a document says, and that nothing it says badly opens the document."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.access import ANONYMOUS, OWNER, Access
from core.errors import ParseError
from core.settings.load import Settings
from indexes.catalogue.rows import Description
from indexes.indexes import Indexes
from ingest.describe import NOTHING_SAID, read_sidecar
from ingest.outcomes import Failed, Indexed, Skipped
from ingest.pipeline import plan
from tests.ingest.conftest import Ingest
from tests.ingest.test_pipeline import by_document, mail

SAID = {"groups": ["hr"], "tags": ["policy"], "valid_from": "2026-01-01"}


def say(folder: Path, document: str, text: object) -> Path:
    path = folder / f"{document}.meta.json"
    path.write_text(text if isinstance(text, str) else json.dumps(text))
    return path


def readable_by(indexes: Indexes, access: Access) -> list[str]:
    return [row.document for row in indexes.catalogue.documents("c", access=access)]


def test_groups_tags_and_date_reach_the_index_and_the_metadata_file_is_no_document(
    run: Ingest, folder: Path, indexes: Indexes
) -> None:
    say(folder, "prices.csv", SAID)
    report = run()
    assert (report.found, report.indexed) == (2, 2)
    assert readable_by(indexes, ANONYMOUS) == ["policies/leave.md"]
    row = indexes.catalogue.document("c", "prices.csv", access=Access(frozenset({"hr"})))
    assert (row.tags, row.valid_from) == (("policy",), "2026-01-01")


def test_a_single_file_is_read_with_the_metadata_beside_it(run: Ingest, folder: Path, indexes: Indexes) -> None:
    say(folder, "prices.csv", SAID)
    run(folder / "prices.csv")
    assert readable_by(indexes, ANONYMOUS) == []


def test_a_changed_metadata_file_applies_without_embedding_again(run: Ingest, folder: Path, indexes: Indexes) -> None:
    run()
    say(folder, "prices.csv", SAID)
    report = run()
    assert Indexed("prices.csv", 0) in report.outcomes
    assert (report.indexed, report.unchanged, report.chunks) == (1, 1, 0)
    assert readable_by(indexes, ANONYMOUS) == ["policies/leave.md"]
    assert run().unchanged == 2


def test_removing_the_metadata_file_opens_the_document(run: Ingest, folder: Path, indexes: Indexes) -> None:
    path = say(folder, "prices.csv", SAID)
    run()
    path.unlink()
    run()
    assert "prices.csv" in readable_by(indexes, ANONYMOUS)


def test_a_title_stands_before_every_chunk_so_the_document_is_read_again(
    run: Ingest, folder: Path, indexes: Indexes
) -> None:
    run()
    say(folder, "prices.csv", {"title": "Prices of 2026"})
    report = run()
    assert (by_document(report), report.unchanged) == ({"prices.csv": "Indexed"}, 1)
    assert indexes.catalogue.document("c", "prices.csv", access=OWNER).title == "Prices of 2026"
    assert run().unchanged == 2


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"group": ["hr"]}', '{"groups": "hr"}', '{"groups": []}', '{"groups": [""]}',
     '{"groups": [1]}', '{"groups": ["a"], "groups": ["b"]}', '{"valid_from": "soon"}', '{"title": " "}',
     '{"tags": [' * 40_000],
)  # fmt: skip
def test_a_broken_metadata_file_fails_its_document_and_never_opens_it(
    text: str, run: Ingest, folder: Path, indexes: Indexes
) -> None:
    say(folder, "prices.csv", text)
    (failed,) = (outcome for outcome in run().outcomes if isinstance(outcome, Failed))
    assert (failed.document, failed.code) == ("prices.csv", "bad_metadata")
    assert "prices.csv.meta.json" in failed.reason
    assert readable_by(indexes, OWNER) == ["policies/leave.md"]


def test_a_metadata_file_that_breaks_later_leaves_the_groups_as_they_were(
    run: Ingest, folder: Path, indexes: Indexes
) -> None:
    say(folder, "prices.csv", SAID)
    run()
    say(folder, "prices.csv", "{")
    assert run().failed == 1
    assert readable_by(indexes, Access(frozenset({"hr"}))) == ["policies/leave.md", "prices.csv"]
    assert "prices.csv" not in readable_by(indexes, ANONYMOUS)


def test_a_link_is_no_metadata_file(folder: Path, tmp_path: Path, run: Ingest) -> None:
    (tmp_path / "elsewhere.json").write_text("{}")
    (folder / "prices.csv.meta.json").symlink_to(tmp_path / "elsewhere.json")
    assert run().failed == 1


def test_a_metadata_file_whose_name_is_spelt_otherwise_fails_what_it_may_be_about(
    run: Ingest, folder: Path, indexes: Indexes
) -> None:
    say(folder, "prices.csv", SAID).rename(folder / "prices.csv.Meta.JSON")
    report = run()
    assert [(o.document, o.code) for o in report.outcomes if isinstance(o, Failed)] == [("prices.csv", "bad_metadata")]
    assert readable_by(indexes, OWNER) == ["policies/leave.md"]


def test_metadata_about_a_file_that_is_not_there_or_a_folder_is_reported(run: Ingest, folder: Path) -> None:
    say(folder, "gone.pdf", SAID)
    say(folder, "policies", SAID)
    skipped = {outcome.document: outcome.code for outcome in run().outcomes if isinstance(outcome, Skipped)}
    assert skipped == {"gone.pdf.meta.json": "stray_metadata", "policies.meta.json": "stray_metadata"}


def test_what_is_attached_to_a_mail_is_read_by_those_who_read_the_mail(
    run: Ingest, folder: Path, indexes: Indexes
) -> None:
    (folder / "mail.eml").write_bytes(mail("plan.csv", "step,day\ndig,1"))
    say(folder, "mail.eml", SAID | {"title": "Secret"})
    run()
    assert readable_by(indexes, ANONYMOUS) == ["policies/leave.md", "prices.csv"]
    assert indexes.catalogue.document("c", "mail.eml!/plan.csv", access=OWNER).title == "plan"
    say(folder, "mail.eml", {"groups": ["it"], "title": "Secret"})
    assert [o for o in run().outcomes if isinstance(o, Indexed)] == [
        Indexed("mail.eml", 0),
        Indexed("mail.eml!/plan.csv", 0),
    ]
    assert readable_by(indexes, Access(frozenset({"hr"}))) == ["policies/leave.md", "prices.csv"]
    assert len(readable_by(indexes, Access(frozenset({"it"})))) == 4


def test_a_plan_names_the_files_of_which_only_the_metadata_changed(
    run: Ingest, folder: Path, indexes: Indexes, settings: Settings
) -> None:
    run()
    say(folder, "prices.csv", SAID)
    planned = plan(indexes, folder, collection="c", settings=settings.ingest)
    assert [changed.item.document for changed in planned.described] == ["prices.csv"]
    assert (planned.found, len(planned.unchanged)) == (2, 1)


def test_a_mail_all_of_whose_parts_are_stored_is_not_read_again(run: Ingest, folder: Path, indexes: Indexes) -> None:
    (folder / "mail.eml").write_bytes(mail("plan.csv", "step,day\ndig,1"))
    run()
    indexes.catalogue.remove("c", "mail.eml!/plan.csv")
    assert Indexed("mail.eml!/plan.csv", 1) in run().outcomes
    again = run()
    assert (again.outcomes, again.unchanged) == ((), again.found)
    indexes.catalogue.describe("c", "mail.eml!/plan.csv", Description(groups=frozenset({"x"})))
    run()
    assert "mail.eml!/plan.csv" in readable_by(indexes, ANONYMOUS)


def test_without_a_file_nothing_is_said(tmp_path: Path) -> None:
    assert read_sidecar(None) == NOTHING_SAID
    with pytest.raises(ParseError, match="ordinary file"):
        read_sidecar(tmp_path / "gone.meta.json")
