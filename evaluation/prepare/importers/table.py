"""Any table with a heading: CSV, TSV, JSON lines. Columns are named like the fields, or given to them by --columns."""

from __future__ import annotations

from pathlib import Path

from core.errors import DatasetError
from evaluation.prepare.importers.rows import Options, Row, Values, read_rows

ANSWERS, DOCUMENTS = ("answers", "answer"), ("documents", "document")
TRUE, FALSE = {"true", "yes", "1"}, {"false", "no", "0"}


def read(path: Path, options: Options) -> tuple[list[tuple[str, Values]], dict[str, str]]:
    """Every row with a question. Several answers or documents in a cell stand apart by `|`, or are a JSON list."""
    rows = []
    for number, row in enumerate(read_rows(path, options), start=1):
        documents, text = row.texts(DOCUMENTS), row.find(("evidence",))
        if isinstance(text, str) and not documents:
            raise DatasetError(f"{row.where} has evidence and no 'documents': say which document it stands in.")
        places = tuple({"document": documents[0], "text": each} for each in row.texts(("evidence",))) if text else ()
        values = row.rest(*ANSWERS, *DOCUMENTS, "evidence", "page") | {
            "id": str(row.find(("id",)) or f"{path.name.split('.')[0]}-{number}"),
            "question": row.require(("question",), form="CSV"),
            "answers": row.texts(ANSWERS),
            "documents": documents,
            "evidence": places,
            "unanswerable": _flag(row, "unanswerable"),
            "split": row.find(("split",)) or options.split,
        }
        rows.append((row.where, values))
    return rows, {}


def _flag(row: Row, name: str) -> bool:
    said = str(row.find((name,)) or "no").strip().lower()
    if said not in TRUE | FALSE:
        raise DatasetError(f"{row.where} has a wrong {name!r}: expected true or false, found {said!r}.")
    return said in TRUE
