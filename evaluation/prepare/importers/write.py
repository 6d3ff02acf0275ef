"""Imported questions and documents on disk."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from core.errors import DatasetError, UsageError
from core.files import write_whole
from evaluation.dataset import Item


def to_json_line(item: Item) -> str:
    """A question as a line of the native form; fields at their default are left out."""
    fields = item.model_dump(mode="json", exclude_defaults=True)
    return json.dumps({"id": item.id, "question": item.question} | fields, ensure_ascii=False) + "\n"


def write_questions(path: Path, items: Iterable[Item]) -> None:
    """Write a question file, whole or not at all.

    Raises:
        UsageError: there is a file of that name, which is never written over, or it cannot be written.
    """
    if path.exists():
        raise UsageError(f"{path} is there already: name another file, or move it away.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, "".join(map(to_json_line, items)), errors="surrogatepass")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from error


def write_documents(folder: Path, documents: Mapping[str, str]) -> None:
    """Write each document as a file below a folder, which must be empty or absent, so that nothing else is ingested.

    Raises:
        DatasetError: a name leads out of the folder.
        UsageError: the folder holds something, or it cannot be written.
    """
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty: name an empty folder for the documents.")
    for name, text in documents.items():
        parts = PurePosixPath(name).parts
        if not parts or ".." in parts or name.startswith("/") or "\x00" in name:
            raise DatasetError(f"The document name {name!r} leads out of {folder}: nothing more was written.")
        try:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8", errors="replace", newline="\n")
        except OSError as error:
            raise UsageError(f"{folder / name} cannot be written: {error.strerror}.") from error
