"""How well chunks fit what questions ask for: `make bench-chunking CORPUS=DIR`, a dataset with evidence by offset.

The documents are cut by this project's chunker and by two libraries' splitters, embedded by the same model and found by
exact cosine. Recall, precision and intersection over union are those of the Chroma technical report "Evaluating
Chunking Strategies for Retrieval" (2024), over characters: what is retrieved twice counts twice as retrieved, once as
found. Large chunks buy recall with text nobody asked for, so splitters are compared where their recall is the same.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.settings.load import load
from evaluation.dataset import Item, load_dataset
from evaluation.statistics.inference import Floats, cluster_means, percentile_interval

if TYPE_CHECKING:
    from indexes.embedders.protocol import Embedder

DEEPEST = 100
"""Chunks looked at for a question."""
SHOWN = (5, 10)
MEASURES = ("recall", "precision", "IoU")
OURS = "touchstone"


@dataclass(frozen=True, slots=True)
class Piece:
    """A chunk: `text[start:end]` of a document, and what the embedder reads for it."""

    document: str
    start: int
    end: int
    read: str


Cut = Callable[[str, str], list[Piece]]
"""Cuts (document name, its text)."""


def splitters(embedder: Embedder) -> dict[str, Cut]:
    """Ours, and each library's splitter as it comes and with chunks of the size that the model reads."""
    from langchain_text_splitters import RecursiveCharacterTextSplitter
    from llama_index.core.node_parser import SentenceSplitter

    limit = load().ingest.chunk_word_pieces

    def words(text: str) -> list[str]:
        return ["piece"] * embedder.count_word_pieces([text])[0]

    def pieces(text: str) -> int:
        return len(words(text))

    def recursive(**options: int) -> Callable[[str], list[str]]:
        splitter = RecursiveCharacterTextSplitter(**options, length_function=pieces if options else len)
        return lambda text: list(splitter.split_text(text))

    fitting = {"chunk_size": limit, "chunk_overlap": 0}
    return {
        OURS: ours(embedder, limit),
        "LlamaIndex SentenceSplitter": theirs(SentenceSplitter().split_text),
        "LangChain RecursiveCharacterTextSplitter": theirs(recursive()),
        f"LlamaIndex, {limit} word pieces": theirs(SentenceSplitter(**fitting, tokenizer=words).split_text),
        f"LangChain, {limit} word pieces": theirs(recursive(**fitting)),
    }


def ours(embedder: Embedder, limit: int) -> Cut:
    """The chunker of the ingest line."""
    from ingest.chunking.chunk import chunk
    from ingest.parsers.choose import parse

    def cut(document: str, text: str) -> list[Piece]:
        parsed = parse(text.encode(), name=document)
        if parsed.text != text:
            raise SystemExit(f"The text read of {document} is not the file, so offsets into it mean nothing.")
        chunks = chunk(parsed, limit=limit, count=embedder.count_word_pieces)
        return [Piece(document, part.start, part.end, part.index_text) for part in chunks]

    return cut


def theirs(split: Callable[[str], list[str]]) -> Cut:
    """A splitter that hands out stretches of the text, which may overlap, each beginning after the one before it."""

    def cut(document: str, text: str) -> list[Piece]:
        found: list[Piece] = []
        for part in filter(None, map(str.strip, split(text))):
            start = text.index(part, found[-1].start + 1 if found else 0)
            found.append(Piece(document, start, start + len(part), part))
        return found

    return cut


def measure(items: Sequence[Item], pieces: Sequence[Piece], embedder: Embedder) -> Floats:
    """Recall, precision and IoU of each question's first 1 to `DEEPEST` chunks: float64 (questions, 3 * DEEPEST)."""
    vectors = embedder.embed_passages([piece.read for piece in pieces])
    rows = []
    for item in items:
        cosines = vectors @ embedder.embed_query(item.question)
        nearest = np.argsort(-cosines, kind="stable")[:DEEPEST]
        rows.append(curves(item, [pieces[place] for place in nearest]))
    return np.array(rows)


