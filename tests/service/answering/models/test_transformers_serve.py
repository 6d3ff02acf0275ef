"""The protocol as another program speaks it: `transformers serve` with a model of two small layers and random weights.

What such a model says is babble: that it arrives, is counted and is not taken for an answer is what is shown.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from core.access import OWNER
from core.answers import Refusal
from core.deadline import Deadline
from core.errors import ModelTimeout, ModelUnavailable
from core.settings.load import Settings
from core.settings.sections import AnsweringSettings, EmbedderSettings, ModelSettings
from indexes.open import open_indexes
from service.answering.answer import Question, answer, stream
from service.answering.models.choose import Model, open_model
from tests.indexes.store import store

PROGRAM = shutil.which("transformers", path=Path(sys.executable).parent)
STARTING_SECONDS = 400
TEMPLATE = "{% for message in messages %}{{ message['content'] }}\n{% endfor %}"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(PROGRAM is None, reason="there is no program `transformers` here"),
    pytest.mark.skipif(importlib.util.find_spec("accelerate") is None, reason="transformers serve needs accelerate"),
]


def tiny_chat_model(folder: Path) -> Path:
    """The folder, with a Llama of two layers and a tokenizer of the words of this file."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    torch.manual_seed(7)
    words = Tokenizer(models.BPE(unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    special = ["<unk>", "<s>", "</s>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=600, special_tokens=special, initial_alphabet=alphabet)
    words.train_from_iterator([Path(__file__).read_text()] * 3, trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="<unk>", bos_token="<s>", eos_token="</s>")
    tokenizer.chat_template = TEMPLATE
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=8192,
        bos_token_id=1,
        eos_token_id=2,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """URL and model of a server that runs."""
    folder = tiny_chat_model(tmp_path_factory.mktemp("tiny"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [str(PROGRAM), "serve", str(folder), "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    offline = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    log = (folder / "log").open("wb")
    with log, subprocess.Popen(words, env=offline, stdout=log, stderr=log) as process:
        try:
            _wait_for(f"http://127.0.0.1:{port}/health", process)
            yield f"http://127.0.0.1:{port}/v1", str(folder)
        finally:
            process.terminate()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(url, trust_env=False).status_code == 200:
                return
        time.sleep(0.2)
    pytest.fail(f"transformers serve did not start (exit code {process.poll()})")


def model_of(served: tuple[str, str], tmp_path: Path, **fields: object) -> tuple[Model, Settings]:
    url, name = served
    made = {"kind": "openai", "base_url": url, "model": name, "max_output_tokens": 32, **fields}
    embedder = EmbedderSettings(kind="hashing")
    settings = Settings(data=tmp_path / "data", embedder=embedder, models={"tiny": ModelSettings.model_validate(made)})
    return open_model(settings, "tiny", embedder=None), settings  # type: ignore[arg-type]


def test_babble_is_counted_and_is_no_answer_whole_or_streamed(served: tuple[str, str], tmp_path: Path) -> None:
    model, settings = model_of(served, tmp_path)
    with open_indexes(settings) as indexes:
        store(indexes, "leave.md", "Every employee has 28 days of leave a year.")
        for ask in (answer, lambda *asked, **given: list(stream(*asked, **given))[-1]):
            question = Question(text="How many days of leave does every employee have?")
            try:
                outcome = ask(question, access=OWNER, indexes=indexes, model=model, settings=AnsweringSettings())
            except ModelUnavailable as error:
                assert "max_output_tokens" in str(error)  # noqa: PT017 -- babble that is cut is an error of its own
                continue
            assert isinstance(outcome, Refusal)
            assert outcome.reason == "unsupported_answer"
            assert outcome.usage.input_tokens > 50


def test_what_it_says_arrives_with_its_usage(served: tuple[str, str], tmp_path: Path) -> None:
    model, _ = model_of(served, tmp_path)
    written = model.generator.write("Say something.", until=Deadline.within(120))
    assert written is not None
    assert written.text
    assert written.usage is not None
    assert 0 < written.usage.output_tokens <= 32


def test_a_wrong_name_is_an_error_that_names_the_setting(served: tuple[str, str], tmp_path: Path) -> None:
    model, _ = model_of(served, tmp_path, model="another")
    with pytest.raises(ModelUnavailable, match="Check"):
        model.generator.write("Say something.", until=Deadline.within(120))


def test_a_call_that_takes_too_long_is_ended(served: tuple[str, str], tmp_path: Path) -> None:
    model, _ = model_of(served, tmp_path, max_output_tokens=4000)
    with pytest.raises(ModelTimeout):
        model.generator.write("Say a lot.", until=Deadline.within(0.5))
