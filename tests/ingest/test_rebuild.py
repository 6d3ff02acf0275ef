"""The next version of an index is made beside the live one, and holds what a fresh ingestion would."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import delete, func, update

from core.access import ANONYMOUS, OWNER
from core.errors import IndexBroken
from core.settings.load import Settings
from core.settings.sections import EmbedderSettings, IngestSettings
from indexes import versions
from indexes.catalogue.rows import Description
from indexes.catalogue.schema import structures, transaction
from indexes.cutover.carry_over import give_back, hand_over
from indexes.cutover.overview import RebuildProgress, Rebuilt
from indexes.cutover.recall import recall, refuse_incomplete, refuse_unsound
from indexes.embedders.hashing import HashingEmbedder
from indexes.indexes import Indexes
from indexes.open import open_indexes, open_version
from indexes.recipe import Recipe
from indexes.search.search import search
from indexes.write import remove_document
from ingest.changeover import Change, rebuild, roll_back
from ingest.parsers.choose import PARSERS
from ingest.pipeline import ingest, plan
from ingest.rebuild import Build, nothing_said
from tests.ingest.test_pipeline import mail

SHORT = 40


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    source = tmp_path / "documents"
    source.mkdir()
    for number in range(6):
        words = " ".join(f"Sentence {number} {place} says something of its own." for place in range(30))
        (source / f"{number}.md").write_text(f"# Part {number}\n\n{words}\n")
    (source / "named.md").write_text("# Inside\n\nSome words.\n")
    (source / "named.md.meta.json").write_text('{"title": "Outside", "groups": ["staff"]}')
    (source / "mail.eml").write_bytes(mail("plan.csv", "step,day\ndig,1"))
    return source


def shorter(settings: Settings) -> Settings:
    return settings.model_copy(update={"ingest": IngestSettings(chunk_word_pieces=SHORT)})


@contextmanager
def being_made(live: Indexes, wanted: Settings, name: str) -> Iterator[tuple[Build, Indexes]]:
    with open_version(wanted, live.lock, name) as made:
        yield Build(live, made, wanted.ingest), made


def begun(settings: Settings) -> str:
    return versions.begin(settings.data, "test")


def texts(indexes: Indexes, collection: str = "c") -> dict[str, list[tuple[str, str, int]]]:
    rows = indexes.catalogue.documents(collection, access=OWNER)
    return {
        row.document: [
            (hit.text, hit.title, hit.start) for hit in indexes.catalogue.chunks(collection, row.document, access=OWNER)
        ]
        for row in rows
    }


def rebuilt(live: Indexes, wanted: Settings) -> Rebuilt:
    name = begun(wanted)
    with being_made(live, wanted, name) as (build, _):
        build.run()
        done = build.finish()
    versions.make_live(wanted.data, name)
    return done


def test_it_is_what_a_fresh_ingestion_makes_and_the_next_one_finds_nothing_to_do(
    indexes: Indexes, settings: Settings, folder: Path, tmp_path: Path
) -> None:
    ingest(indexes, folder, collection="c", settings=settings.ingest)
    wanted = shorter(settings)
    name = begun(wanted)
    with being_made(indexes, wanted, name) as (build, made):
        build.run()
        done = build.finish()
        assert (done.documents, done.old_parse, done.old_chunks, done.recall) == (9, 0, 0, 1.0)
        planned = plan(made, folder, collection="c", settings=wanted.ingest)
        assert (planned.to_read, planned.described, len(planned.unchanged)) == ((), (), 8)
        with open_indexes(wanted.model_copy(update={"data": tmp_path / "fresh"})) as fresh:
            ingest(fresh, folder, collection="c", settings=wanted.ingest)
            assert texts(made) == texts(fresh) != texts(indexes)
            assert made.catalogue.known("c") == fresh.catalogue.known("c")
        assert made.version == f"{indexes.version}.{name}"


def test_what_happens_meanwhile_is_in_it_in_the_end(indexes: Indexes, settings: Settings, folder: Path) -> None:
    ingest(indexes, folder, collection="c", settings=settings.ingest)
    board = Description(groups=frozenset({"board"}), groups_from="hand")
    indexes.catalogue.describe("c", "4.md", board)
    wanted = shorter(settings)
    with being_made(indexes, wanted, begun(wanted)) as (build, made):
        build.run()
        assert made.catalogue.known("c")["4.md"].description == board
        (folder / "0.md").write_text("# Part 0\n\nOther words.\n")
        (folder / "new.md").write_text("# New\n\nMore.\n")
        (folder / "1.md").unlink()
        ingest(indexes, folder, collection="c", settings=settings.ingest)
        remove_document(indexes, "c", "2.md")
        indexes.catalogue.describe("c", "3.md", board)
        ingest(indexes, folder, collection="other", settings=settings.ingest)
        assert build.waiting() == 11
        build.finish()
        assert set(made.catalogue.known("c")) == set(indexes.catalogue.known("c"))
        assert made.catalogue.known("c")["3.md"].description == board
        assert texts(made)["0.md"][0][0].endswith("Other words.")
        assert [job.id for job in made.catalogue.jobs.latest(9)] == [job.id for job in indexes.catalogue.jobs.latest(9)]


class Killed(Exception):
    pass


def test_it_goes_on_where_it_was_stopped(indexes: Indexes, settings: Settings, folder: Path) -> None:
    ingest(indexes, folder, collection="c", settings=settings.ingest)
    wanted = shorter(settings)
    wanted = wanted.model_copy(update={"ingest": wanted.ingest.model_copy(update={"batch_documents": 2})})
    looks: list[RebuildProgress] = []

    def stop() -> None:
        if looks and looks[-1].done >= 4:
            raise Killed

    name = begun(wanted)
    with open_version(wanted, indexes.lock, name) as made, pytest.raises(Killed):
        Build(indexes, made, wanted.ingest, watch=looks.append, check=stop).run()
    assert begun(wanted) == name
    with open_version(wanted, indexes.lock, name) as made:
        looks.clear()
        Build(indexes, made, wanted.ingest, watch=looks.append).run()
    assert (looks[0].done, looks[0].total) == (4, 9)


def test_a_file_is_read_again_by_newer_parsers_if_it_is_there_and_the_same(
    indexes: Indexes, settings: Settings, folder: Path
) -> None:
    ingest(indexes, folder, collection="c", settings=settings.ingest)
    as_an_earlier_release_left_them = func.replace(structures.c.pipeline, f"/parsers-{PARSERS}/", "/parsers-0/")
    with transaction(indexes.catalogue.engine, write=True) as connection:
        connection.execute(update(structures).values(pipeline=as_an_earlier_release_left_them))
    (folder / "0.md").unlink()
    (folder / "1.md").write_text("Other words.")
    done = rebuilt(indexes, settings)
    assert (done.documents, done.old_parse, done.old_chunks) == (9, 2, 0)


def test_of_documents_of_an_earlier_release_the_file_is_read_or_the_chunks_stay(
    indexes: Indexes, settings: Settings, folder: Path
) -> None:
    ingest(indexes, folder, collection="c", settings=settings.ingest)
    with transaction(indexes.catalogue.engine, write=True) as connection:
        connection.execute(delete(structures))
    (folder / "0.md").unlink()
    (folder / "mail.eml").unlink()
    wanted = shorter(settings)
    with being_made(indexes, wanted, begun(wanted)) as (build, made):
        build.run()
        done = build.finish()
        assert (done.documents, done.old_parse, done.old_chunks) == (9, 0, 3)
        assert texts(made)["0.md"] == texts(indexes)["0.md"]
        assert len(texts(made)["1.md"]) > len(texts(indexes)["1.md"])
        planned = plan(made, folder, collection="c", settings=wanted.ingest)
        assert (planned.to_read, len(planned.unchanged)) == ((), 6)


def test_a_folder_of_an_earlier_release_is_searched_and_changed_over(settings: Settings) -> None:
    settings.data.mkdir()
    with closing(sqlite3.connect(settings.data / "catalogue.sqlite3")) as old, old:
        old.executescript((Path(__file__).parents[1] / "indexes/form_3.sql").read_text())
        for number, text in old.execute("select number, index_text from chunks").fetchall():
            vector = HashingEmbedder().embed_query(text).tobytes()
            old.execute("update chunks set embedding = ? where number = ?", (vector, number))
    with open_indexes(settings) as indexes:
        best = search(indexes, "when does the shop open", access=OWNER, limit=1).hits[0]
        assert (best.document, best.text) == ("shop.txt", "The shop opens at nine.")
        done = rebuilt(indexes, shorter(settings))
        assert (done.documents, done.chunks, done.old_chunks) == (2, 2, 2)
    with open_indexes(settings) as indexes:
        assert indexes.version.endswith(".2")
        assert search(indexes, "paid leave", access=ANONYMOUS, limit=5).hits[0].document == "shop.txt"
        assert indexes.catalogue.jobs.latest(9)


def test_texts_that_stay_the_same_are_not_embedded_again(indexes: Indexes, settings: Settings, folder: Path) -> None:
    ingest(indexes, folder, collection="c", settings=settings.ingest)
    with being_made(indexes, settings, begun(settings)) as (build, made):
        made.embedder.embed_passages = pytest.fail  # type: ignore[method-assign, assignment]
        build.run()
        assert build.finish().documents == 9


def test_a_version_that_lacks_something_is_not_served(indexes: Indexes, settings: Settings, folder: Path) -> None:
    ingest(indexes, folder, collection="c", settings=settings.ingest)
    with being_made(indexes, settings, begun(settings)) as (build, made):
        with pytest.raises(IndexBroken, match="it holds 0 documents and the live version 9"):
            refuse_incomplete(made, indexes.catalogue)
        build.run()
        assert refuse_unsound(made, indexes.catalogue) == 1.0
        made.vectors.drop("c")
        with pytest.raises(IndexBroken, match="chunks and 0 vectors"):
            refuse_unsound(made, indexes.catalogue)
        assert recall(made, "c") == 0


def test_going_back_keeps_what_was_removed_removed_and_what_was_closed_closed(
    indexes: Indexes, settings: Settings, folder: Path
) -> None:
    ingest(indexes, folder, collection="c", settings=settings.ingest)
    rebuilt(indexes, settings)
    now = versions.pointer(settings.data)
    assert (now.live, now.previous) == ("2", "")
    with open_version(settings, indexes.lock, now.live) as live:
        (folder / "0.md").write_text("Other words.")
        (folder / "1.md").unlink()
        (folder / "2.md.meta.json").write_text('{"groups": ["board"]}')
        ingest(live, folder, collection="c", settings=settings.ingest)
        back = give_back(live, indexes)
        assert (back.changed, back.removed) == (("c/0.md",), 1)
        planned = plan(indexes, folder, collection="c", settings=settings.ingest)
        assert [item.document for item in planned.to_read] == ["0.md"]
        assert (planned.described, planned.vanished) == ((), ())
        assert indexes.catalogue.jobs.latest(9) == live.catalogue.jobs.latest(9)


def test_an_index_is_served_with_the_embedder_that_made_it(
    settings: Settings, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with open_indexes(settings) as indexes:
        ingest(indexes, folder, collection="c", settings=settings.ingest)
    other = settings.model_copy(update={"embedder": EmbedderSettings(kind="minilm")})
    with open_indexes(other) as indexes:
        assert indexes.embedder.name == "hashing-384"
        assert ingest(indexes, folder, collection="c", settings=settings.ingest).unchanged == 9
    assert "`touchstone index rebuild` changes over" in caplog.text


def spoil(indexes: Indexes) -> None:
    """Give every chunk of the vector index another one's vector, as damage that ids and counts do not show."""
    for names, vectors in indexes.catalogue.embeddings("c"):
        indexes.vectors.upsert("c", names, -vectors[::-1])


