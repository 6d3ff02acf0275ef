from __future__ import annotations

import pytest

from core.access import ANONYMOUS, OWNER, Access, may_read
from core.documents import page_at, pages_between
from core.ids import chunk_id, document_id, document_version

PAGES = ((0, 1), (100, 2), (250, 3))


@pytest.mark.parametrize(
    ("access", "groups", "may"),
    [
        (ANONYMOUS, (), True),
        (ANONYMOUS, ("hr",), False),
        (Access(frozenset({"hr"})), ("hr", "board"), True),
        (Access(frozenset({"sales"})), ("hr",), False),
        (OWNER, ("hr",), True),
    ],
)
def test_a_document_is_open_to_all_to_its_groups_and_to_the_owner(
    access: Access, groups: tuple[str, ...], may: bool
) -> None:
    assert may_read(access, groups) is may


@pytest.mark.parametrize(("offset", "page"), [(0, 1), (99, 1), (100, 2), (249, 2), (250, 3), (9999, 3)])
def test_an_offset_stands_on_the_page_that_began_last(offset: int, page: int) -> None:
    assert page_at(PAGES, offset) == page


def test_a_format_without_pages_has_none() -> None:
    assert page_at((), 5) is None
    assert pages_between((), 0, 5) == ()


def test_the_pages_of_a_stretch_begin_with_the_stretch() -> None:
    assert pages_between(PAGES, 50, 260) == ((50, 1), (100, 2), (250, 3))
    assert pages_between(PAGES, 100, 250) == ((100, 2),)


def test_ids_are_the_same_for_the_same_input_and_differ_otherwise() -> None:
    assert document_id("a", "b/c.pdf") == document_id("a", "b/c.pdf")
    assert document_id("a", "b/c.pdf") != document_id("a", "b-c.pdf")
    assert document_id("ab", "c") != document_id("a", "bc")
    assert chunk_id("d", document_version("hash", "pipeline"), 3).startswith("d@")


def test_a_file_name_that_is_not_utf8_has_an_id_all_the_same() -> None:
    assert len(document_id("a", b"caf\xe9.txt".decode("utf-8", "surrogateescape"))) == 16
