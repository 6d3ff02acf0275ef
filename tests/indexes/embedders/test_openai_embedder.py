"""An embedding model behind an OpenAI-compatible URL: what is sent, what is accepted, when it is tried again."""

from __future__ import annotations

import math
import pickle
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import numpy as np
import pytest

from core.errors import EmbedderUnavailable, SettingsError
from core.settings.sections import EmbedderSettings
from indexes.embedders.choose import choose_embedder
from indexes.embedders.hashing import HashingEmbedder
from tests.indexes.embedders.embeddings_server import Embeddings, embedder_at, embeddings_server

TEXTS = [f"paid leave number {number}" for number in range(10)]


@pytest.fixture
def server() -> Iterator[Embeddings]:
    with embeddings_server() as running:
        yield running


def test_texts_go_out_in_batches_and_come_back_in_order(server: Embeddings) -> None:
    vectors = embedder_at(server.url, batch=4, dimension=384).embed_passages(TEXTS)
    assert np.allclose(vectors, HashingEmbedder().embed_passages(TEXTS), atol=1e-6)
    assert sorted(len(sent["input"]) for sent in server.requests) == [2, 4, 4]


def test_vectors_are_placed_by_their_index_whatever_their_order(server: Embeddings) -> None:
    server.spoil = lambda body: {"data": body["data"][::-1]}
    assert np.allclose(
        embedder_at(server.url).embed_passages(TEXTS), HashingEmbedder().embed_passages(TEXTS), atol=1e-6
    )


def test_the_dimension_is_learnt_or_asked_for(server: Embeddings) -> None:
    assert embedder_at(server.url).dimension == 384
    short = embedder_at(server.url, dimension=64)
    assert short.embed_query(" ".join(TEXTS)).shape == (64,)
    assert server.requests[-1]["dimensions"] == 64
    assert "64" in short.name


def test_what_is_set_is_written_before_questions_and_passages(server: Embeddings) -> None:
    asked = embedder_at(server.url, query_prefix="query: ", passage_prefix="passage: ", dimension=384)
    asked.embed_query("leave")
    asked.embed_passages(["leave"])
    assert [sent["input"] for sent in server.requests] == [["query: leave"], ["passage: leave"]]
    assert asked.name != embedder_at(server.url).name


def test_a_text_is_cut_to_what_the_model_reads_and_none_is_empty(server: Embeddings) -> None:
    embedder_at(server.url, dimension=384, max_tokens=10).embed_passages(["leave " * 1000, "", "\0"])
    assert server.requests[0]["input"] == [("leave " * 8).strip(), ".", "."]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again_after_the_wait_that_it_names(server: Embeddings, status: int) -> None:
    pauses: list[float] = []
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    server.trouble = [(status, {"Retry-After": "7"}), (status, {"Retry-After": later}), (status, {}), (status, {})]
    vectors = embedder_at(server.url, pauses, dimension=384).embed_passages(TEXTS)
    assert vectors.shape == (10, 384)
    assert pauses[0] == 7
    assert 15 < pauses[1] <= 20
    assert pauses[2:] == [2.0, 4.0]


def test_a_question_is_given_up_sooner_than_passages(server: Embeddings) -> None:
    pauses: list[float] = []
    embedder = embedder_at(server.url, pauses, dimension=384)
    server.trouble = [(500, {})] * 20
    with pytest.raises(EmbedderUnavailable, match="status 500"):
        embedder.embed_query("leave")
    assert (len(server.requests), pauses) == (2, [0.5])
    server.trouble = [(429, {"Retry-After": "3600"})]
    with pytest.raises(EmbedderUnavailable, match="Wait a moment"):
        embedder.embed_passages(TEXTS)
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("status", "words"), [(400, "max_tokens"), (401, "api_key_env"), (404, "ends in /v1"), (413, "batch")]
)
def test_a_refusal_is_not_tried_again_and_says_what_to_do(server: Embeddings, status: int, words: str) -> None:
    server.trouble = [(status, {})]
    with pytest.raises(EmbedderUnavailable, match=words):
        embedder_at(server.url, dimension=384).embed_passages(TEXTS)
    assert len(server.requests) == 1


