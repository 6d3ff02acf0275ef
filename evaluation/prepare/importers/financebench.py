"""FinanceBench: questions on filings, with the pages of their evidence (Islam et al. 2023, arXiv 2311.11944)."""

from __future__ import annotations

from pathlib import Path

from core.errors import DatasetError
from evaluation.prepare.importers.rows import Options, Row, Values, read_rows

FORM = "FinanceBench"


def read(path: Path, options: Options) -> tuple[list[tuple[str, Values]], dict[str, str]]:
    """Every row. `doc_name` becomes DOC_NAME.pdf, the name under which the filings are published; one filing a cluster.

    Its pages are counted from 0, ours from 1.
    """
    rows = []
    for row in read_rows(path, options):
        document = row.require(("doc_name",), form=FORM) + ".pdf"
        evidence = _evidence(row, document)
        values = row.rest("financebench_id", "question", "answer", "evidence") | {
            "id": row.require(("financebench_id",), form=FORM),
            "question": row.require(("question",), form=FORM),
            "answers": (row.require(("answer",), form=FORM),),
            "documents": tuple(dict.fromkeys([place["document"] for place in evidence] or [document])),
            "evidence": evidence,
            "cluster": document,
            "split": row.find(("split",)) or options.split,
        }
        rows.append((row.where, values))
    return rows, {}


def _evidence(row: Row, document: str) -> tuple[Values, ...]:
    listed = row.find(("evidence",)) or []
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise DatasetError(f"{row.where} has a wrong 'evidence': expected a list of objects with 'evidence_text'.")
    places = []
    for entry in listed:
        page, name = entry.get("evidence_page_num"), entry.get("doc_name") or entry.get("evidence_doc_name")
        places.append(
            {
                "document": f"{name}.pdf" if name else document,
                "text": str(entry.get("evidence_text") or "") or None,
                "page": page + 1 if isinstance(page, int) else None,
            }
        )
    return tuple(places)
