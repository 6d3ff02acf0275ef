from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.answers import Passage
from core.deadline import Deadline
from core.errors import SettingsError
from service.answering.models.scripted import Scripted
from service.answering.prompt import write_prompt
from tests.service.answering.hits import hit, passages

NEVER = Deadline.never()


def test_replies_come_in_turn_and_begin_again():
    model = Scripted(["one", "two"])
    assert [model.generate(write_prompt("q", ()), until=NEVER).text for _ in range(3)] == ["one", "two", "one"]


def test_prompts_are_recorded_and_words_counted():
    model = Scripted(['{"answer": "a", "quotes": []}'])
    draft = model.generate(write_prompt("How many?", ()), until=NEVER)
    assert [prompt.question for prompt in model.prompts] == ["How many?"]
    assert draft.usage is not None
    assert draft.usage.input_tokens == len(model.prompts[0].rendered.split())


def test_threads_share_the_replies_without_losing_one():
    model = Scripted([str(number) for number in range(50)])
    prompt = write_prompt("q", ())
    with ThreadPoolExecutor(8) as threads:
        texts = list(threads.map(lambda _: model.generate(prompt, until=NEVER).text, range(50)))
    assert sorted(texts, key=int) == [str(number) for number in range(50)]


def test_without_replies_the_settings_are_wrong():
    with pytest.raises(SettingsError, match="replies"):
        Scripted([])


def test_it_plays_a_model_that_can_read_and_knows_a_part_by_heart(tmp_path):
    known = {"question": "Days of leave?", "answer": "28 days", "knows": True}
    guessed = {"question": "The fee?", "answer": "40 francs", "guess": "7 francs"}
    read = {"question": "The rate?", "answer": "3 percent"}
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in (known, guessed, read)))
    model = Scripted(answers=path)
    passage = passages(hit("Nothing."), hit("The fee is 40 Francs, the rate 3 percent."))

    def says(question: str, shown: tuple[Passage, ...] = ()) -> tuple[str, list[tuple[int, str]]]:
        draft = model.generate(write_prompt(question, shown), until=NEVER)
        return draft.text, [(quote.passage, quote.text) for quote in draft.quotes]

    assert says("Days of leave?") == ("28 days", [])
    assert says("The fee?") == ("7 francs", [])
    assert says("The fee?", passage) == ("40 francs", [(2, "40 Francs")])
    assert says("The rate?", passage) == ("3 percent", [(2, "3 percent")])
    assert says("The rate?") == says("Anything else?") == ("", [])


def test_a_file_of_answers_that_is_none_is_named(tmp_path):
    path = tmp_path / "answers.jsonl"
    for content in ("{", '{"answer": "a"}', '{"question": "q", "answer": "a", "colour": 1}', "7"):
        path.write_text(content)
        with pytest.raises(SettingsError, match="is not a file of answers"):
            Scripted(answers=path)