def curves(item: Item, ranked: Sequence[Piece]) -> list[float]:
    """Recall, then precision, then IoU after each of `DEEPEST` chunks; those that are lacking change nothing."""
    gold = {(e.document, at) for e in item.evidence for at in range(e.start or 0, e.end or 0)}
    found: set[tuple[str, int]] = set()
    retrieved = 0
    rows: list[tuple[float, float, float]] = []
    for piece in ranked:
        retrieved += piece.end - piece.start
        for e in item.evidence:
            if e.document == piece.document:
                overlap = range(max(piece.start, e.start or 0), min(piece.end, e.end or 0))
                found.update((e.document, at) for at in overlap)
        rows.append((len(found) / len(gold), len(found) / retrieved, len(found) / (retrieved + len(gold) - len(found))))
    rows += rows[-1:] * (DEEPEST - len(rows))
    return [row[measured] for measured in range(3) for row in rows]


def at_recall(means: Floats, level: float) -> float:
    """IoU where the mean recall is `level`, between two numbers of chunks; nan outside of what was looked at."""
    recall, iou = means[:DEEPEST], means[2 * DEEPEST :]
    return float(np.interp(level, recall, iou, left=np.nan, right=np.nan))


def main(folder: Path) -> None:
    """Print two tables, ready for docs/benchmarks.md."""
    from indexes.embedders.choose import choose_embedder

    settings = load()
    embedder = choose_embedder(settings.embedder)
    items = [item for item in load_dataset(folder / "questions.jsonl").items if item.evidence]
    texts = {path.name: path.read_bytes().decode() for path in sorted((folder / "documents").iterdir())}
    cuts: dict[str, list[Piece]] = {}
    measured: dict[str, Floats] = {}
    for name, cut in splitters(embedder).items():
        cuts[name] = [piece for document, text in texts.items() for piece in cut(document, text)]
        measured[name] = measure(items, cuts[name], embedder)
    print_measures(measured, cuts)
    print_comparison(measured, resamples=settings.evaluation.resamples, seed=settings.evaluation.seed)


def print_measures(measured: Mapping[str, Floats], cuts: Mapping[str, Sequence[Piece]]) -> None:
    print("| splitter | chunks | characters | " + " | ".join(f"{m} at {k}" for k in SHOWN for m in MEASURES) + " |")
    print("|---" * (3 + len(SHOWN) * len(MEASURES)) + "|")
    for name, rows in measured.items():
        means = rows.mean(axis=0)
        shown = [means[column * DEEPEST + k - 1] for k in SHOWN for column in range(len(MEASURES))]
        size = np.median([piece.end - piece.start for piece in cuts[name]])
        print(f"| {name} | {len(cuts[name])} | {size:.0f} | " + " | ".join(f"{value:.1%}" for value in shown) + " |")
    print()


def print_comparison(measured: Mapping[str, Floats], *, resamples: int, seed: int) -> None:
    """Ours less each other one: IoU at 5 and 10 chunks, and where ours has the recall that the other one has there."""
    questions = np.arange(len(measured[OURS]))
    drawn = cluster_means(measured, questions, resamples=resamples, seed=seed)
    print("| IoU of ours less that of | " + " | ".join(f"at {k}" for k in SHOWN), end=" | ")
    print(" | ".join(f"at its recall at {k}" for k in SHOWN) + " |")
    print("|---" * (1 + 2 * len(SHOWN)) + "|")
    for name in measured:
        if name != OURS:
            pairs = [(measured[OURS].mean(axis=0), measured[name].mean(axis=0))]
            pairs += zip(drawn[OURS], drawn[name], strict=True)
            cells = [interval([compare(own, other, k) for own, other in pairs]) for compare in COMPARED for k in SHOWN]
            print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def same_number(own: Floats, other: Floats, k: int) -> float:
    return iou(own, k) - iou(other, k)


def same_recall(own: Floats, other: Floats, k: int) -> float:
    return at_recall(own, float(other[k - 1])) - iou(other, k)


def iou(means: Floats, k: int) -> float:
    return float(means[2 * DEEPEST + k - 1])


COMPARED = (same_number, same_recall)


def interval(values: Sequence[float]) -> str:
    """The first value in percentage points, with the 95 % interval of the others."""
    low, high = percentile_interval(np.array(values[1:]))
    return f"{100 * values[0]:+.2f} ({100 * low:+.2f} to {100 * high:+.2f})"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("Name a folder with documents/ and questions.jsonl: make bench-chunking CORPUS=DIR")
    main(Path(sys.argv[1]))
