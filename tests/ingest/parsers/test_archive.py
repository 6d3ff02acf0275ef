"""ZIP archives made here, harmless and hostile ones."""

from __future__ import annotations

import io
import stat
import struct
import zipfile

import pytest

from core.errors import ParseError
from ingest.parsers.archive import MAX_MEMBERS, parse_archive
from ingest.parsers.choose import media_type, parse


def packed(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def refusals(content: bytes) -> dict[str, str]:
    attachments = parse(content, name="b.zip").attachments
    assert all(attachment.content == b"" for attachment in attachments if attachment.refused)
    return {attachment.name: attachment.refused[0] if attachment.refused else "" for attachment in attachments}


def test_members_are_documents_and_the_archive_lists_them() -> None:
    content = packed({"a/b.txt": b"hello", "a/": b"", "c.csv": b"x,y\n1,2"})
    parsed = parse(content, name="bundle.zip")
    assert [(a.name, a.content) for a in parsed.attachments] == [("a/b.txt", b"hello"), ("c.csv", b"x,y\n1,2")]
    assert parsed.text == "bundle is an archive of 2 files.\n\na/b.txt\n\nc.csv"


def test_names_that_lead_out_of_the_archive_are_refused_and_shown_without_the_way() -> None:
    names = ["../../etc/cron", "/abs.txt", "C:\\x.txt", "..\\up.txt", "a/../../b.txt"]
    assert refusals(packed(dict.fromkeys(names, b"x"))) == dict.fromkeys(
        ["etc/cron", "abs.txt", "C:/x.txt", "up.txt", "a/b.txt"], "bad_name"
    )


def test_hidden_members_and_links_are_left_alone_and_no_name_is_taken_twice() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        link = zipfile.ZipInfo("link.txt")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("__MACOSX/._a", b"x")
        archive.writestr(".git/config", b"x")
        archive.writestr("a/b.txt", b"1")
        archive.writestr("a//b.txt", b"2")
        archive.writestr("in!/x.txt", b"3")
    assert refusals(stream.getvalue()) == {
        "link.txt": "special_file", "__MACOSX/._a": "hidden", ".git/config": "hidden", "a/b.txt": "",
        "a/b (2).txt": "", "in_/x.txt": "",
    }  # fmt: skip


def test_a_locked_member_is_refused_and_its_neighbour_is_read() -> None:
    content = bytearray(packed({"locked.txt": b"secret words", "open.txt": b"open words"}))
    for place, offset in ((content.index(b"PK\x03\x04"), 6), (content.index(b"PK\x01\x02"), 8)):
        content[place + offset] |= 1
    assert refusals(bytes(content)) == {"locked.txt": "encrypted", "open.txt": ""}


def test_a_damaged_member_is_corrupt_and_its_neighbour_is_read() -> None:
    content = packed({"bad.txt": b"some words that are packed " * 9, "open.txt": b"open words"})
    place = content.index(b"bad.txt") + len("bad.txt")
    assert refusals(content[:place] + b"\xff" * 8 + content[place + 8 :]) == {"bad.txt": "corrupt", "open.txt": ""}


def test_a_member_that_unpacks_to_far_more_than_it_weighs_is_not_opened() -> None:
    assert refusals(packed({"bomb.txt": b" " * 30_000_000, "open.txt": b"open words"}))["bomb.txt"] == "too_large"


def test_an_archive_unpacks_to_a_limited_size() -> None:
    content = packed({"a": b"12345678", "b": b"123", "c": b"12"})
    refused = {
        a.name: a.refused and a.refused[0] for a in parse_archive(content, name="b.zip", most_bytes=10).attachments
    }
    assert refused == {"a": None, "b": "too_large", "c": None}


def corrupt_directory(content: bytes) -> bytes:
    place = content.index(b"PK\x01\x02")
    return content[:place] + b"XXXX" + content[place + 4 :]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (packed({}), "no_text"),
        (packed({"a/": b""}), "no_text"),
        (packed({"a.txt": b"x" * 200})[:60], "corrupt"),
        (corrupt_directory(packed({"a.txt": b"x"})), "corrupt"),
        (packed({str(n): b"" for n in range(MAX_MEMBERS + 1)}), "too_large"),
        (b"PK\x03\x04" + b"\x00" * 11_000_000 + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 9, 9, 10_500_000, 4, 0),
         "too_large"),
    ],
)  # fmt: skip
def test_an_archive_that_is_broken_empty_or_huge_says_so(content: bytes, code: str) -> None:
    with pytest.raises(ParseError) as error:
        parse(content, name="b.zip")
    assert error.value.reason == code


def test_an_archive_with_a_folder_called_word_is_no_word_document() -> None:
    assert media_type(packed({"word/list.txt": b"x"}), "b.zip") == "application/zip"