def first(**change: object) -> object:
    """Spoils the first vector of a reply."""
    return lambda body: {"data": [{**body["data"][0], **change}, *body["data"][1:]]}


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda body: {"data": body["data"][1:]}, id="one too few"),
        pytest.param(lambda body: {"data": [*body["data"], body["data"][0]]}, id="one too many"),
        pytest.param(first(index=1), id="an index twice"),
        pytest.param(first(index=-1), id="an index below zero"),
        pytest.param(first(embedding=[1.0, 2.0]), id="another length for one"),
        pytest.param(
            lambda body: {"data": [{**row, "embedding": [1.0, 2.0]} for row in body["data"]]}, id="another length"
        ),
        pytest.param(first(embedding=[math.nan] * 384), id="NaN"),
        pytest.param(first(embedding=[math.inf] * 384), id="infinity"),
        pytest.param(first(embedding=[0.0] * 384), id="no direction"),
        pytest.param(first(embedding="AAAA"), id="text for numbers"),
        pytest.param(first(embedding=None), id="null"),
        pytest.param(lambda body: {"data": None}, id="no list"),
        pytest.param(lambda body: {"object": "error"}, id="no data"),
        pytest.param(lambda body: [], id="a list"),
        pytest.param(lambda body: "<html>", id="text"),
    ],
)
def test_a_reply_that_is_not_what_was_asked_for_is_refused(server: Embeddings, spoil) -> None:
    server.spoil = spoil
    with pytest.raises(EmbedderUnavailable, match="did not reply with vectors"):
        embedder_at(server.url, dimension=384).embed_passages(TEXTS)


def test_a_slow_server_and_one_that_is_not_there_are_told_apart(server: Embeddings) -> None:
    server.holding = True
    with pytest.raises(EmbedderUnavailable, match="timeout_seconds"):
        embedder_at(server.url, dimension=384, timeout_seconds=0.05).embed_passages(TEXTS)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(EmbedderUnavailable, match=f"{url} cannot be reached"):
        embedder_at(url).embed_query("leave")


def test_the_key_is_sent_never_shown_and_never_goes_to_another_process(server: Embeddings) -> None:
    embedder = embedder_at(server.url, key="sk-secret", dimension=384)
    server.trouble = [(401, {})]
    with pytest.raises(EmbedderUnavailable, match=r"\[key\]") as error:
        embedder.embed_query("leave")
    assert server.keys == ["Bearer sk-secret"]
    assert "sk-secret" not in str(error.value)
    assert b"sk-secret" not in pickle.dumps(embedder)


def test_a_missing_url_or_key_is_a_setting_to_mend(server: Embeddings, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match=r"embedder\.base_url"):
        choose_embedder(EmbedderSettings(kind="openai"))
    with_key = EmbedderSettings(kind="openai", base_url=server.url, api_key_env="EMBEDDING_KEY")
    with pytest.raises(SettingsError, match="EMBEDDING_KEY"):
        choose_embedder(with_key)
    monkeypatch.setenv("EMBEDDING_KEY", "sk-1")
    choose_embedder(with_key).embed_query("leave")
    assert server.keys[0] == "Bearer sk-1"


@pytest.mark.model
def test_more_tokens_are_estimated_than_a_real_tokenizer_makes_of_prose() -> None:
    from demo import DOCUMENTS
    from indexes.embedders.minilm import MiniLM

    texts = [path.read_text() for path in sorted(DOCUMENTS.rglob("*.md"))]
    estimated = embedder_at("http://127.0.0.1:1").count_word_pieces(texts)
    real = MiniLM([]).count_word_pieces(texts)
    assert all(1.0 < guess / count < 1.6 for guess, count in zip(estimated, real, strict=True))
