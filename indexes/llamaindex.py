"""Touchstone's index and embedder as parts of LlamaIndex. Imported by who uses LlamaIndex; nothing here imports it."""

from __future__ import annotations

import asyncio
from typing import Any

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.callbacks import CallbackManager
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
from pydantic import PrivateAttr

from core.access import Access
from core.answers import Hit
from core.filters import UNFILTERED, Filters
from indexes.embedders.protocol import Embedder
from indexes.indexes import Indexes
from indexes.search.search import search

BATCH = 256
"""Texts given to the embedder at once, which sorts them by length."""
UNREAD = ["chunk_id", "start", "end"]
"""Metadata that says nothing to a model."""


class TouchstoneRetriever(BaseRetriever):  # type: ignore[misc]
    """Hybrid search over open indexes, for whoever `access` says. Async callers do not block their loop."""

    def __init__(
        self,
        indexes: Indexes,
        *,
        access: Access,
        collection: str = "default",
        limit: int | None = None,
        filters: Filters = UNFILTERED,
    ) -> None:
        """`limit` is the number of passages, by default that of the settings."""
        super().__init__(callback_manager=CallbackManager())
        self._indexes, self._access, self._collection = indexes, access, collection
        self._limit, self._filters = limit or indexes.search.limit, filters

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        found = search(
            self._indexes,
            query_bundle.query_str,
            access=self._access,
            collection=self._collection,
            limit=self._limit,
            filters=self._filters,
        )
        return [NodeWithScore(node=node_of(hit), score=hit.score) for hit in found.hits]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


def node_of(hit: Hit) -> TextNode:
    """A hit as LlamaIndex's node: its text, and where that stands."""
    metadata: dict[str, Any] = {
        "document": hit.document,
        "page": hit.page_start,
        "headings": list(hit.headings),
        "start": hit.start,
        "end": hit.end,
        "chunk_id": hit.chunk_id,
    }
    return TextNode(
        id_=hit.chunk_id,
        text=hit.text,
        metadata=metadata,
        start_char_idx=hit.start,
        end_char_idx=hit.end,
        excluded_llm_metadata_keys=UNREAD,
        excluded_embed_metadata_keys=list(metadata),
    )


class TouchstoneEmbedding(BaseEmbedding):  # type: ignore[misc]
    """An Embedder of Touchstone for LlamaIndex. Async callers do not block their loop."""

    _embedder: Embedder = PrivateAttr()

    def __init__(self, embedder: Embedder, *, embed_batch_size: int = BATCH) -> None:
        """`embedder` is `indexes.embedder` of an open folder, or one that `choose_embedder` made."""
        super().__init__(
            model_name=embedder.name, embed_batch_size=embed_batch_size, callback_manager=CallbackManager()
        )
        self._embedder = embedder

    @classmethod
    def class_name(cls) -> str:
        """Its name in LlamaIndex."""
        return "TouchstoneEmbedding"

    def _get_query_embedding(self, query: str) -> list[float]:
        vector: list[float] = self._embedder.embed_query(query).tolist()
        return vector

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        vectors: list[list[float]] = self._embedder.embed_passages(texts).tolist()
        return vectors

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return await asyncio.to_thread(self._get_query_embedding, query)

    async def _aget_text_embedding(self, text: str) -> list[float]:
        return await asyncio.to_thread(self._get_text_embedding, text)

    async def _aget_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return await asyncio.to_thread(self._get_text_embeddings, texts)
