"""The index and the embedder as parts of LlamaIndex."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace

import numpy as np
import pytest
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.response_synthesizers import ResponseMode, get_response_synthesizer
from llama_index.core.schema import MetadataMode

from core.access import OWNER, Access
from core.filters import Filters
from indexes.embedders.hashing import HashingEmbedder
from indexes.embedders.protocol import Vectors
from indexes.indexes import Indexes
from indexes.llamaindex import TouchstoneEmbedding, TouchstoneRetriever
from tests.indexes.store import store

QUESTION = "How many days of paid leave?"


@pytest.fixture
def filled(indexes: Indexes) -> Indexes:
    store(indexes, "leave.md", "Employees get 27 days of paid leave.", "Carers get 5 more.", title="Leave")
    store(indexes, "secret.md", "Directors get 99 days of paid leave.", groups=["board"])
    return indexes


class Held(HashingEmbedder):
    """Embeds when it is let."""

    def __init__(self) -> None:
        self.let, self.was_let = threading.Event(), False

    def embed_query(self, text: str) -> Vectors:
        self.was_let = self.let.wait(10)
        return super().embed_query(text)


def test_hits_become_nodes_that_say_where_they_stand(filled: Indexes) -> None:
    best = TouchstoneRetriever(filled, access=Access(groups=frozenset()), limit=1).retrieve(QUESTION)[0]
    assert best.text == "Employees get 27 days of paid leave."
    assert best.score is not None
    assert 0 <= best.score <= 1
    assert best.metadata == {
        "document": "leave.md", "page": None, "headings": [], "start": 0, "end": 36, "chunk_id": best.node_id,
    }  # fmt: skip
    shown = best.node.get_content(metadata_mode=MetadataMode.LLM)
    assert "leave.md" in shown
    assert "chunk_id" not in shown


def test_access_must_be_said_and_holds(filled: Indexes) -> None:
    with pytest.raises(TypeError, match="access"):
        TouchstoneRetriever(filled)  # type: ignore[call-arg]
    for access, seen in [(Access(groups=frozenset()), False), (OWNER, True)]:
        nodes = TouchstoneRetriever(filled, access=access).retrieve(QUESTION)
        assert ("secret.md" in {node.metadata["document"] for node in nodes}) is seen


def test_filters_hold(filled: Indexes) -> None:
    only = Filters(documents=frozenset({"secret.md"}))
    nodes = TouchstoneRetriever(filled, access=OWNER, filters=only).retrieve(QUESTION)
    assert {node.metadata["document"] for node in nodes} == {"secret.md"}


def test_a_query_engine_of_llamaindex_reads_from_it(filled: Indexes) -> None:
    from llama_index.core.llms import MockLLM

    synthesizer = get_response_synthesizer(llm=MockLLM(), response_mode=ResponseMode.COMPACT)
    engine = RetrieverQueryEngine(TouchstoneRetriever(filled, access=OWNER, limit=2), synthesizer)
    assert "27 days of paid leave" in str(engine.query(QUESTION))


def test_async_callers_keep_their_loop(filled: Indexes) -> None:
    async def ask_and_let() -> list[str]:
        asked = asyncio.ensure_future(retriever.aretrieve(QUESTION))
        await asyncio.sleep(0)
        embedder.let.set()
        return [node.text for node in await asked]

    embedder = Held()
    retriever = TouchstoneRetriever(replace(filled, embedder=embedder), access=OWNER, limit=1)
    assert len(asyncio.run(ask_and_let())) == 1
    assert embedder.was_let


def test_embeddings_are_those_of_the_embedder() -> None:
    embedder = HashingEmbedder()
    embedding = TouchstoneEmbedding(embedder, embed_batch_size=2)
    texts = ["paid leave", "sick leave", "", "hotel"]
    assert np.allclose(embedding.get_text_embedding_batch(texts), embedder.embed_passages(texts))
    assert np.allclose(embedding.get_text_embedding("hotel"), embedder.embed_passages(["hotel"])[0])
    assert np.allclose(embedding.get_query_embedding("hotel"), embedder.embed_query("hotel"))
    assert embedding.model_name == embedder.name


def test_async_embedding_keeps_the_loop() -> None:
    async def ask_and_let() -> list[float]:
        asked = asyncio.ensure_future(TouchstoneEmbedding(embedder).aget_query_embedding("hotel"))
        await asyncio.sleep(0)
        embedder.let.set()
        vector: list[float] = await asked
        await TouchstoneEmbedding(embedder).aget_text_embedding_batch(["hotel"])
        return vector

    embedder = Held()
    assert np.allclose(asyncio.run(ask_and_let()), HashingEmbedder().embed_query("hotel"))
    assert embedder.was_let
