"""A question is embedded while passages that another thread gave are still under way: held up here by events."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.settings.sections import EmbedderSettings
from indexes.embedders.cached import CachedEmbedder
from indexes.embedders.choose import choose_embedder
from indexes.embedders.minilm import MiniLM
from indexes.embedders.protocol import Embedder
from indexes.embedders.sentence_transformer import SentenceTransformerEmbedder
from tests.indexes.embedders.embeddings_server import embedder_at, embeddings_server
from tests.indexes.embedders.tiny_models import tiny_encoder

TEXTS = [f"paid leave number {number}" for number in range(100)]


def question_while_passages_wait(embedder: Embedder, arrived: threading.Event, release: threading.Event) -> None:
    """The passages arrive at the model and stay there until the question has its vector."""
    with ThreadPoolExecutor(1) as pool:
        passages = pool.submit(embedder.embed_passages, TEXTS)
        try:
            assert arrived.wait(60)
            vector = embedder.embed_query("How much paid leave?")
            assert not passages.done()
        finally:
            release.set()
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-4)
        assert passages.result(60).shape[0] == len(TEXTS)


class Held:
    """onnxruntime's session, which holds up every batch of more than one text."""

    def __init__(self, session: Any) -> None:
        self.session, self.arrived, self.release = session, threading.Event(), threading.Event()

    def run(self, wanted: Any, batch: Any) -> Any:
        if len(batch["input_ids"]) > 1:
            self.arrived.set()
            self.release.wait(60)
        return self.session.run(wanted, batch)


@pytest.mark.model
def test_of_minilm() -> None:
    embedder = choose_embedder(EmbedderSettings(threads=2, device="cpu"))
    assert isinstance(embedder, MiniLM)
    session, tokenizer = embedder._load()
    held = Held(session)
    embedder._loaded = held, tokenizer
    question_while_passages_wait(CachedEmbedder(embedder), held.arrived, held.release)


def test_of_a_model_behind_a_url() -> None:
    with embeddings_server() as server:
        server.holding = True
        question_while_passages_wait(embedder_at(server.url, batch=10), server.arrived, server.released)


@pytest.mark.model
@pytest.mark.slow
def test_of_sentence_transformers(tmp_path: Path) -> None:
    settings = EmbedderSettings(kind="sentence_transformers", model=str(tiny_encoder(tmp_path)), device="cpu")
    embedder = SentenceTransformerEmbedder(settings)
    arrived, release = threading.Event(), threading.Event()

    def hold(*_: object) -> None:
        arrived.set()
        release.wait(60)

    embedder._load("passage").register_forward_pre_hook(hold)
    question_while_passages_wait(embedder, arrived, release)
