"""BEIR: a folder of queries.jsonl, qrels/*.tsv and corpus.jsonl, each plain or gzipped.

Source: the dataset form of Thakur et al. (2021), "BEIR".
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from core.errors import DatasetError
from evaluation.prepare.importers.rows import Options, Row, Values, read_rows

FORM = "BEIR"


def read(path: Path, options: Options) -> tuple[list[tuple[str, Values]], dict[str, str]]:
    """Every query that a qrels file judges; `grades` keeps its graded documents, `split` the name of the file."""
    if not path.is_dir():
        raise DatasetError(f"{path} is no folder: name the one that holds queries.jsonl, qrels/ and corpus.jsonl.")
    corpus = _existing(path, "corpus.jsonl", needed=False)
    suffix = ".txt" if corpus else ""
    documents = dict(_documents(corpus, suffix)) if corpus else {}
    queries = {
        row.require(("_id",), form=FORM): row
        for row in read_rows(_existing(path, "queries.jsonl") or path, Options(columns=options.columns))
    }
    rows = []
    for qrels in _qrels(path, options):
        for query, grades in grades_of(qrels, suffix).items():
            row = queries.get(query)
            if row is None:
                raise DatasetError(f"{qrels.name} judges the query {query!r}, which queries.jsonl does not hold.")
            rows.append((row.where, _question(row, query, grades, qrels.name.split(".")[0])))
    return rows, documents


def grades_of(path: Path, suffix: str = "") -> dict[str, dict[str, int]]:
    """Graded documents by query, of a qrels file with a heading (BEIR) or without (TREC: query, 0, document, grade)."""
    from evaluation.prepare.importers.rows import read_text

    found: dict[str, dict[str, int]] = {}
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        cells = line.split("\t") if "\t" in line else line.split()
        if not line.strip() or cells[-1] == "score":
            continue
        try:
            query, document, grade = cells[0], cells[-2], int(float(cells[-1]))
        except (IndexError, ValueError) as error:
            raise DatasetError(
                f"{path.name} line {number} is not a judgement: expected query, document and grade, found {line!r}."
            ) from error
        found.setdefault(query, {})[document + suffix] = grade
    return found


def relevant(grades: dict[str, int]) -> tuple[str, ...]:
    """The documents with a grade above 0, the highest first, then by name."""
    return tuple(sorted((name for name, grade in grades.items() if grade > 0), key=lambda name: (-grades[name], name)))


def _question(row: Row, query: str, grades: dict[str, int], split: str) -> Values:
    return row.rest("_id", "text", "query") | {
        "id": query,
        "question": row.require(("text", "query", "question"), form=FORM),
        "documents": relevant(grades),
        "grades": grades,
        "split": {"dev": "development"}.get(split, split),
        "cluster": query,
    }


def _qrels(path: Path, options: Options) -> list[Path]:
    if options.qrels:
        return [options.qrels]
    wanted = "dev" if options.split == "development" else options.split
    found = sorted(path.glob(f"qrels/{wanted or '*'}.tsv*"))
    if not found:
        raise DatasetError(f"{path} has no qrels/{wanted or '*'}.tsv, which the BEIR form needs.")
    return found


def _existing(path: Path, name: str, *, needed: bool = True) -> Path | None:
    found = next((path / each for each in (name, name + ".gz") if (path / each).is_file()), None)
    if found is None and needed:
        raise DatasetError(f"{path} has no {name}, which the BEIR form needs.")
    return found


def _documents(corpus: Path, suffix: str) -> Iterator[tuple[str, str]]:
    for row in read_rows(corpus):
        title = str(row.find(("title",)) or "").strip()
        text = str(row.find(("text", "contents")) or "")
        yield row.require(("_id", "id", "docid"), form=FORM) + suffix, f"{title}\n\n{text}" if title else text
