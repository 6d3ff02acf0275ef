from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.answers import Quote, Usage
from service.answering.generators.reply import read_reply

GOOD = '{"answer": "28 days", "quotes": [{"passage": 2, "text": "28 days of leave"}]}'


@pytest.mark.parametrize(
    "reply",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"Here you are:\n{GOOD}\nI hope this helps {{really}}.",
        f"<think>{{maybe}} 30?</think>{GOOD}",
        GOOD.replace(": 2", ': "2"'),
        GOOD.replace(", ", ",\n  "),
    ],
)
def test_the_object_is_read_whatever_stands_around_it(reply):
    draft = read_reply(reply, Usage())
    assert (draft.text, draft.quotes) == ("28 days", (Quote(passage=2, text="28 days of leave"),))


@pytest.mark.parametrize(
    "reply", ['{"answer": null, "quotes": []}', '{"answer": "", "quotes": []}', '{"answer": "null"}', "", "  \n"]
)
def test_null_and_nothing_are_abstentions(reply):
    draft = read_reply(reply, Usage())
    assert draft.abstained
    assert (draft.text, draft.quotes) == ("", ())


def test_plain_text_is_an_answer_without_quotes():
    draft = read_reply("It is 28 days.", Usage())
    assert (draft.text, draft.quotes, draft.abstained) == ("It is 28 days.", (), False)


@pytest.mark.parametrize(
    ("answer", "text"), [("true", "Yes."), ("13", "13"), ('["a", "b"]', "a, b"), ('{"a": 1}', '{"a": 1}')]
)
def test_an_answer_of_another_type_is_put_into_words(answer, text):
    assert read_reply(f'{{"answer": {answer}}}', Usage()).text == text


def test_a_malformed_quote_is_kept_so_that_it_is_counted_as_dropped():
    draft = read_reply('{"answer": "x", "quotes": ["28", {"passage": true, "text": 3}, {"text": "a"}]}', Usage())
    assert [quote.passage for quote in draft.quotes] == [0, 0, 0]


def test_deep_nesting_is_plain_text_and_no_crash():
    assert not read_reply("[" * 100_000, Usage()).abstained
    assert not read_reply('{"answer": ' * 50_000, Usage()).abstained


@given(st.text())
def test_no_reply_is_a_crash(reply: str):
    read_reply(reply, Usage())
    read_reply(f'{{"answer": {reply}', Usage())
