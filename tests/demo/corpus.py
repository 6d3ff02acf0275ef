"""The demo's questions and documents, read once for all tests of this folder."""

from __future__ import annotations

from functools import cache

from core.documents import Parsed
from demo import DOCUMENTS, QUESTIONS
from evaluation.dataset import Item, load_dataset
from ingest.parsers.choose import parse


@cache
def questions() -> tuple[Item, ...]:
    return load_dataset(QUESTIONS).items


def of_kind(kind: str) -> list[Item]:
    return [item for item in questions() if (item.model_extra or {})["kind"] == kind]


@cache
def document(name: str) -> Parsed:
    """A document of the corpus by its name in questions: `mail.eml!/plan.xlsx` is an attachment."""
    outer, _, inner = name.partition("!/")
    if not inner:
        return parse((DOCUMENTS / outer).read_bytes(), name=outer)
    attached = next(each for each in document(outer).attachments if each.name == inner)
    return parse(attached.content, name=inner)


def documents() -> list[str]:
    return sorted(path.relative_to(DOCUMENTS).as_posix() for path in DOCUMENTS.rglob("*") if path.is_file())


def folded(text: str) -> str:
    return " ".join(text.split())
