from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.answers import Quote, Usage
from service.answering.models.reply import Growing, read_reply

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


ORDERED = '{"quotes": [{"passage": 2, "text": "28 days of leave"}], "answer": "28 days, \\ud83d\\ude00 and \\"more\\""}'


def drafts(reply: str, step: int):
    growing = Growing()
    pieces = [reply[start : start + step] for start in range(0, len(reply), step)]
    return [draft for piece in pieces if (draft := growing.add(piece))], growing.whole(Usage())


@pytest.mark.parametrize("step", [1, 7, 1000])
@pytest.mark.parametrize("before", ["", "```json\n", "<think>{28?}</think>\n"])
def test_an_answer_grows_behind_its_quotes(before, step):
    seen, whole = drafts(before + ORDERED, step)
    assert seen[-1].text == whole.text == '28 days, \N{GRINNING FACE} and "more"'
    assert all(draft.quotes == whole.quotes and not draft.whole for draft in seen)
    assert all(later.text.startswith(sooner.text) for sooner, later in pairwise(seen))


@pytest.mark.parametrize(
    "reply",
    [
        '{"quotes": [], "answer": null}',
        '{"quotes": [], "answer": "null"}',
        "It is 28 days.",
        "Here you are: " + ORDERED,
        '{"quotes": [], "answer": 28}',
    ],
)
def test_what_may_still_become_something_else_does_not_grow(reply):
    assert drafts(reply, 1)[0] == []


def test_quotes_that_come_after_the_answer_do_not_count_before_the_whole_is_there():
    seen, whole = drafts(GOOD, 1)
    assert {draft.quotes for draft in seen} == {()}
    assert len(whole.quotes) == 1


def test_of_what_stands_twice_the_first_counts():
    seen, whole = drafts(ORDERED[:-1] + ', "quotes": [], "answer": "30 days"}', 3)
    assert whole.text == seen[-1].text
    assert whole.quotes == seen[-1].quotes


@settings(deadline=None)
@given(st.text(), st.integers(1, 9))
def test_what_has_grown_is_the_beginning_of_the_whole(answer: str, step: int):
    reply = json.dumps({"quotes": [{"passage": 1, "text": answer}], "answer": answer}, ensure_ascii=step % 2 == 0)
    seen, whole = drafts(reply, step)
    assert all(
        whole.text.startswith(draft.text) and whole.quotes[: len(draft.quotes)] == draft.quotes for draft in seen
    )
