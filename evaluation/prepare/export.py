"""Questions and runs in the forms that other tools read. What is for training leaves the held-out questions out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.answers import Passage
from core.errors import UsageError
from evaluation.dataset import HELD_OUT, Dataset, Evidence, Item, split_name
from evaluation.gold import Corpus, find, gold_of
from evaluation.run.records import Record
from service.answering.prompt import write_prompt

PASSAGES = 5
"""Passages of a training example."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: lines by file, and the questions that were left out, by reason."""

    files: dict[str, int]
    left_out: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What an export is made of. `corpus` and `records` are None where none was named."""

    dataset: Dataset
    corpus: Corpus | None = None
    records: Mapping[tuple[str, str, int], Record] | None = None


def export(form: str, material: Material, out: Path) -> Exported:
    """Write a form of a dataset or run to a file, or below a folder where the form has several files.

    Raises:
        UsageError: the form is unknown, needs a collection or a run, or the place is taken.
    """
    if form not in FORMS:
        raise UsageError(f"No form is called {form!r}. The forms are: {', '.join(FORMS)}.")
    if out.exists():
        raise UsageError(f"{out} is there already: name another place, or move it away.")
    files, left_out = FORMS[form](material)
    try:
        for name, lines in files.items():
            path = out / name if name else out
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(lines), encoding="utf-8", errors="surrogatepass")
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}.") from error
    return Exported({name or out.name: len(lines) for name, lines in files.items()}, left_out)


Files = tuple[dict[str, list[str]], dict[str, int]]


def _chat(material: Material) -> Files:
    """Fine-tuning in the chat form: the very prompt that is asked, with gold passages, and the answer wanted.

    An unanswerable question teaches to abstain.
    """
    corpus = _corpus(material)
    lines, left_out = [], _Left()
    for item in left_out.trainable(material.dataset):
        gold = gold_of(item, corpus, limit=PASSAGES).passages
        if not item.unanswerable and not (item.answers and gold):
            left_out.add("no accepted answer or no gold passage")
            continue
        passages = tuple(Passage(number=number, hit=hit) for number, hit in enumerate(gold[:PASSAGES], start=1))
        reply = {"quotes": _quotes(item, passages), "answer": None if item.unanswerable else item.answers[0]}
        messages = [
            {"role": "user", "content": write_prompt(item.question, passages).rendered},
            {"role": "assistant", "content": json.dumps(reply, ensure_ascii=False)},
        ]
        lines.append(json.dumps({"messages": messages}, ensure_ascii=False) + "\n")
    return {"": lines}, left_out.counts


def _pairs(material: Material) -> Files:
    """Training of a retriever: question, gold passage, and a passage that search ranks high and that is not gold."""
    from core.access import OWNER
    from indexes.search.search import search

    corpus = _corpus(material)
    lines, left_out = [], _Left()
    for item in left_out.trainable(material.dataset):
        gold = gold_of(item, corpus, limit=PASSAGES)
        if item.unanswerable or not gold.passages or gold.level != "passage":
            left_out.add("no gold passage")
            continue
        found = search(corpus.indexes, item.question, access=OWNER, collection=corpus.collection, limit=50)
        held = {hit.chunk_id for hit in gold.passages}
        hard = [hit.text for hit in found.hits if hit.chunk_id not in held and not _answers(item, hit.text)]
        if not hard:
            left_out.add("no other passage")
            continue
        for hit in gold.passages:
            row = {"anchor": item.question, "positive": hit.text, "negative": hard[0]}
            lines.append(json.dumps(row, ensure_ascii=False) + "\n")
    return {"": lines}, left_out.counts


def _trec(material: Material) -> Files:
    """A run file of each rung that searches, and qrels: what trec_eval and ir-measures read. It holds all questions."""
    if material.records is None:
        raise UsageError("The trec form is of a run: name its folder, not a question file.")
    ranked: dict[str, list[str]] = {}
    for record in sorted(material.records.values(), key=lambda each: each.key):
        for rank, document in enumerate(record.retrieved or () if not record.replicate else (), start=1):
            names = _token(record.question_id), _token(document)
            line = f"{names[0]} Q0 {names[1]} {rank} {1 / rank:.6f} touchstone-{record.rung}\n"
            ranked.setdefault(f"{record.rung}.run", []).append(line)
    qrels = [
        f"{_token(item.id)} 0 {_token(document)} {grade}\n"
        for item in material.dataset.items
        for document, grade in _grades(item).items()
    ]
    return {**ranked, "qrels.txt": qrels}, {}


FORMS: dict[str, Callable[[Material], Files]] = {"chat": _chat, "pairs": _pairs, "trec": _trec}
"""A writer by the name of the form."""


class _Left:
    """Counts what is left out, and why."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    def add(self, reason: str) -> None:
        self.counts[reason] = self.counts.get(reason, 0) + 1

    def trainable(self, dataset: Dataset) -> Iterator[Item]:
        for item in dataset.items:
            if split_name(item.split) == HELD_OUT:
                self.add("held out")
            else:
                yield item


def _corpus(material: Material) -> Corpus:
    if material.corpus is None:
        raise UsageError("This form needs the passages of the documents: name their --collection.")
    return material.corpus


def _quotes(item: Item, passages: tuple[Passage, ...]) -> list[dict[str, object]]:
    """Where the evidence stands in the passages, as a reply quotes it."""
    quotes: list[dict[str, object]] = []
    for place in item.evidence:
        for passage in passages if place.text else ():
            span = find(Evidence(document=place.document, text=place.text), passage.hit.text)
            if span and passage.hit.document == place.document:
                quotes.append({"passage": passage.number, "text": passage.hit.text[slice(*span)]})
                break
    return quotes


def _answers(item: Item, text: str) -> bool:
    """Whether a passage may answer the question too, so that it is no negative."""
    from evaluation.scoring.text import contains

    return any(contains(text, answer) for answer in item.answers)


def _grades(item: Item) -> dict[str, int]:
    grades = (item.model_extra or {}).get("grades")
    return dict(grades) if isinstance(grades, dict) and grades else dict.fromkeys(item.documents, 1)


def _token(name: str) -> str:
    """A name without white space, which separates the columns."""
    return "_".join(name.split())
