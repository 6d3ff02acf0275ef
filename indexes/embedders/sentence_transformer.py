"""Any model of sentence-transformers, by its name or the path of its folder. The only file that imports the library.

It runs on torch, which takes its number of threads from the environment (OMP_NUM_THREADS).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import IndexBroken
from indexes.embedders.minilm import bundled_model, tokenizer_of
from indexes.embedders.protocol import Vectors
from indexes.embedders.weights import fingerprint
from indexes.unicode import encodable

BATCH = 16


class SentenceTransformerEmbedder:
    """An Embedder. `all-MiniLM-L6-v2` is the bundled copy; another name must be in the library's cache or be a path."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[SentenceTransformerEmbedder], tuple[str]]:
        """A copy in another process loads what it needs anew."""
        return SentenceTransformerEmbedder, (self._model,)

    @cached_property
    def name(self) -> str:
        """The model, and for a folder its weights."""
        path = self._path()
        if path is None:
            return f"sentence-transformers/{self._model}"
        return f"sentence-transformers/{Path(self._model).name}-{fingerprint(path)}"

    @property
    def dimension(self) -> int:
        """Length of each vector."""
        return int(self._encoder.get_embedding_dimension())

    @property
    def max_word_pieces(self) -> int:
        """Longest text the model reads, without the two special pieces."""
        return int(self._encoder.max_seq_length) - 2

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """vectors: float32 (len(texts), dimension)."""
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        cleaned = [encodable(text) for text in texts]
        with self._lock:
            vectors = self._encoder.encode(
                cleaned, batch_size=BATCH, normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False
            )
        return np.asarray(vectors, dtype=np.float32)

    def embed_query(self, text: str) -> Vectors:
        """vector: float32 (dimension,)."""
        vector: Vectors = self.embed_passages([text])[0]
        return vector

    def count_word_pieces(self, texts: Sequence[str]) -> list[int]:
        """Word pieces of each text, however long."""
        cleaned = [encodable(text) for text in texts]
        if not cleaned:
            return []
        if self._counter is not None:
            return [len(pieces.ids) for pieces in self._counter.encode_batch(cleaned, add_special_tokens=False)]
        with self._lock:
            found = self._encoder.tokenizer(cleaned, add_special_tokens=False, truncation=False, verbose=False)
        return [len(pieces) for pieces in found["input_ids"]]

    def _path(self) -> Path | None:
        """The model's folder; None for a name."""
        if self._model in ("all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"):
            return bundled_model()
        path = Path(self._model).expanduser()
        return path if path.is_dir() else None

    @cached_property
    def _counter(self) -> Any:  # noqa: ANN401 -- tokenizers is untyped to us
        """The tokenizer alone, which loads in a moment; None where the model's folder does not hold it as one file."""
        path = self._path()
        return tokenizer_of(path, most_pieces=None) if path and (path / "tokenizer.json").is_file() else None

    @cached_property
    def _encoder(self) -> Any:  # noqa: ANN401 -- sentence_transformers is untyped to us
        path = self._path()
        if path is not None:  # nothing is asked of a model hub
            os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1")
        from sentence_transformers import SentenceTransformer

        try:
            return SentenceTransformer(str(path or self._model), device="cpu")
        except (OSError, ValueError) as error:
            raise IndexBroken(
                f"The embedding model {self._model} cannot be loaded: {error}. Set embedder.model to a model's folder."
            ) from error
