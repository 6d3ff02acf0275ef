from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import SourceError, UsageError
from core.sources import Patterns, document_of, named
from tests.within import within

DOCUMENTS = ["a.pdf", "A.PDF", "b.txt", "drafts/c.pdf", "x/drafts/d.txt", "x/y/e.pdf", "x/draft.txt", "x/[1].txt"]


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        ("*.pdf", {"a.pdf", "drafts/c.pdf", "x/y/e.pdf"}),
        ("drafts", {"drafts/c.pdf", "x/drafts/d.txt"}),
        ("drafts/", {"drafts/c.pdf", "x/drafts/d.txt"}),
        ("/drafts", {"drafts/c.pdf"}),
        ("x/*", {"x/drafts/d.txt", "x/y/e.pdf", "x/draft.txt", "x/[1].txt"}),
        ("x/*.txt", {"x/draft.txt", "x/[1].txt"}),
        ("x/**/e.*", {"x/y/e.pdf"}),
        ("**/c.pdf", {"drafts/c.pdf"}),
        ("?.pdf", {"a.pdf", "drafts/c.pdf", "x/y/e.pdf"}),
        ("[!a].pdf", {"drafts/c.pdf", "x/y/e.pdf"}),
        ("[Aa].*", {"a.pdf", "A.PDF"}),
        ("x/[[]1].txt", {"x/[1].txt"}),
        ("[!].pdf", {"a.pdf", "drafts/c.pdf", "x/y/e.pdf"}),
        ("x/**.pdf", {"x/y/e.pdf"}),
        ("x/**/", {"x/drafts/d.txt", "x/y/e.pdf"}),
        ("[^A].pdf", set()),
        ("x[+-9]y", set()),
        ("(a|b).*", set()),
        ("draft", set()),
    ],
)
def test_a_pattern_matches_names_at_any_depth_and_paths_from_the_root(pattern: str, matched: set[str]) -> None:
    assert {document for document in DOCUMENTS if Patterns((pattern,)).admit(document)} == matched
    kept = {document for document in DOCUMENTS if Patterns(exclude=(pattern,)).admit(document)}
    assert kept == set(DOCUMENTS) - matched


def test_what_is_excluded_stays_out_although_it_is_included() -> None:
    patterns = Patterns(("*.pdf",), ("drafts",))
    assert [document for document in DOCUMENTS if patterns.admit(document)] == ["a.pdf", "x/y/e.pdf"]


def test_a_source_has_one_name_however_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    assert named(tmp_path / "link" / "a" / "..") == str(tmp_path)
    assert named("S3://bucket/docs/") == "s3://bucket/docs"
    assert named("https://example.com/a?b=c#d") == "https://example.com/a?b=c"


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.com/a", "s3://", "https:///a"])
def test_other_urls_are_no_sources(url: str) -> None:
    with pytest.raises(SourceError):
        named(url)


def test_a_document_on_the_web_is_named_after_its_url() -> None:
    assert document_of("https://example.com/a/b.pdf?v=1") == "example.com/a/b.pdf?v=1"


def test_a_url_inside_a_url_is_only_a_strange_path() -> None:
    assert named("simplecache::s3://bucket").endswith("/simplecache::s3:/bucket")


def test_no_pattern_takes_longer_than_a_walk_along_the_name() -> None:
    hard = ["*?" * 200 + "#", "*a" * 200 + "#", "**a" * 150 + "#", "**/a" * 120 + "#", "[a-b]*" * 80 + "#"]
    names = ["a" * 4_000, "a/" * 2_000, "ab" * 2_000]
    code = f"print(any(Patterns((pattern,)).admit(name) for pattern in {hard!r} for name in {names!r}))"
    assert within(60, f"from core.sources import Patterns; {code}") == "False"


@pytest.mark.parametrize("pattern", ["[z-a]", "x/[a-\\d].md", "[!9-0]*"])
def test_a_range_that_is_empty_is_refused_with_a_sentence(pattern: str) -> None:
    with pytest.raises(UsageError, match="which is empty: write it as"):
        Patterns(exclude=(pattern,))


def test_what_a_pattern_leads_to_is_forgotten_when_there_is_no_more_room_and_found_again() -> None:
    chooser = Patterns(("".join(f"[!{letter}]" for letter in "abcdefghij") + "*x",)).chooser()
    names = [f"{first}{second}{third}" * 5 for first in "klmnopqr" for second in "stuvwyz" for third in "0123456789"]
    expected = [chooser.admit(f"{name}x") for name in names]
    for number in range(20_000):
        chooser.admit(chr(0x4E00 + number) * 30)
    assert [chooser.admit(f"{name}x") for name in names] == expected == [True] * len(names)