def test_a_version_that_was_written_to_since_it_was_looked_at_is_looked_at_again(
    indexes: Indexes, settings: Settings, folder: Path
) -> None:
    ingest(indexes, folder, collection="c", settings=settings.ingest)
    with being_made(indexes, settings, begun(settings)) as (build, made):
        build.run()
        (folder / "new.md").write_text("# New\n\nMore.\n")
        ingest(indexes, folder, collection="c", settings=settings.ingest)
        spoil(made)
        with pytest.raises(IndexBroken, match="is not served"):
            build.finish()


def test_a_version_is_looked_at_however_much_is_written_to_the_live_one(
    indexes: Indexes, settings: Settings, folder: Path
) -> None:
    ingest(indexes, folder, collection="c", settings=settings.ingest)
    written: list[int] = []

    def write(progress: RebuildProgress) -> None:
        if progress.done == progress.total:
            written.append(progress.done)
            (folder / "0.md").write_text(f"# Part 0\n\nSentence {len(written)}.\n")
            ingest(indexes, folder, collection="c", settings=settings.ingest)

    with open_version(settings, indexes.lock, begun(settings)) as made:
        Build(indexes, made, settings.ingest, watch=write).run()
        spoil(made)
        with pytest.raises(IndexBroken, match="is not served"):
            Build(indexes, made, settings.ingest, watch=write).run()
        assert written


