from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.answers import Hit, Quote
from service.answering.cite import cite, fold, locate
from tests.service.answering.hits import hit, passages

TEXT = "Leave policy\n\nEvery employee has  28 days\nof leave a year, 1,500 hours at most.\n"


def quotes(*texts: str, passage: int = 1) -> list[Quote]:
    return [Quote(passage=passage, text=text) for text in texts]


def test_a_quote_over_folded_white_space_is_found_with_exact_offsets_and_page():
    shown = passages(hit(TEXT, start=100, pages=((100, 3), (140, 4))))
    citations, dropped = cite(quotes("28 days of   leave"), shown)
    document_text = "x" * 100 + TEXT
    assert dropped == 0
    assert document_text[citations[0].start : citations[0].end] == "28 days\nof leave"
    assert (citations[0].quote, citations[0].page) == ("28 days of leave", 3)


def test_the_page_is_that_of_the_quote_not_of_the_passage():
    shown = passages(hit(TEXT, start=100, pages=((100, 3), (140, 4))))
    citations, _ = cite(quotes("a year"), shown)
    assert citations[0].page == 4


def test_a_quote_altered_by_one_letter_is_dropped_and_counted():
    citations, dropped = cite(quotes("28 days of leave", "28 days of leaves", "29 days of leave"), passages(hit(TEXT)))
    assert (len(citations), dropped) == (1, 2)


def test_a_quote_from_another_passage_than_it_names_is_not_rescued():
    shown = passages(hit("The gate opens at seven."), hit(TEXT, "leave.md"))
    assert cite(quotes("28 days", passage=1), shown) == ((), 1)


def test_a_quote_may_run_on_into_the_neighbour_that_the_document_goes_on_with():
    document = "Leave is 28 days a year. It is\n\ntaken in whole days. Ask early."
    middle = document.index("taken")
    shown = passages(hit(document[: middle - 2]), hit(document[middle:], start=middle))
    for named in (1, 2):
        (citation,), dropped = cite(quotes("It is taken in whole days.", passage=named), shown)
        assert dropped == 0
        assert fold(document[citation.start : citation.end]) == citation.quote == "It is taken in whole days."
        assert citation.chunk_id == shown[0].hit.chunk_id
    assert cite(quotes("28 days", passage=2) + quotes("Ask early.", passage=1), shown) == ((), 2)


@pytest.mark.parametrize(
    "second",
    [
        hit("taken in whole days.", start=17),
        hit("taken in whole days.", start=12, headings=("Pay",)),
        hit("taken in whole days.", "other.md", start=12),
    ],
    ids=["further on", "another section", "another document"],
)
def test_a_quote_does_not_run_on_into_what_only_stands_beside_it(second: Hit):
    assert cite(quotes("It is taken"), passages(hit("Leave. It is"), second)) == ((), 1)


def test_a_passage_number_that_does_not_exist_is_dropped_and_counted():
    assert cite(quotes("28 days", passage=7) + quotes("28 days", passage=0), passages(hit(TEXT))) == ((), 2)


def test_the_same_quote_twice_is_one_citation():
    citations, dropped = cite(quotes("28 days", "28  days"), passages(hit(TEXT)))
    assert (len(citations), dropped) == (1, 0)


def test_part_of_a_word_or_of_a_number_is_not_a_quote():
    for part in ("employ", "8 days", "500 hours", "1", "of leav"):
        assert locate(part, TEXT) is None, part
    assert locate("1,500 hours", TEXT) is not None


def test_an_empty_quote_is_dropped():
    assert cite(quotes("", " \n"), passages(hit(TEXT))) == ((), 2)


def test_a_word_inside_another_does_not_hide_the_whole_one_after_it():
    assert locate("art", "a party for art lovers") == (12, 15)


def test_scripts_without_spaces_between_words_can_be_quoted_anywhere():
    assert locate("年假", "员工享有年假二十天") == (4, 6)


@given(st.text(alphabet="ab 1.,\n\t", min_size=1, max_size=40), st.data())
def test_what_is_located_folds_to_the_quote(text: str, data: st.DataObject):
    start = data.draw(st.integers(0, len(text) - 1))
    quote = text[start : data.draw(st.integers(start + 1, len(text)))]
    place = locate(quote, text)
    assert place is None or fold(text[place[0] : place[1]]) == fold(quote)
