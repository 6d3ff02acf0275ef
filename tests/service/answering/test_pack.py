from __future__ import annotations

import pytest

from core.errors import SettingsError
from service.answering.pack import pack, pack_documents, tokens
from tests.service.answering.hits import hit


def texts(packed) -> list[str]:
    return [passage.hit.text for passage in packed]


def test_passages_are_numbered_from_one_in_the_order_of_the_hits():
    packed = pack([hit("first", "a"), hit("second", "b")], budget=1000)
    assert [(passage.number, passage.hit.text) for passage in packed] == [(1, "first"), (2, "second")]


def test_the_same_chunk_or_the_same_text_under_the_same_headings_is_shown_once():
    copy = hit("the   rule", "a", ordinal=9, start=900)
    packed = pack([hit("the rule", "a"), hit("the rule", "a"), copy], budget=1000)
    assert texts(packed) == ["the rule"]


def test_case_and_marks_make_no_other_passage_and_a_figure_does():
    packed = pack([hit("The *rule*: 7,5 %.", "a"), hit("the rule 7,5 %", "a", ordinal=1, start=900)], budget=1000)
    assert len(packed) == 1
    assert len(pack([hit("fee: 7.5", "a"), hit("fee: 7.6", "a", ordinal=1, start=900)], budget=1000)) == 2
    assert len(pack([hit("sum 5", "a"), hit("sum (5)", "a", ordinal=1, start=900)], budget=1000)) == 2


def test_the_same_row_under_another_header_is_another_passage():
    north = hit("Total\t7", "a", header="Area\tNorth")
    south = hit("Total\t7", "a", ordinal=1, start=500, header="Area\tSouth")
    assert len(pack([north, south], budget=1000)) == 2


def test_neighbours_in_a_document_stand_together_in_its_order_where_the_best_of_them_stood():
    best = hit("part two", "a", ordinal=1, start=10)
    packed = pack([best, hit("other", "b"), hit("part one", "a", start=0)], budget=1000)
    assert texts(packed) == ["part one", "part two", "other"]


def test_distant_chunks_of_a_document_keep_their_rank():
    packed = pack([hit("late", "a", ordinal=9, start=9000), hit("early", "a")], budget=1000)
    assert texts(packed) == ["late", "early"]


def test_a_hit_that_does_not_fit_gives_way_to_a_smaller_one():
    packed = pack([hit("a" * 300, "a"), hit("b" * 3000, "b"), hit("c" * 90, "c")], budget=250)
    assert [passage.hit.document for passage in packed] == ["a", "c"]


def test_a_first_hit_longer_than_the_budget_is_cut_with_its_offsets():
    packed = pack([hit("word " * 2000, start=50, pages=((50, 1), (9000, 2)))], budget=200)
    cut = packed[0].hit
    assert len(cut.text) <= 200 * 3
    assert cut.end == 50 + len(cut.text)
    assert cut.pages == ((50, 1),)


def test_no_more_than_the_number_in_the_settings():
    assert len(pack([hit(str(number), str(number)) for number in range(20)], budget=9000, most=8)) == 8


def test_a_window_without_room_for_a_passage_is_a_setting_to_mend():
    with pytest.raises(SettingsError, match="context_window"):
        pack([hit("text")], budget=10)


def test_pinned_documents_keep_their_order_whatever_the_scores():
    packed = pack_documents([hit("one", score=0.1), hit("two", ordinal=1, start=400, score=0.9)], budget=1000)
    assert texts(packed) == ["one", "two"]


def test_over_budget_the_chunks_closest_to_the_question_stay_in_document_order():
    chunks = [hit(f"{n} " * 100, ordinal=n, start=n * 1000, score=score) for n, score in enumerate((0.9, 0.1, 0.8))]
    packed = pack_documents(chunks, budget=230)
    assert [passage.hit.start for passage in packed] == [0, 2000]


def test_scripts_with_more_tokens_to_a_character_are_counted_by_their_bytes():
    assert tokens("leave" * 100) < tokens("отпуск" * 100) < tokens("员工享有年假" * 100)
    cut = pack([hit("员工享有年假二十天。" * 500)], budget=200)[0].hit
    assert 0 < tokens(cut.text) <= 200
    assert cut.end == len(cut.text)