@pytest.mark.parametrize("known", ["dimension", "doubt", "sound until", "deleted from chroma", "vector index opened"])
def test_what_is_known_of_the_files_of_a_version_stays_with_it(
    indexes: Indexes, settings: Settings, known: str
) -> None:
    indexes.catalogue.unlearn(known)
    indexes.catalogue.remember(known, "of the live version")
    indexes.catalogue.remember("folder", "of both")
    with open_version(settings, indexes.lock, begun(settings)) as made:
        hand_over(indexes.catalogue, made.catalogue)
        assert made.catalogue.recall(known) != "of the live version"
        assert made.catalogue.recall("folder") == "of both"


def test_what_all_versions_share_is_never_judged_by_what_it_was_when_one_of_them_was_live(
    settings: Settings, folder: Path
) -> None:
    def share(content: str) -> None:
        (settings.data / "models").mkdir(exist_ok=True)
        for name in ("jobs.db", "models/model.onnx"):
            (settings.data / name).write_text(content)

    def shared() -> list[str]:
        return [(settings.data / name).read_text() for name in ("jobs.db", "models/model.onnx")]

    with open_indexes(settings) as indexes:
        ingest(indexes, folder, collection="c", settings=settings.ingest)
        share("while the first version was live")
        change = Change(wanted=Recipe.of(shorter(settings)), watch=nothing_said)
        assert rebuild(indexes, settings, change).version == "2"
    with open_indexes(settings) as indexes:
        share("while the second one was")
        assert roll_back(indexes, settings).changed == ()
        assert shared() == ["while the second one was"] * 2
    with open_indexes(settings):
        assert shared() == ["while the second one was"] * 2
    share("damaged")
    with open_indexes(settings):
        assert not (settings.data / "jobs.db").exists()
        assert not (settings.data / "models/model.onnx").exists()
