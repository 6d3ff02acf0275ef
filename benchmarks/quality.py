"""How well search finds: `make bench-quality CORPORA="DIR ..."`, by default the demo.

A folder holds `documents/` with `questions.jsonl`, or a collection in BEIR's form (`corpus.jsonl`, `queries.jsonl`,
`qrels/test.tsv`); JSON lines may be gzipped. It is ingested into a data folder that is thrown away (or into --data DIR,
where the next run reads only what changed), and every question goes through `indexes.search.search` three times: by the
vector index alone, by the keyword index alone, and as anybody searches. Passages of BEIR are documents of one chunk.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import random
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.access import OWNER
from core.answers import Hit
from evaluation.dataset import Item, load_dataset
from evaluation.statistics.inference import Floats, cluster_means, percentile_interval

if TYPE_CHECKING:
    from core.settings.load import Settings
    from indexes.indexes import Indexes

DEEPEST = 100
"""Chunks asked for, so that ten documents are among them and their text fills the window."""
WINDOW = 2000
"""Words and marks of retrieved text that evidence is looked for in."""
SHARE = 0.8
"""Of its word trigrams, for evidence to be there."""
BATCH = 64
LEGS: Mapping[str, Mapping[str, float]] = {
    "dense": {"dense_weight": 1.0},
    "keyword": {"dense_weight": 0.0},
    "fused": {},
}
MEASURES = ("ndcg@10", "mrr@10", "recall@10", "passage ndcg@10", f"evidence in {WINDOW}")


@dataclass(frozen=True, slots=True)
class Question:
    """`gold`: grade by document; `passages`: grade by chunk, where known; `evidence`: texts to find."""

    id: str
    text: str
    gold: Mapping[str, int]
    passages: Mapping[str, int]
    evidence: Sequence[str]


def main(folders: Sequence[Path], *, data: Path | None, most: int) -> None:
    """Print one table, ready for docs/benchmarks.md."""
    from core.settings.load import load
    from indexes.open import open_indexes

    print("| set (questions) | ranked by | " + " | ".join(MEASURES) + " | of the better one |")
    print("|---" * (len(MEASURES) + 3) + "|")
    for folder in folders:
        with ExitStack() as stack:
            scratch = data or Path(stack.enter_context(tempfile.TemporaryDirectory()))
            settings = load(data=scratch)
            indexes = stack.enter_context(open_indexes(settings))
            fill = _beir if _jsonl(folder, "corpus").exists() else _documents
            questions = fill(indexes, folder, settings)
            if most:
                random.Random(settings.evaluation.seed).shuffle(questions)
            report(indexes, folder.name, questions[: most or None], settings)


def report(indexes: Indexes, collection: str, questions: Sequence[Question], settings: Settings) -> None:
    """The rows of one collection, one for each way to rank."""
    scores = {leg: measure(indexes, collection, questions, changed) for leg, changed in LEGS.items()}
    drawn = _draws(scores, settings)
    better = max(("dense", "keyword"), key=lambda leg: np.mean(scores[leg][:, 0]))
    for leg, rows in scores.items():
        cells = [_cell(rows[:, column], drawn[leg][:, column]) for column in range(len(MEASURES))]
        ratio = rows[:, 0].mean() / scores[better][:, 0].mean()
        low, high = percentile_interval(drawn[leg][:, 0] / drawn[better][:, 0])
        print(
            f"| {collection} ({len(rows)}) | {leg} | " + " | ".join(cells) + f" | {ratio:.3f} ({low:.3f}-{high:.3f}) |"
        )
    print(end="", flush=True)


def measure(indexes: Indexes, collection: str, questions: Sequence[Question], changed: Mapping[str, Any]) -> Floats:
    """`MEASURES` of each question, nan where it has no such gold: float64 (questions, measures)."""
    from evaluation.scoring.retrieval import retrieval_measures
    from indexes.search.search import search

    altered = replace(indexes, search=indexes.search.model_copy(update=dict(changed)))
    keyword_alone = changed.get("dense_weight") == 0
    documents: dict[str, list[str]] = {}
    chunks: dict[str, list[str]] = {}
    seen = []
    for question in questions:
        hits = search(altered, question.text, access=OWNER, collection=collection, limit=DEEPEST).hits
        hits = tuple(hit for hit in hits if hit.keyword is not None or not keyword_alone)
        documents[question.id] = list(dict.fromkeys(hit.document for hit in hits))
        chunks[question.id] = [hit.chunk_id for hit in hits]
        seen.append(evidence_seen(question.evidence, hits))
    by_document = retrieval_measures(documents, {question.id: question.gold for question in questions})
    by_passage = retrieval_measures(chunks, {question.id: question.passages for question in questions})
    rows = [
        [
            *(by_document[question.id][name] for name in MEASURES[:3]),
            by_passage.get(question.id, {}).get("ndcg@10", np.nan),
            found,
        ]
        for question, found in zip(questions, seen, strict=True)
    ]
    return np.array(rows, dtype=np.float64)


def evidence_seen(evidence: Sequence[str], hits: Sequence[Hit]) -> float:
    """The share of the evidence that stands in the first words and marks of the hits' text; nan without evidence."""
    if not evidence:
        return float("nan")
    tokens: list[str] = []
    for hit in hits:
        tokens += re.findall(r"\w+|[^\w\s]", hit.text)
        if len(tokens) >= WINDOW:
            break
    window = " ".join(tokens[:WINDOW])
    return float(np.mean([_overlap(text, window) >= SHARE for text in evidence]))


