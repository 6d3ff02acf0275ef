"""Ingestion against the least that could be done, and against LlamaIndex's stock pipeline, in one interleaved run.

    python -m benchmarks.throughput FOLDER... [--documents 20] [--rounds 3] [--peers PEERS] [--precision int8]

Each contender reads the same files in a process of its own, after one batch to warm up, and they take turns: what else
the machine does meets all of them.

    bare        pypdfium2's text (or the file's), windows of 254 word pieces, the encoder of Touchstone, sorted by
                length, `collection.add`: no structure, no catalogue, no keyword index, nobody guarding the parser
    touchstone  `ingest`, as anybody runs it
    llamaindex  `SimpleDirectoryReader`, `VectorStoreIndex` over Chroma, sentence-transformers, all as they come;
                the model reads 256 word pieces of each of its chunks and drops the rest

PEERS is a folder made by `pip install --no-deps --target PEERS -r benchmarks/peers.txt`: LlamaIndex needs
an older pypdf than Touchstone has. `make bench-throughput` does all of it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

SEED = 7
PIECES = 254


@dataclass(frozen=True, slots=True)
class Round:
    """One contender, once. `pieces` are the word pieces that the model read; `cpu` counts child processes."""

    seconds: float
    cpu: float
    pages: int
    chunks: int
    pieces: int


def main(arguments: Sequence[str]) -> None:
    """Measure and print one table a folder, ready for docs/benchmarks.md."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--documents", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--precision", default="fp32")
    options = parser.parse_args(arguments)
    for folder in options.folders:
        with tempfile.TemporaryDirectory() as scratch:
            sample = _sample(folder, options.documents, Path(scratch))
            rounds: dict[str, list[Round]] = {name: [] for name in _contenders(options)}
            for _ in range(options.rounds):
                for name, taken in rounds.items():
                    taken.append(_in_own_process(name, sample, options))
            _print(folder, len(list(sample.iterdir())), rounds)


def _contenders(options: argparse.Namespace) -> list[str]:
    names = ["bare", "touchstone"]
    names += ["reduced"] if options.precision != "fp32" else []
    return names + (["llamaindex"] if options.peers else [])


