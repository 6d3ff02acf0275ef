from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from core.errors import SettingsError
from core.until import Until
from service.answering.generators.scripted import Scripted
from service.answering.prompt import write_prompt

NEVER = Until.never()


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
