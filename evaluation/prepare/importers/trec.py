"""TREC: topics (SGML, XML or tab-separated) with a file of qrels; documents keep the names that the qrels give them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

from core.errors import DatasetError
from evaluation.prepare.importers.beir import grades_of, relevant
from evaluation.prepare.importers.rows import Options, Values, read_text

TOPIC = re.compile(r"<(top|topic)\b(?P<attributes>[^>]*)>(?P<body>.*?)</\1>", re.DOTALL | re.IGNORECASE)
NUMBER = re.compile(r"<num>\s*+(?:Number:)?\s*+([^<\s]+)|number\s*+=\s*+[\"']([^\"']+)", re.IGNORECASE)
FIELD = r"<{0}>\s*(?:{1}:?)?\s*(.*?)\s*(?=<|\Z)"


def read(path: Path, options: Options) -> tuple[list[tuple[str, Values]], dict[str, str]]:
    """Every topic that the qrels judge. `path`: the topics, or a folder with a file of each."""
    topics, qrels = _files(path, options)
    grades = grades_of(qrels)
    rows = [(where, values) for where, values in _topics(topics) if values["id"] in grades]
    if not rows:
        raise DatasetError(f"{qrels.name} judges none of the topics in {topics.name}: do they belong together?")
    for _, values in rows:
        judged = grades[values["id"]]
        values |= {"documents": relevant(judged), "grades": judged, "cluster": values["id"], "split": options.split}
    return rows, {}


def _files(path: Path, options: Options) -> tuple[Path, Path]:
    if not path.is_dir():
        if options.qrels is None:
            raise DatasetError(f"Topics alone have no gold: name the judgements of {path.name} with --qrels FILE.")
        return path, options.qrels
    found = {}
    for kind in ("qrels", "topics"):
        names = sorted(each for each in path.iterdir() if each.is_file() and re.search(kind, each.name, re.IGNORECASE))
        if len(names) != 1:
            raise DatasetError(f"{path} holds {len(names)} files with {kind!r} in their name: expected one.")
        found[kind] = names[0]
    return found["topics"], options.qrels or found["qrels"]


def _topics(path: Path) -> Iterator[tuple[str, Values]]:
    text = read_text(path)
    if "<top" not in text.lower():
        yield from _lines(path, text)
        return
    for number, match in enumerate(TOPIC.finditer(text), start=1):
        where = f"{path.name} topic {number}"
        named = NUMBER.search(match["body"]) or NUMBER.search(match["attributes"])
        title = _field(match["body"], "title", "Topic") or _field(match["body"], "query", "Query")
        if named is None or not (title or _field(match["body"], "desc", "Description")):
            raise DatasetError(f"{where} has no number or no title: expected <num> and <title>.")
        description = _field(match["body"], "desc", "Description")
        question = _field(match["body"], "question", "Question") or title or description
        yield (
            where,
            {
                "id": named[1] or named[2],
                "question": question,
                "description": description,
                "narrative": _field(match["body"], "narr", "Narrative"),
            },
        )


def _lines(path: Path, text: str) -> Iterator[tuple[str, Values]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            topic, tab, question = line.partition("\t")
            if not tab or not question.strip():
                raise DatasetError(f"{path.name} line {number} is no topic: expected a number, a tab and the question.")
            yield f"{path.name} line {number}", {"id": topic.strip(), "question": question.strip()}


def _field(body: str, name: str, label: str) -> str:
    match = re.search(FIELD.format(name, label), body, re.DOTALL | re.IGNORECASE)
    return " ".join(html.unescape(match[1]).split()) if match else ""
