"""Keys and groups at the command line, without a service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import SettingsError, UsageError
from core.keys import digest, expiry, id_of, new_key
from core.settings.service import ServerSettings
from service.api.auth.caller import refuse_open_door
from tests.cli.conftest import Touchstone

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_key_is_shown_once_and_then_only_what_it_may_do(touchstone: Touchstone) -> None:
    made = touchstone("keys", "create", "--name", "wiki", "--scope", "ingest", "--group", "hr", "--expires", "90d")
    key = made.out.strip()
    assert id_of(key)
    assert "not shown again" in made.err
    (row,) = touchstone("keys", "list", "--json").json["keys"]
    assert (row["id"], row["name"], row["scopes"], row["groups"]) == (id_of(key), "wiki", ["ingest"], ["hr"])
    assert key[16:] not in touchstone("keys", "list").out
    assert "Revoked" in touchstone("keys", "revoke", str(id_of(key))).out
    assert "revoked" in touchstone("keys", "list").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["create", "--name", "a/b"], "name"),
        (["create", "--name", "a", "--scope", "everything"], "scopes"),
        (["create", "--name", "a", "--expires", "yesterday"], "yesterday"),
        (["revoke", "nobody"], "nobody"),
    ],
)
def test_what_cannot_be_done_with_keys_is_said(touchstone: Touchstone, words: list[str], said: str) -> None:
    if words[0] == "revoke":
        touchstone("keys", "create", "--name", "first")
    done = touchstone("keys", *words)
    assert (done.code, said in done.err) == (2, True), done.err


@pytest.mark.parametrize(
    ("text", "days"), [("90d", 90), ("12h", 0.5), ("4w", 28), ("2026-02-01", 31), ("2026-01-02T00:00:00+00:00", 1)]
)
def test_a_key_ends_after_a_while_or_on_a_day(text: str, days: float) -> None:
    assert expiry(text, NOW) - NOW == timedelta(days=days)


@pytest.mark.parametrize("text", ["", "0d", "-1d", "90", "2025-12-31", "1y", "9999999d"])
def test_an_end_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        expiry(text, NOW)


def test_keys_differ_and_what_is_stored_tells_nothing_of_them() -> None:
    keys = [new_key() for _ in range(100)]
    assert len({key for _, key in keys}) == len({key_id for key_id, _ in keys}) == 100
    assert all(id_of(key) == key_id and digest(key) != digest(key[:-1]) for key_id, key in keys)


def test_without_a_key_only_this_machine_is_listened_to() -> None:
    for server in (ServerSettings(), ServerSettings(host="::1"), ServerSettings(host="0.0.0.0", allow_anonymous=True)):
        refuse_open_door(server)
    with pytest.raises(SettingsError, match="keys create"):
        refuse_open_door(ServerSettings(host="192.0.2.1"))


def test_who_may_read_a_document_is_shown_and_changed(touchstone: Touchstone, source: Path) -> None:
    assert touchstone("ingest", source, "--group", "hr").code == 0

    def groups(*words: str) -> str:
        return touchstone("documents", "groups", "shop.txt", *words).out.strip()

    assert groups() == groups("--set", "hr") == "shop.txt  hr"
    assert groups("--add", "staff") == "shop.txt  hr, staff"
    assert groups("--remove", "hr") == "shop.txt  staff"
    refused = touchstone("documents", "groups", "shop.txt", "--remove", "staff")
    assert (refused.code, "everybody" in refused.err) == (2, True)
    assert touchstone("ingest", source, "--json").json["unchanged"] == 2
    assert groups() == "shop.txt  staff"
    assert groups("--everybody") == "shop.txt  everybody"
