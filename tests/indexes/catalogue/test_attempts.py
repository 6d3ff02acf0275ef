"""What is on record of work that no process has lived to end; here, what is begun inside `never` is not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from indexes.catalogue.catalogue import Catalogue
from indexes.catalogue.jobs import Attempts


@pytest.fixture
def attempts(tmp_path: Path) -> Iterator[Attempts]:
    with closing(Catalogue(tmp_path / "catalogue.sqlite3")) as catalogue:
        yield catalogue.attempts


def test_what_no_process_lived_to_end_is_counted_until_something_gets_done(attempts: Attempts) -> None:
    with ExitStack() as never:
        starts = [never.enter_context(attempts.begun("job", left=left)) for left in (5, 5, 5, 4, 4)]
    assert starts == [1, 2, 3, 1, 2]


def test_an_end_of_any_kind_takes_it_off_the_record(attempts: Attempts) -> None:
    for ending in (KeyError, KeyboardInterrupt):
        with suppress(ending), attempts.begun("job", "a.md") as starts:
            assert (starts, attempts.deaths("job")) == (1, {"a.md": 1})
            raise ending
        assert not attempts.deaths("job")


def test_a_batch_is_no_suspect_and_jobs_are_apart(attempts: Attempts) -> None:
    with attempts.begun("job"), attempts.begun("other", "a.md") as starts:
        assert (starts, attempts.deaths("job"), attempts.deaths("other")) == (1, {}, {"a.md": 1})
