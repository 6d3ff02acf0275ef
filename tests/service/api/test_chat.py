"""Chat completions, as the clients that people have call them."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from core.answers import Draft, Usage
from core.deadline import Deadline
from core.errors import ModelUnavailable
from core.settings.sections import ModelSettings
from indexes.indexes import Indexes
from service.answering.models.choose import open_model
from service.answering.models.protocol import Abilities, Prompt
from service.answering.models.reply import read_reply
from service.api.state import Service
from service.api.wire.chat import ChatIn
from tests.service.api.serving import serving

QUESTION = "How many weeks of paid parental leave do employees who become parents have?"
UNKNOWN = "zzyzx qwxyz?"
NONSENSE = ModelSettings(kind="scripted", replies=('{"answer": "a dragon", "quotes": [{"passage": 1, "text": "no"}]}',))


@pytest.fixture(scope="module")
def url(service: Service, indexes: Indexes) -> Iterator[str]:
    settings = service.settings.model_copy(update={"models": {"nonsense": NONSENSE}})
    models = replace(service, settings=settings, models=lambda name: open_model(settings, name, indexes.embedder))
    with serving(models, settings) as address:
        yield f"{address}/v1"


@pytest.fixture(scope="module")
def openai(url: str) -> Iterator[Any]:
    library = pytest.importorskip("openai")
    with library.OpenAI(base_url=url, api_key="none", max_retries=0) as client:
        yield client


def ask(question: str = QUESTION, **fields: object) -> dict[str, Any]:
    return {"model": "extractive", "messages": [{"role": "user", "content": question}], **fields}


def test_openai_s_client_gets_an_answer_with_its_citations(openai: Any) -> None:
    reply = openai.chat.completions.create(**ask(), temperature=0, user="someone")
    (choice,) = reply.choices
    assert (reply.object, reply.model, choice.finish_reason) == ("chat.completion", "extractive", "stop")
    assert "16 weeks" in choice.message.content
    assert choice.message.citations[0]["document"] == "leave.md"
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens > 0
    assert (reply.touchstone["answered"], reply.touchstone["ignored"]) == (True, ["temperature", "user"])
    assert reply.created > 1_700_000_000


def test_openai_s_client_streams_an_answer(openai: Any) -> None:
    chunks = list(openai.chat.completions.create(**ask(), stream=True, stream_options={"include_usage": True}))
    *talk, last = chunks
    assert len({(chunk.id, chunk.model, chunk.object) for chunk in chunks}) == 1
    assert talk[0].choices[0].delta.role == "assistant"
    assert "16 weeks" in "".join(chunk.choices[0].delta.content or "" for chunk in talk)
    assert [chunk.choices[0].finish_reason for chunk in talk] == [None] * (len(talk) - 1) + ["stop"]
    assert talk[-1].choices[0].delta.citations[0]["document"] == "leave.md"
    assert (last.choices, last.usage.total_tokens > 0) == ([], True)
    assert "usage" not in chunks[0].model_fields_set
    plain = list(openai.chat.completions.create(**ask(), stream=True))
    assert all(chunk.choices for chunk in plain)


@pytest.mark.parametrize(
    ("model", "question", "reason"),
    [("extractive", UNKNOWN, "no_relevant_passage"), ("nonsense", QUESTION, "unsupported_answer")],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_refusal_is_a_sentence_with_its_reason_beside_it(
    openai: Any, model: str, question: str, reason: str, stream: bool
) -> None:
    reply = openai.chat.completions.create(**ask(question) | {"model": model}, stream=stream)
    last = list(reply) if stream else [reply]
    texts = [c.choices[0].delta.content if stream else c.choices[0].message.content for c in last]
    assert "".join(text or "" for text in texts).startswith("No answer. ")
    assert "dragon" not in "".join(text or "" for text in texts)
    assert (last[-1].touchstone["answered"], last[-1].touchstone["reason"]) == (False, reason)


def test_openai_s_client_lists_and_shows_models(openai: Any) -> None:
    assert [model.id for model in openai.models.list()] == ["extractive", "nonsense"]
    assert openai.models.retrieve("nonsense").kind == "scripted"


def test_openai_s_client_reads_our_errors(openai: Any) -> None:
    import openai as library

    with pytest.raises(library.NotFoundError, match="nobody") as unknown:
        openai.chat.completions.create(**ask() | {"model": "nobody"})
    assert (unknown.value.code, unknown.value.type) == ("model_not_found", "invalid_request_error")
    with pytest.raises(library.BadRequestError, match="one answer") as refused:
        openai.chat.completions.create(**ask(), n=2)
    assert (refused.value.param, refused.value.code) == ("n", "invalid")
    with pytest.raises(library.NotFoundError, match="nobody"):
        openai.models.retrieve("nobody")
    with pytest.raises(library.NotFoundError, match="nowhere"):
        openai.chat.completions.create(**ask(), extra_body={"collection": "nowhere"}, stream=True)


def test_an_answer_that_is_cut_off_is_never_marked_complete(service: Service, indexes: Indexes) -> None:
    library = pytest.importorskip("openai")
    part = json.dumps({"quotes": [{"passage": 1, "text": "16 weeks of paid parental leave"}], "answer": "16 weeks"})

    class Cut:
        """A model whose server dies in the middle of an answer."""

        def generate(self, prompt: Prompt, *, until: Deadline) -> Draft:
            raise ModelUnavailable("The connection was cut.")

        def stream(self, prompt: Prompt, *, until: Deadline) -> Iterator[Draft]:
            yield replace(read_reply(part, Usage()), whole=False)
            self.generate(prompt, until=until)

        @property
        def abilities(self) -> Abilities:
            return Abilities(structured="none", streams=True)

        def write(self, text: str, *, until: Deadline) -> None:
            return None

    cut = replace(open_model(service.settings, None, indexes.embedder), name="cut", generator=Cut())
    with (
        serving(replace(service, models=lambda name: cut), service.settings) as address,
        library.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0) as client,
    ):
        chunks: list[Any] = []
        with pytest.raises(library.APIError, match="cut") as ended:
            chunks.extend(client.chat.completions.create(**ask(), stream=True))
        raw = httpx.post(f"{address}/v1/chat/completions", json=ask(stream=True)).text
        assert ended.value.code == "model_unavailable"
        assert "16 weeks" in raw
        assert '"finish_reason": "stop"' not in raw
        assert "[DONE]" not in raw
        whole = httpx.post(f"{address}/v1/chat/completions", json=ask())
        assert (whole.status_code, whole.json()["error"]["type"]) == (502, "server_error")


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("stream", [False, True])
def test_langchain_s_chat_model_answers(url: str, stream: bool) -> None:
    library = pytest.importorskip("langchain_openai")
    model = library.ChatOpenAI(base_url=url, api_key="none", model="extractive", max_retries=0, stream_usage=True)
    messages = [("system", "You are kind."), ("human", "Hello?"), ("ai", "Yes?"), ("human", QUESTION)]
    pieces = list(model.stream(messages)) if stream else [model.invoke(messages)]
    assert "16 weeks" in "".join(piece.content for piece in pieces)
    assert sum(piece.usage_metadata["total_tokens"] for piece in pieces if piece.usage_metadata) > 0


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("stream", [False, True])
def test_llamaindex_s_openailike_answers(url: str, stream: bool) -> None:
    library = pytest.importorskip("llama_index.llms.openai_like")
    from llama_index.core.llms import ChatMessage

    model = library.OpenAILike(
        model="extractive", api_base=url, api_key="none", is_chat_model=True, max_retries=0, timeout=60
    )
    messages = [ChatMessage(role="system", content="You are kind."), ChatMessage(role="user", content=QUESTION)]
    reply = list(model.stream_chat(messages))[-1] if stream else model.chat(messages)
    assert "16 weeks" in reply.message.content


REFUSED = [
    {"n": 2}, {"n": 0}, {"n": True}, {"logprobs": 0}, {"tools": [{"type": "function"}]}, {"tool_choice": "required"},
    {"logprobs": True},
    {"top_logprobs": 3}, {"response_format": {"type": "json_object"}}, {"stop": ["\n"]}, {"logit_bias": {"5": -100}},
    {"modalities": ["audio"]}, {"functions": [{}]}, {"colour": "red"}, {"messages": []}, {"model": " "},
    {"messages": [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "16"}]},
    {"messages": [{"role": "system", "content": "Be kind."}]}, {"messages": [{"role": "user", "content": " "}]},
    {"messages": [{"role": "tool", "content": "x"}]}, {"messages": [{"role": "user", "content": "x" * 4001}]},
    {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]},
    {"messages": [{"role": "user", "content": "a\x00b"}]},
]  # fmt: skip


@pytest.mark.parametrize("fields", REFUSED, ids=lambda fields: json.dumps(fields)[:40])
def test_what_would_change_the_answer_s_meaning_is_refused(client: TestClient, fields: dict[str, object]) -> None:
    reply = client.post("/v1/chat/completions", json=ask() | fields)
    assert reply.status_code in {400, 422}
    problem = reply.json()
    assert set(problem) == {"type", "title", "status", "detail", "code", "request_id", "error"}
    assert problem["error"]["message"] == problem["detail"]


def test_of_a_picture_it_is_said_that_it_is_not_read(client: TestClient) -> None:
    picture = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": "data:,"}}]
    reply = client.post("/v1/chat/completions", json=ask() | {"messages": [{"role": "user", "content": picture}]})
    said = "messages.0.content: only text is read here; leave pictures, sounds and files out."
    assert (reply.status_code, reply.json()["detail"]) == (400, said)


def test_what_means_nothing_new_is_accepted(client: TestClient) -> None:
    fields = {
        "n": 1, "tools": [], "tool_choice": "none", "logprobs": False, "stop": None,
        "response_format": {"type": "text"},
        "max_tokens": 5, "seed": 7, "top_p": 0.5, "metadata": {"a": "b"}, "store": False, "stream_options": None,
    }  # fmt: skip
    reply = client.post("/v1/chat/completions", json=ask() | fields)
    assert reply.status_code == 200
    assert set(reply.json()["touchstone"]["ignored"]) == {"max_tokens", "seed", "top_p", "metadata", "store"}


def test_what_openai_s_client_can_send_is_known_or_would_be_another_answer() -> None:
    completions = pytest.importorskip("openai.resources.chat.completions").Completions
    sendable = set(inspect.signature(completions.create).parameters)
    of_the_client = {"self", "extra_headers", "extra_query", "extra_body", "timeout"}
    assert sendable - of_the_client - set(ChatIn.model_fields) == {"audio", "web_search_options", "moderation"}


def test_a_reply_can_be_sent_back_as_it_came(client: TestClient) -> None:
    first = client.post("/v1/chat/completions", json=ask()).json()["choices"][0]["message"]
    parts = [{"type": "text", "text": QUESTION}]
    talk = [{"role": "user", "content": QUESTION}, first, {"role": "user", "content": parts}]
    assert "16 weeks" in client.post("/v1/chat/completions", json=ask(messages=talk)).text


def test_a_body_that_is_no_json_has_both_shapes_of_error(client: TestClient) -> None:
    reply = client.post("/v1/chat/completions", content=b"{", headers={"content-type": "application/json"})
    assert (reply.status_code, reply.json()["error"]["type"]) == (400, "invalid_request_error")
    assert "error" not in client.post("/v1/query", content=b"{").json()


def test_earlier_messages_are_turns_and_those_of_the_system_are_left_out() -> None:
    roles = ("system", "user", "assistant", "developer", "user")
    asked = ChatIn.model_validate({"messages": [{"role": role, "content": f"{role} says"} for role in roles]})
    assert [(turn.role, turn.text) for turn in asked.turns(9)] == [("user", "user says"), ("assistant", "assistant")]
    assert (asked.question, asked.ignored) == ("user says", ("system messages",))


def test_a_long_answer_of_another_model_does_not_end_the_conversation(client: TestClient) -> None:
    talk = [("user", "Tell me a story."), ("assistant", "Once upon a time. " * 1000), ("user", QUESTION)]
    messages = [{"role": role, "content": text} for role, text in talk]
    assert "16 weeks" in client.post("/v1/chat/completions", json=ask(messages=messages)).text
