"""`touchstone index verify`, `repair` and `purge`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Touchstone


@pytest.fixture
def data(touchstone: Touchstone, source: Path, tmp_path: Path) -> Path:
    assert touchstone("ingest", source).code == 0
    return tmp_path / "data"


def test_what_is_in_order_is_said_to_be_in_one_line(touchstone: Touchstone, data: Path) -> None:
    done = touchstone("index", "verify")
    assert (done.code, done.out) == (0, "In order: 2 documents, 2 chunks in both indexes.\n")
    assert touchstone("index", "repair").out == "Nothing was broken.\n"


def test_a_broken_index_is_answered_around_and_the_remedy_helps(touchstone: Touchstone, data: Path) -> None:
    (data / "chroma" / "chroma.sqlite3").write_bytes(b"")
    found = touchstone("search", "parental leave", "--json")
    assert (found.code, found.json["hits"][0]["document"]) == (0, "policies/leave.md")
    assert "`touchstone index repair`" in found.err
    assert touchstone("index", "status", "--json").json["degraded"]
    verified = touchstone("index", "verify")
    assert verified.code == 3
    assert verified.out.startswith("The vector index cannot be read")
    assert len(verified.out.splitlines()) == 1
    assert touchstone("index", "repair").out == "Made again: vector index.\n"
    assert touchstone("index", "verify").code == 0
    assert touchstone("search", "parental leave").err == ""


def test_a_damaged_catalogue_is_refused_in_a_sentence(touchstone: Touchstone, data: Path) -> None:
    catalogue = data / "catalogue.sqlite3"
    catalogue.write_bytes(catalogue.read_bytes()[:-1])
    assert touchstone("search", "parental leave").code == 2
    verified = touchstone("index", "verify", "--json")
    assert (verified.code, verified.json["faults"][0]["part"]) == (3, "catalogue")


def test_an_ingestion_makes_a_broken_index_again(touchstone: Touchstone, data: Path, source: Path) -> None:
    (data / "chroma" / "chroma.sqlite3").write_bytes(b"")
    (source / "new.txt").write_text("Something new.\n")
    assert touchstone("ingest", source).code == 0
    done = touchstone("index", "verify", "--full", "--json")
    assert (done.code, done.json["chunks"], done.json["searched"]) == (0, 3, 3)


def test_purging_says_what_was_left_of_deleted_documents(touchstone: Touchstone, data: Path) -> None:
    assert touchstone("index", "purge").out == "Nothing deleted was left.\n"
    assert touchstone("documents", "remove", "shop.txt").code == 0
    assert touchstone("index", "purge").out == "Purged: vector index, keyword index.\n"
    assert touchstone("index", "purge", "--json").json == {"purged": []}
