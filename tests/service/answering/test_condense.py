from __future__ import annotations

from decimal import Decimal

import pytest

from core.access import OWNER
from core.answers import Answer, Turn
from core.deadline import Deadline
from core.errors import Cancelled, DeadlineReached
from core.settings.sections import AnsweringSettings, ModelSettings
from service.answering.answer import Question, answer
from service.answering.condense import MAX_CHARACTERS, MAX_TURNS, standalone
from service.answering.models.choose import GENERATORS, Model
from tests.indexes.store import store
from tests.service.answering.models.chat_server import chat_server

TURNS = (
    Turn(role="user", text="Who may work from home?"),
    Turn(role="assistant", text="Everyone but the canteen's staff."),
)
REPLY = '{"quotes": [{"passage": 1, "text": "two days a week"}], "answer": "Two days a week"}'


def ask(model, *turns: Turn, until: Deadline | None = None) -> str:
    return standalone("And how often?", turns, model=model, until=until or Deadline.never()).text


def test_earlier_turns_make_a_question_that_stands_alone(scripted):
    model = scripted("How often may one work from home?")
    assert ask(model, *TURNS) == "How often may one work from home?"
    asked = model.generator.prompts[0].rendered
    assert asked.index("Who may work from home?") < asked.index("canteen's staff") < asked.index("And how often?")


def test_without_turns_no_call_is_made(scripted):
    model = scripted("x")
    assert ask(model) == "And how often?"
    assert not model.generator.prompts


@pytest.mark.parametrize("reply", ["", " \n", '""', "x" * (MAX_CHARACTERS + 1)])
def test_of_a_useless_reply_the_question_stays_as_it_is(scripted, reply):
    assert ask(scripted(reply), *TURNS) == "And how often?"


def test_thoughts_quotes_and_further_lines_are_no_part_of_it(scripted):
    assert ask(scripted("<think>Hm.</think>\n“How often?”\nI hope this helps."), *TURNS) == "How often?"


def test_only_the_latest_turns_are_sent_and_cut(scripted):
    model = scripted("How often?")
    ask(model, *(Turn(role="user", text=f"turn-{number} " + "x" * 5000) for number in range(20)))
    assert len(model.generator.prompts[0].rendered) < (MAX_TURNS + 2) * MAX_CHARACTERS


def test_a_model_that_fails_or_only_quotes_leaves_the_question_as_it_is(scripted, indexes):
    with chat_server() as server:
        server.mode = "401"
        settings = ModelSettings(kind="openai", base_url=server.url, model="small")
        for kind in ("openai", "extractive"):
            generator = GENERATORS[kind](settings, indexes.embedder)
            model = Model(name=kind, generator=generator, price=None, context_window=8192, max_output_tokens=99)
            assert ask(model, *TURNS) == "And how often?"


def test_what_was_called_off_is_not_asked(scripted):
    until = Deadline.never()
    until.cancel()
    with pytest.raises(Cancelled):
        ask(scripted("x"), *TURNS, until=until)


def test_when_the_time_went_into_the_conversation_nothing_is_searched_for(indexes):
    with chat_server() as server:
        server.mode = "hang"
        generator = GENERATORS["openai"](
            ModelSettings(kind="openai", base_url=server.url, model="small"), indexes.embedder
        )
        model = Model(name="slow", generator=generator, price=None, context_window=8192, max_output_tokens=99)
        question = Question(text="And how often?", collection="nowhere", turns=TURNS)
        with pytest.raises(DeadlineReached):
            answer(
                question,
                access=OWNER,
                indexes=indexes,
                model=model,
                settings=AnsweringSettings(),
                until=Deadline.within(0.4),
            )


def test_the_question_that_stands_alone_is_searched_for_answered_and_paid_for(scripted, indexes):
    store(indexes, "home.md", "Employees may work from home two days a week.")
    model = scripted("How often may employees work from home?", REPLY, price={"input": "1", "output": "1"})
    question = Question(text="And how often?", turns=TURNS)
    outcome = answer(question, access=OWNER, indexes=indexes, model=model, settings=AnsweringSettings())
    assert isinstance(outcome, Answer)
    assert "condense" in outcome.timings_ms
    first, second = model.generator.prompts
    assert second.question == "How often may employees work from home?"
    words = len(first.rendered.split()) + len(second.rendered.split())
    assert outcome.usage.input_tokens == words
    assert outcome.cost_usd == Decimal(words + outcome.usage.output_tokens) / 1_000_000
