"""Who may read a document, said with an ingestion or by hand, and what later ingestions leave of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest

from core.access import ANONYMOUS, OWNER, Access
from core.errors import UsageError
from core.settings.load import Settings
from core.settings.sections import Rule
from indexes.catalogue.groups import set_groups
from indexes.catalogue.rows import Description
from indexes.indexes import Indexes
from ingest.describe import settled
from ingest.pipeline import run as run_job
from ingest.record import new_job
from ingest.work import Work
from tests.ingest.test_sidecar import readable_by, say

HR, STAFF = Access(frozenset({"hr"})), Access(frozenset({"staff"}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "documents"
    made.mkdir()
    (made / "a.txt").write_text("About leave.")
    (made / "post.eml").write_bytes(mail({"plan.txt": b"The plan."}))
    return made


def mail(attachments: dict[str, bytes]) -> bytes:
    message = EmailMessage()
    message["Subject"] = "The plan"
    message.set_content("See attached.")
    for name, content in attachments.items():
        message.add_attachment(content, maintype="text", subtype="plain", filename=name)
    return message.as_bytes()


def ingest(
    indexes: Indexes, folder: Path, groups: Sequence[str] | None = None, *rules: Rule
) -> dict[str, frozenset[str]]:
    job = replace(new_job(folder, "c", "RUNNING", "command"), groups=groups)
    chosen = Settings().ingest.model_copy(update={"rules": rules})
    run_job(Work(indexes=indexes, settings=chosen, job=indexes.catalogue.jobs.add(job)))
    return held(indexes)


def held(indexes: Indexes) -> dict[str, frozenset[str]]:
    return {row.document: row.groups for row in indexes.catalogue.documents("c", access=OWNER)}


def by_hand(indexes: Indexes, document: str, *groups: str) -> None:
    set_groups(indexes.catalogue, indexes.catalogue.document("c", document, access=OWNER), groups)


EVERY = ("a.txt", "post.eml", "post.eml!/plan.txt")


def test_an_ingestion_gives_groups_to_all_it_brings_in_and_one_without_the_option_keeps_them(
    indexes: Indexes, folder: Path
) -> None:
    assert ingest(indexes, folder, ["hr"]) == dict.fromkeys(EVERY, frozenset({"hr"}))
    (folder / "a.txt").write_text("About leave, once more.")
    (folder / "post.eml").write_bytes(mail({"plan.txt": b"The plan.", "more.txt": b"More of it."}))
    assert ingest(indexes, folder) == dict.fromkeys([*EVERY, "post.eml!/more.txt"], frozenset({"hr"}))
    vectors = indexes.vectors.ids("c")
    assert set(ingest(indexes, folder, ["staff"]).values()) == {frozenset({"staff"})}
    assert set(ingest(indexes, folder, []).values()) == {frozenset()}
    assert indexes.vectors.ids("c") == vectors


def test_what_is_said_of_one_document_goes_before_what_is_said_of_all(indexes: Indexes, folder: Path) -> None:
    say(folder, "a.txt", {"groups": ["hr"]})
    rule = Rule(pattern="*.eml", groups=("board",))
    groups = ingest(indexes, folder, ["staff"], rule)
    assert groups == {"a.txt": {"hr"}, "post.eml": {"board"}, "post.eml!/plan.txt": {"board"}}
    (folder / "a.txt.meta.json").unlink()
    assert ingest(indexes, folder, ["staff"])["a.txt"] == {"staff"}


def test_what_was_set_by_hand_holds_at_once_with_all_that_is_inside_and_stays(indexes: Indexes, folder: Path) -> None:
    ingest(indexes, folder)
    by_hand(indexes, "post.eml", "hr")
    assert readable_by(indexes, ANONYMOUS) == ["a.txt"]
    assert readable_by(indexes, HR) == list(EVERY)
    (folder / "post.eml").write_bytes(mail({"plan.txt": b"Another plan.", "more.txt": b"More of it."}))
    say(folder, "post.eml", {"groups": ["staff"], "tags": ["post"]})
    groups = ingest(indexes, folder, ["staff"])
    assert {name: found for name, found in groups.items() if name.startswith("post")} == dict.fromkeys(
        ["post.eml", "post.eml!/more.txt", "post.eml!/plan.txt"], frozenset({"hr"})
    )
    by_hand(indexes, "post.eml")
    assert "post.eml!/plan.txt" in readable_by(indexes, ANONYMOUS)


def test_a_document_that_came_in_another_has_its_groups_and_no_others(indexes: Indexes, folder: Path) -> None:
    ingest(indexes, folder)
    with pytest.raises(UsageError, match=r"came in post\.eml"):
        by_hand(indexes, "post.eml!/plan.txt", "hr")


def test_a_document_whose_name_begins_like_another_s_is_left_alone(indexes: Indexes, folder: Path) -> None:
    for name in ("a%.txt", "a%.txt.bak.txt", "ab.txt"):
        (folder / name).write_text("Words.")
    ingest(indexes, folder)
    by_hand(indexes, "a%.txt", "hr")
    assert {name for name, groups in held(indexes).items() if groups} == {"a%.txt"}


def test_what_is_settled_is_settled_again_to_the_same() -> None:
    for said in ({"hr"}, set()):
        for origin in ("", "ingestion", "hand"):
            for given in (None, (), ("staff",)):
                before = Description(groups=frozenset({"x"}), groups_from=origin)
                plain = Description(groups=frozenset(said))
                once = settled(plain, before, given)
                assert settled(plain, once, given) == settled(plain, once, None) == once
