"""Killed while the index is changed over, or while a backup is restored: one version or the other, and it goes on."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.access import OWNER
from core.settings.load import Settings
from core.settings.sections import EmbedderSettings, IngestSettings
from indexes import backup, versions
from indexes.cutover.overview import RebuildProgress
from indexes.cutover.recall import refuse_unsound
from indexes.open import open_indexes
from indexes.recipe import Recipe
from ingest import changeover
from ingest.changeover import Change, Serve, rebuild
from ingest.pipeline import ingest
from tests.faults.doomed import begin

DOCUMENTS = 40
REBUILD_POINTS = ("5", "21", "before the last round", "before the pointer", "after the pointer", "never")
RESTORE_POINTS = ("while unpacking", "before the pointer", "after the pointer", "never")


def settings_of(data: Path) -> Settings:
    return Settings(data=data, embedder=EmbedderSettings(kind="hashing"), ingest=IngestSettings(batch_documents=4))


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dying_pointer(point: str) -> None:
    """Replace what changes the pointer by something that dies before or after it."""
    point_to = versions.point

    def doomed(data: Path, to: versions.Pointer) -> None:
        if point == "before the pointer":
            die()
        point_to(data, to)
        if point == "after the pointer":
            die()

    versions.point = doomed  # in a process of its own, which ends here


def rebuild_and_die(data: Path, point: str) -> None:
    def watch(progress: RebuildProgress) -> None:
        if point.isdecimal() and progress.done >= int(point):
            die()

    @contextmanager
    def quiet() -> Iterator[Serve]:
        if point == "before the last round":
            die()
        with changeover.alone() as serve:
            yield serve

    dying_pointer(point)
    settings = settings_of(data)
    with open_indexes(settings) as live:
        rebuild(live, settings, Change(wanted=Recipe(settings.embedder, 32), watch=watch), quiet=quiet)


def restore_and_die(data: Path, file: Path, point: str) -> None:
    dying_pointer(point)
    if point == "while unpacking":
        backup._move_in = lambda *_: die()
    backup.restore(settings_of(data), file, force=True)


def ends_as_it_should(folder: Path, point: str, target: object, *args: object) -> None:
    process = begin(target, folder, *args, point)  # type: ignore[arg-type]
    process.join(120)
    assert process.exitcode == (0 if point == "never" else -signal.SIGKILL), (folder / "stderr").read_text()


@pytest.mark.slow
def test_a_rebuild_that_is_killed_goes_on(tmp_path: Path) -> None:
    data, source = tmp_path / "data", tmp_path / "documents"
    source.mkdir()
    for number in range(DOCUMENTS):
        words = " ".join(f"Sentence {place} of note {number}." for place in range(25))
        (source / f"{number:02}.md").write_text(f"# Note {number}\n\n{words}\n")
    settings = settings_of(data)
    with open_indexes(settings) as live:
        ingest(live, source, collection="default", settings=settings.ingest)
    for point in REBUILD_POINTS:
        ends_as_it_should(tmp_path, point, rebuild_and_die, data)
        done = point in ("after the pointer", "never")
        with open_indexes(settings) as live:
            assert (live.recipe.chunk_word_pieces, len(live.catalogue.known("default"))) == (32 if done else 254, 40)
            assert refuse_unsound(live, live.catalogue) >= 0.99
            again = ingest(live, source, collection="default", settings=settings.ingest)
            assert (again.unchanged, again.indexed) == (DOCUMENTS, 0)
    assert versions.present(data) == ["", "2"]


@pytest.mark.slow
def test_a_restoration_that_is_killed_leaves_the_old_index_or_the_new_one(tmp_path: Path) -> None:
    data, source, file = tmp_path / "data", tmp_path / "documents", tmp_path / "backup.tar"
    source.mkdir()
    settings = settings_of(data)
    (source / "a.txt").write_text("The first edition.\n")
    with open_indexes(settings) as live:
        ingest(live, source, collection="default", settings=settings.ingest)
    backup.take(data, file)
    (source / "a.txt").write_text("The second edition.\n")
    with open_indexes(settings) as live:
        ingest(live, source, collection="default", settings=settings.ingest)
    for point in RESTORE_POINTS:
        ends_as_it_should(tmp_path, point, restore_and_die, data, file)
        with open_indexes(settings) as live:
            done = point in ("after the pointer", "never")
            expected = "The first edition.\n" if done else "The second edition.\n"
            assert live.catalogue.text("default", "a.txt", access=OWNER) == expected
            assert refuse_unsound(live, live.catalogue) == 1.0
