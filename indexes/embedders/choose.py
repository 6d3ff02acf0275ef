"""Makes the embedder that the settings name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.settings import EmbedderSettings
from indexes.embedders.hashing import HashingEmbedder
from indexes.embedders.minilm import MiniLM
from indexes.embedders.protocol import Embedder
from indexes.embedders.sentence_transformer import SentenceTransformerEmbedder


def choose_embedder(settings: EmbedderSettings, *, fallback: Path | None = None) -> Embedder:
    """The embedder of the settings; nothing is loaded yet.

    `fallback` is a folder for the exported model where `settings.cache` cannot be written, such as a container's home.
    """
    folders = [settings.cache.expanduser(), *([fallback] if fallback is not None else [])]
    kinds: dict[str, Callable[[], Embedder]] = {
        "minilm": lambda: MiniLM(folders, threads=settings.threads, precision=settings.precision),
        "sentence_transformers": lambda: SentenceTransformerEmbedder(settings.model),
        "hashing": HashingEmbedder,
    }
    return kinds[settings.kind]()
