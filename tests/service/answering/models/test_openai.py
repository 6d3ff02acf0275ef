from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from core.answers import Quote, Usage
from core.deadline import Deadline
from core.errors import ModelUnavailable, SettingsError
from core.settings.sections import ModelSettings
from service.answering.models.openai import OpenAICompatible
from service.answering.prompt import write_prompt
from tests.service.answering.hits import hit, passages
from tests.service.answering.models.chat_server import ChatServer, chat_server
from tests.service.answering.models.chat_wire import GOOD

NEVER = Deadline.never()

PROMPT = write_prompt("How many days?", passages(hit("28 days.")))


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server() as running:
        yield running


def model(url: str, **fields) -> OpenAICompatible:
    return OpenAICompatible(ModelSettings(kind="openai", base_url=url, model="small", **fields))


def test_a_reply_becomes_a_draft_with_the_usage_that_the_server_reports(server):
    draft = model(server.url).generate(PROMPT, until=NEVER)
    assert (draft.text, draft.quotes) == ("28 days", (Quote(passage=1, text="28 days"),))
    assert draft.usage == Usage(input_tokens=321, cached_tokens=64, output_tokens=12)


def test_the_prompt_goes_out_as_one_user_message_at_temperature_zero(server):
    model(server.url, max_output_tokens=99).generate(PROMPT, until=NEVER)
    sent = server.requests[0]
    assert [(m["role"], m["content"]) for m in sent["messages"]] == [("user", PROMPT.rendered)]
    assert (sent["model"], sent["temperature"], sent["max_tokens"]) == ("small", 0.0, 99)


def test_a_form_that_the_server_refuses_is_asked_for_once(server):
    server.mode = "no_schema"
    asked = model(server.url)
    assert [asked.generate(PROMPT, until=NEVER).text for _ in range(2)] == ["28 days", "28 days"]
    forms = [sent["response_format"]["type"] for sent in server.requests]
    assert forms == ["json_schema", "json_object", "json_object"]
    server.mode = "no_json_mode"
    assert [asked.generate(PROMPT, until=NEVER).text for _ in range(2)] == ["28 days", "28 days"]
    assert ["response_format" in sent for sent in server.requests[3:]] == [True, False, False]


def test_a_server_that_does_not_stream_is_asked_for_a_stream_once(server):
    server.mode = "no_stream"
    asked = model(server.url)
    for _ in range(2):
        assert [draft.text for draft in asked.stream(PROMPT, until=NEVER)][-1] == "28 days"
    assert [bool(sent.get("stream")) for sent in server.requests] == [True, False, False]


def test_usage_that_the_server_does_not_report_is_not_made_up(server):
    server.usage = None
    assert model(server.url).generate(PROMPT, until=NEVER).usage is None
    server.usage = {"prompt_tokens": "many", "completion_tokens": -1}
    assert model(server.url).generate(PROMPT, until=NEVER).usage is None


def test_what_it_writes_freely_is_asked_for_in_no_form(server):
    server.reply = "How many days?"
    assert model(server.url).write("Put it in one sentence.", until=NEVER).text == "How many days?"
    assert "response_format" not in server.requests[0]


@pytest.mark.parametrize(
    ("reply", "text"), [(f"```json\n{GOOD}\n```", "28 days"), ("28 days, I think", "28 days, I think")]
)
def test_fenced_json_and_plain_text_are_read(server, reply, text):
    server.reply = reply
    assert model(server.url).generate(PROMPT, until=NEVER).text == text


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("400", "context_window"),
        ("401", "api_key_env"),
        ("404", "ends in /v1"),
        ("429", "limit"),
        ("429_for_an_hour", "limit"),
        ("html", "did not reply in the form"),
        ("wrong_shape", "did not reply in the form"),
        ("cut", "broke off"),
    ],
)
def test_trouble_at_the_server_is_one_error_that_says_what_to_do(server, mode, words):
    server.mode = mode
    with pytest.raises(ModelUnavailable, match=words):
        model(server.url).generate(PROMPT, until=NEVER)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", ["500", "503"])
def test_a_fault_at_the_server_is_tried_once_more(server, status):
    server.mode = status
    with pytest.raises(ModelUnavailable, match="Try again later"):
        model(server.url).generate(PROMPT, until=NEVER)
    assert len(server.requests) == 2


def test_a_server_slower_than_the_timeout_is_given_up(server):
    server.mode = "hang"
    with pytest.raises(ModelUnavailable, match="timeout_seconds"):
        model(server.url, timeout_seconds=0.2).generate(PROMPT, until=NEVER)


def test_a_refused_connection_names_the_address():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(ModelUnavailable, match=f"{url} cannot be reached"):
        model(url).generate(PROMPT, until=NEVER)


def test_a_reply_cut_off_by_the_token_limit_is_not_taken_for_an_answer(server):
    server.mode = "length"
    with pytest.raises(ModelUnavailable, match="Raise max_output_tokens"):
        model(server.url).generate(PROMPT, until=NEVER)


def test_the_key_is_sent_and_never_shown(server, monkeypatch):
    monkeypatch.setenv("CHAT_KEY", "sk-secret-401")
    asked = model(server.url, api_key_env="CHAT_KEY")
    server.mode = "401"
    with pytest.raises(ModelUnavailable) as error:
        asked.generate(PROMPT, until=NEVER)
    assert server.keys == ["Bearer sk-secret-401"]
    assert "sk-secret" not in str(error.value)


def test_a_missing_url_or_key_is_a_setting_to_mend():
    with pytest.raises(SettingsError, match="base_url"):
        model("")
    with pytest.raises(SettingsError, match="NO_SUCH_KEY"):
        model("http://127.0.0.1:1/v1", api_key_env="NO_SUCH_KEY")
