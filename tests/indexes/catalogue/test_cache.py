"""What is remembered of the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from indexes.catalogue.catalogue import Catalogue
from indexes.catalogue.scope import CatalogueCache


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    opened = Catalogue(tmp_path / "catalogue.sqlite3")
    yield opened
    opened.close()


def test_a_value_is_read_once_until_anything_is_written(catalogue: Catalogue) -> None:
    memo: CatalogueCache[str, int] = CatalogueCache(catalogue.engine, 10)
    asked: list[list[str]] = []

    def read(keys: list[str]) -> dict[str, int]:
        asked.append(keys)
        return {key: len(asked) for key in keys if key != "unknown"}

    assert memo.of(["a", "unknown"], read) == {"a": 1}
    assert memo.of(["a", "b"], read) == {"a": 1, "b": 2}
    catalogue.remember("something", "was written")
    assert memo.of(["a"], read) == {"a": 3}
    assert asked == [["a", "unknown"], ["b"], ["a"]]


def test_what_was_read_before_a_write_is_not_remembered_after_it(catalogue: Catalogue) -> None:
    memo: CatalogueCache[str, int] = CatalogueCache(catalogue.engine, 10)

    def overtaken(keys: list[str]) -> dict[str, int]:
        catalogue.remember("something", "was written meanwhile")
        memo.of(["other"], lambda others: dict.fromkeys(others, 0))
        return dict.fromkeys(keys, 1)

    assert memo.of(["a"], overtaken) == {"a": 1}
    assert memo.of(["a"], lambda keys: dict.fromkeys(keys, 2)) == {"a": 2}


def test_a_write_whose_thread_is_ended_after_its_commit_leaves_nothing_old_remembered(catalogue: Catalogue) -> None:
    memo: CatalogueCache[str, str | None] = CatalogueCache(catalogue.engine, 10)

    def read(keys: list[str]) -> dict[str, str | None]:
        return {key: catalogue.recall(key) for key in keys}

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    assert memo.of(["groups"], read) == {"groups": None}
    event.listen(catalogue.engine, "checkin", end)  # a connection is given back once its commit is through
    with pytest.raises(KeyboardInterrupt):
        catalogue.remember("groups", "hr")
    event.remove(catalogue.engine, "checkin", end)
    assert memo.of(["groups"], read) == {"groups": "hr"}


def test_the_longest_unused_go_first(catalogue: Catalogue) -> None:
    memo: CatalogueCache[str, int] = CatalogueCache(catalogue.engine, 2)
    for name in ("a", "b", "a", "c"):
        memo.of([name], lambda keys: dict.fromkeys(keys, 1))
    assert memo.of(["a", "b", "c"], lambda keys: dict.fromkeys(keys, 2)) == {"a": 1, "b": 2, "c": 1}


def test_what_is_remembered_has_a_size_whoever_chooses_the_keys(catalogue: Catalogue) -> None:
    memo: CatalogueCache[str, str] = CatalogueCache(
        catalogue.engine, 100, size=lambda key, value: len(key) + len(value), most_bytes=50
    )
    for number in range(10):
        memo.of([f"key {number}"], lambda keys: dict.fromkeys(keys, "." * 15))
        assert memo.held <= 50
    assert memo.of(["key 9", "key 0"], lambda keys: dict.fromkeys(keys, "read")) == {"key 9": "." * 15, "key 0": "read"}
    assert memo.of(["large"], lambda keys: dict.fromkeys(keys, "." * 50)) == {"large": "." * 50}
    assert memo.of(["large"], lambda keys: dict.fromkeys(keys, "read")) == {"large": "read"}
