from __future__ import annotations

from service.answering.refuse import nothing_relevant
from tests.service.answering.hits import hit


def test_no_hit_is_nothing_relevant():
    assert nothing_relevant([], min_similarity=0.25)


def test_a_close_passage_is_relevant_and_a_distant_one_is_not():
    assert not nothing_relevant([hit("a", dense=0.1), hit("b", dense=0.3)], min_similarity=0.25)
    assert nothing_relevant([hit("a", dense=0.1), hit("b", dense=0.2)], min_similarity=0.25)


def test_a_shared_word_is_enough_to_ask_the_model():
    assert not nothing_relevant([hit("a", dense=0.1, keyword=2.5)], min_similarity=0.25)


def test_a_passage_chosen_by_the_caller_is_relevant():
    assert not nothing_relevant([hit("a")], min_similarity=0.25)
