"""Tables of any usual file form as rows of named values, and a value out of a row or a sentence on what is missing."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import DatasetError

Values = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a person may say of a file: `columns` names the column for a field, `split` the part wanted.

    `qrels` is the file of judgements where it does not lie beside the questions.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    split: str | None = None
    qrels: Path | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `where` says which for a person."""

    values: Values
    where: str

    def find(self, names: Sequence[str]) -> Any:  # noqa: ANN401 -- whatever the file holds
        """The value of the first of these columns that is there and not empty; None without one."""
        for name in names:
            value = self.values.get(name)
            if value is not None and value != "" and value == value:  # NaN is not itself
                return value
        return None

    def require(self, names: Sequence[str], *, form: str) -> str:
        """The text in the first of these columns that is there.

        Raises:
            DatasetError: none is, or it holds no text; says which were looked for, and which there are.
        """
        value = self.find(names)
        if value is None:
            there = ", ".join(map(str, self.values)) or "none"
            either = " or ".join(repr(name) for name in names)
            raise DatasetError(
                f"{self.where} has no {either}, which the {form} form needs. Its columns are: {there}. "
                f"Name the right one with --columns {names[0]}=COLUMN."
            )
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise DatasetError(f"{self.where} has a wrong {names[0]!r}: expected text, found {_kind(value)}.")
        return str(value).strip()

    def texts(self, names: Sequence[str]) -> tuple[str, ...]:
        """The texts in a column that holds one or a list of them; a list may be written as JSON, or with `|`.

        Raises:
            DatasetError: the column holds something else.
        """
        value = self.find(names)
        if value is None:
            return ()
        listed = _listed(value)
        if not all(isinstance(entry, str | int | float) for entry in listed):
            raise DatasetError(f"{self.where} has a wrong {names[0]!r}: expected text or a list of texts.")
        return tuple(text for entry in listed if (text := str(entry).strip()))

    def rest(self, *used: str) -> Values:
        """The columns that have no field of their own; they are kept."""
        return {name: value for name, value in self.values.items() if name not in used and value is not None}


def read_rows(path: Path, options: Options | None = None) -> list[Row]:
    """The rows of a file: .jsonl, .json (a list, or columns), .csv, .tsv, .parquet, the text forms also as .gz.

    A column that the options give to a field gets the field's name.

    Raises:
        DatasetError: the file is missing or not what its name says.
    """
    suffix = next((end for end in reversed(path.suffixes) if end != ".gz"), "")
    reader = READERS.get(suffix.lower())
    if reader is None:
        known = ", ".join(READERS)
        raise DatasetError(f"{path.name} has a form that is not known: its name should end in one of {known}.")
    renamed = {column: field for field, column in (options.columns if options else {}).items()}
    rows: list[Row] = []
    for number, values in reader(path):
        absent = [column for column in renamed if column not in values]
        if absent and not rows:
            there = ", ".join(map(str, values))
            raise DatasetError(f"{path.name} has no column {absent[0]!r}, which --columns names. It has: {there}.")
        named = {renamed.get(str(name), str(name)): value for name, value in values.items()}
        rows.append(Row(named, f"{path.name} {'row' if suffix != '.jsonl' else 'line'} {number}"))
    if not rows:
        raise DatasetError(f"{path.name} holds no rows.")
    return rows


def read_text(path: Path) -> str:
    """A file as text, plain or gzipped.

    Raises:
        DatasetError: it cannot be read, or is not UTF-8.
    """
    try:
        raw = path.read_bytes()
        return (gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path.name} is not UTF-8: save it as UTF-8 and try again.") from error
    except FileNotFoundError as error:
        raise DatasetError(f"There is no file {path}.") from error
    except (OSError, EOFError, zlib.error) as error:
        raise DatasetError(f"{path} cannot be read: {error}.") from error


def read_json(path: Path) -> Any:  # noqa: ANN401 -- whatever the file holds
    """The JSON document in a file. Raises DatasetError where there is none."""
    try:
        return json.loads(read_text(path))
    except ValueError as error:
        raise DatasetError(f"{path.name} is not JSON: {error}.") from error


def _json_lines(path: Path) -> Iterator[tuple[int, Values]]:
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if line.strip():
            try:
                values = json.loads(line)
            except ValueError as error:
                raise DatasetError(f"{path.name} line {number} is not JSON: {error}.") from error
            yield number, _object(values, f"{path.name} line {number}")


def _json_document(path: Path) -> Iterator[tuple[int, Values]]:
    """A list of objects, the same under one key, or an object of columns as pandas writes it."""
    found = read_json(path)
    if isinstance(found, dict):
        lists = [value for value in found.values() if isinstance(value, list)]
        columns = [value for value in found.values() if isinstance(value, dict)]
        if columns and len(columns) == len(found):
            keys = list(columns[0])
            found = [{name: column.get(key) for name, column in found.items()} for key in keys]
        elif len(lists) == len(found) and len(lists) > 1 and len({len(value) for value in lists}) == 1:
            found = [dict(zip(found, cells, strict=True)) for cells in zip(*lists, strict=True)]
        elif len(lists) == 1:
            found = lists[0]
    if not isinstance(found, list):
        raise DatasetError(f"{path.name} holds neither a list of rows nor columns of equal length.")
    for number, values in enumerate(found, start=1):
        yield number, _object(values, f"{path.name} row {number}")


def _delimited(delimiter: str) -> Callable[[Path], Iterator[tuple[int, Values]]]:
    def read(path: Path) -> Iterator[tuple[int, Values]]:
        reader = csv.DictReader(io.StringIO(read_text(path), newline=""), delimiter=delimiter)
        try:
            for number, values in enumerate(reader, start=1):
                if None in values:
                    raise DatasetError(f"{path.name} row {number} has more cells than the file has columns.")
                yield number, dict(values)
        except csv.Error as error:
            raise DatasetError(f"{path.name} is not a table: {error}.") from error

    return read


def _parquet(path: Path) -> Iterator[tuple[int, Values]]:
    from evaluation.prepare.importers.parquet import parquet_rows

    yield from enumerate(parquet_rows(path), start=1)


READERS: dict[str, Callable[[Path], Iterator[tuple[int, Values]]]] = {
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json_document,
    ".csv": _delimited(","),
    ".tsv": _delimited("\t"),
    ".parquet": _parquet,
}
"""A reader by the end of a file's name."""


def _listed(value: object) -> list[Any]:
    if isinstance(value, str):
        if value.lstrip().startswith("["):
            try:
                found = json.loads(value)
            except ValueError:
                return [value]
            return found if isinstance(found, list) else [value]
        return value.split("|")
    return list(value) if isinstance(value, list | tuple) else [value]


def _object(values: object, where: str) -> Values:
    if not isinstance(values, dict):
        raise DatasetError(f"{where} is not an object with named values: found {_kind(values)}.")
    return values


def _kind(value: object) -> str:
    return {dict: "an object", list: "a list", bool: "true or false", type(None): "nothing"}.get(type(value), "a value")
