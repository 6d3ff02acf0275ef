"""AutoRAG: qa.parquet (qid, query, retrieval_gt, generation_gt) and corpus.parquet (doc_id, contents, metadata)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.errors import DatasetError
from evaluation.prepare.importers.rows import Options, Row, Values, read_rows

FORM = "AutoRAG"


def read(path: Path, options: Options) -> tuple[list[tuple[str, Values]], dict[str, str]]:
    """Every row. `path`: the folder of both tables, or the one of questions; each may also be .jsonl or .csv.

    A passage whose metadata name a file becomes evidence in that file, any other a document of its own.
    `retrieval_gt`, all groups of any passage, is kept beside the flat list of documents.
    """
    questions, corpus = _files(path)
    passages = {row.require(("doc_id",), form=FORM): row for row in read_rows(corpus)} if corpus else {}
    rows = []
    for row in read_rows(questions, options):
        gold = list(dict.fromkeys(_ids(row.find(("retrieval_gt",)))))
        unknown = [each for each in gold if corpus and each not in passages]
        if unknown:
            raise DatasetError(
                f"{row.where} has the gold passage {unknown[0]!r}, which {corpus and corpus.name} lacks."
            )
        evidence = tuple(_place(each, passages.get(each)) for each in gold)
        values = row.rest("qid", "query", "generation_gt") | {
            "id": row.require(("qid",), form=FORM),
            "question": row.require(("query",), form=FORM),
            "answers": row.texts(("generation_gt",)),
            "documents": tuple(dict.fromkeys(place["document"] for place in evidence)),
            "evidence": evidence if passages else (),
            "split": row.find(("split",)) or options.split,
        }
        rows.append((row.where, values))
    alone = {name: row for name, row in passages.items() if not _file_of(row)}
    return rows, {f"{name}.txt": str(row.find(("contents",)) or "") for name, row in alone.items()}


def _files(path: Path) -> tuple[Path, Path | None]:
    folder = path if path.is_dir() else path.parent
    tables = [each for each in sorted(folder.iterdir()) if each.suffix in (".parquet", ".jsonl", ".csv")]
    found = {kind: [each for each in tables if each.stem.startswith(kind)] for kind in ("qa", "corpus")}
    if path.is_dir() and not found["qa"]:
        raise DatasetError(f"{path} has no qa.parquet, which the AutoRAG form needs.")
    return (found["qa"][0] if path.is_dir() else path), next(iter(found["corpus"]), None)


def _ids(value: Any) -> Iterator[str]:  # noqa: ANN401 -- lists in lists, or JSON of them
    import json

    if isinstance(value, str) and value.lstrip().startswith("["):
        value = json.loads(value)
    if isinstance(value, list | tuple):
        for each in value:
            yield from _ids(each)
    elif value is not None:
        yield str(value)


def _place(name: str, row: Row | None) -> Values:
    """Where a passage stands; `start_end_idx` are offsets into the file's text, the end included."""
    if row is None:
        return {"document": name}
    file, text = _file_of(row), str(row.find(("contents",)) or "") or None
    span = (row.find(("start_end_idx",)) or _metadata(row).get("start_end_idx")) if file else None
    place: Values = {"document": file or f"{name}.txt", "text": text}
    if isinstance(span, list | tuple) and len(span) == 2 and all(isinstance(end, int) for end in span):
        place |= {"start": span[0], "end": span[1] + 1}
    return place


def _file_of(row: Row) -> str | None:
    named = row.find(("path",)) or _metadata(row).get("path")
    return Path(named).name if isinstance(named, str) and named else None


def _metadata(row: Row) -> dict[str, Any]:
    found = row.find(("metadata",))
    return found if isinstance(found, dict) else {}