def _sample(folder: Path, documents: int, scratch: Path) -> Path:
    """A folder with links to so many files of `folder`, drawn with a fixed seed."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    chosen = random.Random(SEED).sample(files, min(documents, len(files)))
    target = scratch / "documents"
    target.mkdir()
    for number, path in enumerate(sorted(chosen)):
        os.link(path, target / f"{number:04}-{path.name}") if _same_disk(path, target) else (
            target / f"{number:04}-{path.name}"
        ).write_bytes(path.read_bytes())
    return target


def _same_disk(path: Path, folder: Path) -> bool:
    return path.stat().st_dev == folder.stat().st_dev


def _in_own_process(name: str, sample: Path, options: argparse.Namespace) -> Round:
    environment = dict(os.environ)
    if name == "llamaindex":
        environment["PYTHONPATH"] = os.pathsep.join([str(options.peers), environment.get("PYTHONPATH", "")])
    if name == "reduced":
        environment["TOUCHSTONE_EMBEDDER__PRECISION"] = options.precision
    command = [sys.executable, "-m", __spec__.name, "--one", name, str(sample)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=environment)
    return Round(**json.loads(done.stdout.splitlines()[-1]))


def _print(folder: Path, documents: int, rounds: dict[str, list[Round]]) -> None:
    print(f"\n{folder.parent.name if folder.name == 'documents' else folder.name}: {documents} documents\n")
    print("| | s | documents/s | pages/s | chunks | word pieces/s | of bare's speed | of bare's CPU |")
    print("|---|---|---|---|---|---|---|---|")
    for name, taken in rounds.items():
        seconds = statistics.median(each.seconds for each in taken)
        speed = statistics.median(b.seconds / own.seconds for b, own in zip(rounds["bare"], taken, strict=True))
        cpu = statistics.median(own.cpu / b.cpu for b, own in zip(rounds["bare"], taken, strict=True))
        one = taken[0]
        print(
            f"| {name} | {seconds:.1f} | {documents / seconds:.2f} | {one.pages / seconds:.2f} | {one.chunks} "
            f"| {one.pieces / seconds:.0f} | {speed:.2f} | {cpu:.2f} |",
            flush=True,
        )


def _timed(ingest: Callable[[], tuple[int, int, int]]) -> Round:
    started, before = time.perf_counter(), os.times()
    pages, chunks, pieces = ingest()
    seconds, after = time.perf_counter() - started, os.times()
    cpu = sum(after[:4]) - sum(before[:4])
    return Round(seconds=seconds, cpu=cpu, pages=pages, chunks=chunks, pieces=pieces)


def bare(folder: Path) -> Round:
    """Text, windows, vectors, `add`."""
    import chromadb
    import pypdfium2

    from core.settings.load import load
    from indexes.embedders.choose import choose_embedder
    from indexes.embedders.minilm import bundled_model, tokenizer_of

    with tempfile.TemporaryDirectory() as data:
        embedder = choose_embedder(load(data=Path(data)).embedder)
        embedder.embed_passages(["warm up"] * 32)
        tokenizer = tokenizer_of(bundled_model(), most_pieces=None)
        collection = chromadb.PersistentClient(data).create_collection("bare", embedding_function=None)

        def run() -> tuple[int, int, int]:
            pages, texts, pieces = 0, [], 0
            for path in sorted(folder.iterdir()):
                if path.suffix == ".pdf":
                    with pypdfium2.PdfDocument(path) as document:
                        pages += len(document)
                        text = "\n".join(page.get_textpage().get_text_bounded() for page in document)
                else:
                    pages, text = pages + 1, path.read_text(encoding="utf-8", errors="replace")
                offsets = tokenizer.encode(text, add_special_tokens=False).offsets
                pieces += len(offsets)
                for start in range(0, len(offsets), PIECES):
                    window = offsets[start : start + PIECES]
                    texts.append(text[window[0][0] : window[-1][1]])
            vectors = embedder.embed_passages(texts)
            for start in range(0, len(texts), 1000):
                part = texts[start : start + 1000]
                names = [str(number) for number in range(start, start + len(part))]
                collection.add(ids=names, embeddings=vectors[start : start + 1000], documents=part)
            return pages, len(texts), pieces

        return _timed(run)


def touchstone(folder: Path) -> Round:
    """`ingest` into an empty data folder."""
    from core.access import OWNER
    from core.settings.load import load
    from indexes.open import open_indexes
    from ingest.pipeline import ingest

    with tempfile.TemporaryDirectory() as data, open_indexes(load(data=Path(data))) as indexes:
        indexes.embedder.embed_passages(["warm up"] * 32)

        def run() -> tuple[int, int, int]:
            report = ingest(indexes, folder, collection="bench", settings=load().ingest)
            return 0, report.chunks, 0

        taken = _timed(run)
        pages = sum(row.page_count or 1 for row in indexes.catalogue.documents("bench", access=OWNER))
        with closing(sqlite3.connect(Path(data) / "catalogue.sqlite3")) as catalogue:
            texts = [text for (text,) in catalogue.execute("select index_text from chunks")]
        return Round(taken.seconds, taken.cpu, pages, len(texts), sum(indexes.embedder.count_word_pieces(texts)))


def llamaindex(folder: Path) -> Round:
    """The stock pipeline, with the weights of Touchstone's default model."""
    import chromadb
    from llama_index.core import SimpleDirectoryReader, StorageContext, VectorStoreIndex
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding
    from llama_index.vector_stores.chroma import ChromaVectorStore

    from indexes.embedders.minilm import bundled_model, tokenizer_of

    tokenizer = tokenizer_of(bundled_model(), most_pieces=PIECES + 2)
    with tempfile.TemporaryDirectory() as data:
        model = HuggingFaceEmbedding(model_name=str(bundled_model()))
        model.get_text_embedding_batch(["warm up"] * 32)
        collection = chromadb.PersistentClient(data).create_collection("stock", embedding_function=None)
        storage = StorageContext.from_defaults(vector_store=ChromaVectorStore(chroma_collection=collection))
        pages = []

        def run() -> tuple[int, int, int]:
            documents = SimpleDirectoryReader(str(folder)).load_data()
            pages.append(len(documents))
            VectorStoreIndex.from_documents(documents, storage_context=storage, embed_model=model)
            return len(documents), collection.count(), 0

        taken = _timed(run)
        texts = collection.get(include=["documents"])["documents"] or []
        pieces = sum(len(found.ids) - 2 for found in tokenizer.encode_batch(texts))
        return Round(taken.seconds, taken.cpu, taken.pages, taken.chunks, pieces)


CONTENDERS = {"bare": bare, "touchstone": touchstone, "reduced": touchstone, "llamaindex": llamaindex}

if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(asdict(CONTENDERS[sys.argv[2]](Path(sys.argv[3])))))
    else:
        main(sys.argv[1:])
