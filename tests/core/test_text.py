"""What is English, in one place."""

from __future__ import annotations

from core.text import ENGLISH


def test_every_month_has_a_full_name_and_a_number() -> None:
    assert ENGLISH.month_names[0] == "january"
    assert ENGLISH.month_names[4] == "may"
    assert [ENGLISH.months[name] for name in ENGLISH.month_names] == list(range(1, 13))
    assert ENGLISH.months["sept"] == ENGLISH.months["sep"] == 9


def test_number_words_say_their_number() -> None:
    assert ENGLISH.numbers["zero"] == 0
    assert ENGLISH.numbers["nineteen"] == 19
    assert ENGLISH.numbers["ninety"] == 90


def test_only_abbreviations_in_passages_have_capitals() -> None:
    lists = (
        ENGLISH.search_stop_words,
        ENGLISH.question_stop_words,
        ENGLISH.generic_words,
        ENGLISH.answer_stop_words,
        ENGLISH.claim_stop_words,
        ENGLISH.restated_stop_words,
        ENGLISH.chunk_abbreviations,
    )
    assert all(word == word.lower() for words in lists for word in words)
