"""Nested data as text: records of one form become a table, everything else lines of "name: value" under headings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ingest.parsers.builder import TextBuilder, fold

Value = str | Sequence["Value"] | Mapping[str, "Value"]

_MAX_CELL_LENGTH = 200
_MAX_COLUMNS = 40
_DEEPEST = 6
_NAMED_BY = ("title", "name", "label", "id", "key", "code", "subject")


def add_value(builder: TextBuilder, name: str, value: Value, level: int = 1) -> None:
    """Append a value under its name; `level` is that of the headings it may need."""
    if isinstance(value, str):
        builder.add("paragraph", _line(name, value))
    elif isinstance(value, Mapping):
        _add_object(builder, value, level)
    else:
        _add_list(builder, name, value, level)


def add_table_of(builder: TextBuilder, records: Sequence[Mapping[str, Value]]) -> bool:
    """Append records as one table when they are flat, short and alike; says whether it did."""
    columns = list(dict.fromkeys(key for record in records for key in record))
    rows = [[_cell(record.get(column, "")) for column in columns] for record in records]
    cells = [cell for row in rows for cell in row]
    if len(records) < 2 or not 1 <= len(columns) <= _MAX_COLUMNS or None in cells:
        return False
    texts = [[cell or "" for cell in row] for row in rows]
    if max(map(len, (cell or "" for cell in cells))) > _MAX_CELL_LENGTH or sum(map(bool, cells)) < len(cells) / 3:
        return False
    builder.add_table([columns, *texts], header_rows=1)
    return True


def _add_object(builder: TextBuilder, value: Mapping[str, Value], level: int) -> None:
    """Short values first, as lines that belong together, then what is nested, in order."""
    lines: list[str] = []
    for key, inner in value.items():
        cell = _cell(inner)
        if cell is not None and len(cell) <= _MAX_CELL_LENGTH:
            lines.append(_line(key, cell))
    builder.add("paragraph", "\n".join(line for line in lines if line))
    for key, inner in value.items():
        cell = _cell(inner)
        if cell is None:
            builder.add("heading", fold(key), level=min(level, _DEEPEST))
            add_value(builder, key, inner, level + 1)
        elif len(cell) > _MAX_CELL_LENGTH:
            builder.add("paragraph", _line(key, cell))


def _add_list(builder: TextBuilder, name: str, values: Sequence[Value], level: int) -> None:
    records = [value for value in values if isinstance(value, Mapping)]
    if records and len(records) == len(values) and add_table_of(builder, records):
        return
    for number, value in enumerate(values, start=1):
        if isinstance(value, str):
            builder.add("list_item", value)
            continue
        if len(values) > 1:
            builder.add("heading", _label(value) or f"{name} {number}".strip(), level=min(level, _DEEPEST))
        add_value(builder, name, value, level + 1)


def _label(value: Value) -> str:
    """What a record calls itself."""
    if not isinstance(value, Mapping):
        return ""
    names = (value[key] for key in _NAMED_BY if key in value)
    return next((fold(name) for name in names if isinstance(name, str) and 0 < len(name) <= 120), "")


def _cell(value: Value) -> str | None:
    """A value that fits on a line: itself, or a list of plain ones; None for anything nested."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, Mapping):
        return None if value else ""
    parts = [part.strip() for part in value if isinstance(part, str)]
    joined = ", ".join(parts)
    return joined if len(parts) == len(value) and len(joined) <= _MAX_CELL_LENGTH else None


def _line(name: str, value: str) -> str:
    if not value:
        return ""
    return f"{fold(name)}: {value}" if name else value