def _overlap(text: str, window: str) -> float:
    """The share of a text's runs of three words, or of all its words if they are fewer, that stand in the window."""
    words = re.findall(r"\w+", text.lower())
    size = min(3, len(words))
    wanted, there = _runs(words, size), _runs(re.findall(r"\w+", window.lower()), size)
    return len(wanted & there) / len(wanted)


def _runs(words: Sequence[str], size: int) -> set[tuple[str, ...]]:
    return {tuple(words[start : start + size]) for start in range(len(words) - size + 1)}


def native(indexes: Indexes, collection: str, items: Sequence[Item]) -> list[Question]:
    """The answerable questions of a dataset whose documents are in a collection."""
    from evaluation.gold import Corpus, gold_of

    corpus, found = Corpus(indexes, collection), []
    for item in items:
        if item.documents and not item.unanswerable:
            texts = [place.text for place in item.evidence if place.text]
            gold = gold_of(item, corpus, limit=1) if texts else None
            passages = gold.passages if gold is not None and gold.level == "passage" else ()
            relevant = {hit.chunk_id: 1 for hit in passages}
            found.append(Question(item.id, item.question, dict.fromkeys(item.documents, 1), relevant, texts))
    return found


def _documents(indexes: Indexes, folder: Path, settings: Settings) -> list[Question]:
    from ingest.pipeline import ingest

    ingest(indexes, folder / "documents", collection=folder.name, settings=settings.ingest)
    return native(indexes, folder.name, load_dataset(_jsonl(folder, "questions")).items)


def _beir(indexes: Indexes, folder: Path, settings: Settings) -> list[Question]:
    known = indexes.catalogue.known(folder.name)
    passages = [(row["_id"], f"{row.get('title', '')}\n{row['text']}".strip()) for row in _rows(folder, "corpus")]
    passages = [(name, text) for name, text in passages if text and name not in known]
    for start in range(0, len(passages), BATCH):
        _write(indexes, folder.name, passages[start : start + BATCH])
    grades: dict[str, dict[str, int]] = {}
    for line in (folder / "qrels" / "test.tsv").read_text().splitlines()[1:]:
        query, document, grade = line.split("\t")
        grades.setdefault(query, {})[document] = int(grade)
    texts = {row["_id"]: row["text"] for row in _rows(folder, "queries")}
    return [Question(query, texts[query], gold, {}, ()) for query, gold in grades.items()]


def _write(indexes: Indexes, collection: str, passages: Sequence[tuple[str, str]]) -> None:
    from core.documents import Chunk, Parsed
    from indexes.catalogue.rows import NewDocument, Version
    from indexes.write import write_documents

    vectors = indexes.embedder.embed_passages([text for _, text in passages])
    versions = []
    for (name, text), vector in zip(passages, vectors, strict=True):
        digest = hashlib.sha256(text.encode()).hexdigest()
        document = NewDocument(
            collection=collection,
            document=name,
            version=digest[:12],
            sha256=digest,
            size=len(text),
            mtime_ns=0,
            media_type="text/plain",
            parsed=Parsed(text=text, elements=()),
        )
        chunk = Chunk(ordinal=0, text=text, index_text=text, start=0, end=len(text))
        versions.append(Version(document, [chunk], vector[None]))
    write_documents(indexes, versions)


def _jsonl(folder: Path, name: str) -> Path:
    plain = folder / f"{name}.jsonl"
    return plain if plain.exists() else folder / f"{name}.jsonl.gz"


def _rows(folder: Path, name: str) -> Iterator[dict[str, str]]:
    path = _jsonl(folder, name)
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return (json.loads(line) for line in content.decode().splitlines() if line.strip())


def _draws(scores: Mapping[str, Floats], settings: Settings) -> dict[str, Floats]:
    """Means of the measures in resamples of the questions, alike for every way to rank; what is not gold counts not."""
    asked = next(iter(scores.values()))
    columns = {leg: np.concatenate([np.nan_to_num(rows), ~np.isnan(rows)], axis=1) for leg, rows in scores.items()}
    each = np.arange(len(asked))
    means = cluster_means(columns, each, resamples=settings.evaluation.resamples, seed=settings.evaluation.seed)
    with np.errstate(invalid="ignore"):
        return {leg: rows[:, : len(MEASURES)] / rows[:, len(MEASURES) :] for leg, rows in means.items()}


def _cell(values: Floats, drawn: Floats) -> str:
    if np.isnan(values).all():
        return "-"
    low, high = percentile_interval(drawn[~np.isnan(drawn)])
    return f"{np.nanmean(values):.3f} ({low:.3f}-{high:.3f})"


if __name__ == "__main__":
    import demo

    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="*", type=Path, default=[demo.DOCUMENTS.parent])
    parser.add_argument("--data", type=Path, help="keep the data folder here")
    parser.add_argument("--most", type=int, default=0, help="ask so many questions of a set, drawn at random; 0: all")
    given = parser.parse_args()
    main(given.folders, data=given.data, most=given.most)
