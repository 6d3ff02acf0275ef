"""A model behind an OpenAI-compatible embeddings URL: OpenAI, Azure, vLLM, TEI, Ollama, llama.cpp."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

import numpy as np

from core.errors import SettingsError
from core.machine import cores
from core.settings import EmbedderSettings
from core.until import Until
from indexes.embedders.embeddings_server import EmbeddingsServer, Patience
from indexes.embedders.protocol import Vectors
from indexes.unicode import encodable

FOR_PASSAGES = Patience(calls=6, longest_wait=60.0)
FOR_QUESTIONS = Patience(calls=2, longest_wait=2.0)
"""Somebody waits for the answer."""
SPECIAL = 2
"""Tokens that a model adds to each text."""
BLANK = "."
"""Sent for a text without a character, which servers refuse."""
_PIECE = re.compile(r"[A-Za-z]{1,6}|[0-9]{1,3}|[^\sA-Za-z0-9]")


class OpenAIEmbedder:
    """An Embedder that raises EmbedderUnavailable too.

    The model's tokenizer is not known here, so tokens are estimated: six Latin letters, three digits or one other
    character each. That is more than the usual tokenizers make of a text, so that none is longer than was thought.
    """

    def __init__(self, settings: EmbedderSettings, *, server: EmbeddingsServer) -> None:
        """Nothing is sent yet."""
        self._settings, self._server = settings, server

    def __reduce__(self) -> tuple[Callable[[EmbedderSettings], OpenAIEmbedder], tuple[EmbedderSettings]]:
        """A copy in another process counts; the key does not go there."""
        return _without_key, (self._settings,)

    @cached_property
    def name(self) -> str:
        """The model, and what is asked of it."""
        asked, prefix = self._settings.dimension, self._settings.passage_prefix
        parts = [f"openai/{self._settings.model}", *([str(asked)] if asked else [])]
        return "-".join([*parts, f"p{hashlib.sha256(prefix.encode()).hexdigest()[:8]}"] if prefix else parts)

    @cached_property
    def dimension(self) -> int:
        """Length of each vector: as the settings ask, or learnt from a first one."""
        return self._settings.dimension or self._embed([BLANK], 0, FOR_QUESTIONS, Until.here()).shape[1]

    @cached_property
    def max_word_pieces(self) -> int:
        """Longest passage the model reads, without the special tokens and what is written before it."""
        return self._settings.max_tokens - SPECIAL - self.count_word_pieces([self._settings.passage_prefix or ""])[0]

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """vectors: float32 (len(texts), dimension)."""
        size, dimension, until = self._settings.batch, self.dimension, Until.here()
        ready = [self._ready(text, self._settings.passage_prefix) for text in texts]
        batches = [ready[start : start + size] for start in range(0, len(ready), size)]

        def embed(batch: Sequence[str]) -> Vectors:
            return self._embed(batch, dimension, FOR_PASSAGES, until)

        with ThreadPoolExecutor(self._settings.threads or cores(), thread_name_prefix="embed") as pool:
            found = list(pool.map(embed, batches))
        return np.concatenate([np.empty((0, dimension), dtype=np.float32), *found])

    def embed_query(self, text: str) -> Vectors:
        """vector: float32 (dimension,)."""
        ready = self._ready(text, self._settings.query_prefix)
        vector: Vectors = self._embed([ready], self.dimension, FOR_QUESTIONS, Until.here())[0]
        return vector

    def count_word_pieces(self, texts: Sequence[str]) -> list[int]:
        """An estimate of the tokens of each text, rather too many than too few."""
        return [sum(1 for _ in _PIECE.finditer(text)) for text in texts]

    def _embed(self, texts: Sequence[str], dimension: int, patience: Patience, until: Until) -> Vectors:
        return self._server.embed(texts, dimension=dimension, patience=patience, until=until)

    def _ready(self, text: str, prefix: str | None) -> str:
        """The text as it is sent: cut to what the model reads, since a server may refuse what is longer."""
        whole = (prefix or "") + encodable(text).replace("\0", " ")
        for number, piece in enumerate(_PIECE.finditer(whole)):
            if number == self._settings.max_tokens - SPECIAL:
                return whole[: piece.start()].rstrip()
        return whole.strip() or BLANK


def open_openai(settings: EmbedderSettings, *, key: str) -> OpenAIEmbedder:
    """The embedder of the settings. Raises SettingsError when base_url is missing."""
    if not settings.base_url:
        raise SettingsError("embedder.kind openai needs embedder.base_url, the server's URL up to and including /v1.")
    server = EmbeddingsServer(settings.base_url, settings.model, key=key, timeout=settings.timeout_seconds)
    return OpenAIEmbedder(settings, server=server)


def _without_key(settings: EmbedderSettings) -> OpenAIEmbedder:
    return open_openai(settings, key="")
