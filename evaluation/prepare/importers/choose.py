"""Question sets in other forms, by the name of the form; each is converted once, to the native one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from pydantic import ValidationError

from core.errors import DatasetError
from evaluation.dataset import Item, in_words
from evaluation.prepare.importers import autorag, beir, financebench, mlflow, ragas, squad, table, trec
from evaluation.prepare.importers.rows import Options, Values

Documents = dict[str, str]
"""Text by file name, of a form that brings its documents along."""

IMPORTERS: dict[str, Callable[[Path, Options], tuple[list[tuple[str, Values]], Documents]]] = {
    "autorag": autorag.read,
    "beir": beir.read,
    "csv": table.read,
    "financebench": financebench.read,
    "mlflow": mlflow.read,
    "ragas": ragas.read,
    "squad": squad.read,
    "trec": trec.read,
}
"""A reader by the name of the form: (place in the file, native fields) of each question, and the documents."""


def read(path: Path, kind: str, options: Options | None = None) -> tuple[tuple[Item, ...], Documents]:
    """The questions of a file or folder in another form, and the documents that it brings along.

    Raises:
        DatasetError: the form is unknown, or the file is not of it; names the place and what was expected.
    """
    importer = IMPORTERS.get(kind)
    if importer is None:
        raise DatasetError(f"No form of questions is called {kind!r}. The forms are: {', '.join(IMPORTERS)}.")
    rows, documents = importer(path, options or Options())
    items = tuple(_items(rows))
    if not items:
        raise DatasetError(f"{path.name} holds no question.")
    return items, documents


def _items(rows: Iterable[tuple[str, Values]]) -> Iterable[Item]:
    seen: dict[str, str] = {}
    for where, values in rows:
        given = {name: value for name, value in values.items() if value not in (None, (), "")}
        try:
            item = Item.model_validate(given)
        except ValidationError as error:
            raise DatasetError(f"{where} {in_words(error)}") from error
        if item.id in seen:
            raise DatasetError(f"{where} repeats the id {item.id!r} of {seen[item.id]}: every question needs its own.")
        seen[item.id] = where
        yield item
