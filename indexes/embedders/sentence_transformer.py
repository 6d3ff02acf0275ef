"""Any model of sentence-transformers, by its name or the path of its folder. The only embedder on torch."""

from __future__ import annotations

import copy
import hashlib
import os
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from core.errors import IndexBroken
from core.settings.sections import EmbedderSettings
from core.text import encodable
from indexes.embedders.fingerprint import fingerprint
from indexes.embedders.minilm import bundled_model, tokenizer_of
from indexes.embedders.protocol import Vectors
from indexes.torch_device import torch_device, use_threads

BATCH, BATCH_ON_GPU = 16, 128
"""Texts that the model reads together: on a processor, what fits its cache."""
NO_LIMIT = 8192
"""Word pieces read of a text by a model that names no limit."""
Role = Literal["query", "passage"]


class SentenceTransformerEmbedder:
    """An Embedder. `all-MiniLM-L6-v2` is the bundled copy; another name must be in the library's cache or be a path.

    What the model's folder says holds: how much of a text is read, what is written before questions and passages, its
    pooling. Vectors are scaled to length 1 here, whether the model does it or not. Questions have a tokenizer and a
    lock of their own, and share the weights: they do not wait for passages.
    """

    def __init__(self, settings: EmbedderSettings) -> None:
        self._settings = settings
        self._loading = threading.Lock()
        self._loaded: dict[Role, Any] = {}
        self._turns: dict[Role, threading.Lock] = {"query": threading.Lock(), "passage": threading.Lock()}

    def __reduce__(self) -> tuple[type[SentenceTransformerEmbedder], tuple[EmbedderSettings]]:
        """A copy in another process loads what it needs anew."""
        return SentenceTransformerEmbedder, (self._settings,)

    @cached_property
    def name(self) -> str:
        """The model, for a folder its weights, the precision, and what is written before passages if not its own."""
        model, path, prefix = self._settings.model, self._path(), self._settings.passage_prefix
        parts = ["sentence-transformers/" + (f"{Path(model).name}-{fingerprint(path)}" if path else model)]
        parts += [self._settings.precision] if self._settings.precision != "fp32" else []
        parts += [f"p{hashlib.sha256(prefix.encode()).hexdigest()[:8]}"] if prefix is not None else []
        return "-".join(parts)

    @property
    def dimension(self) -> int:
        """Length of each vector."""
        return int(self._load("passage").get_embedding_dimension())

    @cached_property
    def max_word_pieces(self) -> int:
        """Longest passage the model reads, without the special pieces and what is written before it."""
        encoder = self._load("passage")
        prompt = self._settings.passage_prefix
        if prompt is None:
            prompts = encoder.prompts
            prompt = next((prompts[key] for key in ("document", "passage", "corpus") if prompts.get(key)), "")
        special = int(encoder.tokenizer.num_special_tokens_to_add())
        return int(encoder.max_seq_length or NO_LIMIT) - special - self.count_word_pieces([prompt])[0]

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """vectors: float32 (len(texts), dimension)."""
        return self._embed("passage", texts)

    def embed_query(self, text: str) -> Vectors:
        """vector: float32 (dimension,)."""
        vector: Vectors = self._embed("query", [text])[0]
        return vector

    def _embed(self, role: Role, texts: Sequence[str]) -> Vectors:
        encoder = self._load(role)
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        query = role == "query"
        encode = encoder.encode_query if query else encoder.encode_document
        with self._turns[role]:
            found = encode(
                [encodable(text) for text in texts],
                prompt=self._settings.query_prefix if query else self._settings.passage_prefix,
                batch_size=BATCH if encoder.device.type == "cpu" else BATCH_ON_GPU,
                convert_to_numpy=True,
                show_progress_bar=False,
            )
        vectors: Vectors = np.array(found, dtype=np.float32)
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-12))
        return vectors

    def count_word_pieces(self, texts: Sequence[str]) -> list[int]:
        """Word pieces of each text, however long."""
        cleaned = [encodable(text) for text in texts]
        if not cleaned:
            return []
        if self._counter is not None:
            return [len(pieces.ids) for pieces in self._counter.encode_batch(cleaned, add_special_tokens=False)]
        encoder = self._load("passage")
        with self._turns["passage"]:
            found = encoder.tokenizer(cleaned, add_special_tokens=False, truncation=False, verbose=False)
        return [len(pieces) for pieces in found["input_ids"]]

    def _path(self) -> Path | None:
        """The model's folder; None for a name."""
        if self._settings.model in ("all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"):
            return bundled_model()
        path = Path(self._settings.model).expanduser()
        return path if path.is_dir() else None

    @cached_property
    def _counter(self) -> Any:  # noqa: ANN401 -- tokenizers is untyped to us
        """The tokenizer alone, which loads in a moment; None where the model's folder does not hold it as one file."""
        path = self._path()
        return tokenizer_of(path, most_pieces=None) if path and (path / "tokenizer.json").is_file() else None

    def _load(self, role: Role) -> Any:  # noqa: ANN401 -- sentence_transformers is untyped to us
        with self._loading:
            if not self._loaded:
                encoder = self._read()
                weights = {id(part): part for part in [*encoder.parameters(), *encoder.buffers()]}
                self._loaded = {"passage": encoder, "query": copy.deepcopy(encoder, weights)}
            return self._loaded[role]

    def _read(self) -> Any:  # noqa: ANN401 -- sentence_transformers is untyped to us
        path = self._path()
        if path is not None:  # nothing is asked of a model hub
            os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")
        device = torch_device(self._settings.device)
        use_threads(self._settings.threads)
        from sentence_transformers import SentenceTransformer

        options = {"dtype": "bfloat16"} if self._settings.precision == "bf16" else {}
        try:
            return SentenceTransformer(str(path or self._settings.model), device=device, model_kwargs=options).eval()
        except (OSError, ValueError) as error:
            raise IndexBroken(
                f"The embedding model {self._settings.model} cannot be loaded: {error}. Set embedder.model to a "
                "model's folder."
            ) from error
