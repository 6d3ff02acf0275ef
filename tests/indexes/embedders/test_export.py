"""The exported model: made once, verified, safe to make twice at once."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from core.errors import IndexBroken
from core.settings.sections import EmbedderSettings
from indexes.embedders.export import WEIGHTS
from indexes.embedders.fingerprint import fingerprint
from indexes.embedders.minilm import MiniLM, bundled_model, exported
from tests.indexes.embedders.tiny_models import tiny_encoder

CACHE = EmbedderSettings().cache.expanduser()


def test_weights_are_told_apart_by_their_content(tmp_path: Path) -> None:
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"\x00" * 10_000_000)
    before = fingerprint(tmp_path)
    assert fingerprint(tmp_path) == before
    content = bytearray(weights.read_bytes())
    content[-1] = 1
    weights.write_bytes(content)
    assert fingerprint(tmp_path) != before


@pytest.mark.model
@pytest.mark.slow
def test_two_that_export_at_once_end_with_one_verified_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with ThreadPoolExecutor() as pool:
        first, second = pool.map(
            lambda embedder: embedder.embed_query("leave"), [MiniLM([tmp_path]), MiniLM([tmp_path])]
        )
    assert np.array_equal(first, second)
    assert [path.suffix for path in sorted(tmp_path.iterdir())] == [".onnx", ".data", ".lock"]
    assert [record.message for record in caplog.records] == [
        "Preparing the embedding model, once on this machine: some ten seconds."
    ]
    assert first @ MiniLM([tmp_path]).embed_query("leave") == pytest.approx(1.0, abs=1e-5)


@pytest.mark.model
def test_a_folder_that_cannot_be_written_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "second").mkdir()
    model = exported(bundled_model(), [CACHE])
    (tmp_path / "second" / model.name).symlink_to(model)
    assert exported(bundled_model(), [tmp_path / "file", tmp_path / "second"]).parent == tmp_path / "second"
    with pytest.raises(IndexBroken, match=r"embedder\.cache"):
        exported(bundled_model(), [tmp_path / "file"])


@pytest.mark.model
@pytest.mark.parametrize("damaged", [b"damaged", b""], ids=["graph", "weights"])
def test_a_damaged_export_is_named_and_what_to_do_with_it(tmp_path: Path, damaged: bytes) -> None:
    model = exported(bundled_model(), [CACHE])
    (tmp_path / model.name).write_bytes(damaged or model.read_bytes())
    (tmp_path / f"{model.name}{WEIGHTS}").write_bytes(b"cut off")
    with pytest.raises(IndexBroken, match="Delete that file"):
        MiniLM([tmp_path]).embed_query("leave")


def test_a_model_that_cannot_be_exported_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "cache").mkdir()
    with pytest.raises(IndexBroken, match="could not be exported"):
        exported(tmp_path / "model", [tmp_path / "cache"])
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".lock"]


@pytest.mark.model
@pytest.mark.slow
def test_an_export_that_differs_from_sentence_transformers_is_not_used(tmp_path: Path) -> None:
    model = tiny_encoder(tmp_path / "first-piece", pooling="cls")  # the exporter takes the mean
    (tmp_path / "cache").mkdir()
    with pytest.raises(IndexBroken, match=r"differs from sentence-transformers.*kind to sentence_transformers"):
        exported(model, [tmp_path / "cache"])
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".lock"]


def test_choosing_and_opening_load_no_model() -> None:
    program = (
        "import sys, indexes.open; from core.settings.sections import EmbedderSettings;"
        "from indexes.embedders.choose import choose_embedder;"
        "choose_embedder(EmbedderSettings()).name;"
        "assert not {'torch', 'transformers', 'onnxruntime', 'chromadb', 'sentence_transformers'} & set(sys.modules)"
    )
    root = str(Path(__file__).parents[3])
    subprocess.run([sys.executable, "-c", program], check=True, env={"PYTHONPATH": root})


@pytest.mark.model
def test_eight_bits_give_nearly_the_same_vectors_under_another_name() -> None:
    exact, rounded = MiniLM([CACHE]), MiniLM([CACHE], precision="int8")
    texts = ["Parental leave lasts 16 weeks.", "The pump costs 120 EUR.", "leave " * 300]
    cosines = (exact.embed_passages(texts) * rounded.embed_passages(texts)).sum(axis=1)
    assert 0.97 < cosines.min() < 0.99999
    assert exact.name != rounded.name
