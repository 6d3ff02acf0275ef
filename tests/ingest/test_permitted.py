"""A caller who is no admin reads no file that is closed to it, and changes no document that it did not bring in."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from core.access import OWNER, Access, may_bring_in, may_change, narrowest
from core.settings.load import Settings
from core.settings.sections import EmbedderSettings, IngestSettings, Rule
from core.settings.service import ServerSettings
from core.sources import EVERYTHING, Patterns
from indexes.catalogue.groups import set_groups
from indexes.catalogue.rows import JobRow, Order
from indexes.indexes import Indexes
from indexes.open import open_indexes
from tests.service.api.at_once import AtOnce

ADMIN = Order()
Run = Callable[..., JobRow]


def caller(name: str, *groups: str) -> Order:
    return Order(begun_by=name, groups=groups, caller_groups=groups)


INTERN, HR, NOBODY = caller("intern", "interns"), caller("helen", "hr"), caller("nobody")


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    folder = tmp_path / "shared"
    (folder / "hr").mkdir(parents=True)
    (folder / "pay.md").write_text("The pay of the director.")
    (folder / "hr/review.md").write_text("The review was a disaster.")
    (folder / "menu.md").write_text("Soup on Monday.")
    return folder


@pytest.fixture
def settings(tmp_path: Path, shared: Path) -> Settings:
    return Settings(
        data=tmp_path / "data",
        embedder=EmbedderSettings(kind="hashing"),
        ingest=IngestSettings(rules=(Rule(pattern="hr/**", groups=("hr",)),)),
        server=ServerSettings(sources=(str(shared),)),
    )


@pytest.fixture
def indexes(settings: Settings) -> Iterator[Indexes]:
    with open_indexes(settings) as opened:
        yield opened


@pytest.fixture
def run(indexes: Indexes, settings: Settings) -> Run:
    """Ingests for somebody, and returns the job."""

    def ingest(source: Path, order: Order, collection: str = "c", patterns: Patterns = EVERYTHING) -> JobRow:
        return AtOnce(indexes, settings).submit(str(source), collection, patterns=patterns, order=order)

    return ingest


def only(*names: str) -> Patterns:
    return Patterns(include=names)


def held(indexes: Indexes, collection: str = "c") -> dict[str, list[str]]:
    rows = indexes.catalogue.documents(collection, access=OWNER)
    return {row.document: sorted(row.groups) for row in rows}


def told(indexes: Indexes, job: JobRow, *groups: str) -> dict[str, str | None]:
    entries = indexes.catalogue.job_documents.listed(job.id, access=Access(frozenset(groups)))
    return {entry.document: entry.code or entry.status for entry in entries}


def test_what_an_admin_gave_a_document_stays_whoever_ingests_its_folder_again(
    indexes: Indexes, shared: Path, run: Run
) -> None:
    run(shared, Order(groups=("hr",)))
    before = held(indexes)
    (shared / "pay.md").write_text("The pay of the director was raised.")
    for order in (INTERN, NOBODY, HR, caller("helen", "hr", "interns")):
        run(shared, order)
        assert held(indexes) == before == {"hr/review.md": ["hr"], "menu.md": ["hr"], "pay.md": ["hr"]}
    assert "raised" not in indexes.catalogue.text("c", "pay.md", access=OWNER)


def test_an_open_document_of_somebody_else_is_named_as_such_and_neither_closed_nor_replaced(
    indexes: Indexes, shared: Path, run: Run
) -> None:
    run(shared, ADMIN)
    (shared / "menu.md").write_text("Stew on Monday.")
    job = run(shared, INTERN)
    assert held(indexes)["menu.md"] == []
    assert "Soup" in indexes.catalogue.text("c", "menu.md", access=OWNER)
    assert told(indexes, job, "interns") == {"menu.md": "not_yours", "pay.md": "not_yours"}


@pytest.mark.parametrize("place", ["hr", "hr/review.md", "."])
def test_a_rule_holds_from_the_root_in_the_settings_whatever_is_named_as_source(
    indexes: Indexes, shared: Path, run: Run, place: str
) -> None:
    run(shared / place, INTERN, "mine")
    assert not any("review" in name for name in held(indexes, "mine"))
    run(shared / place, HR, "ours")
    (name,) = [name for name in held(indexes, "ours") if "review" in name]
    assert held(indexes, "ours")[name] == ["hr"]


def test_a_rule_that_closes_a_file_is_not_loosened_by_the_groups_of_an_ingestion(
    indexes: Indexes, shared: Path, run: Run
) -> None:
    both = Order(begun_by="both", groups=("interns",), caller_groups=("hr", "interns"))
    run(shared, both)
    assert held(indexes) == {"hr/review.md": ["hr"], "menu.md": ["interns"], "pay.md": ["interns"]}


def test_a_file_that_an_admin_closed_is_closed_in_every_collection_by_every_way_to_it(
    indexes: Indexes, shared: Path, run: Run, tmp_path: Path
) -> None:
    run(shared / "pay.md", Order(groups=("hr",)), "admins")
    os.symlink(shared / "pay.md", shared / "link.md")
    os.symlink(shared, tmp_path / "way")
    for number, (place, patterns) in enumerate(
        [(shared, EVERYTHING), (shared / "pay.md", EVERYTHING), (tmp_path / "way", only("*.md"))]
    ):
        run(place, INTERN, f"mine {number}", patterns)
        assert not {"pay.md", "link.md"} & held(indexes, f"mine {number}").keys()
    run(shared, Order(begun_by="both", groups=("interns",), caller_groups=("hr", "interns")), "copies")
    assert held(indexes, "copies")["pay.md"] == ["hr"]


def test_a_file_that_moved_is_as_closed_as_it_was_and_stays_so(indexes: Indexes, shared: Path, run: Run) -> None:
    run(shared, Order(groups=("hr",)))
    (shared / "pay.md").rename(shared / "other.md")
    both = Order(begun_by="both", groups=("interns",), caller_groups=("hr", "interns"))
    run(shared, INTERN)
    assert "other.md" not in held(indexes)
    assert "pay.md" in held(indexes)
    for _ in range(2):
        run(shared, both)
        assert held(indexes)["other.md"] == ["hr"]


def test_what_came_in_a_closed_file_is_closed_too(indexes: Indexes, shared: Path, run: Run) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("inner.md", "What only hr knows.")
    (shared / "box.zip").write_bytes(packed.getvalue())
    run(shared, Order(groups=("hr",)))
    (shared / "box.zip").rename(shared / "parcel.zip")
    run(shared, INTERN)
    run(shared, INTERN, "mine")
    assert not any("parcel" in name for name in (*held(indexes), *held(indexes, "mine")))
    assert "box.zip!/inner.md" in held(indexes)


def test_a_metadata_file_closes_a_file_to_those_it_does_not_name(indexes: Indexes, shared: Path, run: Run) -> None:
    (shared / "menu.md.meta.json").write_text(json.dumps({"groups": ["cooks"]}))
    job = run(shared, INTERN)
    assert held(indexes) == {"pay.md": ["interns"]}
    assert told(indexes, job, "interns") == {"pay.md": "indexed"}
    assert told_all(indexes, job) == {"hr/review.md": "closed", "menu.md": "closed", "pay.md": "indexed"}


def told_all(indexes: Indexes, job: JobRow) -> dict[str, str | None]:
    return {entry.document: entry.code or entry.status for entry in indexes.catalogue.job_documents.listed(job.id)}


def test_a_closed_file_and_one_that_is_not_there_look_the_same(indexes: Indexes, shared: Path, run: Run) -> None:
    closed = run(shared / "hr/review.md", INTERN, "mine")
    absent = run(shared / "hr/absent.md", INTERN, "mine")
    (shared / "bare").mkdir()
    all_closed, empty = run(shared / "hr", INTERN, "mine"), run(shared / "bare", INTERN, "mine")
    for one, other, name, place in (
        (closed, absent, "absent", "review"),
        (all_closed, empty, "bare", "hr"),
    ):
        assert one.report is not None
        assert other.report is not None
        assert other.report["error"] == json.loads(json.dumps(one.report["error"]).replace(f"/{place}", f"/{name}"))
        tally = indexes.catalogue.job_documents.tally(one.id, access=Access(frozenset({"interns"})))
        assert (one.state, tally.found) == ("FAILED", 0)


def test_a_caller_s_job_removes_what_it_brought_in_and_nothing_else(indexes: Indexes, shared: Path, run: Run) -> None:
    run(shared, ADMIN, patterns=only("menu.md"))
    run(shared, INTERN, patterns=only("pay.md"))
    for name in ("menu.md", "pay.md"):
        (shared / name).unlink()
    (shared / "new.md").write_text("Something new.")
    run(shared, INTERN)
    assert held(indexes) == {"menu.md": [], "new.md": ["interns"]}
    run(shared, ADMIN)
    assert held(indexes) == {"hr/review.md": ["hr"], "new.md": ["interns"]}


def test_its_own_document_is_brought_up_to_date_and_keeps_what_an_admin_said_of_it_since(
    indexes: Indexes, shared: Path, run: Run
) -> None:
    run(shared, INTERN, patterns=only("menu.md"))
    (shared / "menu.md").write_text("Stew on Monday.")
    run(shared, caller("intern", "interns", "guests"))
    assert held(indexes)["menu.md"] == ["guests", "interns"]
    assert "Stew" in indexes.catalogue.text("c", "menu.md", access=OWNER)
    set_groups(indexes.catalogue, indexes.catalogue.document("c", "menu.md", access=OWNER), ["interns"])
    run(shared, caller("intern", "interns", "guests"))
    assert held(indexes)["menu.md"] == ["interns"]
    set_groups(indexes.catalogue, indexes.catalogue.document("c", "menu.md", access=OWNER), ["hr"])
    (shared / "menu.md").write_text("Fish on Monday.")
    run(shared, INTERN)
    assert held(indexes)["menu.md"] == ["hr"]
    assert "Stew" in indexes.catalogue.text("c", "menu.md", access=OWNER)


def test_its_copy_of_a_file_that_is_closed_later_goes_with_its_next_run(
    indexes: Indexes, shared: Path, run: Run
) -> None:
    run(shared, INTERN, "mine")
    run(shared, Order(groups=("hr",)), patterns=only("pay.md"))
    run(shared, INTERN, "mine")
    assert held(indexes, "mine") == {"menu.md": ["interns"]}


def test_a_job_taken_up_again_by_the_owner_may_do_what_its_caller_may(
    indexes: Indexes, shared: Path, settings: Settings, run: Run
) -> None:
    job = run(shared / "hr", INTERN, "mine")
    assert job.state == "FAILED"
    retried = AtOnce(indexes, settings).retry(job.id)
    assert (retried.state, held(indexes, "mine")) == ("FAILED", {})
    assert told(indexes, retried) == {}


def test_a_source_that_is_no_longer_in_the_settings_is_not_read_for_a_key(
    indexes: Indexes, shared: Path, settings: Settings, run: Run
) -> None:
    job = run(shared / "absent", INTERN, "mine")
    (shared / "absent").mkdir()
    (shared / "absent/a.md").write_text("It is there now.")
    nowhere = settings.model_copy(update={"server": ServerSettings()})
    assert AtOnce(indexes, nowhere).retry(job.id).state == "FAILED"
    assert AtOnce(indexes, settings).retry(job.id).state == "COMPLETED"


def test_a_list_of_urls_in_a_closed_folder_is_not_there_for_others(
    indexes: Indexes, shared: Path, settings: Settings, run: Run
) -> None:
    (shared / "hr/links.urls").write_text("https://docs.example/a.pdf\n")
    job = run(shared / "hr/links.urls", INTERN, "mine")
    assert job.report is not None
    assert "There is no file or folder" in job.report["error"]["detail"]


def test_an_admin_s_ingestion_may_change_everything(indexes: Indexes, shared: Path, run: Run) -> None:
    run(shared, INTERN)
    run(shared, Order(groups=("hr",)))
    assert set(map(tuple, held(indexes).values())) == {("hr",)}
    run(shared, INTERN)
    run(shared, NOBODY)
    assert set(map(tuple, held(indexes).values())) == {("hr",)}


@pytest.mark.parametrize(
    ("who", "brought_by", "may"), [("", "ann", True), ("ann", "ann", True), ("ann", "bob", False), ("ann", "", False)]
)
def test_who_may_change_a_document(who: str, brought_by: str, may: bool) -> None:
    assert may_change(who, brought_by) is may


@pytest.mark.parametrize(
    ("groups", "closings", "may", "left"),
    [
        (("a",), (), True, set()),
        (("a",), ((), ("a", "b")), True, {"a", "b"}),
        (("a",), (("a", "b"), ("b",)), False, {"b"}),
        (("a", "b"), (("a",), ("b",)), True, {"a"}),
    ],
)
def test_a_file_is_for_those_whom_everybody_who_may_say_so_names(
    groups: Sequence[str], closings: Sequence[Sequence[str]], may: bool, left: set[str]
) -> None:
    assert may_bring_in(Access(frozenset(groups)), closings) is may
    assert narrowest(closings) == left


def test_a_closed_file_that_cannot_be_read_is_not_named_where_there_is_no_other(shared: Path, run: Run) -> None:
    (shared / "hr/review.md").unlink()
    (shared / "hr/secret-plan.md").symlink_to("nowhere.md")
    told = run(shared / "hr", INTERN)
    assert told.state == "FAILED"
    assert "secret-plan" not in json.dumps(told.report)
    assert "secret-plan" in json.dumps(run(shared / "hr", HR).report)
