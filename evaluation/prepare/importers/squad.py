"""SQuAD 1.1 and 2.0: one JSON document of articles, paragraphs and questions.

Source: Rajpurkar et al. (2016, 2018). An article becomes one document, its paragraphs apart by an empty line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.errors import DatasetError
from evaluation.prepare.importers.rows import Options, Values, read_json

BETWEEN = "\n\n"
SENTENCE = re.compile(r"[^.!?]*(?:[.!?](?!\s|$)[^.!?]*)*[.!?]*\s*")


def read(path: Path, options: Options) -> tuple[list[tuple[str, Values]], dict[str, str]]:
    """Every question; its evidence is the sentence of the article that holds the annotated answer."""
    found = read_json(path)
    articles = found.get("data") if isinstance(found, dict) else None
    if not isinstance(articles, list):
        raise DatasetError(f"{path.name} has no list 'data', which the SQuAD form needs.")
    rows: list[tuple[str, Values]] = []
    documents: dict[str, str] = {}
    for number, article in enumerate(articles, start=1):
        where = f"{path.name} article {number}"
        try:
            name = f"{article['title']}.txt".replace("/", "_")
            documents[name] = BETWEEN.join(paragraph["context"] for paragraph in article["paragraphs"])
            rows += [(where, question | {"split": options.split}) for question in _questions(article, name)]
        except (KeyError, TypeError, AttributeError) as error:
            raise DatasetError(
                f"{where} is not of the SQuAD form: expected 'title' and 'paragraphs' of 'context' and 'qas', "
                f"each with 'id', 'question' and 'answers' of 'text' and 'answer_start' (wrong here: {error})."
            ) from error
    return rows, documents


def _questions(article: dict[str, Any], document: str) -> Iterator[Values]:
    offset = 0
    for paragraph in article["paragraphs"]:
        context = paragraph["context"]
        for asked in paragraph["qas"]:
            impossible = bool(asked.get("is_impossible", False))
            answers = [] if impossible else asked["answers"]
            kept = {name: value for name, value in asked.items() if name not in ("is_impossible", "answers")}
            yield kept | {
                "answers": tuple(dict.fromkeys(answer["text"] for answer in answers)),
                "documents": () if impossible else (document,),
                "evidence": tuple(_evidence(answer, context, offset, document) for answer in answers[:1]),
                "unanswerable": impossible,
                "asked_about": document,
                "cluster": document,
            }
        offset += len(context) + len(BETWEEN)


def _evidence(answer: dict[str, Any], context: str, offset: int, document: str) -> Values:
    """The sentences that the answer stands in, as a place in the article."""
    start, text = answer["answer_start"], answer["text"]
    if context[start : start + len(text)] != text:
        start = max(context.find(text), 0)
    spans = [match.span() for match in SENTENCE.finditer(context) if match[0]]
    over = [span for span in spans if span[0] < start + len(text) and start < span[1]] or [(0, len(context))]
    first, last = over[0][0], over[-1][1]
    sentence = context[first:last].rstrip()
    return {"document": document, "text": sentence, "start": offset + first, "end": offset + first + len(sentence)}
