"""The encoder against other ways to run the same model: `make bench-encoding [CORPUS=DIR]` (default: the demo corpus).

    touchstone        the default embedder; also in bf16 where the hardware has it, and in int8
    onnxruntime       the same exported model as many use it: two threads inside a run, batches of 16, sorted by length
    sentence-transformers, in fp32 and bf16, batches of 16 (it sorts by length itself)

Every way embeds the same chunks in blocks, and the ways take turns on each block, so that what else the machine does
meets all of them. Its cosine with sentence-transformers in fp32 says how true each is. GFLOP are those that the texts
need, without padding: 2 * 6 * (4 * 384 * 384 + 2 * 384 * 1536) + 4 * length * 384 * 6 a word piece. Between the blocks
numpy multiplies matrices of 2,048 by 2,048 in fp32: the rate that a share is of. OpenVINO is not measured: it would be
180 MB that nothing else needs.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from indexes.embedders.protocol import Embedder, Vectors

BLOCK = 64
HANDED = 192
"""Texts that an ingestion gives to the embedder at once."""
QUERIES = 200
Way = Callable[[Sequence[str]], "Vectors"]


@dataclass(slots=True)
class Taken:
    """Seconds of wall and CPU time that each block took, over all rounds, and the worst and mean cosine."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    cosines: list[float] = field(default_factory=list)


