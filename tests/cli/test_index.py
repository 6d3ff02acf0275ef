"""Versions of the index and backups, as people work with them."""

from __future__ import annotations

import json
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path

import httpx

from indexes.catalogue.schema import SCHEMA
from tests.cli.conftest import Touchstone, runner
from tests.cli.test_serve import Served, served

__all__ = ["served"]

SHORTER = {"TOUCHSTONE_INGEST__CHUNK_WORD_PIECES": "32"}


def live(touchstone: Touchstone, **variables: str) -> dict[str, object]:
    index = touchstone("index", "status", "--json", **variables).json
    (found,) = [version for version in index["versions"] if version["state"] == "live"]
    return dict(found)


def test_another_chunk_size_is_changed_over_to_and_back(touchstone: Touchstone, source: Path) -> None:
    touchstone("ingest", source)
    first = live(touchstone)
    assert (first["name"], first["embedder"], first["chunk_word_pieces"]) == ("", "hashing-384", 254)
    assert "The settings ask for chunks of 32 word pieces" in touchstone("index", "status", **SHORTER).out
    done = touchstone("index", "rebuild", "--json", **SHORTER)
    assert (done.code, done.json["state"], done.json["version"], done.json["total"]) == (0, "COMPLETED", "2", 2)
    assert live(touchstone)["chunk_word_pieces"] == 32
    again = touchstone("ingest", source, "--json").json
    assert (again["unchanged"], again["indexed"]) == (2, 0)
    (source / "shop.txt").write_text("The shop opens at ten.\n")
    touchstone("ingest", source)
    back = touchstone("index", "rebuild", "--rollback")
    assert (back.code, "shop.txt" in back.out, "1 document changed since" in back.out) == (0, True, True)
    assert live(touchstone)["name"] == ""
    assert touchstone("ingest", source, "--json").json["indexed"] == 1
    assert touchstone("index", "rebuild", "--prune").out == "Removed: 1 version.\n"
    assert "no version to go back to" in touchstone("index", "rebuild", "--rollback").err


def test_where_nothing_would_change_the_derived_indexes_are_filled_anew(touchstone: Touchstone, source: Path) -> None:
    touchstone("ingest", source)
    done = touchstone("index", "rebuild")
    assert (done.code, "Nothing would change" in done.out, "2 vectors" in done.out) == (0, True, True)
    assert live(touchstone)["name"] == ""
    forced = touchstone("index", "rebuild", "--force")
    assert "Version 2 is live: 2 documents, 2 chunks" in forced.out
    assert touchstone("search", "parental leave", "--json").json["hits"]


def test_a_service_changes_over_while_it_answers(served: Served) -> None:
    served.touchstone("ingest", served.source)
    before = httpx.get(f"{served.url}/readyz").json()["index_version"]
    done = served.touchstone("index", "rebuild", "--json", **SHORTER)
    assert (done.code, done.json["version"]) == (0, "2"), done.err
    reply = served.touchstone("search", "parental leave", "--json").json
    assert (reply["index_version"], bool(reply["hits"])) == (f"{before}.2", True)
    assert [version["state"] for version in httpx.get(f"{served.url}/v1/index").json()["versions"]] == [
        "previous",
        "live",
    ]
    (served.source / "late.txt").write_text("Written after the change.\n")
    assert served.touchstone("ingest", served.source, "--json").json["indexed"] == 1
    back = served.touchstone("index", "rebuild", "--rollback", "--json")
    assert (back.json["version"], back.json["changed"]) == ("", ["default/late.txt"])
    assert served.touchstone("search", "parental leave", "--json").json["index_version"] == before
    assert served.touchstone("ingest", served.source, "--json").json["indexed"] == 1
    assert served.touchstone("index", "rebuild", "--prune", "--json").json == {"removed": ["2"]}


def test_a_backup_is_the_same_index_on_another_machine(touchstone: Touchstone, source: Path, tmp_path: Path) -> None:
    touchstone("ingest", source)
    uploads = tmp_path / "data/uploads/default"
    uploads.mkdir(parents=True)
    (uploads / "sent.txt").write_text("Sent by hand.\n")
    touchstone("ingest", uploads)
    file = tmp_path / "backup.tar"
    assert "3 documents" in touchstone("index", "backup", file).out
    assert file.stat().st_mode & 0o077 == 0
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    other = runner(elsewhere)
    restored = other("index", "restore", file, "--json")
    assert (restored.code, restored.json["documents"], restored.json["embedder"]) == (0, 3, "hashing-384")
    for question in ("parental leave", "the shop", "by hand"):
        ours, theirs = (each("search", question, "--json").json["hits"] for each in (touchstone, other))
        assert ours == theirs
    assert other("ingest", elsewhere / "data/uploads/default", "--json").json["unchanged"] == 1
    refused = other("index", "restore", file)
    assert (refused.code, "--force" in refused.err) == (2, True)
    assert other("index", "restore", file, "--force").code == 0


def test_a_backup_that_is_not_whole_is_refused_before_anything_is_touched(
    touchstone: Touchstone, source: Path, tmp_path: Path
) -> None:
    touchstone("ingest", source)
    file = tmp_path / "backup.tar"
    touchstone("index", "backup", file)
    content = file.read_bytes()
    before = live(touchstone)
    with tarfile.open(tmp_path / "foreign", "w") as archive:
        archive.add(source / "shop.txt", "../../shop.txt")
    damaged = {
        "cut": content[: len(content) // 2],
        "flipped": content.replace(b"parental leave", b"parental Leave"),
        "newer": content.replace(f'"form": "{SCHEMA}"'.encode(), b'"form": "9"'),
        "foreign": (tmp_path / "foreign").read_bytes(),
        "empty": b"",
    }
    for kind, octets in damaged.items():
        assert octets != content, kind
        file.write_bytes(octets)
        done = touchstone("index", "restore", file, "--force")
        assert (done.code, str(file) in done.err) == (2, True), (kind, done.err)
    file.unlink()
    assert "There is no file" in touchstone("index", "restore", file, "--force").err
    assert live(touchstone) == before
    assert not list((tmp_path / "data/versions").glob("*"))


def test_a_backup_takes_the_place_of_an_index_that_is_lost(
    touchstone: Touchstone, source: Path, tmp_path: Path
) -> None:
    touchstone("ingest", source)
    touchstone("index", "rebuild", "--force")
    touchstone("index", "backup", tmp_path / "backup.tar")
    (tmp_path / "data/versions/2/catalogue.sqlite3").unlink()
    lost = touchstone("search", "leave")
    assert (lost.code, "Restore a backup" in lost.err) == (2, True)
    assert touchstone("index", "restore", tmp_path / "backup.tar", "--force").code == 0
    assert touchstone("search", "leave", "--json").json["hits"]


def test_what_an_index_is_made_with_is_kept_without_a_key(touchstone: Touchstone, source: Path, tmp_path: Path) -> None:
    touchstone("ingest", source)
    with closing(sqlite3.connect(tmp_path / "data/catalogue.sqlite3")) as catalogue:
        (recipe,) = catalogue.execute("select value from meta where key = 'recipe'").fetchone()
    assert json.loads(recipe)["embedder"]["kind"] == "hashing"
    assert not {"cache", "threads", "api_key"} & set(json.loads(recipe)["embedder"])
