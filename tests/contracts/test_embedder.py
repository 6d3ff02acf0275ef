"""What every Embedder does: the shipped fake, alone, remembered, beside a faster one and behind a URL; MiniLM through
onnxruntime; sentence-transformers with MiniLM and with a tiny model that has prompts and does not scale its vectors."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from core.settings.sections import EmbedderSettings
from indexes.embedders.bulk import BulkEmbedder, always
from indexes.embedders.cached import CachedEmbedder
from indexes.embedders.choose import choose_embedder
from indexes.embedders.hashing import HashingEmbedder
from indexes.embedders.protocol import Embedder
from tests.indexes.embedders.embeddings_server import embedder_at, embeddings_server
from tests.indexes.embedders.tiny_models import tiny_encoder

TEXTS = [
    "Employees get 27 days of paid leave each year.",
    "leave",
    "",
    "Größe: 5 µm — naïve café 東京 🎉",
    "half a \ud800 pair and a \x00 byte",
    "a long text about travel and its cost " * 80,
]
KINDS = [
    pytest.param("hashing"),
    pytest.param("remembering"),
    pytest.param("in_bulk"),
    pytest.param("openai"),
    pytest.param("minilm", marks=pytest.mark.model),
    pytest.param("sentence_transformers", marks=[pytest.mark.model, pytest.mark.slow]),
    pytest.param("tiny", marks=[pytest.mark.model, pytest.mark.slow]),
]


@pytest.fixture(scope="module", params=KINDS)
def two(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Embedder, Embedder]]:
    """Two embedders made from the same settings."""
    kind = request.param
    made: dict[str, Callable[[], Embedder]] = {
        "remembering": lambda: CachedEmbedder(HashingEmbedder(), most=3),
        "in_bulk": lambda: BulkEmbedder("both", HashingEmbedder(), HashingEmbedder(), always),
    }
    if kind == "openai":
        with embeddings_server() as server:
            yield embedder_at(server.url, max_tokens=100), embedder_at(server.url, max_tokens=100)
    elif kind == "tiny":
        path = tiny_encoder(tmp_path_factory.mktemp("tiny"))
        settings = EmbedderSettings(kind="sentence_transformers", model=str(path), query_prefix="", passage_prefix="")
        yield choose_embedder(settings), choose_embedder(settings)
    else:
        make = made.get(kind, lambda: choose_embedder(EmbedderSettings.model_validate({"kind": kind})))
        yield make(), make()


@pytest.fixture
def embedder(two: tuple[Embedder, Embedder]) -> Embedder:
    return two[0]


def test_passages_become_unit_vectors_of_the_promised_shape(embedder: Embedder) -> None:
    vectors = embedder.embed_passages(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dimension)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-4)


def test_no_passages_give_an_empty_array_of_the_right_width(embedder: Embedder) -> None:
    assert embedder.embed_passages([]).shape == (0, embedder.dimension)
    assert embedder.count_word_pieces([]) == []


def test_a_text_has_the_same_vector_whatever_it_is_batched_with(embedder: Embedder) -> None:
    together = embedder.embed_passages(TEXTS * 4)
    alone = np.stack([embedder.embed_passages([text])[0] for text in TEXTS])
    assert np.allclose(together, np.tile(alone, (4, 1)), atol=1e-5)


def test_a_query_is_embedded_like_a_passage(embedder: Embedder) -> None:
    assert embedder.embed_query(TEXTS[0]).shape == (embedder.dimension,)
    assert np.allclose(embedder.embed_query(TEXTS[0]), embedder.embed_passages(TEXTS)[0], atol=1e-5)


def test_texts_that_share_words_are_nearer_than_texts_that_do_not(embedder: Embedder) -> None:
    if embedder.dimension < 100:
        pytest.skip("random weights mean nothing")
    question = embedder.embed_query("How many days of paid leave do employees get?")
    near, far = embedder.embed_passages([TEXTS[0], "The warehouse roof was painted green."])
    assert question @ near > question @ far + 0.2


def test_word_pieces_are_counted_beyond_what_the_model_reads(embedder: Embedder) -> None:
    one, empty, many = embedder.count_word_pieces(["leave", "", "leave " * 1000])
    assert (one, empty, many) == (1, 0, 1000)
    assert embedder.max_word_pieces < many


def test_the_last_word_piece_that_fits_still_counts_and_the_next_does_not(embedder: Embedder) -> None:
    full = "leave " * (embedder.max_word_pieces - 1)
    fits, longer, shorter = embedder.embed_passages([full + "travel", full + "travel cost", full])
    assert np.allclose(fits, longer, atol=1e-5)
    assert not np.allclose(fits, shorter, atol=1e-5)


def test_two_embedders_of_a_kind_have_the_same_name(two: tuple[Embedder, Embedder]) -> None:
    assert two[0].name == two[1].name


@pytest.mark.model
@pytest.mark.slow
def test_minilm_gives_the_vectors_of_sentence_transformers() -> None:
    ours = choose_embedder(EmbedderSettings(kind="minilm"))
    theirs = choose_embedder(EmbedderSettings(kind="sentence_transformers"))
    cosines = (ours.embed_passages(TEXTS) * theirs.embed_passages(TEXTS)).sum(axis=1)
    assert cosines.min() > 0.9999


def test_a_copy_in_another_process_counts_the_same(embedder: Embedder) -> None:
    copy: Embedder = pickle.loads(pickle.dumps(embedder))
    assert copy.count_word_pieces(TEXTS) == embedder.count_word_pieces(TEXTS)
    assert (copy.name, copy.max_word_pieces) == (embedder.name, embedder.max_word_pieces)
