"""What the settings of an embedder mean, and which of them contradict each other or the hardware."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import machine
from core.errors import IndexBroken, SettingsError
from core.machine import Hardware, hardware
from core.settings.sections import EmbedderSettings
from indexes.embedders.bulk import BULK, BulkEmbedder, always
from indexes.embedders.choose import choose_embedder
from indexes.embedders.hashing import HashingEmbedder
from indexes.embedders.minilm import MiniLM
from indexes.embedders.protocol import Vectors
from tests.indexes.embedders.tiny_models import tiny_encoder

ROOT = Path(__file__).parents[3]


class Counting(HashingEmbedder):
    """Remembers how many passages it was given."""

    def __init__(self) -> None:
        self.given: list[int] = []

    def embed_passages(self, texts) -> Vectors:
        self.given.append(len(texts))
        return super().embed_passages(texts)


def test_many_passages_go_to_the_fast_embedder_and_few_to_the_quick_one() -> None:
    quick, bulk = Counting(), Counting()
    both = BulkEmbedder("both", quick, bulk, always)
    both.embed_passages(["leave"] * BULK)
    both.embed_passages(["leave"] * (BULK - 1))
    both.embed_query("leave")
    assert (quick.given, bulk.given) == ([BULK - 1], [BULK])


def test_where_it_is_not_worth_it_all_go_to_the_quick_one() -> None:
    quick, bulk, replies = Counting(), Counting(), iter([False])
    both = BulkEmbedder("both", quick, bulk, lambda: next(replies))
    for _ in range(2):
        both.embed_passages(["leave"] * BULK)
    assert (quick.given, bulk.given) == ([BULK, BULK], [])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"kind": "sentence_transformers", "precision": "int8"}, "int8 is not for embedder.kind sentence_transformers"),
        ({"kind": "hashing", "precision": "bf16"}, "bf16 is not for embedder.kind hashing"),
        ({"kind": "minilm", "query_prefix": "query: "}, "are not for embedder.kind minilm"),
    ],
)
def test_settings_that_contradict_each_other_are_refused_with_the_remedy(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        choose_embedder(EmbedderSettings(**settings))


@pytest.mark.parametrize("kind", ["minilm", "sentence_transformers"])
def test_bfloat16_is_refused_where_no_hardware_has_it(kind: str) -> None:
    settings = EmbedderSettings(kind=kind, precision="bf16", device="cpu")
    assert "bf16" in choose_embedder(settings, machine=Hardware(nvidia_gpu=False, bfloat16=True)).name
    with pytest.raises(SettingsError, match=r"needs a processor with AVX512-BF16 or AMX.* set it to fp32"):
        choose_embedder(settings, machine=Hardware(nvidia_gpu=False, bfloat16=False))


def test_a_gpu_changes_how_minilm_is_run_and_not_its_name() -> None:
    with_gpu = Hardware(nvidia_gpu=True, bfloat16=False)
    alone = choose_embedder(EmbedderSettings(), machine=Hardware(nvidia_gpu=False, bfloat16=False))
    beside = choose_embedder(EmbedderSettings(), machine=with_gpu)
    assert isinstance(alone, MiniLM)
    assert isinstance(beside, BulkEmbedder)
    assert alone.name == beside.name
    assert isinstance(choose_embedder(EmbedderSettings(device="cpu"), machine=with_gpu), MiniLM)


def test_asking_for_the_hardware_loads_no_library() -> None:
    program = (
        "import sys; from core import machine; machine.hardware();assert not {'torch', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, env={"PYTHONPATH": str(ROOT)})
    assert machine.cores() >= 1


@pytest.mark.model
@pytest.mark.slow
def test_a_folder_of_sentence_transformers_keeps_its_length_dimension_and_prompts(tmp_path: Path) -> None:
    def opened(**settings: object):
        return choose_embedder(EmbedderSettings(kind="sentence_transformers", model=str(path), **settings))

    path = tiny_encoder(tmp_path)
    its_own = opened()
    assert (its_own.dimension, its_own.max_word_pieces) == (32, 64 - 2 - 2)
    bare = opened(query_prefix="", passage_prefix="")
    assert bare.max_word_pieces == 64 - 2
    text = "How many days?"
    assert np.allclose(its_own.embed_query(text), bare.embed_query(f"question: {text}"), atol=1e-5)
    assert np.allclose(its_own.embed_passages([text]), bare.embed_passages([f"passage: {text}"]), atol=1e-5)
    assert np.linalg.norm(its_own.embed_passages([text])) == pytest.approx(1, abs=1e-5)
    assert len({its_own.name, bare.name, opened(passage_prefix="doc: ").name}) == 3
    assert opened(query_prefix="q: ").name == its_own.name


@pytest.mark.model
@pytest.mark.slow
def test_a_folder_without_a_model_and_a_device_that_is_not_there_are_refused(tmp_path: Path) -> None:
    settings = EmbedderSettings(kind="sentence_transformers", model=str(tmp_path))
    with pytest.raises(IndexBroken, match=r"Set embedder\.model"):
        choose_embedder(settings).embed_query("leave")
    if not hardware().nvidia_gpu:
        with pytest.raises(SettingsError, match="sees no device 'cuda'"):
            choose_embedder(settings.model_copy(update={"device": "cuda"})).embed_query("leave")


@pytest.mark.model
@pytest.mark.slow
def test_torch_computes_with_the_threads_that_are_set(tmp_path: Path) -> None:
    program = (
        "import sys, torch; from core.settings.sections import EmbedderSettings;"
        "from indexes.embedders.choose import choose_embedder;"
        "settings = EmbedderSettings(kind='sentence_transformers', model=sys.argv[1], threads=3);"
        "choose_embedder(settings).embed_query('a');"
        "assert torch.get_num_threads() == 3, torch.get_num_threads()"
    )
    path = str(tiny_encoder(tmp_path))
    subprocess.run([sys.executable, "-c", program, path], check=True, env={"PYTHONPATH": str(ROOT)})


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.skipif(not hardware().bfloat16, reason="a processor without bfloat16")
def test_bfloat16_gives_nearly_the_same_vectors_under_another_name() -> None:
    exact, rounded = choose_embedder(EmbedderSettings()), choose_embedder(EmbedderSettings(precision="bf16"))
    texts = [f"Parental leave lasts {weeks} weeks. " * weeks for weeks in range(1, BULK + 1)]
    assert (exact.embed_passages(texts) * rounded.embed_passages(texts)).sum(axis=1).min() > 0.9995
    assert exact.name != rounded.name