def main(arguments: Sequence[str]) -> None:
    """Measure and print the tables for docs/benchmarks.md."""
    import demo

    parser = argparse.ArgumentParser()
    parser.add_argument("folder", nargs="?", type=Path, default=demo.DOCUMENTS)
    parser.add_argument("--chunks", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    texts = chunks_of(options.folder, options.chunks)
    from indexes.embedders.bulk import BULK

    ways, embedder = contenders()
    lengths = _lengths(texts)
    blocks = [texts[start : start + BLOCK] for start in range(0, len(texts), BLOCK)]
    taken = {name: Taken() for name in ways}
    gemm: list[float] = []
    for way in ways.values():
        way(blocks[0][:BULK])
    for _ in range(options.rounds):
        for block in blocks:
            gemm.append(_sgemm())
            _take_turns(ways, block, taken)
    _print(taken, lengths, statistics.median(gemm), options.rounds)
    _print_padding(lengths)
    _print_queries(embedder, texts)


def chunks_of(folder: Path, most: int) -> list[str]:
    """What the embedder reads of a folder's chunks: at most so many, drawn evenly, in the order of the files."""
    from core.errors import ParseError
    from indexes.embedders.minilm import MiniLM
    from ingest.chunking.chunk import chunk
    from ingest.parsers.choose import parse

    counter, texts = MiniLM([]), []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            parsed = parse(path.read_bytes(), name=path.name)
        except ParseError:
            continue
        texts += [part.index_text for part in chunk(parsed, limit=254, count=counter.count_word_pieces)]
    step = max(1, len(texts) // most)
    return texts[::step][:most]


def contenders() -> tuple[dict[str, Way], Embedder]:
    """The ways by name, the reference first, and the default embedder."""
    import torch
    from sentence_transformers import SentenceTransformer

    from core.errors import SettingsError
    from core.settings.sections import EmbedderSettings
    from indexes.embedders.choose import choose_embedder
    from indexes.embedders.minilm import bundled_model

    def theirs(**options: Any) -> Way:
        model = SentenceTransformer(str(bundled_model()), device="cpu", model_kwargs=options)
        return lambda texts: _unit(model.encode(list(texts), batch_size=16, show_progress_bar=False))

    embedder = choose_embedder(EmbedderSettings(device="cpu"))
    ways: dict[str, Way] = {
        "sentence-transformers": theirs(),
        "sentence-transformers, bf16": theirs(dtype=torch.bfloat16),
        "onnxruntime, batches of 16": _bare(),
        "touchstone": embedder.embed_passages,
    }
    for precision in ("bf16", "int8"):
        try:
            settings = EmbedderSettings.model_validate({"device": "cpu", "precision": precision})
            ways[f"touchstone, {precision}"] = choose_embedder(settings).embed_passages
        except SettingsError as error:
            print(error)
    return ways, embedder


def _bare() -> Way:
    import onnxruntime

    from core.settings.sections import EmbedderSettings
    from indexes.embedders.minilm import MAX_PIECES, bundled_model, exported, tokenizer_of

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    path = exported(bundled_model(), [EmbedderSettings().cache.expanduser()])
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    tokenizer = tokenizer_of(bundled_model(), most_pieces=MAX_PIECES)
    tokenizer.enable_padding()

    def embed(texts: Sequence[str]) -> Vectors:
        order = np.argsort([len(text) for text in texts])
        vectors = np.empty((len(texts), 384), dtype=np.float32)
        for start in range(0, len(texts), 16):
            places = order[start : start + 16]
            found = tokenizer.encode_batch([texts[place] for place in places])
            batch = {
                "input_ids": [each.ids for each in found],
                "attention_mask": [each.attention_mask for each in found],
            }
            (vectors[places],) = session.run(None, {name: np.array(rows) for name, rows in batch.items()})
        return vectors

    return embed


def _unit(vectors: Vectors) -> Vectors:
    vectors = vectors.astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def _take_turns(ways: dict[str, Way], block: Sequence[str], taken: dict[str, Taken]) -> None:
    reference: Vectors | None = None
    for name, way in ways.items():
        wall, cpu = time.perf_counter(), time.process_time()
        vectors = way(block)
        taken[name].cpu.append(time.process_time() - cpu)
        taken[name].wall.append(time.perf_counter() - wall)
        reference = vectors if reference is None else reference
        taken[name].cosines += (vectors * reference).sum(axis=1).tolist()


def _lengths(texts: Sequence[str]) -> list[int]:
    """Word pieces that the model reads of each text, the two special ones included."""
    from indexes.embedders.minilm import MAX_PIECES, bundled_model, tokenizer_of

    return [len(found.ids) for found in tokenizer_of(bundled_model(), most_pieces=MAX_PIECES).encode_batch(texts)]


def _flop(lengths: Sequence[int]) -> float:
    return sum(n * (2 * 6 * (4 * 384**2 + 2 * 384 * 1536) + 4 * n * 384 * 6) for n in lengths)


def _sgemm() -> float:
    """GFLOP/s of one product, with as many threads as numpy takes."""
    matrix = np.ones((2048, 2048), dtype=np.float32)
    began = time.perf_counter()
    matrix @ matrix
    return float(2 * 2048**3 / (time.perf_counter() - began) / 1e9)


def _print(taken: dict[str, Taken], lengths: Sequence[int], gemm: float, rounds: int) -> None:
    print(f"{os.cpu_count()} cores; {len(lengths)} chunks of {min(lengths)} to {max(lengths)} word pieces, median ")
    print(f"{statistics.median(lengths):.0f}; sgemm {gemm:.0f} GFLOP/s\n")
    print("| | word pieces/s | CPU ms a text | GFLOP/s | of sgemm | cosine, least | cosine, mean |")
    print("|---|---|---|---|---|---|---|")
    for name, each in taken.items():
        seconds, cpu = sum(each.wall) / rounds, sum(each.cpu) / rounds
        rate = _flop(lengths) / seconds / 1e9
        print(
            f"| {name} | {sum(lengths) / seconds:.0f} | {1000 * cpu / len(lengths):.1f} | {rate:.0f} "
            f"| {rate / gemm:.0%} | {min(each.cosines):.5f} | {statistics.mean(each.cosines):.5f} |"
        )


def _print_padding(lengths: Sequence[int]) -> None:
    """Word pieces that are computed for nothing: as an ingestion hands its texts over, and in the order they come."""
    from indexes.embedders.minilm import BATCH

    def waste(order: Sequence[int], size: int) -> float:
        batches = [order[start : start + size] for start in range(0, len(order), size)]
        return sum(len(batch) * max(batch) for batch in batches) / sum(order) - 1

    handed = [lengths[start : start + HANDED] for start in range(0, len(lengths), HANDED)]
    ours = [length for part in handed for length in sorted(part, reverse=True)]
    print(f"\nPadding: {waste(ours, BATCH):.1%} as batched, {waste(lengths, 16):.1%} unsorted in batches of 16")


def _print_queries(embedder: Embedder, texts: Sequence[str]) -> None:
    """Milliseconds to embed a question, alone and while another thread embeds passages without a pause."""
    questions = [" ".join(text.split()[:12]) for text in texts][:QUERIES]
    stop = threading.Event()

    def ingest() -> None:
        while not stop.is_set():
            embedder.embed_passages(texts[:BLOCK])

    embedder.embed_query("warm up")
    for name, beside in [("alone", None), ("beside an ingestion", threading.Thread(target=ingest))]:
        if beside is not None:
            beside.start()
        times = []
        for question in questions:
            began = time.perf_counter()
            embedder.embed_query(question)
            times.append(1000 * (time.perf_counter() - began))
        print(f"A question {name}: p50 {np.percentile(times, 50):.1f} ms, p95 {np.percentile(times, 95):.1f} ms")
        if beside is not None:
            stop.set()
            beside.join()


if __name__ == "__main__":
    main(sys.argv[1:])
