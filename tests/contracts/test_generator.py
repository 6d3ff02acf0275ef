"""What every Generator does: the shipped fake, the one that quotes, and a chat model behind a real server."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest

from core.answers import Quote
from core.deadline import Deadline
from core.errors import Cancelled
from core.settings.sections import ModelSettings
from indexes.embedders.hashing import HashingEmbedder
from service.answering.cite import cite
from service.answering.models.choose import GENERATORS
from service.answering.models.protocol import Generator
from service.answering.prompt import write_prompt
from tests.service.answering.hits import hit, passages
from tests.service.answering.models.chat_server import chat_server

SHOWN = passages(hit("The annual leave is 28 days."), hit("The canteen opens at noon.", "canteen.md"))
PROMPT = write_prompt("How many days is the annual leave?", SHOWN)
REPLY = '{"quotes": [{"passage": 1, "text": "28 days"}], "answer": "The annual leave is 28 days."}'


@pytest.fixture(params=["scripted", "extractive", "openai"])
def generator(request: pytest.FixtureRequest) -> Iterator[Generator]:
    with chat_server() as server:
        server.reply = REPLY
        settings = ModelSettings(kind=request.param, replies=(REPLY,), base_url=server.url, model="small")
        yield GENERATORS[request.param](settings, HashingEmbedder())


def test_the_answer_quotes_the_passage_it_stands_in(generator: Generator) -> None:
    draft = generator.generate(PROMPT, until=Deadline.never())
    citations, dropped = cite(draft.quotes, SHOWN)
    assert "28 days" in draft.text
    assert ([citation.document for citation in citations], dropped) == (["handbook.md"], 0)
    assert draft.usage is not None
    assert draft.usage.input_tokens > 0


def test_a_stream_grows_into_what_comes_at_once_otherwise(generator: Generator) -> None:
    *growing, whole = generator.stream(PROMPT, until=Deadline.never())
    assert whole == generator.generate(PROMPT, until=Deadline.never())
    assert whole.whole
    assert not any(draft.whole for draft in growing)
    for sooner, later in pairwise([*growing, whole]):
        assert later.text.startswith(sooner.text)
        assert later.quotes[: len(sooner.quotes)] == sooner.quotes


def test_text_that_grows_has_its_quotes_with_it(generator: Generator) -> None:
    *growing, _ = generator.stream(PROMPT, until=Deadline.never())
    assert all(draft.quotes == (Quote(passage=1, text="28 days"),) for draft in growing)


def test_what_was_called_off_is_not_begun(generator: Generator) -> None:
    until = Deadline.never()
    until.cancel()
    with pytest.raises(Cancelled):
        generator.generate(PROMPT, until=until)
    with pytest.raises(Cancelled):
        list(generator.stream(PROMPT, until=until))


def test_one_that_writes_says_something_and_one_that_quotes_says_nothing(generator: Generator) -> None:
    written = generator.write("Say something.", until=Deadline.never())
    assert written is None or written.text
