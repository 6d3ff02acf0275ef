"""MLflow: `inputs` and `expectations` (version 3), or `request`, `expected_response`, `expected_facts` (version 2)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from core.errors import DatasetError
from evaluation.prepare.importers.rows import Options, Row, Values, read_rows

TEXTS = ("question", "query", "request", "prompt", "input", "text")
CONTEXT = "expected_retrieved_context"


def read(path: Path, options: Options) -> tuple[list[tuple[str, Values]], dict[str, str]]:
    """Every row. A reference of facts alone is taken as one long answer; `expected_facts` are kept."""
    rows = []
    for number, row in enumerate(read_rows(path, options), start=1):
        expected = _mapping(row, "expectations") or row.values
        facts = expected.get("expected_facts") or []
        response = expected.get("expected_response")
        places = [place for place in _list(expected.get(CONTEXT)) if isinstance(place, dict)]
        values = row.rest("inputs", "request", "expected_response", CONTEXT, "request_id") | {
            "id": str(row.find(("id", "request_id", "dataset_record_id")) or f"{path.stem}-{number}"),
            "question": _question(row),
            "answers": (str(response),) if response else (" ".join(map(str, _list(facts))),) if facts else (),
            "answer_type": None if response or not facts else "long",
            "documents": tuple(dict.fromkeys(str(place["doc_uri"]) for place in places if place.get("doc_uri"))),
            "evidence": tuple(
                {"document": str(place["doc_uri"]), "text": place.get("content") or None}
                for place in places
                if place.get("doc_uri")
            ),
            "split": row.find(("split",)) or options.split,
        }
        rows.append((row.where, values))
    return rows, {}


def _question(row: Row) -> str:
    asked: Any = _mapping(row, "inputs") or row.find(("inputs", "request", "question", "query"))
    if isinstance(asked, dict):
        messages = asked.get("messages")
        if isinstance(messages, list):
            said = [each.get("content") for each in messages if isinstance(each, dict) and each.get("role") == "user"]
            asked = said[-1] if said else None
        else:
            asked = next((asked[name] for name in TEXTS if isinstance(asked.get(name), str)), None)
    if not isinstance(asked, str) or not asked.strip():
        raise DatasetError(
            f"{row.where} has no question: expected 'request', or 'inputs' with 'messages' or one of "
            f"{', '.join(TEXTS)}."
        )
    return asked.strip()


def _mapping(row: Row, name: str) -> dict[str, Any]:
    value = row.values.get(name)
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise DatasetError(f"{row.where} has a wrong {name!r}: it is not JSON ({error}).") from error
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
